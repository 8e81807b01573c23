"""What the body of a refusal says of its reason. Pure, and only ever compared: it is foreign text.

Services put a code, and at times a message that says more than the code, into objects of several shapes:
`{"error": {"code": …, "message": …}}`, the same without `error`, `{"error": "code"}`, an inner error, and
even JSON as a text inside a message (Teams' `MessageWritesBlocked`). Azure puts its code into a header as
well, and at times into XML.
"""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus

from maa_notify.net.client import HttpResponse

_CODES = frozenset({"code", "errorcode", "subcode", "errorsubcode", "error"})
_WORDS = frozenset({"message", "description", "details", "detail", "errordescription"})
_MOST_DEPTH = 6
_MOST_CHARACTERS = 2_000
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_CODE_HEADER = "x-ms-error-code"
_IN_XML = re.compile(r"<(?:\w{1,20}:)?(code|message)>([^<]{1,2000})<", re.IGNORECASE)
_NOTHING_DONE = frozenset({501, 503, 505})


def may_have_arrived(status: int) -> bool:
    """Whether a card that got this status may stand there: what is behind a gateway may have taken it.

    Statuses of gateways are many, and those from 520 on are no standard; one that failed (500) may have
    posted first. Whoever is busy (503) or does not know the call did not.
    """
    is_failure = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _NOTHING_DONE
    return is_failure or status == HTTPStatus.REQUEST_TIMEOUT


def codes_of(response: HttpResponse) -> list[str]:
    """The error codes of a response, outer ones first, in small letters and without blanks and signs."""
    return [text for is_code, text in _reasons(response) if is_code]


def messages_of(response: HttpResponse) -> list[str]:
    """The messages of a response, as `codes_of` writes the codes."""
    return [text for is_code, text in _reasons(response) if not is_code]


def reasons_of(response: HttpResponse) -> list[str]:
    """The error codes and messages of a response, as `codes_of` writes them."""
    return [text for _, text in _reasons(response)]


def _reasons(response: HttpResponse) -> Iterator[tuple[bool, str]]:
    """Each code and message in the header and the body, and whether it is a code."""
    if code := _plain(response.headers.get(_CODE_HEADER, "")):
        yield True, code
    yield from _texts(response.json(), 0)
    if b"<" in response.body[:10]:
        for found in _IN_XML.finditer(response.body.decode("utf-8", "replace")):
            if text := _plain(found[2]):
                yield found[1].lower() == "code", text


def _texts(node: object, depth: int) -> Iterator[tuple[bool, str]]:
    """Each code and message in an object, and whether it is a code."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if not isinstance(node, dict) or depth > _MOST_DEPTH:
        return
    for key, value in node.items():
        name = _plain(str(key))
        inner = _parsed(value) if isinstance(value, str) else value
        if isinstance(inner, dict | list):
            yield from _texts(inner, depth + 1)
        elif name in _CODES | _WORDS and isinstance(value, str | int) and (text := _plain(str(value))):
            yield name in _CODES, text


def _parsed(text: str) -> object:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return None


def _plain(text: str) -> str:
    return _NO_LETTER.sub("", text[:_MOST_CHARACTERS].casefold())
