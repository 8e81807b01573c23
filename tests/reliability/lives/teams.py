"""Teams: channels behind webhooks and bots and chats with people, what ails them, and what arrived there."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from maa_notify.domain.event import Event, EventKind, Look, RequestEvent
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
    RecipientUnreachable,
)
from tests.support.clock import FakeClock

FOR_EVER = float("inf")
HAPPENED = frozenset({EventKind.CREATED, EventKind.STATUS_CHANGED})
REMINDERS = frozenset({EventKind.REMINDER, EventKind.COMPLETE_REMINDER, EventKind.LOOKING})

ANSWERS = ("busy", "refused", "throttled", "odd", "silent", "slow")
"""5xx; 403 or 404; 429 with a wait; 400; no answer and no card; a card and no answer."""


class Seen(Struct, frozen=True):
    """An event at a destination: `what` is its kind and, for a reminder, the stage.

    An alarm has its subject in place of a request, and no status.
    """

    destination: str
    request_id: str
    revision: int
    what: str
    status: str

    @property
    def names(self) -> tuple[str, str]:
        """What may be ill of it: the request, and its news of that time."""
        return self.request_id, f"{self.request_id}/{self.revision}"

    @property
    def place(self) -> tuple[int, bool]:
        """Where it belongs among all events of its request: a reminder comes after what it reminds of."""
        return self.revision, self.what.split("-")[0] in REMINDERS

    @property
    def is_of_look(self) -> bool:
        """Whether it only changes a card, if there is one, to say who looks."""
        return self.what.split("-")[0] == EventKind.LOOKING


def seen(event: Event, destination: str) -> Seen:
    """What the oracle remembers of an event."""
    status = event.request.status if isinstance(event, RequestEvent) else ""
    return Seen(destination, event.subject_id, event.revision, event.what, status)


@dataclass(slots=True)
class Post:
    """One message that a destination was sent: by which poll, with what, for whom, and what became of it.

    Attributes:
        poll: the number of the poll.
        destination: the name of the destination.
        recipient: the person of a chat; "" in a channel.
        events: what it told.
        readers: "" for a channel; in a chat whoever it was sent to and everybody whose requests it holds.
        at: when (monotonic seconds).
        wall: when, by the clock of the notifier.
        answer: "accepted", "lost" when it arrived and nobody was told so, else the code of the error.
        is_new_card: whether it began a card in place of changing one.
        is_silent: whether it only changed a card, and rang nobody.
        recorded: what of it was written down as told.
        look: who looks, as it tells on a card of its own.
        is_doubtful: in an approver's chat, whether it may have been there already or is a second look.
    """

    poll: int
    destination: str
    recipient: str
    events: tuple[Seen, ...]
    readers: frozenset[str]
    at: float
    wall: datetime
    answer: str = ""
    is_new_card: bool = False
    is_silent: bool = False
    recorded: set[Seen] = field(default_factory=set)
    look: Look | None = None
    is_doubtful: bool = False

    @property
    def arrived(self) -> bool:
        """Whether people see it."""
        return self.answer in {"accepted", "lost"}

    def is_known(self, strikes: Counter[int]) -> bool:
        """Whether it could be written down that it is there, or may be.

        Of what could not be nobody knows that it is there; what comes later puts it right.

        Args:
            strikes: how often each poll was killed or met a store that failed.
        """
        return bool(self.recorded) or (self.answer == "lost" and not strikes[self.poll])


@dataclass(frozen=True, slots=True)
class Trouble:
    """What ails a destination, or one request or person there, until when (monotonic seconds), and how.

    `whom` is the id of a request, that and a revision for its news of one time, or a person; "" for all.
    """

    destination: str
    whom: str
    answer: str
    until: float

    def ails(self, destination: str, whom: Iterable[str]) -> bool:
        """Whether it concerns a message for this destination about these requests, cards and people."""
        return self.destination == destination and (not self.whom or self.whom in whom)

    def error(self) -> DeliveryError:
        """What the destination's sender raises."""
        errors: dict[str, DeliveryError] = {
            "busy": DestinationUnavailable("busy"),
            "refused": DestinationRefused("refused"),
            "throttled": DestinationUnavailable("throttled", 300.0, is_limit=True),
            "odd": CardRefused("too odd"),
            "absent": RecipientUnreachable("the app is not there"),
        }
        return errors.get(self.answer) or DestinationUnavailable("no answer", in_doubt=True)


@dataclass(slots=True)
class BotCard:
    """A card that a bot can change: of which request, its revision, by which message, and who looks."""

    request_id: str
    revision: int
    shown_by: Post
    look: Look | None = None
    is_there: bool = True


@dataclass(slots=True)
class Teams:
    """All destinations.

    Attributes:
        clock: the time.
        address_of: what ails a destination as a whole ails all at its address.
        strikes: how often each poll was killed or met a store that failed.
        posts: every message that was sent, in order.
        cards: the bots' cards that hold one request, oldest first, by destination and number.
        troubles: what ails them now.
        deleted: for each destination and request, how many of its cards somebody deleted.
        flaws: what was seen to go wrong at once.
    """

    clock: FakeClock
    address_of: Callable[[str], str]
    strikes: Counter[int]
    posts: list[Post] = field(default_factory=list)
    cards: dict[tuple[str, str], BotCard] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)

    def trouble(self, destination: str, whom: Iterable[str] = ()) -> Trouble | None:
        """What ails a message for a destination about these requests and people now."""
        now, address = self.clock.monotonic(), self.address_of(destination)
        return next(
            (
                each
                for each in self.troubles
                if each.until > now
                if each.ails(destination, whom)
                or (not each.whom and self.address_of(each.destination) == address)
            ),
            None,
        )

    def arrive(self, post: Post, shown: str, reply: Sequence[Event] | None, *, changes: bool) -> str:
        """Lets people see a message; returns the number of the card that shows it, "" for none.

        Args:
            post: the message.
            shown: the number of the card that it belongs to; "" for none.
            reply: what its reply tells.
            changes: whether it changes that card.
        """
        key = (post.destination, shown)
        card = self.cards.get(key)
        if card is not None and card.is_there:
            self._change(card, post, changes=changes)
            post.answer = "accepted"
            if reply is not None:
                told = {seen(each, post.destination) for each in reply}
                self.flaws += (
                    [f"the reply tells something else: {post.events}"] if told - {*post.events} else []
                )
            return shown
        if post.is_silent:
            post.answer = "accepted"
            return ""
        number = f"card{len(self.cards)}"
        if len(post.events) == 1:
            [told_one] = post.events
            self.cards[post.destination, number] = BotCard(
                told_one.request_id, told_one.revision, post, post.look
            )
            post.is_new_card = True
        post.answer = "accepted"
        return number

    def _change(self, card: BotCard, post: Post, *, changes: bool) -> None:
        [told] = post.events
        if told.request_id != card.request_id:
            self.flaws.append(f"a card of {card.request_id} was made one of {told}")
        if not changes:
            return
        if told.revision < card.revision and card.shown_by.is_known(self.strikes):
            self.flaws.append(f"a card went back from revision {card.revision} to {told}")
        card.revision, card.shown_by, card.look = told.revision, post, post.look

    def unpin(self, rng: random.Random) -> None:
        """Somebody deletes a bot's card."""
        there = [(name, card) for (name, _), card in self.cards.items() if card.is_there]
        if there:
            name, card = rng.choice(there)
            card.is_there = False
            self.deleted.append((name, card.request_id))

    def calm(self) -> None:
        """Whatever does not last for ever is over."""
        self.troubles = [each for each in self.troubles if each.until == FOR_EVER]
