"""A card whose answer never came: sent again, marked, ever more rarely, and said loudly."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.storage.by_hand import retry
from tests.support.cards import strip, text
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import close_without_answer, hang, reply

MINUTE = 60


def marked(cards: list[dict[str, Any]]) -> list[bool]:
    """Which of these cards say that they may be there already."""
    return ["Sent again" in text(card) for card in cards]


def test_a_flow_that_never_answers_gets_seven_copies_on_the_first_day(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """It shows each; all but the first say so, the log names the third and all later, each poll exits 3."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_those_with("", close_without_answer(), posted=True)

    reports = notifier.poll_each(MINUTE, 20) + notifier.poll_each(10 * MINUTE, 6 * 24 - 2)

    assert marked(teams.cards) == [False] + [True] * 6
    loud = [each for each in caplog.records if "deliver.in_doubt" in each.message]
    assert (len(loud), {each.levelname for each in loud}) == (5, {"ERROR"})
    assert {report.refused for report in reports} == {("default",)}


def test_after_the_first_day_it_is_one_copy_a_day_until_it_is_given_up(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """After nine days there are fewer than fifteen copies, and the request is among those given up."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_those_with("", close_without_answer(), posted=True)
    report = notifier.poll_each(60 * MINUTE, 9 * 24)[-1]

    assert 8 <= len(teams.cards) <= 14
    assert (report.pending, report.dead) == (0, 1)


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_loses_the_answer_is_no_reason_for_a_copy_each_minute(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, status: int
) -> None:
    """What Power Automate itself says of a flow that takes longer than two minutes: the card may be there."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.answer_those_with("", reply(status), posted=True)

    notifier.poll_each(2 * MINUTE, 60)

    assert len(teams.cards) <= 5
    assert all(marked(teams.cards)[1:])


def test_an_address_gets_a_bounded_number_of_repeats_a_day(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Forty requests within 20 hours, and no answer: each comes; 24 copies, then one an hour."""
    notifier = make_notifier(MAA_DIGEST_ABOVE="100")
    teams.answer_those_with("", close_without_answer(), posted=True)
    for _ in range(40):
        graph.requests.append(make_request(now=notifier.clock.now()))
        notifier.poll_each(10 * MINUTE, 3)

    told = [sum(each["payloadName"] in text(card) for card in teams.cards) for each in graph.requests]
    assert min(told) >= 1
    assert sum(told) <= 40 + 24 + 20


@pytest.mark.parametrize("digest_above", ["100", "5"], ids=["cards", "a digest"])
def test_what_used_up_its_repeats_in_an_outage_comes_within_an_hour_of_it(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier], digest_above: str
) -> None:
    """Twenty requests and two hours without an answer to anything: no day more."""
    notifier = make_notifier(MAA_DIGEST_ABOVE=digest_above)
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(20)]
    teams.answer_all(close_without_answer())
    notifier.poll_each(MINUTE, 120)
    teams.answer_all(None)

    report = notifier.poll_each(MINUTE, 62)[-1]

    assert report.pending == 0
    assert all(any(each["payloadName"] in text(card) for card in teams.cards) for each in graph.requests)


def test_what_is_tried_again_by_hand_waits_for_no_bound_of_repeats(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """Whoever asks for it has looked."""
    notifier = make_notifier(MAA_DIGEST_ABOVE="100")
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(20)]
    teams.answer_all(close_without_answer())
    notifier.poll_each(MINUTE, 50)
    teams.answer_all(None)
    store, now = notifier.app.store, notifier.clock.now()
    for each in store.outbox.read_pending():
        retry(store, each.value.key, each.value.recorded_at, now)

    assert notifier.poll_after(MINUTE).pending == 0


def test_a_card_in_doubt_keeps_no_other_from_its_first_try(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Others come with the next poll, and once they are taken, so does what was in doubt."""
    doubtful = make_request(now=notifier.clock.now(), payloadName="IN-DOUBT")
    graph.requests = [doubtful]
    teams.answer_those_with("", close_without_answer())
    notifier.poll_each(MINUTE, 30)
    teams.answer_those_with("", None)
    other = make_request(now=notifier.clock.now())
    graph.requests.append(other)

    report = notifier.poll_after(MINUTE)

    assert report.pending == 0
    assert sorted(marked(teams.cards)) == [False, True]


def test_later_news_wait_for_one_more_try_of_what_is_in_doubt(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Approved does not come before needs approval, though the latter would not be repeated for hours yet."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    teams.answer_those_with("", reply(504))
    notifier.poll_each(MINUTE, 60)
    teams.answer_those_with("", None)
    request["status"] = "approved"

    notifier.poll_after(MINUTE)

    assert [strip(card).split(" ·")[0] for card in teams.cards] == [
        "Needs approval",
        "Approved - Needs completion",
    ]


class TickingClock(FakeClock):
    """A clock of the test whose seconds pass by themselves while a flow is slow."""

    def monotonic(self) -> float:
        """Real seconds."""
        return time.monotonic()


def test_a_slow_flow_is_waited_for_once_it_is_known(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """One copy of the card that met it first, none of later ones: their answers are waited for."""
    notifier = make_notifier()
    notifier.app.clock = clock = TickingClock(notifier.clock.now())
    notifier.app.limits = replace(DeliveryLimits(), post_s=0.4, patient_post_s=20.0, min_interval=timedelta())
    teams.answer_those_with("", hang(1.0, then=reply(202)), posted=True)

    for _ in range(3):
        graph.requests.append(make_request(now=notifier.clock.now()))
        for _ in range(2):
            clock.advance(90)
            notifier.poll()

    told = [sum(each["payloadName"] in text(card) for card in teams.cards) for each in graph.requests]
    assert (told, notifier.app.health().pending) == ([2, 1, 1], 0)
