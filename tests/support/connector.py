"""The Bot Connector of one tenant, on a real socket; channels, threads and chats keep their cards.

A test hands out the address and the tokens, and looks at what stands in the channel::

    with FakeConnector() as service:
        bot = Connector(service.url, service.bot_id, service.tenant_id, service.tokens)
        service.fail_next(reply(429, headers={"Retry-After": "3"}), on="update")
        ...
        assert [post.kind for post in service.posts] == ["create", "update", "reply"]
        assert service.cards_in(GENERAL) == [the card as it stands now]
"""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from maa_notify.demo.channels import CARD_TYPE
from maa_notify.identity.secret import Secret
from tests.support.wire import Fake, HttpResponse, Seen, reply

GENERAL = "19:general@thread.tacv2"
TEAM = GENERAL
"""Teams names a team by its General channel."""
_BASE = "/teams"
_MANY_BYTES = 100_000
_ACTIVITY = re.compile(r"/v3/conversations/([^/]+)/activities(?:/([^/]+))?")
_CHANNELS = re.compile(r"/v3/teams/([^/]+)/conversations")


@dataclass(frozen=True, slots=True)
class Post:
    """One thing that a bot brought about, in the order of its doing."""

    kind: str
    """create, update, reply or chat."""
    where: str
    """The channel, or the object id of the person."""
    card: dict[str, Any]
    summary: str
    activity_id: str


@dataclass(slots=True)
class StoredCard:
    """A message that stands somewhere, with all the cards it has shown."""

    activity_id: str
    where: str
    root: str
    """The message whose thread this is a reply in; empty for one that begins a thread, or is in a chat."""
    versions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FakeToken:
    """A token as the service gave it out."""

    value: Secret


class FakeTokens:
    """A token source that keeps its token until told to forget it."""

    def __init__(self, service: FakeConnector) -> None:
        self._service = service
        self._kept = ""
        self.scopes: list[str] = []
        """What was asked for, each time."""
        self.forgotten = 0

    def token(self, scope: str) -> FakeToken:
        """Return the kept token, or the one that the service takes by now."""
        self.scopes.append(scope)
        self._kept = self._kept or self._service.token
        return FakeToken(Secret(self._kept))

    def invalidate(self) -> None:
        """Drop the kept token."""
        self.forgotten += 1
        self._kept = ""


class FakeConnector(Fake):
    """One tenant's Bot Connector; the channel ``GENERAL`` of ``TEAM`` is there from the start.

    Faults are scripted for all calls, or with ``on`` for those to create, update, reply, chat, open or list.
    """

    def __init__(self) -> None:
        """Open the one channel."""
        super().__init__()
        self.bot_id = "0b07b07b-0000-4000-8000-000000000001"
        self.tenant_id = "7e7e7e7e-0000-4000-8000-000000000002"
        self.token = secrets.token_urlsafe(32)
        """The only bearer token that is taken: it must show up nowhere else."""
        self.tokens = FakeTokens(self)
        self._changed = threading.Condition()
        self._channels: dict[str, tuple[str, str | None]] = {GENERAL: (TEAM, None)}
        self._chats: dict[str, str] = {}
        self._barred: dict[str, str] = {}
        self._cards: dict[str, StoredCard] = {}
        self._posts: list[Post] = []
        self._count = 0

    @property
    def url(self) -> str:
        """The service URL, with a path and a slash at its end as the real one has."""
        return f"{self.origin}{_BASE}/"

    @property
    def posts(self) -> list[Post]:
        """What had an effect, in order; none that was refused."""
        with self._changed:
            return list(self._posts)

    def cards_in(self, channel: str) -> list[dict[str, Any]]:
        """Return the cards that stand in a channel, as they are now; replies are in their threads."""
        return [each.versions[-1] for each in self._in(channel) if not each.root]

    def replies_to(self, activity_id: str) -> list[dict[str, Any]]:
        """Return the cards of a thread after its first."""
        with self._changed:
            return [each.versions[-1] for each in self._cards.values() if each.root == activity_id]

    def versions_of(self, activity_id: str) -> list[dict[str, Any]]:
        """Return all that a message has shown, the first card first."""
        with self._changed:
            return list(self._cards[activity_id].versions)

    def chat_with(self, object_id: str) -> list[dict[str, Any]]:
        """Return the cards in the chat with a person."""
        return [each.versions[-1] for each in self._in(object_id)]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Post]:
        """Return the posts as soon as there are that many; fail when time runs out."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._posts) >= count, timeout):
                message = f"{len(self._posts)} of {count} posts arrived within {timeout} s"
                raise AssertionError(message)
        return self.posts

    def add_channel(self, channel: str, name: str | None = None, team: str = TEAM) -> None:
        """Open a channel; one without a name is the first of its team."""
        with self._changed:
            self._channels[channel] = (team, name)

    def remove_channel(self, channel: str) -> None:
        """Delete a channel with all that stands in it."""
        with self._changed:
            del self._channels[channel]
            self._cards = {key: each for key, each in self._cards.items() if each.where != channel}

    def remove_card(self, activity_id: str) -> None:
        """Delete one message with its thread, as the owner of a team can."""
        with self._changed:
            self._cards = {
                key: each for key, each in self._cards.items() if activity_id not in {key, each.root}
            }

    def end_chat(self, object_id: str) -> None:
        """Make the id of a person's chat worthless; the next to be opened has another."""
        with self._changed:
            self._chats.pop(object_id)

    def bar(self, where: str, code: str) -> None:
        """Answer 403 with this code to posts to a channel or a person, and to the opening of a chat."""
        with self._changed:
            self._barred[where] = code

    def unbar(self, where: str) -> None:
        """Take posts to a channel or a person again."""
        with self._changed:
            del self._barred[where]

    def renew_token(self) -> None:
        """Take a new token only; whoever keeps the old one is refused."""
        with self._changed:
            self.token = secrets.token_urlsafe(32)

    def _in(self, where: str) -> list[StoredCard]:
        with self._changed:
            return [each for each in self._cards.values() if each.where == where]

    def _serve(self, seen: Seen) -> HttpResponse:
        """Answer one call as the service would."""
        with self._changed:
            kind = self._kind(seen)
            answer = no_get() if kind == "probe" else self._decision(seen, kind)
            self._changed.notify_all()
            return answer

    def _kind(self, seen: Seen) -> str:
        """Return what a call is for."""
        path = seen.path.removeprefix(_BASE)
        if _CHANNELS.fullmatch(path):
            return "list"
        if seen.method == "GET":
            return "probe"
        if path == "/v3/conversations":
            return "create" if seen.json().get("isGroup") else "open"
        if seen.method == "PUT":
            return "update"
        activity = _ACTIVITY.fullmatch(path)
        conversation = unquote(activity[1]) if activity else ""
        if conversation in self._chats.values():
            return "chat"
        return "reply" if ";messageid=" in conversation else "create"

    def _decision(self, seen: Seen, kind: str) -> HttpResponse:
        """Judge a call: who sends it, what is in it, then where it goes."""
        if seen.headers.get("authorization") != f"Bearer {self.token}":
            return reply(401, json={"message": "Authorization has been denied for this request."})
        if len(seen.body) > _MANY_BYTES:
            return connector_error(413, "MessageSizeTooBig")
        if kind == "list":
            return self._list(seen)
        if kind == "open":
            return self._open(seen.json())
        if not seen.path.startswith(f"{_BASE}/v3/"):
            return connector_error(404, "NotFound")
        return self._deliver(seen, kind)

    def _list(self, seen: Seen) -> HttpResponse:
        """List the channels of a team; the first has no name."""
        team = unquote(seen.path.split("/")[-2])
        listed = [
            {"id": channel, **({"name": name} if name else {})}
            for channel, (of, name) in self._channels.items()
            if of == team
        ]
        return reply(200, json={"conversations": listed}) if listed else connector_error(404, "NotFound")

    def _open(self, wanted: dict[str, Any]) -> HttpResponse:
        """Open the chat with a person, or name the one that there is."""
        (member,) = wanted["members"]
        person = member["id"]
        if person in self._barred:
            return connector_error(403, self._barred[person])
        tenants = {wanted.get("tenantId"), wanted["channelData"]["tenant"]["id"]}
        if tenants != {self.tenant_id} or wanted["bot"] != {"id": f"28:{self.bot_id}"}:
            return connector_error(400, "BadArgument")
        self._chats.setdefault(person, f"a:{secrets.token_urlsafe(12)}")
        return reply(201, json={"id": self._chats[person]})

    def _deliver(self, seen: Seen, kind: str) -> HttpResponse:
        """Take a card to where it belongs."""
        body = seen.json()
        address, activity = self._address(seen.path.removeprefix(_BASE), body)
        where, root, target = address
        if where in self._barred:
            return connector_error(403, self._barred[where])
        if where not in self._channels and where not in self._chats:
            return connector_error(404, "ConversationNotFound")
        if activity_flaw(activity):
            return connector_error(400, "BadSyntax")
        if kind == "update":
            return self._update(where, target, activity)
        if root and root not in self._cards:
            return connector_error(404, "ConversationNotFound")
        return self._post(kind, where, root, activity)

    def _address(self, path: str, body: dict[str, Any]) -> tuple[tuple[str, str, str], dict[str, Any]]:
        """Find out channel or person, thread and message of a call, and the activity in it."""
        match = _ACTIVITY.fullmatch(path)
        if match is None:
            return (body["channelData"]["channel"]["id"], "", ""), body["activity"]
        conversation, _, root = unquote(match[1]).partition(";messageid=")
        people = {chat: person for person, chat in self._chats.items()}
        return (people.get(conversation, conversation), root, unquote(match[2] or "")), body

    def _update(self, where: str, target: str, activity: dict[str, Any]) -> HttpResponse:
        """Replace a card that is there."""
        found = self._cards.get(target)
        if found is None or found.where != where:
            return connector_error(404, "ActivityNotFoundInConversation")
        found.versions.append(_card(activity))
        self._note("update", where, activity, target)
        return reply(200, json={"id": target})

    def _post(self, kind: str, where: str, root: str, activity: dict[str, Any]) -> HttpResponse:
        """Add a message to a channel, a thread or a chat."""
        self._count += 1
        activity_id = str(1_790_000_000_000 + self._count)
        self._cards[activity_id] = StoredCard(activity_id, where, root, [_card(activity)])
        self._note(kind, where, activity, activity_id)
        if kind != "create":
            return reply(201, json={"id": activity_id})
        thread = f"{where};messageid={activity_id}"
        return reply(201, json={"id": thread, "activityId": activity_id})

    def _note(self, kind: str, where: str, activity: dict[str, Any], activity_id: str) -> None:
        self._posts.append(Post(kind, where, _card(activity), activity.get("summary", ""), activity_id))


def connector_error(status: int, code: str, message: str = "") -> HttpResponse:
    """Return an error in the shape that the Bot Connector uses."""
    return reply(status, json={"error": {"code": code, "message": message}})


def no_get() -> HttpResponse:
    """Return what a call that only asks whether anybody is there gets."""
    return reply(405, json={"message": "The requested resource does not support http method 'GET'."})


def activity_flaw(activity: object) -> str | None:
    """Say what keeps a message from being one card, if anything does."""
    if not isinstance(activity, dict) or activity.get("type") != "message":
        return "type is not 'message'"
    attachments = activity.get("attachments")
    if not isinstance(attachments, list) or len(attachments) != 1:
        return "attachments is not a list of one"
    if attachments[0].get("contentType") != CARD_TYPE:
        return "contentType is not that of an Adaptive Card"
    return None if isinstance(attachments[0].get("content"), dict) else "content is not an object"


def _card(activity: dict[str, Any]) -> dict[str, Any]:
    card: dict[str, Any] = activity["attachments"][0]["content"]
    return card
