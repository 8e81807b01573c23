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
from functools import partial
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
from maa_notify.teams.connector_faults import Fault, Step, fault_of
from maa_notify.teams.reasons import may_have_arrived

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
_NO_LETTER = re.compile("[^a-z]+")
_INNER = frozenset(
    {
        "activity",
        "body",
        "channeldata",
        "data",
        "message",
        "resource",
        "resourceresponse",
        "response",
        "result",
    }
    | {"value"}
)
"""Names of objects in an answer that tell of the message; others tell of the bot, a user or the tenant."""
_SHORTEST_NUMBER = 10
"""Digits of an id that is a number: Teams' are milliseconds since 1970."""
_SHOWING = frozenset({Step.CREATE, Step.SEND})
"""What a second call would show a second time."""
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
            "the Bot Connector answered 404: there is no such channel. Copy its id again; 'doctor' lists them"
        )


class Lost(DestinationUnavailable):
    """A 404 or 410 without a reason, as a gateway's, or the service's own while it is in trouble."""

    def __init__(self, status: int = 404) -> None:
        super().__init__(
            f"the Bot Connector answered {status} without a reason: it may pass; if it does not, check the"
            " service URL in the settings"
        )


class BotForbidden(DestinationRefused):
    """The bot may not post in this conversation.

    `fault` says why: the app is missing there or blocked (`BARRED`), the bot itself or a gateway is to blame
    (`RIGHTS`), or nobody knows (`FORBIDDEN`).
    """

    def __init__(self, fault: Fault = Fault.BARRED) -> None:
        self.fault = fault
        super().__init__(
            "the Bot Connector answered 403: install the bot's app in the team of this channel,"
            " and see whether the Teams admin centre blocks it"
        )


_TYPES: Mapping[Fault, Callable[[], DeliveryError]] = {
    Fault.GONE: Gone,
    **{fault: partial(BotForbidden, fault) for fault in (Fault.BARRED, Fault.RIGHTS, Fault.FORBIDDEN)},
}


class Channel(Struct, frozen=True):
    """A channel of a team; its name is foreign text."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One request."""

    step: Step
    method: str
    path: str = field(repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def shows(self) -> bool:
        """Whether a repeat of it would show something a second time."""
        return self.step in _SHOWING

    @property
    def changes(self) -> bool:
        """Whether it changes what stands there; a repeat of it shows nothing new."""
        return self.step is Step.CHANGE


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
        card_id = _message_id(self._ask(_Call(Step.CREATE, "POST", _CONVERSATIONS, body)), channel_id)
        return CardLocation(f"{channel_id}{_THREAD}{card_id}", card_id) if card_id else None

    def update(self, location: CardLocation, card: Card, summary: str = "") -> None:
        """Replaces a card by another one; it may be repeated.

        Raises:
            Gone: no card is there any more.
            Lost: perhaps none is there any more.
        """
        path = f"{_activities(channel_of(location))}/{quote(location.activity_id, safe='')}"
        self._ask(_Call(Step.CHANGE, "PUT", path, _activity(card, summary)))

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
        return _message_id(self._ask(_Call(Step.SEND, "POST", path, body)), conversation_id)

    def open_chat(self, object_id: str) -> str:
        """The id of the chat with the person of this Entra object id; opens it if there is none.

        Raises:
            RecipientUnreachable: there is nobody of this id.
            Lost: it answers 404, and does not say that it is about this person.
            BotForbidden: the app is not installed for this person, or they may not use it.
        """
        body = {
            "isGroup": False,
            "bot": {"id": f"28:{self._bot_id}"},
            "members": [{"id": object_id}],
            "tenantId": self._tenant_id,
            "channelData": {"tenant": {"id": self._tenant_id}},
        }
        response = self._ask(_Call(Step.OPEN, "POST", _CONVERSATIONS, body))
        chat = _id_in(_content(response), "id") or _id_in(_content(response), "conversationId")
        if not chat:
            raise _senseless()
        return chat

    def channels(self, team_id: str) -> list[Channel]:
        """The channels of a team in which the app is installed; General has no name of its own."""
        response = self._ask(_Call(Step.LIST, "GET", f"/v3/teams/{quote(team_id, safe='')}/conversations"))
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
            is_sent = not error.before_sending
            raise DestinationUnavailable(
                f"the Bot Connector: {error}",
                in_doubt=call.shows and is_sent,
                may_show=call.changes and is_sent,
            ) from None

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
    fault = fault_of(response, call.step)
    if fault is Fault.NOT_NOW:
        is_done = may_have_arrived(status)
        return DestinationUnavailable(
            who,
            response.retry_after,
            in_doubt=call.shows and is_done,
            is_limit=status == HTTPStatus.TOO_MANY_REQUESTS,
            may_show=call.changes and is_done,
        )
    if fault is Fault.LOST:
        return Lost(status)
    if fault in _TYPES:
        return _TYPES[fault]()
    if fault is Fault.NOBODY:
        return RecipientUnreachable("Teams knows no such person")
    if fault is Fault.CARD and call.step not in {Step.OPEN, Step.LIST}:
        return CardRefused(f"{who}: it does not take this card")
    if fault is Fault.CARD:  # without a card in the call
        fault = Fault.SETTINGS
    advice = _ADVICE.get(fault, ": this is no Bot Connector: check its service URL in the settings")
    return DestinationRefused(f"{who}{advice}")


def _content(response: HttpResponse) -> dict[str, Any]:
    return response.json_object() or {}


def _id_in(content: Mapping[str, Any], key: str) -> str:
    """An id in a response if it can be kept and shown, else ""; a number, too, if it is long enough."""
    found = content.get(key)
    if isinstance(found, int) and len(str(found)) >= _SHORTEST_NUMBER:
        found = str(found)
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def _message_id(response: HttpResponse, conversation_id: str) -> str:
    """The id of a new message, from whichever part of the response has it; "" when none has.

    `id` is that of the message, or for a new thread that of its conversation, which ends in the message's.
    """
    parts = _parts(response.json())
    for part in parts:
        if part.get("activityid"):
            return _id_in(part, "activityid")
    places = [each.get(key) for each in parts for key in ("id", "conversationid")]
    places += [_object(each.get("conversation")).get("id") for each in parts]
    places += [response.headers.get(name) for name in ("location", "content-location")]
    for found in (_PLACE.search(unquote(str(each or ""))) for each in places):
        if found and _ID.fullmatch(found[1]):
            return found[1]
    ids = [_id_in(each, key) for key in ("id", "messageid", "resourceid") for each in parts]
    return next((each for each in ids if _MESSAGE_ID.fullmatch(each) and each != conversation_id), "")


def _parts(content: object) -> list[dict[str, Any]]:
    """The fields of an answer, and of each object in it that tells of the message."""
    outer = _object(content)
    return [outer, *(_object(value) for name, value in outer.items() if name in _INNER)]


def _object(content: object) -> dict[str, Any]:
    """The fields of an object, or of the first in a list, by their names in small letters without signs."""
    if isinstance(content, list):
        content = next(iter(content), None)
    fields = content.items() if isinstance(content, dict) else ()
    return {_NO_LETTER.sub("", str(name).casefold()): value for name, value in fields}


def _senseless() -> DestinationUnavailable:
    return DestinationUnavailable("the Bot Connector's answer makes no sense")
