"""The source that looks after the defence around approval, once a day unless the settings say otherwise."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from maa_notify import logs
from maa_notify.errors import GraphDenied, GraphError, GraphUnavailable
from maa_notify.insight.posture.changes import SUBJECT, compare_posture
from maa_notify.insight.posture.checks import Posture, assess
from maa_notify.insight.posture.facts import Facts
from maa_notify.insight.posture.rules import Acceptance, Limits
from maa_notify.insight.posture.verdict import Verdict
from maa_notify.insight.posture.ways import summary, ways_around
from maa_notify.polling.source import News
from maa_notify.storage.requests import FINDINGS
from maa_notify.storage.snapshot import Snapshot

_LOG = logs.logger(__name__)

NAME = SUBJECT.partition(":")[0]

SECONDS = 50.0
"""For reading within a poll, so that the next one is not kept waiting for long."""


class PostureSource:
    """Checks the tenant and tells what opened and what was mended since the last look."""

    name = NAME

    def __init__(
        self, read: Callable[[], Facts], rhythm: timedelta, limits: Limits, accepted: Sequence[Acceptance]
    ) -> None:
        """Reads the facts by `read`, every `rhythm`."""
        self._read = read
        self.rhythm = rhythm
        self._limits = limits
        self._accepted = accepted

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """What changed since the snapshot.

        Raises:
            GraphError: there is no token.
        """
        facts = self._read()
        posture = assess(facts, self._limits, self._accepted)
        verdicts = {verdict: len(posture.of(verdict)) for verdict in Verdict}
        _LOG.info(
            "posture.checked",
            found=verdicts[Verdict.FINDING],
            accepted=verdicts[Verdict.ACCEPTED],
            skipped=verdicts[Verdict.SKIPPED],
            unknown=verdicts[Verdict.UNKNOWN],
        )
        problem = blindness(posture)
        if problem is not None:
            return News(shelf=FINDINGS, problem=problem)
        known = snapshot.findings_of(self.name)
        before = known.get(SUBJECT)
        change = compare_posture(before.value if before else None, posture, summary(ways_around(facts)), now)
        return News([change], known, shelf=FINDINGS, is_complete=True)


def blindness(posture: Posture) -> GraphError | None:
    """Why no check could be made at all; None where one could."""
    if len(posture.of(Verdict.SKIPPED)) + len(posture.of(Verdict.UNKNOWN)) < len(posture.judgements):
        return None
    gaps = [gap for each in posture.judgements for gap in each.gaps]
    unknown = next((each for each in gaps if not each.is_skipped), None)
    if unknown is not None:
        return GraphUnavailable(f"no check of the posture could be made: {unknown.why}")
    missing = next((each.permission for each in gaps if each.permission), "")
    return GraphDenied(
        f"no check of the posture could be made: grant {missing}, as infra/graph/grant.sh does", missing
    )
