"""What Teams sends when somebody writes to the bot, or installs it: the few fields that are used, checked."""

from typing import Any

import msgspec

_CHANNEL = "channel"
_SHARED = "shared"


class MalformedActivityError(ValueError):
    """The body is not what Teams sends; the text holds nothing of it."""


class _Tenant(msgspec.Struct, frozen=True):
    id: str | None = None


class _Account(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    aad_object_id: str | None = None


class _Conversation(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    conversation_type: str | None = None
    tenant_id: str | None = None


class _Channel(msgspec.Struct, frozen=True):
    type: str | None = None


class _ChannelData(msgspec.Struct, frozen=True):
    tenant: _Tenant | None = None
    channel: _Channel | None = None


class Activity(msgspec.Struct, frozen=True, rename="camel"):
    """One activity, in Microsoft's own names; what is not listed here is passed over."""

    type: str
    id: str
    channel_id: str
    service_url: str
    conversation: _Conversation
    recipient: _Account = _Account()
    sender: _Account = msgspec.field(name="from", default=_Account())
    channel_data: _ChannelData | None = None
    text: str | None = None
    entities: list[dict[str, Any]] | None = None
    members_added: list[_Account] | None = None
    action: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other activity."""
        return self.conversation.id, self.id

    @property
    def tenants(self) -> set[str]:
        """The tenants it says it comes from: one, unless something is wrong."""
        of_channel = self.channel_data.tenant if self.channel_data else None
        told = (of_channel.id if of_channel else None), self.conversation.tenant_id
        return {each.lower() for each in told if each}

    @property
    def asker(self) -> str:
        """The Entra object id of who wrote it; "" when Teams does not tell."""
        return (self.sender.aad_object_id or "").lower()

    @property
    def is_private(self) -> bool:
        """Whether it was written anywhere but in a channel of the tenant alone, where a team may be told.

        A channel that is shared with other organisations is none, if Teams says that it is shared.
        """
        channel = self.channel_data.channel if self.channel_data else None
        is_shared = channel is not None and channel.type == _SHARED
        return self.conversation.conversation_type != _CHANNEL or is_shared

    @property
    def is_message(self) -> bool:
        """Whether somebody wrote something."""
        return self.type == "message"

    @property
    def is_welcome(self) -> bool:
        """Whether the bot itself was just installed here; Teams tells it in two ways."""
        if self.type == "installationUpdate":
            return self.action == "add"
        added = [each.id for each in self.members_added or ()]
        return (
            self.type == "conversationUpdate" and self.recipient.id is not None and self.recipient.id in added
        )

    @property
    def reply_to(self) -> str:
        """The message to answer; "" where there is none and an answer begins a thread of its own."""
        return self.id if self.is_message else ""

    @property
    def own_mentions(self) -> list[str]:
        """How the text addresses the bot, as it stands there: `<at>MAA Notify</at>`."""
        return [
            entity["text"]
            for entity in self.entities or ()
            if entity.get("type") == "mention"
            and isinstance(entity.get("text"), str)
            and isinstance(entity.get("mentioned"), dict)
            and self.recipient.id is not None
            and entity["mentioned"].get("id") == self.recipient.id
        ]


_DECODER = msgspec.json.Decoder(Activity)


def parse_activity(body: bytes) -> Activity:
    """Reads the body of a call.

    Raises:
        MalformedActivityError: it is no activity, or one without what every activity has.
    """
    try:
        activity = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise MalformedActivityError("not an activity") from None
    if not activity.id or not activity.conversation.id:
        raise MalformedActivityError("an activity without an id")
    return activity
