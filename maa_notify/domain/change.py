"""A change of one subject: its state before, its state now, and the event to tell, if any. Pure."""

from typing import Generic, TypeVar

from msgspec import Struct

from maa_notify.domain.event import Event, EventKind, RequestEvent
from maa_notify.domain.notification import Notification

State = TypeVar("State")
"""What is remembered of a subject between polls: `RequestState` of a request."""


class Change(Struct, Generic[State], frozen=True):
    """A change to record: from `before` to `after`, in one transaction with its notifications.

    It carries no etags: those belong to rows, and the state store knows them from what it read.

    Attributes:
        subject_id: of what it is a change.
        before: what was remembered; None for what was not remembered as listed.
        after: what is remembered from now on; None for what is listed no more, of which `before` is kept in
            case it comes back. Both are None where something is told of what left the list before.
        event: what is told about it; None when it is only worth remembering.
        notifications: the event for each destination that wants it.
    """

    subject_id: str
    before: State | None
    after: State | None
    event: Event | None = None
    notifications: tuple[Notification, ...] = ()

    @property
    def is_unheard(self) -> bool:
        """Whether it has an event that nobody hears of.

        Of a request that is new no card stands in a chat yet, which its outcome could change.
        """
        event = self.event
        is_new = isinstance(event, RequestEvent) and event.kind is EventKind.CREATED and not event.memory_lost
        names_nobody = (each.is_for_many and not each.people for each in self.notifications)
        return event is not None and all(is_new and each for each in names_nobody)
