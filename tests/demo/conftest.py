"""A demo server without the renderer, a clock that stands still until told, and a client."""

from collections.abc import Iterator

import httpx
import pytest

from maa_notify.demo.server import DemoServer
from maa_notify.demo.tenant import SimulatedTenant
from tests.demo.support import StillClock, blank_assets


@pytest.fixture
def clock() -> StillClock:
    """Lend a clock."""
    return StillClock()


@pytest.fixture
def tenant(clock: StillClock) -> SimulatedTenant:
    """Lend an empty tenant."""
    return SimulatedTenant(clock)


@pytest.fixture
def server(clock: StillClock) -> Iterator[DemoServer]:
    """Run the demo's server; the card renderer is left out, so no npm package is needed."""
    with DemoServer(clock=clock, assets=blank_assets()) as running:
        yield running


@pytest.fixture
def client(server: DemoServer) -> Iterator[httpx.Client]:
    """Lend a client that talks to the server."""
    with httpx.Client(base_url=server.url, trust_env=False) as talking:
        yield talking
