"""The wheel, installed by itself as `pipx` and `uv tool` do: an administrator's laptop."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import uv

from maa_notify import __version__
from maa_notify.cli.main import COMMANDS
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.process import ROOT
from tests.support.teams import FakeTeams
from tools import package

pytestmark = [pytest.mark.index, pytest.mark.timeout(300)]

BESIDE = ("pyproject.toml", "LICENSE", "README.md")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it from what is under version control."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "maa_notify", *BESIDE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0")[:-1]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    _uv("build", "--wheel", "--no-build-isolation", "--out-dir", str(target), str(source))
    [made] = target.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it into an environment of its own; without an index, skip here and fail in CI."""
    home = tmp_path_factory.mktemp("home")
    places = {"UV_TOOL_DIR": str(home / "tools"), "UV_TOOL_BIN_DIR": str(home / "bin")}
    _uv("tool", "install", "--python", sys.executable, str(wheel), places=places)
    return home / "bin" / ("maa-notify.exe" if os.name == "nt" else "maa-notify")


def _uv(*arguments: str, places: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        [uv.find_uv_bin(), *arguments],
        env={**os.environ, "VIRTUAL_ENV": sys.prefix, **(places or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(sign in done.stderr for sign in ("error sending request", "dns error")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no index: {done.stderr}")
    assert done.returncode == 0, done.stderr


def call(program: Path, folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs it with these settings and nothing of this checkout."""
    system = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [str(program), *words],
        env={**system, **settings},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_program_is_there_with_all_its_commands(program: Path, tmp_path: Path) -> None:
    """Under its own name, and with its version."""
    assert call(program, tmp_path, "--version").stdout == f"maa-notify {__version__}\n"
    for name in COMMANDS:
        assert call(program, tmp_path, name, "--help").returncode == 0


def test_it_polls_and_shows_how_things_stand(
    program: Path, tmp_path: Path, graph: FakeGraph, teams: FakeTeams
) -> None:
    """From a list in Graph to a card in Teams."""
    graph.requests = [make_request(payloadName="CONTOSO-LT-42")]
    settings = {
        "MAA_TENANT_ID": TENANT,
        "MAA_ACCESS_TOKEN": "x",
        "MAA_GRAPH_URL": graph.url,
        "MAA_TEAMS_WEBHOOK_URL": teams.url,
    }

    assert call(program, tmp_path, "poll", **settings).returncode == 0
    assert len(teams.cards) == 1
    assert "Wipe device CONTOSO-LT-42" in call(program, tmp_path, "status", **settings).stdout


@pytest.mark.parametrize(
    "words, code, told",
    [
        (["completion", "bash"], 0, "complete"),
        (["preview"], 0, "AdaptiveCard"),
        (["teams-app", "--output", "app.zip"], 0, "app.zip written"),
        (["init"], 2, "there is no terminal"),
        (["demo"], 1, "make setup"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_no_code_came_along(
    program: Path, tmp_path: Path, words: list[str], code: int, told: str
) -> None:
    """Scripts, icons and the page of the demo; what needs the Node packages says so."""
    done = call(program, tmp_path, *words, MAA_CLIENT_ID="7b0c54be-0000-4000-8000-000000000003")

    assert done.returncode == code
    assert told in done.stdout + done.stderr


def test_the_deployed_archive_has_no_scripts_for_shells() -> None:
    """Nobody types in the Function."""
    assert not [name for name in package.shipped(ROOT) if "completions" in str(name)]
