"""`preview`: the card of a request of one's own, and where a request would go."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.support.cards import text
from tests.support.examples import example
from tests.support.process import environment
from tests.support.teams import FakeTeams

ENTRIES: list[dict[str, Any]] = [
    {"name": "ops", "policy_types": ["deviceWipe"]},
    {"name": "audit", "policy_types": ["role"]},
    {"name": "chat", "to": "requestor"},
]


@pytest.fixture
def destinations(teams: FakeTeams) -> str:
    """A channel for wipes, one for roles, and the chats with requestors."""
    return json.dumps([{**entry, "webhook_url": teams.url_for(entry["name"])} for entry in ENTRIES])


def test_each_destination_says_whether_it_hears_and_why(
    command: Command, teams: FakeTeams, destinations: str
) -> None:
    """One line for each, in the order of the settings; nothing is sent."""
    outcome = command("preview", "approved", "--route", MAA_DESTINATIONS=destinations)

    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "HEARS   ops: asks for deviceWipe",
        "SILENT  audit: listens only to role; this is deviceWipe",
        "HEARS   chat: asks for approved; a chat with mira.holt@contoso.com",
        "SILENT  default: another channel hears of it, and this one takes only what is left",
    ]
    assert teams.calls == []


def test_the_route_of_another_policy_type(command: Command, destinations: str) -> None:
    """Whether new app requests reach anybody, without waiting for one; any spelling of the type."""
    outcome = command("preview", "--route", "--policy-type", "APP", MAA_DESTINATIONS=destinations)

    assert outcome.out.splitlines()[0] == "SILENT  ops: listens only to deviceWipe; this is app"
    assert outcome.out.splitlines()[-1].startswith("HEARS   default: no other channel hears of it")


def test_the_route_as_json(command: Command, destinations: str) -> None:
    """For scripts: the reason is one word that stays."""
    outcome = command("preview", "approved", "--route", "--json", MAA_DESTINATIONS=destinations)

    told = json.loads(outcome.out)
    assert [(each["destination"], each["hears"], each["why"]) for each in told] == [
        ("ops", True, "wanted"),
        ("audit", False, "other_policy_type"),
        ("chat", True, "wanted"),
        ("default", False, "taken"),
    ]
    assert told[2]["recipient"] == "mira.holt@contoso.com"


@pytest.mark.parametrize(
    "word,heard",
    [("needsApproval", False), ("reminder", False), ("expiring", True), ("complete_reminder", True)],
)
def test_the_route_of_any_event(command: Command, destinations: str, word: str, heard: bool) -> None:
    """Words of `events` that are no status have samples too."""
    outcome = command("preview", word, "--route", MAA_DESTINATIONS=destinations)

    assert ("HEARS   chat:" in outcome.out) is heard


def test_nobody_hears(command: Command, destinations: str) -> None:
    """A hole in the settings is said in plain words."""
    outcome = command(
        "preview",
        "--route",
        "--policy-type",
        "app",
        MAA_DESTINATIONS=destinations,
        MAA_TEAMS_WEBHOOK_URL=None,
    )

    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "Nobody hears of it: a poll would only log poll.unheard."


def test_a_route_needs_right_settings(command: Command) -> None:
    """Exit 2, as everywhere."""
    outcome = command("preview", "--route", MAA_DESTINATIONS="{}")

    assert (outcome.code, outcome.out) == (2, "")
    assert "MAA_DESTINATIONS: must be a JSON list" in outcome.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_card_of_a_request_of_ones_own(command: Command, tmp_path: Path, encoding: str) -> None:
    """As saved from Graph Explorer, or by PowerShell in its own encoding; no setting is needed."""
    raw = example("settings", payloadName="Löschschutz")
    (tmp_path / "request.json").write_text(json.dumps(raw, ensure_ascii=False), encoding=encoding)

    outcome = command("preview", "--request", "request.json", MAA_TENANT_ID=None, MAA_TEAMS_WEBHOOK_URL=None)

    assert outcome.code == 0
    assert "Löschschutz" in text(json.loads(outcome.out))
    assert "Rejected" in text(json.loads(outcome.out))


def test_the_route_of_a_request_from_standard_input(settings: dict[str, str], destinations: str) -> None:
    """At the end of a pipe; an application has no chat, and strange words break no terminal."""
    raw = example("script", requiredOperationApprovalPolicyTypes=["\x9b31mred", "role"], status="rejected")
    done = subprocess.run(
        [sys.executable, "-m", "maa_notify", "preview", "--route", "--request", "-"],
        input=json.dumps(raw),
        env=environment({**settings, "MAA_DESTINATIONS": destinations}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=20,
    )

    assert done.stdout.splitlines()[:3] == [
        "SILENT  ops: listens only to deviceWipe; this is role, 31mred",
        "HEARS   audit: asks for role",
        "SILENT  chat: an application filed it, so there is nobody to chat with",
    ]


@pytest.mark.parametrize(
    "arguments,problem",
    [
        (["--request", "nowhere.json"], "nowhere.json cannot be read"),
        (["--request", "."], ". cannot be read"),
        (["--request", "list.json"], "list.json holds no request as Graph gives it, one entry of 'value'"),
        (["--request", "broken.json"], "broken.json holds no request as Graph gives it"),
        (["approved", "--request", "list.json"], "not allowed with"),
        (["--policy-type", "deviceWhipe"], "'deviceWhipe'; did you mean 'deviceWipe'?"),
        (["digest", "--route"], "only the news of one request has a route"),
        (["heartbeat", "--route"], "only the news of one request has a route"),
        (["--route", "--png", "card.png"], "not allowed with"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_shown_is_said(
    command: Command, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    """Exit 2 and the reason, never a traceback."""
    (tmp_path / "list.json").write_text(json.dumps({"value": [example("wipe")]}), encoding="utf-8")
    (tmp_path / "broken.json").write_text("[" * 100_000, encoding="utf-8")

    outcome = command("preview", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert problem in outcome.err
