"""Heartbeats: a quiet channel gets a card that says so."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from maa_notify.domain.heartbeat import heartbeat
from maa_notify.domain.visibility import Outlook
from maa_notify.polling.heartbeats import queue_heartbeats
from maa_notify.storage.records import DestinationState, Versioned
from maa_notify.storage.store import StateStore
from tests.support.cards import strip, text
from tests.support.clock import START
from tests.support.graph import FakeGraph, make_request
from tests.support.memory import MemoryRows
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

DAY = timedelta(days=1).total_seconds()
MONTH = timedelta(days=30)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "state,after,beats,is_noted",
    [
        ({}, MONTH, False, True),
        ({"last_accepted": START - MONTH}, MONTH, True, True),
        ({"last_accepted": START - MONTH + SECOND}, MONTH, False, False),
        ({"last_accepted": START - 2 * MONTH, "quiet_since": START - SECOND}, MONTH, False, False),
        ({"last_accepted": START - SECOND, "quiet_since": START - 2 * MONTH}, MONTH, False, False),
        ({"quiet_since": START - MONTH}, MONTH, True, True),
        ({"last_accepted": START + MONTH}, MONTH, False, True),
        ({"last_accepted": START - MONTH, "quiet_since": START + MONTH}, MONTH, False, True),
        ({"last_accepted": START - 9 * MONTH}, None, False, False),
    ],
    ids=[
        "new",
        "a month",
        "less",
        "a heartbeat since",
        "a card since",
        "never a card",
        "clock set back",
        "noted by a wrong clock",
        "switched off",
    ],
)
def test_a_heartbeat_breaks_a_silence_that_is_long_enough(
    state: dict[str, Any], after: timedelta | None, beats: bool, is_noted: bool
) -> None:
    """Of a destination that is new, or whose times lie ahead, only the beginning of its silence is noted."""
    outbox = StateStore(MemoryRows()).outbox
    held = outbox.write_destination("default", Versioned(DestinationState(**state), ""))
    beat = heartbeat(Outlook(), START)

    found = queue_heartbeats(outbox, ["default"], {"default": held}, beat, after)

    assert [each.value.event for each in outbox.read_pending()] == ([beat] if beats else [])
    assert list(found.pending) == outbox.read_pending()
    now = outbox.read_destination("default")
    assert found.states == ({"default": now} if is_noted else {})
    assert (now.value.quiet_since == START) is is_noted


def test_a_silence_that_another_poll_noted_first_is_left_to_it() -> None:
    """And the other destinations are looked at all the same."""
    outbox = StateStore(MemoryRows()).outbox
    outbox.write_destination("a", Versioned(DestinationState(), ""))

    found = queue_heartbeats(outbox, ["a", "b"], {}, heartbeat(Outlook(), START), MONTH)

    assert set(found.states) == {"b"}


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
        before = len(teams.cards)
        for _ in range(40):
            notifier.poll_after(DAY / 4)
        counts.append(len(teams.cards) - before)

    assert counts == [9, 0]
