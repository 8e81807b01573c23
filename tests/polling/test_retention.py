"""Retention: old rows are purged."""

from collections.abc import Callable
from datetime import timedelta

from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

DAY = timedelta(days=1).total_seconds()
HOUR = timedelta(hours=1).total_seconds()


def test_old_rows_are_forgotten_and_young_ones_are_not(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """After the retention the journal and past requests end, once two polls agree; what is listed stays."""
    notifier = make_notifier(MAA_RETENTION_DAYS="35", MAA_HEARTBEAT_DAYS="0")
    old, young, listed = (make_request(now=notifier.clock.now()) for _ in range(3))
    graph.requests = [old, listed]
    notifier.poll()
    old["status"] = "rejected"
    notifier.poll_after(60)
    graph.requests = [listed]
    notifier.poll_after(20 * DAY)
    graph.requests = [listed, young]
    notifier.poll_after(60)

    notifier.poll_after(20 * DAY)
    notifier.poll_after(DAY)
    store = notifier.app.store
    told_later = [entry.notification.event.subject_id for entry in store.journal.read_sent()]
    past_later = store.requests.read_past([old["id"]])
    notifier.poll_after(20 * DAY)
    notifier.poll_after(DAY)

    assert told_later == [young["id"]]
    assert set(past_later) == {old["id"]}
    assert store.requests.read_past([old["id"]]) == {}
    assert set(store.requests.read_snapshot().tracked) == {listed["id"], young["id"]}


def test_old_rows_are_looked_for_once_a_day(
    graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]
) -> None:
    """The look reads the whole history, so not every poll has one; after a day the next poll does."""
    notifier = make_notifier(MAA_RETENTION_DAYS="35", MAA_HEARTBEAT_DAYS="0")
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()
    journal = notifier.app.store.journal
    notifier.poll_after(35 * DAY - 2 * HOUR)

    left = []
    for hours in (4, 19, 2):
        notifier.poll_after(hours * HOUR)
        left.append(len(list(journal.read_sent())))

    assert left == [1, 1, 0]
