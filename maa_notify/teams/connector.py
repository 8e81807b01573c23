"""The Bot Connector, with which a bot posts to Teams: the few calls that are needed, in plain REST.

A bot can do what a webhook cannot: it is told where a card stands, changes it there, answers in its thread
and chats with one person. It only calls out: nothing listens for Teams here. The calls are those of the
reference "Bot Connector REST API" and of "Send proactive messages" in the Teams documentation.

No error holds an address, a token, an id of Teams or a person.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

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

SCOPE = "https://api.botframework.com/.default"
"""What a bot's token is for."""

_CARD_TYPE = "application/vnd.microsoft.card.adaptive"
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "maa-notify"}
_LIMITS = Limits(max_bytes=1024 * 1024)  # the list of a team's channels, of which there can be a thousand
_PROBE = Limits(seconds=5.0)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:@._;=+/|-]{0,299}")  # never "..", which would change a path
_THREAD = ";messageid="
_TAKEN = frozenset({200, 201, 202})
_NOT_NOW = frozenset({408, 412, 425, 429})
_BY_A_GATEWAY = frozenset({502, 504})
"""What stands behind it may have taken the card all the same."""
_CARD_REFUSED = frozenset({400, 413, 422})
_IDENTITY = (
    "check that MAA_BOT_CLIENT_ID is the app id of the Azure Bot resource, and that its tenant is right"
)


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
    """The card, the thread or the channel does not exist."""

    def __init__(self) -> None:
        super().__init__(
            "the Bot Connector answered 404: the channel is not there: copy its id anew, 'doctor' lists them"
        )


class BotForbidden(DestinationRefused):
    """The bot may not post in this conversation.

    The service has many codes for it and at times none, so the status alone counts.
    """

    def __init__(self) -> None:
        super().__init__(
            "the Bot Connector answered 403: install the bot's app in the team of this channel,"
            " and see whether the Teams admin centre blocks it"
        )


class Channel(Struct, frozen=True):
    """A channel of a team; its name is foreign text."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One request; `shows` says that a repeat of it would post a second card."""

    method: str
    path: str = field(repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    shows: bool = False


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
        """Begins a thread in a channel; returns where the card is, None when the response does not tell."""
        body = {
            "isGroup": True,
            "channelData": {"channel": {"id": channel_id}},
            "activity": _activity(card, summary),
        }
        response = self._ask(_Call("POST", "/v3/conversations", body, shows=True))
        card_id = _id_in(_content(response), "activityId")
        return CardLocation(f"{channel_id}{_THREAD}{card_id}", card_id) if card_id else None

    def update(self, location: CardLocation, card: Card, summary: str = "") -> None:
        """Replaces a card by another one; it may be repeated.

        Raises:
            Gone: no card is there any more.
        """
        path = f"{_activities(channel_of(location))}/{quote(location.activity_id, safe='')}"
        self._ask(_Call("PUT", path, _activity(card, summary)))

    def send(self, conversation_id: str, card: Card, summary: str = "", reply_to: str = "") -> str:
        """Posts into a thread or a chat, or as a reply there; returns the new id, "" if none is told.

        Raises:
            Gone: there is no such conversation.
            BotForbidden: the bot is not in it, or may not post there.
        """
        path, body = _activities(conversation_id), _activity(card, summary)
        if reply_to:
            path, body = f"{path}/{quote(reply_to, safe='')}", {**body, "replyToId": reply_to}
        return _id_in(_content(self._ask(_Call("POST", path, body, shows=True))), "id")

    def open_chat(self, object_id: str) -> str:
        """The id of the chat with the person of this Entra object id; opens it if there is none.

        Raises:
            RecipientUnreachable: there is nobody of this id.
            BotForbidden: the app is not installed for this person, or they may not use it.
        """
        body = {
            "isGroup": False,
            "bot": {"id": f"28:{self._bot_id}"},
            "members": [{"id": object_id}],
            "tenantId": self._tenant_id,
            "channelData": {"tenant": {"id": self._tenant_id}},
        }
        try:
            response = self._ask(_Call("POST", "/v3/conversations", body))
        except (CardRefused, Gone):
            raise RecipientUnreachable("Teams opens no chat with this person") from None
        chat = _id_in(_content(response), "id")
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
            response = self._client.request(
                "GET", f"{self._base}/v3/conversations", headers={}, limits=_PROBE
            )
        except NoResponseError:
            return False
        return response.status < HTTPStatus.INTERNAL_SERVER_ERROR and response.status not in _NOT_NOW

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        self._client.close()

    def _ask(self, call: _Call) -> HttpResponse:
        """The response to a call; a refused token is renewed once."""
        response = self._request(call)
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.invalidate()
            response = self._request(call)
        if response.status not in _TAKEN:
            raise _refusal(response, shows=call.shows)
        return response

    def _request(self, call: _Call) -> HttpResponse:
        headers = {**_HEADERS, "Authorization": f"Bearer {self._token().reveal()}"}
        try:
            return self._client.request(
                call.method,
                f"{self._base}{call.path}",
                headers=headers,
                content=None if call.body is None else _bytes(call.body),
                limits=self._limits,
            )
        except NoResponseError as error:
            if error.before_sending:
                raise DestinationRefused(f"the Bot Connector cannot be reached: {error}") from None
            raise DestinationUnavailable(f"the Bot Connector: {error}", in_doubt=call.shows) from None

    def _token(self) -> Secret:
        try:
            return self._tokens.token(self._scope).value
        except GraphUnavailable as error:
            reason = "the bot cannot sign in: the sign-in service is busy or out of reach"
            raise DestinationUnavailable(reason, error.retry_after) from None
        except GraphError as error:
            raise DestinationRefused(f"the bot cannot sign in: {error}; {_IDENTITY}") from None


def channel_of(location: CardLocation) -> str:
    """The id of the channel that a card is in."""
    return location.conversation_id.partition(_THREAD)[0]


def _activity(card: Card, summary: str) -> dict[str, Any]:
    """An activity with one card; the summary is what Teams' notification shows of it."""
    attachment = {"contentType": _CARD_TYPE, "content": card}
    return {"type": "message", **({"summary": summary} if summary else {}), "attachments": [attachment]}


def _activities(conversation_id: str) -> str:
    return f"/v3/conversations/{quote(conversation_id, safe='')}/activities"


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _refusal(response: HttpResponse, *, shows: bool) -> DeliveryError:
    status = response.status
    who = f"the Bot Connector answered {status}"
    if status in _CARD_REFUSED:
        return CardRefused(f"{who}: it does not take this card")
    if status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return DestinationUnavailable(who, response.retry_after, in_doubt=shows and status in _BY_A_GATEWAY)
    if status == HTTPStatus.NOT_FOUND:
        return Gone()
    if status == HTTPStatus.FORBIDDEN:
        return BotForbidden()
    if status == HTTPStatus.UNAUTHORIZED:
        return DestinationRefused(f"{who}: it takes no token of this bot: {_IDENTITY}")
    return DestinationRefused(f"{who}: this is no Bot Connector: check its service URL in the settings")


def _content(response: HttpResponse) -> dict[str, Any]:
    return response.json_object() or {}


def _id_in(content: Mapping[str, Any], key: str) -> str:
    """An id in a response if it can be kept and shown, else ""."""
    found = content.get(key)
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def _senseless() -> DestinationUnavailable:
    return DestinationUnavailable("the Bot Connector's answer makes no sense")
