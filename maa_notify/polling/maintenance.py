"""What a poll does now and then: a sign of life for quiet destinations, and an end for old rows.

Microsoft switches a flow off that was not triggered for 90 days (Power Automate, "Limits of automated,
scheduled, and instant flows"), and approval requests are rare. So a destination that was quiet for some time
gets a card that says so; asked for daily, that card is a canary whose absence an alarm can watch.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.domain.heartbeat import heartbeat
from maa_notify.domain.notification import Notification
from maa_notify.storage.outbox import Outbox, PendingNotification
from maa_notify.storage.records import NEW_DESTINATION, DestinationState, Versioned
from maa_notify.storage.requests import Recorded
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.store import StateStore

_LOG = logs.logger(__name__)

_PURGE_EVERY = timedelta(days=1)


class Maintenance(Struct, frozen=True):
    """How long to be quiet and how long to remember; with None for `heartbeat` silence is never broken."""

    retention: timedelta = timedelta(days=365)
    heartbeat: timedelta | None = timedelta(days=30)

    def queue_heartbeats(
        self,
        outbox: Outbox,
        destinations: Collection[str],
        states: Mapping[str, Versioned[DestinationState]],
        now: datetime,
    ) -> Recorded:
        """Puts a heartbeat into the outbox for each destination that was quiet for too long; returns them.

        Of a destination seen for the first time only the beginning of its silence is noted.
        """
        if self.heartbeat is None:
            return Recorded()
        pending: list[PendingNotification] = []
        written: dict[str, Versioned[DestinationState]] = {}
        for name in destinations:
            before = states.get(name, NEW_DESTINATION)
            heard_at = _latest(before.value.last_accepted, before.value.quiet_since)
            if heard_at is not None and now - heard_at < self.heartbeat:
                continue
            quiet = Versioned(replace(before.value, quiet_since=now), before.etag)
            beat = None if heard_at is None else Notification(heartbeat(now), name, recorded_at=now)
            try:
                written[name], queued = outbox.note_silence(name, quiet, beat)
            except ConflictError:
                _LOG.debug("upkeep.overtaken", destination=name)
            else:
                pending += queued
        return Recorded(pending=pending, states=written)

    def purge_expired(self, store: StateStore, last: datetime | None, now: datetime) -> None:
        """Once a day, forgets what is older than the retention: journal, given-up and past requests."""
        if last is not None and now - last < _PURGE_EVERY:
            return
        purged = store.journal.purge(now - self.retention)
        store.journal.write_last_purge(now)
        if purged:
            _LOG.info("upkeep.purged", rows=purged, older_than_days=self.retention.days)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
