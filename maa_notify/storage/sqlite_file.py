"""The SQLite file of a state store: making it, telling ours from others, and what is said when it fails."""

import os
import sqlite3
from pathlib import Path

from maa_notify.errors import StateCorrupt, StateError

BUSY_SECONDS = 20.0
"""How long a poll waits for another process that has locked the file."""

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
_HINTS = {
    "SQLITE_FULL": "make room on its disk",
    "SQLITE_IOERR": "see whether its disk is full, over a quota, or broken",
    "SQLITE_BUSY": "another program holds it, end that one or let it finish",
    "SQLITE_READONLY": "make the file and its folder writable",
}
"""What to do, by the beginning of SQLite's name for an error."""


def open_file(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Opens the file and creates it, readable by its owner only, when it is not there.

    Raises:
        StateError: the file cannot be opened, or holds something that is not ours.
    """
    try:
        if path.exists() and not path.is_file():
            raise StateError(
                f"the state file {path} is no file but a folder, a device or a pipe: name a file in MAA_STATE"
            )
        # Created here, since SQLite would let others read the file, and it holds names and reasons.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        # Absolute, since SQLite takes some names such as `:memory:` or `file:x` for no file.
        connection = sqlite3.connect(
            path.absolute(), timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise failure(path, error) from error
    try:
        if _owner(connection) != _APPLICATION_ID:
            _make_ours(connection, path)
        connection.execute("PRAGMA journal_mode = PERSIST")
    except sqlite3.Error as error:
        connection.close()
        raise failure(path, error) from error
    except StateError:
        connection.close()
        raise
    return connection


def _make_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Creates the table in a new file and marks the file as ours; refuses a file of another program."""
    connection.execute("BEGIN IMMEDIATE")
    if _owner(connection) != _APPLICATION_ID:
        if _owner(connection) or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StateCorrupt(
                f"the state file {path} belongs to another program: name another file in MAA_STATE"
            )
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute("COMMIT")


def failure(path: Path, error: Exception) -> StateError:
    """What is said of an error of SQLite or the system: the file, what is wrong, and what to do."""
    where = f"the state file {path}"
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return StateCorrupt(f"{where} is no SQLite database: name another file in MAA_STATE")
    if isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error):
        return StateCorrupt(f"{where} is damaged: restore it from a copy or remove it (MAA_STATE)")
    name = getattr(error, "sqlite_errorname", "")
    hint = next((hint for start, hint in _HINTS.items() if name.startswith(start)), "see MAA_STATE")
    return StateError(f"{where} cannot be used ({error}): {hint}; nothing more is posted until it can")


def _owner(connection: sqlite3.Connection) -> int:
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    return owner
