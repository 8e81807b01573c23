"""Random lives of a tenant with random faults, kills and pollers at once; an oracle looks at every channel.

A failure names its seed; `LIVES=seed:SEED` repeats it, `LIVES=NUMBER` runs more of them.
"""

import logging
import os
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.reliability.world import Chances, World, flaws, run_together

CALM = Chances(change=0.03)
ROUGH = Chances(fault=0.04, kill=0.01, change=0.03)
STEPS = 24


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of lives log millions of lines, and pytest would keep them all."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def live(seed: int, chances: Chances, most_pollers: int, steps: int = STEPS) -> list[str]:
    """One life of so many steps and a calm end; returns what broke the promise."""
    world = World(random.Random(seed), chances)
    silent: set[str] = set()
    for _ in range(steps):
        step(world, silent, most_pollers)
    world.chances = Chances()
    for pause in (60, 60, 60, 4_300, 60, 60, 300, 300):
        world.clock.advance(pause)
        poll(world, silent, 1)
    return flaws(world, silent)


def step(world: World, silent: set[str], most_pollers: int) -> None:
    """Something happens, or time passes, or somebody polls."""
    act = world.rng.choices(
        ("create", "change", "drop", "relist", "pass", "set back", "poll"), (5, 6, 1, 1, 3, 0.3, 9)
    )[0]
    if act == "pass":
        world.clock.advance(timedelta(seconds=world.rng.choice((5, 60, 600, 7_200))))
    elif act == "set back":
        world.clock.set_back(timedelta(minutes=world.rng.choice((1, 90))))
    elif act == "poll":
        poll(world, silent, world.rng.randint(1, most_pollers))
        world.clock.advance(world.rng.choice((1, 60)))
    else:
        getattr(world, act)()


def poll(world: World, silent: set[str], pollers: int) -> None:
    """So many pollers at once."""
    is_first = world.is_new_to_us()
    closed = {request.id for request in world.listed.values() if request.is_closed}
    run_together(world, pollers)
    if is_first:
        silent |= closed | {request.id for request in world.listed.values() if request.is_closed}


def seeds(default: int) -> Iterator[int]:
    """The seeds to live through, from the environment or the default number of them."""
    wish = os.environ.get("LIVES", str(default))
    if wish.startswith("seed:"):
        return iter([int(wish.removeprefix("seed:"))])
    return iter(range(int(wish)))


def broken(number: int, chances: Chances, most_pollers: int) -> list[str]:
    """The flaws of so many lives, each with its seed and the fewest steps that show one."""
    found = []
    for seed in seeds(number):
        if live(seed, chances, most_pollers):
            steps = next(each for each in range(1, STEPS + 1) if live(seed, chances, most_pollers, each))
            flaws_found = live(seed, chances, most_pollers, steps)
            found.append(f"LIVES=seed:{seed} shows after {steps} steps: {'; '.join(flaws_found)}")
    return found


def test_calm_lives_are_told_exactly_once() -> None:
    """Without faults and with one poller: nothing lost, nothing double, in order."""
    assert broken(100, CALM, 1) == []


def test_two_pollers_disturb_nothing() -> None:
    """Without faults, two pollers at every possible moment: still exactly once."""
    assert broken(150, CALM, 2) == []


def test_rough_lives_keep_the_promise() -> None:
    """Faults and kills at any point of I/O: nothing lost, in order, doubled only by what was disturbed."""
    assert broken(250, ROUGH, 2) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_ten_thousand_rough_lives() -> None:
    """The same for a night's worth of them, with up to three pollers."""
    assert broken(10_000, ROUGH, 3) == []
