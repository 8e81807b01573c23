"""The contract of a state store, held against SQLite and a real Azurite."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from maa_notify.storage.rows import (
    MAX_BYTES,
    MAX_CHANGES,
    ConflictError,
    Delete,
    Insert,
    Put,
    Rows,
    Update,
    wire_size,
)


def keys(rows: Rows, first: str = "", end: str = "~") -> list[str]:
    """The keys in a range, as read."""
    return [row.key for row in rows.read(first or " ", end)]


def test_an_empty_store_is_read_as_empty(rows: Rows) -> None:
    """Before the first poll there is no table and no row, and that is no error."""
    assert keys(rows) == []
    assert rows.get("live:1") is None


def test_a_row_is_read_as_it_was_written(rows: Rows) -> None:
    """Whatever script a name is written in, it comes back unchanged."""
    data = '{"name":"Zoë 田中 مرحبا 🙂 \\"quoted\\""}'

    [etag] = rows.commit([Insert("live:1", data)])

    row = rows.get("live:1")
    assert row is not None
    assert (row.key, row.data, row.etag) == ("live:1", data, etag)


def test_a_range_is_read_in_order_and_without_its_end(rows: Rows) -> None:
    """A poll reads its own kinds of rows and nothing of the journal."""
    rows.commit([Put(key, "{}") for key in ("sent:1", "live:2", "meta:poll", "dead:1", "live:10", "past:1")])

    assert keys(rows, "dead:", "meta;") == ["dead:1", "live:10", "live:2", "meta:poll"]
    assert keys(rows, "live:", "live:2") == ["live:10"]


def test_many_rows_are_read_whole(rows: Rows) -> None:
    """More rows than one page of the service holds."""
    wanted = [f"live:{number:05d}" for number in range(2_300)]
    for start in range(0, len(wanted), MAX_CHANGES):
        rows.commit([Insert(key, "{}") for key in wanted[start : start + MAX_CHANGES]])

    assert keys(rows) == wanted


def test_creating_twice_is_a_conflict(rows: Rows) -> None:
    """Of two pollers that see the same new request one records it."""
    rows.commit([Insert("live:1", '{"by":"first"}')])

    with pytest.raises(ConflictError):
        rows.commit([Insert("live:1", '{"by":"second"}')])

    row = rows.get("live:1")
    assert row is not None
    assert row.data == '{"by":"first"}'


def test_every_write_changes_the_etag_and_an_old_one_is_a_conflict(rows: Rows) -> None:
    """Who read an older version is told so, for replacing and for removing."""
    [first] = rows.commit([Insert("live:1", "{}")])
    [second] = rows.commit([Update("live:1", '{"n":2}', first)])

    assert first != second
    for change in (Update("live:1", '{"n":3}', first), Delete("live:1", first)):
        with pytest.raises(ConflictError):
            rows.commit([change])
    assert rows.commit([Delete("live:1", second)]) == [""]
    assert rows.get("live:1") is None


def test_a_row_made_again_is_not_the_one_that_was(rows: Rows) -> None:
    """An etag from before a row was removed does not fit the row that took its place."""
    [first] = rows.commit([Insert("live:1", "{}")])
    rows.commit([Delete("live:1", first)])
    rows.commit([Insert("live:1", "{}")])

    with pytest.raises(ConflictError):
        rows.commit([Update("live:1", '{"n":2}', first)])


@pytest.mark.parametrize(
    "change", [Update("live:1", "{}", 'W/"x"'), Delete("live:1", 'W/"x"')], ids=["update", "delete"]
)
def test_what_is_not_there_is_a_conflict(rows: Rows, change: Update | Delete) -> None:
    """A row that somebody removed is not made again by accident."""
    rows.commit([Insert("live:2", "{}")])

    with pytest.raises(ConflictError):
        rows.commit([change])


def test_put_makes_or_replaces(rows: Rows) -> None:
    """The last one wins, whoever was there."""
    rows.commit([Put("meta:poll", '{"n":1}')])
    rows.commit([Put("meta:poll", '{"n":2}')])

    row = rows.get("meta:poll")
    assert row is not None
    assert row.data == '{"n":2}'


def test_a_transaction_is_done_whole_or_not_at_all(rows: Rows) -> None:
    """A conflict in the middle leaves nothing of what stood before it."""
    rows.commit([Insert("live:2", "{}")])

    with pytest.raises(ConflictError):
        rows.commit([Insert("live:1", "{}"), Put("outbox:1", "{}"), Insert("live:2", "{}")])

    assert keys(rows) == ["live:2"]


def test_a_full_transaction_fits(rows: Rows) -> None:
    """As many changes and as many bytes as are allowed, of the characters that take most.

    Each is read as it was written, under the etag that the commit told of it; two rows may share an etag.
    """
    text = "🙂" * ((MAX_BYTES // MAX_CHANGES - 1_000) // 12 - 20)
    changes = [Insert(f"live:{number:03d}", f'{{"text":"{text}"}}') for number in range(MAX_CHANGES)]
    assert sum(map(wire_size, changes)) <= MAX_BYTES

    etags = rows.commit(changes)

    assert [(row.key, row.data, row.etag) for row in rows.read("live:", "live;")] == [
        (change.key, change.data, etag) for change, etag in zip(changes, etags, strict=True)
    ]


@pytest.mark.parametrize("race", ["create", "update"])
def test_of_many_writers_at_once_one_wins(rows: Rows, race: str) -> None:
    """Sixteen writers with the same knowledge: fifteen are told that they were late."""
    [etag] = rows.commit([Insert("live:0", "{}")])

    def write(number: int) -> bool:
        change = (
            Insert("live:1", f'{{"n":{number}}}')
            if race == "create"
            else Update("live:0", f'{{"n":{number}}}', etag)
        )
        try:
            rows.commit([change])
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(write, range(16)))

    assert outcomes.count(True) == 1
