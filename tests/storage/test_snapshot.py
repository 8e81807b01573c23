"""The snapshot is read anew only when it changed, and never passes for newer than it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify.domain.compare import RequestState
from maa_notify.domain.finding import FindingState
from maa_notify.domain.visibility import Outlook
from maa_notify.storage.outbox import Outcome
from maa_notify.storage.records import (
    AUDIT,
    CARD,
    DEAD,
    FINDING,
    LIVE,
    META,
    NEW_DESTINATION,
    OUTBOX,
    PAST,
    SENT,
    SNAPSHOT_VERSION,
    UNREACHED,
    DestinationState,
    JournalEntry,
    SnapshotVersion,
    SourceMark,
    Versioned,
    decode,
    encode,
)
from maa_notify.storage.rows import Delete, Insert, Row, Rows, Update, Write
from maa_notify.storage.store import StateStore
from maa_notify.storage.versioned import VersionedRows
from tests.storage.changes import changed, created, tracked
from tests.support.approval import notice
from tests.support.clock import START
from tests.support.memory import MemoryRows


@dataclass(slots=True)
class Watched:
    """Rows that note which ranges were read, and let something happen right before a kind of rows is.

    A long range comes in pages, as Azure's do: others may write between two of them.
    """

    rows: Rows
    ranges: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)

    def read(self, first: str, end: str) -> Iterator[Row]:
        """Passes on."""
        self.ranges.append(first)
        pages = ((DEAD, LIVE), (LIVE, META), (META, OUTBOX), (OUTBOX, end))
        for start, stop in (page for page in pages if page[0] >= first):
            self.before.pop(f"{start} of {first}", lambda: None)()
            for row in self.rows.read(start, stop):
                self.keys.append(row.key)
                yield row

    def get(self, key: str) -> Row | None:
        """Passes on."""
        return self.rows.get(key)

    def commit(self, changes: Sequence[Write]) -> list[str]:
        """Passes on."""
        return self.rows.commit(changes)

    def close(self) -> None:
        """Passes on."""


def filed(store: StateStore) -> RequestState:
    """A new request, recorded with its notification."""
    known = tracked()
    store.requests.record([created(known)])
    return known


def move(store: StateStore, after: Callable[[RequestState], RequestState | None]) -> None:
    """News of a request that is there, if any is."""
    known = store.requests.read_snapshot().tracked
    for held in list(known.values())[:1]:
        store.requests.record([changed(held.value, after(held.value))], known)


def give_up(store: StateStore) -> None:
    """A notification is given up, if one waits."""
    state = store.outbox.read_destination("default")
    for held in store.outbox.read_pending()[:1]:
        store.outbox.commit_outcomes(
            "default", state, [Outcome(held, entry=JournalEntry(held.value, START), dead=True)]
        )


def requeue(store: StateStore) -> None:
    """And comes back."""
    for held in store.journal.read_dead()[:1]:
        store.journal.requeue(held, START)


def discard(store: StateStore) -> None:
    """Or is forgotten."""
    for held in store.journal.read_dead()[:1]:
        store.journal.discard(held)


HAPPENINGS: list[Callable[[StateStore], object]] = [
    filed,
    lambda store: move(store, lambda before: replace(before, revision=before.revision + 1)),
    lambda store: move(store, lambda _: None),
    give_up,
    requeue,
    discard,
    lambda store: store.journal.purge(START + timedelta(days=9)),
    lambda store: store.requests.write_mark("approvals", SourceMark(START)),
    lambda store: store.requests.raise_watermark(START),
    lambda store: store.outbox.write_destination(
        "default", replace(store.outbox.read_destination("default"), value=DestinationState("somebody"))
    ),
]


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(HAPPENINGS)), max_size=14))
def test_whatever_whoever_writes_the_snapshot_is_as_if_read_for_the_first_time(
    moves: list[tuple[int, Callable[[StateStore], object]]],
) -> None:
    """Two pollers and a person at work: nothing that one of them did is missed by the other."""
    rows = MemoryRows()
    stores = [StateStore(rows), StateStore(rows)]
    for who, happen in moves:
        happen(stores[who])
        fresh = StateStore(rows).requests.read_snapshot()

        assert [store.requests.read_snapshot() for store in stores] == [fresh, fresh]


def test_with_nothing_new_only_the_few_rows_about_polls_are_read(rows: Rows) -> None:
    """However many requests are known; the mark and the destinations are as they are now."""
    watched = Watched(rows)
    store = StateStore(watched)
    known = [filed(store) for _ in range(3)]
    first = store.requests.read_snapshot()
    watched.ranges.clear()
    store.requests.write_mark("approvals", SourceMark(START))
    store.outbox.write_destination("default", Versioned(DestinationState("somebody"), NEW_DESTINATION.etag))

    second = store.requests.read_snapshot()

    assert watched.ranges == [META]
    assert {held.value.request.id for held in second.tracked.values()} == {each.request.id for each in known}
    assert (second.tracked, second.dead) == (first.tracked, first.dead)
    assert second.marks["approvals"] == SourceMark(START)
    assert second.states["default"].value.holder == "somebody"


@pytest.mark.parametrize(
    "moment",
    [
        *(f"{each} of {META}" for each in (META, OUTBOX)),
        *(f"{each} of {DEAD}" for each in (DEAD, LIVE, META, OUTBOX)),
    ],
)
def test_what_is_written_while_the_snapshot_is_read_is_seen_by_the_next_reader(
    rows: Rows, moment: str
) -> None:
    """Before the version, between it and the rows it stands for, among them, and after them."""
    watched = Watched(rows)
    ours, theirs = StateStore(watched), StateStore(rows)
    filed(ours)
    watched.before[moment] = partial(move, theirs, lambda before: replace(before, revision=2))
    ours.requests.read_snapshot()

    assert ours.requests.read_snapshot() == StateStore(rows).requests.read_snapshot()
    assert revisions(ours) == [2]


def test_what_is_written_while_all_rows_are_counted_is_seen_by_the_next_reader(rows: Rows) -> None:
    """The count reads everything though nothing is new, and another poll changes a row that it has passed."""
    watched = Watched(rows)
    ours, theirs = StateStore(watched), StateStore(rows)
    filed(ours)
    while not watched.ranges or watched.ranges.count(DEAD) < 2:
        if DEAD in watched.ranges:
            watched.before[f"{META} of {DEAD}"] = partial(
                move, theirs, lambda before: replace(before, revision=2)
            )
        ours.requests.read_snapshot()

    assert watched.before == {}
    assert revisions(ours) == [2]


def written_by_an_older_version(rows: Rows, *, knows_versions: bool) -> None:
    """Someone who knows of no versions changes the one request; before that, perhaps nobody did."""
    version, [row] = rows.get(SNAPSHOT_VERSION), list(rows.read(LIVE, LIVE + "~"))
    assert version is not None
    data = row.data.replace('"revision":1', '"revision":7')
    rows.commit([Update(row.key, data, row.etag)])
    if not knows_versions:
        rows.commit([Delete(SNAPSHOT_VERSION, version.etag)])


def revisions(store: StateStore) -> list[int]:
    """What the snapshot says of each request."""
    return [held.value.revision for held in store.requests.read_snapshot().tracked.values()]


def test_a_state_of_an_older_version_is_read_whole(rows: Rows) -> None:
    """It has no version: nothing of it is taken for unchanged."""
    store = StateStore(rows)
    filed(store)
    before = revisions(store)
    written_by_an_older_version(rows, knows_versions=False)

    assert (before, revisions(store)) == ([1], [7])


def test_an_older_poller_beside_a_newer_one_is_noticed_at_the_first_conflict(rows: Rows) -> None:
    """While one version replaces the other; the news that could not be recorded is compared again."""
    store = StateStore(rows)
    known = filed(store)
    held = store.requests.read_snapshot().tracked
    written_by_an_older_version(rows, knows_versions=True)

    assert store.requests.record([changed(known, replace(known, revision=2))], held).changes == []
    assert revisions(store) == [7]


def test_a_version_behind_that_of_another_poller_tells_the_number_of_the_mark(rows: Rows) -> None:
    """Else an older mark that somebody puts back would not be noticed."""
    ours, theirs = StateStore(rows), StateStore(rows)
    ours.requests.read_snapshot()
    ours.requests.note_mark(7)
    filed(theirs)
    filed(ours)

    version = ours.requests.read_snapshot().version
    assert version is not None
    assert version.mark == 7


@pytest.mark.parametrize("prefix", [DEAD, FINDING, LIVE])
def test_no_write_of_what_polls_compare_with_is_without_a_new_version(rows: Rows, prefix: str) -> None:
    """Whoever makes it, changes it or removes it; the etags are those of what was asked for."""
    versioned, key = VersionedRows(rows), f"{prefix}1"
    seen = [version_in(rows)]
    [first] = versioned.commit([Insert(key, "{}")])
    seen.append(version_in(rows))
    [second] = versioned.commit([Update(key, "{}", first)])
    seen.append(version_in(rows))
    assert versioned.commit([Delete(key, second)]) == [""]
    seen.append(version_in(rows))

    assert len(set(seen)) == 4


def test_whoever_changes_a_row_that_it_never_counted_lets_the_next_one_count(rows: Rows) -> None:
    """A total by guess would look like somebody's hands at the rows."""
    versioned, key = VersionedRows(rows), f"{LIVE}1"
    versioned.count_from_nothing()
    [first] = rows.commit([Insert(key, "{}")])

    versioned.commit([Update(key, '{"a":1}', first)])

    row = rows.get(SNAPSHOT_VERSION)
    assert row is not None
    assert decode(row, SnapshotVersion).total is None


def test_a_version_stands_for_the_same_rows_after_an_update_of_the_program() -> None:
    """Were they counted in another way, each installation would ring as touched by its update."""
    row = Row(f"{LIVE}1", '{"request":1}', "")

    def is_that(total: int) -> bool:
        version = Row(SNAPSHOT_VERSION, encode(SnapshotVersion("one", total)), "")
        return VersionedRows(MemoryRows()).count([row], version)

    assert is_that(69_191_458_054_107_237)
    assert not is_that(69_191_458_054_107_238)


def test_whoever_discards_a_row_by_hand_keeps_what_the_version_stands_for(rows: Rows) -> None:
    """Else a row that somebody plants, and a mark put back, would not be noticed after `outbox discard`."""
    [dead] = rows.commit([Insert(f"{DEAD}1", "{}")])
    rows.commit([Insert(SNAPSHOT_VERSION, encode(SnapshotVersion("one", 7, 3)))])

    VersionedRows(rows).commit([Delete(f"{DEAD}1", dead)])

    row = rows.get(SNAPSHOT_VERSION)
    assert row is not None
    version = decode(row, SnapshotVersion)
    assert version.token != "one"
    assert (version.total, version.mark) == (7, 3)


@pytest.mark.parametrize("prefix", [AUDIT, CARD, META, OUTBOX, PAST, SENT, UNREACHED])
def test_other_writes_leave_the_version_alone(rows: Rows, prefix: str) -> None:
    """Else each mark of a poll would make the next one read everything again."""
    VersionedRows(rows).commit([Insert(f"{prefix}1", "{}")])

    assert version_in(rows) == ""


def version_in(rows: Rows) -> str:
    """The row of the version, or nothing."""
    row = rows.get(SNAPSHOT_VERSION)
    return row.data if row else ""


@pytest.mark.parametrize(
    "prefix,is_read",
    [
        (FINDING, True),
        (OUTBOX, True),
        (AUDIT, False),
        (CARD, False),
        (PAST, False),
        (SENT, False),
        (UNREACHED, False),
    ],
)
def test_findings_and_outbox_come_along_and_what_grows_stays_outside(
    rows: Rows, prefix: str, is_read: bool
) -> None:
    """One range brings all that is compared; a poll is as fast after ten years as on the first day."""
    filed(StateStore(rows))
    row = encode(FindingState(notice(), START)) if prefix == FINDING else "{}"
    rows.commit([Insert(f"{prefix}1", row)])
    watched = Watched(rows)

    tracked_by_id = StateStore(watched).requests.read_snapshot().tracked

    assert (f"{prefix}1" in watched.keys) is is_read
    assert len(tracked_by_id) == 1


@pytest.mark.parametrize(
    "mark,was_polled", [(SourceMark(last_good=START), True), (SourceMark(failing_since=START), False)]
)
def test_a_process_that_read_a_state_notices_that_it_is_gone(mark: SourceMark, was_polled: bool) -> None:
    """Only one that was written by a good poll; another process cannot tell this from a first run."""
    rows = MemoryRows()
    outlook = Outlook(since=START)
    StateStore(rows).requests.write_mark("approvals", replace(mark, outlook=outlook))
    store = StateStore(rows)
    before = store.requests.read_snapshot()
    rows.commit([Delete(row.key, row.etag) for row in rows.read(" ", "~")])

    after, elsewhere = store.requests.read_snapshot(), StateStore(rows).requests.read_snapshot()

    assert (before.was_polled("approvals"), before.known_good) == (was_polled, None)
    assert (after.was_polled("approvals"), after.known_good) == (False, START if was_polled else None)
    assert (before.outlook("approvals"), after.outlook("approvals")) == (outlook, Outlook())
    assert elsewhere.known_good is None
