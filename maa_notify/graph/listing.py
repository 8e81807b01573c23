"""Reads pages of Graph's collections. A request with the same bytes as before is not parsed again.

Between two polls hardly anything changes, and parsing is most of what a poll computes. Of an entry only a
digest is kept beside what was read from it, so that payloads are let go with their page.
"""

import json
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
            return parse_request(entry)
        digest = sha256(entry).digest()
        request = self._before.get(digest) or parse_request(_loads(bytes(entry)))
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
    page = read_object(body)
    entries = page.get("value")
    if not isinstance(entries, list):
        raise GraphUnavailable("Graph's answer is no list; nothing was compared")
    return EntryPage(page.get("@odata.nextLink"), entries)


def _split_entries(body: bytes) -> tuple[Sequence[object], object]:
    """The entries of a page and the link to the next; parsed already where some text on the page is odd."""
    try:
        pieces = _PAGE_DECODER.decode(body)
    except (msgspec.DecodeError, *_NOT_JSON):
        page = read_object(body)
        entries = page.get("value")
        if not isinstance(entries, list):
            raise GraphUnavailable("Graph's answer has no list of requests; nothing was compared") from None
        return entries, page.get("@odata.nextLink")
    return pieces.value, pieces.next_link


def _loads(text: bytes) -> object:
    return _JSON.decode(text.decode("utf-8-sig", "replace"))
