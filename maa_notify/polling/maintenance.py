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
from maa_notify.storage.records import NEW_DESTINATION, DestinationState, Versioned
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
        store: StateStore,
        destinations: Collection[str],
        states: Mapping[str, Versioned[DestinationState]],
        now: datetime,
    ) -> None:
        """Puts a heartbeat into the outbox for each destination that was quiet for too long.

        Of a destination seen for the first time only the beginning of its silence is noted.
        """
        if self.heartbeat is None:
            return
        for name in destinations:
            held = states.get(name, NEW_DESTINATION)
            heard_at = _latest(held.value.last_accepted, held.value.quiet_since)
            if heard_at is None or now - heard_at >= self.heartbeat:
                _queue_heartbeat_of(name, store, held, now, has_begun=heard_at is not None)

    def purge_expired(self, store: StateStore, last: datetime | None, now: datetime) -> None:
        """Once a day, forgets what is older than the retention: journal, given-up and past requests."""
        if last is not None and now - last < _PURGE_EVERY:
            return
        purged = store.journal.purge(now - self.retention)
        store.journal.write_last_purge(now)
        if purged:
            _LOG.info("upkeep.purged", rows=purged, older_than_days=self.retention.days)


def _queue_heartbeat_of(
    name: str, store: StateStore, held: Versioned[DestinationState], now: datetime, *, has_begun: bool
) -> None:
    state = replace(held, value=replace(held.value, quiet_since=now))
    try:
        store.outbox.note_silence(
            name, state, Notification(heartbeat(now), name, recorded_at=now) if has_begun else None
        )
    except ConflictError:
        _LOG.debug("upkeep.overtaken", destination=name)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
