"""The source of approval requests: listing, look-up by id, watermark, and the rules of a first run."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState, Rules, compare, left_in_silence, stale_ids
from maa_notify.domain.request import NEEDS_APPROVAL, ApprovalRequest, Listing, latest_of_each
from maa_notify.domain.visibility import Family, has_left_by_itself, lost_families, of_families
from maa_notify.errors import GraphError, PermissionLost
from maa_notify.polling.source import News, Seen
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.requests import Known, RequestStore
from maa_notify.storage.snapshot import Snapshot

_LOG = logs.logger(__name__)

_LOOK_UPS = 20
"""A bound, since each is a request of its own; what is not looked up stays as it is known."""
_DAWN = datetime.min.replace(tzinfo=UTC)


class RequestList(Protocol):
    """Reads approval requests."""

    def list_requests(self) -> Listing:
        """All requests, or a `GraphError`."""
        ...

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """One request; None when it is gone; a `GraphError` when that cannot be told now."""
        ...


class Approvals(Struct, frozen=True):
    """The approval requests of one tenant.

    Attributes:
        graph: where they are listed.
        store: where they are remembered.
        rules: how to compare; whether it is the first run is found out by each poll.
    """

    graph: RequestList
    store: RequestStore
    rules: Rules

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
        listed = dict(latest)
        # Hidden requests are not looked up: Graph may answer 404 for one, as if it did not exist.
        ids = {each.request.id for each in hidden}
        gone = self._look_up([each for each in away if each.request.id not in ids], listed)
        stale = stale_ids(known, listed.values(), now)
        # What is known is newer: it stands as if it had been listed so.
        listed |= {request_id: known[request_id].request for request_id in stale}
        changes, past, stale_past = self._compare(known, listed, gone, snapshot, now)
        changes += [left_in_silence(each, now) for each in hidden if has_left_by_itself(each.request, now)]
        self._raise_watermark(changes, snapshot)
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
        past = self.store.read_past(_doubtful(listed.values(), snapshot))
        former = {request_id: each.value for request_id, each in past.items()}
        stale = stale_ids(former, listed.values(), now)
        rules = replace(self.rules, first_run=not snapshot.was_polled(APPROVALS))
        present = {key: each for key, each in listed.items() if key not in stale}
        return compare(known, former, present, gone, now, rules), past, len(stale)

    def _look_up(self, away: Iterable[RequestState], listed: dict[str, ApprovalRequest]) -> list[str]:
        """Asks by id for open requests that the list omits; adds those found, returns those gone."""
        missing = [each.request for each in away]
        gone = [request.id for request in missing if request.is_closed]
        # Absence from one list proves nothing for an open request: half an answer must not look like an end.
        open_ones = [request.id for request in missing if not request.is_closed]
        try:
            for request_id in open_ones[:_LOOK_UPS]:
                found = self.graph.find_request(request_id)
                if found is None or found.id != request_id:
                    gone.append(request_id)
                else:
                    listed[request_id] = found
        except GraphError as error:
            _LOG.warning("poll.unsure", missing=len(open_ones), text=f"{error}; the next poll asks again")
        return gone

    def _raise_watermark(self, changes: Sequence[Change[RequestState]], snapshot: Snapshot) -> None:
        leaving = (each.before.request.requested_at for each in changes if each.before and not each.after)
        newest = max((moment or _DAWN for moment in leaving), default=None)
        if newest is not None and (snapshot.watermark is None or newest > snapshot.watermark):
            self.store.raise_watermark(newest)


def _doubtful(listed: Iterable[ApprovalRequest], snapshot: Snapshot) -> list[str]:
    """The ids of unknown requests that may have been listed before, so that the past has to be read."""
    watermark = snapshot.watermark
    if watermark is None:
        return []
    unknown = (request for request in listed if request.id not in snapshot.tracked)
    return [each.id for each in unknown if each.requested_at is None or each.requested_at <= watermark]


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
        " consent; what else is listed is told as ever",
        names,
    )
