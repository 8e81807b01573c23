"""HTTP as the simulated services see it: a request in, an answer out, no sockets.

A server turns bytes into these and back, so that Graph, Entra, the channel and the page can each be read
without knowing how a server works, and any server can carry them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, read completely."""

    method: str
    path: str
    """Without the query, still percent-encoded."""
    query: str
    """What follows the question mark, as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    origin: str
    """Scheme, host and port of this server, for links that lead back to it."""

    @property
    def params(self) -> dict[str, str]:
        """The query, decoded; of a repeated name the last one."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def header(self, name: str) -> str:
        """Return a header's value, or an empty text."""
        return self.headers.get(name.lower(), "")

    @property
    def is_json(self) -> bool:
        """Whether the body claims to be JSON."""
        return self.header("Content-Type").partition(";")[0].strip().lower() == JSON_TYPE

    def json(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Return the body as JSON; raise ValueError if it is none."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """Return the body as the fields of a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What to send back."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, payload: object, headers: Mapping[str, str] | None = None) -> HttpAnswer:
    """Answer with JSON."""
    return HttpAnswer(status, json.dumps(payload).encode(), f"{JSON_TYPE}; charset=utf-8", headers or {})
