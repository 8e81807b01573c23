"""What a destination is told that is new in the settings, or comes back to them: all that it missed, once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, RequestEvent, storage_key
from maa_notify.domain.notification import Notification, line_of, revision_of
from maa_notify.domain.request import NEEDS_APPROVAL
from maa_notify.domain.routing import Route, route
from maa_notify.domain.times import SKEW, unless_later
from maa_notify.storage.journal import Journal
from maa_notify.storage.records import SourceMark
from maa_notify.storage.snapshot import Snapshot

_TOGETHER = "open"
"""The digest that all of it belongs to, however little it is."""

_MOST_LEFT = 100
"""So many names of destinations that left are remembered, the last ones."""

Arrivals = Mapping[str, datetime | None]
"""Destinations that were not in the settings before, by name: since when (UTC), or None for new ones."""

Heard = Mapping[tuple[str, str], int]
"""The newest revision that was told or waits to be, by the subject's storage key and the destination."""

_CLOCK_BEHIND = timedelta(days=1)
"""By so much the clock of the notifier may be behind Intune's, and what it told is found all the same."""


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
    # What happened since the last good look was told to nobody, however often a poll failed meanwhile.
    gone = dict.fromkeys(set(mark.destinations) - set(names), unless_later(mark.last_good, now) or now)
    away = {name: at for name, at in {**mark.left, **gone}.items() if name not in present}
    latest = sorted(away.items(), key=lambda each: each[1])[-_MOST_LEFT:]
    retell_since = mark.retell_since if arrived else None
    return replace(mark, destinations=tuple(present), left=dict(latest), retell_since=retell_since)


def without_departed(mark: SourceMark, names: Collection[str], now: datetime) -> SourceMark:
    """The mark, which says of destinations that are gone from the settings since when they hear nothing."""
    there = set(names) & set(mark.destinations)
    return replace(attended(mark, there, {}, now), retell_since=mark.retell_since)


def heard_before(
    snapshot: Snapshot, left: Mapping[str, RequestState], waiting: Iterable[str], journal: Journal
) -> Heard:
    """What each destination was told of the requests that are known, or is about to be.

    Found in the journal by what was told, not by when: a clock may have been wrong then, or be so now.

    Args:
        snapshot: with the requests that are listed, and what waits.
        left: those that left the list, by id.
        waiting: the keys of what waits, read after `left`: another poller may have told of these meanwhile.
        journal: what was told.

    Raises:
        StateError: the state store failed.
    """
    known = [*left.values(), *(each.value for each in snapshot.tracked.values())]
    filed = [each.request.requested_at for each in known]
    times = [each for each in filed if each is not None]
    # Nothing is told before it is filed.
    since = min(times) - _CLOCK_BEHIND if len(times) == len(filed) > 0 else None
    # From the keys, since a damaged row must keep nobody from recording what is new.
    keys = sorted([*snapshot.waiting, *waiting], key=revision_of)
    found = {line_of(key): revision_of(key) for key in keys}
    for told in (each.notification for each in journal.read_sent(since) if not each.outdated):
        line = storage_key(told.event.subject_id), told.destination
        found[line] = max(told.event.revision, found.get(line, 0))
    return found


def with_welcome(  # noqa: PLR0913, PLR0917 - what is known of news and destinations
    changes: Sequence[Change[RequestState]],
    snapshot: Snapshot,
    left: Mapping[str, RequestState],
    routes: Sequence[Route],
    arrived: Arrivals,
    leaders: Mapping[str, str],
    heard: Heard,
    now: datetime,
    *,
    with_closed: bool = False,
) -> list[Change[RequestState]]:
    """The changes, and with them, for arrivals, the requests that nothing else tells there.

    Whoever is new is told what is open, and one that comes back what changed while it was away, too, also of
    what it was told of and has left the list since. It is recorded as a change of the request that changes
    nothing, so that two pollers tell it once. A reminder that is due now says no more than it, and tells
    nothing to those who do not take reminders.

    Args:
        changes: what this poll found.
        snapshot: what is remembered of the requests that are listed.
        left: those that left the list, by id.
        routes: which events each destination gets.
        arrived: the destinations that were not in the settings before.
        leaders: the first destination at the same address, for all others there.
        heard: what destinations were told before.
        now: the time of the poll (UTC).
        with_closed: tell also what was filed and has ended meanwhile, as nobody may have heard of it.
    """
    found = {change.subject_id: change for change in changes}
    present = {request_id: held.value for request_id, held in snapshot.tracked.items()}
    for request_id in {**left, **present}:
        known = present.get(request_id)
        change = found.get(request_id) or Change(request_id, known, known)
        hearing: set[str] = set()
        if change.event is not None and not change.event.is_reminder:
            hearing = {each.destination for each in route(change.event, routes)}
        state = change.after or change.before or left[request_id]
        missed = _missed(
            state, routes, arrived, leaders, heard, now, is_gone=change.after is None, with_closed=with_closed
        )
        told = tuple(each for each in missed if each.destination not in hearing)
        if told:
            found[request_id] = replace(change, notifications=told)
    return list(found.values())


def _missed(  # noqa: PLR0913, PLR0917 - what is known of a request and of destinations
    state: RequestState,
    routes: Sequence[Route],
    arrived: Arrivals,
    leaders: Mapping[str, str],
    heard: Heard,
    now: datetime,
    *,
    is_gone: bool,
    with_closed: bool,
) -> Iterator[Notification]:
    """The present state of a request as news, for those arrivals that missed it."""
    new = RequestEvent(EventKind.CREATED, state.request, state.revision, now, steps=state.steps)
    changed = _change(new, state, is_gone=is_gone)
    for name, away_since in arrived.items():
        known = heard.get((storage_key(state.request.id), name), 0)
        if is_gone:
            is_missed = _was_left_with(state, away_since, known)
        else:
            is_missed = _was_missed(state, away_since, known, with_closed=with_closed)
        if not is_missed:
            continue
        is_new_there = away_since is None or (not known and state.request.status == NEEDS_APPROVAL)
        event = new if is_new_there and not is_gone else changed
        hearing = route(event, routes)
        others = {
            leaders.get(each.destination, each.destination)
            for each in hearing
            if each.destination not in arrived
        }
        # Where another destination posts already, what it hears of stands there.
        is_there = away_since is None and leaders.get(name, name) in others
        for each in hearing if not is_there else ():
            if each.destination == name:
                yield Notification(event, name, now, recipient=each.recipient, digest=_TOGETHER)


def _change(new: RequestEvent, state: RequestState, *, is_gone: bool) -> RequestEvent:
    """The last change of a request, as whoever heard of it before is told; a new one if it never changed."""
    if is_gone and not state.request.is_closed:
        gone_at = unless_later(state.missing_since, new.at) or new.at
        new = replace(new, at=gone_at)
        kind, previous = EventKind.NO_LONGER_LISTED, state.request.status
    elif state.revision > 1:
        before = state.steps[-2].status if len(state.steps) > 1 else NEEDS_APPROVAL
        kind, previous = EventKind.STATUS_CHANGED, before
    else:
        return new
    return replace(new, kind=kind, previous=previous, former_types=state.former_types)


def _was_left_with(state: RequestState, away_since: datetime | None, heard: int) -> bool:
    """Whether a request left the list while an arrival was away, which was told of it up to this revision."""
    if heard == 0 or heard >= state.revision:
        return False
    return away_since is None or state.missing_since is None or state.missing_since >= away_since - SKEW


def _was_missed(state: RequestState, away_since: datetime | None, heard: int, *, with_closed: bool) -> bool:
    """Whether an arrival that was told of a request up to this revision, 0 for nothing, has more to hear."""
    request = state.request
    if heard >= state.revision:
        return False
    # A card that stands there must not stay on an older status.
    if heard or not request.is_closed:
        return True
    # Over when it was first seen: history, or filed and over meanwhile, as what was filed while it was away.
    filed_at = request.requested_at
    is_filed_since = away_since is not None and filed_at is not None and filed_at >= away_since
    if with_closed and (away_since is None or is_filed_since):
        return True
    if away_since is None or state.revision == 1 or is_filed_since:
        return False
    times = (request.modified_at, *(step.at for step in state.steps))
    return any(moment is not None and moment >= away_since - SKEW for moment in times)
