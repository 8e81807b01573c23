"""What people ask of the state store, on SQLite, on a real Azurite and on the stand-in."""

from datetime import timedelta

from msgspec.structs import replace

from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.domain.notification import CardLocation
from maa_notify.storage.outbox import Outcome
from maa_notify.storage.records import NEW_DESTINATION, JournalEntry, StoredCard
from maa_notify.storage.rows import MAX_CHANGES
from maa_notify.storage.store import StateStore
from tests.storage.changes import created, tracked
from tests.support.clock import START


def test_a_given_up_notification_is_counted_and_can_be_revived(store: StateStore) -> None:
    """Dead is not gone."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    spent = replace(held.value, attempts=9, last_error="destination 'default' answered 404")
    store.outbox.commit_outcomes(
        "default", NEW_DESTINATION, [Outcome(held, entry=JournalEntry(spent, START), dead=True)]
    )
    assert (store.requests.read_snapshot().dead, store.outbox.read_pending()) == (1, [])

    [dead] = store.journal.read_dead()
    store.journal.requeue(dead, START + timedelta(days=9))

    assert store.requests.read_snapshot().dead == 0
    assert [(each.value.attempts, each.value.recorded_at) for each in store.outbox.read_pending()] == [
        (0, START + timedelta(days=9))
    ]


def test_more_old_rows_than_one_transaction_takes_are_purged_at_once(store: StateStore) -> None:
    """A busy year's history ends with its retention: the look at it is one a day."""
    store.requests.record([created(tracked()) for _ in range(MAX_CHANGES + 1)])
    pending, state = store.outbox.read_pending(), NEW_DESTINATION
    for first in range(0, len(pending), MOST_TOGETHER):
        told = pending[first : first + MOST_TOGETHER]
        outcomes = [Outcome(held, entry=JournalEntry(held.value, START)) for held in told]
        state, _ = store.outbox.commit_outcomes("default", state, outcomes)

    purged = store.journal.purge(START + timedelta(days=1))

    assert (purged, list(store.journal.read_sent())) == (MAX_CHANGES + 1, [])


def test_places_of_cards_and_people_who_were_not_reached_are_purged_too(store: StateStore) -> None:
    """What is older than the retention goes, and what is younger stays."""
    old, young = tracked(), tracked()
    store.requests.record([created(old, "chat", "mira"), created(young, "chat", "jonas")])
    pending = {each.value.recipient: each for each in store.outbox.read_pending()}
    place = CardLocation("thread", "card")
    outcomes = [
        Outcome(
            pending[name],
            entry=JournalEntry(pending[name].value, at, unreached=True),
            card=StoredCard(place, at),
            unreached=True,
        )
        for name, at in (("mira", START), ("jonas", START + timedelta(days=2)))
    ]
    store.outbox.commit_outcomes("chat", NEW_DESTINATION, outcomes)

    store.journal.purge(START + timedelta(days=1))

    assert store.outbox.read_card("chat", old.request.id) is None
    assert store.outbox.read_card("chat", young.request.id) is not None
    assert [store.outbox.is_unreached("chat", name, START) for name in ("mira", "jonas")] == [False, True]
