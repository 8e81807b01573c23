"""The chats with approvers: who can decide, what was promised to whom, and the cards that stand there."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec import Struct

from maa_notify.domain.event import RequestEvent
from maa_notify.domain.notification import APPROVER_CHAT, Notification
from maa_notify.storage.records import DEAD, OUTBOX, SENT, JournalEntry, decode
from maa_notify.storage.rows import Insert, Put, Row, Write
from tests.reliability.lives.teams import Post, seen

EVERYBODY = tuple(f"a1f4c0de-0002-4c1e-8f00-{number:012}" for number in range(6))
"""Entra object ids of all who ever can decide."""

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def chat_key(event: RequestEvent, person: str = "") -> str:
    """The key of an event for one person's chat, or for all of them."""
    return Notification(event, APPROVER_CHAT, _ANY_TIME, recipient=person).key


class Promise(Struct, frozen=True):
    """An event for many that was recorded: of which request, by which poll, and whom it names."""

    key: str
    request_id: str
    revision: int
    poll: int
    recorded_at: datetime
    people: tuple[str, ...]


class Addressed(Struct, frozen=True):
    """What one person is told in place of an event for many."""

    many: str
    notification: Notification


@dataclass(slots=True)
class ChatCard:
    """A card in one person's chat, and what it shows of each request on it since which message, by id."""

    person: str
    shown: dict[str, RequestEvent] = field(default_factory=dict)
    shown_by: dict[str, Post] = field(default_factory=dict)


@dataclass(slots=True)
class Chats:
    """All chats with approvers.

    Attributes:
        strikes: how often each poll was killed or met a store that failed.
        members: who can decide now.
        posts: every message that was sent there, in order.
        cards: by their number.
        promises: every event for many that was ever recorded.
        addressed: what each person was to be told, by its key.
        times: how often each of these was put into the outbox.
        left: what left the outbox, by its key: what the journal says, by which poll, and whether as given up.
        named: who was ever named for a request, by its id.
        flaws: what was seen to go wrong at once.
    """

    strikes: Counter[int]
    members: list[str] = field(default_factory=lambda: list(EVERYBODY[:3]))
    posts: list[Post] = field(default_factory=list)
    cards: dict[str, ChatCard] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)
    addressed: dict[str, Addressed] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    left: dict[str, tuple[JournalEntry, int, bool]] = field(default_factory=dict)
    named: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    flaws: list[str] = field(default_factory=list)

    def regroup(self, rng: random.Random) -> None:
        """Somebody joins the groups that can decide, or leaves them."""
        person = rng.choice(EVERYBODY)
        if person in self.members:
            self.members.remove(person)
        else:
            self.members.append(person)

    def note(self, write: Write, poll: int) -> bool:
        """Remembers a write of the notifier if it is about these chats; returns whether it is."""
        if not write.key.startswith((OUTBOX, SENT, DEAD)) or not write.key.endswith(f":{APPROVER_CHAT}"):
            return False
        if isinstance(write, Put | Insert):
            row = Row(write.key, write.data, "")
            if write.key.startswith(OUTBOX):
                self._note_promise(decode(row, Notification), poll)
            else:
                entry = decode(row, JournalEntry)
                self.left[entry.notification.key] = entry, poll, write.key.startswith(DEAD)
                if write.key.startswith(SENT):
                    self._note_told(entry.notification, poll)
        return True

    def _note_promise(self, notification: Notification, poll: int) -> None:
        event = notification.event
        many = notification.key.replace(f"@{notification.person}", "") if notification.person else ""
        if not many:
            self.promises.append(
                Promise(
                    notification.key,
                    event.subject_id,
                    event.revision,
                    poll,
                    notification.recorded_at,
                    notification.people,
                )
            )
            self.named[event.subject_id].update(notification.people)
            return
        self.addressed[notification.key] = Addressed(many, notification)
        self.times[notification.key] += 1
        if self.times[notification.key] > sum(each.key == many for each in self.promises):
            self.flaws.append(f"addressed twice: {notification.key}")

    def _note_told(self, notification: Notification, poll: int) -> None:
        """Remembers which message of a poll told it; what is outdated left without one."""
        told = seen(notification.event, notification.destination)
        posts = (
            each
            for each in reversed(self.posts)
            if (each.poll, each.recipient) == (poll, notification.recipient) and told in each.events
        )
        post = next(posts, None)
        if post is not None:
            post.recorded.add(told)

    def arrive(self, post: Post, events: Sequence[RequestEvent], number: str, *, changes: bool) -> str:
        """Lets a person see a message; returns the number of the card that shows it."""
        post.answer = "accepted"
        card = self.cards.get(number)
        if card is None:
            number = f"chat{len(self.cards)}"
            card = self.cards[number] = ChatCard(post.recipient)
            post.is_new_card = True
        elif not changes:
            return number
        if card.person != post.recipient:
            self.flaws.append(f"a card of {card.person} was changed for {post.recipient}")
        for each in events:
            subject = each.subject_id
            before, shown_by = card.shown.get(subject), card.shown_by.get(subject, post)
            if before is not None and before.revision > each.revision and shown_by.is_known(self.strikes):
                self.flaws.append(f"a card went back from revision {before.revision} to {chat_key(each)}")
            if post.recipient not in self.named[subject]:
                self.flaws.append(f"{post.recipient} was never named by {chat_key(each)}")
            card.shown[subject], card.shown_by[subject] = each, post
        return number
