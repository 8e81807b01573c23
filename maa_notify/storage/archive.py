"""The archive: requests that left the list, by the day on which they were filed, many in one row.

Rows by request id serve polls, and a search through a hundred thousand of them would cost each search as many
rows. So once a day what left the list meanwhile is filed into pages. What waits for that has a row of its
own, written in the transaction in which it leaves: between two filings nothing is missing.
"""

import base64
import binascii
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import groupby, islice

import msgspec
from msgspec import Struct

from maa_notify.domain.compare import RequestState
from maa_notify.domain.times import DAWN
from maa_notify.errors import StateCorrupt
from maa_notify.storage.records import (
    ARCHIVE_MARK,
    ARCHIVE_NEW,
    ARCHIVE_PAGE,
    PAST,
    ArchiveMark,
    decode,
    encode,
)
from maa_notify.storage.rows import ConflictError, Delete, Insert, Put, Row, Update, Write, prefix_end
from maa_notify.storage.versioned import MOST_WRITES, VersionedRows

_PAGE_BYTES = 64_000
"""Of a page before it is packed, so that one request is soon found in it."""
_PAGE_CHARS = 24_000
"""Of a page as it is stored: a property of Table Storage holds 32,000."""
_AT_ONCE = 20
"""Requests that are filed in one transaction: each may change a page of its own."""

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[RequestState])


class Page(Struct, frozen=True):
    """A row of the archive: requests that were filed on one day (UTC), not yet decoded.

    Attributes:
        row: as it was read.
        json: a list of `RequestState`.
    """

    row: Row
    json: bytes

    @property
    def day(self) -> str:
        """The day, as an ISO date."""
        return self.row.key.removeprefix(ARCHIVE_PAGE).partition(":")[0]

    def states(self) -> list[RequestState]:
        """The requests.

        Raises:
            StateCorrupt: the row is not ours or is damaged.
        """
        try:
            return _DECODER.decode(self.json)
        except (msgspec.DecodeError, UnicodeError):
            raise _damaged(self.row) from None


class Archive:
    """The archive of one tenant. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows

    def is_complete(self) -> bool:
        """Whether all that left the list is in pages or waits to be filed; not so for a state of before."""
        return self._mark().is_complete

    def read_pages(self, first: date | None = None, last: date | None = None) -> Iterator[Page]:
        """The pages of these days (UTC), both included, the earliest first."""
        start = ARCHIVE_PAGE + (first.isoformat() if first else "")
        end = f"{ARCHIVE_PAGE}{last.isoformat()}~" if last else prefix_end(ARCHIVE_PAGE)
        return map(_page, self._rows.read(start, end))

    def read_new(self) -> list[RequestState]:
        """What left the list and waits to be filed."""
        rows = self._rows.read(ARCHIVE_NEW, prefix_end(ARCHIVE_NEW))
        return [decode(row, RequestState) for row in rows]

    def file(self, at_most: int = 2_000) -> int:
        """Files what left the list; returns how many requests it filed.

        Args:
            at_most: so many at once, so that a state of before the archive holds up no poll; the rest is
                filed another day.

        Raises:
            ConflictError: another poller files at the same time; what is left is filed another day.
        """
        filed, mark = 0, self._mark()
        if not mark.is_complete:
            filed, cursor = self._file(PAST, mark.cursor, at_most, keep=True)
            self._rows.commit([Put(ARCHIVE_MARK, encode(ArchiveMark(cursor, is_complete=not cursor)))])
        return filed + self._file(ARCHIVE_NEW, "", at_most, keep=False)[0]

    def purge(self, before: datetime) -> int:
        """Deletes the pages of days before that of a time (UTC); returns how many."""
        old = list(self._rows.read(ARCHIVE_PAGE, ARCHIVE_PAGE + before.astimezone(UTC).date().isoformat()))
        for start in range(0, len(old), MOST_WRITES):
            with suppress(ConflictError):  # of a page that changed meanwhile, which the next purge finds
                self._rows.commit([Delete(row.key, row.etag) for row in old[start : start + MOST_WRITES]])
        return len(old)

    def _file(self, prefix: str, after: str, at_most: int, *, keep: bool) -> tuple[int, str]:
        """Files what stands under a prefix behind a key; returns how many, and where to go on if anywhere."""
        rows = self._rows.read(after + "\\0" if after else prefix, prefix_end(prefix))
        taken = list(islice(rows, at_most))
        entries = sorted(
            ((_day_of(decode(row, RequestState)), row) for row in taken), key=lambda each: each[0]
        )
        for day, group in groupby(entries, key=lambda each: each[0]):
            of_day = [row for _, row in group]
            for start in range(0, len(of_day), _AT_ONCE):
                self._file_day(day, of_day[start : start + _AT_ONCE], keep=keep)
        return len(taken), taken[-1].key if len(taken) == at_most else ""

    def _file_day(self, day: str, rows: Sequence[Row], *, keep: bool) -> None:
        """Puts requests of one day into its pages: in place of what stands there of them, or at the end."""
        fresh = {_identity(state): state for state in (decode(row, RequestState) for row in rows)}
        writes: list[Write] = [] if keep else [Delete(row.key, row.etag) for row in rows]
        pages = [
            (page, [fresh.pop(_identity(each), each) for each in page.states()])
            for page in self.read_pages(date.fromisoformat(day), date.fromisoformat(day))
        ]
        if pages:
            pages[-1][1].extend(fresh.values())
        # What does not fit its page any more goes into new ones.
        added: list[bytes] = [] if pages else _chunks([*fresh.values()])
        for page, states in pages:
            first, *more = _chunks(states)
            added += more
            if first != page.json:
                writes.append(Update(page.row.key, _packed(first), page.row.etag))
        writes += [
            Insert(f"{ARCHIVE_PAGE}{day}:{number:04d}", _packed(text))
            for number, text in enumerate(added, len(pages))
        ]
        self._rows.commit(writes)

    def _mark(self) -> ArchiveMark:
        row = self._rows.get(ARCHIVE_MARK)
        return decode(row, ArchiveMark) if row else ArchiveMark()


def filed_at(state: RequestState) -> datetime:
    """When a request was filed (UTC), or the first time that is known of it."""
    request = state.request
    steps = (step.at for step in state.steps)
    return request.requested_at or next(steps, None) or request.modified_at or state.missing_since or DAWN


def _day_of(state: RequestState) -> str:
    return filed_at(state).astimezone(UTC).date().isoformat()


def _identity(state: RequestState) -> tuple[str, datetime]:
    """What tells a request from others: an id that was filed anew stands for another one."""
    return state.request.id, filed_at(state)


def _chunks(states: Sequence[RequestState]) -> list[bytes]:
    """The requests as JSON lists, each of which fits a row."""
    text = _ENCODER.encode(states)
    if len(states) == 1 or (len(text) <= _PAGE_BYTES and len(_packed(text)) <= _PAGE_CHARS):
        return [text]
    middle = len(states) // 2
    return [*_chunks(states[:middle]), *_chunks(states[middle:])]


def _packed(text: bytes) -> str:
    return encode(base64.b64encode(zlib.compress(text)).decode())


def _page(row: Row) -> Page:
    try:
        return Page(row, zlib.decompress(base64.b64decode(decode(row, str), validate=True)))
    except (binascii.Error, ValueError, zlib.error):
        raise _damaged(row) from None


def _damaged(row: Row) -> StateCorrupt:
    return StateCorrupt(f"row {row.key!r} in the state store is not ours or is damaged: remove it")
