"""The source of approval requests: listing, look-up by id, watermark, and the rules of a first run."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock, SystemClock
from maa_notify.domain.change import Change
from maa_notify.domain.compare import (
    RequestState,
    Rules,
    annotated,
    compare,
    in_turn,
    left_in_silence,
    stale_ids,
)
from maa_notify.domain.request import (
    NEEDS_APPROVAL,
    ApprovalRequest,
    Listing,
    latest_of_each,
    statuses_overruled,
)
from maa_notify.domain.times import DAWN, SKEW, unless_later
from maa_notify.domain.visibility import Family, has_left_by_itself, lost_families, of_families
from maa_notify.errors import GraphError, GraphUnavailable, PermissionLost
from maa_notify.polling.source import News, Seen
from maa_notify.storage.records import APPROVALS, SourceMark
from maa_notify.storage.requests import Known, RequestStore
from maa_notify.storage.snapshot import Snapshot

_LOG = logs.logger(__name__)

_LOOK_UPS = 20
"""In one poll, since each is a request of its own; what is not looked up stays as it is known."""

_LOOK_UP_SECONDS = 30.0
"""After this none is begun in the same poll, so that what is due is still delivered in time."""

_PLEAS_TO_WAIT = 2
"""Look-ups in a row that Graph answers with `Retry-After`, until it is left alone for this poll."""


class RequestList(Protocol):
    """Reads approval requests."""

    def list_requests(self) -> Listing:
        """All requests, or a `GraphError`."""
        ...

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """One request; None when it is gone; a `GraphError` when that cannot be told now."""
        ...


class LookUps(Struct, frozen=True):
    """What a poll found by asking for open requests that the list omits.

    Attributes:
        found: those that are there all the same, by id.
        gone: the ids of those that Graph does not know any more.
        waiting: the ids of those that were asked for, well or not, while others had to wait for their turn.
    """

    found: Mapping[str, ApprovalRequest]
    gone: Sequence[str]
    waiting: Sequence[str] = ()


class Approvals(Struct, frozen=True):
    """The approval requests of one tenant.

    Attributes:
        graph: where they are listed.
        store: where they are remembered.
        rules: how to compare; whether it is the first run is found out by each poll.
        clock: for the time that look-ups may take.
    """

    graph: RequestList
    store: RequestStore
    rules: Rules
    clock: Clock = SystemClock()

    name = APPROVALS
    rhythm = timedelta()

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """What changed since the snapshot, and what could be seen."""
        listing = self.graph.list_requests()
        latest = latest_of_each(listing.requests)
        known = {request_id: held.value for request_id, held in snapshot.tracked.items()}
        before = snapshot.outlook(APPROVALS)
        lost = lost_families(before, listing.roles)
        away = [each for each in known.values() if each.request.id not in latest]
        hidden = [each for each in away if of_families(each.request, lost)]
        held = [each for each in hidden if not has_left_by_itself(each.request, now)]
        # Hidden requests are not looked up: Graph may answer 404 for one, as if it did not exist.
        ids = {each.request.id for each in hidden}
        looks = self._look_up([each for each in away if each.request.id not in ids], now)
        listed = {**latest, **looks.found}
        stale = stale_ids(known, listed.values(), now, looks.found)
        overruled = _overruled(listing, latest, looks, known, stale)
        # What is known is newer: it stands as if it had been listed so.
        listed |= {request_id: known[request_id].request for request_id in stale}
        changes, past, stale_past = self._compare(known, listed, looks.gone, snapshot, now)
        changes = annotated(changes, known, looks.waiting, overruled, now)
        changes += [left_in_silence(each, now) for each in hidden if has_left_by_itself(each.request, now)]
        self._raise_watermark(changes, snapshot, now)
        # A permission counts as lost for as long as a request is known that it showed.
        lost = tuple(
            each for each in lost if any(of_families(one.request, (each,)) for one in known.values())
        )
        outlook = before.after(listing, len(stale) + stale_past, lost, now)
        if outlook.stale and not before.stale:
            _LOG.warning("graph.stale", stale=outlook.stale, text="Graph lists older versions; ignored")
        seen = _seen(listing, listed, latest, now)
        return News(
            changes,
            snapshot.tracked,
            past,
            seen=replace(seen, stale=outlook.stale),
            is_complete=True,
            problem=_problem(lost, len(held)),
            outlook=outlook,
        )

    def _compare(
        self,
        known: Mapping[str, RequestState],
        listed: Mapping[str, ApprovalRequest],
        gone: Sequence[str],
        snapshot: Snapshot,
        now: datetime,
    ) -> tuple[list[Change[RequestState]], Known, int]:
        """The changes, their requests that had left before, and how many of those are listed too old."""
        past = self.store.read_past(_doubtful(listed.values(), snapshot, now))
        former = {request_id: each.value for request_id, each in past.items()}
        stale = stale_ids(former, listed.values(), now)
        rules = _rules_for(self.rules, snapshot, listed.values(), now)
        present = {key: each for key, each in listed.items() if key not in stale}
        return compare(known, former, present, gone, now, rules), past, len(stale)

    def _look_up(self, away: Collection[RequestState], now: datetime) -> LookUps:
        """Asks by id for open requests that the list omits, each in its turn, as far as time allows."""
        gone = [each.request.id for each in away if each.request.is_closed]
        # Absence from one list proves nothing for an open request: half an answer must not look like an end.
        queue = [each.request.id for each in in_turn(away, now) if not each.request.is_closed]
        end = self.clock.monotonic() + _LOOK_UP_SECONDS
        found: dict[str, ApprovalRequest] = {}
        failures: list[str] = []
        asked = pleas = 0
        for request_id in queue[:_LOOK_UPS]:
            if self.clock.monotonic() >= end or pleas == _PLEAS_TO_WAIT:
                break
            asked += 1
            try:
                answer = self.graph.find_request(request_id)
            except GraphError as error:
                failures.append(str(error))
                pleas = pleas + 1 if isinstance(error, GraphUnavailable) and error.retry_after else 0
                continue
            pleas = 0
            if answer is None:
                gone.append(request_id)
            elif answer.id != request_id:
                failures.append("Graph answered with another request")
            else:
                found[request_id] = answer
        if failures:
            others = f" ({len(failures)} look-ups failed)" if len(failures) > 1 else ""
            text = f"{failures[-1]}{others}; a later poll asks again"
            _LOG.warning("poll.unsure", missing=len(queue), text=text)
        return LookUps(found, gone, queue[:asked] if asked < len(queue) else ())

    def _raise_watermark(
        self, changes: Sequence[Change[RequestState]], snapshot: Snapshot, now: datetime
    ) -> None:
        leaving = [each.before.request.requested_at for each in changes if each.before and not each.after]
        if not leaving:
            return
        filed = [moment for moment in leaving if moment is not None]
        ahead = {moment for moment in filed if unless_later(moment, now) is None}
        newest = max((moment for moment in filed if moment not in ahead), default=DAWN)
        is_higher = snapshot.watermark is None or newest > snapshot.watermark
        if is_higher or not ahead.issubset(snapshot.left_ahead):
            self.store.raise_watermark(newest, ahead)


def _rules_for(rules: Rules, snapshot: Snapshot, listed: Collection[ApprovalRequest], now: datetime) -> Rules:
    """The rules of this poll: which of the requests that are new to us are history, which may be repeats."""
    mark = snapshot.marks.get(APPROVALS)
    if mark is None:
        return replace(rules, first_run=True)
    lost_at, since = unless_later(mark.memory_lost_at, now), _since(mark, snapshot, listed, now)
    if retell_since := unless_later(mark.retell_since, now):
        # Rows may have been taken away, of what was told long ago, too.
        lost_at = unless_later(mark.last_good, now) or now
        since = max(since or retell_since, retell_since)
    return replace(
        rules,
        first_run=mark.last_good is None and mark.memory_lost_at is None,
        since=since,
        memory_lost_at=lost_at,
    )


def _since(
    mark: SourceMark, snapshot: Snapshot, listed: Collection[ApprovalRequest], now: datetime
) -> datetime | None:
    """Since when requests that are new to us are news though they ended; None for ever."""
    # A poll that recorded requests may have ended before it could say so in the mark.
    since, is_history_seen = mark.outlook.since, bool(mark.outlook.listed or snapshot.tracked)
    if unless_later(since, now) is not None:
        # Once history has been seen only clocks that differ are in doubt.
        return since - SKEW if since and is_history_seen else since
    if mark.memory_lost_at is not None:
        return now - SKEW if is_history_seen else now
    if since is None or is_history_seen:
        return None
    # The first list was empty, and a clock was wrong: ours now if Intune's times lie ahead of it, else then.
    times = (moment for each in listed for moment in (each.requested_at, each.modified_at) if moment)
    return since if max(times, default=now) > now + SKEW else now - SKEW


def _overruled(
    listing: Listing,
    latest: Mapping[str, ApprovalRequest],
    looks: LookUps,
    known: Mapping[str, RequestState],
    stale: Collection[str],
) -> dict[str, tuple[str, ...]]:
    """By id the statuses that Graph tells for the same moment as the one that counts, from now on."""
    rivals = statuses_overruled(listing.requests, latest)
    told = {
        request_id: rivals.get(request_id, ())
        for request_id in latest
        if request_id in rivals or (request_id in known and known[request_id].overruled)
    }
    for request_id, found in looks.found.items():
        before = known[request_id]
        if found.modified_at not in {None, before.request.modified_at}:
            told[request_id] = ()
        elif found.status != before.request.status:
            # The list may go on with its own answer; by id Graph was asked for this very request.
            told[request_id] = tuple(sorted({*before.overruled, before.request.status} - {found.status}))
    return {request_id: statuses for request_id, statuses in told.items() if request_id not in stale}


def _doubtful(listed: Iterable[ApprovalRequest], snapshot: Snapshot, now: datetime) -> list[str]:
    """The ids of unknown requests that may have been listed before, so that the past has to be read."""
    watermark = snapshot.watermark
    if watermark is None:
        return []
    unknown = (request for request in listed if request.id not in snapshot.tracked)
    return [
        each.id
        for each in unknown
        if each.requested_at is None
        or each.requested_at <= watermark
        or each.requested_at in snapshot.left_ahead
        or each.requested_at > now + SKEW
    ]


def _seen(
    listing: Listing, present: Mapping[str, ApprovalRequest], latest: Collection[str], now: datetime
) -> Seen:
    """The numbers of a listing; a request that was listed too old counts as it is known."""
    waiting = [present[each] for each in latest if present[each].status == NEEDS_APPROVAL]
    oldest = min((each.requested_at or now for each in waiting), default=now)
    age = max(0, int((now - oldest).total_seconds()))
    return Seen(len(listing.requests), listing.malformed, len(waiting), age)


def _problem(lost: Sequence[Family], held: int) -> PermissionLost | None:
    """The failure to report when requests may only be hidden; None when none is."""
    if not held:
        return None
    names = ", ".join(family.permission for family in lost)
    return PermissionLost(
        f"the token has lost the application permission {names}, and {held} known requests are not listed any"
        " more: they may only be hidden, so nobody is told that they are gone. Grant it again with admin"
        " consent; all other requests are announced as usual",
        names,
    )
