"""Compares alerts that were found with those already told: what is new, joins one, or is muted. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.alert import MOST_EVENTS, Alert, AlertState, Severity, family_of
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.insight.watch.acts import MANY_BY, is_same_act, many_by
from maa_notify.insight.watch.allow import Allowed, muting
from maa_notify.insight.watch.notices import GOES_ON, MORE, notice_of
from maa_notify.insight.watch.stories import decided_since, decisions_in, story_of

_BETWEEN_LOOKS = timedelta(hours=3)
"""Within which what is found by comparing was told already, if the log told it: looks are an hour apart."""

_SINCE_DECIDED = timedelta(hours=2)
"""How long after a decision the stories are looked through for it."""


class Telling(Struct, frozen=True):
    """How alerts are told.

    Attributes:
        allowed: which ones are muted.
        tells_low: whether any destination asks for those of low severity.
        requests: that are known, for the stories.
        follows: whether what was told is told again when its story goes on.
    """

    allowed: Sequence[Allowed] = ()
    tells_low: bool = False
    requests: Sequence[RequestState] = ()
    follows: bool = False


def alert_changes(
    found: Iterable[Alert],
    told: Callable[[Alert], Sequence[AlertState]],
    recent: Callable[[], Sequence[AlertState]],
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
    changes: dict[str, Change[AlertState]] = {}
    fresh: dict[str, list[AlertState]] = {}
    for alert in found:
        states = [_as_now(each, changes) for each in (*told(alert), *fresh.get(family_of(alert), ()))]
        if _is_known(alert, states):
            continue
        many = [_as_now(each, changes) for each in told(_as_many(alert))]
        if any(_covers(each.alert, alert) for each in many):
            continue
        change = _change(alert, states, now)
        if change.subject_id in changes:
            change = replace(change, before=changes[change.subject_id].before)
        elif change.before is None and change.after is not None:
            fresh.setdefault(family_of(alert), []).append(change.after)
        changes[change.subject_id] = change
    is_decided = telling.follows and decided_since(telling.requests, now - _SINCE_DECIDED)
    if not changes and not is_decided:
        return []
    earlier = [each for each in recent() if each.subject_id not in changes]
    others = [each.alert for each in (*earlier, *(each.after for each in changes.values())) if each]
    return [
        *(_told(each, others, telling, now) for each in changes.values()),
        *(_continued(earlier, others, telling, now) if is_decided else ()),
    ]


def _continued(
    told: Iterable[AlertState], others: Sequence[Alert], telling: Telling, now: datetime
) -> Iterator[Change[AlertState]]:
    """The changes to alerts that rang, about whose people something was decided since."""
    for state in told:
        if state.muted or _is_quiet(state, telling):
            continue
        story = story_of(state.alert, others, telling.requests)
        if decisions_in(story) - decisions_in(state.story):
            after = replace(state, story=story, revision=state.revision + 1)
            yield Change(state.subject_id, state, after, notice_of(after, now, GOES_ON))


def _as_many(alert: Alert) -> Alert:
    """The alert that would stand for it, were it one of many."""
    return replace(alert, object_id=many_by(alert))


def _as_now(state: AlertState, changes: Mapping[str, Change[AlertState]]) -> AlertState:
    """A remembered alert with what this look has joined to it already."""
    change = changes.get(state.subject_id)
    return change.after if change is not None and change.after is not None else state


def _change(alert: Alert, known: Sequence[AlertState], now: datetime) -> Change[AlertState]:
    """A change without its event: an alert that is new, or that joins one about the same object."""
    same = next((each for each in reversed(known) if is_same_act(each.alert, alert)), None)
    if same is None:
        state = AlertState(alert, _free(alert, known, now))
        return Change(state.subject_id, None, state)
    joined = _grown(same.alert, alert) if _is_many(alert) else same.alert.joined(alert)
    state = replace(same, alert=joined, revision=same.revision + 1)
    return Change(state.subject_id, same, state)


def _free(alert: Alert, known: Sequence[AlertState], now: datetime) -> datetime:
    """When an alert counts as found: its id holds it, and another about the same object may be as new."""
    taken, found_at = {each.subject_id for each in known}, now
    while AlertState(alert, found_at).subject_id in taken:
        found_at += timedelta(seconds=1)
    return found_at


def _is_many(alert: Alert) -> bool:
    return alert.object_id.startswith(MANY_BY)


def _grown(alert: Alert, more: Alert) -> Alert:
    """An alert that stands for many, as it is now: it tells its number anew."""
    return replace(more, at=min(alert.at, more.at), concerns=alert.joined(more).concerns)


def _is_known(alert: Alert, known: Sequence[AlertState]) -> bool:
    if alert.is_repeated:
        return bool(known)
    if not alert.events:  # found by comparing: no entry of a log names it
        return any(
            alert.concerns <= each.alert.concerns and abs(alert.at - each.alert.at) <= _BETWEEN_LOOKS
            for each in known
        )
    holding = [each.alert for each in known if not set(each.alert.events).isdisjoint(alert.events)]
    if holding and all(alert.severity.is_worse_than(each.severity) for each in holding):
        return False  # what followed makes it worse than it was told
    events = {event for each in holding for event in each.events}
    return events.issuperset(alert.events) or any(_covers(each.alert, alert) for each in known)


def _covers(told: Alert, alert: Alert) -> bool:
    """Whether an alert that keeps no more entries, or stands for many, tells of this one already."""
    if _is_many(told) and not _is_many(alert):
        return told.object_id == many_by(alert) and told.at <= alert.at and alert.ended <= told.ended
    if _is_many(told) and told.object_id == alert.object_id:
        # A flood that goes on is told again when it has doubled.
        return is_same_act(told, alert) and len(alert.events) < 2 * len(told.events)
    is_full = len(told.events) >= MOST_EVENTS and is_same_act(told, alert)
    return is_full and alert.ended <= told.ended


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
    if mute or _is_quiet(told, telling):
        return replace(change, after=told)
    before = change.before
    is_more = before is not None and not before.muted and not _is_quiet(before, telling)
    return replace(change, after=told, event=notice_of(told, now, MORE if is_more else ""))


def _is_quiet(state: AlertState, telling: Telling) -> bool:
    return state.alert.severity is Severity.LOW and not telling.tells_low
