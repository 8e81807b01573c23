"""A digest that fails: it stays one, says that it comes again, and is taken apart only to find an ill one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.cards import text
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, close_without_answer, reply

Make = Callable[..., Notifier]
MINUTE = 60


def burst(notifier: Notifier, count: int, **fields: Any) -> list[dict[str, Any]]:
    """So many new requests at once, with names that no other has."""
    names = (f"LT-{uuid4().hex[:12]}" for _ in range(count))
    return [make_request(now=notifier.clock.now(), payloadName=name, **fields) for name in names]


def told(cards: list[dict[str, Any]], requests: list[dict[str, Any]]) -> list[int]:
    """How many of these requests each card tells."""
    return [sum(each["payloadName"] in text(card) for each in requests) for card in cards]


@pytest.mark.parametrize(
    "answer",
    [reply(503), reply(429, headers={"Retry-After": "120"}), reply(404), reply(500)],
    ids=["503", "429", "404", "500"],
)
def test_a_digest_that_fails_once_stays_that_digest(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, answer: HttpResponse
) -> None:
    """Six requests are one card, before and after; what is filed meanwhile is a card of its own."""
    six = burst(notifier, 6)
    graph.requests = list(six)
    teams.fail_next(answer)
    notifier.poll()
    late = burst(notifier, 1)
    graph.requests += late
    report = notifier.poll_each(MINUTE, 3)[-1]

    assert sorted(told(teams.cards, six)) == ([0, 6] if told(teams.cards, late) != [1] else [6])
    assert report.pending == 0


def test_a_digest_in_doubt_stays_one_and_says_so(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Its answer is lost: the same six come once more on one card, which says that it may be there."""
    six = burst(notifier, 6)
    graph.requests = list(six)
    teams.fail_next(close_without_answer(), posted=True)
    for _ in range(5):
        graph.requests += burst(notifier, 1)
        notifier.poll_after(MINUTE)

    whole = [card for card, count in zip(teams.cards, told(teams.cards, six), strict=True) if count]
    assert told(whole, six) == [6, 6]
    assert ["Sent again" in text(card) for card in whole] == [False, True]


@pytest.mark.parametrize("before", [reply(503), reply(404)], ids=["503", "404"])
def test_a_digest_in_doubt_stays_one_three_times_whatever_failed_before(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, before: HttpResponse
) -> None:
    """A failure that shows no card is none of the three after which its members are tried one by one."""
    graph.requests = six = burst(notifier, 6)
    teams.fail_next(before)
    teams.answer_those_with("", close_without_answer(), posted=True)
    notifier.poll_each(MINUTE, 30)

    assert told(teams.cards, six)[:4] == [6, 6, 6, 1]


def test_copies_of_a_digest_in_doubt_are_bounded(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """An hour of answers that never come: each request is there five times at most, not once a minute."""
    graph.requests = six = burst(notifier, 6)
    teams.answer_those_with("", close_without_answer(), posted=True)
    notifier.poll_each(MINUTE, 60)

    copies = [sum(told([card], [each])[0] for card in teams.cards) for each in six]
    assert 3 <= min(copies) <= max(copies) <= 5


@pytest.mark.parametrize(
    "above,sizes", [("5", [25, 25]), ("5", [49]), ("5", [33, 33, 33]), ("40", [9, 41])], ids=str
)
def test_no_last_one_is_left_outside_of_the_digests(
    above: str, sizes: list[int], graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """Fifty requests at once are two digests, and not one with a lone card that looks like any other."""
    notifier = make_notifier(MAA_DIGEST_ABOVE=above)
    everything = burst(notifier, sum(sizes))
    graph.requests = list(everything)
    report = notifier.poll_each(MINUTE, 3)[-1]

    assert (told(teams.cards, everything), report.pending) == (sizes, 0)


@pytest.mark.parametrize("status", [400, 413])
def test_a_digest_that_is_refused_sends_one_ahead_and_follows(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, status: int
) -> None:
    """Refused once, for whatever reason: one is sent ahead in full, the others follow with that poll."""
    forty = burst(notifier, 40)
    graph.requests = forty
    teams.fail_next(reply(status))

    report = notifier.poll()

    assert (sorted(told(teams.cards, forty)), report.pending) == ([1, 39], 0)
    assert all(forty[0]["requestJustification"] in text(card) for card in teams.cards[:1])


def test_a_digest_that_is_refused_as_too_large_becomes_smaller_ones(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Somebody takes no more than some ten requests in a card: not forty cards, but five or six of them."""
    forty = burst(notifier, 40)
    graph.requests = forty
    teams.answer_larger_than(9_000, reply(413))

    reports = notifier.poll_each(MINUTE, 3)

    assert (sum(told(teams.cards, forty)), reports[-1].pending) == (40, 0)
    assert len(teams.cards) <= 9


@pytest.mark.parametrize("answer", [reply(503), reply(400), reply(404)], ids=["503", "400", "404"])
def test_an_ill_one_is_found_in_a_digest_and_the_rest_stay_together(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, answer: HttpResponse
) -> None:
    """Whatever holds it fails; nine healthy ones come within ten polls, most of them together."""
    nine = burst(notifier, 9)
    ill = make_request(now=notifier.clock.now(), payloadName="ILL-ONE")
    graph.requests = [*nine[:4], ill, *nine[4:]]
    teams.answer_those_with("ILL-ONE", answer)
    report = notifier.poll_each(MINUTE, 10)[-1]

    assert (sum(told(teams.cards, nine)), report.pending) == (9, 1)
    assert max(told(teams.cards, nine)) >= 4


def test_a_long_outage_takes_a_digest_hardly_apart(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Two hours down with forty requests: a few were sent ahead to ask, the others are one card."""
    forty = burst(notifier, 40)
    graph.requests = forty
    teams.answer_all(reply(503))
    notifier.poll_each(MINUTE, 120)
    teams.answer_all(None)

    report = notifier.poll_after(MINUTE)

    assert (sum(told(teams.cards, forty)), report.pending) == (40, 0)
    assert (max(told(teams.cards, forty)) >= 35, len(teams.cards) <= 6) == (True, True)


def test_what_is_left_of_a_digest_after_a_person_discards_some_is_still_told(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Somebody drops all but one of a digest that fails: that one is a card of its own."""
    six = burst(notifier, 6)
    graph.requests = list(six)
    teams.answer_all(reply(503))
    notifier.poll()
    outbox = notifier.app.store.outbox
    for pending in outbox.read_pending()[1:]:
        outbox.discard(pending)
    teams.answer_all(None)

    report = notifier.poll_after(timedelta(minutes=2).total_seconds())

    assert (told(teams.cards, six), report.pending) == ([1], 0)


@pytest.mark.parametrize("polls", [1, 3])
def test_a_digest_stays_whole_while_the_address_refuses_every_card(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, polls: int
) -> None:
    """400 with a code that nobody knows, for everything: the address is blamed; mended, cards come whole."""
    eight = burst(notifier, 8)
    graph.requests = list(eight)
    teams.answer_all(reply(400, json={"error": {"code": "NeverHeardOf"}}))
    during = notifier.poll_each(MINUTE, polls)
    teams.answer_all(None)

    report = notifier.poll_after(MINUTE)

    assert {each.refused for each in during} == {("default",)}
    assert (sorted(told(teams.cards, eight)), report.pending) == ([1, 7], 0)
    assert eight[0]["requestJustification"] in text(min(teams.cards, key=lambda card: len(text(card))))
