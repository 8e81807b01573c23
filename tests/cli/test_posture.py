"""`maa-notify posture`: a table for people, JSON for machines, one check in full, a page to keep."""

import json
import time
from pathlib import Path

import pytest

from maa_notify.demo.entra_api import make_token
from tests.cli.conftest import Command
from tests.insight.posture.faults import WIPES, drop
from tests.support.graph import FakeGraph, graph_error
from tests.support.notifier import TENANT
from tests.support.posture import ROLES, Tenant
from tests.support.teams import FakeTeams

KEYS = ["id", "title", "verdict", "severity", "evidence", "why", "mend", "permission", "licence"]


@pytest.fixture
def tenant(graph: FakeGraph) -> Tenant:
    """A sound one."""
    graph.page_size = 100
    return Tenant(graph)


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    """A token with all permissions."""
    token = make_token(roles=ROLES, tid=TENANT, exp=int(time.time()) + 3600)
    return {**settings, "MAA_ACCESS_TOKEN": token}


def test_a_sound_tenant_exits_with_0(tenant: Tenant, command: Command) -> None:
    """A line for each check, how many passed, and the sentence."""
    done = command("posture")

    lines = done.out.splitlines()
    assert done.code == 0
    assert [line.split()[:2] for line in lines[:15]] == [[f"P{number}", "pass"] for number in range(1, 16)]
    assert "15 checks passed" in lines
    assert "Three accounts can defeat approval today" in done.out


def test_findings_exit_with_4_and_stand_below_their_check(tenant: Tenant, command: Command) -> None:
    """With their severity as the word that is seen first."""
    drop(tenant, "script")
    done = command("posture")

    assert done.code == 4
    assert done.out.startswith("P1   HIGH      Every kind of change has an access policy\n")
    assert "- high: no access policy protects scripts\n" in done.out


def test_json_is_one_object_with_the_keys_of_the_contract(tenant: Tenant, command: Command) -> None:
    """For each check, whatever it came to."""
    drop(tenant, "script")
    done = command("posture", "--json")

    told = json.loads(done.out)
    assert done.code == 4
    assert list(told) == ["checks", "summary"]
    assert [list(each) for each in told["checks"]] == [KEYS] * 15
    assert [each["id"] for each in told["checks"]] == [f"P{number}" for number in range(1, 16)]
    first, second = told["checks"][:2]
    assert (first["verdict"], first["severity"], first["permission"], first["licence"]) == (
        "finding",
        "high",
        "DeviceManagementRBAC.Read.All",
        None,
    )
    assert first["evidence"][0] == "high: no access policy protects scripts"
    assert (second["verdict"], second["severity"]) == ("pass", None)
    assert told["summary"].startswith("Three accounts can defeat approval today")


@pytest.mark.parametrize("word", ["P1", "p1"])
def test_one_check_is_told_in_full(tenant: Tenant, command: Command, word: str) -> None:
    """Evidence, why, and the steps; the exit code is that of this check alone."""
    tenant.directory.consent_requests["isEnabled"] = False
    done = command("posture", "--check", word)

    assert done.code == 0
    for part in ("device wipe: protected", "Why: A change without", "  1. Intune > Tenant", "Licence: none"):
        assert part in done.out
    assert "P2" not in done.out


def test_one_check_as_json_is_the_same_object_with_one_check(tenant: Tenant, command: Command) -> None:
    """So that a script reads both alike."""
    told = json.loads(command("posture", "--check", "P12", "--json").out)

    assert [each["id"] for each in told["checks"]] == ["P12"]


def test_no_such_check_is_a_wrong_argument(command: Command) -> None:
    """Before anything is asked."""
    done = command("posture", "--check", "P16")

    assert done.code == 2
    assert "must be one of P1, P2" in done.err


def test_what_is_accepted_is_no_finding_and_says_why(tenant: Tenant, command: Command) -> None:
    """Until its end."""
    tenant.directory.consent_requests["isEnabled"] = False
    until = '[{"check": "P12", "reason": "nobody asks", "until": "%s"}]'
    borne = command("posture", MAA_POSTURE_ACCEPT=until % "2099-12-31")
    over = command("posture", MAA_POSTURE_ACCEPT=until % "2020-01-01")

    assert (borne.code, over.code) == (0, 4)
    assert "- accepted until 2099-12-31: nobody asks" in borne.out
    assert "- was accepted until 2020-01-01: nobody asks" in over.out
    assert "1 check accepted" in borne.out


def test_it_needs_no_destination_and_leaves_no_file(tenant: Tenant, command: Command, tmp_path: Path) -> None:
    """An auditor has no webhook, and the daily check may be off."""
    done = command("posture", MAA_TEAMS_WEBHOOK_URL=None)

    assert done.code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_that_it_needs_stops_it(command: Command) -> None:
    """And names it."""
    done = command("posture", MAA_GLOBAL_ADMINS="many")

    assert done.code == 2
    assert "MAA_GLOBAL_ADMINS: must be two whole numbers" in done.err


def test_the_numbers_of_administrators_are_a_setting(tenant: Tenant, command: Command) -> None:
    """Two are too few for three to five."""
    done = command("posture", "--check", "P8", MAA_GLOBAL_ADMINS="3-5")

    assert done.code == 4
    assert "fewer than 3" in done.out


def test_skipped_is_neither_found_nor_passed(tenant: Tenant, command: Command) -> None:
    """It names the permission."""
    roles = [each for each in ROLES if each != "Policy.Read.All"]
    token = make_token(roles=roles, tid=TENANT, exp=int(time.time()) + 3600)
    done = command("posture", MAA_ACCESS_TOKEN=token)

    assert done.code == 0
    assert "10 checks passed, 5 checks skipped" in done.out
    assert "Policy.Read.All is missing" in done.out


def test_where_no_check_could_be_made_it_fails(tenant: Tenant, graph: FakeGraph, command: Command) -> None:
    """Nobody takes silence for soundness."""
    graph.resources.add("/.*", ROLES, lambda _, __: [7])
    done = command("posture", "-q")

    assert done.code == 1
    assert "no check of the posture could be made" in done.err


def test_a_refused_token_ends_it_with_a_sentence(graph: FakeGraph, command: Command) -> None:
    """Of another tenant, here."""
    token = make_token(roles=ROLES, tid="another", exp=int(time.time()) + 3600)
    done = command("posture", MAA_ACCESS_TOKEN=token)

    assert done.code == 1
    assert "no check of the posture could be made" in done.err
    assert graph.calls == []


def test_it_only_reads_and_tells_nobody(
    tenant: Tenant, graph: FakeGraph, teams: FakeTeams, command: Command
) -> None:
    """No card, and nothing but GET."""
    drop(tenant, "script")
    command("posture", MAA_POSTURE="on")

    assert {call.method for call in graph.calls} == {"GET"}
    assert teams.calls == []


def test_a_pipe_is_told_no_progress(tenant: Tenant, command: Command) -> None:
    """Standard error stays empty for a script."""
    assert command("posture", "-q").err == ""


def test_a_hostile_name_is_one_line_without_controls(tenant: Tenant, command: Command) -> None:
    """It cannot write over the line above, or begin one that looks like ours."""
    tenant.directory.add_app("x\x1b[2J\nP1   pass      Sound\u202e", WIPES)
    done = command("posture")

    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert [line for line in done.out.splitlines() if line.startswith("P1 ")] == [
        "P1   pass      Every kind of change has an access policy"
    ]


def test_a_page_is_written_beside_the_table(tenant: Tenant, command: Command, tmp_path: Path) -> None:
    """Of all checks, also where one was asked for."""
    done = command("posture", "--check", "P1", "--html", "posture.html")

    page = (tmp_path / "posture.html").read_text(encoding="utf-8")
    assert done.code == 0
    assert all(f'id="P{number}"' in page for number in range(1, 16))


def test_a_page_that_cannot_be_written_is_said(tenant: Tenant, command: Command) -> None:
    """With the file."""
    done = command("posture", "--html", "missing/posture.html")

    assert done.code == 1
    assert "posture.html" in done.err


def test_without_p2_it_asks_twice_and_no_more(tenant: Tenant, graph: FakeGraph, command: Command) -> None:
    """The first refusal for want of a licence answers for all that need it."""
    path = "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances"
    eligible = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
    refused = graph_error(400, "AadPremiumLicenseRequired", "The tenant needs to have Entra ID P2.")
    graph.fail_next(*[refused] * 9, on=path)
    graph.fail_next(*[refused] * 9, on=eligible)
    done = command("posture", "--check", "P9")

    assert "Entra ID P2" in done.out
    assert sum(call.path in {path, eligible} for call in graph.calls) <= 3
