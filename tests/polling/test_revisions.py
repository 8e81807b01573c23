"""From where news are counted on after memory was lost."""

from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.event import RequestEvent
from maa_notify.polling.revisions import counted_on
from maa_notify.polling.source import News
from maa_notify.storage.records import DEAD, OUTBOX, JournalEntry, encode, sent_key
from maa_notify.storage.rows import Put
from maa_notify.storage.store import StateStore
from tests.delivery.waiting import news
from tests.storage.changes import created, tracked
from tests.support.clock import START
from tests.support.memory import MemoryRows


def told_anew(request_id: str, *, memory_lost: bool = True) -> Change[Any]:
    """A request that is told as new, because memory was lost."""
    change = created(tracked(id=request_id))
    assert isinstance(change.event, RequestEvent)
    return replace(change, event=replace(change.event, memory_lost=memory_lost))


def revisions(store: StateStore, *changes: Change[Any]) -> list[tuple[int, int]]:
    """Of each change the revision of its event and the one that is remembered."""
    found = counted_on(News(changes), store.requests.read_snapshot(), store.journal).changes
    return [(each.event.revision, each.after.revision) for each in found if each.event and each.after]


@pytest.mark.parametrize("where,expected", [("sent", 5), ("waiting", 5), ("dead", 5), ("nowhere", 1)])
def test_a_request_that_memory_lost_counts_on_from_what_was_told_of_it(where: str, expected: int) -> None:
    """By whatever destination; what is new to everybody, and what memory did not lose, begins as ever."""
    store = StateStore(MemoryRows())
    for revision in (2, 4, 3):
        item = news("one", revision).value
        entry = JournalEntry(item, START)
        rows = {
            "sent": Put(sent_key(entry), encode(entry)),
            "waiting": Put(OUTBOX + item.key, encode(item)),
            "dead": Put(DEAD + item.key, encode(entry)),
        }
        store.rows.commit([rows[where]] if where in rows else [])
    changes = [told_anew("one"), told_anew("two"), told_anew("one", memory_lost=False)]

    assert revisions(store, *changes) == [(expected, expected), (1, 1), (1, 1)]
