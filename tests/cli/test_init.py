"""`init` on a real terminal: every question, every wrong answer, and the file that comes of it."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from maa_notify.settings.env_file import read_env_file
from maa_notify.settings.reader import read_settings
from tests.support.process import environment, run
from tests.support.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal there")

TENANT = "5f0f3c3e-0000-4000-8000-000000000001"
CLIENT = "7b0c54be-0000-4000-8000-000000000002"
SECRET = "it's 100% $ecret \\ #1"
HOOK = "https://prod-12.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?sig=made-up"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """`maa-notify init` in an empty folder, without a setting."""
    with Terminal(["init"], environment({}), tmp_path) as found:
        yield found


def answer_all(terminal: Terminal) -> None:
    """The answers of somebody who makes no mistake."""
    terminal.answer("tenant", TENANT)
    terminal.answer("cloud", "")
    terminal.answer("client", CLIENT)
    terminal.answer("secret or a certificate?", "")
    terminal.answer("client secret", SECRET)
    terminal.answer("Teams workflow", HOOK)
    terminal.answer("File for the state", "")
    terminal.answer("Time zone", "Europe/Berlin")


def test_it_writes_a_file_that_works(terminal: Terminal, tmp_path: Path) -> None:
    """Its owner alone may read it, secrets were never shown, and it ends with what comes next."""
    answer_all(terminal)
    assert terminal.end() == 0
    file = tmp_path / "maa-notify.env"
    settings = read_settings(read_env_file(file))

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert settings.client_secret is not None
    assert settings.client_secret.reveal() == SECRET
    assert (settings.tenant_id, settings.cloud.name, settings.time_zone) == (
        TENANT,
        "global",
        "Europe/Berlin",
    )
    assert settings.warnings == ()
    assert SECRET not in terminal.shown
    assert HOOK not in terminal.shown
    assert f"{len(SECRET)} characters" in terminal.shown
    assert "maa-notify --env-file maa-notify.env doctor --send" in terminal.shown
    assert [each.name for each in tmp_path.iterdir()] == ["maa-notify.env"]


def test_a_wrong_answer_is_told_at_once_and_asked_again(terminal: Terminal, tmp_path: Path) -> None:
    """By the same rules as the settings."""
    (tmp_path / "key.pem").touch()
    terminal.answer("tenant", "common")
    terminal.answer("MAA_TENANT_ID must be one tenant's id", "")
    terminal.answer("MAA_TENANT_ID is required", f'  "{TENANT}" ')
    terminal.answer("cloud", "mars")
    terminal.answer("MAA_CLOUD must be one of global, usgov", "CHINA")
    terminal.answer("client", "my-app")
    terminal.answer("MAA_CLIENT_ID must be a GUID", CLIENT)
    terminal.answer("secret or a certificate?", "password")
    terminal.answer("must be one of secret, certificate", "cert")
    terminal.answer("private key", "nowhere.pem")
    terminal.answer("there is no such file", "key.pem")
    terminal.answer("Teams workflow", "https://contoso.webhook.office.com/webhookb2/x")
    terminal.answer("Microsoft has retired", HOOK)
    terminal.answer("File for the state", "state/maa.db")
    terminal.answer("Time zone", "")

    assert terminal.end() == 0
    assert read_env_file(tmp_path / "maa-notify.env") == {
        "MAA_TENANT_ID": TENANT,
        "MAA_CLOUD": "CHINA",
        "MAA_CLIENT_ID": CLIENT,
        "MAA_CLIENT_CERTIFICATE_PATH": "key.pem",
        "MAA_TEAMS_WEBHOOK_URL": HOOK,
        "MAA_STATE": "sqlite:///state/maa.db",
    }


@pytest.mark.parametrize("answer, is_replaced", [("", False), ("n", False), ("yes", True)])
def test_a_file_that_is_there_is_replaced_only_when_asked(
    tmp_path: Path, answer: str, is_replaced: bool
) -> None:
    """And one that others could read is closed by that."""
    file = tmp_path / "my settings.env"
    file.write_text("MAA_TENANT_ID=old\n", encoding="utf-8")
    file.chmod(0o644)
    with Terminal(["init", "--output", str(file)], environment({}), tmp_path) as terminal:
        terminal.answer("Replace it?", answer)
        if is_replaced:
            answer_all(terminal)
        code = terminal.end()

    assert code == (0 if is_replaced else 1)
    assert (read_env_file(file)["MAA_TENANT_ID"] == TENANT) is is_replaced
    assert stat.S_IMODE(file.stat().st_mode) == (0o600 if is_replaced else 0o644)


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_whoever_stops_leaves_nothing_behind(terminal: Terminal, tmp_path: Path, key: str) -> None:
    """In the middle of a secret."""
    terminal.answer("tenant", TENANT)
    terminal.answer("cloud", "")
    terminal.answer("client", CLIENT)
    terminal.answer("secret or a certificate?", "")
    terminal.wait_for("client secret")
    terminal.type(key)

    assert terminal.end() == 1
    assert "stopped" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told_before_the_first_question(tmp_path: Path) -> None:
    """Nobody types all of it in vain."""
    with Terminal(["init", "--output", "nowhere/maa.env"], environment({}), tmp_path) as terminal:
        assert terminal.end() == 1

    assert "nowhere/maa.env cannot be written" in terminal.shown


def test_a_folder_in_place_of_the_file_is_told_before_the_first_question(tmp_path: Path) -> None:
    """Nobody is asked whether to replace a folder, and then for everything in vain."""
    with Terminal(["init", "--output", str(tmp_path)], environment({}), tmp_path) as terminal:
        assert terminal.end() == 1

    assert "is a folder" in terminal.shown
    assert "Replace it?" not in terminal.shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "typed, written",
    [("~/state.db", "sqlite:///{home}/state.db"), ("sqlite:///state.db", "sqlite:///state.db")],
    ids=["home", "as in the settings"],
)
def test_paths_are_taken_as_people_type_them(tmp_path: Path, typed: str, written: str) -> None:
    """A shell would replace the `~`; and whoever knows the setting types it whole."""
    (tmp_path / "key.pem").touch()
    with Terminal(["init"], {**environment({}), "HOME": str(tmp_path)}, tmp_path) as terminal:
        terminal.answer("tenant", TENANT)
        terminal.answer("cloud", "")
        terminal.answer("client", CLIENT)
        terminal.answer("secret or a certificate?", "certificate")
        terminal.answer("private key", "~/key.pem")
        terminal.answer("Teams workflow", HOOK)
        terminal.answer("File for the state", typed)
        terminal.answer("Time zone", "")
        assert terminal.end() == 0
    found = read_env_file(tmp_path / "maa-notify.env")

    assert found["MAA_CLIENT_CERTIFICATE_PATH"] == str(tmp_path / "key.pem")
    assert found["MAA_STATE"] == written.format(home=tmp_path)


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    """In a script or a pipe; nothing is asked, and nothing is written."""
    outcome = run("init", settings={}, cwd=tmp_path)
    closed = subprocess.run(
        ["bash", "-c", f'exec "{sys.executable}" -m maa_notify init <&-'],
        env=environment({}),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert (outcome.code, closed.returncode) == (2, 2)
    assert "MAA_TENANT_ID=" in outcome.err
    assert "--env-file FILE doctor" in outcome.err
    assert list(tmp_path.iterdir()) == []
