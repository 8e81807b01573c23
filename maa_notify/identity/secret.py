"""A value that must never be shown."""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """Holds a webhook URL, token, key or password; printing or formatting it shows stars only."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself, for the one adapter that has to use it."""
        return self._value

    def fingerprint(self) -> str:
        """Six hex digits that tell two secrets apart in a log without giving anything away."""
        return hashlib.sha256(self._value.encode("utf-8", "surrogatepass")).hexdigest()[:6]

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"
