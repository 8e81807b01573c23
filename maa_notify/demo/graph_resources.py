"""What the simulated Graph serves, each behind the permissions that open it; pages and errors."""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from maa_notify.demo.permissions import Roles, opens
from maa_notify.demo.samples import Json
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

Content = Callable[[Mapping[str, str], Mapping[str, str]], Sequence[Any] | Json | None]
"""What is at a path, from the groups of its pattern and the query: a collection, an object, or nothing."""


class Resources:
    """What a tenant has beside its requests. Tests and the demo add to it."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._served: list[tuple[re.Pattern[str], tuple[str, ...], tuple[str, ...], Content]] = []

    def add(
        self, pattern: str, permissions: Sequence[str], content: Content, *, details: Sequence[str] = ()
    ) -> None:
        """Serve `content` at every path that the pattern matches as a whole, with any of these permissions.

        What is added later goes first. Of each entry a caller without any permission of `details` sees the id
        and the type, and null for all else, as Graph does it ("Limited information returned").
        """
        self._served.insert(0, (re.compile(pattern), tuple(permissions), tuple(details), content))

    def answer(self, request: HttpRequest, roles: Roles, page_size: int) -> HttpAnswer | None:
        """Answer a GET; None for a path that nothing was added for."""
        for pattern, permissions, details, content in self._served:
            found = pattern.fullmatch(request.path)
            if found is None:
                continue
            if not _is_open(permissions, roles):
                return forbidden()
            held = content(found.groupdict(), request.params)
            is_whole = not details or _is_open(details, roles)
            return _served(request, held if is_whole else _limited(held), page_size)
        return None


def selected(raw: Json, query: Mapping[str, str]) -> Json:
    """Return the fields of an object that `$select` names, and its type; all of them without one."""
    names = query.get("$select", "").split(",")
    return {name: raw.get(name) for name in ("@odata.type", *names) if name in raw} if names[0] else raw


def _is_open(permissions: Sequence[str], roles: Roles) -> bool:
    return roles is None or any(opens(permission, roles) for permission in permissions)


def _limited(held: Sequence[Any] | Json | None) -> Sequence[Any] | Json | None:
    if held is None or isinstance(held, dict):
        return held
    return [
        {name: value if name in ("id", "@odata.type") else None for name, value in each.items()}
        for each in held
    ]


def _served(request: HttpRequest, held: Sequence[Any] | Json | None, page_size: int) -> HttpAnswer:
    if held is None:
        text = "Resource does not exist or one of its queried reference-property objects are not present."
        return error_answer(HTTPStatus.NOT_FOUND, "Request_ResourceNotFound", text)
    payload = held if isinstance(held, dict) else page_of(request, held, page_size)
    if payload is None:
        return bad_skip_token()
    return json_answer(HTTPStatus.OK, payload, {"request-id": str(uuid.uuid4())})


def page_of(request: HttpRequest, held: Sequence[Any], page_size: int) -> Json | None:
    """Return the page of a collection that is asked for; None when the skip token is not valid."""
    token = request.params.get("$skiptoken", "1")
    if not (token.isascii() and token.isdigit() and int(token)):
        return None
    number = int(token)
    end = number * page_size
    page: Json = {"value": list(held[end - page_size : end])}
    if end < len(held):
        query = urlencode({**request.params, "$skiptoken": number + 1}, safe="$")
        page["@odata.nextLink"] = f"{request.origin}{request.path}?{query}"
    return page


def bad_skip_token() -> HttpAnswer:
    """Return the answer to a skip token that Graph never gave."""
    return error_answer(HTTPStatus.BAD_REQUEST, "BadRequest", "Skip token is not valid.")


def forbidden() -> HttpAnswer:
    """Return the answer to a caller whose token lacks the permission."""
    text = "Application is not authorized to perform this operation."
    return error_answer(HTTPStatus.FORBIDDEN, "Forbidden", text)


def error_answer(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> HttpAnswer:
    """Answer with an error in the shape that all of Graph uses."""
    trace = str(uuid.uuid4())
    inner = {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        "request-id": trace,
        "client-request-id": trace,
    }
    payload = {"error": {"code": code, "message": message, "innerError": inner}}
    return json_answer(status, payload, {"request-id": trace, **(headers or {})})
