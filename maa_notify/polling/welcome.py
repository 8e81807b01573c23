"""What a destination is told that is new in the settings, or comes back to them: all that it missed, once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, RequestEvent, storage_key
from maa_notify.domain.notification import Notification
from maa_notify.domain.request import NEEDS_APPROVAL
from maa_notify.domain.routing import Route, route
from maa_notify.domain.times import SKEW, unless_later
from maa_notify.storage.records import OUTBOX, SourceMark
from maa_notify.storage.snapshot import Snapshot

_TOGETHER = "open"
"""The digest that all of it belongs to, however little it is."""

_MOST_LEFT = 100
"""So many names of destinations that left are remembered, the last ones."""

Arrivals = Mapping[str, datetime | None]
"""Destinations that were not in the settings before, by name: since when (UTC), or None for new ones."""

Told = tuple[str, str, int]
"""Destination, subject and revision of news."""


def arrivals(
    mark: SourceMark,
    names: Collection[str],
    with_rows: Collection[str],
    leaders: Mapping[str, str],
    now: datetime,
) -> dict[str, datetime | None]:
    """The destinations that were not in the settings with the last poll.

    Args:
        mark: how that poll went.
        names: those that are there now.
        with_rows: those of which a state is remembered; it tells where the mark of an older version does not.
        leaders: the first destination at the same address, for all others there.
        now: the time of this poll (UTC).
    """
    if mark.retell_since is not None:
        # Memory was touched meanwhile: all of them missed what it hid.
        return dict.fromkeys((name for name in names if name not in leaders), mark.retell_since)
    if mark.destinations:
        # One that left at a time that has not come yet is told what is open, like a new one.
        return {
            name: unless_later(mark.left.get(name), now) for name in names if name not in mark.destinations
        }
    known = {leaders.get(name, name) for name in names if name in with_rows}
    return dict.fromkeys(name for name in names if leaders.get(name, name) not in known)


def attended(mark: SourceMark, names: Collection[str], arrived: Arrivals, now: datetime) -> SourceMark:
    """The mark with the destinations that are there, but for arrivals that are not told what they missed."""
    present = sorted(set(names) - arrived.keys())
    gone = dict.fromkeys(set(mark.destinations) - set(names), unless_later(mark.tried_at, now) or now)
    away = {name: at for name, at in {**mark.left, **gone}.items() if name not in present}
    latest = sorted(away.items(), key=lambda each: each[1])[-_MOST_LEFT:]
    retell_since = mark.retell_since if arrived else None
    return replace(mark, destinations=tuple(present), left=dict(latest), retell_since=retell_since)


def with_welcome(  # noqa: PLR0913, PLR0917 - what is known of news and destinations
    changes: Sequence[Change[RequestState]],
    snapshot: Snapshot,
    routes: Sequence[Route],
    arrived: Arrivals,
    leaders: Mapping[str, str],
    told_before: Collection[Told],
    now: datetime,
    *,
    with_closed: bool = False,
) -> list[Change[RequestState]]:
    """The changes, and with them, for arrivals, the requests that nothing else tells there.

    A new destination is told what is open, one that comes back what changed while it was away. It is recorded
    as a change of the request that changes nothing, so that two pollers tell it once. A reminder that is due
    now says no more than it, and tells nothing to those who do not take reminders.

    Args:
        changes: what this poll found.
        snapshot: what is remembered. Of what waits in its outbox another poll told the arrival.
        routes: which events each destination gets.
        arrived: the destinations that were not in the settings before.
        leaders: the first destination at the same address, for all others there.
        told_before: what they were told lately.
        now: the time of the poll (UTC).
        with_closed: tell also what was filed and has ended meanwhile, as nobody may have heard of it.
    """
    found = {change.subject_id: change for change in changes}
    waiting, rows = snapshot.waiting(), {row.key for row in snapshot.outbox}
    for request_id, known in snapshot.tracked.items():
        change = found.get(request_id) or Change(request_id, known.value, known.value)
        if change.after is None:
            continue
        heard: set[str] = set()
        if change.event is not None and not change.event.is_reminder:
            heard = {each.destination for each in route(change.event, routes)}
        told = tuple(
            each
            for each in _missed(change.after, routes, arrived, leaders, now, with_closed=with_closed)
            if each.destination not in heard
            and (each.destination, request_id, each.event.revision) not in told_before
            and OUTBOX + each.key not in rows
            # What comes back may have older news waiting; what is new was told by another poll then.
            and (arrived[each.destination] or (storage_key(request_id), each.destination) not in waiting)
        )
        if told:
            found[request_id] = replace(change, notifications=told)
    return list(found.values())


def _missed(  # noqa: PLR0913 - as above, for one request
    state: RequestState,
    routes: Sequence[Route],
    arrived: Arrivals,
    leaders: Mapping[str, str],
    now: datetime,
    *,
    with_closed: bool,
) -> Iterator[Notification]:
    """The present state of a request as news, for those arrivals that missed it."""
    before = state.steps[-2].status if len(state.steps) > 1 else NEEDS_APPROVAL
    new = RequestEvent(EventKind.CREATED, state.request, state.revision, now, steps=state.steps)
    changed = replace(new, kind=EventKind.STATUS_CHANGED, previous=before) if state.revision > 1 else new
    for name, away_since in arrived.items():
        event = new if away_since is None else changed
        hearing = route(event, routes)
        others = {
            leaders.get(each.destination, each.destination)
            for each in hearing
            if each.destination not in arrived
        }
        # Where another destination posts already, what it hears of stands there.
        is_there = away_since is None and leaders.get(name, name) in others
        for each in (
            hearing if _was_missed(state, away_since, with_closed=with_closed) and not is_there else ()
        ):
            if each.destination == name:
                yield Notification(event, name, now, recipient=each.recipient, digest=_TOGETHER)


def _was_missed(state: RequestState, away_since: datetime | None, *, with_closed: bool) -> bool:
    """Whether an arrival has to hear of it: a new one of what is open, another of what changed meanwhile."""
    request = state.request
    filed_at = request.requested_at
    if away_since is None or (filed_at is not None and filed_at >= away_since):
        return with_closed or not request.is_closed
    times = (request.modified_at, *(step.at for step in state.steps))
    return any(moment is not None and moment >= away_since - SKEW for moment in times)
