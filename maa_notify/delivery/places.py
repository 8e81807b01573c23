"""The bot's cards at an address that a delivery may have to change."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.domain.event import Event
from maa_notify.storage.outbox import Outbox, Outcome, PendingNotification, cards_in
from maa_notify.storage.records import StoredCard

_Key = tuple[str, str, str]
"""Destination, subject, and the person whose chat it is; "" for a channel."""


class Places:
    """The places of cards, read once: nobody else changes them while this poll has the lease."""

    def __init__(self, outbox: Outbox) -> None:
        """Knows of none yet."""
        self._outbox = outbox
        self._known: dict[_Key, StoredCard | None] = {}

    def forget(self) -> None:
        """Reads anew from now on, since another poll may have posted."""
        self._known.clear()

    def of(
        self, due: Sequence[PendingNotification], waiting: Iterable[PendingNotification]
    ) -> dict[str, StoredCard]:
        """The cards of these subjects, by id, of the first ones as many as two digests can hold.

        Where one of them is a digest that is changed in place, those of all subjects on it. What is in doubt
        may have arrived, though that could not be recorded. So a card counts as showing it: what is older
        must not undo it.

        Args:
            due: what is due at one destination for one recipient, in order.
            waiting: all that waits, in order.
        """
        found: dict[str, StoredCard] = {}
        # Those of the next digest count, too, so that none is left over that is too small to be one; and
        # whatever was read for another message, since `apart` takes that for looked at.
        for number, key in enumerate(dict.fromkeys(each.value.line for each in due)):
            is_near = number < 2 * MOST_TOGETHER
            if (is_near or key in self._known) and (card := self._at(key)) is not None:
                found[key[1]] = card
        destination, subject, person = due[0].value.line
        beside = found[subject].beside if subject in found else ()
        cards = {each: self._at((destination, each, person)) for each in beside}
        found |= {each: card for each, card in cards.items() if card is not None}
        in_doubt = (each.value for each in waiting if each.value.doubts)
        changes = [each for each in in_doubt if (each.destination, each.person) == (destination, person)]
        return found | {
            each.event.subject_id: _as_it_may_be(found[each.event.subject_id], each.event)
            for each in changes
            if each.event.subject_id in found
        }

    def apart(
        self, due: Sequence[PendingNotification], waiting: Iterable[PendingNotification]
    ) -> frozenset[str]:
        """The ids of subjects that are told by themselves.

        Other news of them wait, which may bring a card that a digest knows nothing of; or nobody has looked
        whether they have one.
        """
        first, tried = due[0].value, {each.value.key for each in due}
        others = (each.value for each in waiting if each.value.key not in tried)
        unknown = (each.value for each in due if each.value.line not in self._known)
        return frozenset(
            each.event.subject_id
            for each in (*others, *unknown)
            if (each.destination, each.person) == (first.destination, first.person)
        )

    def remember(self, told: Sequence[Outcome]) -> None:
        """Notes the cards that were posted or changed."""
        self._known |= cards_in(told)

    def _at(self, key: _Key) -> StoredCard | None:
        if key not in self._known:
            self._known[key] = self._outbox.read_card(*key)
        return self._known[key]


def _as_it_may_be(card: StoredCard, event: Event) -> StoredCard:
    """The card as it is if a change has arrived."""
    if event.revision < card.revision:
        return card
    return replace(card, revision=event.revision, event=event if card.beside else None)
