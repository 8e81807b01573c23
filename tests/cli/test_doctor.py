"""`doctor` looks at everything, whatever fails first, and blames what is at fault."""

import json
import os
import sqlite3
import stat
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maa_notify.cli.doctor import Progress
from maa_notify.demo.entra_api import make_token
from maa_notify.identity.tokens import PERMISSION
from tests.cli.conftest import Command
from tests.cli.test_troubles import findings
from tests.support.channels import FakeBotChannel
from tests.support.connector import FakeConnector
from tests.support.graph import FakeGraph
from tests.support.notifier import TENANT
from tests.support.teams import FakeTeams
from tests.support.wire import ScriptedServer, reply

ALL = {
    "settings",
    "token",
    "graph",
    "state",
    "polls",
    "visibility",
    "approvers",
    "watch",
    "outbox",
    "destination default",
}
OF_THE_STORE = {"polls", "outbox", "destination default"}
OFF = {"approvers", "watch"}


def foreign(folder: Path) -> Path:
    """A database of another program."""
    path = folder / "foreign.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (text)")
    database.close()
    return path


def no_database(folder: Path) -> Path:
    """A file that is no database at all."""
    path = folder / "letter.txt"
    path.write_text("Dear all, " * 200, encoding="utf-8")
    return path


def empty_name(folder: Path) -> Path:
    """A folder in the place of the file."""
    path = folder / "folder.db"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda folder: folder / "nowhere" / "state.db", "No such file or directory"),
        (lambda folder: no_database(folder) / "state.db", "Not a directory"),
        (empty_name, "is no file but a folder"),
        (foreign, "belongs to another program"),
        (no_database, "is no SQLite database"),
    ],
    ids=["no folder", "a file for a folder", "a folder for a file", "foreign", "no database"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the system says it in other words there")
def test_a_state_file_that_cannot_be_used(
    command: Command, graph: FakeGraph, tmp_path: Path, make: object, words: str
) -> None:
    """Every other check is made all the same, and the file is named."""
    path = make(tmp_path)  # type: ignore[operator]
    outcome = command("doctor", "--json", "--send", MAA_STATE=f"sqlite:///{path}")
    checks = findings(outcome)

    assert outcome.code == 1
    assert set(checks) == ALL
    assert checks["state"][0] == "failed"
    assert str(path) in checks["state"][1]
    assert words in checks["state"][1]
    assert (checks["graph"][0], checks["destination default"][0]) == ("ok", "ok")
    assert checks["polls"] == ("skipped", "not checked, since the state store cannot be used")


@pytest.fixture
def locked(command: Command, tmp_path: Path) -> Iterator[Path]:
    """A state file that another process keeps to itself."""
    assert command("poll").code == 0
    path = tmp_path / "maa-notify.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    yield path
    holder.close()


def test_a_locked_state_file_is_told_at_once(command: Command, locked: Path) -> None:
    """A poll waits for the lock; who asks what is wrong is told, with the file."""
    began = time.monotonic()
    checks = findings(command("doctor", "--json"))
    took = time.monotonic() - began

    assert checks["state"][0] == "failed"
    assert locked.name in checks["state"][1]
    assert "locked" in checks["state"][1]
    assert checks["graph"][0] == "ok"
    assert {name for name, found in checks.items() if found[0] == "skipped"} == OF_THE_STORE | OFF
    assert took < 15


def test_a_state_file_that_can_only_be_read(command: Command, tmp_path: Path) -> None:
    """Another process keeps the right to write: what is stored is looked at all the same."""
    assert command("poll").code == 0
    holder = sqlite3.connect(tmp_path / "maa-notify.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    checks = findings(command("doctor", "--json"))
    holder.close()

    assert checks["state"][0] == "failed"
    assert "locked" in checks["state"][1]
    assert (checks["polls"][0], checks["outbox"][0]) == ("ok", "ok")


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to the superuser"
)
def test_a_folder_that_may_not_be_written_to(command: Command, tmp_path: Path) -> None:
    """As after a copy with another owner."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    checks = findings(command("doctor", "--json", MAA_STATE=f"sqlite:///{folder / 'state.db'}"))

    assert checks["state"][0] == "failed"
    assert str(folder) in checks["state"][1]
    assert checks["graph"][0] == "ok"


def test_wrong_settings_of_one_part_leave_the_others_to_check(command: Command, teams: FakeTeams) -> None:
    """Each mistake is a finding, exit 2; Teams and the state are tried though Graph cannot be."""
    outcome = command("doctor", "--json", "--send", MAA_GRAPH_URL="graph", MAA_CLIENT_ID="x")
    checks = findings(outcome)

    assert outcome.code == 2
    assert sorted(each["text"].partition(":")[0] for each in json.loads(outcome.out)[:2]) == [
        "MAA_CLIENT_ID",
        "MAA_GRAPH_URL",
    ]
    assert checks["graph"] == ("skipped", "not checked, since MAA_CLIENT_ID, MAA_GRAPH_URL are wrong")
    assert (checks["state"][0], checks["destination default"][0]) == ("ok", "ok")
    assert len(teams.cards) == 1


def test_a_wrong_state_setting_opens_no_other_store(command: Command, tmp_path: Path) -> None:
    """The default would be another store than the one that was meant."""
    outcome = command("doctor", "--json", MAA_STATE="postgres://x")
    checks = findings(outcome)

    assert outcome.code == 2
    assert checks["state"] == ("skipped", "not checked, since MAA_STATE is wrong")
    assert (checks["token"][0], checks["graph"][0]) == ("warning", "ok")
    assert list(tmp_path.glob("*.db")) == []


@pytest.mark.parametrize(
    "settings, wrong",
    [
        ({"MAA_TEAMS_WEBHOOK_URL": None}, "MAA_TEAMS_WEBHOOK_URL"),
        (
            {"MAA_CLIENT_CERTIFICATE_PATH": "nowhere.pem", "MAA_CLIENT_ID": TENANT},
            "MAA_CLIENT_CERTIFICATE_PATH",
        ),
        ({"MAA_STATE": "AccountName=a;TableEndpoint=x"}, "MAA_STATE"),
        ({"MAA_BOT_COMMANDS": "true", "MAA_CLOUD": "china", "MAA_CLIENT_ID": TENANT}, "MAA_CLOUD"),
        ({"MAA_REQUESTOR_CHAT": "true", "MAA_CLOUD": "usgov", "MAA_CLIENT_ID": TENANT}, "MAA_REQUESTOR_CHAT"),
        ({"MAA_TENANT_ID": None}, "MAA_TENANT_ID"),
        ({"MAA_POLL_SCHEDULE": "never"}, "MAA_POLL_SCHEDULE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_check_is_made_or_says_why_not(
    command: Command, settings: dict[str, str | None], wrong: str
) -> None:
    """Whatever is wrong with the settings: the mistake is told, nothing breaks, exit 2."""
    outcome = command("doctor", "--json", **settings)
    told = json.loads(outcome.out)

    assert outcome.code == 2
    assert any(each["check"] == "settings" and each["text"].startswith(wrong) for each in told)
    assert {each["check"] for each in told} >= ALL - {"destination default"}
    assert "fault of maa-notify" not in outcome.out


@pytest.mark.parametrize(
    "claims, problem",
    [
        ({"tid": "11111111-0000-4000-8000-000000000009"}, "it is of another tenant than MAA_TENANT_ID names"),
        ({"aud": "https://management.azure.com"}, "it is not for https://graph.microsoft.com"),
        ({"exp": 1_700_000_000}, "it expired at 2023-11-14 22:13 UTC: renew MAA_ACCESS_TOKEN"),
    ],
    ids=["tid", "aud", "exp"],
)
def test_a_token_that_cannot_be_used(command: Command, claims: dict[str, object], problem: str) -> None:
    """Said of the token, in the words of a poll, which refuses it as well."""
    token = make_token(roles=[PERMISSION], **claims)
    poll, doctor = (
        command("poll", MAA_ACCESS_TOKEN=token),
        command("doctor", "--json", MAA_ACCESS_TOKEN=token),
    )
    checks = findings(doctor)

    assert (poll.code, doctor.code) == (1, 1)
    assert problem.removeprefix("it ") in poll.err
    assert checks["token"][0] == "failed"
    assert checks["token"][1].startswith(problem)


def test_a_tenant_that_cannot_be_checked_is_warned_of(command: Command) -> None:
    """A token has its tenant's id alone: beside a domain name it may be anybody's."""
    token = make_token(roles=[PERMISSION], tid="11111111-0000-4000-8000-000000000009")
    outcome = command("doctor", "--json", MAA_TENANT_ID="contoso.onmicrosoft.com", MAA_ACCESS_TOKEN=token)
    result, text = findings(outcome)["token"]

    assert (outcome.code, result) == (0, "warning")
    assert "cannot be checked, because that is a domain name: give the tenant's id" in text


@pytest.mark.parametrize(
    "role", ["DeviceManagementRBAC.ReadWrite.All", "DeviceManagementConfiguration.ReadWrite.All"]
)
def test_a_permission_to_write_is_more_than_needed(command: Command, role: str) -> None:
    """It suffices, so it is no failure, and nobody should have to give it."""
    checks = findings(command("doctor", "--json", MAA_ACCESS_TOKEN=make_token(roles=[role])))

    assert checks["token"][0] == "warning"
    assert checks["token"][1].startswith(f"it has more than it needs: {role}")


def test_no_way_to_sign_in_is_told_once(command: Command) -> None:
    """Neither token, secret nor certificate, and no identity on this machine."""
    outcome = command(
        "doctor", "--json", MAA_ACCESS_TOKEN=None, AZURE_POD_IDENTITY_AUTHORITY_HOST="http://127.0.0.1:9"
    )
    checks = findings(outcome)

    assert outcome.code == 1
    assert checks["token"][1].startswith("the settings have no sign-in but a managed identity")
    assert checks["graph"] == checks["visibility"] == ("skipped", "not checked, since there is no token")
    assert checks["state"][0] == "ok"


def test_wrong_bot_settings_leave_the_channels_to_check(
    command: Command, service: FakeConnector, teams: FakeTeams
) -> None:
    """The bot's own destinations need them; the webhook's does not."""
    settings = {
        **FakeBotChannel(service).settings,
        "MAA_BOT_CLIENT_ID": "x",
        "MAA_TEAMS_WEBHOOK_URL": teams.url,
    }
    checks = findings(outcome := command("doctor", "--json", "--send", **settings))

    assert outcome.code == 2
    assert checks["destination default"][0] == "ok"
    assert "fault of maa-notify" not in outcome.out
    assert service.posts == []


class Screen:
    """A terminal, or a pipe, that keeps what is written."""

    def __init__(self, *, terminal: bool) -> None:
        self.terminal, self.shown = terminal, ""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.terminal

    def write(self, text: str) -> int:
        """Keeps the text."""
        self.shown += text
        return len(text)

    def flush(self) -> None:
        """Does nothing."""


def test_a_terminal_shows_what_is_waited_for() -> None:
    """And shows nothing of it any more when the answer is there; a pipe never sees it."""
    terminal, pipe = Screen(terminal=True), Screen(terminal=False)
    with Progress(terminal, is_shown=True).during("graph"):  # type: ignore[arg-type]
        during = terminal.shown
    for screen, is_shown in ((pipe, True), (quiet := Screen(terminal=True), False)):
        with Progress(screen, is_shown=is_shown).during("graph"):  # type: ignore[arg-type]
            pass

    assert during == "checking graph ..."
    assert terminal.shown == f"{during}\r{' ' * len(during)}\r"
    assert pipe.shown == quiet.shown == ""


def test_the_monitor_is_tried_only_when_asked_for(command: Command) -> None:
    """A pulse says that a poll was good, so it is sent by hand alone; nothing shows the address."""
    with ScriptedServer(default=reply(200)) as monitor:
        address = f"{monitor.url}/token-of-the-monitor"
        calm = command("doctor", "--json", MAA_PING_URL=address)
        quiet = len(monitor.requests)
        sent = command("doctor", "--json", "--send", MAA_PING_URL=address)
        heard = [(seen.method, seen.path) for seen in monitor.requests]
        monitor.script(reply(404))
        refused = command("doctor", "--send", MAA_PING_URL=address)

    results = [
        next(found["result"] for found in json.loads(outcome.out) if found["check"] == "pulse")
        for outcome in (calm, sent)
    ]
    assert (results, quiet, heard) == (["skipped", "ok"], 0, [("GET", "/token-of-the-monitor")])
    assert refused.code == 3
    assert "FAILED  pulse: it answered 404" in refused.out
    assert "token-of-the-monitor" not in refused.out + refused.err + calm.out


def test_a_monitor_and_a_mirror_are_recommended_until_they_are_there(command: Command) -> None:
    """A second destination at another host that gets everything; a filtered one is no mirror."""
    mirror = {"name": "mirror", "webhook_url": "https://mirror.example/hook?sig=0"}
    whole = json.dumps([mirror])
    part = json.dumps([{**mirror, "events": ["approved"]}])
    told = [
        next(line for line in command("doctor", **settings).out.splitlines() if "settings:" in line)
        for settings in (
            {},
            {"MAA_DESTINATIONS": part},
            {"MAA_DESTINATIONS": whole, "MAA_PING_URL": "https://monitor.example/x"},
        )
    ]

    assert ["another tenant" in line for line in told] == [True, True, False]
    assert ["MAA_PING_URL" in line for line in told] == [True, True, False]


def test_what_deserves_a_look_is_a_warning_of_the_settings(command: Command, tmp_path: Path) -> None:
    """The settings are right, and no exit code says otherwise; the address is not told."""
    entries = '[{"name": "ops", "webhook_url": "https://logic.azure.com.evil.example/?sig=very-secret"}]'

    done = command("doctor", MAA_DESTINATIONS=entries)

    assert "WARNING settings: MAA_DESTINATIONS: ops: the host is like logic.azure.com" in done.out
    assert "very-secret" not in done.out + done.err


@pytest.mark.parametrize(
    "begins,told", [(-1, "quiet now, until {1}"), (2, "not quiet now; next from {0} until {1}")]
)
def test_what_quiet_hours_mean_now_is_told(command: Command, begins: int, told: str) -> None:
    """By the clock, with dates; nothing is said of them where there are none."""
    start = datetime.now(UTC).replace(second=0) + begins * timedelta(hours=1)
    span = [start, start + timedelta(hours=3)]
    checks = findings(command("doctor", "--json", MAA_QUIET_HOURS=f"{span[0]:%H:%M}-{span[1]:%H:%M}"))

    assert "quiet hours" not in findings(command("doctor", "--json"))
    assert checks["quiet hours"][0] == "ok"
    assert checks["quiet hours"][1].startswith(told.format(*(f"{each:%Y-%m-%d %H:%M} UTC" for each in span)))
