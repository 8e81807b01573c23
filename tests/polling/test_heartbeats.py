"""Heartbeats: a quiet channel gets a card that says so."""

from collections.abc import Callable
from datetime import timedelta

from tests.support.cards import strip, text
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

DAY = timedelta(days=1).total_seconds()


def test_a_quiet_channel_gets_a_sign_of_life_in_time(teams: FakeTeams, notifier: Notifier) -> None:
    """Polled daily for 200 days without a request: never 90 days without a run, and no nagging."""
    arrivals = []
    for day in range(200):
        before = len(teams.cards)
        notifier.poll_after(DAY)
        arrivals += [day] * (len(teams.cards) - before)

    assert arrivals == [30, 60, 90, 120, 150, 180]
    assert {strip(card) for card in teams.cards} == {"No news: this channel can be reached"}
    assert "Nothing is asked of anybody" in text(teams.cards[0])


def test_a_channel_with_news_needs_no_sign_of_life(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A card for a request counts as one."""
    for day in range(100):
        if day % 20 == 0:
            graph.requests.append(make_request(now=notifier.clock.now()))
        notifier.poll_after(DAY)

    assert len(teams.cards) == 5
    assert all("No news" not in strip(card) for card in teams.cards)


def test_heartbeats_can_be_daily_or_switched_off(
    teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """`MAA_HEARTBEAT_DAYS=1` is a card a day, for an alarm outside; `0` is never."""
    counts = []
    for days in ("1", "0"):
        notifier = make_notifier(MAA_HEARTBEAT_DAYS=days)
        notifier.poll()
        before = len(teams.cards)
        for _ in range(40):
            notifier.poll_after(DAY / 4)
        counts.append(len(teams.cards) - before)

    assert counts == [10, 0]
