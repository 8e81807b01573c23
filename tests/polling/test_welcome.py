"""What a destination is told that is new in the settings, and one that comes back."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from maa_notify.demo.tenant import wire_time
from maa_notify.errors import StateError
from maa_notify.storage.records import DESTINATION, MARK, PAST, SENT
from maa_notify.storage.rows import Write
from maa_notify.storage.store import StateStore
from tests.support.cards import strip, text
from tests.support.channels import FakeBotChannel
from tests.support.connector import GENERAL, FakeConnector
from tests.support.cut_off import CutOff
from tests.support.graph import FakeGraph, make_request
from tests.support.meanwhile import Meanwhile
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams, ReadForNews
from tests.support.wire import reply

Make = Callable[..., Notifier]
MINUTE = 60


@pytest.fixture
def teams() -> Iterator[ReadForNews]:
    """Alarms have tests of their own."""
    with ReadForNews() as channels:
        yield channels


def poll_cut_off(notifier: Notifier, begins: Callable[[Sequence[Write]], bool]) -> None:
    """Polls with a store that is away from a transaction on, and is back after that poll."""
    well = notifier.app.store
    notifier.app.store = StateStore(CutOff(well.rows, begins))
    with pytest.raises(StateError):
        notifier.poll()
    notifier.app.store = well


def with_destinations(teams: FakeTeams, *names: str) -> dict[str, str]:
    """The setting of these channels, each of which gets everything."""
    found = [{"name": name, "webhook_url": teams.url_for(name)} for name in names]
    return {"MAA_DESTINATIONS": json.dumps(found)}


def old_and_away(teams: FakeTeams, service: FakeConnector, way: str) -> tuple[dict[str, str], dict[str, str]]:
    """The settings with the channels `old` and `away`, the latter by this way, and with `old` alone."""
    old = {"name": "old", "webhook_url": teams.url_for("old")}
    away = {"name": "away", "webhook_url": teams.url_for("away")}
    bot = FakeBotChannel(service).settings if way == "bot" else {}
    if way == "bot":
        [away] = json.loads(bot["MAA_DESTINATIONS"])
    both, only_old = ({**bot, "MAA_DESTINATIONS": json.dumps(each)} for each in ([old, away], [old]))
    return both, only_old


def two_that_know(graph: FakeGraph, teams: FakeTeams, make: Make) -> tuple[Notifier, dict[str, Any]]:
    """A notifier whose channels `old` and `away` were told of one open request, and that request."""
    request = make_request(now=make().clock.now())
    graph.requests = [request]
    both = make(**with_destinations(teams, "old", "away"))
    both.poll_each(10 * MINUTE, 3)
    return both, request


def many(now: datetime) -> list[dict[str, Any]]:
    """A hundred and twenty open requests, each about a device whose name is in no other's."""
    return [make_request(now=now, payloadName=f"CONTOSO-LT-{number:03}") for number in range(120)]


def test_a_new_destination_is_told_what_is_open_as_one_digest_once(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """Three open requests are one card there; nobody else hears again, and what is over is not told."""
    now = make_notifier().clock.now()
    waiting = [make_request(now=now) for _ in range(2)]
    approved, over = make_request(now=now, status="approved"), make_request(now=now, status="completed")
    graph.requests = [*waiting, approved, over]
    make_notifier(**with_destinations(teams, "old")).poll_each(MINUTE, 2)
    before = len(teams.cards)

    later = make_notifier(**with_destinations(teams, "old", "new"))
    reports = later.poll_each(MINUTE, 3)

    [card] = teams.cards_in("new")
    shown = [each["payloadName"] in text(card) for each in graph.requests]
    assert shown == [True, True, True, False]
    assert (len(teams.cards), [each.events for each in reports]) == (before + 1, [0, 0, 0])


def test_what_happens_at_that_moment_is_told_once(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """A request that is decided with the very poll that meets the new destination comes as decided only."""
    request = make_request(now=make_notifier().clock.now())
    graph.requests = [request]
    make_notifier(**with_destinations(teams, "old")).poll()
    request["status"] = "rejected"

    make_notifier(**with_destinations(teams, "old", "new")).poll_each(MINUTE, 2)

    [card] = teams.cards_in("new")
    assert "Rejected" in text(card)


def test_many_open_requests_are_told_to_a_new_destination(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """A hundred and twenty are more than one card or one transaction holds: each is told once."""
    graph.requests = many(make_notifier().clock.now())
    make_notifier(**with_destinations(teams, "old")).poll_each(MINUTE, 10)

    later = make_notifier(**with_destinations(teams, "old", "new"))
    later.poll_each(MINUTE, 3)

    sent = [each.notification for each in later.app.store.journal.read_sent()]
    told = [
        each.event.subject_id for each in sent if each.destination == "new" and each.event.name != "alarm"
    ]
    assert sorted(told) == sorted(each["id"] for each in graph.requests)
    assert len(teams.cards_in("new")) <= 6


def test_a_destination_that_comes_back_is_not_new(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """Taken out of the settings for a while and put back: what it heard before is not told again."""
    graph.requests = [make_request(now=make_notifier().clock.now())]
    both = with_destinations(teams, "old", "comes and goes")
    make_notifier(**both).poll()
    make_notifier(**with_destinations(teams, "old")).poll_each(MINUTE, 2)

    make_notifier(**both).poll_each(MINUTE, 2)

    assert len(teams.cards_in("comes and goes")) == 1


def test_a_new_destination_waits_for_a_list_that_can_be_read(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """Graph fails with the very poll that meets the new destination: it is told by the next one."""
    request = make_request(now=make_notifier().clock.now())
    graph.requests = [request]
    make_notifier(**with_destinations(teams, "old")).poll_each(MINUTE, 2)
    later = make_notifier(**with_destinations(teams, "old", "new"))
    graph.fail_next(*[reply(500)] * 3)

    reports = later.poll_each(MINUTE, 2)

    assert [report.failure is None for report in reports] == [False, True]
    assert [request["payloadName"] in text(card) for card in teams.cards_in("new")] == [True]


def test_what_a_poll_left_unposted_is_told_to_a_new_destination_once(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """The poll that meets it ends with part of the news recorded: the next one tells each request once."""
    graph.requests = many(make_notifier().clock.now())
    make_notifier(**with_destinations(teams, "old")).poll_each(MINUTE, 10)
    for request in graph.requests[::2]:
        request["status"] = "approved"
    later = make_notifier(**with_destinations(teams, "old", "new"))
    transactions = count(1)
    poll_cut_off(later, lambda _: next(transactions) > 1)

    later.poll_each(MINUTE, 10)

    cards = [text(card) for card in teams.cards_in("new")]
    assert [sum(each["payloadName"] in card for card in cards) for each in graph.requests] == [1] * 120


@pytest.mark.parametrize("events", [["created"], []])
def test_a_reminder_does_not_keep_a_new_destination_from_hearing(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, events: list[str]
) -> None:
    """A reminder is due with the very poll that meets it: what is open is told in its place."""
    now, day = make_notifier().clock.now(), timedelta(days=1)
    request = make_request(now=now, expirationDateTime=wire_time(now + day))
    graph.requests = [request]
    make_notifier(**with_destinations(teams, "old"), MAA_REMINDERS="50%").poll()
    old, new = json.loads(with_destinations(teams, "old", "new")["MAA_DESTINATIONS"])
    both = json.dumps([old, {**new, "events": events}])

    make_notifier(MAA_DESTINATIONS=both, MAA_REMINDERS="50%").poll_each(day.total_seconds() * 0.6, 1)

    assert [strip(card).split(" ·")[0] for card in teams.cards_in("new")] == ["Needs approval"]
    assert "Reminder" in strip(teams.cards_in("old")[-1])


def test_a_second_name_for_a_channel_is_not_new(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """What is open stands there already, under the other name."""
    graph.requests = [make_request(now=make_notifier().clock.now())]
    make_notifier().poll_each(MINUTE, 2)
    again = [{"name": "again", "webhook_url": teams.url, "policy_types": ["script"]}]

    make_notifier(MAA_DESTINATIONS=json.dumps(again)).poll_each(MINUTE, 3)

    assert len(teams.cards) == 1


@pytest.mark.parametrize("way", ["webhook", "bot"])
def test_a_destination_that_comes_back_hears_what_changed_while_it_was_away(
    graph: FakeGraph, teams: FakeTeams, service: FakeConnector, make_notifier: Make, way: str
) -> None:
    """Decided, filed, filed and over meanwhile: the first two are told once, a bot's card is put right."""
    both, only_old = old_and_away(teams, service, way)
    clock = make_notifier(**both).clock
    decided, untouched = make_request(now=clock.now()), make_request(now=clock.now())
    graph.requests = [decided, untouched]
    make_notifier(**both).poll_each(MINUTE, 2)
    make_notifier(**only_old).poll_each(10 * MINUTE, 2)
    decided |= {"status": "rejected", "lastModifiedDateTime": wire_time(clock.now())}
    filed, over = make_request(now=clock.now()), make_request(now=clock.now(), status="cancelled")
    graph.requests += [filed, over]
    make_notifier(**only_old).poll_each(10 * MINUTE, 2)
    before = len(service.cards_in(GENERAL) if way == "bot" else teams.cards_in("away"))

    make_notifier(**both).poll_each(MINUTE, 3)

    cards = [text(card) for card in (service.cards_in(GENERAL) if way == "bot" else teams.cards_in("away"))]
    shown = [sum(each["payloadName"] in card for card in cards) for each in graph.requests]
    assert before == 2
    assert shown == ([1, 1, 1, 0] if way == "bot" else [2, 1, 1, 0])
    assert [card for card in cards if decided["payloadName"] in card][-1].count("Rejected") >= 1


@pytest.mark.parametrize("way", ["webhook", "bot"])
@pytest.mark.parametrize("ends", [True, False], ids=["decided and then gone", "gone while it was open"])
def test_a_destination_that_comes_back_hears_what_left_the_list_while_it_was_away(
    graph: FakeGraph, teams: FakeTeams, service: FakeConnector, make_notifier: Make, way: str, *, ends: bool
) -> None:
    """Once, or its card would wait for a decision for ever."""
    both, only_old = old_and_away(teams, service, way)
    clock = make_notifier(**both).clock
    gone, untouched = make_request(now=clock.now()), make_request(now=clock.now())
    graph.requests = [gone, untouched]
    make_notifier(**both).poll_each(MINUTE, 2)
    alone = make_notifier(**only_old)
    if ends:
        gone |= {"status": "rejected", "lastModifiedDateTime": wire_time(clock.now())}
    alone.poll_after(MINUTE)
    graph.requests = [untouched]
    alone.poll_each(MINUTE, 3)

    make_notifier(**both).poll_each(MINUTE, 3)

    cards = [text(card) for card in (service.cards_in(GENERAL) if way == "bot" else teams.cards_in("away"))]
    told = [card for card in cards if gone["payloadName"] in card]
    assert len(told) == (1 if way == "bot" else 2)
    assert ("Rejected" if ends else "No longer listed") in told[-1]
    assert sum(untouched["payloadName"] in card for card in cards) == 1


@pytest.mark.parametrize("wrong_polls", [1, 2], ids=["the last one with it", "the first one without it, too"])
def test_a_destination_that_left_by_a_wrong_clock_hears_what_it_missed(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, wrong_polls: int
) -> None:
    """It did not leave at a time that has not come yet."""
    both = make_notifier(**with_destinations(teams, "old", "away"))
    only_old = make_notifier(**with_destinations(teams, "old"))
    ahead = timedelta(days=50)
    both.poll()
    for wrong in (both, only_old)[:wrong_polls]:
        wrong.clock.advance(ahead)
        wrong.poll_after(MINUTE)
        wrong.clock.set_back(ahead)
    only_old.poll_after(MINUTE)
    missed = make_request(now=only_old.clock.now())
    graph.requests = [missed]
    only_old.poll_after(MINUTE)

    both.poll_each(MINUTE, 2)

    assert [missed["payloadName"] in text(card) for card in teams.cards_in("away")].count(True) == 1


def test_a_second_name_at_a_known_address_hears_what_the_first_one_does_not(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """The first takes wipes alone; what else is open is told under the new name, once, and no wipe again."""
    wipes = {"name": "wipes", "webhook_url": teams.url_for("shared"), "policy_types": ["deviceWipe"]}
    rest = {"name": "rest", "webhook_url": teams.url_for("shared"), "policy_types": ["deviceWipe", "script"]}
    now = make_notifier().clock.now()
    script = make_request(now=now, requiredOperationApprovalPolicyTypes=["script"])
    graph.requests = [make_request(now=now), script]
    make_notifier(MAA_DESTINATIONS=json.dumps([wipes])).poll_each(MINUTE, 2)

    make_notifier(MAA_DESTINATIONS=json.dumps([wipes, rest])).poll_each(MINUTE, 3)
    make_notifier(MAA_DESTINATIONS=json.dumps([rest])).poll_each(MINUTE, 3)

    cards = [text(card) for card in teams.cards_in("shared")]
    assert [sum(each["payloadName"] in card for card in cards) for each in graph.requests] == [1, 1]


@pytest.mark.parametrize("wrong", [timedelta(days=90), timedelta()], ids=["clock ahead", "clock right"])
def test_a_new_destination_is_told_once_though_the_poll_that_told_it_was_cut_off(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, wrong: timedelta
) -> None:
    """The card was posted, the mark of that poll was not written, and the next one may have a wrong clock."""
    request = make_request(now=make_notifier().clock.now())
    graph.requests = [request]
    make_notifier(**with_destinations(teams, "old")).poll_each(MINUTE, 2)
    later = make_notifier(**with_destinations(teams, "old", "new"))
    poll_cut_off(later, lambda changes: any(each.key.startswith(MARK) for each in changes))
    before = len(teams.cards_in("new"))
    later.clock.advance(wrong)

    later.poll_each(MINUTE, 2)

    told = [request["payloadName"] in text(card) for card in teams.cards_in("new")]
    assert (before, told.count(True)) == (1, 1)


def test_two_pollers_tell_once_what_left_the_list_while_a_destination_was_away(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """One reads what is known after the other recorded it, and before that one has posted it."""
    both, request = two_that_know(graph, teams, make_notifier)
    only_old = make_notifier(**with_destinations(teams, "old"))
    request.update(status="rejected", lastModifiedDateTime=wire_time(both.clock.now()))
    only_old.poll_after(MINUTE)
    graph.requests = []
    only_old.poll_each(MINUTE, 3)
    other = both.another()

    def record() -> None:
        teams.answer_all(reply(403))
        other.poll()
        teams.answer_all(None)

    rows = Meanwhile(both.app.store.rows, before={PAST: record}, after={SENT: other.poll})
    both.app.store = StateStore(rows)
    both.poll_after(MINUTE)
    both.poll_each(MINUTE, 2)
    other.close()

    told = [text(card) for card in teams.cards_in("away") if request["payloadName"] in text(card)]
    assert [card.count("Rejected") > 0 for card in told] == [False, True]


def test_an_arrival_makes_no_poll_tell_anew_what_came_and_left_while_it_listed(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """To a slow poll it is new; others have told of it, and of its end."""
    only_old = make_notifier(**with_destinations(teams, "old"))
    only_old.poll()
    request = make_request(now=only_old.clock.now())
    graph.requests = [request]

    def come_and_leave() -> None:
        only_old.poll_after(1)
        request.update(status="rejected", lastModifiedDateTime=wire_time(only_old.clock.now()))
        only_old.poll_after(1)
        graph.requests = []
        only_old.poll_after(1)

    slow = make_notifier(**with_destinations(teams, "old", "new"))
    slow.app.store = StateStore(Meanwhile(slow.app.store.rows, before={PAST: come_and_leave}))
    slow.poll_after(MINUTE)
    slow.poll_each(MINUTE, 3)

    assert [strip(card) for card in teams.cards_in("old")] == ["Needs approval · High risk", "Rejected"]
    assert teams.cards_in("new") == []


def test_a_destination_that_comes_back_hears_what_a_poll_told_that_was_cut_off(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """The only poll without it recorded a decision, and ended before it could note who was there."""
    both, request = two_that_know(graph, teams, make_notifier)
    request.update(status="rejected", lastModifiedDateTime=wire_time(both.clock.now()))
    poll_cut_off(
        make_notifier(**with_destinations(teams, "old")),
        lambda changes: any(each.key.startswith(DESTINATION) for each in changes[:1]),
    )

    both.poll_each(MINUTE, 2)

    told = ["Rejected" in text(card) for card in teams.cards_in("away")]
    assert told.count(True) == 1


def test_a_destination_that_comes_back_hears_nothing_again_for_another_time_of_change(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """While it was away Intune told a new time of change, and the status that it knows."""
    both, request = two_that_know(graph, teams, make_notifier)
    make_notifier(**with_destinations(teams, "old")).poll_after(MINUTE)
    request["lastModifiedDateTime"] = wire_time(both.clock.now())

    both.poll_each(MINUTE, 2)

    assert len(teams.cards_in("away")) == 1


def test_a_destination_that_comes_back_hears_what_was_found_late(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make
) -> None:
    """It left while Graph was down: what was decided before, and found only while it was away, is told."""
    request = make_request(now=make_notifier().clock.now())
    graph.requests = [request]
    both = make_notifier(**with_destinations(teams, "old", "away"))
    only_old = make_notifier(**with_destinations(teams, "old"))
    both.poll_after(MINUTE)
    both.clock.advance(MINUTE)
    request |= {"status": "rejected", "lastModifiedDateTime": wire_time(both.clock.now())}
    graph.fail_next(*[reply(500)] * 9)
    failures = [report.failure for report in both.poll_each(20 * MINUTE, 3)]
    only_old.poll_each(MINUTE, 2)

    both.poll_each(MINUTE, 2)

    assert None not in failures
    assert [strip(card).split(" ·")[0] for card in teams.cards_in("away")] == ["Needs approval", "Rejected"]


@pytest.mark.parametrize("times", [{}, {"requestDateTime": None}], ids=["filed before", "nobody knows when"])
def test_a_destination_that_comes_back_hears_no_history(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, times: dict[str, Any]
) -> None:
    """What was over when the notifier began, a minute before it left, is no news then either."""
    graph.requests = [make_request(now=make_notifier().clock.now(), status="rejected", **times)]
    both = make_notifier(**with_destinations(teams, "old", "away"))
    both.poll_after(MINUTE)
    make_notifier(**with_destinations(teams, "old")).poll_each(MINUTE, 2)

    both.poll_each(MINUTE, 2)

    assert teams.cards == []


@pytest.mark.parametrize("is_dated", [True, False])
def test_a_destination_for_decisions_that_comes_back_hears_one_of_what_it_was_never_told(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Make, *, is_dated: bool
) -> None:
    """It hears of rejections alone: one that came while it was away, and none that came before.

    By the time that Intune tells, or by that of the poll which found it.
    """
    before, during = (make_request(now=make_notifier().clock.now()) for _ in range(2))
    graph.requests = [before, during]
    [old, away] = json.loads(with_destinations(teams, "old", "away")["MAA_DESTINATIONS"])
    with_away = make_notifier(MAA_DESTINATIONS=json.dumps([old, {**away, "events": ["rejected"]}]))
    only_old = make_notifier(MAA_DESTINATIONS=json.dumps([old]))
    with_away.poll_each(MINUTE, 2)
    for request in (before, during):
        notifier = with_away if request is before else only_old
        notifier.poll_after(10 * MINUTE)
        changed_at = wire_time(notifier.clock.now()) if is_dated else None
        request |= {"status": "rejected", "lastModifiedDateTime": changed_at}
        notifier.poll_after(10 * MINUTE)
    assert len(teams.cards_in("away")) == 1

    with_away.poll_each(MINUTE, 2)

    told = [text(card) for card in teams.cards_in("away")]
    assert [sum(each["payloadName"] in card for card in told) for each in (before, during)] == [1, 1]
