"""What is special about a file: it may be somebody else's, damaged, or in a place that does not exist."""

import sqlite3
import sys
from pathlib import Path

import pytest

from maa_notify.errors import StateCorrupt, StateError
from maa_notify.storage.rows import Insert
from maa_notify.storage.sqlite import SqliteRows


def test_a_file_outlives_its_process(tmp_path: Path) -> None:
    """What was recorded is there when the file is opened again, for its tenant and no other."""
    first = SqliteRows(tmp_path / "state.db", "tenant-a")
    first.commit([Insert("live:1", "{}")])
    first.close()

    rows = {tenant: SqliteRows(tmp_path / "state.db", tenant) for tenant in ("tenant-a", "tenant-b")}

    assert [[row.key for row in each.read(" ", "~")] for each in rows.values()] == [["live:1"], []]
    for each in rows.values():
        each.close()


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    """A mistyped path must not add a table to another program's data."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(StateCorrupt, match=r"belongs to another program.*MAA_STATE"):
        SqliteRows(path, "tenant")

    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"This is no database. " * 100, b"\0" * 4096], ids=["text", "zeros"])
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """The error names the file and the setting."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)

    with pytest.raises(StateError, match=r"notes\.txt"):
        SqliteRows(path, "tenant")

    assert path.read_bytes() == content


def test_a_missing_folder_is_said_with_the_setting(tmp_path: Path) -> None:
    """Nothing is created on the way there."""
    with pytest.raises(StateError, match="MAA_STATE"):
        SqliteRows(tmp_path / "nowhere" / "state.db", "tenant")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps access in lists, not in these bits")
def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """It holds names and reasons."""
    SqliteRows(tmp_path / "state.db", "tenant").close()

    assert (tmp_path / "state.db").stat().st_mode & 0o077 == 0
