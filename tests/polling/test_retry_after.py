"""What Graph asks for with `Retry-After` holds from one poll to the next."""

from datetime import timedelta

import pytest

from maa_notify.errors import GraphUnavailable
from tests.polling.test_sources import Lock
from tests.support.approval import notice
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

MINUTE = 60.0


@pytest.mark.parametrize("asked,minutes", [("600", 10), ("45", 1), ("86400", 60), ("0", 1), ("soon", 1)])
def test_graph_is_left_alone_as_long_as_it_asked(
    graph: FakeGraph, notifier: Notifier, asked: str, minutes: int
) -> None:
    """Polls before that do not ask, for an hour at most; the first one after it does, and all is well."""
    tries = 3 if asked in {"0", "soon"} else 1  # those are tried again within the poll
    graph.fail_next(*[reply(429, headers={"Retry-After": asked})] * tries)
    notifier.poll()
    calls = len(graph.calls)
    passed = 0
    while len(graph.calls) == calls:
        notifier.poll_after(MINUTE)
        passed += 1

    assert passed == pytest.approx(minutes, abs=1)
    assert notifier.app.health().status == "ok"


def test_a_poll_that_does_not_ask_says_so_and_still_delivers(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts as failed, in the report and in health, and what waits in the outbox goes out."""
    graph.requests = [make_request(now=notifier.clock.now())]
    teams.fail_next(*[reply(503)] * 4)
    notifier.poll()
    graph.fail_next(reply(503, headers={"Retry-After": "1800"}))
    notifier.poll_after(1)
    calls = len(graph.calls)
    report = notifier.poll_after(MINUTE)

    assert (len(graph.calls), report.delivered, len(teams.cards)) == (calls, 1, 1)
    assert isinstance(report.failure, GraphUnavailable)
    assert "was not asked" in str(report.failure)
    assert notifier.app.health().status == "failing"
    assert sum(line.startswith("poll.failing") for line in caplog.messages) == 1


def test_another_source_is_left_alone_by_itself(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """What one source asks for is no reason to leave the approvals alone, nor the other way round."""
    lock = Lock(timedelta(minutes=5))
    notifier.app.sources = [lock]
    lock.fault = GraphUnavailable("busy", 1_800.0)
    notifier.poll()
    lock.fault, lock.found = None, [notice()]
    for _ in range(29):
        notifier.poll_after(MINUTE)
    early = (lock.looks, len(graph.calls), notifier.app.health().sources["lock"])
    notifier.poll_after(2 * MINUTE)

    assert early == (1, 30, "graph_unavailable")
    assert (lock.looks, len(teams.cards), notifier.app.health().sources["lock"]) == (2, 1, "ok")


def test_doctor_asks_all_the_same(graph: FakeGraph, notifier: Notifier) -> None:
    """Whoever mends something wants to know now."""
    graph.fail_next(reply(429, headers={"Retry-After": "1800"}))
    notifier.poll()

    assert notifier.app.graph.list_requests().requests == ()
