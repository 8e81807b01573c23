"""The protocol of a destination: it takes a card, or says by type why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Card = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a destination said when it took a card.

    Attributes:
        run_id: the Workflows run that took it, the only link to the run history; "" if none was told.
        message_id: the message in the channel, proof that the card was posted; "" if none was told.
    """

    run_id: str = ""
    message_id: str = ""


class Outlet(Protocol):
    """A way into one Teams channel."""

    def post(self, card: Card) -> Receipt:
        """Brings one Adaptive Card into the channel.

        Raises:
            DestinationRefused: the destination has to be mended by a person.
            CardRefused: this card is not taken; others may be.
            DestinationUnavailable: not now; perhaps with the wait it asks for.
        """
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...
