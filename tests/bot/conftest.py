"""The bot's side and Teams' side, and a state store between."""

from collections.abc import Iterator

import pytest

from maa_notify.storage.store import StateStore
from tests.support.bot import Bot, FakeBotService
from tests.support.clock import FakeClock
from tests.support.memory import MemoryRows


@pytest.fixture
def service() -> Iterator[FakeBotService]:
    """Teams, with one good key."""
    with FakeBotService() as fake:
        yield fake


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes only when a test says so; tokens live by the real one."""
    return FakeClock()


@pytest.fixture
def store() -> StateStore:
    """An empty state store."""
    return StateStore(MemoryRows())


@pytest.fixture
def bot(service: FakeBotService, store: StateStore, clock: FakeClock) -> Bot:
    """A bot that knows the service's keys from the loopback."""
    return Bot(service, store, clock)
