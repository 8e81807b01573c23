"""The weekly summary: once a week, at the time that was set, however many pollers there are."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.cards import as_read, strip, text
from tests.support.clock import START
from tests.support.graph import FakeGraph, graph_error, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0

Make = Callable[..., Notifier]


@pytest.fixture
def weekly(make_notifier: Make) -> Callable[..., Notifier]:
    """A notifier with a summary that is due two days after it began to poll."""

    def make(**settings: str) -> Notifier:
        due = START + timedelta(days=2)
        return make_notifier(MAA_SUMMARY=f"{due:%a %H:%M}", MAA_HEARTBEAT_DAYS="0", **settings)

    return make


def summaries(teams: FakeTeams) -> list[dict[str, Any]]:
    """The summaries in the channel."""
    return [card for card in teams.cards if strip(card).startswith("Last week")]


def wait_until_due(notifier: Notifier, weeks: int = 0) -> None:
    """Polls up to the last minute before the time that was set, and then at that time."""
    due = START + timedelta(days=2 + 7 * weeks)
    notifier.poll_after((due - notifier.clock.now()).total_seconds() - MINUTE)
    notifier.poll_after(MINUTE)


def test_it_comes_once_a_week_at_the_time_that_was_set(teams: FakeTeams, weekly: Make) -> None:
    """With the first poll of that time, and with no other."""
    notifier = weekly()
    notifier.poll()
    told = []
    for week in range(3):
        wait_until_due(notifier, week)
        told.append(len(summaries(teams)))
        notifier.poll_each(6 * HOUR, 5)
        told.append(len(summaries(teams)))

    assert told == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("days", [6, 20, 40])
def test_a_clock_that_was_ahead_for_one_poll_keeps_none_away(
    teams: FakeTeams, weekly: Make, days: int
) -> None:
    """The time that it noted does not count, and no week is told twice for it."""
    notifier = weekly()
    notifier.poll()
    wait_until_due(notifier)
    notifier.poll_after(HOUR)
    ahead = timedelta(days=days)
    notifier.clock.set_back(-ahead)
    notifier.poll()
    notifier.clock.set_back(ahead)
    notifier.poll_after(HOUR)
    before = len(summaries(teams))
    told = []
    for week in (1, 2, 3):
        wait_until_due(notifier, week)
        told.append(len(summaries(teams)) - before)

    assert told == [1, 2, 3]


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(hours=3)])
def test_a_clock_that_is_ahead_when_one_is_nearly_due_tells_it_early_and_once(
    teams: FakeTeams, weekly: Make, ahead: timedelta
) -> None:
    """As one of two pollers whose clocks differ does."""
    notifier = weekly()
    notifier.poll()
    wait_until_due(notifier)
    due = START + timedelta(days=9)
    notifier.clock.advance((due - notifier.clock.now()) - ahead / 2)
    notifier.clock.set_back(-ahead)
    notifier.poll()
    notifier.clock.set_back(ahead)
    early = len(summaries(teams))
    notifier.poll_after(MINUTE)
    wait_until_due(notifier, 1)
    on_time = len(summaries(teams))
    wait_until_due(notifier, 2)

    assert (early, on_time, len(summaries(teams))) == (2, 2, 3)


def test_it_is_off_unless_asked_for(teams: FakeTeams, make_notifier: Make) -> None:
    """Nobody gets a card that he did not want."""
    notifier = make_notifier(MAA_HEARTBEAT_DAYS="0")
    notifier.poll_each(DAY, 15)

    assert teams.cards == []
    assert notifier.app.sources == ()


def test_two_pollers_tell_it_once(teams: FakeTeams, weekly: Make) -> None:
    """Whoever comes second finds it told, or is refused by the state store."""
    first = weekly()
    first.poll()
    second = first.another()
    second.poll()
    wait_until_due(first)
    second.poll()
    second.poll_after(MINUTE)
    first.poll()
    second.close()

    assert len(summaries(teams)) == 1


def test_it_tells_of_the_week_and_of_what_waits(graph: FakeGraph, teams: FakeTeams, weekly: Make) -> None:
    """Counts and bars, and nobody's name."""
    notifier = weekly()
    now = notifier.clock.now()
    done = make_request(now=now, status="rejected", lastModifiedDateTime=now.isoformat())
    graph.requests = [
        make_request(now=now),
        done,
        make_request(now=now, age=timedelta(days=20), status="expired"),
    ]
    notifier.poll()
    wait_until_due(notifier)

    [card] = summaries(teams)
    shown = as_read(text(card))
    assert strip(card) == "Last week: 2 requests"
    assert "needs approval 1" in shown
    assert "rejected 1" in shown
    assert "█" in shown
    assert "1 for a decision, the oldest for 2 d" in shown
    assert "Nothing new." in shown
    assert "Mira" not in shown
    assert "decide what waits" in shown


def test_a_week_lasts_from_one_time_to_the_next_where_clocks_change(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """The week that ends the summer has 169 hours in Berlin; what is filed in the first is not left out."""
    notifier = make_notifier(MAA_SUMMARY="MON 08:00", MAA_TIME_ZONE="Europe/Berlin", MAA_HEARTBEAT_DAYS="0")
    mondays = datetime(2027, 10, 25, 6, 0, tzinfo=UTC), datetime(2027, 11, 1, 7, 0, tzinfo=UTC)
    notifier.clock.advance(mondays[0] - timedelta(hours=1) - notifier.clock.now())
    notifier.poll()
    graph.requests = [make_request(now=mondays[0] + timedelta(minutes=30), age=timedelta())]
    told = []
    for monday in mondays:
        notifier.poll_after((monday - notifier.clock.now()).total_seconds())
        told = [strip(each) for each in summaries(teams)]

    assert told == ["Last week: 0 requests", "Last week: 1 request"]


def test_what_waits_is_what_the_poll_of_the_summary_found(
    graph: FakeGraph, teams: FakeTeams, weekly: Make
) -> None:
    """Not what the poll before it knew, which may have been days ago."""
    notifier = weekly()
    notifier.poll()
    graph.requests = [make_request(now=notifier.clock.now() + timedelta(days=1), age=timedelta())]
    notifier.poll_after(2 * DAY + HOUR)

    [card] = summaries(teams)
    assert "1 for a decision, the oldest for 1 d 1 h" in as_read(text(card))


def test_nothing_is_said_to_wait_while_nobody_can_look(
    graph: FakeGraph, teams: FakeTeams, weekly: Make
) -> None:
    """A week without polls must not pass for a quiet one."""
    notifier = weekly()
    notifier.poll()
    for _ in range(2):
        graph.fail_page(1, graph_error(403, "Forbidden", "no"))
        notifier.poll_after(DAY)

    [card] = summaries(teams)
    assert "polls have failed for 1 d" in as_read(text(card))


def test_it_comes_once_after_weeks_of_downtime(teams: FakeTeams, weekly: Make) -> None:
    """One for the last week, none for each that was missed."""
    notifier = weekly()
    notifier.poll()
    notifier.poll_after(23 * DAY + HOUR)
    notifier.poll_each(HOUR, 30)

    assert len(summaries(teams)) == 1


def test_a_week_that_is_long_over_is_not_told(teams: FakeTeams, weekly: Make) -> None:
    """After two days off the next one says more."""
    notifier = weekly()
    notifier.poll()
    notifier.poll_after(4 * DAY + HOUR)
    late = len(summaries(teams))
    wait_until_due(notifier, 1)

    assert (late, len(summaries(teams))) == (0, 1)


def test_an_outage_of_hours_delays_it(teams: FakeTeams, weekly: Make) -> None:
    """It is still worth reading."""
    notifier = weekly()
    notifier.poll()
    notifier.poll_after(2 * DAY + 5 * HOUR)

    assert len(summaries(teams)) == 1


def test_a_channel_can_ask_for_it(teams: FakeTeams, weekly: Make) -> None:
    """By the word `summary` among its events; a channel of other events does not get it."""
    entries = [
        {"name": "leads", "webhook_url": teams.url_for("leads"), "events": ["summary"]},
        {"name": "ops", "webhook_url": teams.url_for("ops"), "events": ["created"]},
    ]
    notifier = weekly(MAA_DESTINATIONS=json.dumps(entries))
    notifier.poll()
    wait_until_due(notifier)

    sent = [entry.notification for entry in notifier.app.store.journal.read_sent()]
    assert [(each.event.name, each.destination) for each in sent] == [("summary", "leads")]


def test_the_time_is_that_of_the_display_time_zone(teams: FakeTeams, make_notifier: Make) -> None:
    """Tuesday at eight in Auckland is Monday evening in UTC."""
    notifier = make_notifier(
        MAA_SUMMARY="TUE 08:00", MAA_TIME_ZONE="Pacific/Auckland", MAA_HEARTBEAT_DAYS="0"
    )
    notifier.poll()
    notifier.poll_after(10 * HOUR - MINUTE)
    before = len(summaries(teams))
    notifier.poll_after(MINUTE)

    assert (before, len(summaries(teams))) == (0, 1)
