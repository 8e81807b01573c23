"""The Bot Connector, with which a bot posts to Teams: the few calls that are needed, in plain REST.

A bot can do what a webhook cannot: it is told where a card stands, changes it there, answers in its thread
and chats with one person. It only calls out: nothing listens for Teams here. The calls are those of the
reference "Bot Connector REST API" and of "Send proactive messages" in the Teams documentation.

No error holds an address, a token, an id of Teams or a person.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote, unquote

from msgspec import Struct

from maa_notify.delivery.sender import Card
from maa_notify.domain.notification import CardLocation
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
    GraphError,
    GraphUnavailable,
    RecipientUnreachable,
)
from maa_notify.identity.secret import Secret
from maa_notify.net.client import HttpClient, HttpResponse, Limits, NoResponseError
from maa_notify.net.deadline import time_left, time_limit
from maa_notify.teams.connector_faults import Fault, fault_of

SCOPE = "https://api.botframework.com/.default"
"""What a bot's token is for."""

_CARD_TYPE = "application/vnd.microsoft.card.adaptive"
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "maa-notify"}
_LIMITS = Limits(
    seconds=300.0,  # whoever calls says when it has to be over, with `time_limit`
    max_bytes=1024 * 1024,  # the list of a team's channels, of which there can be a thousand
)
_PROBE_SECONDS = 5.0
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:@._;=+/|-]{0,299}")  # never "..", which would change a path
_MESSAGE_ID = re.compile(r"[A-Za-z0-9:._=+-]{1,200}")  # that of a channel or a thread has more signs
_THREAD = ";messageid="
_CONVERSATIONS = "/v3/conversations"
_PLACE = re.compile(r"(?:;messageid=|/activities/)([^/?#;&]+)", re.IGNORECASE)
_BY_A_GATEWAY = frozenset({502, 504})
"""What stands behind it may have taken the card all the same."""
_IDENTITY = (
    "check that MAA_BOT_CLIENT_ID is the app id of the Azure Bot resource, that its tenant is right, and that"
    " its channel for Teams is on"
)
_SIGN_IN_BUSY = "the bot cannot sign in: the sign-in service is busy or out of reach"
_ADVICE = {
    Fault.TOKEN: f": it takes no token of this bot: {_IDENTITY}",
    Fault.SETTINGS: (
        ": it does not know the ids that it is given: check MAA_BOT_CLIENT_ID, MAA_TENANT_ID, and the channel"
        " id and service URL of the destination"
    ),
    Fault.OTHER_SERVICE: (
        " with a web page, which the Bot Connector never does: a proxy, a firewall or a sign-in page of the"
        " network stands in its place, or the service URL is wrong; the card is kept"
    ),
}


class TokenLike(Protocol):
    """An access token."""

    @property
    def value(self) -> Secret:
        """The token itself."""
        ...


class TokenSourceLike(Protocol):
    """A source of the bot's tokens."""

    def token(self, scope: str, /) -> TokenLike:
        """A token for a scope.

        Raises:
            GraphError: the sign-in failed.
        """
        ...

    def invalidate(self) -> None:
        """Drops cached tokens."""
        ...


class Gone(DestinationRefused):
    """The card, the thread or the channel does not exist, and the service says so."""

    def __init__(self) -> None:
        super().__init__(
            "the Bot Connector answered 404: the channel is not there: copy its id anew, 'doctor' lists them"
        )


class Lost(DestinationUnavailable):
    """A 404 that gives no reason, as a gateway's, or the service's own while it is in trouble."""

    def __init__(self) -> None:
        super().__init__(
            "the Bot Connector answered 404 without a reason: it may pass; if it does not, check the"
            " service URL in the settings"
        )


class BotForbidden(DestinationRefused):
    """The bot may not post in this conversation.

    `is_certain` says that the app is missing there, or blocked. Else the reason is not known, and may as well
    be what the bot is allowed to do, or a gateway.
    """

    def __init__(self, *, is_certain: bool = True) -> None:
        self.is_certain = is_certain
        super().__init__(
            "the Bot Connector answered 403: install the bot's app in the team of this channel,"
            " and see whether the Teams admin centre blocks it"
        )


_TYPES: Mapping[Fault, Callable[[], DeliveryError]] = {
    Fault.LOST: Lost,
    Fault.GONE: Gone,
    Fault.BARRED: BotForbidden,
    Fault.FORBIDDEN: lambda: BotForbidden(is_certain=False),
}


class Channel(Struct, frozen=True):
    """A channel of a team; its name is foreign text."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One request; `shows`: a repeat of it would post a second card; `opens`: it opens a chat."""

    method: str
    path: str = field(repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    shows: bool = False
    opens: bool = False


class Connector:
    """The Bot Connector, for one bot in one tenant."""

    def __init__(  # noqa: PLR0913 - a bot is known by all of these
        self,
        service_url: str,
        bot_id: str,
        tenant_id: str,
        tokens: TokenSourceLike,
        *,
        scope: str = SCOPE,
        limits: Limits = _LIMITS,
    ) -> None:
        """`bot_id` is the app id of the Azure Bot resource; nothing is sent yet, nor ever to another host."""
        self._base = service_url.rstrip("/")
        self._bot_id = bot_id
        self._tenant_id = tenant_id
        self._tokens = tokens
        self._scope = scope
        self._limits = limits
        self._client = HttpClient(service_url)

    def create(self, channel_id: str, card: Card, summary: str = "") -> CardLocation | None:
        """Begins a thread in a channel; returns where the card is, None when the response does not tell.

        Raises:
            Gone: there is no such channel.
            Lost: perhaps there is none.
            BotForbidden: the app is not in its team, or may not post there.
        """
        body = {
            "isGroup": True,
            "channelData": {"channel": {"id": channel_id}},
            "activity": _activity(card, summary),
        }
        card_id = _message_id(self._ask(_Call("POST", _CONVERSATIONS, body, shows=True)), channel_id)
        return CardLocation(f"{channel_id}{_THREAD}{card_id}", card_id) if card_id else None

    def update(self, location: CardLocation, card: Card, summary: str = "") -> None:
        """Replaces a card by another one; it may be repeated.

        Raises:
            Gone: no card is there any more.
            Lost: perhaps none is there any more.
        """
        path = f"{_activities(channel_of(location))}/{quote(location.activity_id, safe='')}"
        self._ask(_Call("PUT", path, _activity(card, summary)))

    def send(self, conversation_id: str, card: Card, summary: str = "", reply_to: str = "") -> str:
        """Posts into a thread or a chat, or as a reply there; returns the new id, "" if none is told.

        Raises:
            Gone: there is no such conversation.
            Lost: perhaps there is none.
            BotForbidden: the bot is not in it, or may not post there.
        """
        path, body = _activities(conversation_id), _activity(card, summary)
        if reply_to:
            path, body = f"{path}/{quote(reply_to, safe='')}", {**body, "replyToId": reply_to}
        return _message_id(self._ask(_Call("POST", path, body, shows=True)), conversation_id)

    def open_chat(self, object_id: str) -> str:
        """The id of the chat with the person of this Entra object id; opens it if there is none.

        Raises:
            RecipientUnreachable: there is nobody of this id.
            Gone: Teams has no conversation with them.
            BotForbidden: the app is not installed for this person, or they may not use it.
        """
        body = {
            "isGroup": False,
            "bot": {"id": f"28:{self._bot_id}"},
            "members": [{"id": object_id}],
            "tenantId": self._tenant_id,
            "channelData": {"tenant": {"id": self._tenant_id}},
        }
        response = self._ask(_Call("POST", _CONVERSATIONS, body, opens=True))
        chat = _id_in(_content(response), "id") or _id_in(_content(response), "conversationId")
        if not chat:
            raise _senseless()
        return chat

    def channels(self, team_id: str) -> list[Channel]:
        """The channels of a team in which the app is installed; General has no name of its own."""
        response = self._ask(_Call("GET", f"/v3/teams/{quote(team_id, safe='')}/conversations"))
        listed = _content(response).get("conversations")
        if not isinstance(listed, list):
            raise _senseless()
        found = [each for each in listed if isinstance(each, dict) and _id_in(each, "id")]
        return [Channel(each["id"], str(each.get("name") or "General")) for each in found]

    def answers(self) -> bool:
        """Whether the service answers at all; asks without a token for nothing in particular."""
        try:
            with time_limit(_PROBE_SECONDS):
                response = self._client.request(
                    "GET", f"{self._base}{_CONVERSATIONS}", headers={}, limits=self._limits
                )
        except NoResponseError:
            return False
        return response.status < HTTPStatus.INTERNAL_SERVER_ERROR

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        self._client.close()

    def _ask(self, call: _Call) -> HttpResponse:
        """The response to a call; a refused token is renewed once."""
        response = self._request(call)
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._renew_token()
            response = self._request(call)
        if not _is_taken(response):
            raise _refusal(response, call)
        return response

    def _request(self, call: _Call) -> HttpResponse:
        headers = {**_HEADERS, "Authorization": f"Bearer {self._token().reveal()}"}
        if not time_left():
            raise DestinationUnavailable("the calls to the Bot Connector took too long together")
        try:
            return self._client.request(
                call.method,
                f"{self._base}{call.path}",
                headers=headers,
                content=None if call.body is None else _bytes(call.body),
                limits=self._limits,
            )
        except NoResponseError as error:
            if error.before_sending and time_left():
                raise DestinationRefused(f"the Bot Connector cannot be reached: {error}") from None
            in_doubt = call.shows and not error.before_sending
            raise DestinationUnavailable(f"the Bot Connector: {error}", in_doubt=in_doubt) from None

    def _renew_token(self) -> None:
        try:
            self._tokens.invalidate()
        except GraphUnavailable:  # another thread signs in, for longer than this post may take
            raise DestinationUnavailable(_SIGN_IN_BUSY) from None

    def _token(self) -> Secret:
        try:
            return self._tokens.token(self._scope).value
        except GraphUnavailable as error:
            raise DestinationUnavailable(_SIGN_IN_BUSY, error.retry_after) from None
        except GraphError as error:
            raise DestinationRefused(f"the bot cannot sign in: {error}; {_IDENTITY}") from None


def channel_of(location: CardLocation) -> str:
    """The id of the channel that a card is in."""
    return _channel_in(location.conversation_id)


def _channel_in(conversation_id: str) -> str:
    return conversation_id.partition(_THREAD)[0]


def _activity(card: Card, summary: str) -> dict[str, Any]:
    """An activity with one card; the summary is what Teams' notification shows of it."""
    attachment = {"contentType": _CARD_TYPE, "content": card}
    return {"type": "message", **({"summary": summary} if summary else {}), "attachments": [attachment]}


def _activities(conversation_id: str) -> str:
    return f"/v3/conversations/{quote(conversation_id, safe='')}/activities"


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _is_taken(response: HttpResponse) -> bool:
    """Whether the service took a call: any success, unless it comes with a page of somebody else.

    Nobody but the service answers 201.
    """
    is_success = HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES
    return is_success and (response.status == HTTPStatus.CREATED or not response.is_web_page)


def _refusal(response: HttpResponse, call: _Call) -> DeliveryError:
    status = response.status
    who = f"the Bot Connector answered {status}"
    fault = fault_of(response, creates=call.path == _CONVERSATIONS)
    if fault is Fault.NOT_NOW:
        in_doubt = call.shows and status in _BY_A_GATEWAY
        return DestinationUnavailable(who, response.retry_after, in_doubt=in_doubt)
    if fault in _TYPES:
        return _TYPES[fault]()
    if fault is Fault.NOBODY and call.opens:
        return RecipientUnreachable("Teams knows no such person")
    if fault in {Fault.NOBODY, Fault.CARD} and not call.opens:
        return CardRefused(f"{who}: it does not take this card")
    if fault is Fault.CARD:  # without a card in the call
        fault = Fault.SETTINGS
    advice = _ADVICE.get(fault, ": this is no Bot Connector: check its service URL in the settings")
    return DestinationRefused(f"{who}{advice}")


def _content(response: HttpResponse) -> dict[str, Any]:
    return response.json_object() or {}


def _id_in(content: Mapping[str, Any], key: str) -> str:
    """An id in a response if it can be kept and shown, else ""."""
    found = content.get(key)
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def _message_id(response: HttpResponse, conversation_id: str) -> str:
    """The id of a new message, from whichever part of the response has it; "" when none has.

    `id` is that of the message, or for a new thread that of its conversation, which ends in the message's.
    """
    content = _fields(_content(response))
    if content.get("activityid"):
        return _id_in(content, "activityid")
    told = [str(content.get("id") or ""), response.headers.get("location", "")]
    for found in (_PLACE.search(unquote(each)) for each in told):
        if found and _ID.fullmatch(found[1]):
            return found[1]
    message_id = _id_in(content, "id") or _id_in(content, "messageid")
    is_conversation = message_id == conversation_id or not _MESSAGE_ID.fullmatch(message_id)
    return "" if is_conversation else message_id


def _fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an object and of those right in it, by names in small letters; outer ones first."""
    parts = [content, *(each for each in content.values() if isinstance(each, dict))]
    return {str(key).casefold(): value for part in reversed(parts) for key, value in part.items()}


def _senseless() -> DestinationUnavailable:
    return DestinationUnavailable("the Bot Connector's answer makes no sense")
