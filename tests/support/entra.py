"""Sign-in as Entra and Azure offer it, on a real socket, and a token source for tests of what comes after it.

A test sets what is right and looks at what was asked::

    with FakeEntra(secret="s3cret") as entra:
        entra.fail_next(reply(503))
        ...
        assert entra.calls[-1].form()["client_secret"] == "s3cret"
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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

from maa_notify.demo import entra_api
from maa_notify.demo.entra_api import EntraApi, TokenIssuer, make_token
from maa_notify.demo.permissions import ALL_PERMISSIONS
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import Token
from tests.support.wire import Fake, HttpResponse, Seen, played, reply

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
CLIENT = "0b1d4f9a-0000-4000-8000-000000000002"
DISCOVERY = f"/{TENANT}/v2.0/.well-known/openid-configuration"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"
IDENTITY_PATH = "/msi/token"


@dataclass(slots=True)
class FakeTokens:
    """A token source that hands out one token after the other, the last one for ever."""

    tokens: list[str] = field(default_factory=lambda: [make_token(roles=ALL_PERMISSIONS)])
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


class FakeEntra(Fake, EntraApi):
    """A tenant's sign-in service with one application, known by a secret, a certificate or an identity."""

    def __init__(
        self,
        *,
        secret: str = "",
        certificate: Certificate | None = None,
        trusted: FakeIdentityEndpoint | None = None,
    ) -> None:
        """Serve an application that has been granted the permissions."""
        Fake.__init__(self)
        EntraApi.__init__(self, TENANT, CLIENT, secret=secret)
        self.certificate = certificate
        self.trusted = trusted

    def _serve(self, seen: Seen) -> HttpResponse:
        return played(self.answer(seen))

    def denial_of(self, form: dict[str, str]) -> int:
        """An assertion where no certificate is known comes from an identity that is not trusted."""
        is_by_identity = "client_assertion" in form and self.certificate is None
        return 700213 if is_by_identity else super().denial_of(form)

    def is_proven(self, form: dict[str, str], audience: str) -> bool:
        """Whether the form holds the right secret, assertion or token of the identity."""
        if self.trusted is not None:
            return form.get("client_assertion") in self.trusted.issued
        if self.certificate is None:
            return super().is_proven(form, audience)
        key = self.certificate.public.public_key()
        claims = jwt.decode(
            form["client_assertion"],
            key,  # type: ignore[arg-type] # a certificate can hold other kinds of keys
            algorithms=["PS256", "RS256"],
            audience=audience.replace("http://", "https://"),
        )
        return bool(claims["iss"] == claims["sub"] == CLIENT)


class FakeIdentityEndpoint(Fake, TokenIssuer):
    """What App Service offers to a Function with a managed identity."""

    def __init__(self, client_id: str = "") -> None:
        """Serve a user-assigned identity, or the system-assigned one."""
        Fake.__init__(self)
        TokenIssuer.__init__(self)
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
        return reply(json={**answer, "access_token": self.issue(), "expires_on": ends})


def refusal(number: int, word: str, status: int = 400) -> HttpResponse:
    """An error as Entra words it."""
    return played(entra_api.refusal(number, word, status))
