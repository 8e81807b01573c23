"""A sender that does as it is told, with no wire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from maa_notify.delivery.sender import Message, Receipt
from maa_notify.domain.notification import CardLocation
from maa_notify.errors import DeliveryError
from tests.support.clock import FakeClock


@dataclass
class Postbox:
    """A sender: answers with the next of `answers`, then takes all; each post takes `seconds`.

    `failing` names subjects whose cards always get that answer; `meanwhile` happens during each post.
    """

    clock: FakeClock
    answers: list[DeliveryError | None] = field(default_factory=list)
    failing: dict[str, DeliveryError] = field(default_factory=dict)
    updates_cards: bool = False
    is_up: bool = True
    seconds: float = 0.0
    meanwhile: Callable[[], object] = lambda: None
    posted: list[Message] = field(default_factory=list)
    questions: int = 0

    def post(self, message: Message) -> Receipt:
        """Takes it or not."""
        self.posted.append(message)
        self.clock.advance(self.seconds)
        self.meanwhile()
        error = self.failing.get(str(message.card["of"])) or (self.answers.pop(0) if self.answers else None)
        if error is not None:
            raise error
        return Receipt("run", "message", CardLocation("thread", str(len(self.posted))))

    def answers_(self) -> bool:
        """Whether it is up."""
        self.questions += 1
        return self.is_up

    def close(self) -> None:
        """Nothing to close."""

    @property
    def told(self) -> list[Any]:
        """What each card was about."""
        return [each.card["of"] for each in self.posted]


class Asked:
    """A postbox under the names that a sender has."""

    def __init__(self, box: Postbox) -> None:
        """Passes on to a postbox."""
        self._box = box
        self.post = box.post
        self.answers = box.answers_
        self.close = box.close

    @property
    def updates_cards(self) -> bool:
        """As the postbox does."""
        return self._box.updates_cards
