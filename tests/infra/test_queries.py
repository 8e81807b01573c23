"""The queries of alarms and workbook: read by Microsoft's parser, and run on tables that the tests fill."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb_kql
import pytest

from maa_notify.demo.entra_api import make_token
from maa_notify.domain.visibility import MINIMAL, RECOMMENDED
from maa_notify.polling.run import poll_once
from tests.infra.predictions import INFRA, prediction
from tests.infra.test_app_settings import functions
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tools.templates import ROOT

QUERIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((INFRA / "queries").glob("*.kql"))}
TABLES = {
    "AppRequests": {"TimeGenerated": "datetime", "OperationName": "string", "Success": "bool"},
    "AppTraces": {"TimeGenerated": "datetime", "Message": "string", "SeverityLevel": "int"},
    "StorageTableLogs": {
        "TimeGenerated": "datetime",
        "Category": "string",
        "StatusText": "string",
        "RequesterObjectId": "string",
        "AuthenticationType": "string",
    },
    "AZKVAuditLogs": {
        "TimeGenerated": "datetime",
        "ResultType": "string",
        "OperationName": "string",
        "CallerIpAddress": "string",
    },
    "_LogOperation": {"TimeGenerated": "datetime", "Category": "string", "Detail": "string"},
    "FunctionAppLogs": {
        "TimeGenerated": "datetime",
        "Level": "string",
        "FunctionName": "string",
        "Message": "string",
        "ExceptionMessage": "string",
    },
}
"""The columns that the queries may use, as Azure Monitor documents these tables."""
SQL = {"datetime": "TIMESTAMP", "string": "VARCHAR", "bool": "BOOLEAN", "int": "INTEGER"}

DONE = (
    "poll.done poll=3f2a91 trigger=timer listed=12 events=1 delivered=1 pending=0 overdue=0 dead=0"
    " malformed=0 waiting=2 oldest_waiting_s=5400 hidden=none stale=0 seconds=1.24 failure=none"
)
EVENT = "poll.event poll=3f2a91 key=7QK2MD-2 event=approved type=deviceWipe risk=high request=5f0f3c3e"
ALERTED = (
    "poll.event poll=3f2a91 key=8S4FPQ-1 event=alert type=none risk=high alert=B8 severity=critical"
    " request=B8-3c1f0a77d2e94b10-20260818T090500"
)
SENT = (
    "deliver.sent poll=3f2a91 key=7QK2MD-2 destination=default event=approved type=deviceWipe risk=high"
    " after_s=74"
)
FAILING = 'deliver.failing poll=3f2a91 destination="helpdesk north" code=destination_refused'
DEAD = "deliver.dead poll=3f2a91 key=7QK2MD-2 destination=default"
FAILED = "poll.failed poll=3f2a91 code=state"
ASIDE = "fleet.put_aside tenant=contoso.example"
ASKED = "fleet.asked tenants=3 wrong=0"
UNPOLLED = "fleet.unpolled tenant=contoso.example code=stale"
UNHEARD = "poll.unheard poll=3f2a91 key=7QK2MD-2"
MEMORY_LOST = "poll.memory_lost poll=3f2a91 source=approvals"
CHANGED = "settings.changed poll=3f2a91"
BOT_MISCONFIGURED = "bot.misconfigured code=settings"
HEALTH_MISCONFIGURED = "health.misconfigured code=settings"
FLEET_MISCONFIGURED = "fleet.misconfigured "
FLEET_FAILED = "fleet.failed code=settings"
LINES = (
    *(DONE, EVENT, SENT, FAILING, DEAD, FAILED, ASIDE, ASKED, UNPOLLED, UNHEARD, MEMORY_LOST, CHANGED),
    *(BOT_MISCONFIGURED, HEALTH_MISCONFIGURED, FLEET_MISCONFIGURED, FLEET_FAILED),
)
OURSELVES = "11110000-0000-4000-8000-000000000001"
STRANGER = "66660000-0000-4000-8000-000000000006"


class Workspace:
    """The tables of a Log Analytics workspace, in memory."""

    def __init__(self) -> None:
        self._tables = duckdb_kql.connect()
        for name, columns in TABLES.items():
            fields = ", ".join(f"{column} {SQL[kind]}" for column, kind in columns.items())
            self._tables.execute(f"CREATE TABLE {name} ({fields})")

    def request(self, operation: str, *, minutes_ago: float, success: bool = True) -> None:
        """Adds what the Functions host writes after a function ran."""
        row = [_ago(minutes_ago), operation, success]
        self._tables.execute("INSERT INTO AppRequests VALUES (?, ?, ?)", row)

    def line(self, message: str, *, minutes_ago: float = 1) -> None:
        """Adds a line of the notifier's log."""
        self._tables.execute("INSERT INTO AppTraces VALUES (?, ?, 1)", [_ago(minutes_ago), message])

    def row(self, table: str, *values: str) -> None:
        """Adds a row of a minute ago to one of Azure's own tables, in the order of its columns."""
        places = ", ".join("?" * len(TABLES[table]))
        self._tables.execute(f"INSERT INTO {table} VALUES ({places})", [_ago(1), *values])  # noqa: S608 - a name of ours

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Runs a query as Azure Monitor would."""
        text = QUERIES[query].replace("PRINCIPAL", OURSELVES)
        answer = duckdb_kql.query(self._tables, text)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def _ago(minutes: float) -> datetime:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(tzinfo=None)


@pytest.fixture
def workspace() -> Workspace:
    """An empty workspace."""
    return Workspace()


def test_the_lines_are_those_that_the_notifier_writes(
    graph: FakeGraph, teams: FakeTeams, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A value that is renamed in the log would silence an alarm; here it does not."""
    notifier = Notifier(graph, teams, tmp_path / "state.db")
    graph.requests = [make_request(now=notifier.clock.now())]
    with caplog.at_level("INFO", logger="maa_notify"):
        poll_once(lambda: notifier.app, "timer")
    notifier.close()

    written = {line.split(" ")[0]: _keys_of(line) for line in caplog.messages}
    for sample in (DONE, EVENT, SENT):
        assert set(_keys_of(sample)) <= set(written[sample.split(" ")[0]])


def _keys_of(line: str) -> list[str]:
    return re.findall(r" (\w+)=", line)


def _wrongs(node: Path, queries: dict[str, str]) -> dict[str, list[str]]:
    done = subprocess.run(
        [str(node), str(Path(__file__).with_name("kusto.js"))],
        input=json.dumps({"tables": TABLES, "queries": queries}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=50,
        check=True,
    )
    answers: dict[str, list[str]] = json.loads(done.stdout)
    return answers


def test_microsofts_parser_finds_nothing_wrong(node: Path) -> None:
    """Syntax, functions, tables, columns and types: an alert with a wrong query is one that never rings."""
    assert _wrongs(node, QUERIES) == {name: [] for name in QUERIES}


def test_microsofts_parser_finds_what_is_wrong(node: Path) -> None:
    """The check is a real one."""
    wrong = {
        "column": "AppTraces | where Mesage has 'x'",
        "type": "AppTraces | where Message > 3",
        "table": "X",
    }

    assert all(_wrongs(node, wrong).values())


def test_every_query_is_in_use() -> None:
    """A query that no rule, no workbook and no page shows is dead."""
    bicep = "".join(path.read_text("utf-8") for path in INFRA.rglob("*.bicep"))
    used = set(re.findall(r"queries/([\w-]+)\.kql", bicep + (ROOT / "docs/deployment.md").read_text("utf-8")))

    assert used == set(QUERIES)


def test_queries_name_functions_keys_and_lines_that_exist() -> None:
    """A renamed function or log key would leave an alert that never rings."""
    text = "".join(QUERIES.values())
    keys = {key for line in (*LINES, ALERTED) for key in re.findall(r" (\w+)=", line)}
    events = {line.split()[0] for line in LINES}

    assert "OperationName in ('poll', 'poll_now')" in QUERIES["alert-stale"]
    assert {"poll", "poll_now"} <= functions()
    asked = {word for words in re.findall(r"@' \(?([\w|]+)\)?=", text) for word in words.split("|")}
    assert asked
    assert asked <= keys
    assert set(re.findall(r"startswith '([\w.]+) '", text)) <= events


def deployed(rule: str) -> str:
    """The query of a rule as it is deployed for a fleet."""
    [query] = [
        each["properties"]["criteria"]["allOf"][0]["query"]
        for each in prediction("fleet").of("Microsoft.Insights/scheduledQueryRules")
        if each["name"].endswith(f"-{rule}")
    ]
    return str(query)


def test_the_rule_can_set_its_own_limit() -> None:
    """The parameter of the template takes the place of one line of the query, and of nothing else."""
    query = QUERIES["alert-stale"]

    assert query.count("let silence = 30m;") == 1
    assert deployed("stale") == query.replace("let silence = 30m;", "let silence = 45m;")


def test_the_rule_knows_the_identity_of_the_notifier() -> None:
    """Azure fills it in: every poll would ring, or nobody's writing."""
    assert QUERIES["alert-guard"].count("PRINCIPAL") == 1
    assert re.match(
        r"^\[replace\('.*PRINCIPAL.*', 'PRINCIPAL', reference\(.*principalId\)\]$",
        deployed("guard"),
        re.DOTALL,
    )


def test_silence_rings(workspace: Workspace) -> None:
    """No telemetry at all is the worst case, and must not look like health."""
    assert len(workspace.ask("alert-stale")) == 1


@pytest.mark.parametrize("operation", ["poll", "poll_now"])
def test_a_good_poll_is_quiet(workspace: Workspace, operation: str) -> None:
    """A poll of late, by the timer or by hand, is what the rule wants to see."""
    workspace.request(operation, minutes_ago=29)

    assert workspace.ask("alert-stale") == []


def test_a_fleet_is_heard_by_the_lines_of_its_timer(workspace: Workspace) -> None:
    """Runs of a fleet are sampled, so the row of the one that matters may be missing."""
    workspace.line(ASKED, minutes_ago=29)
    assert workspace.ask("alert-stale") == []


def test_a_fleet_whose_timer_stands_still_rings(workspace: Workspace) -> None:
    """Nobody asks for polls any more."""
    workspace.line(ASKED, minutes_ago=31)
    assert len(workspace.ask("alert-stale")) == 1


def test_old_failed_and_foreign_runs_do_not_count(workspace: Workspace) -> None:
    """Health checks and failed polls keep coming while the notifier is deaf."""
    workspace.request("poll", minutes_ago=31)
    workspace.request("poll", minutes_ago=1, success=False)
    workspace.request("health", minutes_ago=1)

    assert len(workspace.ask("alert-stale")) == 1


@pytest.mark.parametrize(
    "message, what",
    [
        (DONE.replace("overdue=0", "overdue=1"), "overdue"),
        (DONE.replace("dead=0", "dead=12"), "dead"),
        (DONE.replace("malformed=0", "malformed=1"), "malformed"),
        (UNHEARD, "unheard"),
        (MEMORY_LOST, "memory_lost"),
    ],
)
def test_what_is_not_delivered_rings(workspace: Workspace, message: str, what: str) -> None:
    """A card that does not arrive is the failure that nobody in the channel can see."""
    workspace.line(DONE, minutes_ago=2)
    workspace.line(message)

    assert [row["what"] for row in workspace.ask("alert-undelivered")] == [what]


def test_delivered_again_is_quiet(workspace: Workspace) -> None:
    """The alarm ends by itself; an empty table is the business of another rule."""
    assert workspace.ask("alert-undelivered") == []
    workspace.line(DONE.replace("overdue=0", "overdue=1"), minutes_ago=2)
    workspace.line(DONE)

    assert workspace.ask("alert-undelivered") == []


@pytest.mark.parametrize(
    "message",
    [
        DONE.replace("failure=none", "failure=graph_denied"),
        DONE.replace("failure=none", "failure=permission_lost"),
        FAILED,
        FAILED.replace("state", "settings"),
    ],
)
def test_what_a_person_has_to_mend_rings(workspace: Workspace, message: str) -> None:
    """A lost permission does not come back by waiting."""
    workspace.line(DONE, minutes_ago=2)
    workspace.line(message)

    assert len(workspace.ask("alert-denied")) == 1


def test_a_permission_that_is_taken_away_rings(
    graph: FakeGraph, teams: FakeTeams, workspace: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As whole polls write it: nothing else rings while the list itself is a good answer."""
    state = tmp_path / "state.db"
    whole = Notifier(graph, teams, state, MAA_ACCESS_TOKEN=make_token(roles=sorted(RECOMMENDED)))
    graph.requests = [make_request(now=whole.clock.now())]
    whole.poll()
    whole.close()

    lacking = Notifier(graph, teams, state, MAA_ACCESS_TOKEN=make_token(roles=[MINIMAL]))
    graph.requests = []
    with caplog.at_level("INFO", logger="maa_notify"):
        poll_once(lambda: lacking.app, "timer")
    lacking.close()
    for message in caplog.messages:
        workspace.line(message)

    assert [row["what"] for row in workspace.ask("alert-denied")] == ["permission_lost"]


@pytest.mark.parametrize(
    "message", [BOT_MISCONFIGURED, HEALTH_MISCONFIGURED, FLEET_MISCONFIGURED, FLEET_FAILED]
)
def test_wrong_settings_ring_whoever_finds_them(workspace: Workspace, message: str) -> None:
    """Polls may be good while nobody who asks the bot is answered, or one tenant is left out."""
    workspace.line(DONE)
    workspace.line(message)

    assert [row["what"] for row in workspace.ask("alert-denied")] == [message.partition(" ")[0]]


def test_lines_that_ring_are_written_by_the_notifier() -> None:
    """A line that no module writes would make a rule that never rings."""
    code = "".join(path.read_text("utf-8") for path in (ROOT / "maa_notify").rglob("*.py"))
    asked = set(re.findall(r"startswith '([\w.]+) '", "".join(QUERIES.values())))

    assert {each for each in asked if f'"{each}"' not in code} == set()


def test_hands_on_the_notifier_ring(workspace: Workspace) -> None:
    """Its settings, its tables and its secrets, each by whoever it was; its own writing is quiet."""
    workspace.row("StorageTableLogs", "StorageWrite", "Success", OURSELVES, "OAuth")
    workspace.row("StorageTableLogs", "StorageRead", "Success", STRANGER, "OAuth")
    workspace.row("StorageTableLogs", "StorageWrite", "AuthorizationFailure", STRANGER, "OAuth")
    workspace.row("AZKVAuditLogs", "Success", "SecretGet", "203.0.113.7")
    workspace.row("_LogOperation", "Ingestion", "Data collection started")
    assert workspace.ask("alert-guard") == []

    workspace.line(CHANGED)
    workspace.row("StorageTableLogs", "StorageDelete", "Success", STRANGER, "OAuth")
    workspace.row("StorageTableLogs", "StorageWrite", "Success", "", "AccountKey")
    workspace.row("AZKVAuditLogs", "Success", "SecretSet", "203.0.113.7")
    workspace.row("_LogOperation", "Ingestion", "The data collection stopped: OverQuota")

    assert {(row["what"], row["whose"]) for row in workspace.ask("alert-guard")} == {
        ("settings", ""),
        ("table", STRANGER),
        ("table", "AccountKey"),
        ("secret", "203.0.113.7"),
        ("log_cap", "The data collection stopped: OverQuota"),
    }


@pytest.mark.parametrize(
    "message",
    [
        DONE,
        DONE.replace("failure=none", "failure=graph_unavailable"),
        DONE.replace("hidden=none", "hidden=apps,scripts"),
    ],
)
def test_what_mends_itself_is_quiet(workspace: Workspace, message: str) -> None:
    """Graph being down for a minute wakes nobody, nor do permissions that were left out on purpose."""
    workspace.line(FAILED, minutes_ago=2)
    workspace.line(message)

    assert workspace.ask("alert-denied") == []


def of(tenant: str, line: str) -> str:
    """The line as a fleet has it."""
    return line.replace(" poll=3f2a91 ", f" poll=3f2a91 tenant={tenant} ")


BAD = DONE.replace("failure=none", "failure=graph_denied")
LATE = DONE.replace("overdue=0", "overdue=1")


@pytest.mark.parametrize("query, bad", [("alert-denied", BAD), ("alert-undelivered", LATE)])
def test_each_tenant_of_a_fleet_counts_for_itself(workspace: Workspace, query: str, bad: str) -> None:
    """The last poll of all is mostly somebody else's."""
    workspace.line(of("contoso.example", bad), minutes_ago=2)
    workspace.line(of("fabrikam.example", bad), minutes_ago=3)
    workspace.line(of("fabrikam.example", DONE), minutes_ago=2)
    workspace.line(of("tailspin.example", DONE))

    assert [row["tenant"] for row in workspace.ask(query)] == ["contoso.example"]


@pytest.mark.parametrize(
    "looks, rings",
    [([2, 17], True), ([2], False), ([17, 32], True), ([32, 47], False)],
    ids=["two looks", "one look", "still", "polled again"],
)
def test_a_tenant_that_is_not_polled_rings(workspace: Workspace, looks: list[float], rings: bool) -> None:
    """By name, whoever else is well, once two looks agree; a tenant that was added a moment ago is let be."""
    workspace.line(ASKED)
    for minutes_ago in looks:
        workspace.line(UNPOLLED, minutes_ago=minutes_ago)

    found = [(row["tenant"], row["what"]) for row in workspace.ask("alert-fleet")]

    assert found == ([("contoso.example", "unpolled")] if rings else [])


def test_what_is_put_aside_rings(workspace: Workspace) -> None:
    """A poll that dies five times is nothing that a next one mends."""
    workspace.line(of("contoso.example", DONE))
    workspace.line(ASIDE)

    assert [row["tenant"] for row in workspace.ask("alert-fleet")] == ["contoso.example"]


def test_one_tenant_is_no_fleet(workspace: Workspace) -> None:
    """Its silence is the business of another rule."""
    workspace.line(BAD)

    assert workspace.ask("alert-fleet") == []


def test_the_workbook_counts_what_happened(workspace: Workspace) -> None:
    """Each chart, on one poll with everything in it."""
    for message in (*LINES, ALERTED):
        workspace.line(message)

    assert [(row["good"], row["failed"], row["seconds"]) for row in workspace.ask("polls")] == [(1, 0, 1.24)]
    assert [(row["median_s"], row["slowest_s"]) for row in workspace.ask("latency")] == [(74, 74)]
    assert workspace.ask("decisions") == [
        {"event": "approved", "type": "deviceWipe", "risk": "high", "requests": 1}
    ]
    assert [(row["alert"], row["severity"], row["alerts"]) for row in workspace.ask("watch")] == [
        ("B8", "critical", 1)
    ]
    assert [(row["waiting"], row["oldest_hours"]) for row in workspace.ask("waiting")] == [(2, 1.5)]
    assert {(row["destination"], row["given_up"], row["code"]) for row in workspace.ask("destinations")} == {
        ("helpdesk north", False, "destination_refused"),
        ("default", True, ""),
    }


def test_the_workbook_tells_how_requests_fared(workspace: Workspace) -> None:
    """The same figures as a report's, as far as polls saw the steps; it names nobody."""
    fates: list[tuple[float, list[str]]] = [
        (240, ["created", "reminder", "reminder", "approved", "completed"]),
        (0.5, ["created", "rejected"]),
        (120, ["created", "expired"]),
        (0, ["approved"]),
    ]
    for number, (minutes, events) in enumerate(fates):
        for at, event in enumerate(events):
            line = (
                f"poll.event poll=3f2a91 key=7QK2MD-{at} event={event} type=app risk=low request=id-{number}"
            )
            is_later = event not in {"created", "reminder"}
            workspace.line(line, minutes_ago=10 if is_later else 10 + minutes)

    [row] = workspace.ask("fared")

    assert (row["type"], row["requests"], row["reminded"]) == ("app", 4, 1)
    assert (row["hasty"], row["expired_undecided"]) == (1, 1)
    assert row["p90_hours"] >= row["median_hours"] >= 0


def test_one_request_can_be_followed(workspace: Workspace) -> None:
    """The short key on a card leads to every line about its request."""
    for message in LINES:
        workspace.line(message)

    assert {row["Message"] for row in workspace.ask("request")} == {EVENT, SENT, DEAD, UNHEARD}
