"""Reads pages of Graph's collections. A request with the same bytes as before is not parsed again.

Between two polls hardly anything changes, and parsing is most of what a poll computes. Of an entry only a
digest is kept beside what was read from it, so that payloads are let go with their page.
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from maa_notify import logs
from maa_notify.domain.request import ApprovalRequest
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.requests import MalformedRequestError, parse_request

_LOG = logs.logger(__name__)
_NOT_JSON = (ValueError, RecursionError)
_JSON = json.JSONDecoder(parse_int=float)
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[][{}]', re.DOTALL)
_DEEPEST = 400
"""Levels of a page that are kept; what a parser takes depends on who called it."""
_CUT = f'"nested too deep: {secrets.token_hex(16)}"'.encode()
"""Stands for what was cut out; at random, so that nobody else can write it."""


@dataclass(slots=True)
class Page:
    """The requests on a page, and the link to the next one as Graph wrote it; None on the last."""

    next_link: object
    requests: list[ApprovalRequest] = field(default_factory=list)
    malformed: list[MalformedRequestError] = field(default_factory=list)


class _RawPage(msgspec.Struct):
    """A page split into entries, each still as bytes."""

    value: list[msgspec.Raw]
    next_link: Any = msgspec.field(name="@odata.nextLink", default=None)


@dataclass(slots=True)
class EntryPage:
    """The entries on a page of any collection, and the link to the next one as Graph wrote it."""

    next_link: object
    entries: Sequence[Any] = ()


_PAGE_DECODER = msgspec.json.Decoder(_RawPage)


class PageReader:
    """Reads the pages of one listing after another, and remembers the entries of the last one."""

    def __init__(self) -> None:
        """Remembers no entry yet."""
        self._before: dict[bytes, ApprovalRequest] = {}
        self._now: dict[bytes, ApprovalRequest] = {}

    def begin(self) -> None:
        """Begins a new listing; entries that were not in the last one are forgotten."""
        self._before, self._now = self._now, {}

    def read(self, body: bytes) -> Page:
        """Reads a page.

        Raises:
            GraphUnavailable: it is not whole, or no page of a list.
        """
        entries, link = _split_entries(body)
        page = Page(link)
        for entry in entries:
            try:
                page.requests.append(self._request(entry))
            except MalformedRequestError as error:
                page.malformed.append(error)
        return page

    def _request(self, entry: object) -> ApprovalRequest:
        if not isinstance(entry, msgspec.Raw):
            return _parsed(entry, is_whole=_CUT not in json.dumps(entry).encode())
        digest = sha256(entry).digest()
        request = self._before.get(digest) or _read(bytes(entry))
        self._now[digest] = request
        return request


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a response; its numbers are read as floats, so that huge ones do no harm.

    Raises:
        GraphUnavailable: there is none.
    """
    found: object = None
    try:
        found = _loads(body)
    except _NOT_JSON:
        _LOG.debug("graph.not_json", bytes=len(body))
    if not isinstance(found, dict):
        raise GraphUnavailable("Graph's answer is not (whole) JSON; nothing was compared")
    return found


def read_entries(body: bytes) -> EntryPage:
    """A page of any collection.

    Raises:
        GraphUnavailable: it is not whole, or no page of a list.
    """
    try:
        page = read_object(body)
    except GraphUnavailable:
        page = read_object(_without_depths(body))  # one entry that is too deep does not hide the others
    entries = page.get("value")
    if not isinstance(entries, list):
        raise GraphUnavailable("Graph's answer is no list; nothing was compared")
    return EntryPage(page.get("@odata.nextLink"), entries)


def _split_entries(body: bytes) -> tuple[Sequence[object], object]:
    """The entries of a page and the link to the next; parsed already where some text on the page is odd."""
    try:
        pieces = _raw_page(body)
    except (msgspec.DecodeError, *_NOT_JSON):
        page = read_object(_without_depths(body))
        entries = page.get("value")
        if not isinstance(entries, list):
            raise GraphUnavailable("Graph's answer has no list of requests; nothing was compared") from None
        return entries, page.get("@odata.nextLink")
    return pieces.value, pieces.next_link


def _raw_page(body: bytes) -> _RawPage:
    try:
        return _PAGE_DECODER.decode(body)
    except RecursionError:
        return _PAGE_DECODER.decode(_without_depths(body))


def _read(text: bytes) -> ApprovalRequest:
    try:
        found = _loads(text)
    except RecursionError:
        text = _without_depths(text)
        found = _loads(text)
    return _parsed(found, is_whole=_CUT not in text)


def _parsed(entry: object, *, is_whole: bool) -> ApprovalRequest:
    """The request in an entry.

    Raises:
        MalformedRequestError: it is none, or was too deep to be read whole.
    """
    request = parse_request(entry)
    if not is_whole:
        raise MalformedRequestError("it is nested too deep", request.id)
    return request


def _without_depths(text: bytes) -> bytes:
    """JSON with a remark in place of what is nested deeper than anything that is meant. Never deep itself.

    So one entry that is nested to break a parser does not take the others with it.
    """
    pieces: list[bytes] = []
    depth = kept_from = 0
    for token in _TOKENS.finditer(text):
        sign = token[0]
        if sign in {b"[", b"{"}:
            depth += 1
            if depth == _DEEPEST + 1:
                pieces += (text[kept_from : token.start()], _CUT)
        elif sign in {b"]", b"}"}:
            if depth == _DEEPEST + 1:
                kept_from = token.end()
            depth -= 1
    # Without an end nothing is added: then the text is not whole, which its parser will say.
    return b"".join([*pieces, text[kept_from:] if depth <= _DEEPEST else b""])


def _loads(text: bytes) -> object:
    return _JSON.decode(text.decode("utf-8-sig", "replace"))
