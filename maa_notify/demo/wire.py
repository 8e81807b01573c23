"""HTTP as the demo's parts see it: a request in, an answer out, no sockets.

The server turns bytes into these and back, so that Graph, the channel and the page can each be read
without knowing how the server works.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, read completely."""

    method: str
    path: str
    """Without the query."""
    query: Mapping[str, str]
    headers: Message
    """Looked up without regard to case."""
    body: bytes
    origin: str
    """Scheme, host and port of this server, for links that lead back to it."""

    def header(self, name: str) -> str:
        """Return a header's value, or an empty text."""
        return str(self.headers.get(name, ""))

    @property
    def is_json(self) -> bool:
        """Whether the body claims to be JSON."""
        return self.headers.get_content_type() == JSON_TYPE

    def json(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Return the body as JSON; raise ValueError if it is none."""
        return json.loads(self.body.decode("utf-8"))


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What to send back."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, payload: object, headers: Mapping[str, str] | None = None) -> HttpAnswer:
    """Answer with JSON."""
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8")
    return HttpAnswer(status, body, f"{JSON_TYPE}; charset=utf-8", headers or {})
