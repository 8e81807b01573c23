"""The order of the outbox: oldest first, and events of one subject in the order they happened. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from maa_notify.domain.notification import Notification
from maa_notify.storage.outbox import PendingNotification

_OVERDUE = timedelta(minutes=15)


def in_order(waiting: Sequence[PendingNotification]) -> list[PendingNotification]:
    """The notifications, oldest first, and those of one subject in the order of their events."""
    by_subject: dict[str, list[PendingNotification]] = {}
    for item in waiting:
        by_subject.setdefault(item.value.event.subject_id, []).append(item)
    for items in by_subject.values():
        items.sort(key=lambda item: (item.value.event.revision, item.value.recorded_at))
    queues = {subject: iter(items) for subject, items in by_subject.items()}
    oldest_first = sorted(waiting, key=_age)
    return [next(queues[item.value.event.subject_id]) for item in oldest_first]


def _age(item: PendingNotification) -> tuple[datetime, datetime, str]:
    return item.value.recorded_at, item.value.event.happened_at, item.value.key


def unblocked(waiting: Sequence[PendingNotification]) -> Iterator[PendingNotification]:
    """The first notification of each subject, and those behind one that may be overtaken."""
    blocked: set[str] = set()
    for item in waiting:
        subject = item.value.event.subject_id
        if subject not in blocked:
            yield item
        if not item.value.overtakable:
            blocked.add(subject)


def due_now(waiting: Sequence[PendingNotification], now: datetime) -> list[PendingNotification]:
    """The notifications due now, in order; one that has to wait holds back later ones of its subject."""
    due: list[PendingNotification] = []
    blocked: set[str] = set()
    for item in waiting:
        subject = item.value.event.subject_id
        if subject in blocked:
            continue
        if item.value.not_before is None or item.value.not_before <= now:
            due.append(item)
        elif not item.value.overtakable:
            blocked.add(subject)
    return due


def for_first_recipient(due: Sequence[PendingNotification]) -> list[PendingNotification]:
    """The notifications for the first one's recipient, except those behind another one of their subject."""
    together: list[PendingNotification] = []
    behind: set[str] = set()
    for item in due:
        subject = item.value.event.subject_id
        # A digest for two people would show each of them the requests of the other.
        if item.value.recipient == due[0].value.recipient and subject not in behind:
            together.append(item)
        else:
            behind.add(subject)
    return together


def count_overdue(waiting: Iterable[Notification], now: datetime) -> int:
    """How many notifications have waited for more than 15 minutes, longer than a passing fault takes."""
    return sum(now - each.recorded_at > _OVERDUE for each in waiting)
