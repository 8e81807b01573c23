"""Senders that post through a bot: into a channel, or into chats with single people.

A request has one card in the channel, which is updated in place. An update notifies nobody, so a short reply
in its thread tells the news.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from maa_notify.delivery.sender import Card, Message, Receipt
from maa_notify.domain.notification import CardLocation
from maa_notify.domain.request import GUID
from maa_notify.errors import DeliveryError, DestinationRefused, RecipientUnreachable
from maa_notify.net.deadline import time_left, time_limit
from maa_notify.teams.connector import BotForbidden, Channel, Connector, Gone, Lost, channel_of

_MOST_CHATS = 1_000
_FORBIDDEN = (
    "the Bot Connector answered 403, and not that the person blocked the app: check MAA_BOT_CLIENT_ID, the"
    " service URL, and what the Teams admin centre allows the app"
)
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

        A card counts as gone when it is not found twice: a new one beside one that is still there would leave
        the older state standing in the channel. All that one post may remember is within it, since the next
        poll may be another process; what Teams hides for longer than the pause gets a new card.

        News that are told already, by a card that was changed or by newer news, never make a new card; if
        their thread is gone, there is nobody to ring.
        """
        place = message.location
        with _named(self._name), time_limit(message.seconds):
            is_here = place is not None and channel_of(place) == self._channel_id
            if place is None or (message.changes_card and not is_here):
                return self._create(message)
            if message.changes_card and not self._finds(lambda: self._update(place, message)):
                return self._create(message)
            if message.reply is not None and is_here:
                reply = message.reply
                self._finds(lambda: self._reply(place, reply, message.summary))
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

    def _create(self, message: Message) -> Receipt:
        location = self._connector.create(self._channel_id, message.card, message.summary)
        return Receipt(message_id=location.activity_id if location else "", location=location)

    def _update(self, place: CardLocation, message: Message) -> None:
        self._connector.update(place, message.card, message.summary)

    def _reply(self, place: CardLocation, reply: Card, summary: str) -> None:
        self._connector.send(place.conversation_id, reply, summary)

    def _finds(self, call: Callable[[], None]) -> bool:
        """Whether a call found the card or thread that it is about, at a second look at the latest."""
        for is_last in (False, True):
            try:
                call()
            except (Gone, Lost):
                if not is_last:
                    self._sleep(min(_SECOND_LOOK, time_left() / 2))
            else:
                return True
        return False


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
                return Receipt(message_id=self._send(person, message))
            except (BotForbidden, Gone) as error:
                if isinstance(error, BotForbidden) and not error.is_certain:
                    raise DestinationRefused(_FORBIDDEN) from None
                raise RecipientUnreachable(
                    "the bot's app is not installed for this person, or they or an administrator blocked it"
                ) from None

    def answers(self) -> bool:
        """Whether the Bot Connector answers at all."""
        return self._connector.answers()

    def close(self) -> None:
        """Closes the connections."""
        self._connector.close()

    def _send(self, person: str, message: Message) -> str:
        """Posts into the known chat, or into the one that Teams opens if none is known or it is gone."""
        known = self._chats.pop(person, "")
        if known:
            try:
                return self._send_to(person, known, message)
            except (Gone, Lost):
                pass
        return self._send_to(person, self._connector.open_chat(person), message)

    def _send_to(self, person: str, chat: str, message: Message) -> str:
        """Posts into a chat, and remembers its id if that works."""
        message_id = self._connector.send(chat, message.card, message.summary)
        self._chats[person] = chat
        if len(self._chats) > _MOST_CHATS:
            del self._chats[next(iter(self._chats))]
        return message_id


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
