"""The board is read anew only when it changed, and never passes for newer than it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.domain.compare import Change as Found
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.graph.requests import parse_request
from maa_notify.storage.records import DEAD, LIVE, META, DestinationState, JournalEntry, PollMark
from maa_notify.storage.rows import Delete, Row, Rows, Update, Write
from maa_notify.storage.snapshot import SNAPSHOT_VERSION, Versioned
from maa_notify.storage.store import NEW_DESTINATION, Outcome, Record, StateStore
from tests.support.clock import START
from tests.support.graph import make_request
from tests.support.memory import MemoryRows


@dataclass(slots=True)
class Watched:
    """Rows that note which ranges were read, and let something happen right before a kind of rows is.

    A long range comes in pages, as Azure's do: others may write between two of them.
    """

    rows: Rows
    ranges: list[str] = field(default_factory=list)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)

    def read(self, first: str, end: str) -> Iterator[Row]:
        """Passes on."""
        self.ranges.append(first)
        for start, stop in ((DEAD, LIVE), (LIVE, META), (META, end)) if first == DEAD else ((first, end),):
            self.before.pop(f"{start} of {first}", lambda: None)()
            yield from self.rows.read(start, stop)

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
    known = RequestState(parse_request(make_request(now=START)))
    event = RequestEvent(EventKind.CREATED, known.request, 1, START)
    change = Found(known.request.id, None, known, event)
    store.record([Record(change, (Notification(event, "default", START),))])
    return known


def move(store: StateStore, after: Callable[[RequestState], RequestState | None]) -> None:
    """News of a request that is there, if any is."""
    for held in list(store.read_snapshot().tracked.values())[:1]:
        change = Found(held.value.request.id, held.value, after(held.value))
        store.record([Record(change, live_etag=held.etag)])


def give_up(store: StateStore) -> None:
    """A notification is given up, if one waits."""
    lane = store.read_destination("default")
    for held in store.read_pending()[:1]:
        store.commit_outcomes(
            "default", lane, [Outcome(held, entry=JournalEntry(held.value, START), dead=True)]
        )


def requeue(store: StateStore) -> None:
    """And comes back."""
    for held in store.read_dead()[:1]:
        store.requeue(held, START)


def discard(store: StateStore) -> None:
    """Or is forgotten."""
    for held in store.read_dead()[:1]:
        store.discard_dead(held)


HAPPENINGS: list[Callable[[StateStore], object]] = [
    filed,
    lambda store: move(store, lambda before: replace(before, revision=before.revision + 1)),
    lambda store: move(store, lambda _: None),
    give_up,
    requeue,
    discard,
    lambda store: store.purge(START + timedelta(days=9)),
    lambda store: store.write_mark(PollMark(START)),
    lambda store: store.raise_watermark(START),
    lambda store: store.write_destination(
        "default", replace(store.read_destination("default"), value=DestinationState("somebody"))
    ),
]


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(HAPPENINGS)), max_size=14))
def test_whatever_whoever_writes_the_board_is_as_if_read_for_the_first_time(
    moves: list[tuple[int, Callable[[StateStore], object]]],
) -> None:
    """Two pollers and a person at work: nothing that one of them did is missed by the other."""
    rows = MemoryRows()
    stores = [StateStore(rows), StateStore(rows)]
    for who, happen in moves:
        happen(stores[who])
        fresh = StateStore(rows).read_snapshot()

        assert [store.read_snapshot() for store in stores] == [fresh, fresh]


def test_with_nothing_new_only_the_few_rows_about_polls_are_read(rows: Rows) -> None:
    """However many requests are known; the mark and the destinations are as they are now."""
    watched = Watched(rows)
    store = StateStore(watched)
    known = [filed(store) for _ in range(3)]
    first = store.read_snapshot()
    watched.ranges.clear()
    store.write_mark(PollMark(START))
    store.write_destination("default", Versioned(DestinationState("somebody"), NEW_DESTINATION.etag))

    second = store.read_snapshot()

    assert watched.ranges == [META]
    assert {held.value.request.id for held in second.tracked.values()} == {each.request.id for each in known}
    assert (second.tracked, second.dead) == (first.tracked, first.dead)
    assert second.mark == PollMark(START)
    assert second.states["default"].value.holder == "somebody"


@pytest.mark.parametrize(
    "moment", [f"{META} of {META}", *(f"{each} of {DEAD}" for each in (DEAD, LIVE, META))]
)
def test_what_is_written_while_the_board_is_read_is_seen_by_the_next_reader(rows: Rows, moment: str) -> None:
    """Before the edition, between it and the rows it stands for, among them, and after them."""
    watched = Watched(rows)
    ours, theirs = StateStore(watched), StateStore(rows)
    filed(ours)
    watched.before[moment] = partial(move, theirs, lambda before: replace(before, revision=2))
    ours.read_snapshot()

    assert ours.read_snapshot() == StateStore(rows).read_snapshot()
    assert revisions(ours) == [2]


def written_by_an_older_version(rows: Rows, *, knows_editions: bool) -> None:
    """Someone who knows of no editions changes the one request; before that, perhaps nobody did."""
    version, [row] = rows.get(SNAPSHOT_VERSION), list(rows.read(LIVE, LIVE + "~"))
    assert version is not None
    data = row.data.replace('"revision":1', '"revision":7')
    rows.commit([Update(row.key, data, row.etag)])
    if not knows_editions:
        rows.commit([Delete(SNAPSHOT_VERSION, version.etag)])


def revisions(store: StateStore) -> list[int]:
    """What the board says of each request."""
    return [held.value.revision for held in store.read_snapshot().tracked.values()]


def test_a_state_of_an_older_version_is_read_whole(rows: Rows) -> None:
    """It has no edition: nothing of it is taken for unchanged."""
    store = StateStore(rows)
    filed(store)
    before = revisions(store)
    written_by_an_older_version(rows, knows_editions=False)

    assert (before, revisions(store)) == ([1], [7])


def test_an_older_poller_beside_a_newer_one_is_noticed_at_the_first_conflict(rows: Rows) -> None:
    """While one version replaces the other; the news that could not be recorded is compared again."""
    store = StateStore(rows)
    known = filed(store)
    [held] = store.read_snapshot().tracked.values()
    written_by_an_older_version(rows, knows_editions=True)
    change = Found(known.request.id, known, replace(known, revision=2))

    assert store.record([Record(change, live_etag=held.etag)]) == []
    assert revisions(store) == [7]


def test_as_much_as_one_message_holds_can_be_given_up_at_once(rows: Rows) -> None:
    """With the edition it is just what one transaction takes."""
    store = StateStore(rows)
    for _ in range(MOST_TOGETHER):
        filed(store)
    outcomes = [
        Outcome(held, entry=JournalEntry(held.value, START), dead=True) for held in store.read_pending()
    ]
    store.commit_outcomes("default", NEW_DESTINATION, outcomes)

    assert store.read_snapshot().dead == MOST_TOGETHER
