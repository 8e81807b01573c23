"""What people ask of the state store, on SQLite, on a real Azurite and on the stand-in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.domain.alert import Actor, ActorKind, Alert, AlertState, Severity
from maa_notify.domain.approvers import Decider
from maa_notify.domain.event import EventKind, Look, RequestEvent
from maa_notify.domain.notification import APPROVER_CHAT, CardLocation, Notification
from maa_notify.storage.outbox import Outcome
from maa_notify.storage.records import (
    AUDIT,
    CARD,
    DEAD,
    META,
    NEW_DESTINATION,
    PAST,
    UNREACHED,
    JournalEntry,
    StoredCard,
    Unreached,
    encode,
    sent_key,
)
from maa_notify.storage.rows import MAX_CHANGES, Delete, Put, Rows, Write
from maa_notify.storage.store import StateStore
from tests.delivery.waiting import news
from tests.storage.changes import created, tracked
from tests.support.clock import START
from tests.support.memory import MemoryRows


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


def test_what_is_revived_is_as_if_it_were_new(store: StateStore) -> None:
    """Due now, in its full form, with all its tries, and nothing of the same request passes it."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    spent = replace(held.value, attempts=9, not_before=START, plain=True, overtakable=True)
    store.outbox.commit_outcomes(
        "default", NEW_DESTINATION, [Outcome(held, entry=JournalEntry(spent, START), dead=True)]
    )

    store.journal.requeue(store.journal.read_dead()[0], START)

    assert [each.value for each in store.outbox.read_pending()] == [held.value]


@pytest.mark.parametrize("told", ["nowhere", "to another", "unreached", "to them"])
def test_an_approver_is_told_how_things_are_by_now(store: StateStore, told: str) -> None:
    """In the place of what was given up, if nothing newer was told them; it is on record as passed over."""
    chat: dict[str, Any] = {"destination": APPROVER_CHAT, "recipient": "p"}
    older, decided = news(**chat).value, news(revision=2, kind=EventKind.STATUS_CHANGED).value
    look = news(revision=2, kind=EventKind.LOOKING, recorded_at=START + timedelta(hours=1)).value
    to = {**chat, "recipient": "q"} if told == "to another" else chat
    in_chat = replace(decided, destination=to["destination"], recipient=to["recipient"])
    sent = [JournalEntry(each, START) for each in ([] if told == "nowhere" else [decided, look])]
    if told not in {"nowhere", "unreached"}:
        sent.append(JournalEntry(in_chat, START, message_id="1"))
    if told == "unreached":
        sent.append(JournalEntry(in_chat, START, unreached=True))
    rows = [Put(sent_key(each), encode(each)) for each in sent]
    store.rows.commit([*rows, Put(DEAD + older.key, encode(JournalEntry(older, START)))])

    store.journal.requeue(store.journal.read_dead()[0], START)

    [waiting] = [each.value for each in store.outbox.read_pending()]
    is_replaced = told in {"to another", "unreached"}
    assert waiting == replace(
        older, event=decided.event if is_replaced else older.event, overtaken=told == "to them"
    )
    passed = [each.notification.key for each in store.journal.read_sent() if each.outdated]
    assert passed == ([older.key] if is_replaced else [])


@pytest.mark.parametrize("outdated", [False, True], ids=["told", "no card there"])
@pytest.mark.parametrize("is_over", [False, True], ids=["looks", "looks no more"])
def test_what_is_revived_names_who_looks_by_now(store: StateStore, is_over: bool, outdated: bool) -> None:
    """Else a reminder that was given up would change the card back, and name nobody or somebody else."""
    before, now = (Look(Decider(each), START) for each in ("before", "now"))
    reminder = reminding(news(kind=EventKind.REMINDER).value, before)
    looks = [
        reminding(news(kind=EventKind.LOOKING, recorded_at=START + timedelta(hours=hour)).value, look)
        for hour, look in ((2, None if is_over else now), (1, before))
    ]
    rows = [
        Put(sent_key(each), encode(each))
        for each in (JournalEntry(one, one.recorded_at, outdated=outdated) for one in looks)
    ]
    store.rows.commit([*rows, Put(DEAD + reminder.key, encode(JournalEntry(reminder, START)))])

    store.journal.requeue(store.journal.read_dead()[0], START)

    [waiting] = [each.value for each in store.outbox.read_pending()]
    assert waiting == reminding(reminder, None if is_over else now)


@pytest.mark.parametrize(
    "revision,hour", [(1, -1), (1, 0), (2, 1)], ids=["before it", "with it", "at another status"]
)
def test_what_is_revived_names_nobody_who_looked_at_another_time(
    store: StateStore, revision: int, hour: int
) -> None:
    """A look from before, or of that moment, is on it already; one of another status is none of its own."""
    reminder = news(kind=EventKind.REMINDER).value
    look = news(revision=revision, kind=EventKind.LOOKING, recorded_at=START + timedelta(hours=hour)).value
    entry = JournalEntry(
        reminding(look, Look(Decider("other"), START)), START + timedelta(hours=2), outdated=True
    )
    dead = JournalEntry(reminder, START)
    store.rows.commit([Put(sent_key(entry), encode(entry)), Put(DEAD + reminder.key, encode(dead))])

    store.journal.requeue(store.journal.read_dead()[0], START)

    [waiting] = [each.value for each in store.outbox.read_pending()]
    assert waiting == reminder


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "no card there"])
def test_what_is_sent_again_says_that_it_is_late_if_a_later_look_was_told(
    store: StateStore, is_told: bool
) -> None:
    """Not after one that no card told: a late card is no request's own, and later news begin another."""
    given_up = news().value
    look = news(revision=3, kind=EventKind.LOOKING, recorded_at=START + timedelta(hours=1)).value
    entry = JournalEntry(look, look.recorded_at, outdated=not is_told)
    dead = JournalEntry(given_up, START)
    store.rows.commit([Put(sent_key(entry), encode(entry)), Put(DEAD + given_up.key, encode(dead))])

    store.journal.requeue(store.journal.read_dead()[0], START)

    [waiting] = [each.value for each in store.outbox.read_pending()]
    assert waiting.overtaken == is_told


def reminding(notification: Notification, look: Look | None) -> Notification:
    """The same, which names who looks."""
    assert isinstance(notification.event, RequestEvent)
    return replace(notification, event=replace(notification.event, look=look))


def old_rows(at: datetime) -> list[Put]:
    """One row of each kind that is purged, all of one time."""
    known = replace(tracked(), missing_since=at)
    [notification] = created(known).notifications
    entry = JournalEntry(notification, at)
    alert = Alert("B8", Severity.HIGH, at, Actor(ActorKind.PERSON, "1"), "284b", "", "Somebody was added")
    return [
        Put(sent_key(entry), encode(entry)),
        Put(f"{DEAD}{at}", encode(entry)),
        Put(f"{PAST}{at}", encode(known)),
        Put(f"{CARD}{at}", encode(StoredCard(CardLocation("thread", "card"), at))),
        Put(f"{AUDIT}{at}", encode(AlertState(alert, at))),
        Put(f"{UNREACHED}{at}", encode(Unreached(at))),
    ]


def kinds(rows: Rows) -> list[str]:
    """Of which kind each row is that is left, but for the version of the snapshot."""
    return sorted(row.key.split(":")[0] for row in rows.read(" ", "~") if not row.key.startswith(META))


def test_of_each_kind_what_is_older_is_purged_and_what_is_as_old_stays(rows: Rows) -> None:
    """The retention is kept to the moment, for everything that grows."""
    for at in (START - timedelta(milliseconds=1), START, START + timedelta(days=1)):
        rows.commit(old_rows(at))
    rows.commit([Put(f"{PAST}at no known time", encode(replace(tracked(), missing_since=None)))])

    assert StateStore(rows).journal.purge(START) == 7

    assert kinds(rows) == sorted(["sent", "dead", "past", "card", "audit", "unreached"] * 2)


def test_the_journal_can_be_read_from_a_time_on(rows: Rows) -> None:
    """Oldest first; what was told before is left out."""
    for hours in (3, 1, 2):
        rows.commit(old_rows(START + timedelta(hours=hours))[:1])
    journal = StateStore(rows).journal

    assert [each.at.hour - START.hour for each in journal.read_sent()] == [1, 2, 3]
    since = START + timedelta(hours=2)
    assert [each.at.hour - START.hour for each in journal.read_sent(since)] == [2, 3]


def test_what_was_given_up_is_found_by_its_key(store: StateStore) -> None:
    """And nothing under another one."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    entry = JournalEntry(held.value, START)
    store.outbox.commit_outcomes("default", NEW_DESTINATION, [Outcome(held, entry=entry, dead=True)])

    found = store.journal.find_dead(held.value.key)

    assert found is not None
    assert found.value == entry
    assert store.journal.find_dead("another") is None


def test_a_purge_that_somebody_crosses_leaves_the_rest_to_the_next_one() -> None:
    """A row that was written meanwhile is young; it costs its own transaction, not the poll."""
    rows = Crossed()
    entry = encode(Unreached(START))
    keys = [f"{UNREACHED}{number:03}" for number in range(MAX_CHANGES + 50)]
    for first in range(0, len(keys), MAX_CHANGES):
        rows.commit([Put(key, entry) for key in keys[first : first + MAX_CHANGES]])
    rows.crossing = Put(keys[0], encode(Unreached(START + timedelta(days=2))))
    journal = StateStore(rows).journal

    journal.purge(START + timedelta(days=1))
    left = len(rows)
    journal.purge(START + timedelta(days=1))

    assert (left, kinds(rows)) == (MAX_CHANGES - 1, ["unreached"])


class Crossed(MemoryRows):
    """Rows in which somebody else writes one just before the first transaction that deletes."""

    def __init__(self) -> None:
        """Nobody yet."""
        super().__init__()
        self.crossing: Put | None = None

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Lets somebody else write first, once."""
        if self.crossing and isinstance(writes[0], Delete):
            crossing, self.crossing = self.crossing, None
            super().commit([crossing])
        return super().commit(writes)


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
    later = START + timedelta(days=2)
    assert [store.outbox.is_unreached("chat", name, START, later) for name in ("mira", "jonas")] == [
        False,
        True,
    ]
