"""Memory that was lost, and a first list that shows nothing: history is no news, and what is open is told."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from maa_notify.domain.request import Listing
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.rows import Delete
from maa_notify.storage.table import connect_with_string
from tests.support.azurite import Azurite
from tests.support.cards import strip, text
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams, ReadForNews
from tests.support.wire import reply

MINUTE = 60.0
WORDS = "memory was lost"


@pytest.fixture
def teams() -> Iterator[ReadForNews]:
    """Alarms have tests of their own."""
    with ReadForNews() as channels:
        yield channels


def history(notifier: Notifier) -> list[dict[str, Any]]:
    """A month of requests that ended, one of them a minute ago, and two that are open."""
    now = notifier.clock.now()
    ages = [timedelta(days=days) for days in range(1, 30)]
    statuses = ("completed", "rejected", "cancelled", "expired")
    ended = [make_request(now=now, age=age, status=statuses[age.days % 4]) for age in ages]
    odd = make_request(now=now, age=timedelta(days=3), status="completed", lastModifiedDateTime=None)
    timeless = make_request(now=now, status="completed", lastModifiedDateTime=None, requestDateTime=None)
    just_now = make_request(now=now, status="completed")
    return [*ended, odd, timeless, just_now, make_request(now=now), make_request(now=now, status="approved")]


def wipe(notifier: Notifier) -> None:
    """Somebody deletes the table."""
    rows = notifier.app.store.rows
    for row in list(rows.read(" ", "~~")):
        rows.commit([Delete(row.key, row.etag)])


def during_the_next_listing(notifier: Notifier, happens: Callable[[], None]) -> None:
    """While Graph lists the requests, something happens once."""
    graph, asked = notifier.app.graph, notifier.app.graph.list_requests
    pending = [happens]

    def list_requests() -> Listing:
        if pending:
            pending.pop()()
        return asked()

    graph.list_requests = list_requests  # type: ignore[method-assign]


def strips(teams: FakeTeams) -> list[str]:
    """The state that each card tells, in order."""
    return [strip(card).split(" ·")[0] for card in teams.cards]


@pytest.mark.parametrize("empty", [1, 3])
def test_a_first_list_that_is_empty_makes_no_history_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, empty: int
) -> None:
    """Graph shows nothing at first, then a month of requests: only those that are open are told."""
    listed = history(notifier)
    for _ in range(empty):
        notifier.poll_after(MINUTE)
    graph.requests = listed
    for _ in range(3):
        notifier.poll_after(MINUTE)

    assert sorted(strips(teams)) == ["Approved - Needs completion", "Needs approval"]
    assert not any(WORDS in text(card) for card in teams.cards)


@pytest.mark.parametrize("hours", [24, -1.5, -23])
def test_a_first_list_that_is_empty_counts_whichever_clock_was_wrong(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, hours: float
) -> None:
    """The clock was ahead then, or is behind since: what had ended is still no news, and the next end is."""
    listed = history(notifier)
    notifier.clock.advance(60 * MINUTE)
    watched_since = notifier.clock.now()
    notifier.clock.advance(max(hours, 0) * 60 * MINUTE)
    notifier.poll()
    notifier.clock.set_back(timedelta(hours=abs(hours)))
    ended = make_request(now=watched_since, age=-timedelta(seconds=30), status="rejected")
    graph.requests = [*listed, ended]
    notifier.poll_each(MINUTE, 3)

    assert sorted(strips(teams)) == ["Approved - Needs completion", "Needs approval", "Rejected"]


def test_what_ends_after_the_first_list_is_news_though_it_was_empty(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A request that ended since we watch is told; so is one of which only the time of filing is known."""
    now = notifier.clock.now()
    notifier.poll()
    ended = make_request(now=now, age=-timedelta(seconds=30), status="rejected")
    undated = make_request(now=now, age=-timedelta(seconds=30), status="completed", lastModifiedDateTime=None)
    graph.requests = [ended, undated]
    notifier.poll_after(MINUTE)

    assert sorted(strips(teams)) == ["Completed", "Rejected"]


def test_a_table_that_is_deleted_during_a_poll_makes_no_history_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """The open ones are told once more, with the words; what ended stays history; the log says it once."""
    graph.requests = history(notifier)
    notifier.poll()
    notifier.poll_after(MINUTE)
    told = len(teams.cards)
    during_the_next_listing(notifier, lambda: wipe(notifier))
    for _ in range(4):
        notifier.poll_after(MINUTE)

    assert sorted(strips(teams)[told:]) == ["Approved - Needs completion", "Needs approval"]
    assert all(
        WORDS in text(card) and "a card about this request" in text(card) for card in teams.cards[told:]
    )
    assert sum(line.startswith("poll.memory_lost") for line in caplog.messages) == 1


def test_a_table_that_is_deleted_between_two_polls_makes_no_history_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """The same where the poller that remembers finds its rows gone."""
    graph.requests = history(notifier)
    notifier.poll()
    told = len(teams.cards)
    wipe(notifier)
    for _ in range(4):
        notifier.poll_after(MINUTE)

    assert sorted(strips(teams)[told:]) == ["Approved - Needs completion", "Needs approval"]
    assert all(WORDS in text(card) for card in teams.cards[told:])


def test_what_ended_in_the_poll_that_lost_its_memory_is_told(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """It could not be recorded any more, so the next poll tells it."""
    request = make_request(now=notifier.clock.now())
    graph.requests = [request]
    notifier.poll()
    during_the_next_listing(notifier, lambda: wipe(notifier))
    notifier.clock.advance(MINUTE)
    ended = make_request(now=notifier.clock.now(), age=timedelta(seconds=5), status="completed")
    graph.requests = [
        {**request, "status": "completed", "lastModifiedDateTime": ended["lastModifiedDateTime"]}
    ]
    notifier.poll()
    notifier.poll_after(MINUTE)

    assert strips(teams) == ["Needs approval", "Completed"]


def test_a_request_filed_after_memory_was_lost_is_told_without_the_words(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Nobody can have been told of it before."""
    notifier.poll()
    during_the_next_listing(notifier, lambda: wipe(notifier))
    notifier.poll_after(MINUTE)
    graph.requests = [make_request(now=notifier.clock.now(), age=-timedelta(seconds=1))]
    notifier.poll_after(MINUTE)

    assert strips(teams) == ["Needs approval"]
    assert WORDS not in text(teams.cards[0])


def test_the_words_are_in_a_digest_and_in_a_plain_card(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """Whatever form the news take."""
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    wipe(notifier)
    teams.fail_next(reply(400))
    notifier.poll_after(MINUTE)
    wipe(notifier)
    graph.requests += [make_request(now=notifier.clock.now()) for _ in range(9)]
    notifier.poll_after(MINUTE)

    assert len(teams.cards) == 3
    assert [WORDS in text(card) for card in teams.cards] == [False, True, True]


def test_two_pollers_at_once_have_lost_nothing(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """That another poller wrote the mark meanwhile is no loss."""
    graph.requests = history(notifier)
    twin = notifier.another()
    notifier.poll()
    told, since = len(teams.cards), notifier.app.health().installed_at

    def twin_polls() -> None:
        twin.poll()

    during_the_next_listing(notifier, twin_polls)
    for _ in range(3):
        notifier.poll_after(MINUTE)
    twin.close()

    mark = notifier.app.store.requests.read_mark(APPROVALS)
    assert mark is not None
    assert (mark.memory_lost_at, mark.outlook.since, mark.last_good) == (None, since, notifier.clock.now())
    assert len(teams.cards) == told
    assert "memory_lost" not in caplog.text


def test_a_loss_that_another_poller_found_stands(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A poll that began before writes no old beginning over the new one."""
    graph.requests = history(notifier)
    notifier.poll()
    told = len(teams.cards)
    twin = notifier.another()

    def happens() -> None:
        wipe(notifier)
        graph_now, graph.requests = graph.requests, []
        twin.poll()
        graph.requests = graph_now

    during_the_next_listing(notifier, happens)
    for _ in range(4):
        notifier.poll_after(MINUTE)
    twin.close()

    assert sorted(strips(teams)[told:]) == ["Approved - Needs completion", "Needs approval"]


def test_a_single_row_that_vanished_is_no_lost_memory(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """The mark is there, so the request counts as new, without any word of a loss."""
    graph.requests = history(notifier)
    notifier.poll()
    told, rows = len(teams.cards), notifier.app.store.rows
    row = next(row for row in rows.read("live:", "live;") if '"needsApproval"' in row.data)

    def happens() -> None:
        rows.commit([Delete(row.key, row.etag)])

    during_the_next_listing(notifier, happens)
    for _ in range(3):
        notifier.poll_after(MINUTE)

    mark = notifier.app.store.requests.read_mark(APPROVALS)
    assert mark is not None
    assert mark.memory_lost_at is None
    assert not any(WORDS in text(card) for card in teams.cards[told:])


def test_memory_that_is_lost_while_graph_fails_is_noticed(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier
) -> None:
    """A failed poll writes its mark, too, and no old beginning."""
    graph.requests = history(notifier)
    notifier.poll()
    told = len(teams.cards)
    during_the_next_listing(notifier, lambda: wipe(notifier))
    graph.fail_next(*[reply(503)] * 3)
    for _ in range(4):
        notifier.poll_after(MINUTE)

    assert sorted(strips(teams)[told:]) == ["Approved - Needs completion", "Needs approval"]
    assert all(WORDS in text(card) for card in teams.cards[told:])


def test_two_losses_are_two(graph: FakeGraph, teams: FakeTeams, notifier: Notifier) -> None:
    """Each time what is open is told once more."""
    graph.requests = [make_request(now=notifier.clock.now())]
    for _ in range(3):
        notifier.poll_after(MINUTE)
        notifier.poll_after(MINUTE)
        wipe(notifier)

    assert strips(teams) == ["Needs approval"] * 3


@pytest.mark.azurite
@pytest.mark.parametrize("when", ["during a poll", "between two polls"])
def test_a_real_table_that_is_deleted_makes_no_history_news(
    graph: FakeGraph, teams: FakeTeams, azurite: Azurite, when: str
) -> None:
    """The same on Table Storage, where the table itself is made anew by the next call."""
    table = f"T{uuid4().hex}"
    notifier = Notifier(graph, teams, azurite.connection_string, MAA_TABLE_NAME=table)
    graph.requests = history(notifier)
    notifier.poll()
    notifier.poll_after(MINUTE)
    told = len(teams.cards)

    def delete() -> None:
        with connect_with_string(azurite.connection_string) as service:
            service.delete_table(table)

    if when == "during a poll":
        during_the_next_listing(notifier, delete)
    else:
        delete()
    for _ in range(4):
        notifier.poll_after(MINUTE)
    notifier.close()

    assert sorted(strips(teams)[told:]) == ["Approved - Needs completion", "Needs approval"]
    assert all(WORDS in text(card) for card in teams.cards[told:])
