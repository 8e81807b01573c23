"""A card never shows an older state than before, and a reminder never precedes what it reminds of."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.cards import strip, text
from tests.support.channels import FakeBotChannel
from tests.support.clock import FakeClock
from tests.support.connector import GENERAL, FakeConnector, connector_error
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

Make = Callable[..., Notifier]
MINUTE = 60


def states(cards: list[dict[str, Any]]) -> list[str]:
    """The state that each of these cards tells."""
    return [strip(card).split(" ·")[0] for card in cards]


@pytest.mark.parametrize("way", ["by itself", "by hand"])
def test_older_news_that_come_late_leave_the_bots_card_as_it_is(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make, way: str
) -> None:
    """Approved was refused and completed was taken: approved is a reply only, whoever sends it again."""
    notifier = make_notifier(**FakeBotChannel(service).settings)
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    notifier.poll()
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
    notifier = make_notifier(**FakeBotChannel(service).settings)
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    notifier.poll()
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
