"""Seals: a keyed digest within a row, by which one that somebody else wrote is told from ours. Pure.

The seal is a field of the row's JSON that no struct has: versions of this program that do not know of seals
read such rows, too. It binds what the row says to its key, so that a row copied under another key is not ours
either; how the JSON is spelt does not matter.
"""

import hmac
from typing import Any

import msgspec

_FIELD = "seal"


def sealed(row_key: str, data: str, key: str) -> str:
    """The JSON object with its seal, in the place of any that it has."""
    told = _without_seal(_object(data) or {})
    return msgspec.json.encode({**told, _FIELD: _seal_of(row_key, told, key)}).decode()


def is_sealed(row_key: str, data: str, key: str) -> bool:
    """Whether a row says what somebody let it say who has the key."""
    return hmac.compare_digest(seal_in(data), _seal_of(row_key, _without_seal(_object(data) or {}), key))


def is_damaged(data: str) -> bool:
    """Whether a row says nothing at all, as whoever decodes it will say."""
    return _object(data) is None


def seal_in(data: str) -> str:
    """The seal of a row, made with whatever key; "" where it has none."""
    return str((_object(data) or {}).get(_FIELD, "")).encode("ascii", "replace").decode()


def _object(data: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _without_seal(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != _FIELD}


def _seal_of(row_key: str, told: dict[str, Any], key: str) -> str:
    text = f"{row_key}\n".encode() + msgspec.json.encode(told, order="deterministic")
    return hmac.new(key.encode(), text, "sha256").hexdigest()[:32]
