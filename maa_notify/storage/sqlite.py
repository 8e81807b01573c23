"""The state store in a SQLite file: for a first try, a server of one's own, and the demo.

A card that is posted and cannot be recorded is posted again by the next poll. So each commit leaves room
for the next one: free pages in the file, and a journal beside it that is not removed. If there is no such
room, the poll fails before anything is posted.

The journal is one for rollback, not one that is written ahead (WAL). With that one no reader would hold up a
commit, but it does not work on a network share, and a copy of the file alone would lack what came last.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from msgspec import Struct

from maa_notify.storage.records import OUTBOX
from maa_notify.storage.rows import (
    MAX_CHANGES,
    ConflictError,
    Delete,
    Insert,
    Put,
    Row,
    Update,
    Write,
    prefix_end,
)
from maa_notify.storage.sqlite_file import BUSY_SECONDS, failure, open_file

_INSERT = "INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?)"
_PUT = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)"
_UPDATE = "UPDATE rows SET data = ?, etag = ? WHERE partition = ? AND key = ? AND etag = ?"
_DELETE = "DELETE FROM rows WHERE partition = ? AND key = ? AND etag = ?"
_WAITING = """
    SELECT length(CAST(data AS BLOB)) FROM rows WHERE partition = ? AND key >= ? AND key < ? LIMIT ?
"""
_PADDING = ("", "padding")
"""Partition and key of a row that makes the file grow; no tenant has this partition."""

_PAGE = 1_000
_ROOM = 32_768
"""Bytes by which a commit lets the file grow beside the notifications that it moves."""
_ROOM_IN_JOURNAL = 81_920
"""Bytes that it keeps in the journal beside them: pages of the tree, a large one at that."""
_ROOM_EACH = 6_144
"""Bytes for each of them beside its text: a page partly empty, and the place of its card."""
_SPARE = 16_384
"""Bytes that are made beyond what is needed, so that this is done seldom."""
_MOST_MOVED = 2_900_000
"""Bytes for the largest outcome that there is: of as many notifications as one transaction moves."""


class _Room(Struct, frozen=True):
    """The bytes that are kept for the next commit: in the file, and in the journal."""

    file: int
    journal: int


class SqliteRows:
    """Rows of one tenant in a SQLite file, safe for several processes on one machine."""

    def __init__(self, path: Path, partition: str, busy_seconds: float = BUSY_SECONDS) -> None:
        """Opens the file and creates it, readable by its owner only, when it is not there.

        `busy_seconds` is how long to wait for another process that has locked the file.

        Raises:
            StateError: the file cannot be opened, or holds something that is not ours.
        """
        self._path = path
        self._partition = partition
        self._lock = Lock()
        self._busy_seconds = busy_seconds
        self._is_stuck = False
        self._connection = open_file(path, busy_seconds)

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows with `first <= key < end`, in the order of their keys."""
        while True:
            rows = self._page(first, end)
            yield from rows
            if len(rows) < _PAGE:
                return
            first = rows[-1].key + "\0"

    def get(self, key: str) -> Row | None:
        """One row, or None."""
        return next(self.read(key, key + "\0"), None)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Does all writes or none, and leaves room for the next commit.

        Raises:
            ConflictError: a row was not as the change expects it.
            StateError: the file cannot be used, or the writes are done and there is no room for more.
        """
        try:
            with self._lock:
                self._open_again_if_stuck()
                with self._transaction():
                    etags = self._apply(writes)
                    room = self._room_to_keep()
                if not self._has(room):
                    self._make(room)
                return etags
        except sqlite3.Error as error:
            raise failure(self._path, error) from error

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _page(self, first: str, end: str) -> list[Row]:
        statement = (
            "SELECT key, data, etag FROM rows"
            " WHERE partition = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
        )
        try:
            # A page at a time: the lock is free while the caller works on the rows.
            with self._lock:
                self._open_again_if_stuck()
                found = self._connection.execute(statement, (self._partition, first, end, _PAGE)).fetchall()
        except sqlite3.Error as error:
            raise failure(self._path, error) from error
        return [Row(*each) for each in found]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE waits for the write lock now; a read turned into a write later may fail at once instead.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._leave_transaction()
            raise

    def _leave_transaction(self) -> None:
        """Leaves the transaction whatever failed in it, so that nobody else is locked out."""
        # After some errors, such as a full disk, SQLite has left it already; after others, such as a commit
        # that met a reader, it has not. What comes of leaving must not hide why.
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        self._is_stuck = self._connection.in_transaction

    def _open_again_if_stuck(self) -> None:
        """Opens the file anew after a transaction that could not be left."""
        if self._is_stuck:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = open_file(self._path, self._busy_seconds)
            self._is_stuck = False

    def _room_to_keep(self) -> _Room:
        """What recording the outcome of the next post may take."""
        span = (self._partition, OUTBOX, prefix_end(OUTBOX), _PAGE)
        sizes = sorted(size for (size,) in self._connection.execute(_WAITING, span))
        moved = sum(size + _ROOM_EACH for size in sizes[-MAX_CHANGES // 2 :])
        if len(sizes) == _PAGE:  # there are more, whose sizes nobody has looked at
            moved = _MOST_MOVED
        page = self._pragma("page_size")
        used = (self._pragma("page_count") - self._pragma("freelist_count") + 2) * page
        # Only pages that hold something are kept, so a small file needs no large journal.
        return _Room(_ROOM + moved, min(_ROOM_IN_JOURNAL + moved, used))

    def _has(self, room: _Room) -> bool:
        journal = Path(f"{self._path}-journal")
        kept = journal.stat().st_size if journal.exists() else 0
        return (
            self._pragma("freelist_count") * self._pragma("page_size") >= room.file and kept >= room.journal
        )

    def _make(self, room: _Room) -> None:
        """Makes the file and its journal so much larger, with a row that is written, changed and removed."""
        with self._transaction():
            self._connection.execute(_PUT, (*_PADDING, bytes(max(room.file, room.journal) + _SPARE), ""))
        with self._transaction():
            # The journal keeps what a page held before it was changed, so it grows by as much.
            self._connection.execute(_PUT, (*_PADDING, bytes(room.journal + _SPARE), ""))
            self._connection.execute("DELETE FROM rows WHERE partition = ? AND key = ?", _PADDING)

    def _pragma(self, name: str) -> int:
        value: int = self._connection.execute(f"PRAGMA {name}").fetchone()[0]
        return value

    def _apply(self, writes: Sequence[Write]) -> list[str]:
        """Does all writes, each kind of them as one statement over its rows; returns the etags."""
        token, ours = secrets.token_hex(8), self._partition
        etags = ["" if isinstance(each, Delete) else f"{token}{at:02x}" for at, each in enumerate(writes)]
        pairs = list(zip(writes, etags, strict=True))
        self._execute(
            _INSERT, [(ours, one.key, one.data, etag) for one, etag in pairs if isinstance(one, Insert)]
        )
        self._execute(_PUT, [(ours, one.key, one.data, etag) for one, etag in pairs if isinstance(one, Put)])
        self._execute(
            _UPDATE,
            [(one.data, etag, ours, one.key, one.etag) for one, etag in pairs if isinstance(one, Update)],
        )
        self._execute(_DELETE, [(ours, one.key, one.etag) for one in writes if isinstance(one, Delete)])
        return etags

    def _execute(self, statement: str, rows: Sequence[tuple[str, ...]]) -> None:
        """Runs a statement for each of the rows.

        Raises:
            ConflictError: one of them was not as the statement expects it.
        """
        if rows and self._connection.executemany(statement, rows).rowcount != len(rows):
            raise ConflictError
