"""The state store in a SQLite file: for a first try, a server of one's own, and the demo."""

import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from maa_notify.errors import StateCorrupt, StateError
from maa_notify.storage.rows import ConflictError, Delete, Insert, Put, Row, Update, Write

_APPLICATION_ID = 0x4D41414E
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS rows (
        partition TEXT NOT NULL,
        key TEXT NOT NULL,
        data TEXT NOT NULL,
        etag TEXT NOT NULL,
        PRIMARY KEY (partition, key)
    ) WITHOUT ROWID
"""
_INSERT = "INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?)"
_PUT = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)"
_UPDATE = "UPDATE rows SET data = ?, etag = ? WHERE partition = ? AND key = ? AND etag = ?"
_DELETE = "DELETE FROM rows WHERE partition = ? AND key = ? AND etag = ?"
BUSY_SECONDS = 20.0
"""How long a poll waits for another process that has locked the file."""
_PAGE = 1_000


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
        self._connection = self._open()

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
        """Does all writes or none."""
        try:
            with self._lock, self._transaction():
                return self._apply(writes)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        try:
            # Created here, since SQLite would let others read the file, and it holds names and reasons.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise self._failure(error) from error
        try:
            self._prepare(connection)
        except sqlite3.Error as error:
            connection.close()
            raise self._failure(error) from error
        except StateError:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Creates the table in a new file and marks the file as ours; refuses a file of another program."""
        if _owner(connection) == _APPLICATION_ID:
            return
        connection.execute("BEGIN IMMEDIATE")
        if _owner(connection) != _APPLICATION_ID:
            if _owner(connection) or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise StateCorrupt(
                    f"{self._where} belongs to another program: name another file in MAA_STATE"
                )
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute("COMMIT")

    def _page(self, first: str, end: str) -> list[Row]:
        statement = (
            "SELECT key, data, etag FROM rows"
            " WHERE partition = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
        )
        try:
            # A page at a time: the lock is free while the caller works on the rows.
            with self._lock:
                found = self._connection.execute(statement, (self._partition, first, end, _PAGE)).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return [Row(*each) for each in found]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE waits for the write lock now; a read turned into a write later may fail at once instead.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

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

    @property
    def _where(self) -> str:
        return f"the state file {self._path}"

    def _failure(self, error: Exception) -> StateError:
        if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
            return StateCorrupt(f"{self._where} is no SQLite database: name another file in MAA_STATE")
        if isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error):
            return StateCorrupt(f"{self._where} is damaged: restore it from a copy or remove it (MAA_STATE)")
        return StateError(f"{self._where} cannot be used ({error}): see MAA_STATE; nothing was posted")


def _owner(connection: sqlite3.Connection) -> int:
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    return owner
