"""Looking up by id what the list omits: one failure ends no other look-up, and everybody has a turn."""

from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest

from maa_notify.demo.graph_api import COLLECTION
from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.client import GraphClient
from maa_notify.graph.requests import parse_request
from tests.support.cards import strip
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import HttpResponse, reply

MINUTE = 60.0


def omitted(graph: FakeGraph, notifier: Notifier, count: int) -> list[dict[str, Any]]:
    """So many open requests that were told, and that the list omits from now on; sorted by id."""
    graph.requests = [make_request(now=notifier.clock.now()) for _ in range(count)]
    notifier.poll()
    graph.unlisted, graph.requests = sorted(graph.requests, key=lambda each: str(each["id"])), []
    return graph.unlisted


def asked(graph: FakeGraph) -> Counter[str]:
    """How often each request was looked up by its id."""
    paths = (call.path for call in graph.calls if call.path.startswith(f"{COLLECTION}/"))
    return Counter(path.removeprefix(f"{COLLECTION}/") for path in paths)


def approved(teams: FakeTeams) -> int:
    """How many approvals were told, alone or in a digest."""
    return sum(strip(card).startswith("Approved") for card in teams.cards)


@pytest.mark.parametrize(
    "answer",
    [
        reply(503),
        reply(403),
        reply(429, headers={"Retry-After": "30"}),
        reply(json={"id": "no status"}),
        reply(json={"id": "another", "status": "approved"}),
        reply(text="<html>"),
        reply(404, text="<html>"),
        reply(404),
        reply(410, json={"message": "no such host"}),
    ],
    ids=[
        "503",
        "403",
        "429",
        "malformed",
        "another request",
        "a web page",
        "a web page with 404",
        "404 without a word",
        "410 of something in between",
    ],
)
def test_one_look_up_that_fails_ends_no_other(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, answer: HttpResponse
) -> None:
    """The approvals of the others are told in the same poll, and the one in doubt is not called gone."""
    ill, *sound = omitted(graph, notifier, 4)
    for raw in sound:
        raw["status"] = "approved"
    for _ in range(3):
        graph.fail_next(answer, on=f"{COLLECTION}/{ill['id']}")
        notifier.poll_after(MINUTE)
        assert approved(teams) == 3

    assert len(teams.cards) == 7


@pytest.mark.parametrize("count,polls", [(20, 1), (21, 2), (45, 3)])
def test_everybody_has_a_turn(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, count: int, polls: int
) -> None:
    """Twenty are looked up in one poll, so an approval among any number is told after a twentieth as many."""
    requests = omitted(graph, notifier, count)
    requests[-1]["status"] = "approved"
    for _ in range(polls):
        notifier.poll_after(MINUTE)

    assert approved(teams) == 1
    assert set(asked(graph).values()) <= {1, 2}
    for raw in requests:
        raw["status"] = "completed"
    for _ in range(polls):
        notifier.poll_after(MINUTE)
    told = [entry.notification.event.name for entry in notifier.app.store.journal.read_sent()]
    assert told.count("completed") == count


def test_no_more_than_twenty_are_looked_up_in_one_poll(graph: FakeGraph, notifier: Notifier) -> None:
    """An empty list of a large tenant is no reason to ask Graph a thousand times."""
    omitted(graph, notifier, 50)

    notifier.poll_after(MINUTE)

    assert asked(graph).total() == 20


def test_only_what_is_missing_and_open_is_looked_up(graph: FakeGraph, notifier: Notifier) -> None:
    """What is listed is known, and a closed request that leaves the list is no news."""
    now = notifier.clock.now()
    kept, closed, gone = (
        make_request(now=now),
        make_request(now=now, status="completed"),
        make_request(now=now),
    )
    graph.requests = [kept, closed, gone]
    notifier.poll()
    graph.requests = [kept]

    notifier.poll_after(MINUTE)

    assert set(asked(graph)) == {gone["id"]}


def test_look_ups_that_all_succeed_cost_no_write(graph: FakeGraph, notifier: Notifier) -> None:
    """Turns are remembered only where somebody has to wait for one."""
    omitted(graph, notifier, 3)
    before = notifier.app.store.requests.read_snapshot().tracked

    notifier.poll_after(MINUTE)

    assert notifier.app.store.requests.read_snapshot().tracked == before


class SlowGraph:
    """Lists nothing, and takes its time for each look-up."""

    def __init__(
        self, clock: FakeClock, found: dict[str, ApprovalRequest], seconds: Callable[[str], float]
    ) -> None:
        """`seconds` tells for each id how long its look-up takes."""
        self._clock = clock
        self._found = found
        self._seconds = seconds
        self.asked: list[str] = []
        self.error: Exception | None = None

    def list_requests(self) -> Listing:
        """An empty list."""
        return Listing(())

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """The request, some time later."""
        self.asked.append(request_id)
        self._clock.advance(self._seconds(request_id))
        if self.error is not None:
            raise self.error
        return self._found[request_id]


def slow(graph: FakeGraph, notifier: Notifier, count: int, seconds: Callable[[str], float]) -> SlowGraph:
    """The same requests as in `omitted`, behind a Graph that is slow."""
    found = {raw["id"]: parse_request(raw) for raw in omitted(graph, notifier, count)}
    made = SlowGraph(notifier.clock, found, seconds)
    notifier.app.graph = cast("GraphClient", made)
    return made


def test_look_ups_share_the_time_of_a_poll(graph: FakeGraph, notifier: Notifier) -> None:
    """After half a minute none is begun, so that what is due is delivered; the next poll goes on."""
    found = slow(graph, notifier, 7, lambda _: 12.0)
    rounds = []
    for _ in range(3):
        before = len(found.asked)
        notifier.poll_after(MINUTE)
        rounds.append(len(found.asked) - before)

    assert rounds == [3, 3, 3]
    assert set(Counter(found.asked[:7]).values()) == {1}


def test_a_look_up_that_takes_all_the_time_does_not_take_it_twice(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """It waits for its next turn behind those that it kept waiting."""
    first = {"id": ""}
    found = slow(graph, notifier, 4, lambda each: 300.0 if each == first["id"] else 0.1)
    first["id"] = min(each["id"] for each in graph.unlisted)
    notifier.poll_after(MINUTE)
    notifier.poll_after(MINUTE)

    assert found.asked[0] == first["id"]
    assert sorted(found.asked[1:4]) == sorted(each["id"] for each in graph.unlisted[1:])


def test_a_graph_that_is_throttled_is_not_asked_twenty_times(graph: FakeGraph, notifier: Notifier) -> None:
    """Two pleas to wait in a row end the look-ups of the poll; the next one goes on from there."""
    found = slow(graph, notifier, 6, lambda _: 0.1)
    found.error = GraphUnavailable("busy", 30.0)
    for _ in range(3):
        notifier.poll_after(MINUTE)

    assert len(found.asked) == len(set(found.asked)) == 6
