"""The list of approvers comes back as it was written, however long it is, and leaves nobody behind."""

from datetime import UTC, datetime

import pytest

from maa_notify.domain.access import AccessPolicy, Group, Member
from maa_notify.domain.approvers import KnownGroup, Roll
from maa_notify.errors import StateCorrupt
from maa_notify.storage.records import APPROVERS
from maa_notify.storage.roll import RollStore
from maa_notify.storage.rows import Put, Rows, prefix_end
from maa_notify.storage.versioned import VersionedRows

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LIMIT = 32_768
"""Characters of a text in a table, by Microsoft's documentation."""


def roll(members: int, name: str = "Aiko Mori") -> Roll:
    """One policy with a group of so many members."""
    people = [Member(f"{number:036}", name=name, account="a@contoso.com") for number in range(members)]
    group = KnownGroup("g1", NOW).after(Group("g1", "MAA approvers", is_security=True), people, NOW)
    return Roll(NOW, (AccessPolicy("p1", "Wipes", ("deviceWipe",), "", ("g1",), NOW),), {"g1": group})


def held(rows: Rows) -> list[str]:
    """The texts of its rows."""
    return [row.data for row in rows.read(APPROVERS, prefix_end(APPROVERS))]


@pytest.fixture
def store(rows: Rows) -> RollStore:
    """On both kinds of stores."""
    return RollStore(VersionedRows(rows))


def test_nothing_is_remembered_at_first(store: RollStore) -> None:
    """Which is no empty list."""
    assert store.read() is None


@pytest.mark.parametrize("name", ["Aiko Mori", '"' * 64, "\\" * 64, "\U0001f512" * 64, "界" * 64])
def test_a_long_list_comes_back_whole(store: RollStore, rows: Rows, name: str) -> None:
    """In rows that a table takes, whatever people are called."""
    written = roll(500, name)

    assert store.write(written)
    assert store.read() == written
    assert len(held(rows)) > 1
    assert max(len(text.encode("utf-16-le")) // 2 for text in held(rows)) <= LIMIT


def test_a_shorter_list_leaves_nothing_of_the_longer_one(store: RollStore, rows: Rows) -> None:
    """It named people who are no approvers any more."""
    store.write(roll(500))
    store.write(roll(1, "Oskar Weiss"))

    assert store.read() == roll(1, "Oskar Weiss")
    assert "Aiko" not in "".join(held(rows))


def test_a_list_that_is_too_long_is_not_remembered(store: RollStore, rows: Rows) -> None:
    """One transaction takes no more."""
    store.write(roll(1))
    crowd = roll(1_000, "x" * 256)
    several = Roll(NOW, (), {str(number): crowd.groups["g1"] for number in range(9)})

    assert not store.write(several)
    assert store.read() == roll(1)


def test_it_can_be_forgotten(store: RollStore, rows: Rows) -> None:
    """And that twice."""
    store.write(roll(500))
    store.forget()
    store.forget()

    assert held(rows) == []


@pytest.mark.parametrize("data", ["not ours", '{"count":1,"text":"[]"}', '{"count":2,"text":"{"}'])
def test_a_damaged_list_names_its_rows(store: RollStore, rows: Rows, data: str) -> None:
    """So that somebody can remove them."""
    rows.commit([Put(f"{APPROVERS}000", data)])

    with pytest.raises(StateCorrupt, match=APPROVERS):
        store.read()
