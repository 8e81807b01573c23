"""A notifier on a SQLite file, for tests of what a poll does."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams


@pytest.fixture
def clock() -> FakeClock:
    """Begins on a Monday morning."""
    return FakeClock()


@pytest.fixture
def make_notifier(
    graph: FakeGraph, teams: FakeTeams, tmp_path: Path, clock: FakeClock
) -> Iterator[Callable[..., Notifier]]:
    """Makes notifiers with settings of the test's choice."""
    made: list[Notifier] = []

    def make(**settings: str) -> Notifier:
        notifier = Notifier(graph, teams, tmp_path / "state.db", clock, **settings)
        made.append(notifier)
        return notifier

    yield make
    for notifier in made:
        notifier.close()


@pytest.fixture
def notifier(make_notifier: Callable[..., Notifier]) -> Notifier:
    """One with the defaults, but without reminders."""
    return make_notifier()
