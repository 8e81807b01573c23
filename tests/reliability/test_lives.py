"""Random lives of a tenant with random faults, kills and pollers at once; an oracle looks at every channel.

A failure names its seed; `LIVES=seed:SEED` repeats it, `LIVES=NUMBER` runs more of them.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from maa_notify.storage.sqlite import SqliteRows
from maa_notify.storage.table import TableRows, connect_with_string
from tests.reliability.lives.chances import Chances
from tests.reliability.lives.life import broken, live
from tests.support.azurite import Azurite
from tests.support.notifier import TENANT

pytestmark = pytest.mark.usefixtures("silence")

CALM = Chances(change=0.03)
ROUGH = Chances(fault=0.04, kill=0.01, change=0.03)
MISHAPS = {
    "cards that somebody deletes": replace(ROUGH, unpin=2, bots=True),
    "destinations that are down": replace(ROUGH, down=1, hours=0.5),
    "settings that change": replace(ROUGH, settings=2),
    "destinations that leave": replace(ROUGH, leave=1),
    "requests that lists omit": replace(CALM, hide=3),
}

FEW_FILES, MANY_FILES = 8, 200
FEW_TABLES, MANY_TABLES = 4, 40
"""Lives on real stores take some forty times as long as those in memory."""


def on_files(folder: Path, number: int) -> list[str]:
    """The flaws of so many rough lives, each on a SQLite file of its own that each poll opens for itself."""
    lives = (
        live(seed, ROUGH, 2, open_rows=partial(SqliteRows, folder / f"{seed}.db", TENANT))
        for seed in range(number)
    )
    return [f"seed {seed}: {found}" for seed, found in enumerate(lives) if found]


def on_tables(service: Azurite, number: int) -> list[str]:
    """The flaws of so many rough lives, each on a table of its own."""

    def open_table(name: str) -> TableRows:
        return TableRows(connect_with_string(service.connection_string), name, TENANT)

    lives = (live(seed, ROUGH, 2, open_rows=partial(open_table, f"T{uuid4().hex}")) for seed in range(number))
    return [f"seed {seed}: {found}" for seed, found in enumerate(lives) if found]


def test_calm_lives_are_told_exactly_once() -> None:
    """Without faults and with one poller: nothing lost, nothing double, in order."""
    assert broken(100, CALM, 1) == []


def test_two_pollers_disturb_nothing() -> None:
    """Without faults, two pollers at every possible moment: still exactly once."""
    assert broken(150, CALM, 2) == []


def test_rough_lives_keep_the_promise() -> None:
    """Faults and kills at any point of I/O: nothing lost, in order, doubled only by what was disturbed."""
    assert broken(250, ROUGH, 2) == []


@pytest.mark.parametrize("mishap", MISHAPS)
def test_lives_with_a_mishap_keep_the_promise(mishap: str) -> None:
    """Nothing lost, late, out of order, untrue or doubled, whatever one kind of mishap adds to the faults."""
    assert broken(20, MISHAPS[mishap], 2) == []


def test_lives_on_files_keep_the_promise(tmp_path: Path) -> None:
    """The same on SQLite files."""
    assert on_files(tmp_path, FEW_FILES) == []


@pytest.mark.azurite
def test_lives_on_tables_keep_the_promise(azurite: Azurite) -> None:
    """The same on Table Storage."""
    assert on_tables(azurite, FEW_TABLES) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("first", range(0, 10_000, 1_000))
def test_ten_thousand_rough_lives(first: int) -> None:
    """The same for a night's worth of them, with up to three pollers."""
    assert broken(1_000, ROUGH, 3, first) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("mishap", MISHAPS)
def test_five_hundred_lives_with_a_mishap(mishap: str) -> None:
    """More of each kind, with up to three pollers."""
    assert broken(500, MISHAPS[mishap], 3) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_two_hundred_lives_on_files(tmp_path: Path) -> None:
    """More of them on SQLite files."""
    assert on_files(tmp_path, MANY_FILES) == []


@pytest.mark.soak
@pytest.mark.azurite
@pytest.mark.timeout(3_600)
def test_forty_lives_on_tables(azurite: Azurite) -> None:
    """More of them on Table Storage."""
    assert on_tables(azurite, MANY_TABLES) == []
