"""Two servers: the one that is asked, and one that must not hear of it."""

from collections.abc import Iterator

import pytest

from maa_notify.net.client import HttpClient
from tests.support.wire import ScriptedServer, reply


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Answers with `fine` until a test scripts something else."""
    with ScriptedServer(reply(200, text="fine")) as serving:
        yield serving


@pytest.fixture
def stranger() -> Iterator[ScriptedServer]:
    """Another server, which would answer anything."""
    with ScriptedServer(reply(200, text="welcome")) as serving:
        yield serving


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[HttpClient]:
    """Connections to the server."""
    made = HttpClient(server.url)
    yield made
    made.close()
