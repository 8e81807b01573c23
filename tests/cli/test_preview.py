"""`preview`: the card of a request of one's own, and where a request would go."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from maa_notify.domain.event import short_key
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
        "SILENT  default: another channel gets it, and this one takes only the rest",
    ]
    assert teams.calls == []


def test_the_route_of_another_policy_type(command: Command, destinations: str) -> None:
    """Whether new app requests reach anybody, without waiting for one; any spelling of the type."""
    outcome = command("preview", "--route", "--policy-type", "APP", MAA_DESTINATIONS=destinations)

    assert outcome.out.splitlines()[0] == "SILENT  ops: listens only to deviceWipe; this is app"
    assert outcome.out.splitlines()[-1].startswith("HEARS   default: no other channel gets it")


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
        (["--request", "empty.json"], "empty.json holds no request as Graph gives it"),
        (["--request", "error.json"], "error.json holds no request as Graph gives it"),
        (["--request", "list.json", "--key", "000000"], "list.json holds no request with the key 000000"),
        (
            ["--request", "list.json", "--png", "card.png"],
            "list.json holds 2 requests, and a picture shows one",
        ),
        (["approved", "--key", "000000"], "it needs --request"),
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
    found = {
        "list": {"value": [example("wipe"), example("script")]},
        "empty": {"value": []},
        "error": {"error": {}},
    }
    for name, content in found.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "broken.json").write_text("[" * 100_000, encoding="utf-8")

    outcome = command("preview", *arguments)

    assert (outcome.code, outcome.out) == (2, "")
    assert problem in outcome.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("is_piped", [False, True], ids=["file", "pipe"])
def test_a_whole_answer_of_graph(
    settings: dict[str, str], tmp_path: Path, encoding: str, is_piped: bool
) -> None:
    """Saved or out of a pipe: a card for each request, in Graph's order; a malformed entry is named."""
    first, second = example("wipe", payloadName="Ä-7"), example("script")
    answer = json.dumps({"@odata.context": "x", "value": [first, {"id": "1"}, second]}, ensure_ascii=False)
    (tmp_path / "answer.json").write_text(answer, encoding=encoding)
    done = subprocess.run(
        [sys.executable, "-m", "maa_notify", "preview", "--request", "-" if is_piped else "answer.json"],
        input=answer.encode(encoding),
        env=environment(settings),
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=20,
    )

    cards = json.loads(done.stdout)
    assert len(cards) == 2
    assert "Ä-7" in text(cards[0])
    assert b"entry 2 is no request: it has no status" in done.stderr


@pytest.mark.parametrize("form", [dict, list, None], ids=["answer", "list", "single"])
def test_an_answer_with_one_request_is_one_card(
    command: Command, tmp_path: Path, form: type[object] | None
) -> None:
    """Whatever it is wrapped in."""
    raw = example("wipe")
    content: object = {dict: {"value": [raw]}, list: [raw]}.get(form, raw)  # type: ignore[call-overload]
    (tmp_path / "one.json").write_text(json.dumps(content), encoding="utf-8")

    assert json.loads(command("preview", "--request", "one.json").out)["type"] == "AdaptiveCard"


def test_one_request_of_many_by_its_key(command: Command, tmp_path: Path) -> None:
    """The key on the card, in any case, with or without the revision."""
    raws = [example("wipe", id="11111111-0000-4000-8000-000000000001"), example("script")]
    (tmp_path / "many.json").write_text(json.dumps(raws), encoding="utf-8")
    key = short_key(raws[0]["id"])
    shown = [
        json.loads(command("preview", "--request", "many.json", "--key", each).out)
        for each in (key, f"{key.lower()}-1", raws[0]["id"])
    ]

    assert all(f"{key}-" in text(card) for card in shown)


def test_routes_of_several_requests_say_whose_they_are(
    command: Command, tmp_path: Path, destinations: str
) -> None:
    """A line with key and subject before those of each request; in JSON the key is in each object."""
    raws = [example("wipe"), example("script")]
    (tmp_path / "many.json").write_text(json.dumps({"value": raws}), encoding="utf-8")
    given = ("preview", "--route", "--request", "many.json")
    lines = command(*given, MAA_DESTINATIONS=destinations).out.splitlines()
    objects = json.loads(command(*given, "--json", MAA_DESTINATIONS=destinations).out)

    keys = [short_key(raw["id"]) for raw in raws]
    assert [lines[0][:6], lines[5][:6]] == keys
    assert [each["key"][:6] for each in objects] == [key for key in keys for _ in range(4)]


def test_a_card_is_shown_as_the_settings_want_it(command: Command) -> None:
    """With times of the readers' zone and the tenant's name, though the other settings are missing."""
    nothing_else = {"MAA_TENANT_ID": None, "MAA_TEAMS_WEBHOOK_URL": None}
    shown = {"MAA_TIME_ZONE": "Asia/Kolkata", "MAA_TENANT_NAME": "Contoso", "MAA_CLOUD": "usgov"}
    card = json.loads(command("preview", **shown, **nothing_else).out)
    wrong = command("preview", MAA_TIME_ZONE="W. Europe Standard Time", **nothing_else)

    assert "Asia/Kolkata" in card["fallbackText"]
    assert "Contoso" in text(card)
    assert "https://intune.microsoft.us" in json.dumps(card)
    assert wrong.code == 2
    assert "MAA_TIME_ZONE" in wrong.err
    assert "Europe/Berlin" in wrong.err


def test_a_strange_request_breaks_nothing(command: Command, tmp_path: Path) -> None:
    """Half a character in the id, and control characters in a name."""
    raw = example("wipe", id="x\ud800y", payloadName="\x1b]0;owned\x07\ud83d")
    (tmp_path / "odd.json").write_text(json.dumps(raw), encoding="utf-8")
    outcome = command("preview", "--request", "odd.json")

    assert "report it" not in outcome.err
    assert "\x1b" not in outcome.out


def test_a_word_that_is_no_status_gets_a_sentence(command: Command) -> None:
    """The card is made all the same, since Microsoft may add a status; one that is known says nothing."""
    odd, known, named = (
        command("preview", "aproved"),
        command("preview", "approved"),
        command("preview", "digest"),
    )

    assert "no status or card is called 'aproved'; did you mean 'approved'?" in odd.err
    assert json.loads(odd.out)["type"] == "AdaptiveCard"
    assert (known.err, named.err) == ("", "")
