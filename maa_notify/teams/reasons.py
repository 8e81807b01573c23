"""What the body of a refusal says of its reason. Pure, and only ever compared: it is foreign text.

Services put a code, and at times a message that says more than the code, into objects of several shapes:
`{"error": {"code": …, "message": …}}`, the same without `error`, `{"error": "code"}`, an inner error, and
even JSON as a text inside a message (Teams' `MessageWritesBlocked`).
"""

import json
import re
from collections.abc import Iterator

from maa_notify.net.client import HttpResponse

_CODES = frozenset({"code", "errorcode", "subcode", "errorsubcode", "error"})
_WORDS = frozenset({"message", "description", "details", "detail", "errordescription"})
_MOST_DEPTH = 6
_MOST_CHARACTERS = 2_000
_NO_LETTER = re.compile(r"[^a-z0-9]+")


def codes_of(response: HttpResponse) -> list[str]:
    """The error codes of a response, outer ones first, in small letters and without blanks and signs."""
    return [text for is_code, text in _texts(response.json_object(), 0) if is_code]


def reasons_of(response: HttpResponse) -> list[str]:
    """The error codes and messages of a response, as `codes_of` writes them."""
    return [text for _, text in _texts(response.json_object(), 0)]


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
