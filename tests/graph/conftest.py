"""A client of the fake Graph, with time and tokens of the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from maa_notify.demo.entra_api import SCOPE
from maa_notify.graph.client import GraphClient
from maa_notify.graph.reader import Bounds, GraphReader
from maa_notify.net.client import Limits
from tests.support.clock import FakeClock
from tests.support.entra import FakeTokens
from tests.support.graph import FakeGraph
from tests.support.wire import ScriptedServer, reply


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes only when somebody waits."""
    return FakeClock()


@pytest.fixture
def tokens() -> FakeTokens:
    """One sound token."""
    return FakeTokens()


@pytest.fixture
def reader(graph: FakeGraph, tokens: FakeTokens, clock: FakeClock) -> Iterator[GraphReader]:
    """Reads any part of the fake Graph."""
    made = GraphReader(graph.url, SCOPE, tokens, clock)
    yield made
    made.close()


@pytest.fixture
def client(reader: GraphReader) -> GraphClient:
    """Reads the requests of the fake Graph."""
    return GraphClient(reader)


@pytest.fixture
def bounded(
    graph: FakeGraph, tokens: FakeTokens, clock: FakeClock
) -> Iterator[Callable[[Bounds], GraphClient]]:
    """Makes clients with bounds of the test's own."""
    with ExitStack() as stack:

        def make(bounds: Bounds) -> GraphClient:
            reader = GraphReader(graph.url, SCOPE, tokens, clock, bounds)
            stack.callback(reader.close)
            return GraphClient(reader)

        yield make


@pytest.fixture
def hasty(bounded: Callable[[Bounds], GraphClient]) -> GraphClient:
    """Gives a page little time and little limits."""
    return bounded(Bounds(page=Limits(seconds=1.5, max_bytes=1 << 20)))


@pytest.fixture
def stranger() -> Iterator[ScriptedServer]:
    """Another server, which would gladly take a token."""
    with ScriptedServer(reply(200, json={"value": []})) as serving:
        yield serving
