"""Settings that lead to the fakes."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.graph import FakeGraph
from tests.support.notifier import TENANT
from tests.support.process import Outcome, environment, run
from tests.support.teams import FakeTeams

Command = Callable[..., Outcome]

HEALTH = """
from maa_notify.functions.handlers import health_details
status, body = health_details()
print(int(status), body)
"""


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


@dataclass(frozen=True, slots=True)
class Health:
    """What whoever has the key is answered, with the status that a monitor gets."""

    code: int
    told: dict[str, Any]


@pytest.fixture
def health(settings: dict[str, str], tmp_path: Path) -> Callable[..., Health]:
    """Asks a fresh Function App with the settings of `command`."""

    def ask(**changes: str | None) -> Health:
        given = {name: value for name, value in {**settings, **changes}.items() if value is not None}
        done = subprocess.run(
            [sys.executable, "-c", HEALTH],
            env=environment(given),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=50,
            check=True,
        )
        code, _, body = done.stdout.partition(" ")
        return Health(int(code), json.loads(body))

    return ask
