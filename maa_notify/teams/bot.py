"""Senders that post through a bot: into a channel, or into chats with single people.

A request has one card in the channel, which is updated in place. An update notifies nobody, so a short reply
in its thread tells the news.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from maa_notify.delivery.sender import Message, Receipt
from maa_notify.domain.notification import CardLocation
from maa_notify.domain.request import GUID
from maa_notify.errors import DeliveryError, RecipientUnreachable
from maa_notify.teams.connector import BotForbidden, Channel, Connector, Gone, channel_of

_MOST_CHATS = 1_000


class BotChannel:
    """One channel of a team that the bot's app is installed in."""

    updates_cards = True

    def __init__(self, name: str, channel_id: str, connector: Connector) -> None:
        """`name` is what errors call it."""
        self._name = name
        self._channel_id = channel_id
        self._connector = connector

    def post(self, message: Message) -> Receipt:
        """Posts a card, or updates the one that is in this channel; if that is gone, posts a new one."""
        with _named(self._name):
            if message.location is None or channel_of(message.location) != self._channel_id:
                return self._create(message)
            try:
                return self._change(message, message.location)
            except Gone:
                return self._create(message)

    def channels(self) -> list[Channel]:
        """All channels of its team, if this is the team's General channel, whose id is also the team's."""
        with _named(self._name):
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

    def _change(self, message: Message, location: CardLocation) -> Receipt:
        self._connector.update(location, message.card, message.summary)
        if message.reply is not None:
            self._connector.send(location.conversation_id, message.reply, message.summary)
        return Receipt(message_id=location.activity_id, location=location)


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
        with _named(self._name):
            if not message.recipient:
                return Receipt()
            person = _object_id(message.recipient)
            try:
                return Receipt(message_id=self._send(person, message))
            except (BotForbidden, Gone):
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
            except Gone:
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
