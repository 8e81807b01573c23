"""One ill card, or one person's chat, holds up nothing that is healthy."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.cards import strip, text
from tests.support.channels import FakeBotChannel
from tests.support.connector import GENERAL, FakeConnector, connector_error
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, close_without_answer, reply

Make = Callable[..., Notifier]
MINUTE = 60
MIRA = "a1f4c0de-0001-4c1e-8f00-000000000001"
JONAS = "a1f4c0de-0001-4c1e-8f00-000000000002"


THROTTLED = reply(429, headers={"Retry-After": "3600"})


def approved(notifier: Notifier, person: str) -> dict[str, Any]:
    """A raw request that a person filed and that was approved."""
    requestor = {"user": {"id": person, "displayName": "Somebody", "Upn": f"{person[-4:]}@contoso.com"}}
    return make_request(now=notifier.clock.now(), requestor=requestor, status="approved")


def chat_of(person: str) -> str:
    """What a request to open the chat with a person holds."""
    return f'"members":[{{"id":"{person}"'


def asked_of(service: FakeConnector, person: str) -> int:
    """How often the chat with a person was to be opened."""
    return sum(chat_of(person).encode() in each.body for each in service.calls)


def ill(notifier: Notifier, **fields: Any) -> dict[str, Any]:
    """A raw request whose cards are known by its device."""
    return make_request(now=notifier.clock.now(), payloadName="ILL-ONE", **fields)


def named(cards: list[dict[str, Any]], request: dict[str, Any]) -> int:
    """How many of these cards tell of a request."""
    return sum(request["payloadName"] in text(card) for card in cards)


@pytest.mark.parametrize(
    "answer",
    [reply(500), reply(503), reply(403), reply(404), reply(409), close_without_answer()],
    ids=["500", "503", "403", "404", "409", "no answer"],
)
def test_one_ill_card_holds_up_nothing_else(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, answer: HttpResponse
) -> None:
    """News behind it come with the next poll, so does what is filed later; the ill one comes in the end."""
    first = ill(notifier)
    graph.requests = [first]
    teams.answer_those_with("ILL-ONE", answer)
    notifier.poll_each(MINUTE, 3)
    healthy = [make_request(now=notifier.clock.now()) for _ in range(3)]
    graph.requests += healthy

    notifier.poll_after(MINUTE)
    behind = [named(teams.cards, each) for each in healthy]
    late = make_request(now=notifier.clock.now())
    graph.requests.append(late)
    notifier.poll_after(MINUTE)
    teams.answer_those_with("ILL-ONE", None)
    report = notifier.poll_each(15 * MINUTE, 60)[-1]

    assert behind == [1, 1, 1]
    assert (named(teams.cards, late), named(teams.cards, first), report.pending) == (1, 1, 0)


@pytest.mark.parametrize("digest_above,polls", [("100", 11), ("5", 22)], ids=["cards", "a digest"])
def test_what_failed_often_in_an_outage_does_not_wait_until_many_ill_ones_have(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, digest_above: str, polls: int
) -> None:
    """It has its turn among eleven, one message a poll; a digest is tried as a whole between its members."""
    notifier = make_notifier(MAA_DIGEST_ABOVE=digest_above)
    healthy = make_request(now=notifier.clock.now())
    graph.requests = [healthy]
    teams.answer_all(reply(503))
    notifier.poll_each(10 * MINUTE, 30)
    graph.requests += [ill(notifier) for _ in range(10)]
    notifier.poll_each(10 * MINUTE, 4)
    teams.answer_all(None)
    teams.answer_those_with("ILL-ONE", reply(503))

    notifier.poll_each(10 * MINUTE, polls)

    assert named(teams.cards, healthy) == 1


def test_the_healthy_one_of_a_digest_has_its_turn_whatever_the_others_are_answered(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A refused card is tried twice in a poll, in its full and its plain form: that skips nobody's turn."""
    answers = (400, 404, 404, 404, 404)
    requests = [
        make_request(now=notifier.clock.now(), payloadName=f"ILL-{number}") for number in range(len(answers))
    ]
    for request, status in zip(requests, answers, strict=True):
        teams.answer_those_with(request["payloadName"], reply(status))
    healthy = make_request(now=notifier.clock.now())
    graph.requests = [*requests, healthy]

    notifier.poll_each(10 * MINUTE, 20)

    assert named(teams.cards, healthy) == 1


def test_a_wait_that_one_card_asks_for_is_its_own_once_others_are_taken(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Its `Retry-After` counts for the channel once, an hour at most, and for the card alone ever after."""
    graph.requests = [ill(notifier)]
    teams.answer_those_with("ILL-ONE", reply(429, headers={"Retry-After": "3600"}))
    notifier.poll()
    waits = []
    for _ in range(4):
        graph.requests.append(make_request(now=notifier.clock.now()))
        began = notifier.clock.now()
        while named(teams.cards, graph.requests[-1]) == 0:
            notifier.poll_after(MINUTE)
        waits.append((notifier.clock.now() - began).total_seconds())

    assert waits[0] <= 3_700
    assert waits[1] <= 3_700
    assert waits[2:] == [MINUTE, MINUTE]


def test_an_ill_card_is_said_once_and_the_channel_does_not_count_as_failing(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """Two days of it: one line for the card, and no coming and going of the channel."""
    graph.requests = [ill(notifier)]
    teams.answer_those_with("ILL-ONE", reply(503))
    notifier.poll()
    for _ in range(48):
        graph.requests.append(make_request(now=notifier.clock.now()))
        notifier.poll_after(60 * MINUTE)
    report = notifier.poll_after(MINUTE)
    lines = [record.getMessage().split()[0] for record in caplog.records]

    assert (report.pending, report.refused) == (1, ("default",))
    counted = [lines.count(each) for each in ("deliver.ill", "deliver.failing", "deliver.recovered")]
    assert counted == [1, 1, 1]


def test_later_news_of_an_ill_card_go_ahead_after_an_hour_and_it_says_that_it_comes_late(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Better late and out of order than never: approved is told, and the older card says that it is older."""
    request = ill(notifier)
    graph.requests = [request]
    teams.answer_those_with("Needs approval", reply(503))
    notifier.poll()
    for _ in range(9):
        graph.requests.append(make_request(now=notifier.clock.now(), status="rejected"))
        notifier.poll_after(10 * MINUTE)
    request["status"] = "approved"
    early = [strip(card) for card in teams.cards if "ILL-ONE" in text(card)]
    notifier.poll_each(10 * MINUTE, 3)
    teams.answer_those_with("Needs approval", None)
    notifier.poll_each(10 * MINUTE, 3)

    told = [card for card in teams.cards if "ILL-ONE" in text(card)]
    assert early == []
    assert [strip(card).split(" ·")[0] for card in told] == ["Approved - Needs completion", "Needs approval"]
    assert ["comes late" in text(card) for card in told] == [False, True]


@pytest.mark.parametrize("status", [503, 403, 400])
def test_a_reminder_that_waits_keeps_no_later_news_back(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, status: int
) -> None:
    """It waits for an ill card; once the request is approved, there is nothing to remind of."""
    notifier = make_notifier(MAA_REMINDERS="25%")
    deadline = (notifier.clock.now() + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = ill(notifier, expirationDateTime=deadline)
    graph.requests = [request]
    teams.answer_those_with("Needs approval", reply(status))
    for _ in range(30):
        graph.requests.append(make_request(now=notifier.clock.now(), status="rejected"))
        notifier.poll_after(10 * MINUTE)
    waiting = notifier.poll_after(MINUTE).pending
    request["status"] = "approved"
    notifier.poll_after(10 * MINUTE)
    teams.answer_those_with("Needs approval", None)
    notifier.poll_each(10 * MINUTE, 12)

    told = [strip(card).split(" ·")[0] for card in teams.cards if "ILL-ONE" in text(card)]
    assert waiting == 2, "the card and its reminder"
    assert told == ["Approved - Needs completion", "Needs approval"]


def test_cards_that_are_refused_do_not_use_up_the_tries_of_others(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """Behind forty cards that are refused in both forms a healthy one comes within five polls."""
    notifier = make_notifier(MAA_DIGEST_ABOVE="100")
    graph.requests = [
        make_request(now=notifier.clock.now(), payloadName=f"ILL-{number}") for number in range(40)
    ]
    healthy = make_request(now=notifier.clock.now(), age=timedelta())
    graph.requests.append(healthy)
    teams.answer_those_with("ILL-", reply(400))

    polls = 0
    while named(teams.cards, healthy) == 0:
        notifier.poll_after(MINUTE)
        polls += 1

    assert polls <= 5


def test_an_address_that_refuses_every_card_is_blamed_itself_and_cards_stay_whole(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is taken in any form: the channel fails, loudly; mended, it gets cards in full and in order."""
    requests = [make_request(now=notifier.clock.now()) for _ in range(2)]
    graph.requests = requests
    teams.answer_all(reply(400, json={"error": {"code": "NeverHeardOf"}}))
    notifier.poll_each(MINUTE, 3)
    requests[0]["status"] = "approved"
    during = notifier.poll_after(MINUTE)
    teams.answer_all(None)

    after = notifier.poll_after(MINUTE)

    assert any(
        "deliver.failing" in each.message and "nor any other" in each.message for each in caplog.records
    )
    assert (during.pending, during.refused) == (3, ("default",))
    assert (after.pending, len(teams.cards)) == (0, 3)
    assert all(requests[0]["requestJustification"] in text(card) for card in teams.cards)
    mine = [card for card in teams.cards if requests[0]["payloadName"] in text(card)]
    assert [strip(card).split(" ·")[0] for card in mine] == ["Needs approval", "Approved - Needs completion"]


@pytest.mark.parametrize("status", [503, 403, 400])
def test_news_of_one_request_come_in_order_after_a_long_outage(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, status: int
) -> None:
    """Also where the first of them had failed for longer than an hour."""
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(2)]
    teams.answer_all(reply(status))
    notifier.poll_each(MINUTE, 70)
    for each in graph.requests:
        each["status"] = "approved"
    notifier.poll_each(MINUTE, 10)
    teams.answer_all(None)

    notifier.poll_each(MINUTE, 3)

    for each in graph.requests:
        mine = [card for card in teams.cards if each["payloadName"] in text(card)]
        told = [strip(card).split(" ·")[0] for card in mine]
        assert told == ["Needs approval", "Approved - Needs completion"]


def test_one_ill_chat_holds_up_no_other(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """One person's chat answers 502; everybody else is told with the next poll, however much waits."""
    notifier = make_notifier(**FakeBotChannel(service).settings, MAA_REQUESTOR_CHAT="true")
    graph.requests = [approved(notifier, MIRA)]
    service.answer_those_with(chat_of(MIRA), connector_error(502, "BadGateway"))
    notifier.poll()
    untold = []
    for _ in range(12):
        graph.requests += [approved(notifier, MIRA), approved(notifier, JONAS)]
        notifier.poll_after(MINUTE)
        jonas = [each for each in graph.requests if JONAS in json.dumps(each["requestor"])]
        untold.append(len(jonas) - sum(named(service.chat_with(JONAS), each) for each in jonas))

    assert untold[2:] == [0] * 10


def test_a_wait_that_one_chat_asks_for_is_its_own(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """One person's chat asks for an hour: others are told at once, and that chat is not asked before."""
    notifier = make_notifier(**FakeBotChannel(service).settings, MAA_REQUESTOR_CHAT="true")
    graph.requests = [approved(notifier, MIRA) for _ in range(3)] + [approved(notifier, JONAS)]
    service.answer_those_with(chat_of(MIRA), THROTTLED)
    notifier.poll()
    told_at_once = len(service.chat_with(JONAS))
    asked = asked_of(service, MIRA)
    notifier.poll_each(MINUTE, 50)
    asked_again = asked_of(service, MIRA) - asked
    service.answer_those_with(chat_of(MIRA), None)
    notifier.poll_each(5 * MINUTE, 4)

    assert (told_at_once, asked, asked_again) == (1, 1, 0)
    assert [named(service.chat_with(MIRA), each) for each in graph.requests] == [1, 1, 1, 0]


def test_a_second_chat_that_asks_for_a_wait_speaks_for_all(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """The bot as a whole has a limit, too: who else waits is not asked one by one."""
    people = [f"a1f4c0de-0001-4c1e-8f00-0000000000{number:02}" for number in range(10, 30)]
    notifier = make_notifier(**FakeBotChannel(service).settings, MAA_REQUESTOR_CHAT="true")
    graph.requests = [approved(notifier, each) for each in people]
    service.answer_those_with('"members":[{"id":', THROTTLED)
    notifier.poll_each(MINUTE, 30)
    asked = sum(asked_of(service, each) for each in people)
    service.answer_those_with('"members":[{"id":', None)
    notifier.poll_each(10 * MINUTE, 6)

    assert asked == 2
    assert [len(service.chat_with(each)) for each in people] == [1] * len(people)


def test_one_old_card_that_may_not_be_changed_does_not_stop_the_channel(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """The bot's change of one card answers 403 for ever: new requests get their cards with the next poll."""
    notifier = make_notifier(**FakeBotChannel(service).settings)
    old = ill(notifier)
    graph.requests = [old]
    notifier.poll()
    old["status"] = "approved"
    service.answer_those_with("ILL-ONE", connector_error(403, "NotEnoughPermissions"))
    notifier.poll_after(MINUTE)
    graph.requests.append(make_request(now=notifier.clock.now()))
    notifier.poll_after(MINUTE)
    graph.requests.append(make_request(now=notifier.clock.now()))
    notifier.poll_after(MINUTE)

    assert [named(service.cards_in(GENERAL), each) for each in graph.requests] == [1, 1, 1]
