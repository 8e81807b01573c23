"""Whether a call comes from Teams, and is for this bot in this tenant.

The signature and its claims are checked by PyJWT; what is left are the rules of the Bot Connector: who may
sign for Teams, where answers may go, and whose people are answered. A refusal never tells the caller why.
"""

from typing import Any

import jwt
from msgspec import Struct

from maa_notify.bot.activity import Activity
from maa_notify.bot.config import BotSetup
from maa_notify.bot.keys import ALGORITHM, SigningKey, SigningKeys
from maa_notify.net.client import is_loopback

UNAUTHORIZED = 401
FORBIDDEN = 403

_TEAMS = "msteams"
_SERVICE_URL = "serviceurl"
_SKEW = 300
_LONGEST = 16_384
_REQUIRED = ["exp", "nbf", "iss", "aud"]

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not_yet_valid"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.InvalidIssuerError, "issuer"),
    (jwt.InvalidSignatureError, "signature"),
    (jwt.MissingRequiredClaimError, "claim_missing"),
)


class RefusedError(Exception):
    """A call that is refused. `reason` is one word for the log; the caller is not told it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Caller(Struct, frozen=True):
    """The caller that a valid token names.

    Attributes:
        service_url: where the caller takes answers.
        channels: the channels that its key may speak for.
    """

    service_url: str
    channels: frozenset[str]


class CallerVerifier:
    """Checks the callers of one bot."""

    def __init__(self, setup: BotSetup, keys: SigningKeys) -> None:
        """Verifies calls to this bot with the keys of its cloud."""
        self._setup = setup
        self._keys = keys

    def authenticate(self, authorization: str) -> Caller:
        """The caller that the token in the header `Authorization` names.

        Raises:
            RefusedError: for nobody.
            KeysUnavailable: it cannot be told for now.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST:
            raise RefusedError(UNAUTHORIZED, "no_token")
        key = self._keys.find(_key_id(token))
        if key is None:
            raise RefusedError(UNAUTHORIZED, "key")
        service_url = self._claims(token, key).get(_SERVICE_URL)
        if not isinstance(service_url, str):
            raise RefusedError(UNAUTHORIZED, "claim_missing")
        return Caller(service_url, key.endorsements)

    def authorize(self, caller: Caller, activity: Activity) -> None:
        """Refuses an activity that its caller may not send, or that is not of this tenant.

        Raises:
            RefusedError: it is neither.
        """
        if activity.channel_id != _TEAMS or _TEAMS not in caller.channels:
            raise RefusedError(FORBIDDEN, "channel")
        if activity.service_url.rstrip("/") != caller.service_url.rstrip("/"):
            raise RefusedError(FORBIDDEN, "service_url")
        if not self._may_be_answered(activity.service_url):
            raise RefusedError(FORBIDDEN, "service_host")
        if activity.tenants != {self._setup.tenant_id.lower()}:
            raise RefusedError(FORBIDDEN, "tenant")

    def _claims(self, token: str, key: SigningKey) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                audience=self._setup.client_id,
                issuer=self._setup.cloud.issuer,
                leeway=_SKEW,
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except (jwt.PyJWTError, ValueError) as error:
            reason = next((word for kind, word in _REASONS if isinstance(error, kind)), "token")
        raise RefusedError(UNAUTHORIZED, reason)

    def _may_be_answered(self, url: str) -> bool:
        """Whether answers may go to this URL: to Teams, or to this machine if the keys come from it, too."""
        cloud = self._setup.cloud
        if is_loopback(url):
            return is_loopback(cloud.metadata_url)
        return cloud.serves(url)


def _key_id(token: str) -> str:
    """The id of the key that a token claims to be signed with; one of another algorithm is refused."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise RefusedError(UNAUTHORIZED, "token") from None
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
        raise RefusedError(UNAUTHORIZED, "algorithm")
    return key_id
