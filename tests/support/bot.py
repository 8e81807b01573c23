"""Teams as a bot sees it, on a real socket: the keys that sign its calls, the calls, and where answers go.

A test asks as a person would and looks at the answers::

    with FakeBotService() as service:
        bot = Bot(service, store)
        assert bot.ask("pending") == 200
        assert service.replies[-1].card["type"] == "AdaptiveCard"
"""

import base64
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from maa_notify.bot.config import BotCloud, BotSetup
from maa_notify.bot.endpoint import Messages, messages_of
from maa_notify.bot.replies import ConnectorReplies
from maa_notify.cards.builder import TeamsCards
from maa_notify.clock import Clock, SystemClock
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import StaticToken
from maa_notify.storage.store import StateStore
from maa_notify.teams.connector import Connector
from tests.support.wire import Fake, HttpResponse, Seen, reply

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
BOT = "9d1e0c52-0000-4000-8000-00000000b070"
MIRA = "3c1a7c0e-0000-4000-8000-000000000011"
JONAS = "3c1a7c0e-0000-4000-8000-000000000012"
ISSUER = "https://api.botframework.com"
URL = "https://intune.microsoft.com/#view/x"
CHANNEL = "19:ops@thread.tacv2"
"""The channel that the settings name."""
MENTION = "<at>MAA Notify</at>"

_METADATA = "/v1/.well-known/openidconfiguration"
_KEYS = "/v1/.well-known/keys"


@cache
def rsa_key(name: str) -> RSAPrivateKey:
    """A key of this name, made once for all tests; the one named `short` is too short."""
    return generate_private_key(65537, 1024 if name == "short" else 2048)


def announced(name: str, *endorsements: str) -> dict[str, Any]:
    """A public key as the service announces it."""
    public = json.loads(RSAAlgorithm.to_jwk(rsa_key(name).public_key()))
    return {**public, "kid": name, "use": "sig", "endorsements": list(endorsements)}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as the connector got it."""

    conversation: str
    reply_to: str
    card: dict[str, Any]


class FakeBotService(Fake):
    """Announces keys, signs tokens, and takes answers."""

    def __init__(self) -> None:
        """With one good key, and no fault."""
        super().__init__()
        self.keys: list[dict[str, Any]] = [announced("sound", "msteams", "directline")]
        self.replies: list[Reply] = []

    @property
    def url(self) -> str:
        """Where answers go, as Teams calls it in each activity."""
        return f"{self.origin}/emea/"

    @property
    def metadata_url(self) -> str:
        """Where the keys are announced."""
        return self.origin + _METADATA

    @property
    def fetches(self) -> int:
        """How often the keys were fetched."""
        return sum(seen.path == _KEYS for seen in self.calls)

    def token(
        self, key: str = "sound", *, algorithm: str = "RS256", kid: str | None = None, **claims: Any
    ) -> str:
        """A token as Teams sends it, but for what the test changes; a claim of None is left out."""
        now = int(time.time())
        sound = {
            "iss": ISSUER,
            "aud": BOT,
            "nbf": now - 60,
            "exp": now + 3600,
            "serviceurl": self.url,
        }
        told = {name: value for name, value in {**sound, **claims}.items() if value is not None}
        return jwt.encode(told, rsa_key(key), algorithm, headers={"kid": kid or key})

    def activity(self, text: str = "help", **changes: Any) -> dict[str, Any]:
        """A message of Mira in her private chat, but for what the test changes."""
        sound = {
            "type": "message",
            "id": f"1{uuid.uuid4().int % 10**12}",
            "channelId": "msteams",
            "serviceUrl": self.url,
            "from": {"id": "29:mira", "name": "Mira Holt", "aadObjectId": MIRA},
            "recipient": {"id": f"28:{BOT}", "name": "MAA Notify"},
            "conversation": {"id": "a:private", "conversationType": "personal", "tenantId": TENANT},
            "channelData": {"tenant": {"id": TENANT}},
            "text": text,
            "entities": [{"type": "clientInfo", "locale": "en-GB"}],
        }
        return {**sound, **changes}

    def in_channel(self, text: str, **changes: Any) -> dict[str, Any]:
        """A message in a channel, which has to address the bot."""
        conversation = {
            "id": f"{CHANNEL};messageid=1",
            "conversationType": "channel",
            "tenantId": TENANT,
            "isGroup": True,
        }
        mention = {"type": "mention", "text": MENTION, "mentioned": {"id": f"28:{BOT}", "name": "MAA Notify"}}
        fields = {"conversation": conversation, "entities": [mention], **changes}
        return self.activity(f"{MENTION} {text}", **fields)

    def _serve(self, seen: Seen) -> HttpResponse:
        if seen.path == _METADATA:
            return reply(200, json={"issuer": ISSUER, "jwks_uri": self.origin + _KEYS})
        if seen.path == _KEYS:
            return reply(200, json={"keys": self.keys})
        if seen.path.startswith("/emea/v3/conversations/"):
            return self._take(seen)
        return reply(404)

    def _take(self, seen: Seen) -> HttpResponse:
        conversation, _, rest = seen.path.removeprefix("/emea/v3/conversations/").partition("/activities")
        [attachment] = seen.json()["attachments"]
        self.replies.append(Reply(unquote(conversation), unquote(rest.lstrip("/")), attachment["content"]))
        return reply(201, json={"id": str(len(self.replies))})


def connect(service_url: str) -> Connector:
    """The bot's way to a service, with a token that the fake does not look at."""
    return Connector(service_url, BOT, TENANT, StaticToken(Secret("a-token-of-the-bot")))


@dataclass(slots=True)
class Bot:
    """The notifier's side, wired to the fake service."""

    service: FakeBotService
    store: StateStore
    clock: Clock = field(default_factory=SystemClock)
    tenant: str = TENANT
    messages: Messages = field(init=False)

    def __post_init__(self) -> None:
        """Wires it up."""
        cloud = BotCloud(ISSUER, self.service.metadata_url, ("smba.trafficmanager.net",))
        setup = BotSetup(BOT, self.tenant, cloud, frozenset({CHANNEL}))
        self.messages = messages_of(setup, self.store, TeamsCards(URL), ConnectorReplies(connect), self.clock)

    def send(self, activity: Mapping[str, Any], token: str | None = None) -> int:
        """Delivers an activity with a sound token, or with this one."""
        return self.send_raw(json.dumps(activity).encode(), token)

    def send_raw(self, body: bytes, token: str | None = None) -> int:
        """Delivers a body of any kind."""
        return self.answer_to(body, token)[0]

    def answer_to(self, body: bytes, token: str | None = None) -> tuple[int, str]:
        """The status and the body of the response to a body of any kind."""
        told = self.service.token() if token is None else token
        return self.messages.handle({"Authorization": f"Bearer {told}"}, body)

    def ask(self, text: str) -> int:
        """Mira asks in her private chat."""
        return self.send(self.service.activity(text))


def encoded(*parts: object) -> str:
    """Parts of a token as they are written in it, without a signature."""
    raw: Sequence[bytes] = [json.dumps(part).encode() for part in parts]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in raw) + "."
