"""Posts answers in the conversation of the question."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from maa_notify.bot.activity import Activity
from maa_notify.net.deadline import time_limit

_SECONDS = 20.0


class Connection(Protocol):
    """A connection to one service URL of the Bot Connector."""

    def send(self, conversation_id: str, card: Mapping[str, Any], *, reply_to: str) -> str:
        """Posts a card into a conversation."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...


class ConnectorReplies(Struct, frozen=True):
    """Posts answers to the service URL of a question, which was verified before."""

    connect: Callable[[str], Connection]

    def reply(self, activity: Activity, card: Mapping[str, Any]) -> None:
        """Posts a card in the conversation of the activity."""
        connector = self.connect(activity.service_url)
        try:
            with time_limit(_SECONDS):
                connector.send(activity.conversation.id, card, reply_to=activity.reply_to)
        finally:
            connector.close()
