"""The sources of the watch: Entra's audit log and Intune's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from maa_notify.clock import Clock
from maa_notify.domain.compare import RequestState
from maa_notify.graph.audit_logs import directory_log, intune_log
from maa_notify.graph.ground import GroundReader
from maa_notify.graph.reader import GraphReader
from maa_notify.insight.watch.acts import alerts_in, early
from maa_notify.insight.watch.allow import Allowed
from maa_notify.insight.watch.executed import Outcome, executions
from maa_notify.insight.watch.execution_alerts import execution_alerts
from maa_notify.insight.watch.ground import Ground
from maa_notify.insight.watch.log import LogEntry
from maa_notify.polling.log_source import Judged, LogHabits, LogSource, Reads
from maa_notify.storage.alerts import AlertStore

ENTRA_AUDIT = "entra_audit"
INTUNE_AUDIT = "intune_audit"

_ENTRA_KEEPS = timedelta(days=7)
"""Without a licence of Entra ID; with one it is 30 days."""
_INTUNE_KEEPS = timedelta(days=365)
"""Microsoft's text names two years, an older one, and others, one."""


class Habits(Struct, frozen=True):
    """How the tenant is watched.

    Attributes:
        rhythm: the least time between two looks at a log.
        allowed: alerts that are muted.
        tells_low: whether any destination asks for alerts of low severity.
    """

    rhythm: timedelta
    allowed: Sequence[Allowed] = ()
    tells_low: bool = False


def watch_sources(
    reader: GraphReader, alerts: AlertStore, clock: Clock, habits: Habits
) -> tuple[LogSource, LogSource]:
    """Both sources, which read through `reader`."""
    how = (habits.rhythm, habits.allowed, habits.tells_low)
    entra = LogHabits(ENTRA_AUDIT, _ENTRA_KEEPS, *how, compares=True)
    intune = LogHabits(INTUNE_AUDIT, _INTUNE_KEEPS, *how)
    return (
        LogSource(entra, Reads(directory_log(reader), GroundReader(reader)), _judge_entra, alerts, clock),
        LogSource(
            intune,
            Reads(intune_log(reader), GroundReader(reader, only_policies=True)),
            _judge_intune,
            alerts,
            clock,
        ),
    )


def _judge_entra(
    entries: Sequence[LogEntry], requests: Sequence[RequestState], ground: Ground, now: datetime
) -> Judged:
    del requests
    undecided = early(entries, ground, now)
    waiting = {each.id for each in undecided}
    return Judged(alerts_in([each for each in entries if each.id not in waiting], ground), undecided)


def _judge_intune(
    entries: Sequence[LogEntry], requests: Sequence[RequestState], ground: Ground, now: datetime
) -> Judged:
    found = executions(entries, requests, ground, now)
    return Judged(execution_alerts(found), [each.entry for each in found if each.outcome is Outcome.EARLY])
