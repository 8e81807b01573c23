"""What all commands have in common: help, options before and after the name, plain English."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from maa_notify.cli.main import COMMANDS, parser_for
from tests.cli.conftest import Command
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.process import environment, run
from tests.support.teams import FakeTeams
from tests.support.wire import reply

LOADED = """
import sys
from maa_notify.cli.main import main
try:
    sys.exit(main(sys.argv[1:]))
finally:
    print(*sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""
HEAVY = {"azure", "cryptography", "httpcore", "httpx", "msal", "pymsteams", "requests", "ssl"}


def test_without_a_command_the_help_is_shown(command: Command) -> None:
    """Whoever types the name alone wants to know what there is, and has done nothing wrong."""
    bare, asked = command(), command("--help")

    assert (bare.code, bare.out) == (0, asked.out)
    assert all(f"    {name} " in bare.out for name in COMMANDS)


@pytest.mark.parametrize("words", [[], ["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_loads_no_library_of_the_network(words: Sequence[str]) -> None:
    """It answers at once; azure alone would take longer than all else together."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        env=environment({}),
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )

    assert "usage: maa-notify" in done.stdout
    assert HEAVY.isdisjoint(done.stderr.split())
    assert "argparse" in done.stderr.split()


@pytest.mark.parametrize(
    "words",
    [
        ["-q", "--tenant", "Contoso", "--json", "poll"],
        ["poll", "-q", "--tenant", "Contoso", "--json"],
        ["-q", "--json", "poll", "--tenant", "Contoso"],
        ["--tenant", "Fabrikam", "poll", "--quiet", "--json", "--tenant", "Contoso"],
    ],
    ids=" ".join,
)
def test_common_options_may_stand_before_and_after_the_name(words: list[str]) -> None:
    """Nobody has to remember on which side; what is said last counts."""
    options = parser_for(words).parse_args(words)

    assert (options.command, options.quiet, options.json, options.tenant) == ("poll", True, True, "Contoso")


def test_what_is_not_said_is_not_so() -> None:
    """A command without options logs as always and prints text, for the one tenant of the settings."""
    options = parser_for(["doctor"]).parse_args(["doctor"])

    assert (options.quiet, options.json, options.tenant) == (False, False, None)


def test_a_quiet_poll_reports_as_json_wherever_the_options_stand(command: Command, graph: FakeGraph) -> None:
    """The options are not only parsed, they count."""
    graph.requests = [make_request()]

    before, after = command("-q", "--json", "poll"), command("poll", "--json", "-q")

    assert (before.report["events"], after.report["events"]) == (1, 0)
    assert before.err == after.err == ""


@pytest.mark.parametrize("name", ["watch", "demo", "teams-app"])
def test_json_of_a_command_that_has_none_is_refused(command: Command, name: str) -> None:
    """A script that expects JSON must not be given text, before or after the name."""
    needed = ["--output", "app.zip"] if name == "teams-app" else []

    before, after = command("--json", name, *needed), command(name, *needed, "--json")

    assert (before.code, after.code) == (2, 2)
    assert f"{name} has no --json" in before.err
    assert f"{name} has no --json" in after.err


@pytest.mark.parametrize("tenant, is_told", [(None, True), (TENANT, False)], ids=["none", "some"])
def test_whoever_has_no_settings_is_told_how_to_begin(
    tmp_path: Path, tenant: str | None, is_told: bool
) -> None:
    """Or that the file which `init` wrote has to be named; a list of variables alone says neither."""
    outcome = run("status", settings={"MAA_TENANT_ID": tenant} if tenant else {}, cwd=tmp_path)

    assert outcome.code == 2
    assert ("maa-notify init asks for them and writes a file for --env-file" in outcome.err) is is_told


def test_an_unknown_command_is_told_with_all_that_there_are(command: Command) -> None:
    """Exit 2, as for any wrong argument."""
    outcome = command("polll")

    assert outcome.code == 2
    assert all(name in outcome.err for name in COMMANDS)


def test_one_of_something_is_told_in_the_singular(
    command: Command, graph: FakeGraph, teams: FakeTeams
) -> None:
    """What a person reads is plain English."""
    graph.requests = [make_request()]
    teams.answer_all(reply(429, headers={"Retry-After": "3000"}))

    poll, listed, checked = command("poll"), command("outbox", "list"), command("doctor")
    retried = command("outbox", "retry")
    entry = {"tenant_id": TENANT, "teams_webhook_url": teams.url}
    fleet = command("tenants", MAA_TENANTS=json.dumps([entry]))

    assert "1 listed, 1 event, 0 delivered" in poll.out
    assert ", 1 attempt, last error" in listed.out
    assert "graph: 1 request listed, 1 needs approval" in checked.out
    assert retried.out == "1 notification due now; the next poll sends it\n"
    assert fleet.err == "1 tenant, 0 wrong\n"
