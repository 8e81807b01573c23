"""Harder lives: each set adds one kind of mishap to calm or rough ones, and the last has them all.

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

# As long as a busy machine needs.
pytestmark = [pytest.mark.usefixtures("silence"), pytest.mark.timeout(300)]

CALM = Chances(change=0.01)
ROUGH = Chances(fault=0.02, kill=0.005, change=0.02)

HARDER = {
    "cards of bots": replace(ROUGH, ill=3, hours=1, bots=True),
    "ill requests and people": replace(CALM, ill=3, hours=3),
    "answers that are lost for hours": replace(CALM, slow=1, hours=1, digests=True),
    "destinations that come and go": replace(ROUGH, leave=1, join=2, away=1, bots=True),
    "requests whose look-up fails": replace(CALM, hide=1, unfindable=3),
    "requests that are listed twice": replace(CALM, doubled=1),
    "requests that vanish for a second": replace(CALM, glitch=2),
    "clocks that are ahead": replace(CALM, ahead=3, down=3, hours=1, settings=1),
    "eight days off": replace(CALM, off=1),
    "bursts": replace(CALM, burst=1, wave=2, hours=1, bots=True),
    "quiet hours and other settings": replace(
        CALM, settings=3, nights=2, hours=1, leave=0.5, join=0.5, unpin=0.5, bots=True
    ),
    "rows that somebody deletes": replace(ROUGH, touch=2, settings=1, hours=1),
    "two destinations at one address": replace(
        CALM, shared=True, ill=2, down=1, burst=1, hours=1, leave=0.5, join=0.5
    ),
    "chats with approvers": replace(ROUGH, approvers=True, people=2, ill=1.5, down=0.5, slow=0.5, hours=1),
    "approvers, bursts and settings": replace(
        CALM, approvers=True, people=2, burst=0.5, wave=1, settings=1, leave=1, join=1.5, hours=1
    ),
    "people who look": replace(
        ROUGH,
        approvers=True,
        looks=6,
        people=1,
        settings=1,
        ill=0.5,
        down=0.3,
        join=0.5,
        hours=0.5,
        bots=True,
    ),
    "a first list that is empty": replace(CALM, first_empty=0.7),
}
EVERYTHING = Chances(
    fault=0.01,
    kill=0.003,
    change=0.01,
    ill=0.7,
    down=0.4,
    slow=0.4,
    settings=0.7,
    leave=0.4,
    join=0.7,
    away=0.2,
    hide=0.7,
    unfindable=0.4,
    doubled=0.2,
    glitch=0.4,
    ahead=0.2,
    off=0.1,
    burst=0.1,
    wave=0.2,
    nights=0.1,
    touch=0.1,
    hours=0.7,
    unpin=0.4,
    first_empty=0.1,
    people=0.7,
    looks=1.5,
    bots=True,
    approvers=True,
    digests=True,
)
STEPS = 40


@pytest.mark.parametrize("name", HARDER)
def test_harder_lives_keep_the_promise(name: str) -> None:
    """Nothing lost, late, out of order, untrue or doubled, whatever one kind of mishap does."""
    assert broken(20, HARDER[name], 2) == []


def test_lives_with_all_mishaps_at_once_keep_the_promise() -> None:
    """The same with all kinds in one life."""
    assert broken(40, EVERYTHING, 2, steps=STEPS) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", HARDER)
def test_three_hundred_harder_lives(name: str) -> None:
    """More of each kind, with up to three pollers."""
    assert broken(300, HARDER[name], 3) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("first", range(0, 10_000, 250))
def test_ten_thousand_lives_with_all_mishaps_at_once(first: int) -> None:
    """A night's worth of all kinds in one life, with up to three pollers."""
    assert broken(250, EVERYTHING, 3, first, STEPS) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_a_hundred_such_lives_on_files(tmp_path: Path) -> None:
    """The same on SQLite files, which each poll opens for itself."""
    for seed in range(100):
        open_rows = partial(SqliteRows, tmp_path / f"{seed}.db", TENANT)

        assert live(seed, EVERYTHING, 2, STEPS, open_rows) == [], seed


@pytest.mark.soak
@pytest.mark.azurite
@pytest.mark.timeout(3_600)
def test_twenty_such_lives_on_tables(azurite: Azurite) -> None:
    """The same on Table Storage."""

    def open_table(name: str) -> TableRows:
        return TableRows(connect_with_string(azurite.connection_string), name, TENANT)

    for seed in range(20):
        assert live(seed, EVERYTHING, 2, STEPS, partial(open_table, f"T{uuid4().hex}")) == [], seed
