"""The bot as the settings wire it up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maa_notify import app
from maa_notify.app import App
from tests.support.channels import FakeBotChannel
from tests.support.connector import FakeConnector
from tests.support.graph import FakeGraph
from tests.support.notifier import TENANT


@pytest.fixture
def wired(graph: FakeGraph, tmp_path: Path) -> Iterator[App]:
    """A notifier with a bot that may be asked."""
    with FakeConnector() as connector:
        built = app.build(
            {
                "MAA_TENANT_ID": TENANT,
                "MAA_ACCESS_TOKEN": "x",
                "MAA_GRAPH_URL": graph.url,
                "MAA_STATE": f"sqlite:///{tmp_path / 'state.db'}",
                "MAA_BOT_COMMANDS": "true",
                **FakeBotChannel(connector).settings,
            }
        )
        yield built
        built.close()


def test_a_stranger_is_refused_by_the_endpoint_that_the_setting_opens(wired: App) -> None:
    """The endpoint is there, and asks for a token first."""
    assert wired.messages is not None
    assert wired.messages.handle({}, b"{}") == (401, "")
