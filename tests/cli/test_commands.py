"""The other commands, as a person types them."""

import csv
import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from maa_notify.storage.records import encode, sent_key
from maa_notify.storage.rows import Put
from maa_notify.storage.sqlite import SqliteRows
from maa_notify.storage.store import StateStore
from tests.cli.conftest import Command
from tests.docs.test_docs import COMMANDS, CONNECT, section
from tests.support.channels import FakeBotChannel
from tests.support.connector import GENERAL, FakeConnector
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.process import environment
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, reply


def test_all_wrong_settings_are_told_at_once(command: Command) -> None:
    """Exit 2, each mistake with its setting and the way out, no value of a secret."""
    outcome = command(
        "poll",
        MAA_TENANT_ID=None,
        MAA_TEAMS_WEBHOOK_URL="https://contoso.webhook.office.com/webhookb2/very-secret",
        MAA_CLOUD="mars",
        MAA_GRAPH_URL="http://graph.example.com",
    )

    assert outcome.code == 2
    for name in ("MAA_TENANT_ID", "MAA_TEAMS_WEBHOOK_URL", "MAA_CLOUD", "MAA_GRAPH_URL"):
        assert name in outcome.err
    assert "Workflows" in outcome.err
    assert "very-secret" not in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["poll"],
        ["init"],
        ["status"],
        ["watch"],
        ["demo"],
        ["doctor"],
        ["preview"],
        ["outbox"],
        ["history"],
        ["teams-app"],
        ["completion"],
        ["tenants"],
    ],
    ids=str,
)
def test_every_command_has_help(command: Command, words: list[str]) -> None:
    """`--help` works without a single setting."""
    outcome = command(*words, "--help", MAA_TENANT_ID=None, MAA_TEAMS_WEBHOOK_URL=None)

    assert outcome.code == 0
    assert "usage: maa-notify" in outcome.out


def test_doctor_finds_everything_well(command: Command, teams: FakeTeams) -> None:
    """And sends nothing unless told to."""
    outcome = command("doctor", "--json")

    assert outcome.code == 0
    assert {finding["check"] for finding in json.loads(outcome.out)} >= {
        "settings",
        "token",
        "graph",
        "state",
    }
    assert teams.cards == []


def test_each_check_of_the_doctor_is_told(command: Command) -> None:
    """In the order in which they are printed, by the sample of a first try and by the table of the checks."""
    shown, told = (
        re.findall(pattern, page, re.MULTILINE)
        for pattern, page in (
            (r"^(?:OK|SKIPPED) +([^:]+):", section(CONNECT, "4. Check, try, run")),
            (r"^\| `(\w[^`]+)`", section(COMMANDS, "maa-notify doctor")),
        )
    )
    checks = [finding["check"] for finding in json.loads(command("doctor", "--json").out)]

    assert shown == checks
    told.remove("quiet hours")  # a line of its setting, which is not given here
    assert told == [*[check.replace("default", "NAME") for check in checks], "channels near NAME"]


def test_doctor_sends_a_sample_that_says_so(command: Command, teams: FakeTeams) -> None:
    """One card to each destination, which nobody can take for a real request."""
    outcome = command("doctor", "--send")

    assert (outcome.code, len(teams.cards)) == (0, 1)
    assert "Test of MAA Notify" in json.dumps(teams.cards[0])


def test_doctor_tries_the_way_to_chats_without_chatting(command: Command, teams: FakeTeams) -> None:
    """The sample's requestor is invented: the flow is reached, and told nobody to post to."""
    chat = {"name": "chat", "to": "requestor", "webhook_url": teams.url_for("chat")}

    outcome = command("doctor", "--send", MAA_DESTINATIONS=json.dumps([chat]))

    assert outcome.code == 0
    assert "has no recipient, so the flow ends there" in outcome.out
    assert [call.json().get("recipient") for call in teams.calls] == [None, None]


def test_doctor_lists_the_channels_that_a_bot_can_write_to(command: Command, service: FakeConnector) -> None:
    """An id can be copied from there; a name is somebody else's text, and shown as that."""
    service.add_channel("19:changes@thread.tacv2", "Changes\n\x1b[31m")
    outcome = command("doctor", "--send", **FakeBotChannel(service).settings, MAA_REQUESTOR_CHAT="true")

    assert outcome.code == 0
    assert f"OK      channels near approvers: General {GENERAL}; Changes " in outcome.out
    assert "19:changes@thread.tacv2" in outcome.out
    assert "\x1b" not in outcome.out
    assert "OK      destination approvers: accepted; the card is in the channel" in outcome.out
    assert "OK      destination requestor chat: accepted; the sample has no recipient" in outcome.out
    assert len(service.posts) == 1


def test_doctor_says_where_channels_are_listed(command: Command, service: FakeConnector) -> None:
    """Teams knows a team by its General channel; from another one there is no list, and that is no fault."""
    service.add_channel("19:other@thread.tacv2", "Other", team="19:elsewhere@thread.tacv2")
    settings = FakeBotChannel(service).settings
    settings["MAA_DESTINATIONS"] = settings["MAA_DESTINATIONS"].replace(GENERAL, "19:other@thread.tacv2")
    outcome = command("doctor", **settings)

    assert outcome.code == 0
    assert "SKIPPED channels near approvers: Teams lists them only if" in outcome.out


def test_doctor_says_what_a_broken_destination_needs(command: Command, teams: FakeTeams) -> None:
    """Exit 3 and the advice for the answer that came."""
    teams.answer_all(reply(404))

    outcome = command("doctor", "--send")

    assert outcome.code == 3
    assert "deleted, turned off" in outcome.out
    assert teams.secret not in outcome.out + outcome.err


@pytest.mark.parametrize(
    "answer, words",
    [
        (reply(204), "OK      destination default: accepted; a flow answers before it posts"),
        (
            reply(200, text="<html>Sign in"),
            "answered 200 with a web page, which no flow does: a proxy, a firewall",
        ),
        (reply(504), "answered 504; the card may have been posted all the same: look for it in Teams"),
        (reply(400, json={"error": {"code": "MissingApiVersionParameter"}}), "lost its api-version: copy"),
    ],
)
def test_doctor_says_what_an_answer_is(
    command: Command, teams: FakeTeams, answer: HttpResponse, words: str
) -> None:
    """Taken, not a flow's, lost on the way, or a wrong address: each has another way out."""
    teams.answer_all(answer)

    outcome = command("doctor", "--send")

    assert words in outcome.out
    assert outcome.code == (0 if words.startswith("OK") else 3)


def test_doctor_says_what_the_token_lacks(command: Command, graph: FakeGraph) -> None:
    """Exit 1, the permission by name."""
    graph.fail_next(*[reply(403)] * 3)
    token = "e30.eyJyb2xlcyI6IFsiVXNlci5SZWFkLkFsbCJdfQ.x"

    outcome = command("doctor", MAA_ACCESS_TOKEN=token)

    assert outcome.code == 1
    assert "DeviceManagementRBAC.Read.All" in outcome.out
    assert "User.Read.All" in outcome.out


@pytest.mark.parametrize(
    "word", ["needsApproval", "approved", "rejected", "reminder", "digest", "neverHeardOf"]
)
def test_preview_prints_a_card(command: Command, word: str) -> None:
    """Without any setting: it is for looking."""
    outcome = command("preview", word, MAA_TENANT_ID=None, MAA_TEAMS_WEBHOOK_URL=None)

    assert outcome.code == 0
    assert json.loads(outcome.out)["type"] == "AdaptiveCard"


def test_the_outbox_can_be_seen_retried_and_discarded(
    command: Command, graph: FakeGraph, teams: FakeTeams
) -> None:
    """What waits is listed with its reason; retry makes it due; discard asks which."""
    graph.requests = [make_request(), make_request()]
    teams.answer_all(reply(429, headers={"Retry-After": "3000"}))
    command("poll")
    listed = json.loads(command("outbox", "list", "--json").out)

    careless = command("outbox", "discard")
    discarded = command("outbox", "discard", listed[0]["key"])
    retried = command("outbox", "retry")
    teams.answer_all(None)
    poll = command("poll", "--json")

    assert {each["state"] for each in listed} == {"pending"}
    assert any("429" in each["last_error"] for each in listed)
    assert (careless.code, discarded.code, retried.code) == (2, 0, 0)
    assert (poll.report["delivered"], poll.report["pending"], len(teams.cards)) == (1, 0, 1)


def test_the_outbox_says_that_only_a_card_has_yet_to_be_changed(
    command: Command, graph: FakeGraph, service: FakeConnector
) -> None:
    """A digest told that two were decided, and neither of their cards can be changed just now."""
    bot = FakeBotChannel(service).settings
    graph.requests = [make_request(), make_request()]
    command("poll", **bot)
    for request in graph.requests:
        request["status"] = "rejected"
    service.answer_all(reply(403), on="update")

    command("poll", **bot, MAA_DIGEST_ABOVE="1")

    listed = json.loads(command("outbox", "list", "--json", **bot).out)
    assert [(each["event"], each["told"]) for each in listed] == [("rejected", True)] * 2
    assert command("outbox", "list", **bot).out.count("told by a digest, its card has yet to be changed") == 2


def test_history_is_a_csv_that_a_spreadsheet_can_open_safely(command: Command, graph: FakeGraph) -> None:
    """One line for each card; a name that looks like a formula is none."""
    graph.requests = [make_request(requestor={"user": {"displayName": '=HYPERLINK("https://evil.example")'}})]
    command("poll")

    rows = list(csv.DictReader(io.StringIO(command("history").out)))

    assert [(row["state"], row["event"], row["destination"]) for row in rows] == [
        ("accepted", "created", "default")
    ]
    assert rows[0]["requestor"].startswith("'=")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ":", " "])
def test_no_list_of_separators_makes_a_formula_of_a_name(
    command: Command, graph: FakeGraph, separator: str
) -> None:
    """A spreadsheet in another language parts cells elsewhere, and does not mind our quotes then."""
    names = [
        f"{lead}{sign}cmd" for sign in "=+-@\uff1d" for lead in ("", " ", f"a{separator}", f'a"{separator} "')
    ]
    graph.requests = [make_request(requestor={"user": {"displayName": name}}) for name in names]
    command("poll")

    table = command("history").out
    cells = [cell.strip(' "') for line in table.splitlines() for cell in line.split(separator)]

    assert len(table.splitlines()) == len(names) + 1
    assert [cell for cell in cells if cell.startswith(("=", "+", "@", "-c", "\uff1d"))] == []
    assert all(line.startswith('"') and line.endswith('"') for line in table.splitlines())


def test_no_column_of_the_history_turns_the_text(command: Command, graph: FakeGraph) -> None:
    """Controls and direction marks are out of every column, in whatever field they came."""
    evil = "a\u202eb\u2066c\u200fd\x1b[31me\x9bf\u2028g"
    graph.requests = [
        make_request(
            status=evil,
            payloadName=evil,
            requestor={"user": {"id": evil, "userPrincipalName": evil, "displayName": evil}},
            approver={"user": {"id": evil, "userPrincipalName": evil}},
            requiredOperationApprovalPolicyTypes=[evil],
        )
    ]
    graph.requests[0]["id"] = evil
    command("poll")

    rows = json.loads(command("history", "--json").out)
    assert len(rows) == 1
    for told in (command("history").out, str(rows)):
        assert not {"\u202e", "\u2066", "\u200f", "\x1b", "\x9b", "\u2028"} & set(told)
        assert "\\u202e" not in told


def test_exports_hold_the_real_name(command: Command, graph: FakeGraph, teams: FakeTeams) -> None:
    """A search for a script's name finds it in history and outbox: breaks are for cards alone."""
    name = "Set-Proxy.script.ps1 " + "a" * 180 + " مرحبا.ps1"
    person = {"user": {"displayName": "ana.b@evil.example"}}
    graph.requests = [make_request(payloadName=name, requestor=person), make_request(payloadName=name)]
    command("poll")
    teams.fail_next(*[reply(503)] * 9)
    graph.requests[1]["status"] = "approved"
    command("poll")

    told = [command("history").out, command("history", "--json").out, command("outbox", "list").out]

    assert all(name in each for each in told)
    assert all("ana.b@evil.example" in each for each in told[:2])
    assert not any({"\u200b", "\u2068", "\u2069"} & set(each) for each in told)


def test_history_tells_a_confirmed_card_from_an_accepted_one(
    command: Command, graph: FakeGraph, teams: FakeTeams
) -> None:
    """A flow that answers with the message's id proves that the card was posted."""
    graph.requests = [make_request(), make_request()]
    teams.fail_next(reply(200, json={"messageId": "1764000000000"}), posted=True)
    command("poll")

    entries = json.loads(command("history", "--format", "json").out)

    assert [(entry["state"], entry["message_id"]) for entry in entries] == [
        ("confirmed", "1764000000000"),
        ("accepted", ""),
    ]


@pytest.mark.parametrize(
    "state,fate",
    [
        ("outdated", "passed over, since nobody had to be told any more,"),
        ("unreached", "passed over, since its recipient could not be reached,"),
    ],
)
def test_history_says_that_nobody_was_told(
    command: Command, graph: FakeGraph, tmp_path: Path, state: str, fate: str
) -> None:
    """Neither of them counts as delivered, nor when somebody asks by the key what became of it."""
    graph.requests = [make_request()]
    command("poll")
    rows = SqliteRows(tmp_path / "maa-notify.db", TENANT)
    [entry] = StateStore(rows).journal.read_sent()
    rows.commit([Put(sent_key(entry), encode(replace(entry, **{state: True})))])
    rows.close()
    key = entry.notification.event.short_key

    [told] = json.loads(command("history", "--json").out)

    assert told["state"] == state
    assert f"{key} was {fate} at 20" in command("outbox", "discard", key).err


def test_history_as_json(command: Command, graph: FakeGraph) -> None:
    """For scripts."""
    graph.requests = [make_request()]
    command("poll")

    [entry] = json.loads(command("history", "--format", "json", "--days", "1").out)

    assert entry["request"] == graph.requests[0]["id"]


@pytest.mark.skipif(sys.platform == "win32", reason="a console signal cannot be sent to one process there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_polls_until_it_is_stopped(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams, tmp_path: Path, number: signal.Signals
) -> None:
    """New requests are told without a restart; a signal ends it cleanly, without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "maa_notify", "watch", "--every", "1"],
        env=environment(settings),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        graph.wait_for_calls(1)
        graph.requests.append(make_request())
        teams.wait_for(1)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()

    assert process.returncode == 0
    assert "Traceback" not in err
    assert "watch.stopped" in err


@pytest.mark.skipif(sys.platform == "win32", reason="a console signal cannot be sent to one process there")
def test_who_asks_twice_need_not_wait(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams, tmp_path: Path
) -> None:
    """While a poll waits for a throttled destination, the second Ctrl-C ends it at once; the card is kept."""
    graph.requests = [make_request()]
    teams.fail_next(reply(429, headers={"Retry-After": "40"}))
    process = subprocess.Popen(
        [sys.executable, "-m", "maa_notify", "watch"],
        env=environment(settings),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        while "deliver.failing" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    finally:
        process.kill()

    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in err
