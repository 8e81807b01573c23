"""The next message: the first due notification as a card of its own, or many as one digest.

Where a sender updates its cards, a request has one card: later news replace it and add a reply in its thread,
which notifies people, and only requests without a card share a digest.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Protocol

from msgspec import Struct

from maa_notify.delivery.sender import Card, Message
from maa_notify.domain.event import Event
from maa_notify.domain.notification import CardLocation, Notification
from maa_notify.storage.outbox import PendingNotification

MOST_TOGETHER = 49
"""Two rows each, the destination's own and the snapshot's version: the hundred writes of one transaction."""


class CardMaker(Protocol):
    """Makes cards of events; `now` is the time of posting (UTC)."""

    def card(self, event: Event, destination: str, now: datetime, *, again: bool = False) -> Card:
        """The full card; `again` says at its foot that it may have been posted before."""
        ...

    def plain(self, event: Event, now: datetime) -> Card:
        """The minimal card, for a destination that refused the full one."""
        ...

    def reply(self, event: Event, destination: str, now: datetime) -> Card:
        """The short reply in the thread of an updated card, since an update notifies nobody."""
        ...

    def digest(self, events: Sequence[Event], destination: str, now: datetime) -> tuple[Card, int]:
        """One card for many events, and how many of them it holds, counted from the first."""
        ...


class Composer(Struct, frozen=True):
    """Makes messages of what is due; more than `digest_above` of it become a digest."""

    cards: CardMaker
    digest_above: int

    def compose(
        self, due: Sequence[PendingNotification], locations: Mapping[str, CardLocation], now: datetime
    ) -> tuple[Sequence[PendingNotification], Message]:
        """The next message and the notifications that it tells.

        Args:
            due: what is due at one destination for one recipient, in order; at least one.
            locations: where cards of these subjects stand there, by id.
            now: the time of posting (UTC).
        """
        first = due[0]
        location = locations.get(first.value.event.subject_id)
        # A request that has a card is updated there; in a digest it would be told on two cards.
        new = [item for item in due if item.value.event.subject_id not in locations]
        if location or first.value.plain or len(new) <= self.digest_above or not _may_share(first):
            return due[:1], self._message(first.value, location, now)
        batch = list(takewhile(_may_share, new[:MOST_TOGETHER]))
        events = [item.value.event for item in batch]
        card, count = self.cards.digest(events, first.value.destination, now)
        return batch[:count], _message(card, first.value)

    def _message(self, notification: Notification, location: CardLocation | None, now: datetime) -> Message:
        event, destination = notification.event, notification.destination
        if notification.plain:
            card = self.cards.plain(event, now)
        else:
            card = self.cards.card(event, destination, now, again=notification.in_doubt)
        reply = self.cards.reply(event, destination, now) if location else None
        return _message(card, notification, location, reply)


def _message(
    card: Card, notification: Notification, location: CardLocation | None = None, reply: Card | None = None
) -> Message:
    return Message(card, str(card.get("fallbackText", "")), notification.recipient, location, reply)


def _may_share(item: PendingNotification) -> bool:
    """Whether a notification may be told in one card with others."""
    return not item.value.plain and item.value.event.shares_cards
