"""`--env-file`: the settings of a file, beneath those of the environment."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from maa_notify.settings.env_file import env_text
from tests.cli.conftest import Command
from tests.support.graph import FakeGraph, make_request
from tests.support.process import run
from tests.support.teams import FakeTeams


@pytest.fixture
def file(settings: Mapping[str, str], tmp_path: Path) -> Path:
    """The settings of `command` in a file that its owner alone may read."""
    made = tmp_path / "maa.env"
    made.touch(0o600)
    made.write_text(env_text(settings), encoding="utf-8")
    return made


@pytest.mark.parametrize("words", [("--env-file", "maa.env", "poll"), ("poll", "--env-file", "maa.env")])
def test_it_may_stand_before_and_after_the_command(
    file: Path, graph: FakeGraph, teams: FakeTeams, words: tuple[str, ...]
) -> None:
    """And no variable needs to be set."""
    graph.requests = [make_request()]
    outcome = run("-q", *words, settings={}, cwd=file.parent)

    assert (outcome.code, outcome.err) == (0, "")
    assert len(teams.cards) == 1


def test_the_environment_goes_before_the_file(file: Path, teams: FakeTeams) -> None:
    """One value for one call; and whoever left a variable behind is told its name, not its value."""
    outcome = run("--env-file", "maa.env", "poll", settings={"MAA_CLOUD": "mars"}, cwd=file.parent)
    assert outcome.code == 2
    assert "MAA_CLOUD" in outcome.err

    other = teams.url_for("other")
    outcome = run(
        "-q", "--env-file", "maa.env", "poll", settings={"MAA_TEAMS_WEBHOOK_URL": other}, cwd=file.parent
    )

    assert outcome.code == 0
    assert (
        outcome.err == "maa-notify: MAA_TEAMS_WEBHOOK_URL is that of the environment, not that of maa.env\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a mode tells nothing there")
def test_a_file_that_others_can_read_is_told(file: Path) -> None:
    """It is used all the same."""
    file.chmod(0o644)
    outcome = run("-q", "--env-file", "maa.env", "poll", settings={}, cwd=file.parent)

    assert outcome.code == 0
    assert "its mode 644 lets others on this machine in: chmod 600 maa.env" in outcome.err


def test_a_wrong_line_stops_the_start(command: Command, file: Path, graph: FakeGraph) -> None:
    """Exit 2, by its number."""
    file.write_text("MAA_CLIENT_SECRET='hunter2\n", encoding="utf-8")
    outcome = command("--env-file", "maa.env", "poll")

    assert outcome.code == 2
    assert "maa.env, line 1: MAA_CLIENT_SECRET has a quote that is not closed" in outcome.err
    assert "hunter2" not in outcome.err
    assert graph.calls == []


def test_a_file_that_is_not_there_stops_the_start(command: Command) -> None:
    """Also with settings in the environment that would do: it was meant for something."""
    outcome = command("--env-file", "nowhere.env", "poll")

    assert outcome.code == 2
    assert "nowhere.env: cannot be read: No such file or directory" in outcome.err
