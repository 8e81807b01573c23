"""The outside world of the tests: Graph, Teams and Table Storage, each on the loopback."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.azurite import Azurite, AzuriteMissingError
from tests.support.connector import FakeConnector
from tests.support.graph import FakeGraph
from tests.support.teams import FakeTeams

if TYPE_CHECKING:
    from collections.abc import Iterator

# By the clock Hypothesis finds faults of a busy machine only.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Puts back what a test changes for the whole process, as each command that runs in it does."""
    root, ours = logging.getLogger(), logging.getLogger("maa_notify")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    """Serve an empty tenant; a test fills it."""
    with FakeGraph() as fake:
        yield fake


@pytest.fixture
def teams() -> Iterator[FakeTeams]:
    """Serve channels that take every sound card; a test looks at them."""
    with FakeTeams() as fake:
        yield fake


@pytest.fixture
def service() -> Iterator[FakeConnector]:
    """Serve the Bot Connector of a tenant with one channel; a test looks at what stands there."""
    with FakeConnector() as fake:
        yield fake


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moves the machine there for one test."""
    with monkeypatch.context() as abroad:
        abroad.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Run one real Azurite for all tests of this process; without it, skip here and fail in CI."""
    with azurite_for("table") as service:
        yield service


@pytest.fixture(scope="session")
def queues() -> Iterator[Azurite]:
    """Run Azurite's real queues, as ``azurite`` does its tables."""
    with azurite_for("queue") as service:
        yield service


def azurite_for(service: str) -> Azurite:
    """One service of Azurite, not started."""
    try:
        return Azurite(service)
    except AzuriteMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
