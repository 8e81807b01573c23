"""An event on its way to one destination. Pure."""

from datetime import datetime

from msgspec import Struct

from maa_notify.domain.event import Event, storage_key


class CardLocation(Struct, frozen=True):
    """Where a request's card is in Teams, so that it can be updated and replied to.

    Attributes:
        conversation_id: the thread that the card began.
        activity_id: the card's own message.
    """

    conversation_id: str
    activity_id: str


class Notification(Struct, frozen=True):
    """One event for one destination, waiting in the outbox.

    Attributes:
        event: what to tell.
        destination: the name of the destination in the settings.
        recorded_at: when it was put into the outbox (UTC).
        attempts: how often it was tried and not accepted.
        not_before: not to be tried again before this time (UTC).
        in_doubt: a try got no answer, so the card may be there already.
        plain: the full card was refused, so the next try is the minimal one.
        overtakable: even the minimal card was refused, so later news of the request need not wait for it.
        last_error: the code and text of the last failure, free of secrets.
        recipient: the person whom the destination chats with; "" for a channel.
    """

    event: Event
    destination: str
    recorded_at: datetime
    attempts: int = 0
    not_before: datetime | None = None
    plain: bool = False
    overtakable: bool = False
    last_error: str = ""
    recipient: str = ""
    in_doubt: bool = False

    @property
    def key(self) -> str:
        """The key, derived from event and destination, so that recording it twice changes nothing."""
        event = self.event
        return f"{storage_key(event.subject_id)}:{event.revision:05d}:{event.what}:{self.destination}"
