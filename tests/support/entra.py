"""Sign-in as Entra and Azure offer it, on a real socket, and a token source for tests of what comes after it.

A test sets what is right and looks at what was asked::

    with FakeEntra(secret="s3cret") as entra:
        entra.fail_next(reply(503))
        ...
        assert entra.calls[-1].params["client_secret"] == "s3cret"
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import PERMISSION, Token
from tests.support.wire import Fake, HttpResponse, Seen, reply

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
CLIENT = "0b1d4f9a-0000-4000-8000-000000000002"
SCOPE = "https://graph.microsoft.com/.default"
DISCOVERY = f"/{TENANT}/v2.0/.well-known/openid-configuration"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"
IDENTITY_PATH = "/msi/token"


def make_token(**claims: object) -> str:
    """A readable token with these claims and a signature of nobody."""
    parts = ({"alg": "none"}, {"aud": "https://graph.microsoft.com", **claims})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join(
        [*encoded, base64.urlsafe_b64encode(str(time.monotonic_ns()).encode()).decode().rstrip("=")]
    )


@dataclass(slots=True)
class FakeTokens:
    """A token source that hands out one token after the other, the last one for ever."""

    tokens: list[str] = field(default_factory=lambda: [make_token(roles=[PERMISSION])])
    forgotten: int = 0

    def token(self, scope: str) -> Token:
        return Token(Secret(self.tokens[0]), int(time.time()) + 3600)

    def invalidate(self) -> None:
        self.forgotten += 1
        if len(self.tokens) > 1:
            self.tokens.pop(0)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed certificate and its key."""

    key: rsa.RSAPrivateKey
    public: x509.Certificate

    def write_pem(self, path: Path, *, key_first: bool = False) -> Path:
        """Both parts in one PEM file."""
        parts = [self.public.public_bytes(Encoding.PEM), self.private_pem()]
        path.write_bytes(b"".join(reversed(parts) if key_first else parts))
        return path

    def write_pfx(self, path: Path, password: bytes | None = None) -> Path:
        """Both parts in one PFX file."""
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(b"maa", self.key, self.public, None, encryption)
        )
        return path

    def private_pem(self, encryption: KeySerializationEncryption | None = None) -> bytes:
        """The key alone."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def make_certificate() -> Certificate:
    """A new one, good for a day."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "maa-notify")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    return Certificate(key, made.sign(key, hashes.SHA256()))


class _TokenServer(Fake):
    """A server of tokens: what both kinds have in common."""

    def __init__(self, roles: tuple[str, ...]) -> None:
        super().__init__()
        self.lifetime = 3600
        """How long the tokens last, in seconds."""
        self.roles = roles
        self.age = 0
        """How old the tokens are when they are given out, in seconds: Azure keeps those of an identity."""
        self.issued: list[str] = []
        """Every token that was given out."""

    @property
    def url(self) -> str:
        """Its origin."""
        return self._server.url

    def fail_next(self, *answers: HttpResponse, path: str = "/") -> None:
        """Give these answers to the next calls (of a path); then serve again."""
        self._server.script(*answers, path=path)

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Seen]:
        """Return the calls as soon as there are that many."""
        return self._server.wait_for(count, timeout)

    def _issue(self) -> str:
        self.issued.append(
            make_token(roles=list(self.roles), iat=int(time.time()) - self.age, number=len(self.issued))
        )
        return self.issued[-1]


class FakeEntra(_TokenServer):
    """A tenant's sign-in service with one application, known by a secret, a certificate or an identity."""

    def __init__(
        self,
        *,
        secret: str = "",
        certificate: Certificate | None = None,
        trusted: FakeIdentityEndpoint | None = None,
    ) -> None:
        """Serve an application that has been granted the permission."""
        super().__init__((PERMISSION,))
        self.secret = secret
        self.certificate = certificate
        self.trusted = trusted
        self.token_endpoint = ""
        """What discovery names instead of the right endpoint."""

    def form_of(self, seen: Seen) -> dict[str, str]:
        """The form of a call."""
        return dict(parse_qsl(seen.body.decode()))

    def _serve(self, seen: Seen) -> HttpResponse:
        if seen.method == "GET" and seen.path == DISCOVERY:
            endpoint = self.token_endpoint or f"{self.url}{TOKEN_PATH}"
            return reply(json={"token_endpoint": endpoint, "authorization_endpoint": f"{self.url}/authorize"})
        if seen.method == "POST" and seen.path == TOKEN_PATH:
            return self._token(self.form_of(seen))
        return refusal(90002, "invalid_tenant")

    def _token(self, form: dict[str, str]) -> HttpResponse:
        if form.get("grant_type") != "client_credentials" or form.get("scope") != SCOPE:
            return refusal(70011, "invalid_scope")
        if not self._is_known(form):
            is_by_identity = "client_assertion" in form and self.certificate is None
            return refusal(700213 if is_by_identity else 7000215, "invalid_client", 401)
        return reply(
            json={"token_type": "Bearer", "expires_in": self.lifetime, "access_token": self._issue()}
        )

    def _is_known(self, form: dict[str, str]) -> bool:
        if form.get("client_id") != CLIENT:
            return False
        if self.trusted is not None:
            return form.get("client_assertion") in self.trusted.issued
        if self.certificate is None:
            return bool(self.secret) and form.get("client_secret") == self.secret
        key = self.certificate.public.public_key()
        claims = jwt.decode(
            form["client_assertion"],
            key,  # type: ignore[arg-type] # a certificate can hold other kinds of keys
            algorithms=["PS256", "RS256"],
            audience=f"{self.url.replace('http://', 'https://')}{TOKEN_PATH}",
        )
        return bool(claims["iss"] == claims["sub"] == CLIENT)


class FakeIdentityEndpoint(_TokenServer):
    """What App Service offers to a Function with a managed identity."""

    def __init__(self, client_id: str = "") -> None:
        """Serve a user-assigned identity, or the system-assigned one."""
        super().__init__((PERMISSION,))
        self.client_id = client_id
        self.header = "a-header-that-only-this-machine-knows"

    @property
    def environ(self) -> dict[str, str]:
        """What App Service puts into the environment."""
        return {"IDENTITY_ENDPOINT": f"{self.url}{IDENTITY_PATH}", "IDENTITY_HEADER": self.header}

    def _serve(self, seen: Seen) -> HttpResponse:
        if seen.headers.get("x-identity-header") != self.header or seen.path != IDENTITY_PATH:
            return reply(401, json={"statusCode": 401, "message": "no such header"})
        if seen.params.get("client_id", "") != self.client_id:
            return reply(400, json={"statusCode": 400, "message": "No User Assigned Managed Identity found"})
        answer: dict[str, Any] = {"resource": seen.params["resource"], "token_type": "Bearer"}
        ends = str(int(time.time()) + self.lifetime)
        return reply(json={**answer, "access_token": self._issue(), "expires_on": ends})


def refusal(number: int, word: str, status: int = 400) -> HttpResponse:
    """An error as Entra words it: the description repeats parts of the request."""
    description = f"AADSTS{number}: this and that about the request, {CLIENT} in full."
    return reply(status, json={"error": word, "error_description": description, "error_codes": [number]})
