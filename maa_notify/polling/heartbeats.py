"""Heartbeats: cards for destinations that got none for long.

Microsoft switches a flow off that was not triggered for 90 days (Power Automate, "Limits of automated,
scheduled, and instant flows"), and approval requests are rare. So a destination that was quiet for some time
gets a card that says so; asked for daily, that card is a canary whose absence an alarm can watch.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify import logs
from maa_notify.domain.event import Notice
from maa_notify.domain.notification import Notification
from maa_notify.domain.times import unless_later
from maa_notify.storage.outbox import Outbox, PendingNotification
from maa_notify.storage.records import NEW_DESTINATION, DestinationState, Versioned
from maa_notify.storage.requests import Recorded
from maa_notify.storage.rows import ConflictError

_LOG = logs.logger(__name__)


def queue_heartbeats(
    outbox: Outbox,
    destinations: Collection[str],
    states: Mapping[str, Versioned[DestinationState]],
    beat: Notice,
    after: timedelta | None,
) -> Recorded:
    """Puts a heartbeat into the outbox for each destination that was quiet too long; returns what it wrote.

    Of a destination seen for the first time only the beginning of its silence is noted, and so it is of one
    whose times lie in the future, since a clock was set back.

    Args:
        outbox: where it is put.
        destinations: their names.
        states: what is remembered of them.
        beat: the heartbeat of now.
        after: how long a destination is quiet before it gets one; None for ever.
    """
    now = beat.at
    if after is None:
        return Recorded()
    pending: list[PendingNotification] = []
    written: dict[str, Versioned[DestinationState]] = {}
    for name in destinations:
        held = states.get(name, NEW_DESTINATION)
        known = without_future_times(held.value, now)
        moments = (known.last_accepted, known.quiet_since)
        heard_at = max((each for each in moments if each is not None), default=None)
        if known == held.value and heard_at is not None and now - heard_at < after:
            continue
        is_due = known == held.value and heard_at is not None
        notification = Notification(beat, name, recorded_at=now) if is_due else None
        quiet = replace(held, value=replace(known, quiet_since=now))
        try:
            written[name], queued = outbox.note_silence(name, quiet, notification)
        except ConflictError:
            _LOG.debug("upkeep.overtaken", destination=name)
        else:
            pending += queued
    return Recorded(pending=pending, states=written)


def without_future_times(state: DestinationState, now: datetime) -> DestinationState:
    """The destination's state without times of a card or of silence that have not come yet."""
    return replace(
        state,
        last_accepted=unless_later(state.last_accepted, now),
        quiet_since=unless_later(state.quiet_since, now),
    )
