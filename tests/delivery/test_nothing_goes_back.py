"""A card never shows an older state than before, and a reminder never precedes what it reminds of."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest

from maa_notify.polling.report import Report
from tests.support.cards import strip, text
from tests.support.channels import FakeBotChannel
from tests.support.clock import FakeClock
from tests.support.connector import GENERAL, FakeConnector, connector_error
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, close_without_answer, reply

Make = Callable[..., Notifier]
MINUTE, HOUR = 60, 3_600
LIFE = ["Needs approval", "Approved - Needs completion", "Completed"]


def announced(graph: FakeGraph, service: FakeConnector, make: Make) -> tuple[Notifier, dict[str, Any], str]:
    """A notifier with the bot, a request that is filed, and the id of its card in the channel."""
    notifier = make(**FakeBotChannel(service).settings)
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    notifier.poll()
    return notifier, request, service.posts[0].activity_id


def states(cards: list[dict[str, Any]]) -> list[str]:
    """The state that each of these cards tells."""
    return [strip(card).split(" ·")[0] for card in cards]


@pytest.mark.parametrize("way", ["by itself", "by hand"])
def test_older_news_that_come_late_leave_the_bots_card_as_it_is(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make, way: str
) -> None:
    """Approved was refused and completed was taken: approved is a reply only, whoever sends it again."""
    notifier, request, _ = announced(graph, service, make_notifier)
    service.answer_those_with("Approved - Needs completion", connector_error(400, "BadSyntax"))
    request["status"] = "approved"
    notifier.poll_after(MINUTE)
    request["status"] = "completed"
    for _ in range(3):
        graph.requests.append(make_request(now=notifier.clock.now(), status="rejected"))
        notifier.poll_after(MINUTE)
    service.answer_those_with("Approved - Needs completion", None)
    if way == "by hand":
        outbox = notifier.app.store.outbox
        for pending in outbox.read_pending():
            outbox.make_due(pending)
    report = notifier.poll_each(MINUTE, 30)[-1]

    [card] = [card for card in service.cards_in(GENERAL) if request["payloadName"] in text(card)]
    replies = states(service.replies_to(service.posts[0].activity_id))
    assert report.pending == 0
    assert states([card]) == ["Completed"]
    assert "Approved - Needs completion" in replies


def test_a_given_up_card_that_is_sent_again_by_hand_does_not_overwrite_a_newer_one(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """A week later somebody runs `outbox retry`: the card still shows the present."""
    notifier, request, _ = announced(graph, service, make_notifier)
    service.answer_those_with("Approved - Needs completion", connector_error(400, "BadSyntax"))
    request["status"] = "approved"
    notifier.poll_each(timedelta(days=1).total_seconds(), 9)
    service.answer_those_with("Approved - Needs completion", None)
    request["status"] = "rejected"
    notifier.poll_after(MINUTE)
    for held in notifier.app.store.journal.read_dead():
        notifier.app.store.journal.requeue(held, notifier.clock.now())

    report = notifier.poll_after(MINUTE)

    [card] = service.cards_in(GENERAL)
    assert (states([card]), report.pending, report.dead) == (["Rejected"], 0, 0)


def changes(cards: list[dict[str, Any]]) -> list[str]:
    """The states that one card showed, each as often as it came to show it."""
    return [state for state, _ in groupby(states(cards))]


def poll_beside_others(notifier: Notifier, graph: FakeGraph, minutes: float, times: int) -> Report:
    """So many polls, each with a new request, whose card is taken; what the last of them says."""
    reports = []
    for _ in range(times):
        graph.requests.append(make_request(now=notifier.clock.now()))
        reports.append(notifier.poll_after(minutes * MINUTE))
    return reports[-1]


@pytest.mark.parametrize("status", [400, 403, 409, 429, 502, 503])
def test_a_card_does_not_go_back_while_its_replies_are_refused(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make, status: int
) -> None:
    """Approved and completed both changed it, and wait to be told in its thread; either may come first."""
    notifier, request, card = announced(graph, service, make_notifier)
    service.answer_all(connector_error(status, "BadSyntax"), on="reply")
    for state in ("approved", "completed"):
        request["status"] = state
        poll_beside_others(notifier, graph, 10, times=8)
    service.answer_all(None, on="reply")
    report = notifier.poll_each(HOUR, 26)[-1]

    assert changes(service.versions_of(card)) == LIFE
    assert sorted(states(service.replies_to(card))) == LIFE[1:]
    assert report.pending == 0


def test_a_card_shows_what_was_given_up_rather_than_older_news(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """No reply was taken for nine days, and on the third somebody had the older news tried anew."""
    notifier, request, card = announced(graph, service, make_notifier)
    service.answer_all(connector_error(403, "Odd"), on="reply")
    for state in ("approved", "completed"):
        request["status"] = state
        poll_beside_others(notifier, graph, 10, times=8)
    poll_beside_others(notifier, graph, 12 * 60, times=5)
    outbox = notifier.app.store.outbox
    [older] = [each for each in outbox.read_pending() if each.value.event.revision == 2]
    outbox.make_due(older)
    dead = poll_beside_others(notifier, graph, 12 * 60, times=12).dead
    service.answer_all(None, on="reply")
    report = notifier.poll_each(HOUR, 2)[-1]

    assert changes(service.versions_of(card)) == LIFE
    assert states(service.replies_to(card)) == ["Approved - Needs completion"]
    assert (dead, report.dead, report.pending) == (1, 1, 0)


@pytest.mark.parametrize("answer", [close_without_answer(), reply(502)], ids=["closed", "502"])
def test_a_change_that_arrived_is_not_undone_though_its_answer_was_lost(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make, answer: HttpResponse
) -> None:
    """Approved was refused and comes while completed, which the card shows, is not known to have arrived."""
    notifier, request, card = announced(graph, service, make_notifier)
    service.answer_those_with("Approved - Needs completion", connector_error(400, "BadSyntax"))
    request["status"] = "approved"
    notifier.poll_after(MINUTE)
    service.answer_those_with("Completed", answer, posted=True)
    request["status"] = "completed"
    poll_beside_others(notifier, graph, 10, times=3)
    service.answer_those_with("Approved - Needs completion", None)
    poll_beside_others(notifier, graph, 20, times=3)
    service.answer_those_with("Completed", None)
    report = notifier.poll_each(HOUR, 2)[-1]

    assert changes(service.versions_of(card)) == ["Needs approval", "Completed"]
    assert states(service.replies_to(card)) == LIFE[1:]
    assert report.pending == 0


def test_a_reminder_never_precedes_the_card_it_reminds_of(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, clock: FakeClock
) -> None:
    """Not even when the clock is set back between the two, or the card is refused and may be overtaken."""
    notifier = make_notifier(MAA_REMINDERS="50%,24h,4h")
    request = make_request(now=clock.now())
    graph.requests = [request]
    teams.answer_all(reply(400))
    notifier.poll()
    clock.advance(timedelta(hours=50))
    notifier.poll()
    clock.set_back(timedelta(hours=52))
    notifier.poll_each(MINUTE, 3)
    teams.answer_all(None)
    report = notifier.poll_each(MINUTE, 30)[-1]

    assert report.pending == 0
    assert states(teams.cards)[0] == "Needs approval"
    assert len(teams.cards) >= 2


def test_two_destinations_at_one_flow_share_its_pace(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """Never more than 25 cards in five minutes at one address, whatever it is called; and all arrive."""
    url = teams.url_for("shared")
    both = [{"name": "one", "webhook_url": url}, {"name": "two", "webhook_url": url}]
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps(both), MAA_DIGEST_ABOVE="100")
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(30)]
    moments: list[float] = []
    pending = -1
    for _ in range(16):
        before = len(teams.cards)
        pending = notifier.poll_after(MINUTE).pending
        new = len(teams.cards) - before
        state = notifier.app.store.outbox.read_destination("one").value
        moments += state.posts[-new:] if new else []

    assert (len(teams.cards), len(moments), pending) == (60, 60, 0)
    assert all(sum(at <= other < at + 300 for other in moments) <= 25 for at in moments)


def test_a_given_up_card_that_comes_after_newer_news_says_so(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Sent again by hand a week later, behind "Approved": it says that it comes late."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    teams.answer_those_with("Needs approval", reply(404))
    notifier.poll_each(timedelta(days=1).total_seconds(), 9)
    teams.answer_those_with("Needs approval", None)
    request["status"] = "approved"
    notifier.poll_after(MINUTE)
    for held in notifier.app.store.journal.read_dead():
        notifier.app.store.journal.requeue(held, notifier.clock.now())

    notifier.poll_after(MINUTE)

    assert states(teams.cards) == ["Approved - Needs completion", "Needs approval"]
    assert ["comes late" in text(card) for card in teams.cards] == [False, True]
