"""`who`: one command answers who approved what, from what polls saw and from the audit log."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from maa_notify.demo.entra_api import make_token
from maa_notify.domain.event import short_key
from tests.cli.conftest import Command
from tests.support.graph import FakeGraph, graph_error, make_request

NOW = datetime.now(UTC).replace(microsecond=0)
AUDIT = "DeviceManagementApps.Read.All"
MIRA = {"user": {"displayName": "Mira Holt", "userPrincipalName": "mira.holt@contoso.com", "id": "a1f4"}}
NOOR = {"user": {"displayName": "Noor Haddad", "userPrincipalName": "noor.haddad@contoso.com", "id": "b2e5"}}
KEYS = {
    "key",
    "object",
    "verb",
    "requestor",
    "approver",
    "justification",
    "approver_notes",
    "filed_at",
    "approved_at",
    "completed_at",
    "executed_at",
    "sure",
}

HOUR = timedelta(hours=1)

Ask = Callable[..., dict[str, Any]]


def iso(at: datetime) -> str:
    """A time as Graph writes it."""
    return at.isoformat().replace("+00:00", "Z")


def completed(name: str = "LAPTOP-42", *, days: int = 3, **changes: object) -> dict[str, Any]:
    """A wipe that was filed days ago, approved and completed."""
    filed = NOW - timedelta(days=days)
    fields: dict[str, object] = {
        "payloadName": name,
        "displayPayload": json.dumps([{"deviceName": name}]),
        "status": "completed",
        "requestor": MIRA,
        "approver": NOOR,
        "requestJustification": "Lost in a taxi",
        "approvalJustification": "Confirmed by phone",
        "requestDateTime": iso(filed),
        "lastModifiedDateTime": iso(filed + timedelta(hours=2)),
        **changes,
    }
    return make_request(now=filed, age=timedelta(), **fields)


def event(request: dict[str, Any], **changes: object) -> dict[str, Any]:
    """The audit event of a wipe, as Intune logs it."""
    done = datetime.fromisoformat(request["lastModifiedDateTime"])
    resource = {
        "displayName": "<null>",
        "auditResourceType": "ManagedDevice",
        "resourceId": request["payloadId"],
    }
    return {
        "id": "a7c4-01",
        "activityDateTime": iso(done),
        "activityType": "wipe ManagedDevice",
        "activityOperationType": "Action",
        "activityResult": "Success",
        "correlationId": "e785-01",
        "actor": {
            "auditActorType": "ItPro",
            "userPrincipalName": "mira.holt@contoso.com",
            "userId": "a1f4",
            "applicationDisplayName": "Microsoft Intune portal extension",
        },
        "resources": [resource],
        **changes,
    }


def log(graph: FakeGraph, *events: dict[str, Any]) -> None:
    """Fills the audit log of the tenant."""
    graph.resources.add(r"/v1\.0/deviceManagement/auditEvents", [AUDIT], lambda _, __: list(events))


@pytest.fixture
def ask(command: Command) -> Ask:
    """Asks without the audit log; returns the JSON."""

    def call(*words: str, audit: bool = False, **settings: str | None) -> dict[str, Any]:
        done = command("who", *words, *([] if audit else ["--no-audit"]), "--json", **settings)
        assert done.code == 0, done.err
        told: dict[str, Any] = json.loads(done.out)
        return told

    return call


def objects(told: dict[str, Any]) -> list[str]:
    """The names of the objects in the answers."""
    return [each["object"] for each in told["answers"]]


def test_who_approved_it_and_why(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """By a part of the name in any case, with everything that polls saw."""
    wanted = completed()
    graph.requests = [wanted, completed("KIOSK-7")]
    command("poll")

    [answer] = ask("laptop-4")["answers"]

    assert answer.keys() >= KEYS
    assert answer["key"] == short_key(wanted["id"])
    assert (answer["object"], answer["verb"], answer["sure"]) == ("LAPTOP-42", "wipe", "history")
    assert answer["requestor"] == "mira.holt@contoso.com"
    assert answer["approver"] == "noor.haddad@contoso.com"
    assert (answer["justification"], answer["approver_notes"]) == ("Lost in a taxi", "Confirmed by phone")
    assert answer["filed_at"] == (NOW - timedelta(days=3)).isoformat()
    assert answer["completed_at"] == (NOW - timedelta(days=3) + timedelta(hours=2)).isoformat()
    assert (answer["approved_at"], answer["executed_at"]) == (None, None)


def test_the_times_of_each_step_are_kept(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """Graph tells the last change alone; polls saw each of them."""
    request = completed(days=1, status="needsApproval", lastModifiedDateTime=iso(NOW - timedelta(days=1)))
    graph.requests = [request]
    command("poll")
    request |= {"status": "approved", "lastModifiedDateTime": iso(NOW - timedelta(hours=20))}
    command("poll")
    request |= {"status": "completed", "lastModifiedDateTime": iso(NOW - timedelta(hours=19))}
    command("poll")

    [answer] = ask()["answers"]

    assert answer["approved_at"] == (NOW - timedelta(hours=20)).isoformat()
    assert answer["completed_at"] == (NOW - timedelta(hours=19)).isoformat()


def test_what_graph_has_forgotten_is_still_told(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """The very reason for asking here."""
    graph.requests = [completed()]
    command("poll")
    graph.requests = []
    command("poll")
    command("poll")

    assert objects(ask("LAPTOP")) == ["LAPTOP-42"]


@pytest.mark.parametrize(
    "words,found",
    [
        (["--verb", "Wipe"], ["KIOSK-7", "LAPTOP-42"]),
        (["--verb", "delete"], ["Baseline"]),
        (["--verb", "remove"], ["Baseline"]),
        (["--verb", "deleted"], ["Baseline"]),
        (["--verb", "Wiping"], ["KIOSK-7", "LAPTOP-42"]),
        (["--person", "HOLT"], ["Baseline", "LAPTOP-42"]),
        (["--person", "noor.haddad@contoso.com"], ["KIOSK-7", "Baseline", "LAPTOP-42"]),
        (["--type", "COMPLIANCEPOLICY"], ["Baseline"]),
        (["base", "--verb", "delete", "--person", "mira"], ["Baseline"]),
        (["base", "--verb", "wipe"], []),
        (["--on", f"{NOW - timedelta(days=5):%Y-%m-%d}"], ["Baseline"]),
        (
            ["--since", f"{NOW - timedelta(days=6):%Y-%m-%d}", "--until", f"{NOW:%Y-%m-%d}"],
            ["KIOSK-7", "Baseline"],
        ),
        (["nowhere"], []),
    ],
    ids=" ".join,
)
def test_each_way_to_ask(
    command: Command, ask: Ask, graph: FakeGraph, words: list[str], found: list[str]
) -> None:
    """All that is given has to fit; none is an answer, too."""
    other = {"user": {"displayName": "Sven Lund", "userPrincipalName": "sven.lund@contoso.com"}}
    policy = {
        "requiredOperationApprovalPolicyTypes": ["compliancePolicy"],
        "payloadOperation": "Delete",
        "payloadType": "#microsoft.graph.deviceCompliancePolicy",
        "displayPayload": None,
        "actionName": None,
    }
    graph.requests = [
        completed("LAPTOP-42", days=9),
        completed("Baseline", days=5, **policy),
        completed("KIOSK-7", days=2, requestor=other),
    ]
    command("poll")

    assert objects(ask(*words)) == found


def test_one_request_by_its_key(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """As it stands on the card."""
    graph.requests = [completed("ONE"), completed("TWO")]
    command("poll")

    assert objects(ask("--key", short_key(graph.requests[1]["id"]))) == ["TWO"]


def test_a_key_may_stand_for_the_name(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """Where no object is called so."""
    graph.requests = [completed("ONE"), completed("TWO")]
    command("poll")

    assert objects(ask(short_key(graph.requests[0]["id"]).lower())) == ["ONE"]


def test_an_object_is_found_by_the_name_that_it_had(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """And by the one that it has."""
    request = completed("Old baseline", status="needsApproval")
    graph.requests = [request]
    command("poll")
    request |= {"payloadName": "New baseline"}
    command("poll")

    by_old, by_new = ask("old base"), ask("new base")

    assert by_old["answers"] == by_new["answers"]
    assert by_old["answers"][0]["object"] == "New baseline"
    assert by_old["answers"][0]["former_names"] == ["Old baseline"]
    assert "Old baseline before" in command("who", "old", "--no-audit").out


def test_everybody_who_decided_is_told(command: Command, graph: FakeGraph) -> None:
    """An approval that was given twice; one that no poll saw, by whom Graph names."""
    twice = completed("TWICE", status="approved", approver=MIRA, lastModifiedDateTime=iso(NOW - 9 * HOUR))
    unseen = completed("UNSEEN", approver={"application": {"displayName": "robot", "id": "r1"}})
    graph.requests = [twice, unseen]
    command("poll")
    for status, approver, hours in (("needsApproval", None, 8), ("approved", NOOR, 7)):
        twice |= {"status": status, "approver": approver, "lastModifiedDateTime": iso(NOW - hours * HOUR)}
        command("poll")

    shown = command("who", "twice", "--no-audit").out

    assert "Approved     by Mira Holt" in shown
    assert "Approved     by Noor Haddad" in shown
    assert (
        "by the application robot, at a time that no poll saw" in command("who", "unseen", "--no-audit").out
    )


def test_no_escape_that_others_wrote_reaches_the_terminal(command: Command, graph: FakeGraph) -> None:
    """In each of the formats, from requests and from the audit log."""
    account = "e\u009b2J@c.com"
    evil = {"user": {"displayName": "Ev\u009b31mil\u202e", "userPrincipalName": account, "id": "e1"}}
    request = completed("A\u009bB\u202e", requestor=evil, requestJustification="x\u009by\u2028z")
    actor = {"auditActorType": "ItPro", "userPrincipalName": account, "userId": "e1"}
    resource = {"displayName": "A\x1b"}
    old = event(completed("A", days=300), id="o\x1b", resources=[resource])
    graph.requests = [request]
    log(
        graph,
        event(request, id="i\x1b[2J\u009b", actor=actor, correlationId="c\x1b"),
        old | {"activityType": "wipe\x1b[2J ManagedDevice"},
    )
    command("poll")

    shown = [
        command("who", "a", "--since", f"{NOW - timedelta(days=700):%Y-%m-%d}", "--format", form)
        for form in ("text", "csv", "json")
    ]

    assert all(done.code == 0 for done in shown)
    assert "i [2J" in shown[0].out
    everything = "".join(each.out + each.err for each in shown)
    assert not {"\x1b", "\u009b", "\u202e", "\u2028"}.intersection(everything)
    assert not any("\\u" in each.out for each in shown)


def test_days_are_those_of_the_display_time_zone(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """A change before midnight in UTC is one of the next day in Auckland."""
    late = (NOW - timedelta(days=3)).replace(hour=23, minute=30)
    changes: dict[str, Any] = {"requestDateTime": iso(late), "lastModifiedDateTime": iso(late)}
    graph.requests = [completed(**changes)]
    command("poll")
    day = ["--on", f"{late + timedelta(days=1):%Y-%m-%d}"]

    assert objects(ask(*day)) == []
    assert objects(ask(*day, MAA_TIME_ZONE="Pacific/Auckland")) == ["LAPTOP-42"]


def test_the_audit_log_tells_when_it_was_carried_out(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """With the event's ids, and sure by the id of the device."""
    request = completed()
    graph.requests = [request]
    log(graph, event(request))
    command("poll")

    [answer] = ask("LAPTOP", audit=True)["answers"]

    assert answer["executed_at"] == answer["completed_at"]
    assert (answer["event_id"], answer["correlation_id"]) == ("a7c4-01", "e785-01")
    assert answer["sure"] == "id"
    [call] = [call for call in graph.calls if "auditEvents" in call.path]
    assert "activityDateTime ge " in call.params["$filter"]


def test_what_no_id_proves_is_sure_by_name_only(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """Of what is no device polls keep no id."""
    request = completed(
        "Set-Proxy",
        requiredOperationApprovalPolicyTypes=["script"],
        payloadType="#microsoft.graph.deviceManagementScript",
        payloadOperation="Delete",
        displayPayload=None,
    )
    resource = {
        "displayName": "Set-Proxy",
        "auditResourceType": "DeviceManagementScript",
        "resourceId": "24db",
    }
    graph.requests = [request]
    log(
        graph,
        event(
            request, activityType="deleteDeviceManagementScript DeviceManagementScript", resources=[resource]
        ),
    )
    command("poll")

    assert [each["sure"] for each in ask(audit=True)["answers"]] == ["name"]


@pytest.mark.parametrize(
    "changes",
    [
        {"activityType": "retire ManagedDevice"},
        {"actor": {"auditActorType": "ItPro", "userPrincipalName": "eve@contoso.com", "userId": "c0de"}},
        {"activityDateTime": iso(NOW - timedelta(days=4))},
        {"activityResult": "Failure"},
        {"activityOperationType": "Get"},
        {"resources": [{"displayName": "LAPTOP-42", "auditResourceType": "MobileApp", "resourceId": "1"}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_event_of_something_else_proves_nothing(
    command: Command, ask: Ask, graph: FakeGraph, changes: dict[str, Any]
) -> None:
    """Another verb, actor, time or object; a failed try; somebody who only looked."""
    request = completed()
    graph.requests = [request]
    log(graph, event(request, **changes))
    command("poll")

    [answer] = ask("LAPTOP", audit=True)["answers"]

    assert (answer["sure"], answer["executed_at"]) == ("history", None)


def test_each_of_two_wipes_of_one_device_has_its_own_event(
    command: Command, ask: Ask, graph: FakeGraph
) -> None:
    """The one that lies nearest to its completion; an event is told once."""
    first = completed(days=3)
    second = completed(
        days=3, payloadId=first["payloadId"], lastModifiedDateTime=iso(NOW - timedelta(days=3) + 4 * HOUR)
    )
    graph.requests = [first, second]
    waiting = {each["id"]: each["lastModifiedDateTime"] for each in graph.requests}
    for each in graph.requests:
        each |= {"status": "approved", "lastModifiedDateTime": each["requestDateTime"]}
    command("poll")
    for each in graph.requests:
        each |= {"status": "completed", "lastModifiedDateTime": waiting[each["id"]]}
    command("poll")
    log(graph, event(first, id="one"), event(second, id="two"))

    told = {each["request"]: each["event_id"] for each in ask("LAPTOP", audit=True)["answers"]}

    assert told == {first["id"]: "one", second["id"]: "two"}


def test_what_was_done_after_a_request_was_canceled_was_not_done_by_it(
    command: Command, ask: Ask, graph: FakeGraph
) -> None:
    """Though it had been approved."""
    request = completed(status="approved", lastModifiedDateTime=iso(NOW - timedelta(days=3)))
    graph.requests = [request]
    command("poll")
    request |= {"status": "cancelled", "lastModifiedDateTime": iso(NOW - timedelta(days=2))}
    command("poll")
    log(graph, event(request, activityDateTime=iso(NOW - timedelta(days=1))))

    assert [each["sure"] for each in ask("LAPTOP", audit=True)["answers"]] == ["history"]


def test_what_no_request_tells_of_the_audit_log_may(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """Somebody went around the approval: nobody approved it, and that nothing is known would be wrong."""
    graph.requests = [completed("KIOSK-7")]
    command("poll")
    deed = event(completed(), resources=[{"displayName": "Baseline", "auditResourceType": "MobileApp"}])
    log(graph, deed | {"activityDateTime": iso(datetime.now(UTC))})
    day = ["--since", f"{NOW - timedelta(days=1):%Y-%m-%d}"]

    told, kiosk, everything = (ask(*words, *day, audit=True) for words in (["baseline"], ["kiosk"], []))

    assert [(each["object"], each["sure"]) for each in told["answers"]] == [("Baseline", "audit")]
    assert "done without one" in " ".join(told["notes"])
    assert kiosk["answers"] == everything["answers"] == []


def test_a_long_time_is_asked_of_the_audit_log_in_parts(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """So that a large tenant's two years neither take too long for one listing nor fill the memory."""
    old = event(
        completed(days=200), resources=[{"displayName": "Baseline", "auditResourceType": "MobileApp"}]
    )
    log(graph, old)
    command("poll")

    told = ask("baseline", "--since", f"{NOW - timedelta(days=300):%Y-%m-%d}", audit=True)

    spans = [
        re.findall(r"[0-9]{4}-[0-9T:-]+Z", call.params["$filter"])
        for call in graph.calls
        if "auditEvents" in call.path
    ]
    assert objects(told) == ["Baseline"]
    assert len(spans) > 9
    assert [each[1] for each in spans[:-1]] == [each[0] for each in spans[1:]]


def test_of_a_time_to_come_nothing_is_known(command: Command, graph: FakeGraph) -> None:
    """It is said, and is no error; a mistyped year is seen at once."""
    graph.requests = [completed()]
    command("poll")

    done = command("who", "laptop", "--on", f"{NOW.year + 1}")

    assert (done.code, "Nothing that fits is known." in done.out) == (0, True)
    assert "yet to come" in done.out


def test_a_log_that_was_not_asked_is_not_said_to_be(command: Command, graph: FakeGraph) -> None:
    """Also where there would be more to ask of than it is asked of at once."""
    graph.requests = [completed(f"LAPTOP-{number}") for number in range(12)]
    command("poll")

    done = command("who", "laptop", "--no-audit", "--format", "csv")

    assert "was not asked" in done.err
    assert "latest" not in done.err
    assert len(done.out.splitlines()) == 13


def test_without_the_permission_the_rest_is_told(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """And what was not asked for want of what."""
    graph.requests = [completed()]
    command("poll")
    token = make_token(roles=["DeviceManagementRBAC.Read.All"])

    told = ask("LAPTOP", audit=True, MAA_ACCESS_TOKEN=token)

    assert [each["sure"] for each in told["answers"]] == ["history"]
    assert AUDIT in " ".join(told["notes"])
    assert not [call for call in graph.calls if "auditEvents" in call.path]


def test_an_audit_log_that_fails_costs_no_answer(command: Command, ask: Ask, graph: FakeGraph) -> None:
    """It is said, and the exit code is 0."""
    graph.requests = [completed()]
    command("poll")
    graph.fail_next(graph_error(403, "Forbidden", "no"), on="/v1.0/deviceManagement/auditEvents")
    log(graph)

    told = ask("LAPTOP", audit=True)

    assert objects(told) == ["LAPTOP-42"]
    assert "could not be asked" in " ".join(told["notes"])


def test_of_times_before_the_installation_the_audit_log_tells(
    command: Command, ask: Ask, graph: FakeGraph
) -> None:
    """Who did it, and that it cannot tell who approved it."""
    old = completed("LAPTOP-13", days=200)
    resource = {"displayName": "LAPTOP-13", "auditResourceType": "ManagedDevice", "resourceId": "77aa"}
    log(
        graph,
        event(old, resources=[resource]),
        event(old, id="other", activityType="syncDevice ManagedDevice"),
    )
    command("poll")
    day = f"{NOW - timedelta(days=200):%Y-%m}"

    told = ask("laptop-13", "--verb", "wipe", "--since", day, audit=True)
    hint = ask("laptop-13", audit=True)

    [answer] = told["answers"]
    assert (answer["key"], answer["approver"], answer["sure"]) == (None, None, "audit")
    assert (answer["object"], answer["executed_by"]) == ("LAPTOP-13", "mira.holt@contoso.com")
    assert "not who approved" in " ".join(told["notes"])
    assert hint["answers"] == []
    assert "--since" in " ".join(hint["notes"])


def test_in_words(command: Command, graph: FakeGraph) -> None:
    """One answer in full; of many a line for each, with its key."""
    graph.requests = [completed(f"LAPTOP-{number}") for number in range(5)]
    command("poll")

    one, many, none = (command("who", text, "--no-audit") for text in ("LAPTOP-3", "laptop", "nowhere"))

    assert "Wipe device LAPTOP-3 - Completed" in one.out
    assert "Noor Haddad (noor.haddad@contoso.com)" in one.out
    assert '"Lost in a taxi"' in one.out
    assert "history: as polls saw" in one.out
    assert "5 answers" in many.out
    assert all(short_key(each["id"]) in many.out for each in graph.requests)
    assert (none.code, "Nothing that fits is known." in none.out) == (0, True)


def test_as_a_table(command: Command, graph: FakeGraph) -> None:
    """With the keys of the JSON as columns, and no formula."""
    graph.requests = [completed("=cmd|'/c calc'!A1")]
    command("poll")

    [row] = csv.DictReader(io.StringIO(command("who", "--no-audit", "--format", "csv").out))

    assert row.keys() >= KEYS
    assert row["object"].startswith("'=")


@pytest.mark.parametrize(
    "words",
    [
        ["--on", "yesterday"],
        ["--since", "2026-13"],
        ["--since", "2026-02", "--until", "2026-01"],
        ["--on", "2026-01", "--since", "2026-01"],
        ["--type", "nonsense"],
    ],
    ids=" ".join,
)
def test_a_question_that_cannot_be_meant(command: Command, words: list[str]) -> None:
    """Is a wrong argument, with a sentence."""
    done = command("who", *words)

    assert done.code == 2
    assert "Traceback" not in done.err
    assert words[0].removeprefix("--") in done.err
