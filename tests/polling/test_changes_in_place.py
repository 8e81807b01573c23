"""What can change of a request while it waits: its news still reach whoever was told of it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from maa_notify.demo.tenant import wire_time
from tests.support.cards import strip
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

MINUTE = 60.0
HOUR = 3_600.0
TYPES = "requiredOperationApprovalPolicyTypes"


def strips(teams: FakeTeams, channel: str = "general") -> list[str]:
    """The state that each card in a channel tells, in order."""
    return [strip(card).split(" ·")[0] for card in teams.cards_in(channel)]


@pytest.fixture
def routed(make_notifier: Callable[..., Notifier], teams: FakeTeams) -> Notifier:
    """With a channel for wipes and one for apps; the rest goes to `general`."""
    routes = [
        {"name": name, "webhook_url": teams.url_for(name), "policy_types": [policy_type]}
        for name, policy_type in (("wipes", "deviceWipe"), ("apps", "app"))
    ]
    return make_notifier(MAA_DESTINATIONS=json.dumps(routes))


@pytest.mark.parametrize("outcome", ["rejected", "gone"])
def test_a_request_is_settled_where_it_was_announced(
    graph: FakeGraph, teams: FakeTeams, routed: Notifier, outcome: str
) -> None:
    """Announced as a wipe and turned into an app in silence: both channels hear the end, each once."""
    request = make_request(now=routed.clock.now())
    graph.requests = [request]
    routed.poll()
    request[TYPES] = ["app"]
    routed.poll_after(MINUTE)
    in_silence = len(teams.cards)
    if outcome == "gone":
        graph.requests = []
    else:
        request["status"] = outcome
    for _ in range(3):
        routed.poll_after(MINUTE)

    end = "No longer listed" if outcome == "gone" else "Rejected"
    assert in_silence == 1
    assert strips(teams, "wipes") == ["Needs approval", end]
    assert strips(teams, "apps") == [end]
    assert strips(teams) == []


def test_the_channel_for_the_rest_hears_the_end_of_what_it_was_told(
    graph: FakeGraph, teams: FakeTeams, routed: Notifier
) -> None:
    """Announced there since its type was unknown, then known as an app, approved and completed."""
    request = make_request(now=routed.clock.now())
    request[TYPES] = None
    graph.requests = [request]
    routed.poll()
    request[TYPES] = ["app"]
    for status in ("approved", "completed"):
        request["status"] = status
        routed.poll_after(MINUTE)

    outcome = ["Approved - Needs completion", "Completed"]
    assert strips(teams) == ["Needs approval", *outcome]
    assert strips(teams, "apps") == outcome


def test_a_type_under_which_nothing_was_told_draws_nobody_in(
    graph: FakeGraph, teams: FakeTeams, routed: Notifier
) -> None:
    """A wipe that was an app for a minute, in which nothing happened, is none of the apps' business."""
    request = make_request(now=routed.clock.now())
    graph.requests = [request]
    routed.poll()
    waits = "needsApproval"
    for policy_type, status in (("app", waits), ("deviceWipe", waits), ("deviceWipe", "rejected")):
        request |= {TYPES: [policy_type], "status": status}
        routed.poll_after(MINUTE)

    assert strips(teams, "wipes") == ["Needs approval", "Rejected"]
    assert strips(teams, "apps") == []


@pytest.mark.parametrize("later", [None, {"user": {"displayName": "Mira Holt"}}, {"user": {"id": "x"}}])
def test_the_requestor_hears_the_outcome_though_graph_leaves_the_name_out(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], later: Any
) -> None:
    """Half an identity later on does not close the chat that a whole one has opened."""
    chat = {"name": "chat", "webhook_url": teams.url_for("chat"), "to": "requestor"}
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps([chat]))
    person = {"displayName": "Mira Holt", "userPrincipalName": "mira.holt@contoso.com", "id": "x"}
    request = make_request(now=notifier.clock.now(), requestor={"user": person})
    graph.requests = [request]
    notifier.poll()
    request |= {"status": "approved", "requestor": later}
    notifier.poll_after(MINUTE)

    assert strips(teams, "chat") == ["Approved - Needs completion"]


def test_another_requestor_is_never_given_the_address_of_the_one_before(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Somebody else's name beside no address leads to nobody's chat."""
    chat = {"name": "chat", "webhook_url": teams.url_for("chat"), "to": "requestor"}
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps([chat]))
    person = {"displayName": "Mira Holt", "userPrincipalName": "mira.holt@contoso.com"}
    request = make_request(now=notifier.clock.now(), requestor={"user": person})
    graph.requests = [request]
    notifier.poll()
    request |= {"status": "approved", "requestor": {"user": {"displayName": "Jonas Lind"}}}
    notifier.poll_after(MINUTE)

    assert strips(teams, "chat") == []


@pytest.mark.parametrize("between", ["rejected", "left", "no change"])
def test_a_second_life_has_reminders_of_its_own(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], between: str
) -> None:
    """The id comes again, filed later: half time and the last day ring as if for the first time."""
    notifier = make_notifier(MAA_REMINDERS="50%,24h", MAA_HEARTBEAT_DAYS="0")
    request = make_request(now=notifier.clock.now(), age=timedelta())
    graph.requests = [request]
    notifier.poll()
    for _ in range(71):
        notifier.poll_after(HOUR)
    if between == "rejected":
        request["status"] = "rejected"
    elif between == "left":
        graph.requests = []
    notifier.poll_after(MINUTE)
    notifier.poll_after(MINUTE)
    filed = notifier.clock.now()
    again = {
        "requestDateTime": wire_time(filed),
        "lastModifiedDateTime": wire_time(filed),
        "expirationDateTime": wire_time(filed + timedelta(days=3)),
    }
    graph.requests = [{**request, **again, "status": "needsApproval"}]
    before = len(teams.cards)
    for _ in range(71):
        notifier.poll_after(HOUR)

    rung = [each for each in strips(teams)[before:] if each.startswith("Reminder")]
    assert rung == ["Reminder: needs approval"] * 2


def test_a_request_that_is_open_again_has_a_plan_of_its_own_for_completing(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Approved, completed, and approved again under the same id: it rings for that, too."""
    notifier = make_notifier(MAA_COMPLETE_REMINDERS="4h", MAA_HEARTBEAT_DAYS="0")
    expires = wire_time(notifier.clock.now() + timedelta(days=9))
    request = make_request(now=notifier.clock.now(), expirationDateTime=expires)
    graph.requests = [request]
    for status in ("needsApproval", "approved", "approved", "completed", "approved", "approved"):
        request["status"] = status
        notifier.poll_after(5 * HOUR)

    nudge = "Reminder: approved, not completed"
    assert strips(teams).count(nudge) == 2


@pytest.mark.parametrize(
    "end",
    ["0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2000-01-01T00:00:00Z",
     "2199-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"],
)  # fmt: skip
def test_an_absurd_date_is_no_deadline(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], end: str
) -> None:
    """It is neither told as one nor counted down to, and keeps nobody from hearing the rest."""
    notifier = make_notifier(MAA_REMINDERS="50%,24h,4h", MAA_HEARTBEAT_DAYS="0")
    request = make_request(now=notifier.clock.now(), expirationDateTime=end)
    graph.requests = [request]
    for _ in range(10):
        notifier.poll_after(24 * HOUR)
    request["status"] = "approved"
    notifier.poll_after(HOUR)

    assert strips(teams) == ["Needs approval", "Approved - Needs completion"]
    assert end[:5] not in json.dumps(teams.cards)


def test_a_leap_second_is_a_deadline(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """The last second of a day that has one more is as good as the second after it."""
    notifier = make_notifier(MAA_REMINDERS="4h", MAA_HEARTBEAT_DAYS="0")
    graph.requests = [make_request(now=notifier.clock.now(), expirationDateTime="2026-11-03T23:59:60Z")]
    for _ in range(40):
        notifier.poll_after(HOUR)

    assert strips(teams) == ["Needs approval", "Reminder: needs approval"]
