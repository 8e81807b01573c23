"""Notifications as they wait in the outbox, and cards that say what they were made of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.delivery.sender import Card
from maa_notify.domain.event import Event, EventKind, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.domain.request import Target
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import Versioned
from tests.storage.changes import tracked
from tests.support.clock import START

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_REQUEST = tracked().request
_MESSAGE = replace(_REQUEST, policy_types=("customOrganizationalMessage",), target=Target())


def news(
    subject: str = "one",
    revision: int = 1,
    kind: EventKind = EventKind.CREATED,
    destination: str = "default",
    **fields: Any,
) -> PendingNotification:
    """What waits about a request to wipe a device, recorded at `START` if nothing else is said."""
    event = RequestEvent(kind, replace(_REQUEST, id=subject), revision, START)
    values: dict[str, Any] = {"recorded_at": START, **fields}
    return Versioned(Notification(event, destination, **values), "1")


def harmless(subject: str = "one", revision: int = 1, **fields: Any) -> PendingNotification:
    """The same about a request of low risk."""
    item = news(subject, revision, **fields)
    event = RequestEvent(EventKind.CREATED, replace(_MESSAGE, id=subject), revision, START)
    return replace(item, value=replace(item.value, event=event))


def subjects(waiting: list[PendingNotification]) -> list[str]:
    """The ids of what they are about."""
    return [each.value.event.subject_id for each in waiting]


class PlainCards(Struct, frozen=True):
    """Cards that say what they were made of; a digest holds `room` events and says what is beside it."""

    room: int = 100

    def card(
        self, event: Event, destination: str, now: datetime, *, again: bool = False, late: bool = False
    ) -> Card:
        """The full form."""
        return {"fallbackText": "full", "of": event.subject_id, "again": again, "late": late}

    def plain(self, event: Event, now: datetime, *, again: bool = False) -> Card:
        """The minimal form."""
        return {"fallbackText": "plain", "of": event.subject_id, "again": again}

    def reply(self, event: Event, destination: str, now: datetime, *, again: bool = False) -> Card:
        """The short one."""
        return {"reply": event.subject_id, "again": again}

    def digest(
        self,
        events: Sequence[Event],
        destination: str,
        now: datetime,
        *,
        again: bool = False,
        beside: Sequence[Event] = (),
    ) -> tuple[Card, int]:
        """As many as there is room for."""
        held = [each.subject_id for each in events][: self.room]
        others = {"beside": [each.subject_id for each in beside]} if beside else {}
        return {"fallbackText": "digest", "of": held, "again": again, **others}, len(held)
