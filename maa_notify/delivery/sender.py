"""The protocol of senders: post a message, or raise an error whose type says why not."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from maa_notify.domain.notification import CardLocation

Card = Mapping[str, Any]


class Message(Struct, frozen=True):
    """One card to post.

    Attributes:
        card: the Adaptive Card.
        summary: one plain line that makes sense read aloud, of our own words only.
        recipient: the person whom the destination chats with; "" for a channel. Never in logs or errors.
        location: where an earlier card of the same request stands; the card takes that one's place.
        reply: the short card for its thread, since an update of a card notifies nobody; None to be silent.
        changes_card: whether the card at `location` is replaced; not by older news, which are only replied.
        seconds: when the whole post has to be over, all its calls together, so that the lease outlasts it.
        serial: the number that it has at its destination; 0 in chats, where each person would see gaps.
        card_serial: the number with which its card came, which is another one where it is only changed.
        only_changes: posts no new card if none is at `location` any more, since nobody has to be rung.
        beside: the ids of all requests on it, for a digest that is changed in place later.
    """

    card: Card
    summary: str = ""
    recipient: str = ""
    location: CardLocation | None = None
    reply: Card | None = None
    changes_card: bool = True
    only_changes: bool = False
    seconds: float = 30.0
    serial: int = 0
    card_serial: int = 0
    beside: tuple[str, ...] = ()


class Receipt(Struct, frozen=True):
    """What a destination answered when it accepted a message.

    Attributes:
        run_id: the Workflows run that took it, the only link to the run history; "" if none was told.
        message_id: the message in the channel, proof that the card was posted; "" if none was told.
        location: where the card stands, for a sender that can come back to it. Its activity is "" where that
            was not told: in a chat it is still known that the card is there.
    """

    run_id: str = ""
    message_id: str = ""
    location: CardLocation | None = None


class Sender(Protocol):
    """Posts into one Teams channel, or into chats."""

    @property
    def updates_cards(self) -> bool:
        """Whether it updates the cards it posted: one card for each request, changed in place."""
        ...

    def post(self, message: Message) -> Receipt:
        """Posts one message.

        Raises:
            DestinationRefused: the destination has to be mended by a person.
            CardRefused: this card is not taken; others may be.
            DestinationUnavailable: not now; perhaps with the wait it asks for.
            RecipientUnreachable: this person cannot be written to; others may be.
        """
        ...

    def answers(self) -> bool:
        """Whether the service behind it answers at all, asked with what shows nothing to anybody."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...
