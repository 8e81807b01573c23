"""Activities, which Teams sends when somebody writes to the bot or installs it: the fields used, checked."""

from collections.abc import Collection
from typing import Any

import msgspec

_CHANNEL = "channel"
_CARD_ACTION = "adaptiveCard/action"
"""The name of the call that a button makes ("Universal Action Model")."""
_LONGEST_ID = 200
_OF_ONE_TEAM = frozenset({"standard", "private"})
"""Kinds of channels that no other organisation reads (`ChannelTypes` of Microsoft's Agents SDK)."""


class MalformedActivityError(ValueError):
    """The body is no activity; the error's text quotes nothing of it."""


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
    id: str | None = None
    type: str | None = None


class _ChannelData(msgspec.Struct, frozen=True):
    tenant: _Tenant | None = None
    channel: _Channel | None = None


class Activity(msgspec.Struct, frozen=True, rename="camel"):
    """One activity, with Microsoft's field names; fields that are not listed here are ignored."""

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
    name: str | None = None
    value: Any = None

    @property
    def key(self) -> tuple[str, str]:
        """A key that no other activity has, to recognise one that is sent again."""
        return self.conversation.id, self.id

    @property
    def tenants(self) -> set[str]:
        """The tenant ids that it names; more than one means that something is wrong."""
        of_channel = self.channel_data.tenant if self.channel_data else None
        told = (of_channel.id if of_channel else None), self.conversation.tenant_id
        return {each.lower() for each in told if each}

    @property
    def asker(self) -> str:
        """The Entra object id of its author; "" when Teams does not tell."""
        return (self.sender.aad_object_id or "").lower()

    def is_private(self, named: Collection[str]) -> bool:
        """Whether only its author may see the answer, which goes to the conversation it was asked in.

        That is anywhere but in a channel that the settings name, or that Teams says is of one team alone; a
        kind that is new to us, or missing, may be one that others read.

        Args:
            named: the ids of the channels in the settings, as `spelled` writes them.
        """
        place = spelled(self.conversation.id.partition(";")[0])
        channel = (self.channel_data.channel if self.channel_data else None) or _Channel()
        # What Teams tells of another channel tells nothing of this one.
        is_channel = spelled(self.conversation.conversation_type) == _CHANNEL and (
            channel.id is None or spelled(channel.id) == place
        )
        return not is_channel or (place not in named and spelled(channel.type) not in _OF_ONE_TEAM)

    @property
    def is_message(self) -> bool:
        """Whether it is a message that somebody wrote."""
        return self.type == "message"

    @property
    def is_invoke(self) -> bool:
        """Whether its caller waits for an answer in the response, to show it where a button was pressed."""
        return self.type == "invoke"

    def pressed(self, verb: str) -> str | None:
        """The request whose button of this verb was pressed; None for what is no press of it.

        What it names is only a claim of whoever wrote the body. The person is `asker`, never one named in it.
        """
        value = self.value if isinstance(self.value, dict) else {}
        if self.is_invoke:
            action = value.get("action") if self.name == _CARD_ACTION else None
            told = action if isinstance(action, dict) else {}
            data = told.get("data")
        else:
            told = data = value if self.is_message else {}
        request_id = data.get("request") if isinstance(data, dict) else None
        is_ours = told.get("verb") == verb and isinstance(request_id, str)
        return request_id if is_ours and 0 < len(str(request_id)) <= _LONGEST_ID else None

    @property
    def is_welcome(self) -> bool:
        """Whether the bot itself was just installed here; Teams has two types of activities for that."""
        if self.type == "installationUpdate":
            return self.action == "add"
        added = [each.id for each in self.members_added or ()]
        return (
            self.type == "conversationUpdate" and self.recipient.id is not None and self.recipient.id in added
        )

    @property
    def reply_to(self) -> str:
        """The id of the message to reply to; "" when the answer is to begin a thread of its own."""
        return self.id if self.is_message else ""

    @property
    def own_mentions(self) -> list[str]:
        """The mentions of the bot, as they stand in the text: `<at>MAA Notify</at>`."""
        return [
            entity["text"]
            for entity in self.entities or ()
            if entity.get("type") == "mention"
            and isinstance(entity.get("text"), str)
            and isinstance(entity.get("mentioned"), dict)
            and self.recipient.id is not None
            and entity["mentioned"].get("id") == self.recipient.id
        ]


def spelled(text: str | None) -> str:
    """An id or a word in one spelling, so that case and blanks around it decide nothing; "" for none."""
    return (text or "").strip().casefold()


_DECODER = msgspec.json.Decoder(Activity)


def parse_activity(body: bytes) -> Activity:
    """The activity in the body of a call.

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
