"""`status`: who has to act, what was told last, is it well, from the state store alone."""

import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from maa_notify.cli.overview import Overview, Standing, Told, Waiting
from tests.cli.conftest import Command
from tests.docs.test_docs import COMMANDS, section
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.process import environment
from tests.support.teams import FakeTeams
from tests.support.terminal import ESCAPE, Terminal
from tests.support.wire import reply

ON_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal there")
WIDE = "例え" * 30


@pytest.fixture
def filled(graph: FakeGraph) -> FakeGraph:
    """Four requests: one for each of those who may have to act, and one that is done."""
    application = {"application": {"displayName": "Deployer", "id": "1"}}
    graph.requests = [
        make_request(payloadName="CONTOSO-LT-42"),
        make_request(payloadName="PAYROLL", status="approved"),
        make_request(payloadName="KIOSK", status="approved", requestor=application),
        make_request(payloadName="DONE", status="completed"),
    ]
    return graph


def test_it_tells_who_has_to_act_and_what_was_told_last(
    command: Command, filled: FakeGraph, teams: FakeTeams
) -> None:
    """In groups, each with the time left; and asks neither Graph nor Teams."""
    command("poll")
    asked, posted = len(filled.calls), len(teams.calls)
    outcome = command("status")
    groups = outcome.out.split("\n\n")

    assert (outcome.code, outcome.err) == (0, "")
    assert (len(filled.calls), len(teams.calls)) == (asked, posted)
    assert groups[0].startswith(f"OK        tenant {TENANT}\n          last good poll: ")
    for number, (name, heading) in enumerate(
        [("CONTOSO-LT-42", "an approver: 1\n"), ("PAYROLL", "Complete: 1\n"), ("KIOSK", "filed it: 1\n")], 1
    ):
        assert heading in groups[number]
        assert re.search(
            rf"^HIGH +\S{{6}}-1  Wipe device {name}\n +until .* left\)", groups[number], re.MULTILINE
        )
    assert "DONE" not in outcome.out
    assert 'asked by "Deployer"' in outcome.out  # a name that anybody can choose, not an account
    assert re.search(
        r"^OK +default\n +last told .* ago\): \S{6}-1 \w+, Wipe device", groups[-1], re.MULTILINE
    )


def test_before_the_first_poll_nothing_is_known(command: Command) -> None:
    """Which is no failure."""
    outcome = command("status")

    assert outcome.code == 0
    assert outcome.out.startswith("STARTING  ")
    assert "Waits for an approver: nothing" in outcome.out
    assert "last told nothing yet" in outcome.out


def test_the_json_says_the_same(command: Command, filled: FakeGraph) -> None:
    """For scripts: exactly the documented keys."""
    command("poll")
    told: dict[str, Any] = json.loads(command("--json", "status").out)

    assert [each["waits_for"] for each in told["waiting"]] == ["approver", "requestor", "application"]
    assert told["health"]["status"] == "ok"
    [standing] = told["destinations"]
    assert (standing["destination"], standing["pending"], standing["failing_since"]) == ("default", 0, None)
    [first, *_] = told["waiting"]
    assert first["request"] == filled.requests[0]["id"]
    left = datetime.fromisoformat(first["expires_at"]) - datetime.fromisoformat(told["at"])
    assert left.days in {2, 3}


def test_its_json_is_explained_key_by_key() -> None:
    """No key is left out, and none is made up."""
    text = section(COMMANDS, "maa-notify status")
    keys = {each.name for kind in (Overview, Waiting, Standing, Told) for each in fields(kind)}

    assert set(re.findall(r"`([a-z_]+)`", text.partition("The JSON")[2])) >= keys


@pytest.mark.parametrize(
    "answer, words",
    [(reply(404), "FAILING   default"), (reply(429, headers={"Retry-After": "3000"}), "FAILING   default")],
    ids=["gone", "throttled"],
)
def test_a_destination_that_takes_nothing_is_told(
    command: Command, graph: FakeGraph, teams: FakeTeams, answer: Any, words: str
) -> None:
    """Exit 3, with how many wait and why."""
    graph.requests = [make_request()]
    teams.answer_all(answer)
    command("poll")
    outcome = command("status")

    assert outcome.code == 3
    assert words in outcome.out
    assert "1 notification waits (maa-notify outbox list)" in outcome.out
    assert "last told nothing yet" in outcome.out


def test_what_waits_for_a_destination_that_is_gone_is_told(
    command: Command, graph: FakeGraph, teams: FakeTeams
) -> None:
    """It would wait for ever."""
    graph.requests = [make_request()]
    teams.answer_all(reply(404))
    ops = json.dumps([{"name": "ops", "webhook_url": teams.url_for("ops")}])
    command("poll", MAA_DESTINATIONS=ops)

    assert "UNKNOWN   ops\n" in command("status").out


def test_polls_that_fail_are_told(command: Command, graph: FakeGraph) -> None:
    """Exit 1, and the way to more."""
    graph.fail_next(reply(403))
    command("poll")
    outcome = command("status")

    assert outcome.code == 1
    assert outcome.out.startswith("FAILING   ")
    assert "graph_denied" in outcome.out
    assert "maa-notify doctor" in outcome.out


def test_other_peoples_text_is_shown_as_plain_text(command: Command, graph: FakeGraph) -> None:
    """A name can neither move the cursor nor make a line of its own."""
    name = "\x1b[2J\x9b31m\nOK        all is well\u202e"
    graph.requests = [
        make_request(payloadName=name, requestor={"user": {"displayName": name}}),
        make_request(payloadName=name, status=f"odd{name}"),
    ]
    command("poll")
    outcome = command("status")

    assert outcome.code == 0
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", outcome.out)
    assert len(re.findall("^OK ", outcome.out, re.MULTILINE)) == 2
    assert "In a status that is new to this version: 1" in outcome.out


@ON_POSIX
@pytest.mark.parametrize(
    "changes, has_colour", [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_shows_colours_within_its_width(  # noqa: PLR0917 - fixtures
    command: Command,
    settings: dict[str, str],
    graph: FakeGraph,
    tmp_path: Path,
    changes: dict[str, str],
    has_colour: bool,
) -> None:
    """On a real terminal of forty columns, with a name that is wider than that."""
    graph.requests = [make_request(payloadName=WIDE)]
    command("poll")
    given = environment({**settings, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"})
    given = {name: value for name, value in given.items() if name not in {"NO_COLOR", "COLUMNS"}} | changes
    with Terminal(["status"], given, tmp_path, columns=40) as terminal:
        assert terminal.end() == 0
    shown = terminal.shown

    assert ("\x1b[1;31mHIGH" in shown) is has_colour
    assert ("\x1b" in shown) is has_colour
    lines = ESCAPE.sub("", shown).splitlines()
    assert max(sum(1 + (each > "\u2e00") for each in line) for line in lines) == 40
    assert WIDE in "".join(line.strip() for line in lines)
