"""Microsoft Entra as far as the notifier uses it: tokens for one application that knows its secret.

A token names the permissions that the application has at that moment. Tests put their faults, and further
ways to prove who one is, in front of this one.
"""

import base64
import json
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from maa_notify.demo.permissions import ALL_PERMISSIONS
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

TENANT_ID: Final = "7d1c0f2e-0009-4e6a-8f00-000000000009"
"""The simulated tenant."""
CLIENT_ID: Final = "7d1c0f2e-0010-4e6a-8f00-000000000010"
"""The notifier's app registration in it."""

AUDIENCE: Final = "https://graph.microsoft.com"
SCOPE: Final = f"{AUDIENCE}/.default"
SHORT_LIFETIME: Final = 240
"""Seconds. MSAL keeps no token that ends within five minutes, so each poll brings the present permissions."""


class TokenIssuer:
    """Makes the tokens of one application."""

    def __init__(self, **names: str) -> None:
        """Grant every permission of the notifier; `names` are claims of all tokens."""
        self._names = names
        self.roles: tuple[str, ...] = ALL_PERMISSIONS
        """The application permissions that were granted."""
        self.lifetime = 3600
        """How long the tokens last, in seconds."""
        self.age = 0
        """How old the tokens are when they are given out, in seconds: Azure keeps those of an identity."""
        self.clock: Callable[[], float] = time.time
        """The time that tokens are dated by, in seconds since 1970."""
        self.issued: deque[str] = deque(maxlen=100)
        """The latest tokens, oldest first."""

    def issue(self) -> str:
        """Make a token with the present permissions."""
        now = int(self.clock())
        made_at = now - self.age
        times = {"iat": made_at, "nbf": made_at, "exp": now + self.lifetime}
        self.issued.append(make_token(**self._names, **times, roles=list(self.roles)))
        return self.issued[-1]


class EntraApi(TokenIssuer):
    """Signs one application in."""

    def __init__(
        self,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        *,
        secret: str = "",
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Know the application by its secret (an empty one proves nothing); `on_change` follows a grant."""
        super().__init__(tid=tenant_id, appid=client_id, idtyp="app", ver="1.0")
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.secret = secret
        self._on_change = on_change
        self.token_endpoint = ""
        """What discovery names instead of the right endpoint."""

    @property
    def root(self) -> str:
        """Where its paths begin."""
        return f"/{self.tenant_id}/"

    def set_granted(self, permission: str, *, granted: bool) -> None:
        """Grant the application a permission or take it away; tokens that are out keep what they name."""
        others = tuple(role for role in self.roles if role != permission)
        self.roles = (*others, permission) if granted else others
        self._on_change()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request under the tenant's id."""
        token_path = f"{self.root}oauth2/v2.0/token"
        discovery = f"{self.root}v2.0/.well-known/openid-configuration"
        if (request.method, request.path) == ("GET", discovery):
            endpoints = {
                "token_endpoint": self.token_endpoint or f"{request.origin}{token_path}",
                "authorization_endpoint": f"{request.origin}/authorize",
            }
            return json_answer(HTTPStatus.OK, endpoints)
        if (request.method, request.path) != ("POST", token_path):
            return refusal(90002, "invalid_tenant")
        form = request.form()
        if form.get("grant_type") != "client_credentials" or form.get("scope") != SCOPE:
            return refusal(70011, "invalid_scope")
        is_proven = self.is_proven(form, f"{request.origin}{token_path}")
        if form.get("client_id") != self.client_id or not is_proven:
            return refusal(self.denial_of(form), "invalid_client", HTTPStatus.UNAUTHORIZED)
        granted = {"token_type": "Bearer", "expires_in": self.lifetime, "access_token": self.issue()}
        return json_answer(HTTPStatus.OK, granted)

    def denial_of(self, form: dict[str, str]) -> int:  # noqa: ARG002 - tests tell an assertion from a secret
        """The number of the error for an application that did not prove who it is."""
        return 7000215

    def is_proven(self, form: dict[str, str], audience: str) -> bool:  # noqa: ARG002 - a certificate signs it
        """Whether the form proves that the application sends it; `audience` is the address it was sent to."""
        return bool(self.secret) and form.get("client_secret") == self.secret


def make_token(**claims: object) -> str:
    """Return a readable token for Graph with these claims and an invalid signature."""
    header, body = {"typ": "JWT", "alg": "none"}, {"aud": AUDIENCE, **claims}
    parts = [json.dumps(header), json.dumps(body), str(time.monotonic_ns())]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def refusal(number: int, word: str, status: int = HTTPStatus.BAD_REQUEST) -> HttpAnswer:
    """Answer with an error as Entra words it: the description repeats parts of the request."""
    text = f"AADSTS{number}: this and that about the request, with the client id {CLIENT_ID} in full."
    return json_answer(status, {"error": word, "error_description": text, "error_codes": [number]})
