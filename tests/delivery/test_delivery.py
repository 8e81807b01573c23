"""What becomes of notifications when Teams refuses, throttles or is away."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.storage.records import DestinationState, Versioned
from tests.support.cards import strip, text
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams, is_alarm
from tests.support.wire import HttpResponse, redirect, reply, reset


def strips(teams: FakeTeams) -> list[str]:
    """The state that every card in the channel tells, in order."""
    return [strip(card).split(" ·")[0] for card in teams.cards]


@pytest.mark.parametrize(
    "answer",
    [
        reply(401),
        reply(403),
        reply(404),
        reply(410),
        redirect(302, "http://127.0.0.1:9/"),
        reply(500),
        reply(503),
        reset(),
    ],
    ids=["401", "403", "404", "410", "302", "500", "503", "reset"],
)
def test_an_outage_loses_nothing_and_doubles_nothing(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, answer: HttpResponse
) -> None:
    """Whatever Teams answers, everything waits, says so, and comes once when it is well again."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    teams.answer_all(answer)
    during = [notifier.poll_after(60) for _ in range(5)]
    request["status"] = "approved"
    during.append(notifier.poll_after(60))
    teams.answer_all(None)

    after = notifier.poll_after(60)

    assert [(report.delivered, report.refused) for report in during] == [(0, ("default",))] * 6
    assert (during[-1].pending, after.pending, after.refused) == (2, 0, ())
    assert strips(teams) == ["Needs approval", "Approved - Needs completion"]


def test_a_long_outage_is_no_storm_of_tries_or_of_log_lines(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """Two hours down with three cards: about one try a poll, a line when it fails, a line when it is back."""
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(3)]
    teams.answer_all(reply(503))
    for _ in range(120):
        notifier.poll_after(60)
    tries = len(teams.calls)
    teams.answer_all(None)
    notifier.poll_after(60)

    assert tries <= 125
    assert len(teams.cards) == 3
    assert sum("deliver.failing" in record.message for record in caplog.records) == 1
    assert sum("deliver.recovered" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_across_polls(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, form: str
) -> None:
    """Told to come back in ten minutes, nobody knocks before; the card comes with the first poll after."""
    graph.requests = [make_request(now=notifier.clock.now())]
    wait = timedelta(minutes=10)
    value = "600" if form == "seconds" else format_datetime(datetime.now(UTC) + wait, usegmt=True)
    teams.fail_next(reply(429, headers={"Retry-After": value}))
    notifier.poll()

    during = [notifier.poll_after(60) for _ in range(9)]
    knocks = len(teams.calls)
    after = notifier.poll_after(62)

    assert ([report.pending for report in during], knocks) == ([1] * 9, 1)
    assert (after.delivered, len(teams.cards)) == (1, 1)


def test_a_short_retry_after_is_waited_for_within_the_poll(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Five seconds are no reason to leave the card for the next poll."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.fail_next(reply(429, headers={"Retry-After": "5"}))

    report = notifier.poll()

    assert (report.delivered, notifier.clock.sleeps) == (1, [5.0])


def test_a_blip_is_retried_within_the_poll(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """One 503 delays a card by seconds, not by a poll."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.fail_next(reply(503))

    report = notifier.poll()

    assert (report.delivered, len(teams.cards)) == (1, 1)
    assert sum(notifier.clock.sleeps) < 5


def two_channels(teams: FakeTeams) -> str:
    """The setting of two destinations that get everything, of which the first is about to be in trouble."""
    return json.dumps([{"name": name, "webhook_url": teams.url_for(name)} for name in ("busy", "well")])


def test_a_destination_that_asks_for_a_wait_holds_up_no_other(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Half a minute for one channel, which the poll waits out, comes after the cards of the other."""
    notifier = make_notifier(MAA_DESTINATIONS=two_channels(teams))
    began = notifier.clock.now()
    graph.requests = [make_request(now=began) for _ in range(2)]
    teams.fail_next(reply(429, headers={"Retry-After": "30"}))

    report = notifier.poll()

    journal = notifier.app.store.journal.read_sent()
    at = [(each.notification.destination, (each.at - began).total_seconds()) for each in journal]
    assert (report.delivered, report.pending) == (4, 0)
    assert [name for name, _ in at] == ["well", "well", "busy", "busy"]
    assert all(seconds < 5 for name, seconds in at if name == "well")


def test_a_destination_that_works_comes_before_one_that_failed_last(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """One that hangs uses up the time of a poll, so it is tried when the others have their cards."""
    notifier = make_notifier(MAA_DESTINATIONS=two_channels(teams))
    teams.answer_all(reply(503), on="busy")
    for _ in range(2):
        graph.requests.append(make_request(now=notifier.clock.now()))
        notifier.poll_after(60)
    before = len(teams.calls)
    teams.answer_all(None, on="busy")
    graph.requests.append(make_request(now=notifier.clock.now()))

    notifier.poll_after(60)

    assert teams.calls[before].path in teams.url_for("well")
    assert len(teams.cards_in("busy")) == len(teams.cards_in("well")) == 3


@pytest.mark.parametrize(
    "answer", [reply(503), reply(429, headers={"Retry-After": "3000"})], ids=["503", "retry-after"]
)
def test_a_clock_that_was_set_back_holds_up_no_card(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, clock: FakeClock, answer: HttpResponse
) -> None:
    """A wait that was noted while the clock was a month ahead does not last for a month."""
    graph.requests = [make_request(now=clock.now())]
    clock.advance(timedelta(days=30))
    teams.answer_all(answer)
    notifier.poll()
    clock.set_back(timedelta(days=30))
    teams.answer_all(None)

    report = notifier.poll_after(60)

    assert (report.delivered, report.pending) == (1, 0)


def test_a_refused_destination_does_not_hold_back_another(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """One channel was deleted; the other hears everything at once."""
    both = [{"name": name, "webhook_url": teams.url_for(name)} for name in ("gone", "well")]
    notifier = make_notifier(MAA_DESTINATIONS=json.dumps(both))
    teams.answer_all(reply(404), on="gone")
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(3)]

    report = notifier.poll()

    assert (len(teams.cards_in("well")), report.pending, report.refused) == (3, 3, ("gone",))


@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_card_comes_in_its_plain_form(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, status: int
) -> None:
    """A card that Teams does not take is sent again as the least that still rings."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    teams.fail_next(reply(status))

    report = notifier.poll()

    assert report.delivered == 1
    assert request["payloadName"] in text(teams.cards[0])
    assert request["requestJustification"] not in text(teams.cards[0])


def test_a_poison_card_blocks_nothing_behind_it(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Refused even in its plain form, a card lets other requests and later news overtake it."""
    poison = make_request(now=notifier.clock.now())
    graph.requests = [poison]
    teams.fail_next(*[reply(400)] * 3)
    notifier.poll()
    poison["status"] = "approved"
    graph.requests.append(make_request(now=notifier.clock.now(), status="rejected"))

    report = notifier.poll()

    assert strips(teams) == ["Rejected", "Approved - Needs completion", "Needs approval"]
    assert (report.delivered, report.pending) == (3, 0)


def test_news_of_one_request_keep_their_order_even_when_the_first_is_delayed(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """'Approved' never comes before 'needs approval' when the latter only waits for a better moment."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    teams.answer_all(reply(503))
    notifier.poll()
    request["status"] = "approved"
    notifier.poll_after(5)
    request["status"] = "completed"
    notifier.poll_after(5)
    teams.answer_all(None)
    notifier.poll_after(60)

    assert strips(teams) == ["Needs approval", "Approved - Needs completion", "Completed"]


def test_later_news_wait_for_a_card_that_has_to_wait(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """The first card has to wait some seconds; other requests go ahead, later news of the same do not."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    teams.fail_next(*[reply(503)] * 3)
    notifier.poll()
    request["status"] = "approved"
    graph.requests.append(make_request(now=notifier.clock.now(), status="rejected"))

    notifier.poll()

    assert strips(teams) == ["Rejected", "Needs approval", "Approved - Needs completion"]


def test_what_fails_for_a_week_is_given_up_loudly_and_can_be_sent_again(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """Dead is said in the log, the report and health; `outbox retry` brings it back."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_all(reply(404))
    reports = [notifier.poll_after(timedelta(days=1).total_seconds()) for _ in range(8)]
    teams.answer_all(None)
    for held in notifier.app.store.journal.read_dead():
        notifier.app.store.journal.requeue(held, notifier.clock.now())

    again = notifier.poll_after(60)

    assert (reports[-1].dead, reports[-1].pending) == (1, 0)
    assert any("deliver.dead" in each.message and each.levelname == "ERROR" for each in caplog.records)
    assert (again.delivered, again.dead, len(teams.cards)) == (1, 0, 1)


@pytest.mark.parametrize("away", ["the notifier", "the destination"])
def test_days_in_which_nobody_tried_are_no_days_of_failing(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], away: str
) -> None:
    """Off, or out of the settings, for eight days amid an outage: one 503 more gives up nothing."""
    before = make_notifier(MAA_DESTINATIONS=two_channels(teams))
    graph.requests = [make_request(now=before.clock.now()) for _ in range(3)]
    teams.answer_all(reply(503), on="busy")
    before.poll_each(60, 3)
    if away == "the notifier":
        before.clock.advance(timedelta(days=8))
    else:
        make_notifier().poll_each(timedelta(days=1).total_seconds(), 8)

    during = make_notifier(MAA_DESTINATIONS=two_channels(teams)).poll_after(60)
    teams.answer_all(None, on="busy")
    after = make_notifier(MAA_DESTINATIONS=two_channels(teams)).poll_after(60)

    news = [card for card in teams.cards_in("busy") if not is_alarm(card)]
    assert (during.dead, during.refused) == (0, ("busy",))
    assert (after.dead, after.pending, len(news)) == (0, 0, 3)


def test_the_pace_stays_within_what_workflows_takes(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Forty single cards: never more than 25 in any five minutes, never two in a second, and all arrive."""
    notifier = make_notifier(MAA_DIGEST_ABOVE="100")
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(40)]
    moments: list[float] = []
    for _ in range(12):
        before = len(teams.cards)
        notifier.poll_after(60)
        state = notifier.app.store.outbox.read_destination("default").value
        moments += state.posts[-(len(teams.cards) - before) :] if len(teams.cards) > before else []

    assert len(teams.cards) == len(moments) == 40
    assert all(later - earlier >= 1 for earlier, later in pairwise(moments))
    assert all(sum(at <= other < at + 300 for other in moments) <= 25 for at in moments)


def test_a_card_that_waits_for_its_turn_is_not_refused(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """The pace of a channel is no trouble of it; once it has left the settings, nobody takes the card."""
    one = json.dumps([{"name": "old", "webhook_url": teams.url_for("old")}])
    before = make_notifier(MAA_DESTINATIONS=one, MAA_DIGEST_ABOVE="100")
    graph.requests = [make_request(now=before.clock.now()) for _ in range(26)]

    paced = before.poll()
    left = make_notifier().poll_after(60)

    assert (paced.delivered, paced.pending, paced.refused) == (25, 1, ())
    assert (left.pending, left.refused) == (1, ("old",))


def test_a_burst_too_large_for_one_card_is_told_in_several(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """What the first card has no room for comes in the next ones: each request is in one of them."""
    locks = "\U0001f512" * 200
    names = [f"LT-{number:02}" for number in range(40)]
    people = [{"user": {"displayName": f"{number}{locks}"}} for number in range(40)]
    now = notifier.clock.now()
    graph.requests = [
        make_request(now=now, payloadName=name + locks, requestor=who)
        for name, who in zip(names, people, strict=True)
    ]

    report = notifier.poll()

    told = [text(card) for card in teams.cards]
    assert (report.delivered, report.pending) == (40, 0)
    assert 1 < len(told) < 40
    assert [sum(name in each for each in told) for name in names] == [1] * 40


def test_a_destination_that_left_the_settings_keeps_its_notifications(
    graph: FakeGraph,
    teams: FakeTeams,
    make_notifier: Callable[..., Notifier],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is dropped because somebody edited a setting; the log says what to do."""
    before = make_notifier(
        MAA_DESTINATIONS=json.dumps([{"name": "old", "webhook_url": teams.url_for("old")}])
    )
    teams.answer_all(reply(500), on="old")
    graph.requests = [make_request(now=before.clock.now())]
    before.poll()

    report = make_notifier().poll_after(60)

    assert (report.pending, report.refused) == (1, ("old",))
    assert "outbox discard" in caplog.text


def test_what_waits_is_delivered_even_while_graph_is_down(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """An outage of Graph does not hold back the news that are already known."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_all(reply(503))
    notifier.poll()
    teams.answer_all(None)
    graph.fail_next(*[reply(500)] * 3)

    report = notifier.poll_after(60)

    assert report.failure is not None
    assert (report.delivered, len(teams.cards)) == (1, 1)


def test_a_poller_that_died_while_posting_blocks_for_a_short_time_only(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A destination held by a poller that shows no sign of life is taken over within the same poll."""
    graph.requests = [make_request(now=notifier.clock.now())]
    outbox = notifier.app.store.outbox
    now = notifier.clock.now()
    state = DestinationState(
        holder="a dead poller", lease_expires_at=now + DeliveryLimits().lease_time(), quiet_since=now
    )
    outbox.write_destination("default", Versioned(state, ""))

    report = notifier.poll()

    assert (report.delivered, len(teams.cards)) == (1, 1)
    assert sum(notifier.clock.sleeps) <= 45


def test_a_poller_leaves_a_destination_to_another_that_is_at_work(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Two pollers at once: the second sees the first renew its hold, and does not post."""
    graph.requests = [make_request(now=notifier.clock.now())]
    outbox = notifier.app.store.outbox
    now = notifier.clock.now()
    state = DestinationState(
        holder="a busy poller", lease_expires_at=now + DeliveryLimits().lease_time(), quiet_since=now
    )
    held = outbox.write_destination("default", Versioned(state, ""))
    sleep = notifier.clock.sleep

    def sleep_while_the_other_works(seconds: float) -> None:
        nonlocal held
        sleep(seconds)
        until = notifier.clock.now() + DeliveryLimits().lease_time()
        held = outbox.write_destination(
            "default", replace(held, value=replace(held.value, lease_expires_at=until))
        )

    notifier.clock.sleep = sleep_while_the_other_works  # type: ignore[method-assign]

    report = notifier.poll()

    assert (report.delivered, report.pending, len(teams.cards)) == (0, 1, 0)


def test_a_slow_destination_does_not_stretch_the_poll(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """A Retry-After longer than the poll's own time is left to the next poll; nobody sleeps through it."""
    notifier = make_notifier()
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.fail_next(reply(429, headers={"Retry-After": "90"}))

    report = notifier.poll()

    assert (report.pending, sum(notifier.clock.sleeps)) == (1, 0)
