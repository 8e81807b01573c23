"""What Teams does and the Agents Playground does not: it stands between the Playground and the notifier.

People have Entra ids here, and the Playground has a few of its own; calls to the bot are signed with a key
that is announced, and so are checked as those of Teams.
"""

import base64
import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from maa_notify.demo.wire import JSON_TYPE, HttpAnswer, HttpRequest, json_answer

ROOT: Final = "/local-teams"
METADATA: Final = f"{ROOT}/metadata"
"""Where the key is announced, as the Bot Framework announces its own."""
ISSUER: Final = "https://api.botframework.com"

_KEYS: Final = f"{ROOT}/keys"
_KEY_ID: Final = "demo"
_LIFETIME: Final = 3_600
_TENANT_THERE: Final = "00000000-0000-0000-0000-0000000000001"
_SECONDS: Final = 30.0


class LocalTeams:
    """The way from the notifier to one Playground, and back."""

    def __init__(
        self, service_url: str, endpoint_url: str, bot_id: str, tenant_id: str, people: Sequence[str]
    ) -> None:
        """The first of these people, Entra object ids, is whoever sits at the Playground's page."""
        self._service = service_url
        self._endpoint = endpoint_url
        self._bot_id, self._tenant_id = bot_id, tenant_id
        self._people = tuple(people)
        self._key = generate_private_key(65537, 2048)
        self._client = httpx.Client(trust_env=False, timeout=_SECONDS)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Announce the key, or pass on what the bot asks of the Bot Connector."""
        if request.path == METADATA:
            return json_answer(HTTPStatus.OK, {"issuer": ISSUER, "jwks_uri": request.origin + _KEYS})
        if request.path == _KEYS:
            return json_answer(HTTPStatus.OK, {"keys": [self._announced()]})
        content = request.body
        for number, person in enumerate(self._people):
            there = json.dumps([{"id": f"user-id-{number}"}], separators=(",", ":"))
            content = content.replace(
                json.dumps([{"id": person}], separators=(",", ":")).encode(), there.encode()
            )
        address = f"{self._service}{request.path.removeprefix(ROOT)}"
        return self._passed_on(request.method, address, content, {"Content-Type": JSON_TYPE})

    def call(self, activity: bytes, origin: str) -> HttpAnswer:
        """Pass on what somebody does at the page, signed, with ids that the bot knows."""
        service = f"{origin}{ROOT}"
        told = activity.replace(_TENANT_THERE.encode(), self._tenant_id.encode())
        for number, person in enumerate(self._people):
            told = told.replace(_id_there(number).encode(), person.encode())
        try:
            told = json.dumps({**json.loads(told), "serviceUrl": service}).encode()
        except (TypeError, ValueError):
            return HttpAnswer(HTTPStatus.BAD_REQUEST)
        headers = {"Content-Type": JSON_TYPE, "Authorization": f"Bearer {self._token(service)}"}
        return self._passed_on("POST", self._endpoint, told, headers)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _passed_on(self, method: str, address: str, content: bytes, headers: dict[str, str]) -> HttpAnswer:
        try:
            got = self._client.request(method, address, content=content, headers=headers)
        except httpx.TransportError:
            return HttpAnswer(HTTPStatus.BAD_GATEWAY)
        return HttpAnswer(got.status_code, got.content, got.headers.get("content-type", ""))

    def _token(self, service_url: str) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": self._bot_id,
            "nbf": now,
            "exp": now + _LIFETIME,
            "serviceurl": service_url,
        }
        return jwt.encode(claims, self._key, "RS256", headers={"kid": _KEY_ID})

    def _announced(self) -> dict[str, object]:
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": _KEY_ID,
            "n": _spelled(numbers.n),
            "e": _spelled(numbers.e),
            "endorsements": ["msteams"],
        }


def _id_there(number: int) -> str:
    """The Entra object id that the Playground gives one of its people: no GUID, by a digit too many."""
    return f"00000000-0000-0000-0000-00000000000{20 + number}"


def _spelled(number: int) -> str:
    size = (number.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()
