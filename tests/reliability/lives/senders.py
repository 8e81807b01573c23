"""What the notifier posts with in the small world: senders, and cards for the oracle to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from maa_notify.delivery.sender import Card, Message, Receipt
from maa_notify.domain.event import Event, RequestEvent
from maa_notify.domain.notification import APPROVER_CHAT, CardLocation, Notification
from maa_notify.errors import CardRefused, DestinationRefused, DestinationUnavailable, MaaNotifyError
from maa_notify.storage.records import OUTBOX, decode
from tests.reliability.lives.chats import chat_key
from tests.reliability.lives.teams import Post, seen
from tests.reliability.lives.world import World


class Process(Protocol):
    """The poll that posts, as far as a sender knows it."""

    world: World
    number: int
    in_post: bool

    def point(self) -> None:
        """A point of I/O."""

    def fails(self) -> bool:
        """Whether this operation goes wrong."""


@dataclass(slots=True)
class Sender:
    """A channel or the chats, which may refuse, be away, or take a card and lose the answer."""

    poller: Process
    name: str
    updates_cards: bool

    def post(self, message: Message) -> Receipt:
        """Posts it, unless something is wrong."""
        poller, teams = self.poller, self.poller.world.teams
        poller.in_post = True
        poller.point()
        post = self._begun(message)
        if poller.fails():
            raise self._fault(post)
        # In the chats with approvers one person is ill, and no request.
        names = () if self.is_with_approvers else (name for each in post.events for name in each.names)
        whom = {message.recipient, *names}
        trouble = teams.trouble(self.name, whom)
        if trouble is not None and trouble.answer != "slow":
            poller.in_post = False
            error = trouble.error()
            post.answer = trouble.answer
            raise error
        shown = message.location.activity_id if message.location else ""
        reply = message.reply["events"] if message.reply is not None else None
        if self.is_with_approvers:
            number = poller.world.chats.arrive(
                post, message.card["events"], shown, changes=message.changes_card
            )
        else:
            post.look = getattr(message.card["events"][0], "look", None)
            number = teams.arrive(post, shown, reply, changes=message.changes_card)
        if trouble is not None or poller.fails():
            post.answer = "lost"
            raise DestinationUnavailable("the answer was lost", in_doubt=True)
        poller.point()
        place = CardLocation("thread", number) if self.updates_cards and number else None
        return Receipt(message_id=number, location=place)

    @property
    def is_with_approvers(self) -> bool:
        """Whether it posts into the chats with those who can decide."""
        return self.name == APPROVER_CHAT

    def answers(self) -> bool:
        """Whether a quiet question is answered: not where nothing is at all."""
        self.poller.point()
        trouble = self.poller.world.teams.trouble(self.name)
        return trouble is None or trouble.answer != "silent"

    def _begun(self, message: Message) -> Post:
        world, events = self.poller.world, message.card["events"]
        readers = {each.requestor.upn for each in events} if self.name == "chat" else {""}
        post = Post(
            poll=self.poller.number,
            destination=self.name,
            recipient=message.recipient,
            events=tuple(seen(each, self.name) for each in events),
            readers=frozenset({message.recipient, *readers}),
            is_silent=message.location is not None and message.reply is None,
            at=world.clock.monotonic(),
            wall=world.clock.now(),
        )
        if self.is_with_approvers:
            post.is_doubtful = any(self._is_doubtful(each, message.recipient) for each in events)
            world.chats.posts.append(post)
        else:
            world.teams.posts.append(post)
        return post

    def _is_doubtful(self, event: RequestEvent, person: str) -> bool:
        """Whether it may be there already, or its person is looked at a second time."""
        row = self.poller.world.rows.get(OUTBOX + chat_key(event, person))
        item = None if row is None else decode(row, Notification)
        return item is not None and (item.doubts > 0 or item.unreached_at is not None)

    def _fault(self, post: Post) -> MaaNotifyError:
        self.poller.in_post = False
        rng = self.poller.world.rng
        wait = rng.choice((None, 0.0, 5.0, 400.0))
        fault: MaaNotifyError = rng.choice(
            (DestinationRefused("gone"), CardRefused("too odd"), DestinationUnavailable("busy", wait))
        )
        post.answer = "odd" if isinstance(fault, CardRefused) else "failed"
        return fault

    def close(self) -> None:
        """Nothing to let go of."""


class Cards:
    """Cards that say what they are about, for the oracle to read."""

    def card(
        self, event: Event, destination: str, now: datetime, *, again: bool = False, late: bool = False
    ) -> Card:
        return {"events": [event]}

    def reply(self, event: Event, destination: str, now: datetime, *, again: bool = False) -> Card:
        return {"events": [event]}

    def plain(self, event: Event, now: datetime, *, again: bool = False) -> Card:
        return {"events": [event]}

    def digest(
        self,
        events: Sequence[Event],
        destination: str,
        now: datetime,
        *,
        again: bool = False,
        beside: Sequence[Event] = (),
    ) -> tuple[Card, int]:
        return {"events": list(events[:7])}, min(7, len(events))
