"""Made-up requests, as many as wanted: the six known shapes over and over, each with an id of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.examples import EXAMPLES

_SHAPES = list(EXAMPLES.values())
_NOW = datetime.now(UTC).replace(microsecond=0)
_LIFETIME = timedelta(days=30)
"""Long, so that no reminder comes due while the benchmark runs."""


def request(number: int, body_bytes: int = 0) -> dict[str, Any]:
    """One request as Graph would list it; the first and every sixth after it waits for an approver."""
    filed = _NOW - timedelta(hours=1, seconds=number % 3_600)
    made = {
        **_SHAPES[number % len(_SHAPES)],
        "id": f"{number:08x}-0000-4000-8000-000000000000",
        "requestDateTime": _written(filed),
        "lastModifiedDateTime": _written(filed),
        "expirationDateTime": _written(filed + _LIFETIME),
    }
    return {**made, "payload": _body(number, body_bytes)} if body_bytes else made


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.1834562Z"


def _body(number: int, size: int) -> str:
    return f"{number:08x} ".ljust(size, "x")
