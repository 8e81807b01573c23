"""Who can decide is told on cards, read seldom, and never in the way of a card."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from maa_notify.demo.access import SimulatedAccess
from maa_notify.polling.approvers import APPROVERS, BEFORE_CARDS
from maa_notify.storage.records import APPROVERS as ROWS
from maa_notify.storage.rows import Put, prefix_end
from tests.support.cards import strip, text
from tests.support.graph import FakeGraph, graph_error, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

MINUTE, HOUR = 60.0, 3600.0
MIRA = {"user": {"id": "a1f4c0de-0001-4c1e-8f00-000000000001", "displayName": "Mira Holt"}}


@pytest.fixture
def access(graph: FakeGraph) -> SimulatedAccess:
    """A tenant whose wipes two people can approve."""
    simulated = SimulatedAccess()
    simulated.serve(graph.resources)
    group = simulated.add_group("MAA approvers")
    simulated.add_policy("deviceWipe", group)
    simulated.add_person(group, "Aiko Mori")
    simulated.add_person(group, "Oskar Weiss")
    return simulated


def group_of(access: SimulatedAccess) -> str:
    """The id of its one group."""
    return next(iter(access.groups))


@pytest.fixture
def knowing(access: SimulatedAccess, make_notifier: Callable[..., Notifier]) -> Notifier:
    """A notifier that wants to know."""
    return make_notifier(MAA_APPROVERS="on")


def file(graph: FakeGraph, notifier: Notifier, age: timedelta = timedelta(minutes=1)) -> dict[str, object]:
    """A wipe that Mira asks for."""
    request = make_request(now=notifier.clock.now(), age=age, requestor=MIRA)
    graph.requests.append(request)
    return request


def decide(graph: FakeGraph, notifier: Notifier, request: dict[str, object], by: str, user_id: str) -> None:
    """Somebody approves it now."""
    now = f"{notifier.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    approver = {"user": {"id": user_id, "displayName": by}}
    request |= {"status": "approved", "lastModifiedDateTime": now, "approver": approver}


def asked(graph: FakeGraph) -> list[str]:
    """What of access was asked for, without the requests."""
    return [call.path for call in graph.calls if "operationApprovalRequests" not in call.path]


def test_the_very_first_card_tells_who_can_decide(
    graph: FakeGraph, teams: FakeTeams, knowing: Notifier
) -> None:
    """Nothing is known yet, so it is read before; afterwards not again in the same poll."""
    file(graph, knowing)

    knowing.poll()

    assert "“Aiko Mori”, “Oskar Weiss”" in text(teams.cards[0])
    assert len(asked(graph)) == len(set(asked(graph)))
    assert {call.method for call in graph.calls} == {"GET"}


def test_without_the_setting_nobody_asks(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """And the card is as ever."""
    file(graph, notifier)

    notifier.poll()

    assert asked(graph) == []
    assert "Can decide" not in text(teams.cards[0])


def test_it_is_read_once_an_hour(graph: FakeGraph, teams: FakeTeams, knowing: Notifier) -> None:
    """However many polls and requests there are: 1 policy, 1 group, 1 role assignment take 7 calls."""
    file(graph, knowing)
    knowing.poll()
    first = len(asked(graph))
    for _ in range(9):
        file(graph, knowing)
        knowing.poll_after(6 * MINUTE)
    meanwhile = len(asked(graph)) - first
    knowing.poll_after(6 * MINUTE)

    assert (first, meanwhile, len(asked(graph)) - first) == (7, 0, 7)
    assert len(teams.cards) == 10


def test_the_rhythm_can_be_set(
    graph: FakeGraph, access: SimulatedAccess, make_notifier: Callable[..., Notifier]
) -> None:
    """For whoever wants to know sooner."""
    often = make_notifier(MAA_APPROVERS="on", MAA_APPROVERS_EVERY="10m")
    often.poll()
    often.poll_each(5 * MINUTE, 2)

    assert len(asked(graph)) == 14


def test_another_process_knows_what_was_read(graph: FakeGraph, teams: FakeTeams, knowing: Notifier) -> None:
    """It is in the state store: a cold start asks Graph for nothing more."""
    knowing.poll()
    file(graph, knowing)
    other = knowing.another()
    before = len(asked(graph))
    knowing.clock.advance(MINUTE)

    other.poll()
    other.close()

    assert "“Aiko Mori”" in text(teams.cards[0])
    assert len(asked(graph)) == before


def test_what_another_process_read_meanwhile_is_taken_over(
    graph: FakeGraph, teams: FakeTeams, access: SimulatedAccess, knowing: Notifier
) -> None:
    """A list in memory gives way to a newer one in the store."""
    knowing.poll()
    other = knowing.another()
    access.add_person(group_of(access), "Priya Nandan")
    knowing.clock.advance(HOUR)
    other.poll()
    other.close()
    file(graph, knowing)

    knowing.poll_after(MINUTE)

    assert "“Priya Nandan”" in text(teams.cards[0])


def test_that_nobody_can_decide_is_said_at_once(
    graph: FakeGraph, teams: FakeTeams, access: SimulatedAccess, knowing: Notifier
) -> None:
    """In the strip, with what to mend; the list of an hour ago is read anew before it is claimed."""
    knowing.poll()
    access.members[group_of(access)] = []
    knowing.poll_after(HOUR)
    file(graph, knowing)
    knowing.poll_after(10 * MINUTE)
    access.add_person(group_of(access), "Aiko Mori")
    file(graph, knowing)
    knowing.poll_after(10 * MINUTE)

    assert "nobody can decide" in strip(teams.cards[0])
    assert "Nobody can decide this: its approver group is empty." in text(teams.cards[0])
    assert "add at least two people to the group" in text(teams.cards[0])
    assert "obody can decide" not in text(teams.cards[1])
    assert "“Aiko Mori”" in text(teams.cards[1])


def test_nobody_claims_that_nobody_can_decide_by_an_old_list(
    graph: FakeGraph, teams: FakeTeams, access: SimulatedAccess, knowing: Notifier
) -> None:
    """Graph cannot be asked now: the card says less."""
    access.members[group_of(access)] = []
    knowing.poll()
    file(graph, knowing)
    graph.fail_next(*[graph_error(503, "x", "x")] * 9, on="/beta/deviceManagement/operationApprovalPolicies")

    knowing.poll_after(30 * MINUTE)

    assert "obody can decide" not in text(teams.cards[0])


def test_who_joined_after_the_request_was_filed_is_told(
    graph: FakeGraph, teams: FakeTeams, access: SimulatedAccess, knowing: Notifier
) -> None:
    """At 09:30 the group was read, at 09:32 filed, at 09:34 a puppet joins, at 09:35 it approves."""
    knowing.poll()
    knowing.clock.advance(32 * MINUTE)
    request = file(graph, knowing)
    knowing.poll()
    knowing.clock.advance(2 * MINUTE)
    puppet = access.add_person(group_of(access), "Puppet")
    knowing.clock.advance(MINUTE)
    decide(graph, knowing, request, "Puppet", puppet)

    knowing.poll_after(MINUTE)

    told = text(teams.cards[-1])
    assert "Whoever decided joined the approver group between" in told
    assert "2026-11-02T09:00:00Z" in told  # the reading before
    assert "2026-11-02T09:36:00Z" in told  # now
    assert "The request was filed at" in told


def test_whoever_was_there_before_is_told_without_a_word(
    graph: FakeGraph, teams: FakeTeams, access: SimulatedAccess, knowing: Notifier
) -> None:
    """A decision reads the group once more, two calls and one for the group, and finds nothing odd."""
    knowing.poll()
    request = file(graph, knowing)
    knowing.poll_after(MINUTE)
    [aiko, _] = access.members[group_of(access)]
    knowing.clock.advance(5 * MINUTE)
    decide(graph, knowing, request, "Aiko Mori", aiko["id"])
    before = len(asked(graph))

    knowing.poll_after(MINUTE)

    assert "Whoever decided" not in text(teams.cards[-1])
    assert len(asked(graph)) - before == 3


def test_an_approval_within_a_minute_is_told_without_any_permission(
    graph: FakeGraph, teams: FakeTeams, knowing: Notifier
) -> None:
    """Graph refuses all else: the request tells enough."""
    for path in ("operationApprovalPolicies", "roleAssignments"):
        refusals = [graph_error(403, "Forbidden", "x")] * 9
        graph.fail_next(*refusals, on=f"/beta/deviceManagement/{path}")
    request = file(graph, knowing, age=timedelta(seconds=30))
    knowing.poll()
    decide(graph, knowing, request, "Aiko Mori", "x")

    knowing.poll_after(MINUTE)

    assert "The approval came 30 seconds after the request" in text(teams.cards[-1])


@pytest.mark.parametrize("status", [403, 404, 500, 503])
@pytest.mark.parametrize(
    "path",
    [
        "/beta/deviceManagement/operationApprovalPolicies",
        "/beta/deviceManagement/roleAssignments",
        "/v1.0/groups/{group}/members",
        "/v1.0/groups/{group}/members/microsoft.graph.user",
    ],
)
def test_what_fails_costs_no_card(
    graph: FakeGraph, access: SimulatedAccess, knowing: Notifier, path: str, status: int
) -> None:
    """The poll is good, the card comes, and the mark says what is wrong; later it is told again."""
    where = path.format(group=group_of(access))
    graph.fail_next(*[graph_error(status, "Broken", "x")] * 20, on=where)
    file(graph, knowing)

    report = knowing.poll()

    assert (report.failure, report.delivered) == (None, 1)
    mark = knowing.app.store.requests.read_mark(APPROVERS)
    assert mark is not None
    assert (mark.failing_since is None, mark.failure != "") == (False, True)


def test_odd_answers_cost_no_card(graph: FakeGraph, teams: FakeTeams, knowing: Notifier) -> None:
    """Lists of anything but objects, and objects of anything."""
    for path in (
        r"/beta/deviceManagement/operationApprovalPolicies",
        r"/beta/deviceManagement/roleAssignments",
    ):
        graph.resources.add(path, ("DeviceManagementRBAC.Read.All",), lambda _, __: [None, 7, "x", {"id": 5}])
    file(graph, knowing)

    report = knowing.poll()

    assert (report.failure, len(teams.cards)) == (None, 1)


def test_slow_answers_hold_up_a_card_no_longer_than_the_bound(
    graph: FakeGraph, access: SimulatedAccess, knowing: Notifier
) -> None:
    """Each group takes four seconds: after ten no more is asked before the card."""
    for number in range(9):
        group = access.add_group(f"G {number}")
        access.add_policy("app", group)

    def slowly(path: object, query: object) -> list[dict[str, str]]:
        knowing.clock.advance(4)
        return []

    graph.resources.add(r"/v1\.0/groups/[^/]+/members", ("GroupMember.Read.All",), slowly)
    file(graph, knowing)

    knowing.poll()

    [sent] = knowing.app.store.journal.read_sent()
    assert BEFORE_CARDS <= (sent.at - sent.notification.recorded_at).total_seconds() < BEFORE_CARDS + 4


def test_a_damaged_list_costs_no_card(graph: FakeGraph, teams: FakeTeams, knowing: Notifier) -> None:
    """It is read anew with the next look."""
    knowing.app.store.rows.commit([Put(f"{ROWS}000", "not ours")])
    file(graph, knowing)
    report = knowing.poll()

    assert (report.failure, len(teams.cards)) == (None, 1)


def test_an_old_list_is_told_with_its_time_and_then_not_at_all(
    graph: FakeGraph, teams: FakeTeams, knowing: Notifier
) -> None:
    """Graph has refused since."""
    knowing.poll()
    path = "/beta/deviceManagement/operationApprovalPolicies"
    graph.fail_next(*[graph_error(403, "Forbidden", "x")] * 99, on=path)
    for hours in (1, 5, 20):
        knowing.clock.advance(hours * HOUR)
        file(graph, knowing)
        knowing.poll()

    assert ["Can decide" in text(card) for card in teams.cards] == [True, False, False]
    assert ["Could decide" in text(card) for card in teams.cards] == [False, True, False]


def test_a_quiet_poll_asks_and_reads_nothing_more(graph: FakeGraph, knowing: Notifier) -> None:
    """One request to Graph, as without the setting."""
    file(graph, knowing)
    knowing.poll()
    before = len(graph.calls)

    knowing.poll_after(MINUTE)

    assert len(graph.calls) - before == 1


def test_the_list_is_forgotten_once_nobody_wants_it(
    access: SimulatedAccess, knowing: Notifier, make_notifier: Callable[..., Notifier]
) -> None:
    """With the daily purge, and not before: it names people."""
    knowing.poll()
    knowing.poll_after(MINUTE)
    rows = knowing.app.store.rows
    held = [row.key for row in rows.read(ROWS, prefix_end(ROWS))]
    other = make_notifier()
    other.poll_after(25 * HOUR)

    assert held == [f"{ROWS}000"]
    assert list(rows.read(ROWS, prefix_end(ROWS))) == []


def test_only_ids_names_accounts_and_whether_enabled_are_kept(
    access: SimulatedAccess, knowing: Notifier
) -> None:
    """Nothing else of a person gets into the store."""
    access.add_person(group_of(access), "Priya Nandan", mobilePhone="+1-x-y", jobTitle="Chief")
    knowing.poll()

    rows = knowing.app.store.rows
    [row] = list(rows.read(ROWS, prefix_end(ROWS)))
    held = json.loads(json.loads(row.data)["text"])["groups"][group_of(access)]["members"]
    assert {key for each in held for key in each["member"]} == {"id", "name", "account", "is_enabled"}
    assert "Chief" not in row.data


def test_an_hour_costs_what_the_page_says(
    graph: FakeGraph, access: SimulatedAccess, make_notifier: Callable[..., Notifier]
) -> None:
    """Ten policies with ten groups of five: 52 requests beside the list of each poll."""
    for each in (access.policies, access.groups, access.members, access.assignments):
        each.clear()
    for number in range(10):
        group = access.add_group(f"Approvers {number}")
        access.add_policy(f"type{number}", group)
        for person in range(5):
            access.add_person(group, f"Person {number} {person}")
    notifier = make_notifier(MAA_APPROVERS="on")
    notifier.poll()
    before = len(graph.calls)
    notifier.poll_each(MINUTE, 60)

    assert len(asked(graph)) == 2 * 52
    assert len(graph.calls) - before == 60 + 52
