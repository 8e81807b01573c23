"""What one chat does not take is its person's alone, and the wait that it asks for is kept."""

from collections.abc import Callable

import pytest

from tests.support.approvers import House
from tests.support.cards import text
from tests.support.connector import FakeConnector, connector_error
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.wire import HttpResponse, reply

MINUTE, HOUR = 60.0, 3600.0
AIKO, OSKAR, PRIYA, LENA = NAMES = ("Aiko Mori", "Oskar Weiss", "Priya Nandan", "Lena Fox")
THROTTLED = reply(429, headers={"Retry-After": "3600"})

Make = Callable[..., Notifier]


@pytest.fixture
def house(graph: FakeGraph, service: FakeConnector, make_notifier: Make) -> House:
    """Four approvers."""
    return House(graph, service, make_notifier, *NAMES)


def answer(house: House, name: str, response: HttpResponse | None) -> None:
    """How the chat with one of them answers from now on, none for as usual."""
    house.service.answer_those_with(f'"members":[{{"id":"{house.people[name]}"', response)


def asked(house: House, name: str) -> int:
    """How often the chat with one of them was to be opened."""
    return sum(house.people[name].encode() in each.body for each in house.service.calls)


def told(house: House, name: str, device: str) -> bool:
    """Whether a card in the chat with one of them tells of a device."""
    return any(device in text(card) for card in house.chat(name))


@pytest.mark.parametrize(
    "first", [reply(502), connector_error(403, "Odd")], ids=["a gateway fails", "refused"]
)
@pytest.mark.parametrize("polls", [0, 40], ids=["at once", "for long"])
def test_a_chat_that_asks_for_no_wait_makes_no_other_ones_wait_everybodys(
    house: House, first: HttpResponse, polls: int
) -> None:
    """One is ill, and another one asks for an hour: those of all others take their cards at once."""
    ill, throttled, *healthy = sorted(NAMES)
    answer(house, ill, first)
    if polls:
        house.file()
        house.notifier.poll_each(MINUTE, polls)
        house.service.end_chat(house.people[throttled])
    answer(house, throttled, THROTTLED)
    request = house.file()

    house.notifier.poll_each(MINUTE, 2)

    assert [told(house, each, request["payloadName"]) for each in healthy] == [True, True]


def test_a_wait_is_kept_though_what_found_it_is_outdated(house: House) -> None:
    """Each request of three is approved meanwhile: the chat is left alone all the same, and told then."""
    requests = [house.file() for _ in range(3)]
    answer(house, AIKO, THROTTLED)
    house.notifier.poll()
    for each in requests:
        house.approve(each)
        house.notifier.poll_each(MINUTE, 3)
    calls = asked(house, AIKO)
    answer(house, AIKO, None)
    house.notifier.poll_each(10 * MINUTE, 6)

    assert calls == 1
    assert all(told(house, AIKO, each["payloadName"]) for each in requests)


@pytest.mark.parametrize("digest_above", ["100", "5"], ids=["cards", "a digest"])
def test_a_chat_that_asks_for_an_hour_each_time_is_asked_once_an_hour(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make, digest_above: str
) -> None:
    """However much waits for its person, and though others are told meanwhile."""
    house = House(graph, service, make_notifier, *NAMES)
    house.notifier = make_notifier(**house.settings, MAA_DIGEST_ABOVE=digest_above)
    for _ in range(8):
        house.file()
    answer(house, AIKO, THROTTLED)
    house.notifier.poll()
    calls = [asked(house, AIKO)]
    for _ in range(4):
        house.file()
        house.notifier.poll_each(5 * MINUTE, 12)
        calls.append(asked(house, AIKO))

    assert calls[-1] in {4, 5}
    assert not house.chat(AIKO)


def test_whoever_tries_again_by_hand_ends_the_wait_of_a_chat_that_is_ill_for_long(house: House) -> None:
    """It was asked for again and again while others took theirs."""
    request = house.file()
    answer(house, AIKO, THROTTLED)
    house.notifier.poll()
    house.notifier.poll_each(5 * MINUTE, 26)
    answer(house, AIKO, None)

    house.notifier.app.store.outbox.clear_retry_after()
    house.notifier.poll_after(MINUTE)

    assert told(house, AIKO, request["payloadName"])


@pytest.mark.parametrize("response", [reply(502), THROTTLED], ids=["no answer", "a wait"])
def test_a_digest_stays_whole_where_only_the_chat_is_ill(house: House, response: HttpResponse) -> None:
    """Mended, it takes the one that went ahead to learn that, and all others in one card."""
    requests = [house.file() for _ in range(12)]
    answer(house, AIKO, response)
    house.notifier.poll_each(5 * MINUTE, 36)
    answer(house, AIKO, None)
    house.notifier.poll_each(10 * MINUTE, 24)

    assert len(house.chat(AIKO)) <= 2
    assert all(told(house, AIKO, each["payloadName"]) for each in requests)


@pytest.mark.parametrize(
    "response", [reply(503), connector_error(403, "Odd"), THROTTLED], ids=["503", "403", "a wait"]
)
def test_an_ill_one_is_found_in_a_digest_in_a_chat(house: House, response: HttpResponse) -> None:
    """Others are told meanwhile, and so is this person of all that is not ill itself."""
    house.service.answer_those_with("ILL-ONE", response)
    requests = [house.file(payloadName=f"{'ILL-ONE' if each == 3 else 'WELL'}-{each}") for each in range(9)]

    # A day and more: each try may wait for an hour, and the ill one may be the first that goes ahead.
    house.notifier.poll_each(30 * MINUTE, 60)

    untold = [each["payloadName"] for each in requests if not told(house, AIKO, each["payloadName"])]
    assert untold == ["ILL-ONE-3"]


def test_an_ill_one_is_found_in_the_digest_of_the_only_chat(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """Nobody else is told who could show that the bot works: the wait is that person's, or the one card's."""
    house = House(graph, service, make_notifier, AIKO)
    service.answer_those_with("ILL-ONE", THROTTLED)
    requests = [house.file(payloadName=f"{'ILL-ONE' if each == 3 else 'WELL'}-{each}") for each in range(9)]

    house.notifier.poll_each(30 * MINUTE, 60)

    untold = [each["payloadName"] for each in requests if not told(house, AIKO, each["payloadName"])]
    assert untold == ["ILL-ONE-3"]
