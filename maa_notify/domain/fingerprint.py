"""The fingerprint of the settings, and the names of those that changed. Pure.

A digest is keyed and cut, so that it tells whether a setting is as it was, and nothing of what it is.
"""

import hmac
from collections.abc import Mapping

_DIGITS = 16
"""64 bits: too many to find another text, or another key, with the same digest."""

DESTINATION = "destination "
"""With what the names of the parts of a destination begin; others are names of settings."""


def digests(parts: Mapping[str, str], key: str) -> dict[str, str]:
    """The digest of each part of the settings, by its name.

    Args:
        parts: what is told apart, by name; the texts may be secrets.
        key: of this deployment alone.
    """
    return {name: _digest(f"{name}\n{text}", key) for name, text in parts.items()}


def fingerprint(found: Mapping[str, str], key: str) -> str:
    """One short word for all parts together."""
    return _digest("\n".join(f"{name} {digest}" for name, digest in sorted(found.items())), key)


def changed(before: Mapping[str, str], now: Mapping[str, str], *, same_version: bool) -> list[str]:
    """The names of the parts that are not as they were.

    Between two versions of this program a setting that only one of them knows has not changed.
    """
    names = sorted({*before, *now})
    return [
        name
        for name in names
        if before.get(name) != now.get(name)
        and (same_version or name.startswith(DESTINATION) or (name in before and name in now))
    ]


def _digest(text: str, key: str) -> str:
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()[:_DIGITS]
