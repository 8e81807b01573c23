"""From Graph's list to the channel: which cards come, and how many."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from maa_notify.demo.tenant import wire_time
from tests.support.cards import strip, text
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply


def strips(teams: FakeTeams) -> list[str]:
    """The state that every card in the channel tells, in order."""
    return [strip(card).split(" ·")[0] for card in teams.cards]


def test_a_new_request_is_told_once(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """One card for a new request, and none for the polls after it."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]

    reports = [notifier.poll() for _ in range(3)]

    assert [(report.events, report.delivered, report.pending) for report in reports] == [
        (1, 1, 0),
        (0, 0, 0),
        (0, 0, 0),
    ]
    assert [request["payloadName"] in text(card) for card in teams.cards] == [True]


@pytest.mark.parametrize(
    "status, portal",
    [
        ("approved", "Approved - Needs completion"),
        ("rejected", "Rejected"),
        ("cancelled", "Canceled"),
        ("canceled", "Canceled"),
        ("completed", "Completed"),
        ("expired", "Expired"),
        ("escalatedToBoard", "Escalated to board"),
    ],
)
def test_every_change_of_status_is_told_as_the_portal_spells_it(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, status: str, portal: str
) -> None:
    """Each status has its card, a status nobody has heard of too."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    notifier.poll()
    request["status"] = status

    notifier.poll_after(60)

    assert strips(teams)[1:] == [portal]


def test_a_whole_life_is_told_in_order(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Created, approved, taken back, approved again, completed: five cards, none missing, none double."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    for status in ("needsApproval", "approved", "needsApproval", "approved", "completed", "completed"):
        request["status"] = status
        notifier.poll_after(60)

    assert strips(teams) == [
        "Needs approval",
        "Approved - Needs completion",
        "Needs approval",
        "Approved - Needs completion",
        "Completed",
    ]


def test_the_first_run_tells_open_requests_and_keeps_closed_ones_to_itself(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Nobody wants last month's news; but whoever waits shall be heard."""
    statuses = ("needsApproval", "approved", "completed", "rejected", "cancelled", "expired")
    graph.requests = [make_request(now=notifier.clock.now(), status=status) for status in statuses]

    notifier.poll()
    notifier.poll_after(60)

    assert sorted(strips(teams)) == ["Approved - Needs completion", "Needs approval"]


def test_a_first_poll_that_fails_is_no_first_run(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Whoever grants the permission after the first poll does not hear of last month's requests either."""
    statuses = ("needsApproval", "completed", "rejected")
    graph.requests = [make_request(now=notifier.clock.now(), status=status) for status in statuses]
    graph.fail_next(reply(403))
    failed = notifier.poll()

    notifier.poll_after(60)

    assert failed.failure is not None
    assert strips(teams) == ["Needs approval"]


def test_after_time_off_the_present_status_is_told_once(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Six hours without a poll: a known request that closed and a new one that closed, one card each."""
    known = make_request(now=notifier.clock.now())
    graph.requests = [known]
    notifier.poll()
    known["status"] = "completed"
    notifier.clock.advance(timedelta(hours=6))
    graph.requests.append(make_request(now=notifier.clock.now(), age=timedelta(hours=3), status="rejected"))

    notifier.poll()
    notifier.poll_after(60)

    assert sorted(strips(teams)[1:]) == ["Completed", "Rejected"]


def test_a_burst_becomes_one_card(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Fifty requests at once do not ring fifty times; each is in the one card with its key."""
    graph.requests = []
    notifier.poll()
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(40)]

    report = notifier.poll()

    assert (report.delivered, report.pending, len(teams.cards)) == (40, 0, 1)
    shown = text(teams.cards[0])
    assert all(request["payloadName"] in shown for request in graph.requests)


def test_five_at_once_are_still_five_cards(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """`MAA_DIGEST_ABOVE` says above how many, not from how many on."""
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(5)]

    notifier.poll()

    assert len(teams.cards) == 5


def test_one_broken_entry_does_not_hide_the_others(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """The good requests are told; the bad one is counted, and logged by its id."""
    bad = {"id": "0c4a1f0e-0000-4000-8000-00000000dead"}
    graph.requests = [make_request(now=notifier.clock.now()), bad, make_request(now=notifier.clock.now())]

    report = notifier.poll()

    assert (report.listed, report.malformed, len(teams.cards)) == (2, 1, 2)
    assert "0c4a1f0e-0000-4000-8000-00000000dead" in caplog.text


def test_reminders_ring_as_planned_and_stop_at_the_decision(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Polled every hour of its three days, an undecided request rings at 50 %, 24 h and 4 h: no more."""
    notifier = make_notifier(MAA_REMINDERS="50%,24h,4h")
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    for _ in range(72):
        notifier.poll_after(3600)

    assert strips(teams) == [
        "Needs approval",
        "Reminder: needs approval",
        "Reminder: needs approval",
        "Reminder: needs approval",
    ]


def test_time_off_brings_one_reminder_not_three(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Stages that passed while nobody polled are not caught up one by one."""
    notifier = make_notifier(MAA_REMINDERS="50%,24h,4h")
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()

    notifier.poll_after(timedelta(hours=70).total_seconds())
    notifier.poll_after(60)

    assert len(teams.cards) == 2
    assert "Last reminder: " in text(teams.cards[1])


def test_an_open_request_must_be_missing_twice(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A list that omits a request once is no news; missing again, it is told, and it claims nothing."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    notifier.poll()
    graph.requests = []

    first = notifier.poll_after(60)
    second = notifier.poll_after(60)
    third = notifier.poll_after(60)

    assert [report.events for report in (first, second, third)] == [0, 1, 0]
    assert strips(teams)[1:] == ["No longer listed"]
    assert "outcome is not known" in text(teams.cards[1])


def test_a_request_that_only_its_id_finds_is_not_missing(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, clock: FakeClock
) -> None:
    """The list may be wrong: a look-up by id counts as being listed, with its present status."""
    request = make_request(now=clock.now())
    graph.requests = [request]
    notifier.poll()
    graph.unlisted = [{**request, "status": "approved"}]
    graph.requests = []

    notifier.poll_after(60)
    notifier.poll_after(60)

    assert strips(teams)[1:] == ["Approved - Needs completion"]


def test_a_request_that_comes_back_is_not_new(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Gone from the list and back in it with the same status: no second alarm."""
    request = make_request(now=notifier.clock.now(), status="completed")
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    graph.requests.append(request)
    notifier.poll_after(60)
    told = len(teams.cards)
    graph.requests.remove(request)
    notifier.poll_after(60)
    graph.requests.append(request)

    report = notifier.poll_after(60)

    assert (report.events, len(teams.cards)) == (0, told)


def test_a_request_without_a_time_of_filing_that_comes_back_is_not_new(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Graph names no time, so whether it was listed before is looked up: no second alarm."""
    notifier.poll()
    now, fresh = notifier.clock.now(), timedelta()
    odd = make_request(now=now, age=fresh, status="completed", requestDateTime=None)
    dated = make_request(now=now, age=fresh, status="rejected")
    for listed in ([odd], [], [odd], [odd, dated], []):
        graph.requests = listed
        notifier.poll_after(60)
    graph.requests = [odd, dated]

    report = notifier.poll_after(60)

    assert (report.failure, report.events) == (None, 0)
    assert strips(teams) == ["Completed", "Rejected"]


def test_a_request_without_a_time_of_filing_is_counted_as_waiting(
    graph: FakeGraph, notifier: Notifier
) -> None:
    """The report tells the age of the oldest of those whose age is known."""
    now = notifier.clock.now()
    ages = (timedelta(minutes=5), timedelta(hours=2))
    graph.requests = [make_request(now=now, age=age) for age in ages]
    graph.requests.append(make_request(now=now, requestDateTime=None))

    report = notifier.poll()

    assert (report.waiting, report.oldest_waiting_s) == (3, 7_200)


def test_an_empty_list_rings_no_alarm_at_once(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """An empty answer, then the whole list again: nobody hears of it."""
    listed = [make_request(now=notifier.clock.now()) for _ in range(4)]
    graph.requests = list(listed)
    notifier.poll()
    graph.requests = []
    notifier.poll_after(60)
    graph.requests = list(listed)

    report = notifier.poll_after(60)

    assert (report.events, len(teams.cards)) == (0, 4)


def test_events_go_where_they_are_routed(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """By policy type and by event; the channel of `MAA_TEAMS_WEBHOOK_URL` hears the rest."""
    devices = {"name": "devices", "webhook_url": teams.url_for("devices"), "policy_types": ["deviceWipe"]}
    outcomes = {"name": "outcomes", "webhook_url": teams.url_for("outcomes"), "events": ["approved"]}
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps([devices, outcomes]))
    wipe = make_request(now=notifier.clock.now())
    script = make_request(now=notifier.clock.now(), requiredOperationApprovalPolicyTypes=["script"])
    graph.requests = [wipe, script]
    notifier.poll()
    script["status"] = "approved"

    notifier.poll_after(60)

    assert [len(teams.cards_in(name)) for name in ("devices", "outcomes", "general")] == [1, 1, 1]


@pytest.mark.parametrize("days", [3, 30])
@pytest.mark.parametrize("plan", ["50%,24h,4h", "25%,50%,24h,4h"])
def test_a_request_left_alone_for_its_whole_life_rings_no_more_than_planned(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], days: int, plan: str
) -> None:
    """One card when it is filed, one for each reminder of the plan, one when it has expired: nothing else."""
    notifier, lifetime = make_notifier(MAA_REMINDERS=plan, MAA_HEARTBEAT_DAYS="0"), timedelta(days=days)
    filed = notifier.clock.now()
    request = make_request(now=filed, age=timedelta(0), expirationDateTime=wire_time(filed + lifetime))
    notifier.poll()
    graph.requests = [request]
    for _ in range(500):
        notifier.poll_after(lifetime.total_seconds() / 500)
    request["status"] = "expired"
    for _ in range(50):
        notifier.poll_after(3_600)
    graph.requests = []
    notifier.poll_after(3_600)

    reminders = ["Reminder: needs approval"] * len(plan.split(","))
    assert strips(teams) == ["Needs approval", *reminders, "Expired"]


def test_an_approved_request_left_alone_nudges_its_requestor_by_plan(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Approved and never completed: two nudges as planned, and the word that it has expired."""
    notifier = make_notifier(MAA_REMINDERS="50%,24h,4h", MAA_COMPLETE_REMINDERS="4h,24h")
    request = make_request(now=notifier.clock.now(), age=timedelta(0))
    graph.requests = [request]
    notifier.poll_after(3_600)
    request["status"] = "approved"
    for _ in range(70):
        notifier.poll_after(3_600)
    request["status"] = "expired"
    notifier.poll_after(3_600)

    nudge = "Reminder: approved, not completed"
    assert strips(teams) == ["Needs approval", "Approved - Needs completion", nudge, nudge, "Expired"]
