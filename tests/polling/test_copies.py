"""Copies of one request that contradict each other at the same moment are one piece of news."""

from datetime import timedelta
from itertools import cycle

import pytest

from tests.support.cards import strip
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

MINUTE = 60.0


@pytest.mark.parametrize(
    "statuses", [("needsApproval", "approved"), ("needsApproval", "approved", "rejected")]
)
@pytest.mark.parametrize("has_time", [True, False])
def test_copies_in_changing_order_are_one_piece_of_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, statuses: tuple[str, ...], has_time: bool
) -> None:
    """Ten polls with the copies in another order each: the card of the beginning and one change."""
    raw = make_request(now=notifier.clock.now())
    if not has_time:
        raw["lastModifiedDateTime"] = None
    graph.requests = [raw]
    notifier.poll()
    copies = [{**raw, "status": status} for status in statuses]
    for number in range(10):
        shift = number % len(copies)
        graph.requests = [*copies[shift:], *copies[:shift]]
        notifier.poll_after(MINUTE)

    assert len(teams.cards) == 2


def test_a_copy_that_comes_and_goes_is_one_piece_of_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A list with both copies, then with the old one alone, and again: the old one is no step back."""
    raw = make_request(now=notifier.clock.now())
    graph.requests = [raw]
    notifier.poll()
    for _ in range(5):
        graph.requests = [raw, {**raw, "status": "approved"}]
        notifier.poll_after(MINUTE)
        graph.requests = [raw]
        notifier.poll_after(MINUTE)

    assert [strip(card).split(" ·")[0] for card in teams.cards[1:]] == ["Approved - Needs completion"]


@pytest.mark.parametrize("has_time", [True, False])
def test_a_list_and_a_look_up_that_contradict_each_other_are_one_piece_of_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, has_time: bool
) -> None:
    """The list says it waits, by its id it is approved, at the same moment: told once, as by its id."""
    raw = make_request(now=notifier.clock.now())
    if not has_time:
        raw["lastModifiedDateTime"] = None
    graph.requests = [raw]
    notifier.poll()
    graph.unlisted = [{**raw, "status": "approved"}]
    for listed in ([], [raw]) * 5:
        graph.requests = list(listed)
        notifier.poll_after(MINUTE)

    assert [strip(card).split(" ·")[0] for card in teams.cards[1:]] == ["Approved - Needs completion"]


def test_a_step_back_counts_once_the_list_had_agreed(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """The contradiction is over when both say the same, and what the list says then is news again."""
    raw = make_request(now=notifier.clock.now())
    graph.requests = [raw]
    notifier.poll()
    approved = {**raw, "status": "approved"}
    graph.unlisted = [approved]
    for listed in ([], [raw], [approved], [raw]):
        graph.requests = list(listed)
        notifier.poll_after(MINUTE)

    assert len(teams.cards) == 3


def test_what_a_look_up_tells_is_news_though_another_one_overruled_it(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Approved and taken back with the time unmoved, while the list omits the request: both are told."""
    raw = make_request(now=notifier.clock.now())
    graph.requests = [raw]
    notifier.poll()
    graph.requests = []
    for status in ("approved", "needsApproval", "approved"):
        graph.unlisted = [{**raw, "status": status}]
        notifier.poll_each(MINUTE, 2)

    assert [strip(card).split(" ·")[0] for card in teams.cards] == [
        "Needs approval",
        "Approved - Needs completion",
        "Needs approval",
        "Approved - Needs completion",
    ]


@pytest.mark.parametrize("last", ["needsApproval", "approved"])
def test_a_list_that_is_two_look_ups_behind_is_no_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, last: str
) -> None:
    """Whichever of the statuses of that moment the list comes back with, the last look-up counts."""
    raw = make_request(now=notifier.clock.now())
    graph.requests = [raw]
    notifier.poll()
    graph.requests = []
    for status in ("approved", "rejected"):
        graph.unlisted = [{**raw, "status": status}]
        notifier.poll_after(MINUTE)
    graph.requests = [{**raw, "status": last}]
    notifier.poll_each(MINUTE, 2)

    assert [strip(card).split(" ·")[0] for card in teams.cards[2:]] == ["Rejected"]


def test_a_look_up_with_a_newer_time_ends_the_contradiction(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """What was overruled for one moment is news when a list tells it for that later one."""
    raw = make_request(now=notifier.clock.now())
    graph.requests = [raw]
    notifier.poll()
    graph.requests, graph.unlisted = [], [{**raw, "status": "approved"}]
    notifier.poll_after(MINUTE)
    newer = make_request(now=notifier.clock.now(), age=timedelta(), id=raw["id"])
    graph.unlisted = [{**newer, "status": "approved"}]
    notifier.poll_after(MINUTE)
    graph.requests = [newer]
    notifier.poll_after(MINUTE)

    assert [strip(card).split(" ·")[0] for card in teams.cards[2:]] == ["Needs approval"]


def test_a_newer_time_ends_the_contradiction(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """A status that was overruled for one moment is news at a later one."""
    raw = make_request(now=notifier.clock.now())
    graph.requests = [raw]
    notifier.poll()
    graph.requests = [raw, {**raw, "status": "approved"}]
    notifier.poll_after(MINUTE)
    graph.requests = [make_request(now=notifier.clock.now(), age=timedelta(), id=raw["id"])]
    notifier.poll_after(MINUTE)

    assert [strip(card).split(" ·")[0] for card in teams.cards[2:]] == ["Needs approval"]


def test_copies_that_differ_in_a_note_are_no_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Nothing is told, and nothing is written again and again."""
    raw = make_request(now=notifier.clock.now())
    one, other = {**raw, "requestJustification": "one"}, {**raw, "requestJustification": "other"}
    graph.requests = [one, other]
    notifier.poll()
    before = notifier.app.store.requests.read_snapshot().tracked
    for order, _ in zip(cycle(([one, other], [other, one])), range(6), strict=False):
        graph.requests = order
        notifier.poll_after(MINUTE)

    assert notifier.app.store.requests.read_snapshot().tracked == before
    assert len(teams.cards) == 1
