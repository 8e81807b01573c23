"""Settings that lead to the fakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.graph import FakeGraph
from tests.support.notifier import TENANT
from tests.support.process import Outcome, run
from tests.support.teams import FakeTeams

Command = Callable[..., Outcome]


@pytest.fixture
def settings(graph: FakeGraph, teams: FakeTeams) -> dict[str, str]:
    """The fewest settings that work; the state is a file in the current folder."""
    return {
        "MAA_TENANT_ID": TENANT,
        "MAA_ACCESS_TOKEN": "x",
        "MAA_GRAPH_URL": graph.url,
        "MAA_TEAMS_WEBHOOK_URL": teams.url,
    }


@pytest.fixture
def command(settings: dict[str, str], tmp_path: Path) -> Command:
    """Runs the command in an empty folder; keyword arguments are settings on top, None removes one."""

    def call(*arguments: str, **changes: str | None) -> Outcome:
        merged = {**settings, **changes}
        given = {name: value for name, value in merged.items() if value is not None}
        return run(*arguments, settings=given, cwd=tmp_path)

    return call
