"""What programs of others are told of our environment."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maa_notify.demo.errors import PlaygroundError
from maa_notify.demo.playground import Playground
from maa_notify.rendering.child import environment_of_child
from maa_notify.rendering.errors import BrowserError
from maa_notify.rendering.renderer import screenshot
from tests.demo.support import need_browser_tools

SECRETS = (
    "MAA_CLIENT_SECRET",
    "maa_access_token",
    "MAA_TENANT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AzureWebJobsStorage",
    "APPSETTING_MAA_STATE",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "CONTOSO_WEBHOOK",
    "NODE_AUTH_TOKEN",
)
NEEDED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "DISPLAY",
    "SystemRoot",
    "XDG_RUNTIME_DIR",
    "NODE_OPTIONS",
    "TMPDIR",
    "LD_LIBRARY_PATH",
)


def test_no_secret_of_ours_and_all_that_is_needed() -> None:
    """A browser finds its display and its fonts, and no setting."""
    given = dict.fromkeys((*SECRETS, *NEEDED), "x")

    assert set(environment_of_child(given)) == set(NEEDED)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a program of a name in the way, which notes its environment in the file, and ends."""

    def put(name: str) -> Path:
        noted, program = tmp_path / "noted.txt", tmp_path / name
        program.write_text(f"#!/bin/sh\nenv > {noted}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        for each in SECRETS:
            monkeypatch.setenv(each, "very-secret")
        return noted

    return put


@pytest.mark.browser
@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_the_browser_is_started_without_our_settings(tmp_path: Path, stand_in: Callable[[str], Path]) -> None:
    """As it is really started."""
    need_browser_tools()
    noted = stand_in("chromium")

    with pytest.raises(BrowserError):
        screenshot({"type": "AdaptiveCard"}, tmp_path / "card.png")

    told = noted.read_text(encoding="utf-8")
    assert "PATH=" in told
    assert "very-secret" not in told


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_the_playground_is_started_without_our_settings(
    tmp_path: Path, stand_in: Callable[[str], Path]
) -> None:
    """A program of many packages, which is for development only."""
    noted, program = stand_in("node"), tmp_path / "@microsoft" / "m365agentsplayground" / "cli.js"
    program.parent.mkdir(parents=True)
    program.touch()

    with pytest.raises(PlaygroundError), Playground("http://127.0.0.1:9", tmp_path):
        pass

    told = noted.read_text(encoding="utf-8")
    assert "TEAMSAPPTESTER_BROWSER=none" in told
    assert "very-secret" not in told
