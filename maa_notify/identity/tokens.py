"""Sources of access tokens: a token from the settings, an app registration, or a managed identity.

MSAL keeps tokens in memory and renews them; what goes wrong in it becomes a typed error here. Nothing of a
token but its claims is ever shown.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import TIMEOUT_MAX, Lock
from typing import Any, Protocol

import msal
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from msgspec import Struct

from maa_notify.domain.request import GUID
from maa_notify.errors import GraphDenied, GraphError, GraphUnavailable
from maa_notify.identity.msal_http import MsalHttp
from maa_notify.identity.secret import Secret
from maa_notify.identity.sign_in_errors import PASSING_NUMBERS, SIGN_IN_ADVICE
from maa_notify.net.deadline import time_left

PERMISSION = "DeviceManagementRBAC.Read.All"
"""Lets requests be listed; which of them are shown may take more permissions."""

SUFFICIENT_PERMISSIONS = (PERMISSION, "DeviceManagementConfiguration.Read.All")
"""Either lets the requests be listed (Graph permissions reference for `operationApprovalRequests`)."""

_GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
"""What Graph is called in every tenant; its tokens name it by this id or by its address."""

_CLOCK_SKEW = timedelta(minutes=5)
_SECONDS = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_WORD = re.compile(r"[A-Za-z_]{1,60}")
_NUMBER = re.compile(r"\bAADSTS(\d{1,9})\b", re.ASCII)
_PASSING = frozenset({"temporarily_unavailable", "server_error"})
_NO_WAY = (
    "the settings have no sign-in but a managed identity, and there is none here: set MAA_CLIENT_SECRET or"
    " MAA_CLIENT_CERTIFICATE_PATH, or for a first try MAA_ACCESS_TOKEN"
)

Credential = str | Mapping[str, str] | Mapping[str, Callable[[], str]]
"""What MSAL takes as the proof of an app registration."""


class Token(Struct, frozen=True):
    """An access token and when it expires (seconds since the epoch)."""

    value: Secret
    expires_on: int


class TokenSource(Protocol):
    """A source of access tokens."""

    def token(self, scope: str) -> Token:
        """A token for a scope such as `https://graph.microsoft.com/.default`.

        Raises:
            GraphDenied: the credential is refused: a person has to mend it.
            GraphUnavailable: the sign-in service cannot be reached now.
        """
        ...

    def invalidate(self) -> None:
        """Drops cached tokens and connections: a service refused a token, or no more is needed."""
        ...


class StaticToken:
    """A token from `MAA_ACCESS_TOKEN`, used as it is."""

    def __init__(self, value: Secret) -> None:
        """Takes any text; whether it is a token is for Graph to say."""
        self._token = Token(value, int(datetime.max.replace(tzinfo=UTC).timestamp()))

    def token(self, scope: str) -> Token:  # noqa: ARG002 - one token is all there is
        """The token."""
        return self._token

    def invalidate(self) -> None:
        """Does nothing: there is no other token."""


class AppRegistration:
    """An app registration that signs in with a client secret, a certificate or an identity that it trusts."""

    def __init__(self, client_id: str, credential: Credential, authority: str, tenant_id: str) -> None:
        """Sends nothing yet; `credential` is a secret, a certificate's parts, or a `federated_credential`."""
        self._session = _Session(
            authority,
            lambda http: msal.ConfidentialClientApplication(
                client_id,
                client_credential=credential,
                authority=f"https://{authority.split('://', 1)[-1]}/{tenant_id}",
                http_client=http,
                instance_discovery=False,
            ),
            "check MAA_TENANT_ID, MAA_CLIENT_ID, that the tenant consented to the app, and that the client"
            " secret or certificate is registered and has not expired, or the managed identity trusted",
        )

    def token(self, scope: str) -> Token:
        """A cached or fresh token."""
        return self._session.token(lambda client: client.acquire_token_for_client(scopes=[scope]))

    def invalidate(self) -> None:
        """Drops cached tokens and connections."""
        self._session.close()


class ManagedIdentity:
    """The identity that Azure gives to the Function: user-assigned by client id, or system-assigned."""

    def __init__(self, client_id: str | None) -> None:
        """Nothing is sent yet."""
        identity = (
            msal.UserAssignedManagedIdentity(client_id=client_id)
            if client_id
            else msal.SystemAssignedManagedIdentity()
        )
        self._session = _Session(
            None,
            lambda http: msal.ManagedIdentityClient(identity, http_client=http),
            "check that the managed identity is assigned to this Function and that MAA_CLIENT_ID is its"
            " client id; outside Azure give MAA_CLIENT_SECRET or MAA_CLIENT_CERTIFICATE_PATH",
        )

    def token(self, scope: str) -> Token:
        """A cached or fresh token."""
        resource = scope.removesuffix("/.default")
        try:
            return self._session.token(lambda client: client.acquire_token_for_client(resource=resource))
        except GraphUnavailable as error:
            if msal.managed_identity.get_managed_identity_source() != msal.managed_identity.DEFAULT_TO_VM:
                raise
            # Azure tells a Function where its identity is; without that this is most likely no Azure at all.
            raise GraphUnavailable(f"{_NO_WAY} ({error})", error.retry_after) from None

    def invalidate(self) -> None:
        """Drops tokens cached here; Azure keeps its own copy for up to a day."""
        self._session.close()


def federated_credential(identity: TokenSource, audience: str) -> Credential:
    """The credential of an app registration that trusts a managed identity, whose token replaces a secret.

    In Entra that is a federated credential, with the identity as its subject. `audience` is the cloud's own.
    """

    def assertion() -> str:
        return identity.token(f"{audience}/.default").value.reveal()

    return {"client_assertion": assertion}


class StorageCredential:
    """A token source in the shape that the Azure SDK asks for."""

    def __init__(self, source: TokenSource) -> None:
        """Signs in to storage with this source."""
        self._source = source

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401 - as the SDK has it
        """A token for the first scope.

        Raises:
            ClientAuthenticationError: there is none; the SDK passes this on without trying again.
        """
        try:
            token = self._source.token(scopes[0])
        except GraphError as error:
            raise ClientAuthenticationError(str(error)) from None
        return AccessToken(token.value.reveal(), token.expires_on)


class _Session:
    """An MSAL client, made on first use and again after `close`; one thread at a time uses it."""

    def __init__(self, authority: str | None, make: Callable[[MsalHttp], Any], advice: str) -> None:
        self._http = MsalHttp(authority)
        self._make = make
        self._advice = advice
        self._client: Any = None
        self._lock = Lock()

    def token(self, ask: Callable[[Any], object]) -> Token:
        """The token that MSAL gives.

        Raises:
            GraphError: it gave none.
        """
        try:
            with self._alone():
                self._client = self._client or self._make(self._http)
                result = ask(self._client)
            if isinstance(result, dict) and result.get("access_token"):
                return _token(result)
        except GraphError:
            raise
        except Exception as error:  # noqa: BLE001 - MSAL lets pass whatever the libraries below it raise
            result = {"error": type(error).__name__, "error_description": _told_by(error)}
        raise _refusal(result, self._advice)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other threads out, and waits for one that signs in no longer than `time_limit` allows."""
        if not self._lock.acquire(timeout=min(time_left(), TIMEOUT_MAX)):
            raise GraphUnavailable("the sign-in service is busy: another sign-in takes too long")
        try:
            yield
        finally:
            self._lock.release()

    def close(self) -> None:
        """Drops the client with its tokens, and the connections."""
        with self._alone():
            self._client = None
            self._http.close()


def certificate_credential(path: Path) -> dict[str, str]:
    """MSAL's form of a certificate file: PEM with certificate and private key, or PFX, without a password.

    Raises:
        OSError: the file cannot be read.
        ValueError: it does not hold an RSA key and a certificate that belong together.
    """
    from maa_notify.identity.certificate import read_certificate  # noqa: PLC0415 - slow to load, seldom used

    return read_certificate(path)


def claims_of(token: Secret) -> dict[str, Any]:
    """The claims of a token, unverified; empty when it is no readable JWT."""
    try:
        body = token.reveal().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def roles_of(token: Secret) -> list[str] | None:
    """The permissions in a token, of an application or of a person; None when it cannot be read."""
    claims = claims_of(token)
    if not claims:
        return None
    roles, scopes = claims.get("roles"), claims.get("scp")
    granted = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    return granted + (scopes.split() if isinstance(scopes, str) else [])


def told_roles(token: Secret) -> tuple[str, ...] | None:
    """The permissions that a token names; None where it has no list of them, or is none that can be read."""
    claims = claims_of(token)
    is_told = isinstance(claims.get("roles"), list) or isinstance(claims.get("scp"), str)
    return tuple(sorted(roles_of(token) or ())) if is_told else None


def missing_permission(token: Secret, sufficient: Sequence[str] = SUFFICIENT_PERMISSIONS) -> str:
    """The first of these permissions where a token has none of them; "" when it has one, or does not tell."""
    roles = roles_of(token)
    return "" if roles is None or not {*sufficient}.isdisjoint(map(_reading, roles)) else sufficient[0]


def more_than_needed(roles: Iterable[str], needed: Collection[str]) -> list[str]:
    """Of a token's permissions those that are not needed, sorted; each that lets write is one of them."""
    return sorted({*roles} - {*needed} - {*SUFFICIENT_PERMISSIONS})


def _reading(role: str) -> str:
    """The permission that lets read what this one lets write; others as they are."""
    return role.replace(".ReadWrite.", ".Read.")


def permission_problem(token: Secret, sufficient: Sequence[str] = SUFFICIENT_PERMISSIONS) -> str:
    """The permission that a token lacks, and what to do, as text; "" as for `missing_permission`."""
    lacking, issued = missing_permission(token, sufficient), issued_at(token)
    if not lacking:
        return ""
    has = ", ".join(roles_of(token) or ()) or "none"
    since = f"; issued {issued:%Y-%m-%d %H:%M} UTC" if issued else ""
    return (
        f"lacks the application permission {lacking} (it has: {has}{since}): grant it with admin consent;"
        " a token from before the grant does not show it, and Azure keeps that of a managed identity for up"
        " to a day"
    )


def claims_problem(token: Secret, scope: str, tenant_id: str, now: datetime) -> str:
    """Why a token cannot be for this scope and tenant, and what to do, as text; "" when nothing is wrong.

    A token that cannot be read tells nothing, and a tenant that is known by a domain name cannot be compared:
    see `is_tenant_unchecked`.
    """
    claims = claims_of(token)
    ends = _time_in(claims, "exp")
    if GUID.fullmatch(tenant_id) and _tenants_in(claims) - {tenant_id.lower()}:
        return (
            "is of another tenant than MAA_TENANT_ID names: check that setting, and MAA_ACCESS_TOKEN where it"
            " is used; a managed identity signs in to its own tenant alone"
        )
    service, audience = scope.removesuffix("/.default").rstrip("/").lower(), claims.get("aud")
    named = {
        str(each).rstrip("/").lower() for each in (audience if isinstance(audience, list) else [audience])
    }
    if audience is not None and not named & {service, _GRAPH_APP_ID}:
        return (
            f"is not for {service}: check MAA_CLOUD, and ask for a token of that service for MAA_ACCESS_TOKEN"
        )
    if ends is not None and ends + _CLOCK_SKEW < now:
        return (
            f"expired at {ends:%Y-%m-%d %H:%M} UTC: renew MAA_ACCESS_TOKEN, or set the clock of this machine"
        )
    return ""


def is_tenant_unchecked(token: Secret, tenant_id: str) -> bool:
    """Whether a token names its tenant by id while we know ours by a domain name alone."""
    return not GUID.fullmatch(tenant_id) and bool(_tenants_in(claims_of(token)))


def _tenants_in(claims: Mapping[str, Any]) -> set[str]:
    """What a token says of its tenant, in lower case: the `tid`, and the id in the address of its issuer."""
    tenant, issuer = claims.get("tid"), claims.get("iss")
    told = set() if tenant is None else {str(tenant).lower()}
    parts = issuer.lower().split("/") if isinstance(issuer, str) else []
    return told | {part for part in parts if GUID.fullmatch(part)}


def issued_at(token: Secret) -> datetime | None:
    """When a token was issued (UTC), since one from before a grant lacks the permission; None if unknown."""
    return _time_in(claims_of(token), "iat")


def _time_in(claims: Mapping[str, Any], name: str) -> datetime | None:
    seconds = claims.get(name)
    if isinstance(seconds, bool):
        return None
    if isinstance(seconds, str) and _SECONDS.fullmatch(seconds):
        seconds = float(seconds)
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else None
    except (OverflowError, OSError, ValueError):
        return None


def _token(result: Mapping[str, Any]) -> Token:
    ends = datetime.now(UTC).timestamp() + int(result.get("expires_in", 0))
    return Token(Secret(str(result["access_token"])), int(ends))


def _refusal(result: object, advice: str) -> GraphError:
    """MSAL's error as one of ours, without its description, which repeats parts of the request.

    `advice` is for numbers of Entra that nobody has put into words yet.
    """
    details = result if isinstance(result, dict) else {}
    word = details.get("error")
    code = word if isinstance(word, str) and _WORD.fullmatch(word) else "unknown"
    if code in _PASSING:
        return GraphUnavailable(f"the sign-in service is busy ({code}); nothing was compared")
    numbers = _numbers_in(details)
    if PASSING_NUMBERS.intersection(numbers):
        return GraphUnavailable(f"the sign-in service is busy (AADSTS{numbers[0]}); nothing was compared")
    words = ", ".join([code, *(f"AADSTS{number}" for number in numbers)])
    known = next((SIGN_IN_ADVICE[number] for number in numbers if number in SIGN_IN_ADVICE), advice)
    return GraphDenied(f"the sign-in was refused ({words}): {known}")


def _numbers_in(details: Mapping[str, Any]) -> list[int]:
    """The error numbers of Entra in an answer; where they are not listed, those in its description."""
    listed, described = details.get("error_codes"), details.get("error_description")
    numbers = [each for each in listed if isinstance(each, int)] if isinstance(listed, list) else []
    found = _NUMBER.findall(described) if isinstance(described, str) else []
    return numbers or list(dict.fromkeys(map(int, found)))


def _told_by(error: BaseException | None) -> str:
    """The texts of an error and of those that led to it; MSAL puts Entra's answer into the first one."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = error.__context__
    return " ".join(texts)
