"""The messages in the queue: which tenant is to be polled, and when that was asked for."""

import json
from datetime import UTC, datetime

from msgspec import Struct

QUEUE = "maa-polls"
POISON_QUEUE = f"{QUEUE}-poison"
"""Where the Functions host puts a message whose run failed five times ("Azure Queue storage trigger")."""


class UnreadablePollMessageError(Exception):
    """A message of another program; its text is not repeated."""


class PollMessage(Struct, frozen=True):
    """A message that asks for a poll.

    Attributes:
        tenant_id: whose.
        at: when it was asked for (UTC). A poll that begins later answers it, whoever that one was meant for.
    """

    tenant_id: str
    at: datetime

    def as_text(self) -> str:
        """The message as a text for the queue."""
        return json.dumps({"tenant": self.tenant_id, "at": self.at.isoformat()})


def read_message(text: str) -> PollMessage:
    """The message in a text from the queue.

    Raises:
        UnreadablePollMessageError: it is none.
    """
    try:
        found = json.loads(text)
        tenant_id, at = found["tenant"], datetime.fromisoformat(found["at"])
        moment = at.astimezone(UTC)  # beyond the calendar for a time at its edge, in another zone
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise UnreadablePollMessageError(f"a message in the queue {QUEUE} is none of maa-notify") from None
    if not isinstance(tenant_id, str) or at.tzinfo is None:
        raise UnreadablePollMessageError(f"a message in the queue {QUEUE} is none of maa-notify")
    return PollMessage(tenant_id, moment)
