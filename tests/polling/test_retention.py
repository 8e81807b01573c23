"""Retention: old rows are purged."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.polling.retention import purge_expired
from maa_notify.storage.outbox import Outcome
from maa_notify.storage.records import NEW_DESTINATION, JournalEntry, SourceMark
from maa_notify.storage.store import StateStore
from tests.storage.changes import created, tracked
from tests.support.clock import START
from tests.support.graph import FakeGraph, make_request
from tests.support.memory import MemoryRows
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

DAY = timedelta(days=1).total_seconds()
HOUR = timedelta(hours=1).total_seconds()


def test_old_rows_are_forgotten_and_young_ones_are_not(
    graph: FakeGraph,
    teams: FakeTeams,
    make_notifier: Callable[..., Notifier],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After the retention the journal and past requests end, once two polls agree; what is listed stays."""
    caplog.set_level("INFO")
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

    purged = [line.split()[1] for line in caplog.messages if line.startswith("upkeep.purged")]
    # Three notifications and the file of the request that left; then that of the young one, and the request.
    assert purged == ["rows=4", "rows=2"]
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


@pytest.mark.parametrize(
    "purged_at,polled_at,purges",
    [
        (None, START, True),
        (START - timedelta(days=1), START, True),
        (START - timedelta(days=1, seconds=-1), START, False),
        (START + timedelta(days=9), START, True),
        (None, None, False),
        (None, START + timedelta(days=9), False),
        (None, START - timedelta(days=9), False),
    ],
    ids=["first", "a day ago", "less", "clock set back", "no poll", "poll ahead", "poll long ago"],
)
def test_what_two_polls_find_too_old_is_purged_once_a_day(
    purged_at: datetime | None, polled_at: datetime | None, purges: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """By the time of the poll before: the clock of one alone may be months ahead."""
    store = StateStore(MemoryRows())
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    entry = JournalEntry(held.value, START - timedelta(days=35, seconds=1))
    store.outbox.commit_outcomes("default", NEW_DESTINATION, [Outcome(held, entry=entry)])
    marks = {} if polled_at is None else {"approvals": SourceMark(tried_at=polled_at)}
    snapshot = replace(store.requests.read_snapshot(), purged_at=purged_at, marks=marks)

    caplog.set_level("INFO")

    purge_expired(store, snapshot, timedelta(days=35), START)
    purge_expired(store, snapshot, timedelta(days=35), START)

    assert [line.split()[:2] for line in caplog.messages] == [["upkeep.purged", "rows=1"]] * purges
    assert list(store.journal.read_sent()) == ([] if purges else [entry])
