"""Senders that post through a bot: into a channel, or into chats with single people.

A request has one card in the channel, which is updated in place. An update notifies nobody, so a short reply
in its thread tells the news.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from maa_notify.delivery.sender import Card, Message, Receipt
from maa_notify.domain.notification import CardLocation
from maa_notify.domain.request import GUID
from maa_notify.errors import DeliveryError, DestinationRefused, DestinationUnavailable, RecipientUnreachable
from maa_notify.net.deadline import time_left, time_limit
from maa_notify.teams.connector import BotForbidden, Channel, Connector, Gone, Lost, channel_of
from maa_notify.teams.connector_faults import Fault

_MOST_CHATS = 1_000
_FORBIDDEN = (
    "the Bot Connector answered 403, and not that the person blocked the app: check MAA_BOT_CLIENT_ID, the"
    " service URL, and what the Teams admin centre allows the app"
)
_NOT_SAID_WHY = (
    "the Bot Connector answered 403 without a reason that is known: perhaps the bot may not write to this"
    " person, or a gateway is in the way; the message is kept"
)
_UNREACHABLE = "the bot's app is not installed for this person, or they or an administrator blocked it"
_LIST_SECONDS = 20.0
_SECOND_LOOK = 2.0
"""Seconds after which what was not found is looked for again: a 404 of Teams at times passes."""


class BotChannel:
    """One channel of a team that the bot's app is installed in."""

    updates_cards = True

    def __init__(
        self, name: str, channel_id: str, connector: Connector, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`name` is what errors call it."""
        self._name = name
        self._channel_id = channel_id
        self._connector = connector
        self._sleep = sleep

    def post(self, message: Message) -> Receipt:
        """Posts a card, or updates the one that is in this channel; if that is gone, posts a new one.

        A card counts as gone when the service itself says so twice: a new one beside one that is still there
        would leave the older state standing in the channel. All that one post may remember is within it, as
        the next poll may be another process. A 404 without a reason is left to the next polls.

        News that are told already, by a card that was changed, by newer news or by a digest, never make a new
        card, nor does what only changes one; if their thread is gone, there is nobody to ring.
        """
        place = message.location
        with _named(self._name), time_limit(message.seconds):
            is_here = place is not None and channel_of(place) == self._channel_id
            if place is None or (message.changes_card and not is_here):
                return self._begin_anew(message)
            missed = None
            if message.changes_card:
                missed = _missed(lambda: self._update(place, message), self._sleep)
            if isinstance(missed, Lost):
                raise missed
            if missed is not None:
                return self._begin_anew(message)
            if message.reply is not None and is_here:
                self._ring(place, message.reply, message)
            return Receipt(message_id=place.activity_id, location=place)

    def channels(self) -> list[Channel]:
        """All channels of its team, if this is the team's General channel, whose id is also the team's."""
        with _named(self._name), time_limit(_LIST_SECONDS):
            return self._connector.channels(self._channel_id)

    def answers(self) -> bool:
        """Whether the Bot Connector answers at all."""
        return self._connector.answers()

    def close(self) -> None:
        """Closes the connections."""
        self._connector.close()

    def _begin_anew(self, message: Message) -> Receipt:
        """A new card where none is here; none for what only changes one: nobody is rung twice."""
        if message.only_changes:
            return Receipt()
        location = self._connector.create(self._channel_id, message.card, message.summary)
        return Receipt(message_id=location.activity_id if location else "", location=location)

    def _update(self, place: CardLocation, message: Message) -> None:
        self._connector.update(place, message.card, message.summary)

    def _ring(self, place: CardLocation, reply: Card, message: Message) -> None:
        """Replies in the thread of a card; if that fails, the error says that the card is changed by then."""
        try:
            _missed(lambda: self._connector.send(place.conversation_id, reply, message.summary), self._sleep)
        except DeliveryError as error:
            error.may_show = message.changes_card
            raise


def _missed(call: Callable[[], object], sleep: Callable[[float], None]) -> Gone | Lost | None:
    """Why a call found not what it is about, at two looks: gone if both say so; None when it found it."""
    misses: list[Gone | Lost] = []
    for is_last in (False, True):
        try:
            call()
        except (Gone, Lost) as error:
            misses.append(error)
        else:
            return None
        if not is_last:
            sleep(min(_SECOND_LOOK, time_left() / 2))
    return next((each for each in misses if isinstance(each, Lost)), misses[-1])


class BotChat:
    """The chats of the bot with single people; their cards are never updated."""

    updates_cards = False

    def __init__(self, name: str, connector: Connector) -> None:
        """`name` is what errors call it."""
        self._name = name
        self._connector = connector
        self._chats: dict[str, str] = {}

    def post(self, message: Message) -> Receipt:
        """Posts a card to its recipient, an Entra object id.

        A card without one (a heartbeat, a test card) is posted nowhere; its receipt is empty.
        """
        with _named(self._name), time_limit(message.seconds):
            if not message.recipient:
                return Receipt()
            person = _object_id(message.recipient)
            try:
                return self._post(person, message)
            except BotForbidden as error:
                raise _forbidden(error.fault) from None
            except Gone:
                raise RecipientUnreachable(_UNREACHABLE) from None

    def answers(self) -> bool:
        """Whether the Bot Connector answers at all."""
        return self._connector.answers()

    def close(self) -> None:
        """Closes the connections."""
        self._connector.close()

    def _post(self, person: str, message: Message) -> Receipt:
        return Receipt(message_id=self._send(person, message).activity_id)

    def _send(self, person: str, message: Message) -> CardLocation:
        """Posts into the known chat, or into the one that Teams opens if none is known or it is gone."""
        known = self._chats.pop(person, "")
        if known:
            try:
                return self._send_to(person, known, message)
            except (Gone, Lost):
                pass
        return self._send_to(person, self._connector.open_chat(person), message)

    def _send_to(self, person: str, chat: str, message: Message) -> CardLocation:
        """Posts into a chat, and remembers its id if that works; the id of the card is "" if none is told."""
        message_id = self._connector.send(chat, message.card, message.summary)
        self._chats[person] = chat
        if len(self._chats) > _MOST_CHATS:
            del self._chats[next(iter(self._chats))]
        return CardLocation(chat, message_id)


class ApproverChats(BotChat):
    """The chats of the bot with those who can decide: one card for each request, which is updated in place.

    An update rings nobody, and needs no reply: the first card of a request has rung.
    """

    updates_cards = True

    def __init__(self, name: str, connector: Connector, sleep: Callable[[float], None] = time.sleep) -> None:
        """`name` is what errors call it."""
        super().__init__(name, connector)
        self._sleep = sleep

    def _post(self, person: str, message: Message) -> Receipt:
        """Posts a card, or updates the one that stands there; if that cannot be found, posts a new one.

        Where the answer to a new card does not say where it is, the person is still known to have it: so they
        hear of later news, by a card of its own.
        """
        place = message.location
        if place is not None:
            if not message.changes_card or self._updates(place, message):
                return Receipt(message_id=place.activity_id, location=place)
            if message.only_changes:
                return Receipt()
        location = self._send(person, message)
        return Receipt(message_id=location.activity_id, location=location)

    def _updates(self, place: CardLocation, message: Message) -> bool:
        """Whether the card was there to be updated."""
        if not place.activity_id:
            return False
        missed = _missed(partial(self._connector.update, place, message.card, message.summary), self._sleep)
        if isinstance(missed, Lost):
            raise missed
        return missed is None


def _forbidden(fault: Fault) -> DeliveryError:
    """The error of a chat that is forbidden: only what is surely about the person gives them up."""
    if fault is Fault.BARRED:
        return RecipientUnreachable(_UNREACHABLE)
    return DestinationRefused(_FORBIDDEN) if fault is Fault.RIGHTS else DestinationUnavailable(_NOT_SAID_WHY)


def _object_id(recipient: str) -> str:
    if not GUID.fullmatch(recipient):
        raise RecipientUnreachable("Graph gave no object id of this person, and Teams knows no other")
    return recipient.lower()


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Puts the destination's name before the text of a delivery error."""
    try:
        yield
    except DeliveryError as error:
        error.args = (f"destination {name!r}: {error}",)
        raise
