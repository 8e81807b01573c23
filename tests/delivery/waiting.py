"""Notifications as they wait in the outbox."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from maa_notify.domain.event import EventKind, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import Versioned
from tests.storage.changes import tracked
from tests.support.clock import START

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_REQUEST = tracked().request


def news(
    subject: str = "one",
    revision: int = 1,
    kind: EventKind = EventKind.CREATED,
    destination: str = "default",
    **fields: Any,
) -> PendingNotification:
    """What waits about a request, recorded at `START` if nothing else is said."""
    event = RequestEvent(kind, replace(_REQUEST, id=subject), revision, START)
    values: dict[str, Any] = {"recorded_at": START, **fields}
    return Versioned(Notification(event, destination, **values), "1")


def subjects(waiting: list[PendingNotification]) -> list[str]:
    """The ids of what they are about."""
    return [each.value.event.subject_id for each in waiting]
