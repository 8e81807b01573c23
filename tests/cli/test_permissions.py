"""`doctor` says which permissions there are, what each is for, and what is off for want of one."""

import json

import pytest

from maa_notify.demo.access import SimulatedAccess
from maa_notify.demo.entra_api import make_token
from maa_notify.domain.capabilities import APPROVERS, CAPABILITIES, REQUESTS
from tests.cli.conftest import Command
from tests.cli.test_troubles import findings
from tests.support.graph import FakeGraph
from tests.support.notifier import TENANT

REQUESTED = [each.name for each in REQUESTS.permissions]
WANTED = [*REQUESTED, *(each.name for each in APPROVERS.permissions)]


def token(*roles: str) -> str:
    """A token of the tenant with these permissions."""
    return make_token(roles=list(roles), tenant_id=TENANT)


@pytest.fixture
def access(graph: FakeGraph) -> SimulatedAccess:
    """A tenant with one policy, whose group has two approvers."""
    simulated = SimulatedAccess()
    simulated.serve(graph.resources)
    group = simulated.add_group("MAA approvers")
    simulated.add_policy("deviceWipe", group)
    for name in ("Aiko Mori", "Oskar Weiss"):
        simulated.add_person(group, name)
    return simulated


def test_every_permission_of_every_capability_is_told(command: Command, graph: FakeGraph) -> None:
    """Granted or missing, what for, and what stops; Graph is not asked."""
    granted = token(*REQUESTED, "GroupMember.Read.All")
    done = command("doctor", "--permissions", MAA_ACCESS_TOKEN=granted, MAA_APPROVERS="on")

    assert done.code == 0
    assert all(f"{each.name}: {each.label}" in done.out for each in CAPABILITIES)
    assert [
        each.name for some in CAPABILITIES for each in some.permissions if each.name not in done.out
    ] == []
    lines = [line.split() for line in done.out.splitlines()]
    assert ["granted", "GroupMember.Read.All"] in [line[:2] for line in lines]
    assert ["missing", "User.Read.All"] in [line[:2] for line in lines]
    assert "Approvers have no names, and a disabled one counts." in done.out
    assert "audit: compare what was done with what was approved (not asked for)" in done.out
    assert graph.calls == []


def test_a_machine_gets_the_same_table(command: Command) -> None:
    """With one word for each state; a permission to write counts as the one to read."""
    held = token(*REQUESTED, "AuditLog.ReadWrite.All")
    rows = json.loads(command("doctor", "--permissions", "--json", MAA_ACCESS_TOKEN=held).out)
    states = {(each["capability"], each["permission"]): each["state"] for each in rows}

    assert {state for (name, _), state in states.items() if name == "requests"} == {"granted"}
    assert states["watch", "AuditLog.Read.All"] == "granted"
    assert states["approvers", "User.Read.All"] == "missing"
    assert {each["capability"] for each in rows if each["wanted"]} == {"requests"}
    assert all(each["purpose"] and each["without"] for each in rows)


def test_a_token_that_tells_nothing_leaves_it_open(command: Command) -> None:
    """Nothing is called missing."""
    rows = json.loads(command("doctor", "--permissions", "--json").out)

    assert {each["state"] for each in rows} == {"unknown"}


def test_without_a_sign_in_there_is_no_table(command: Command) -> None:
    """The setting to mend is named."""
    done = command("doctor", "--permissions", MAA_CLOUD="moon")

    assert (done.code, done.out) == (2, "")
    assert "MAA_CLOUD" in done.err


def test_what_is_off_is_said(command: Command) -> None:
    """And how to switch it on."""
    assert findings(command("doctor", "--json"))["approvers"] == (
        "skipped",
        "off: with MAA_APPROVERS=on cards tell who can decide, and whether nobody can",
    )


def test_who_can_decide_is_counted(command: Command, access: SimulatedAccess) -> None:
    """What was granted for it is not more than is needed."""
    checks = findings(command("doctor", "--json", MAA_ACCESS_TOKEN=token(*WANTED), MAA_APPROVERS="on"))

    assert checks["approvers"] == ("ok", "1 access policy, 1 approver group, 2 people who can decide")
    assert checks["token"][0] == "ok"


def test_what_is_missing_is_named_with_what_stops(command: Command, access: SimulatedAccess) -> None:
    """The rest works on."""
    held = token(*REQUESTED, "User.Read.All")
    result, text = findings(command("doctor", "--json", MAA_ACCESS_TOKEN=held, MAA_APPROVERS="on"))[
        "approvers"
    ]

    assert result == "warning"
    assert "GroupMember.Read.All is missing: Nobody knows who can decide" in text


def test_what_keeps_everybody_from_deciding_is_counted(command: Command, access: SimulatedAccess) -> None:
    """Before a request has to wait for it."""
    access.add_policy("app")
    access.add_policy("script", approverGroupIds=None)
    access.add_policy("role", access.add_group("Idle", is_assigned=False))
    result, text = findings(command("doctor", "--json", MAA_APPROVERS="on"))["approvers"]

    assert result == "warning"
    assert "1 of the policies without an approver group" in text
    assert "1 of the policies whose groups Graph does not tell" in text
    assert "1 of the groups without anybody who can decide" in text
    assert "1 of the groups without a role assignment in Intune" in text
