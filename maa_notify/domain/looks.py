"""Who is looking at a request: told by a button on its card, and shown on all its cards for a while. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Event, EventKind, Look, RequestEvent, storage_key
from maa_notify.domain.request import NEEDS_APPROVAL, ApprovalRequest

LOOKS_FOR = timedelta(minutes=30)
"""So long it counts that somebody is looking: whoever was called away must not keep others from it."""


def in_force(look: Look | None, request: ApprovalRequest, now: datetime) -> Look | None:
    """The look, if its request can still be decided and it was said lately (`now` in UTC)."""
    is_lately = look is not None and abs(now - look.since) < LOOKS_FOR
    return look if is_lately and request.can_be_decided(now) else None


def with_looks(
    changes: Iterable[Change[RequestState]],
    tracked: Mapping[str, RequestState],
    looks: Mapping[str, Look],
    now: datetime,
) -> list[Change[RequestState]]:
    """The changes, which tell who is looking; and one for each request of which only that is new.

    Args:
        changes: what a poll found.
        tracked: the requests that are remembered, by id.
        looks: who says so, by the storage key of the request.
        now: the time of the poll (UTC).
    """
    found = {each.subject_id: each for each in changes}
    for request_id, state in tracked.items():
        if state.look is not None or (looks and storage_key(request_id) in looks):
            found.setdefault(request_id, Change(request_id, state, state))
    told = (_with_look(each, looks.get(storage_key(each.subject_id)), now) for each in found.values())
    return [each for each in told if each.before is not each.after or each.notifications]


def _with_look(change: Change[RequestState], said: Look | None, now: datetime) -> Change[RequestState]:
    after, event = change.after, change.event
    if after is None:
        return change
    look = in_force(said, after.request, now)
    if event is None and look != after.look and after.request.status == NEEDS_APPROVAL:
        event = _looking(after, look, now)
    event = event and _naming(event, look)
    # What a destination missed is told by a notification of its own.
    told = tuple(replace(each, event=_naming(each.event, look)) for each in change.notifications)
    if (event, look, told) == (change.event, after.look, change.notifications):
        return change
    return replace(change, after=replace(after, look=look), event=event, notifications=told)


def _naming(event: Event, look: Look | None) -> Event:
    """The event, which says who looks where it asks somebody to decide."""
    is_open = isinstance(event, RequestEvent) and event.wants_decision
    return replace(event, look=look) if is_open and look is not None else event


def looking_beside(change: Change[Any]) -> RequestEvent | None:
    """What tells of a look where the event of its change is not taken, such as a reminder; None for nothing.

    Args:
        change: with looks, of any subject.
    """
    event = change.event
    if not isinstance(event, RequestEvent) or event.only_changes_cards or change.after is None:
        return None
    before, look = change.before.look if change.before else None, change.after.look
    if before == look or change.after.request.status != NEEDS_APPROVAL:
        return None
    return replace(_looking(change.after, look, event.at), look=look, deciders=event.deciders)


def _looking(state: RequestState, look: Look | None, now: datetime) -> RequestEvent:
    stage = f"{look.since:%Y%m%d%H%M%S}" if look else f"{now:%Y%m%d%H%M%S}-over"
    return RequestEvent(EventKind.LOOKING, state.request, state.revision, now, stage=stage, steps=state.steps)
