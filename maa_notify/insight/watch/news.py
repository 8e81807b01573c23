"""Alerts that were found, held against those that were told: what is new, what joins, what is muted. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.alert import Alert, AlertState, Severity
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.insight.watch.acts import MANY_BY, is_same_act
from maa_notify.insight.watch.allow import Allowed, muting
from maa_notify.insight.watch.notices import notice_of
from maa_notify.insight.watch.stories import story_of

_BETWEEN_LOOKS = timedelta(hours=3)
"""Within which what is found by comparing was told already, if the log told it: looks are an hour apart."""


class Telling(Struct, frozen=True):
    """How alerts are told.

    Attributes:
        allowed: which ones are muted.
        tells_low: whether any destination asks for those of low severity.
        requests: that are known, for the stories.
    """

    allowed: Sequence[Allowed] = ()
    tells_low: bool = False
    requests: Sequence[RequestState] = ()


def alert_changes(
    found: Iterable[Alert],
    told: Callable[[Alert], Sequence[AlertState]],
    recent: Callable[[], Sequence[Alert]],
    telling: Telling,
    now: datetime,
) -> list[Change[AlertState]]:
    """The changes to record: alerts that are new, and those that more has joined.

    Args:
        found: in the window that was looked at, which overlaps with the one before.
        told: the alerts of the same kind about the same object that are remembered.
        recent: all alerts of the last day; asked only where something is to be told.
        telling: how.
        now: the time of the poll (UTC).
    """
    changes: list[Change[AlertState]] = []
    for alert in found:
        change = _change(alert, told(alert), now)
        if change is not None:
            others = [*recent(), *(each.after.alert for each in changes if each.after is not None)]
            changes.append(_told(change, others, telling, now))
    return changes


def _change(alert: Alert, known: Sequence[AlertState], now: datetime) -> Change[AlertState] | None:
    """A change without its event; None where the alert is known with all that it holds."""
    if _is_known(alert, known):
        return None
    same = next((each for each in reversed(known) if is_same_act(each.alert, alert)), None)
    if same is None:
        state = AlertState(alert, now)
        return Change(state.subject_id, None, state)
    if alert.object_id.startswith(MANY_BY) and same.alert.object_id == alert.object_id:
        return None  # a flood that goes on is told once
    state = replace(same, alert=same.alert.joined(alert), revision=same.revision + 1)
    return Change(state.subject_id, same, state)


def _is_known(alert: Alert, known: Sequence[AlertState]) -> bool:
    if not alert.events:  # found by comparing: no entry of a log names it
        return any(
            alert.concerns <= each.alert.concerns and abs(alert.at - each.alert.at) <= _BETWEEN_LOOKS
            for each in known
        )
    events = {event for each in known for event in each.alert.events}
    return events.issuperset(alert.events)


def _told(
    change: Change[AlertState], others: Sequence[Alert], telling: Telling, now: datetime
) -> Change[AlertState]:
    """The change with its story and, unless it is muted, with the event that tells it."""
    state = change.after
    if state is None:
        raise AssertionError("an alert is never taken back")
    mute = muting(state.alert, telling.allowed, now)
    told = replace(
        state, muted=mute.reason if mute else "", story=story_of(state.alert, others, telling.requests)
    )
    is_quiet = told.alert.severity is Severity.LOW and not telling.tells_low
    return Change(change.subject_id, change.before, told, None if mute or is_quiet else notice_of(told, now))
