"""Quiet hours: what a night holds back, and what no night does."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support.cards import strip
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

HOUR = 3_600.0
NIGHT = {"MAA_QUIET_HOURS": "22:00-07:00", "MAA_TIME_ZONE": "Europe/Berlin", "MAA_REMINDERS": "50%,24h,4h"}


def arrivals(teams: FakeTeams, notifier: Notifier, hours: int) -> list[tuple[str, str]]:
    """Weekday and hour in UTC, and the strip, of each card that came while polls were half an hour apart."""
    found = []
    for _ in range(hours * 2):
        before = len(teams.cards)
        notifier.poll_after(HOUR / 2)
        moment = f"{notifier.clock.now():%a %H:%M}"
        found += [(moment, strip(card)) for card in teams.cards[before:]]
    return found


def test_a_request_of_the_night_is_told_at_once_and_reminders_wait(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Filed at three in the night: half time and the last reminder come in the afternoon and at night.

    The day begins at six UTC in Berlin's winter. The reminder in between is held for three hours.
    """
    notifier = make_notifier(**NIGHT)
    notifier.poll()
    notifier.clock.advance(17 * HOUR)
    graph.requests.append(make_request(now=notifier.clock.now(), age=timedelta()))

    came = [moment for moment, _ in arrivals(teams, notifier, 72)]

    assert came == ["Tue 02:30", "Wed 14:00", "Thu 06:00", "Thu 22:00"]


def test_a_heartbeat_waits_for_the_morning(teams: FakeTeams, make_notifier: Callable[..., Notifier]) -> None:
    """It asks nothing of anybody: the third one is due on a Sunday, and comes when the weekend is over."""
    notifier = make_notifier(MAA_QUIET_HOURS="20:00-07:00; Sat,Sun", MAA_HEARTBEAT_DAYS="2")
    notifier.poll_after(9 * HOUR)

    came = [moment for moment, _ in arrivals(teams, notifier, 24 * 7)]

    assert came == ["Wed 18:00", "Fri 18:00", "Mon 07:00"]


@pytest.mark.parametrize(
    "settings,hour",
    [
        ({"MAA_QUIET_HOURS": "14:00-17:00"}, "Mon 17:00"),
        ({"MAA_QUIET_HOURS": "14:00-17:00", "MAA_TIME_ZONE": "Asia/Tokyo"}, "Mon 15:00"),
        ({"MAA_QUIET_HOURS": "09:00-10:30 America/New_York", "MAA_TIME_ZONE": "Asia/Tokyo"}, "Mon 15:30"),
    ],
    ids=["UTC", "the readers' zone", "a zone of its own"],
)
def test_the_hours_go_by_the_zone_that_is_set(
    graph: FakeGraph,
    teams: FakeTeams,
    make_notifier: Callable[..., Notifier],
    settings: dict[str, str],
    hour: str,
) -> None:
    """By their own, else by that of the times on cards, else by UTC: the reminder of 15:00 tells which."""
    notifier = make_notifier(MAA_REMINDERS="66h,4h", **settings)
    graph.requests.append(make_request(now=notifier.clock.now(), age=timedelta()))
    notifier.poll()

    assert [moment for moment, _ in arrivals(teams, notifier, 12)] == [hour]


def test_a_night_without_graph_costs_no_reminder(
    graph: FakeGraph, teams: FakeTeams, clock: FakeClock, make_notifier: Callable[..., Notifier]
) -> None:
    """A worker that starts anew in the morning knows from the state alone what was held."""
    graph.requests.append(make_request(now=clock.now(), age=timedelta()))
    make_notifier(**NIGHT).poll()
    clock.advance(38 * HOUR)
    make_notifier(**NIGHT).poll()
    held = len(teams.cards)
    clock.advance(7 * HOUR)
    make_notifier(**NIGHT).poll()

    assert (held, len(teams.cards)) == (1, 2)
