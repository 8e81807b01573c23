"""Reads all stored requests: those that are listed, and those that left the list."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import groupby

from maa_notify.domain.compare import RequestState
from maa_notify.domain.record import RequestRecord
from maa_notify.storage.archive import Archive, Page, filed_at
from maa_notify.storage.records import LIVE, PAST, decode
from maa_notify.storage.rows import prefix_end
from maa_notify.storage.versioned import VersionedRows

_LONGEST_LIFE = timedelta(days=120)
"""From its filing to its last change; Intune lets requests expire within a month."""

_BLANKS = rb"(?: |\\(?:[bfnrt]|u00..))+"
"""As JSON writes them, in lower case."""

_Key = tuple[str, datetime]


class RequestHistory:
    """All requests of one tenant that the state store remembers. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows
        self.archive = Archive(rows)

    def read(
        self, since: datetime | None = None, until: datetime | None = None, holding: str = ""
    ) -> Iterator[RequestRecord]:
        """Requests by the time of their filing, oldest first; what is long past is not all in memory at once.

        Args:
            since: leave out what may be left out since nothing happened to it from then on (UTC).
            until: leave out what may be left out since it was filed later (UTC).
            holding: leave out what may be left out since its row does not hold these words, in any case and
                with any blanks between them.
        """
        is_complete = self.archive.is_complete()
        # In this order: what leaves the list meanwhile is read twice rather than never.
        listed = [decode(row, RequestState) for row in self._rows.read(LIVE, prefix_end(LIVE))]
        left = self.archive.read_new() if is_complete else self._past()
        known = {_key(each): RequestRecord(each, is_listed=False) for each in left}
        known |= {_key(each): RequestRecord(each) for each in listed}
        recent = sorted(known.values(), key=_filed_at)
        if not is_complete:
            return iter(recent)
        first = (since - _LONGEST_LIFE).astimezone(UTC).date() if since else None
        pages = self.archive.read_pages(first, until.astimezone(UTC).date() if until else None)
        filed = (each for each in _records(pages, holding) if _key(each.state) not in known)
        return merge(filed, recent, key=_filed_at)

    def _past(self) -> list[RequestState]:
        """What left the list, read row by row, while the archive does not hold all of it."""
        return [decode(row, RequestState) for row in self._rows.read(PAST, prefix_end(PAST))]


def _records(pages: Iterable[Page], holding: str) -> Iterator[RequestRecord]:
    # What JSON escapes is written in other bytes, and so are the same letters in another case or width.
    is_plain = holding.isascii() and holding.isprintable() and not {'"', "\\"} & set(holding)
    words = holding.lower().encode().split() if is_plain else []
    needle = re.compile(_BLANKS.join(map(re.escape, words))) if words else None
    for _, of_day in groupby(pages, key=lambda page: page.day):
        states = [state for page in of_day if _may_hold(page.json, needle) for state in page.states()]
        yield from (RequestRecord(state, is_listed=False) for state in sorted(states, key=filed_at))


def _may_hold(text: bytes, needle: re.Pattern[bytes] | None) -> bool:
    return needle is None or not text.isascii() or needle.search(text.lower()) is not None


def _key(state: RequestState) -> _Key:
    return state.request.id, filed_at(state)


def _filed_at(record: RequestRecord) -> datetime:
    return filed_at(record.state)
