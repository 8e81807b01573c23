"""The order of the outbox: oldest first, and the news of one request as they happened. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from maa_notify.domain.event import Notification
from maa_notify.storage.outbox import PendingNotification

_OVERDUE = timedelta(minutes=15)


def in_order(waiting: Sequence[PendingNotification]) -> list[PendingNotification]:
    """Oldest first, and the news of one request in the order in which it happened."""
    by_request: dict[str, list[PendingNotification]] = {}
    for item in waiting:
        by_request.setdefault(item.value.event.request.id, []).append(item)
    for items in by_request.values():
        items.sort(key=lambda item: (item.value.event.revision, item.value.recorded_at))
    queues = {request: iter(items) for request, items in by_request.items()}
    oldest_first = sorted(waiting, key=_age)
    return [next(queues[item.value.event.request.id]) for item in oldest_first]


def _age(item: PendingNotification) -> tuple[datetime, datetime, str]:
    request = item.value.event.request
    recorded_at = item.value.recorded_at
    return recorded_at, request.modified_at or request.requested_at or recorded_at, item.value.key


def unblocked(waiting: Sequence[PendingNotification]) -> Iterator[PendingNotification]:
    """The first notification of each request, and those behind one that may be overtaken."""
    blocked: set[str] = set()
    for item in waiting:
        request = item.value.event.request.id
        if request not in blocked:
            yield item
        if not item.value.overtakable:
            blocked.add(request)


def due_now(waiting: Sequence[PendingNotification], now: datetime) -> list[PendingNotification]:
    """What may go out now, in order; a notification that has to wait holds back later news of its request."""
    due: list[PendingNotification] = []
    blocked: set[str] = set()
    for item in waiting:
        request = item.value.event.request.id
        if request in blocked:
            continue
        if item.value.not_before is None or item.value.not_before <= now:
            due.append(item)
        elif not item.value.overtakable:
            blocked.add(request)
    return due


def for_first_recipient(due: Sequence[PendingNotification]) -> list[PendingNotification]:
    """What may share a card: all for the recipient of the first, but nothing that would overtake news."""
    together: list[PendingNotification] = []
    behind: set[str] = set()
    for item in due:
        request = item.value.event.request.id
        if item.value.recipient == due[0].value.recipient and request not in behind:
            together.append(item)
        else:
            behind.add(request)
    return together


def count_overdue(waiting: Iterable[Notification], now: datetime) -> int:
    """How many have waited for longer than any passing trouble takes."""
    return sum(now - each.recorded_at > _OVERDUE for each in waiting)


def without_future_times(moment: datetime | None, latest: datetime) -> datetime | None:
    """A time that was written down, unless it is later than it can be."""
    return None if moment is None or moment > latest else moment
