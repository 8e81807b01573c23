"""The next message: the first due notification as a card of its own, or many as one digest.

Where a sender updates its cards, a request has one card: later news replace it and add a reply in its thread,
which notifies people. Many such changes are told by one digest in place of the replies, and then each card is
changed, which notifies nobody. New requests and changes never share a digest.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Protocol
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.cards.serial import numbered
from maa_notify.delivery.retries import sends_one_ahead
from maa_notify.delivery.sender import Card, Message
from maa_notify.domain.event import Event, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.storage.outbox import PendingNotification, card_size, outcome_size
from maa_notify.storage.records import DestinationState, StoredCard, on_one_digest
from maa_notify.storage.rows import MAX_BYTES

MOST_TOGETHER = 49
"""Two rows each, the destination's own and the snapshot's version: the hundred writes of one transaction."""
_MOST_IN_CHAT = 32
"""The same where a third row says what the digest shows, since it is changed in place."""


class CardMaker(Protocol):
    """Makes cards of events; `now` is the time of posting (UTC)."""

    def card(
        self, event: Event, destination: str, now: datetime, *, again: bool = False, late: bool = False
    ) -> Card:
        """The full card; its foot says `again` if it may be there, `late` if newer news came first."""
        ...

    def plain(self, event: Event, now: datetime, *, again: bool = False) -> Card:
        """The minimal card, for a destination that refused the full one."""
        ...

    def reply(self, event: Event, destination: str, now: datetime, *, again: bool = False) -> Card:
        """The short reply in the thread of an updated card, since an update notifies nobody."""
        ...

    def digest(
        self,
        events: Sequence[Event],
        destination: str,
        now: datetime,
        *,
        again: bool = False,
        beside: Sequence[Event] = (),
    ) -> tuple[Card, int]:
        """One card for many events, and how many of them it holds, counted from the first.

        What is told `beside` it, on the next card, counts for the warnings of this one, too.
        """
        ...


class Composer(Struct, frozen=True):
    """Makes messages of what is due; more than `digest_above` of it become a digest."""

    cards: CardMaker
    digest_above: int

    def compose(
        self,
        due: Sequence[PendingNotification],
        places: Mapping[str, StoredCard],
        apart: Collection[str],
        state: DestinationState,
        now: datetime,
    ) -> tuple[Sequence[PendingNotification], Message]:
        """The next message and the notifications that it tells.

        Args:
            due: what is due at one destination for one recipient, in order; at least one.
            places: the cards of these subjects that stand there, by id.
            apart: ids of subjects that no digest may tell there.
            state: what is remembered of the destination.
            now: the time of posting (UTC).
        """
        together = self._together(due, places, apart, state)
        members = together[: _balanced(len(together), len(_recordable(together)), self.digest_above)]
        first = members[0].value
        place = places.get(first.event.subject_id)
        if place is not None and _is_on_digest(first, place):
            return members, self._changed_digest([each.value for each in members], places, now)
        # One that may be there already keeps its number. Nobody sees all chats of a destination.
        serial = 0 if first.recipient else first.serial or state.serial + 1
        if len(members) == 1:
            return members, _numbered(self._message(first, place, now), serial, place)
        card, count = self._digest(members, together[len(members) :], now)
        if count < len(members):
            # Where names are so long that one card cannot hold them, two of a size are better than a rest.
            fewer = _balanced(len(together), count, self.digest_above)
            card, count = self._digest(members[:fewer], together[fewer:], now)
        return members[:count], _numbered(_digest_message(card, members[:count]), serial, None)

    def _digest(
        self, members: Sequence[PendingNotification], others: Sequence[PendingNotification], now: datetime
    ) -> tuple[Card, int]:
        events = [item.value.event for item in members]
        beside = [item.value.event for item in others]
        again = any(item.value.doubts for item in members)
        return self.cards.digest(events, members[0].value.destination, now, again=again, beside=beside)

    def _changed_digest(
        self, news: Sequence[Notification], places: Mapping[str, StoredCard], now: datetime
    ) -> Message:
        """The message that changes a digest in place: each of its requests as it is by now."""
        first = news[0]
        place = places[first.event.subject_id]
        shown = {each: places[each].event for each in place.beside if each in places}
        for each in news:
            subject = each.event.subject_id
            if each.event.revision >= places[subject].revision:
                shown[subject] = each.event
        # What is settled stands last: for that alone there may be no room.
        events = sorted((each for each in shown.values() if each is not None), key=_is_settled)
        card, _ = self.cards.digest(events, first.destination, now)
        return replace(
            _message(card, first),
            location=place.location,
            beside=place.beside,
            only_changes=all(map(_only_changes, news)),
        )

    def _together(
        self,
        due: Sequence[PendingNotification],
        places: Mapping[str, StoredCard],
        apart: Collection[str],
        state: DestinationState,
    ) -> Sequence[PendingNotification]:
        """What is told together: a digest that was tried before, a new one or several, or the first alone."""
        first = due[0]
        place = places.get(first.value.event.subject_id)
        if first.value.is_for_approver and place is not None:
            # A change in a chat rings nobody, so that no digest has to spare anybody the noise.
            return _on_card(due, place, places) if _is_on_digest(first.value, place) else [first]
        digest, is_alone = first.value.digest, first.value.plain or first.value.event.subject_id in apart
        if is_alone or not (digest or _may_share(first.value)):
            return [first]
        has_card = place is not None

        def belongs(value: Notification) -> bool:
            is_alike = (value.event.subject_id in places) == has_card
            return is_alike and (value.digest == digest if digest else _may_share(value))

        alike = _in_order(due, apart, belongs)
        if digest:
            # Earlier news that are in doubt were passed by it before, so they part it now no more than then.
            others = [each for each in due if each.value.digest == digest or not each.value.doubts]
            whole = _recordable(_in_order(others, apart, belongs))
            return [_one_of(whole)] if _asks_first(whole, state) else whole
        return [first] if len(alike) <= self.digest_above else alike

    def _message(self, notification: Notification, place: StoredCard | None, now: datetime) -> Message:
        event, destination, again = notification.event, notification.destination, notification.doubts > 0
        if notification.plain:
            card = self.cards.plain(event, now, again=again)
        else:
            card = self.cards.card(event, destination, now, again=again, late=notification.overtaken)
        if place is None or place.beside:
            return _message(card, notification)
        is_silent = notification.told or notification.is_for_approver
        return replace(
            _message(card, notification),
            location=place.location,
            reply=None if is_silent else self.cards.reply(event, destination, now, again=again),
            changes_card=event.revision >= place.revision,
            only_changes=_only_changes(notification),
        )


def _in_order(
    due: Sequence[PendingNotification],
    apart: Collection[str],
    belongs: Callable[[Notification], bool],
) -> list[PendingNotification]:
    """Those that belong together and may share a digest, but none whose earlier news are left out."""
    chosen: list[PendingNotification] = []
    behind = set(apart)
    for item in due:
        if item.value.event.subject_id not in behind and belongs(item.value):
            chosen.append(item)
        else:
            behind.add(item.value.event.subject_id)
    return chosen


def _asks_first(whole: Sequence[PendingNotification], state: DestinationState) -> bool:
    members = [each.value for each in whole]
    return all(each.attempts for each in members) and sends_one_ahead(members, state)


def _one_of(whole: Sequence[PendingNotification]) -> PendingNotification:
    """The member to be tried alone: what failed least, and in no order that anybody could foresee.

    But none before earlier news of its subject.
    """
    first: dict[str, PendingNotification] = {}
    for each in whole:
        first.setdefault(each.value.event.subject_id, each)
    return min(first.values(), key=lambda each: (each.value.attempts, crc32(each.value.key.encode())))


def _balanced(count: int, most: int, digest_above: int) -> int:
    """How many of `count` the next card tells, of at most `most`, so that the others make a digest, too.

    The first 49 of 50 would leave one outside, as a card of its own that looks like any other.
    """
    if count <= most:
        return count
    cards = -(-count // most)
    enough = count - digest_above - 1
    return min(-(-count // cards), enough) if enough > 1 else most


def _recordable(
    members: Sequence[PendingNotification], beside: Iterable[StoredCard] = ()
) -> Sequence[PendingNotification]:
    """As many of the first as one transaction can record: more would be posted, and posted again.

    Beside them it says where the other requests on a digest stand, if that has to come anew.
    """
    most = _MOST_IN_CHAT if members[0].value.is_for_approver else MOST_TOGETHER
    others = sum(map(card_size, beside))
    sizes = accumulate(outcome_size(each.value) for each in members[:most])
    return members[: max(1, sum(size + others <= MAX_BYTES for size in sizes))]


def _message(card: Card, notification: Notification) -> Message:
    return Message(card, str(card.get("fallbackText", "")), notification.recipient)


def _digest_message(card: Card, members: Sequence[PendingNotification]) -> Message:
    """The message of a new digest; in an approver's chat it is changed later, by what stands on it."""
    first = members[0].value
    subjects = dict.fromkeys(each.value.event.subject_id for each in members)
    return replace(_message(card, first), beside=tuple(subjects) if first.is_for_approver else ())


def _is_on_digest(notification: Notification, place: StoredCard) -> bool:
    """Whether the news change a digest in a chat; not in their smallest form, with no room for others."""
    return bool(place.beside) and not notification.plain


def _on_card(
    due: Sequence[PendingNotification], place: StoredCard, places: Mapping[str, StoredCard]
) -> Sequence[PendingNotification]:
    """All that is due about what stands on one card."""
    cards = on_one_digest(place.location, place.beside, places)
    return _recordable([each for each in due if each.value.event.subject_id in cards], cards.values())


def _only_changes(notification: Notification) -> bool:
    """Whether nobody has to be rung for it where its card is gone."""
    return notification.told or notification.event.only_changes_cards


def _is_settled(event: Event) -> bool:
    return not (isinstance(event, RequestEvent) and event.wants_decision)


def _numbered(message: Message, serial: int, place: StoredCard | None) -> Message:
    """The message with its number; a card that is changed in place shows the one that it came with, too."""
    first = place.serial if place is not None and message.changes_card else 0
    card = numbered(message.card, first, serial) if first else numbered(message.card, serial)
    reply = None if message.reply is None else numbered(message.reply, serial)
    return replace(message, card=card, reply=reply, serial=serial, card_serial=first or serial)


def _may_share(notification: Notification) -> bool:
    """Whether a notification may be told in a new digest with others; what is in doubt comes as it came."""
    was_tried = notification.plain or notification.digest or notification.doubts or notification.ill
    return notification.event.shares_cards and not (was_tried or notification.told)
