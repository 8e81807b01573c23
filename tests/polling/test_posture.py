"""The daily look at the defence around approval: one card when something changed, and none without."""

import json
import logging
from collections.abc import Callable

import pytest

from maa_notify.demo.entra_api import make_token
from tests.insight.posture.faults import WIPES, drop
from tests.support.cards import strip, text
from tests.support.clock import START, FakeClock
from tests.support.graph import FakeGraph, graph_error, make_request
from tests.support.notifier import TENANT, Notifier
from tests.support.posture import ROLES, Tenant
from tests.support.teams import FakeTeams

HOUR = 3600.0
DAY = 24 * HOUR
TOKEN = make_token(roles=ROLES, tid=TENANT, exp=START.timestamp() + 90 * DAY)


@pytest.fixture
def tenant(graph: FakeGraph) -> Tenant:
    """A sound one."""
    graph.page_size = 100
    return Tenant(graph)


@pytest.fixture
def watching(make_notifier: Callable[..., Notifier]) -> Notifier:
    """Looks at the posture once a day."""
    return make_notifier(MAA_POSTURE="on", MAA_ACCESS_TOKEN=TOKEN)


def asked(graph: FakeGraph) -> int:
    """How often the list of role assignments was read, of one role."""
    return sum("62e90394" in call.query and call.path.endswith("/roleAssignments") for call in graph.calls)


def test_it_is_off_by_default(
    tenant: Tenant, graph: FakeGraph, make_notifier: Callable[..., Notifier]
) -> None:
    """An update asks Graph for nothing new."""
    make_notifier(MAA_ACCESS_TOKEN=TOKEN).poll()

    assert {call.path for call in graph.calls} == {"/beta/deviceManagement/operationApprovalRequests"}


def test_it_looks_once_a_day(tenant: Tenant, graph: FakeGraph, teams: FakeTeams, watching: Notifier) -> None:
    """However often it polls; and says nothing where all is sound."""
    for _ in range(30):
        watching.poll_after(HOUR)

    assert asked(graph) == 2
    assert teams.cards == []


def test_the_rhythm_is_a_setting(
    tenant: Tenant, graph: FakeGraph, make_notifier: Callable[..., Notifier]
) -> None:
    """Every six hours, here."""
    notifier = make_notifier(MAA_POSTURE="on", MAA_POSTURE_EVERY="6h", MAA_ACCESS_TOKEN=TOKEN)
    notifier.poll_each(HOUR, 13)

    assert asked(graph) == 3


def test_one_card_tells_what_opened_and_what_was_mended(
    tenant: Tenant, teams: FakeTeams, watching: Notifier
) -> None:
    """And no card comes on a day without a change."""
    tenant.directory.consent_requests["isEnabled"] = False
    watching.poll_each(DAY, 2)
    tenant.directory.consent_requests["isEnabled"] = True
    drop(tenant, "script")
    tenant.directory.add_app("release", WIPES)
    watching.poll_each(DAY, 2)

    assert [strip(card) for card in teams.cards] == [
        "The defence around approval: 1 finding at the first look",
        "The defence around approval: 2 new findings, 1 mended",
    ]
    told = text(teams.cards[1])
    assert "New since yesterday" in told
    assert "Mended" in told
    assert "can defeat approval today" in told


def test_a_card_is_told_again_after_teams_failed_and_only_once(
    tenant: Tenant, teams: FakeTeams, watching: Notifier
) -> None:
    """What was found stands in the state store with its card."""
    drop(tenant, "script")
    teams.fail_next(*[graph_error(503, "Unavailable", "")] * 3)
    for _ in range(5):
        watching.poll_after(600)

    assert len(teams.cards) == 1


def test_two_pollers_tell_it_once(tenant: Tenant, teams: FakeTeams, watching: Notifier) -> None:
    """Both look in the same minute, on the first day and on a later one."""
    other = watching.another()
    drop(tenant, "script")
    for wait in (0.0, 60.0, DAY, 60.0):
        watching.clock.advance(wait)
        watching.poll()
        other.poll()
    tenant.access.add_policy("script", tenant.group)
    for wait in (DAY, 60.0):
        watching.clock.advance(wait)
        other.poll()
        watching.poll()
    other.close()

    assert [strip(card) for card in teams.cards] == [
        "The defence around approval: 1 finding at the first look",
        "The defence around approval: 1 mended",
    ]


def test_a_lost_permission_closes_nothing_and_is_not_told_as_mended(
    tenant: Tenant, graph: FakeGraph, teams: FakeTeams, watching: Notifier
) -> None:
    """403 for a day, from a token that tells the permission."""
    tenant.directory.consent_requests["isEnabled"] = False
    watching.poll()
    refused = graph_error(403, "Authorization_RequestDenied", "Insufficient privileges.")
    graph.fail_next(*[refused] * 3, on="/v1.0/policies/adminConsentRequestPolicy")
    watching.poll_each(DAY, 3)

    assert len(teams.cards) == 1


def test_with_the_permission_for_approvals_alone_one_check_is_made(
    tenant: Tenant, graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """What is skipped is no fault, neither of the tenant nor of the poll; the approvals go on."""
    roles = ["DeviceManagementRBAC.Read.All"]
    token = make_token(roles=roles, tid=TENANT, exp=START.timestamp() + DAY)
    notifier = make_notifier(MAA_POSTURE="on", MAA_ACCESS_TOKEN=token)
    drop(tenant, "script")
    graph.requests = [make_request(now=notifier.clock.now(), requiredOperationApprovalPolicyTypes=["role"])]
    report = notifier.poll()

    assert report.failure is None
    assert [strip(card) for card in teams.cards][1:] == [
        "The defence around approval: 1 finding at the first look"
    ]
    assert notifier.app.health().sources == {"approvals": "ok", "posture": "ok"}


def test_graph_that_is_down_is_a_failure_and_no_change(
    tenant: Tenant, graph: FakeGraph, teams: FakeTeams, watching: Notifier
) -> None:
    """Nothing is mended because nobody answers."""
    drop(tenant, "script")
    watching.poll()
    all_else = r"/(beta|v1\.0)/(?!deviceManagement/operationApprovalRequests).*"
    graph.resources.add(all_else, ROLES, lambda _, __: [7])
    watching.poll_after(DAY)

    assert len(teams.cards) == 1
    assert watching.app.health().sources["posture"] == "graph_unavailable"


def test_a_destination_may_ask_for_it_alone(
    tenant: Tenant, graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """`posture` is a word of `events`; who asks for other news does not hear it."""
    drop(tenant, "script")
    routes = [
        {"name": "sec", "webhook_url": teams.url_for("sec"), "events": ["posture"]},
        {"name": "ops", "webhook_url": teams.url_for("ops"), "events": ["created"]},
    ]
    notifier = make_notifier(MAA_POSTURE="on", MAA_ACCESS_TOKEN=TOKEN, MAA_DESTINATIONS=json.dumps(routes))
    graph.requests = [make_request(now=notifier.clock.now(), requiredOperationApprovalPolicyTypes=["role"])]
    notifier.poll()

    sent = [entry.notification for entry in notifier.app.store.journal.read_sent()]
    assert {(each.destination, each.event.name) for each in sent} == {("sec", "finding"), ("ops", "created")}


def test_what_is_accepted_is_not_told(
    tenant: Tenant, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Neither as found nor as mended."""
    tenant.directory.consent_requests["isEnabled"] = False
    accepted = '[{"check": "P12", "reason": "nobody asks", "until": "2099-12-31"}]'
    notifier = make_notifier(MAA_POSTURE="on", MAA_ACCESS_TOKEN=TOKEN, MAA_POSTURE_ACCEPT=accepted)
    notifier.poll_each(DAY, 2)

    assert teams.cards == []


def test_each_look_leaves_a_line(
    tenant: Tenant, watching: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """So that silence can be told from sleep."""
    caplog.set_level(logging.INFO)
    drop(tenant, "script")
    watching.poll()

    [line] = [each for each in caplog.messages if each.startswith("posture.checked")]
    assert "found=1" in line
    assert "unknown=0" in line


def test_a_name_in_a_card_stays_a_name(tenant: Tenant, teams: FakeTeams, watching: Notifier) -> None:
    """No link, no mention, no line of ours."""
    tenant.directory.add_app("[click](https://evil.example) <at>all</at>", WIPES)
    watching.poll()

    [card] = teams.cards
    assert "https://evil.example" not in text(card)
    assert "<at>all" not in text(card)


def test_the_clock_of_the_tenant_decides_when_an_acceptance_ends(
    tenant: Tenant, teams: FakeTeams, make_notifier: Callable[..., Notifier], clock: FakeClock
) -> None:
    """On the day after the one it names, in UTC."""
    tenant.directory.consent_requests["isEnabled"] = False
    until = START.date().isoformat()
    accepted = f'[{{"check": "P12", "reason": "until the audit", "until": "{until}"}}]'
    notifier = make_notifier(MAA_POSTURE="on", MAA_ACCESS_TOKEN=TOKEN, MAA_POSTURE_ACCEPT=accepted)
    notifier.poll()
    before = len(teams.cards)
    notifier.poll_after(DAY)

    assert (before, len(teams.cards)) == (0, 1)
