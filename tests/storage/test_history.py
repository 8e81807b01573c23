"""All requests that are remembered: listed, just gone, and filed in the archive."""

import base64
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.domain.compare import RequestState
from maa_notify.domain.request import COMPLETED
from maa_notify.errors import StateCorrupt
from maa_notify.storage.records import ARCHIVE_NEW, ARCHIVE_PAGE, LIVE, PAST, encode
from maa_notify.storage.rows import ConflictError, Insert, Put, Row, Rows, prefix_end
from maa_notify.storage.store import StateStore
from tests.storage.changes import changed, created, tracked
from tests.support.clock import START

DAY = timedelta(days=1)


def request(number: int, filed: datetime = START, **changes: object) -> RequestState:
    """A request that was completed; each number has an id of its own."""
    known = tracked(id=f"00000000-0000-4000-8000-{number:012d}", status=COMPLETED)
    return replace(known, request=replace(known.request, requested_at=filed, **changes))


def leave(store: StateStore, *states: RequestState) -> None:
    """Lists requests and lets them leave the list."""
    for state in states:
        store.requests.record([created(state)])
        held = store.requests.read_snapshot().tracked[state.request.id]
        store.requests.record([changed(state, None)], {state.request.id: held})


def ids(store: StateStore, **options: datetime | str) -> list[int]:
    """The numbers of the requests that are read, in their order."""
    found = store.history.read(**options)  # type: ignore[arg-type]
    return [int(each.request.id[-12:]) for each in found]


def count(rows: Rows, prefix: str) -> int:
    """How many rows stand under a prefix."""
    return len(list(rows.read(prefix, prefix_end(prefix))))


def test_requests_are_read_by_the_time_of_their_filing(store: StateStore, rows: Rows) -> None:
    """Wherever they stand: listed, gone since the last filing, or filed; each once."""
    leave(store, request(3, START + 3 * DAY), request(1, START + DAY))
    store.history.archive.file()
    leave(store, request(2, START + 2 * DAY))
    store.requests.record([created(request(0, START))])

    assert (count(rows, ARCHIVE_PAGE), count(rows, ARCHIVE_NEW), count(rows, LIVE)) == (2, 1, 1)
    assert ids(store) == [0, 1, 2, 3]
    assert [each.is_listed for each in store.history.read()] == [True, False, False, False]


def test_what_is_filed_is_as_it_was(store: StateStore) -> None:
    """Every field comes back."""
    state = request(1, justification="Für Müller: “weg” 😀")
    leave(store, state)
    store.history.archive.file()

    [record] = store.history.read()

    assert record.state == state


def test_filing_twice_changes_nothing(store: StateStore, rows: Rows) -> None:
    """A poll may be killed at any point and run again."""
    leave(store, *map(request, range(5)))

    filed = [store.history.archive.file() for _ in range(3)]

    assert filed[1:] == [0, 0]
    assert count(rows, ARCHIVE_PAGE) == 1
    assert ids(store) == [0, 1, 2, 3, 4]


def test_a_state_of_before_the_archive_still_answers(store: StateStore, rows: Rows) -> None:
    """Rows that an older version left are read one by one until all of them are filed."""
    old = [request(each, START + each * DAY) for each in range(3)]
    rows.commit([Insert(f"{PAST}{each.request.id}", encode(each)) for each in old])
    before = ids(store)

    store.history.archive.file()

    assert before == ids(store) == [0, 1, 2]
    assert store.history.archive.is_complete()


def test_a_large_state_of_before_is_filed_in_portions(store: StateStore, rows: Rows) -> None:
    """No poll is held up by it, and nothing is missing meanwhile."""
    old = [request(each, START + each % 3 * DAY) for each in range(10)]
    rows.commit([Insert(f"{PAST}{each.request.id}", encode(each)) for each in old])

    turns = []
    while not store.history.archive.is_complete():
        assert sorted(ids(store)) == list(range(10))
        turns.append(store.history.archive.file(at_most=4))

    assert turns == [4, 4, 2]
    assert sorted(ids(store)) == list(range(10))
    assert store.history.archive.file() == 0


def test_a_request_that_comes_back_is_told_as_it_is_now(store: StateStore) -> None:
    """Not as it was filed; and its next end replaces the one of before."""
    first = request(1, justification="first")
    leave(store, first)
    store.history.archive.file()
    past = store.requests.read_past([first.request.id])
    back = replace(first, request=replace(first.request, justification="second"))
    store.requests.record([created(back)], past=past)
    listed = [each.request.justification for each in store.history.read()]

    held = store.requests.read_snapshot().tracked[back.request.id]
    store.requests.record([changed(back, None)], {back.request.id: held})
    store.history.archive.file()

    assert listed == ["second"]
    assert [each.request.justification for each in store.history.read()] == ["second"]


def test_an_id_that_is_filed_anew_is_another_request(store: StateStore) -> None:
    """Who approved the first one stays known."""
    leave(store, request(1, START))
    store.history.archive.file()
    leave(store, request(1, START + 5 * DAY))
    store.history.archive.file()

    assert [each.filed_at for each in store.history.read()] == [START, START + 5 * DAY]


def test_a_day_with_many_requests_has_several_pages(store: StateStore, rows: Rows) -> None:
    """A row of Table Storage holds 32,000 characters; texts that cannot be packed fill it soonest."""
    notes = [
        "".join(chr(0x4E00 + (each * 7919 + at * 104729) % 20_000) for at in range(1_200))
        for each in range(45)
    ]
    old = [request(each, justification=notes[each], approval_notes=notes[-each]) for each in range(45)]
    rows.commit([Put(f"{ARCHIVE_NEW}{each.request.id}", encode(each)) for each in old])

    store.history.archive.file()

    pages = list(rows.read(ARCHIVE_PAGE, prefix_end(ARCHIVE_PAGE)))
    assert len(pages) > 1
    assert max(len(page.data) for page in pages) < 32_000
    assert sorted(ids(store)) == list(range(45))
    assert {each.request.justification for each in store.history.read()} == set(notes)


class Overtaken:
    """Rows of a poller that is always a moment too late: another one writes each page that it reads."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.get, self.close, self.commit = rows.get, rows.close, rows.commit

    def read(self, first: str, end: str) -> Iterator[Row]:
        for row in list(self.rows.read(first, end)):
            if row.key.startswith(ARCHIVE_PAGE):
                self.rows.commit([Put(row.key, row.data)])
            yield row


def test_two_pollers_that_file_at_once_lose_nothing(store: StateStore, rows: Rows) -> None:
    """The one that comes second is refused, and files another day."""
    leave(store, request(1))
    store.history.archive.file()
    leave(store, request(2))

    with pytest.raises(ConflictError):
        StateStore(Overtaken(rows)).history.archive.file()

    assert (count(rows, ARCHIVE_NEW), ids(store)) == (1, [1, 2])
    assert store.history.archive.file() == 1
    assert (count(rows, ARCHIVE_NEW), ids(store)) == (0, [1, 2])


def test_a_span_reads_only_what_may_lie_in_it(store: StateStore) -> None:
    """The rest is left out before it is decoded."""
    leave(store, *(request(each, START + each * 100 * DAY) for each in range(5)))
    store.history.archive.file()

    assert ids(store, since=START + 400 * DAY) == [3, 4]
    assert ids(store, until=START + 150 * DAY) == [0, 1]


def test_pages_that_cannot_hold_a_text_are_left_out(store: StateStore) -> None:
    """In any case; a text that JSON writes otherwise, or with other letters, leaves nothing out."""
    notes = ["CHG0042", "Größe", "another"]
    leave(store, *(request(at, START + at * DAY, justification=note) for at, note in enumerate(notes, 1)))
    store.history.archive.file()

    assert ids(store, holding="chg0042") == [1, 2]
    assert ids(store, holding="other") == [2, 3]
    assert ids(store, holding="GRÖSSE") == [1, 2, 3]
    assert ids(store, holding='"') == [1, 2, 3]


def test_the_archive_forgets_after_the_retention(store: StateStore) -> None:
    """It holds personal data: the setting that purges the journal purges it, too."""
    leave(store, request(1, START), request(2, START + 9 * DAY))
    store.history.archive.file()

    purged = store.history.archive.purge(START + 2 * DAY)

    assert (purged, ids(store)) == (1, [2])


NO_LIST = base64.b64encode(zlib.compress(b'{"request": 1}')).decode()


@pytest.mark.parametrize("data", ['"%%%"', '"AAAA"', "{}", f'"{NO_LIST}"'])
def test_a_damaged_page_is_named(store: StateStore, rows: Rows, data: str) -> None:
    """So that a person can remove it."""
    store.history.archive.file()
    rows.commit([Insert(f"{ARCHIVE_PAGE}2026-08-01:0000", data)])

    with pytest.raises(StateCorrupt, match="archive:day:2026-08-01:0000"):
        ids(store)
