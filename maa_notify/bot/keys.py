"""The keys that sign Teams' calls, as Microsoft publishes them; fetched by our own bounded HTTP client."""

import threading
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.errors import MaaNotifyError
from maa_notify.net.client import HttpClient, Limits, NoResponseError

ALGORITHM = "RS256"

_LOG = logs.logger(__name__)

_GOOD_FOR = 24 * 3600.0
_AT_MOST_EVERY = 300.0
_AFTER_A_FAILURE = 10.0
_LEAST_BITS = 2_048
_LIMITS = Limits(seconds=5.0, max_bytes=1 << 20)
_OK = 200


class KeysUnavailable(MaaNotifyError):  # noqa: N818 - as its siblings in errors.py
    """The keys cannot be fetched, so no caller can be verified for now."""

    code = "bot_keys"


class SigningKey(Struct, frozen=True):
    """A key, and the channels (`msteams`) for which it may sign."""

    public: RSAPublicKey
    endorsements: frozenset[str]


class SigningKeys:
    """The published keys by id, kept for a day. Safe for several threads."""

    def __init__(self, metadata_url: str, clock: Clock) -> None:
        """For the service whose OpenID metadata is at this address; nothing is fetched yet."""
        self._metadata_url = metadata_url
        self._clock = clock
        self._http = HttpClient(metadata_url)
        self._lock = threading.Lock()
        self._keys: Mapping[str, SigningKey] = {}
        self._good_until = self._next_try = clock.monotonic()

    def find(self, key_id: str) -> SigningKey | None:
        """The key of this id; None when no such key is published.

        An unknown id may be a new key, so the keys are fetched anew, but at most once in five minutes:
        anybody can make up ids.

        Raises:
            KeysUnavailable: there are no keys, or only old ones, and no others can be had.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now >= self._good_until:
                self._renew(now)
            elif key_id not in self._keys and now >= self._next_try:
                self._look_for_new_ones(now)
            return self._keys.get(key_id)

    def _renew(self, now: float) -> None:
        if now < self._next_try:
            raise KeysUnavailable("the keys could not be had a moment ago")
        self._next_try = now + _AFTER_A_FAILURE
        self._keys = self._fetch()
        self._good_until, self._next_try = now + _GOOD_FOR, now + _AT_MOST_EVERY

    def _look_for_new_ones(self, now: float) -> None:
        """Fetches the keys; when that fails, those known before stay valid."""
        self._next_try = now + _AT_MOST_EVERY
        try:
            self._keys = self._fetch()
            self._good_until = now + _GOOD_FOR
        except KeysUnavailable as error:
            _LOG.warning("bot.keys_kept", text=str(error))

    def _fetch(self) -> Mapping[str, SigningKey]:
        try:
            address = self._get(self._metadata_url).get("jwks_uri")
            entries = self._get(address).get("keys") if isinstance(address, str) else None
        finally:
            self._http.close()  # the next time is tomorrow
        keys = dict(filter(None, map(_key, entries))) if isinstance(entries, list) else {}
        if not keys:
            raise KeysUnavailable("no key is announced that can be used")
        return keys

    def _get(self, url: str) -> Mapping[str, Any]:
        """The JSON object at an address; the client connects to no other host than that of the metadata."""
        try:
            response = self._http.request("GET", url, headers={"Accept": "application/json"}, limits=_LIMITS)
        except NoResponseError as error:
            raise KeysUnavailable(str(error)) from None
        if response.status != _OK or response.fault:
            raise KeysUnavailable(response.fault or f"it answered {response.status}")
        found = response.json_object()
        if found is None:
            raise KeysUnavailable("it answered with no JSON object")
        return found


def _key(entry: object) -> tuple[str, SigningKey] | None:
    """One published key with its id; None for one that cannot be used, so that the others still can."""
    if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
        return None
    key_id, endorsements = entry.get("kid"), entry.get("endorsements")
    try:
        public = jwt.PyJWK(entry, ALGORITHM).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if not isinstance(public, RSAPublicKey) or public.key_size < _LEAST_BITS or not isinstance(key_id, str):
        return None
    channels = endorsements if isinstance(endorsements, list) else []
    return key_id, SigningKey(public, frozenset(each for each in channels if isinstance(each, str)))
