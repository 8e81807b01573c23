"""What is special about a file: it may be somebody else's, damaged, in use, or on a full disk."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from maa_notify.errors import StateCorrupt, StateError
from maa_notify.storage.outbox import Outcome
from maa_notify.storage.records import NEW_DESTINATION, JournalEntry
from maa_notify.storage.rows import Insert, Put
from maa_notify.storage.sqlite import SqliteRows
from maa_notify.storage.store import StateStore
from tests.storage.changes import created, tracked
from tests.support.clock import START
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT, Notifier
from tests.support.teams import FakeTeams


def test_a_file_outlives_its_process(tmp_path: Path) -> None:
    """What was recorded is there when the file is opened again, for its tenant and no other."""
    first = SqliteRows(tmp_path / "state.db", "tenant-a")
    first.commit([Insert("live:1", "{}")])
    first.close()

    rows = {tenant: SqliteRows(tmp_path / "state.db", tenant) for tenant in ("tenant-a", "tenant-b")}

    assert [[row.key for row in each.read(" ", "~")] for each in rows.values()] == [["live:1"], []]
    for each in rows.values():
        each.close()


@pytest.mark.parametrize("name", [":memory:", "file::memory:", "file:x"])
def test_a_name_that_means_memory_to_sqlite_is_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded outlives the program whatever its file is called."""
    monkeypatch.chdir(tmp_path)
    found: list[str] = []
    for each in ("live:1", "live:2"):
        rows = SqliteRows(Path(name), "tenant")
        rows.commit([Insert(each, "{}")])
        found = [row.key for row in rows.read(" ", "~")]
        rows.close()

    assert found == ["live:1", "live:2"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices are no files of Windows")
def test_what_is_no_file_is_said_to_be_none(kind: str, tmp_path: Path) -> None:
    """The disk is not blamed for it."""
    path = Path(os.devnull) if kind == "device" else tmp_path
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)

    with pytest.raises(
        StateError, match="is no file but a folder, a device or a pipe: name a file in MAA_STATE"
    ):
        list(SqliteRows(path, "tenant").read(" ", "~"))


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


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Another program in the middle of reading the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM rows").fetchone()
        yield
        reader.execute("ROLLBACK")


def test_a_commit_that_meets_a_long_reader_is_one_failure_and_no_more(tmp_path: Path) -> None:
    """It says who is in the way; the next commit works, and nobody else is locked out meanwhile."""
    path = tmp_path / "state.db"
    rows, other = (SqliteRows(path, TENANT, busy_seconds=0.1) for _ in range(2))
    rows.commit([Put("live:1", "{}")])

    with reading(path):
        with pytest.raises(StateError, match="another program holds it"):
            rows.commit([Put("live:2", "{}")])
        found = [row.key for row in other.read("live:", "live;")]
    other.commit([Put("live:3", "{}")])
    rows.commit([Put("live:4", "{}")])

    assert (found, [row.key for row in rows.read("live:", "live;")]) == (
        ["live:1"],
        ["live:1", "live:3", "live:4"],
    )
    rows.close()
    other.close()


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Lets no file of this process grow beyond a size in bytes, which is how a full disk looks to it."""
    resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_as_that(tmp_path: Path) -> None:
    """Not as what came of it; nothing is half written, and the next commit works once there is room."""
    path = tmp_path / "state.db"
    rows = SqliteRows(path, TENANT)
    rows.commit([Put("live:1", "{}")])

    with (
        no_file_beyond(path.stat().st_size),
        pytest.raises(StateError, match=r"state\.db .*(disk|full).*: .* disk") as caught,
    ):
        rows.commit([Put("live:2", "x" * 300_000)])
    rows.commit([Put("live:3", "{}")])

    assert "transaction" not in str(caught.value)
    assert [row.key for row in rows.read("live:", "live;")] == ["live:1", "live:3"]
    rows.close()


@pytest.mark.parametrize("pages", range(10))
def test_nothing_is_posted_that_could_not_be_recorded(
    graph: FakeGraph, teams: FakeTeams, tmp_path: Path, pages: int
) -> None:
    """With room for a lease but not for an outcome no card goes out; with room again each comes once."""
    path = tmp_path / "state.db"
    notifier = Notifier(graph, teams, path, MAA_DIGEST_ABOVE="50")
    journal = notifier.app.store.journal
    notifier.poll()
    posted_and_recorded, failures = [], []
    with no_file_beyond(path.stat().st_size + pages * 4_096):
        for _ in range(30):
            graph.requests = [*graph.requests, make_request(now=notifier.clock.now())]
            try:
                notifier.poll_after(60)
            except StateError as error:
                failures.append(str(error))
            posted_and_recorded.append((len(teams.cards), len(list(journal.read_sent()))))

    for _ in range(8):
        notifier.poll_after(300)

    assert failures
    assert all("disk" in failure for failure in failures)
    assert [posted for posted, _ in posted_and_recorded] == [recorded for _, recorded in posted_and_recorded]
    assert len(teams.cards) == len(graph.requests) == len(list(journal.read_sent()))
    notifier.close()


@pytest.mark.parametrize("waiting", [1, 49])
@pytest.mark.parametrize("before", ["nothing", "journal removed", "room used"])
def test_the_room_for_an_outcome_is_there_before_the_post(tmp_path: Path, waiting: int, before: str) -> None:
    """Once a destination is leased, recording what was posted there makes no file grow."""
    path = tmp_path / "state.db"
    rows = SqliteRows(path, TENANT)
    store = StateStore(rows)
    store.requests.record([created(tracked()) for _ in range(waiting)])
    if before == "journal removed":
        Path(f"{path}-journal").unlink()
    elif before == "room used":
        for key, size in (
            ("past:1", 1_000_000),
            ("past:2", 500_000),
            ("past:3", 100_000),
            ("past:4", 100_000),
        ):
            rows.commit([Put(key, "x" * size)])
    leased = store.outbox.write_destination("default", NEW_DESTINATION)
    outcomes = [Outcome(held, entry=JournalEntry(held.value, START)) for held in store.outbox.read_pending()]
    sizes = [each.stat().st_size for each in sorted(tmp_path.iterdir())]

    store.outbox.commit_outcomes("default", leased, outcomes)

    assert [each.stat().st_size for each in sorted(tmp_path.iterdir())] == sizes
    rows.close()
