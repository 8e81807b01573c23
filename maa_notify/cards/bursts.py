"""Bursts in a digest: many requests of high risk by one account within minutes. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from maa_notify.domain.event import RequestEvent
from maa_notify.domain.request import Identity, is_same
from maa_notify.domain.risk import Reason, assess

BURST_COUNT = 5
"""So many requests make a burst,"""
BURST_SPAN = timedelta(minutes=10)
"""if they were filed within this time."""


class Burst(Struct, frozen=True):
    """Requests of high risk by one account that were filed together.

    Attributes:
        requestor: whose they are; nobody's where Intune does not tell.
        count: how many.
        kinds: how many for each reason of their risk, most first; None where only who asks is the reason.
        span: between the first and the last.
        devices: how many devices they are about, or as many as there are requests.
    """

    requestor: Identity
    count: int
    kinds: tuple[tuple[Reason | None, int], ...]
    span: timedelta
    devices: int


def bursts(waiting: Iterable[RequestEvent]) -> list[Burst]:
    """The bursts among undecided requests of high risk, the largest first; one for each account."""
    accounts: list[list[RequestEvent]] = []
    for event in waiting:
        own = next((each for each in accounts if _is_of(event.request.requestor, each[0])), None)
        if own is None:
            accounts.append([event])
        else:
            own.append(event)
    found = [_burst(events) for events in accounts]
    return sorted(filter(None, found), key=lambda each: -each.count)


def _is_of(requestor: Identity, event: RequestEvent) -> bool:
    """Whether a request has the same requestor, told or not, as another."""
    other = event.request.requestor
    return is_same(requestor, other) or requestor.kind == other.kind == "unknown"


def _burst(events: Sequence[RequestEvent]) -> Burst | None:
    """The longest run of one account's requests that came as a burst all along; None for fewer than one."""
    dated = sorted(
        ((each.request.requested_at, each) for each in events if each.request.requested_at is not None),
        key=lambda each: each[0],
    )
    largest = max(_runs(dated), key=len, default=[])
    if not largest:
        return None
    kinds = Counter(_kind(event) for _, event in largest)
    devices = sum(max(1, event.request.target.device_count) for _, event in largest)
    span = largest[-1][0] - largest[0][0]
    return Burst(events[0].request.requestor, len(largest), tuple(kinds.most_common()), span, devices)


def _runs(dated: Sequence[tuple[datetime, RequestEvent]]) -> list[list[tuple[datetime, RequestEvent]]]:
    """The requests that are part of any burst; bursts that share one are a single run."""
    runs: list[list[tuple[datetime, RequestEvent]]] = []
    end = 0
    for start in range(len(dated) - BURST_COUNT + 1):
        following = start + BURST_COUNT
        if dated[following - 1][0] - dated[start][0] > BURST_SPAN:
            continue
        if start >= end:
            runs.append([])
        runs[-1] += dated[max(start, end) : following]
        end = following
    return runs


def together(found: Sequence[Burst]) -> tuple[int, tuple[tuple[Reason | None, int], ...], int]:
    """The number of requests in several bursts, in all and of each kind, and of devices."""
    kinds = Counter[Reason | None]()
    for each in found:
        kinds.update(dict(each.kinds))
    return sum(each.count for each in found), tuple(kinds.most_common()), sum(each.devices for each in found)


def _kind(event: RequestEvent) -> Reason | None:
    """The reason that weighs most and tells what is asked for."""
    reasons = assess(event.request).reasons
    return next((each for each in reasons if each is not Reason.APPLICATION), None)
