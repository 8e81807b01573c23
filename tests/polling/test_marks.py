"""How the last looks at a source went, and when it is looked at again."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.domain.visibility import Outlook
from maa_notify.errors import GraphDenied, GraphError, GraphUnavailable, StateError
from maa_notify.polling.marks import (
    is_due,
    log_failure_or_recovery,
    next_mark,
    wait_asked_for,
    wait_until,
    write_mark,
)
from maa_notify.storage.records import SourceMark, Versioned
from maa_notify.storage.rows import ConflictError, Delete, Write
from maa_notify.storage.store import StateStore
from tests.support.clock import START
from tests.support.memory import MemoryRows

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "tried_at,expected",
    [
        (None, True),
        (START - HOUR, True),
        (START - HOUR + SECOND, False),
        (START, False),
        (START + SECOND, False),
        (START + 9 * HOUR, True),
    ],
    ids=["never", "an hour ago", "less", "now", "another clock", "clock set back"],
)
def test_a_source_is_looked_at_in_its_rhythm(tried_at: datetime | None, expected: bool) -> None:
    """Well or not; a time that has not come yet puts nothing off."""
    assert is_due(SourceMark(tried_at=tried_at), HOUR, START) is expected
    assert is_due(None, HOUR, START)


@pytest.mark.parametrize(
    "asked,expected",
    [
        (None, None),
        (START, None),
        (START + SECOND, START + SECOND),
        (START + HOUR, START + HOUR),
        (START + 2 * HOUR, None),
    ],
)
def test_a_source_that_asked_to_be_left_alone_is(asked: datetime | None, expected: datetime | None) -> None:
    """Until then, within the hour that it may ask for."""
    assert wait_until(SourceMark(not_before=asked), START) == expected
    assert wait_until(None, START) is None


@pytest.mark.parametrize(
    "error,expected",
    [
        (GraphDenied("no"), None),
        (GraphUnavailable("busy"), None),
        (GraphUnavailable("busy", 30.0), START + 30 * SECOND),
        (GraphUnavailable("busy", -5.0), START),
        (GraphUnavailable("busy", 1e9), START + HOUR),
    ],
)
def test_a_wait_is_believed_within_an_hour(error: GraphError, expected: datetime | None) -> None:
    """Only one that was asked for."""
    assert wait_asked_for(error, START) == expected


def test_a_good_look_forgets_what_failed() -> None:
    """Only that memory was lost once stays known."""
    before = SourceMark(START - HOUR, START, "denied", "x", START, memory_lost_at=START, not_before=START)
    outlook = Outlook(since=START)

    after = next_mark(before, None, outlook, START)

    assert after == SourceMark(
        last_good=START, tried_at=START, outlook=outlook, memory_lost_at=START, number=1
    )


@pytest.mark.parametrize(
    "since,expected",
    [(None, START), (START - HOUR, START - HOUR), (START + HOUR, START)],
    ids=["first", "again", "clock set back"],
)
def test_a_failed_look_tells_since_when_it_fails_and_why(since: datetime | None, expected: datetime) -> None:
    """When the last good one was stays known."""
    before = SourceMark(START - 2 * HOUR, failing_since=since, memory_lost_at=START)
    denied = GraphDenied("no", "Policy.Read.All", START - HOUR)

    after = next_mark(before, denied, Outlook(since=START), START, START + HOUR)

    assert after == SourceMark(
        START - 2 * HOUR,
        expected,
        "graph_denied",
        "Policy.Read.All",
        START - HOUR,
        tried_at=START,
        outlook=Outlook(since=START),
        not_before=START + HOUR,
        memory_lost_at=START,
        number=1,
    )


class Crossed(MemoryRows):
    """Rows in which somebody else acts before each transaction of ours."""

    def __init__(self) -> None:
        """Nobody yet."""
        super().__init__()
        self.before: Callable[[], object] = lambda: None
        self.tries = 0

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Lets somebody else act first."""
        self.tries += 1
        self.before()
        return super().commit(writes)


OURS = SourceMark(last_good=START, outlook=Outlook(since=START - 9 * HOUR, listed={"apps": START}))


def written(change: Callable[[Crossed, str], object], **read: Any) -> SourceMark | None:
    """The mark after ours was written, while somebody else did something with its row."""
    rows = Crossed()
    store = StateStore(rows).requests
    first = SourceMark(**{"last_good": START - HOUR, **read})
    etag = store.write_mark("approvals", first)

    def once() -> None:
        rows.before = lambda: None
        change(rows, etag)

    rows.before = once
    write_mark(store, "approvals", OURS, Versioned(first, etag), START)
    return store.read_mark("approvals")


def wrote(mark: SourceMark) -> Callable[[Crossed, str], object]:
    """Another poll that wrote this mark."""
    return lambda rows, _: StateStore(rows).requests.write_mark("approvals", mark)


def test_a_mark_is_written_where_nobody_was_faster() -> None:
    """And the last one to write is the one that stands."""
    assert written(lambda *_: None) == OURS
    assert written(wrote(SourceMark(failure="denied", number=7))) == replace(OURS, number=8)


@pytest.mark.parametrize("since,begins_later", [(START - 10 * HOUR, False), (None, False), (START, True)])
def test_a_memory_that_another_poll_began_anew_stands(since: datetime | None, begins_later: bool) -> None:
    """What ended before is history, whatever we had read."""
    theirs = SourceMark(memory_lost_at=START, outlook=Outlook(since=since, listed={"roles": START}))
    joined = replace(
        OURS, memory_lost_at=START, outlook=replace(OURS.outlook, since=since, listed={"roles": START})
    )
    counted = replace(joined if begins_later else OURS, number=1)

    assert written(wrote(theirs)) == counted


def test_rows_that_are_gone_are_a_memory_that_begins_anew() -> None:
    """What ended before the last good poll was told by then; nothing is known of what is listed."""

    def remove(rows: Crossed, _: str) -> None:
        rows.commit([Delete(row.key, row.etag) for row in rows.read(" ", "~")])

    anew = replace(OURS, memory_lost_at=START)

    assert written(remove) == replace(anew, outlook=Outlook(since=START - HOUR))
    assert written(remove, last_good=None) == replace(anew, outlook=Outlook(since=START))


def test_a_mark_that_changes_at_every_try_ends_in_words() -> None:
    """Instead of hammering the store."""

    class Contended(MemoryRows):
        tries = 0

        def commit(self, writes: Sequence[Write]) -> list[str]:
            self.tries += 1
            raise ConflictError

    rows = Contended()

    with pytest.raises(StateError, match="mark of approvals"):
        write_mark(StateStore(rows).requests, "approvals", OURS, Versioned(OURS, "1"), START)
    assert rows.tries < 30


@pytest.mark.parametrize(
    "before,failure,expected",
    [
        (SourceMark(), None, []),
        (SourceMark(failing_since=START), None, ["poll.recovered"]),
        (SourceMark(), GraphDenied("no", "x"), ["poll.failing"]),
        (SourceMark(failure="graph_denied", missing_permission="x"), GraphDenied("no", "x"), []),
        (SourceMark(failure="graph_denied"), GraphDenied("no", "x"), ["poll.failing"]),
        (SourceMark(failure="graph_unavailable"), GraphDenied("no"), ["poll.failing"]),
    ],
)
def test_a_failure_is_said_once_and_its_end_once(
    before: SourceMark, failure: GraphError | None, expected: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Again only when it is another one."""
    log_failure_or_recovery("approvals", before, failure)

    assert [line.split()[0] for line in caplog.messages] == expected
