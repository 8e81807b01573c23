"""What a delivery asks of the state store, on SQLite, on a real Azurite and on the stand-in."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.domain.notification import APPROVER_CHAT, CardLocation
from maa_notify.errors import StateCorrupt
from maa_notify.storage.outbox import Outcome, outcome_size, recorded_together
from maa_notify.storage.records import (
    APPROVALS,
    NEW_DESTINATION,
    OUTBOX,
    DestinationState,
    JournalEntry,
    SourceMark,
    StoredCard,
    Versioned,
    short_of,
)
from maa_notify.storage.rows import (
    MAX_BYTES,
    MAX_CHANGES,
    ConflictError,
    Put,
    Rows,
    Write,
    prefix_end,
    wire_size,
)
from maa_notify.storage.store import StateStore
from tests.storage.changes import created, tracked
from tests.support.clock import START
from tests.support.memory import MemoryRows


def test_settling_moves_a_notification_and_renews_the_destination_together(store: StateStore) -> None:
    """Delivered once: it is in the journal, not in the outbox, and can not be settled again."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    outcome = Outcome(held, entry=JournalEntry(held.value, START, "run-1"))

    state, _ = store.outbox.commit_outcomes("default", NEW_DESTINATION, [outcome])

    sent = [entry.run_id for entry in store.journal.read_sent()]
    assert (store.outbox.read_pending(), sent) == ([], ["run-1"])
    with pytest.raises(ConflictError):
        store.outbox.commit_outcomes("default", state, [outcome])


def test_settling_with_an_outdated_destination_changes_nothing(store: StateStore) -> None:
    """Who lost the lease of a destination cannot write as if it were his."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    outdated = store.outbox.write_destination("default", NEW_DESTINATION)
    store.outbox.write_destination("default", outdated)

    with pytest.raises(ConflictError):
        store.outbox.commit_outcomes(
            "default", outdated, [Outcome(held, kept=replace(held.value, attempts=1))]
        )

    assert [each.value.attempts for each in store.outbox.read_pending()] == [0]


def test_what_was_discarded_does_not_come_back(store: StateStore) -> None:
    """A poller whose card failed meanwhile is told that there is nothing to keep any more."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    store.outbox.discard(held)

    with pytest.raises(ConflictError):
        store.outbox.commit_outcomes(
            "default", NEW_DESTINATION, [Outcome(held, kept=replace(held.value, attempts=1))]
        )

    assert store.outbox.read_pending() == []


def test_of_what_was_discarded_long_ago_only_what_is_asked_for_is_noted() -> None:
    """The row of a destination does not grow for ever."""
    store = StateStore(MemoryRows())
    noted = tuple(f"discarded {number}" for number in range(400))
    store.requests.write_mark(APPROVALS, SourceMark(waiting=noted[1:2]))
    store.outbox.write_destination("default", Versioned(DestinationState(discarded=noted), ""))
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()

    store.outbox.discard(held)

    after = store.outbox.read_destination("default").value.discarded
    assert after == (noted[1], *noted[100:], short_of(held.value.key))


def test_what_changed_since_it_was_read_is_neither_discarded_nor_settled(store: StateStore) -> None:
    """Whoever looked at an older version is told so, and the notification waits on."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    store.outbox.make_due(held)

    with pytest.raises(ConflictError):
        store.outbox.discard(held)
    with pytest.raises(ConflictError):
        store.outbox.commit_outcomes(
            "default", NEW_DESTINATION, [Outcome(held, entry=JournalEntry(held.value, START))]
        )

    assert [each.value.key for each in store.outbox.read_pending()] == [held.value.key]


def test_what_stays_can_be_written_again_without_reading_it(store: StateStore) -> None:
    """One leaves and two stay, in any order: each comes back with the etag of its own row."""
    changes = [created(tracked()) for _ in range(3)]
    store.requests.record(changes)
    first, second, third = store.outbox.read_pending()
    outcomes = [
        Outcome(first, kept=replace(first.value, attempts=1)),
        Outcome(second, entry=JournalEntry(second.value, START)),
        Outcome(third, kept=replace(third.value, attempts=3)),
    ]

    _, staying = store.outbox.commit_outcomes("default", NEW_DESTINATION, outcomes)

    by_key = {each.value.key: each for each in store.outbox.read_pending()}
    assert {each.value.key: each for each in staying} == by_key
    assert [each.value.attempts for each in staying] == [1, 3]


def test_many_notifications_for_somebody_who_was_not_reached_are_settled_at_once(store: StateStore) -> None:
    """As many as one message holds, all for one person: one row of theirs, written once."""
    store.requests.record([created(tracked(), "chat", "mira") for _ in range(MOST_TOGETHER)])
    outcomes = [
        Outcome(held, entry=JournalEntry(held.value, START, unreached=True), unreached=True)
        for held in store.outbox.read_pending()
    ]

    store.outbox.commit_outcomes("chat", NEW_DESTINATION, outcomes)

    assert (len(outcomes), store.outbox.read_pending()) == (MOST_TOGETHER, [])
    assert len(list(store.journal.read_sent())) == MOST_TOGETHER
    assert store.outbox.is_unreached("chat", "mira", START, START)


def test_as_much_as_one_message_holds_can_be_given_up_at_once(store: StateStore) -> None:
    """With the version it is just what one transaction takes."""
    store.requests.record([created(tracked()) for _ in range(MOST_TOGETHER)])
    outcomes = [
        Outcome(held, entry=JournalEntry(held.value, START), dead=True)
        for held in store.outbox.read_pending()
    ]
    store.outbox.commit_outcomes("default", NEW_DESTINATION, outcomes)

    assert store.requests.read_snapshot().dead == MOST_TOGETHER


@pytest.mark.parametrize("dead,together", [(True, MOST_TOGETHER + 24), (False, 2 * MOST_TOGETHER)])
def test_beside_a_digest_as_much_is_settled_as_one_transaction_takes(
    store: StateStore, dead: bool, together: int
) -> None:
    """What has no room waits for the next one."""
    store.requests.record([created(tracked()) for _ in range(2 * MOST_TOGETHER + 10)])
    waiting = store.outbox.read_pending()
    tried, others = waiting[:MOST_TOGETHER], waiting[MOST_TOGETHER:]

    found = recorded_together(
        [Outcome(each, kept=replace(each.value, attempts=1)) for each in tried],
        [
            Outcome(each, entry=JournalEntry(each.value, START), dead=True)
            if dead
            else Outcome(each, kept=replace(each.value, overtaken=True))
            for each in others
        ],
    )
    store.outbox.commit_outcomes("default", NEW_DESTINATION, found)

    left = store.outbox.read_pending()
    assert [each.pending for each in found] == waiting[:together]
    assert sum(each.value.attempts for each in left) == MOST_TOGETHER
    assert len(waiting) - len(left) == store.requests.read_snapshot().dead == (24 if dead else 0)


def test_with_the_cards_that_they_changed_as_much_is_given_up_as_one_transaction_takes(
    store: StateStore,
) -> None:
    """A digest in a chat that was changed and failed for too long, and others with it."""
    store.requests.record([created(tracked()) for _ in range(MOST_TOGETHER)])
    dead = [
        Outcome(each, entry=JournalEntry(each.value, START), dead=True)
        for each in store.outbox.read_pending()
    ]
    card = StoredCard(CardLocation("thread", "card"), START, 1)

    found = recorded_together([replace(each, card=card) for each in dead[:31]], dead[31:])
    store.outbox.commit_outcomes("default", NEW_DESTINATION, found)

    assert store.requests.read_snapshot().dead == len(found) == 31 + 2


def test_beside_a_digest_no_more_bytes_are_settled_than_one_transaction_takes() -> None:
    """The outcomes of the digest itself are never left out."""
    [held] = created(tracked()).notifications
    large = replace(held, last_error="x" * (MAX_BYTES // 3))
    tried, first, second = (Outcome(Versioned(large, ""), kept=large) for _ in range(3))

    assert recorded_together([tried], [first, second]) == [tried, first]
    assert recorded_together([tried] * 4, [first]) == [tried] * 4


def test_news_of_a_kind_that_only_a_newer_version_knows_are_named(rows: Rows, store: StateStore) -> None:
    """They stop the poll: they are neither dropped nor told as something else."""
    store.requests.record([created(tracked())])
    [row] = rows.read(OUTBOX, prefix_end(OUTBOX))
    rows.commit([Put(row.key, row.data.replace('"created"', '"foreseen"'))])

    with pytest.raises(StateCorrupt, match=row.key):
        store.outbox.read_pending()

    assert rows.get(row.key) is not None


def test_what_a_person_wants_sent_is_sent_before_later_news(store: StateStore) -> None:
    """Due now and in full, before what has failed; but that a copy may be there stays known."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    refused = replace(
        held.value,
        attempts=3,
        not_before=START + timedelta(hours=1),
        plain=True,
        overtakable=True,
        doubts=3,
        tried_at=START,
        failing_since=START,
        failing_for=60.0,
        ill=True,
        digest="one",
        unreached_at=START,
    )
    _, [waits] = store.outbox.commit_outcomes("default", NEW_DESTINATION, [Outcome(held, kept=refused)])

    store.outbox.make_due(waits)

    assert [each.value for each in store.outbox.read_pending()] == [replace(held.value, doubts=1)]


@pytest.mark.parametrize(
    "at,counts",
    [
        (START - timedelta(days=1), True),
        (START - timedelta(days=1, seconds=1), False),
        (START, True),
        (START + timedelta(days=9), False),
    ],
    ids=["a day ago", "longer ago", "now", "clock set back"],
)
def test_a_person_is_left_alone_for_a_day(store: StateStore, at: datetime, counts: bool) -> None:
    """Where that person could not be reached, and nowhere else; nobody else is left alone for it."""
    store.requests.record([created(tracked(), "chat", "mira")])
    [held] = store.outbox.read_pending()
    entry = JournalEntry(held.value, at, unreached=True)
    store.outbox.commit_outcomes("chat", NEW_DESTINATION, [Outcome(held, entry=entry, unreached=True)])
    since = START - timedelta(days=1)

    count = store.outbox.count_unreached(since, START)
    asked = (("chat", "mira"), ("chat", "jonas"), ("other", "mira"))
    assert [store.outbox.is_unreached(*each, since, START) for each in asked] == [counts, False, False]
    assert count == int(counts)


def test_a_silence_is_noted_with_the_heartbeat_that_breaks_it(store: StateStore) -> None:
    """Together or not at all; both can be written again without being read."""
    beat = created(tracked()).notifications[0]
    quiet = DestinationState(quiet_since=START)

    alone, nothing = store.outbox.note_silence("default", NEW_DESTINATION, None)
    state, queued = store.outbox.note_silence("default", Versioned(quiet, alone.etag), beat)

    assert (nothing, [each.value for each in queued]) == ([], [beat])
    assert (queued, state) == (store.outbox.read_pending(), store.outbox.read_destination("default"))
    with pytest.raises(ConflictError):
        store.outbox.note_silence("default", alone, None)


def test_the_rest_of_those_for_whom_it_is_waits_as_what_it_is(store: StateStore) -> None:
    """Who else has the card was asked once; whoever is told in its place has a notification of their own."""
    store.requests.record([created(tracked(), APPROVER_CHAT)])
    [held] = store.outbox.read_pending()
    people = [f"person {number}" for number in range(MAX_CHANGES)]

    _, waiting = store.outbox.address(APPROVER_CHAT, NEW_DESTINATION, held, people)

    [rest, *told] = [each.value for each in waiting]
    assert rest == replace(held.value, people=tuple(people[len(told) :]), is_rest=True)
    assert told == [replace(held.value, recipient=each) for each in people[: len(told)]]
    assert 0 < len(rest.people) < len(told)


def test_a_card_is_remembered_where_it_stands(store: StateStore) -> None:
    """By destination and request; what has no card there has none."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    card = StoredCard(CardLocation("thread", "card"), START, 1)
    store.outbox.commit_outcomes(
        "default", NEW_DESTINATION, [Outcome(held, entry=JournalEntry(held.value, START), card=card)]
    )

    subject = held.value.event.subject_id
    asked = (("default", subject), ("default", "another"), ("other", subject))
    assert [store.outbox.read_card(*each) for each in asked] == [card, None, None]


def test_an_outcome_takes_no_more_room_than_is_reckoned_for_it() -> None:
    """Else a digest would be posted that cannot be recorded, and be posted again."""
    rows = Sized()
    store = StateStore(rows)
    store.requests.record([created(tracked()) for _ in range(5)])
    pending = store.outbox.read_pending()
    reckoned = sum(outcome_size(each.value) for each in pending)
    spent = [replace(each.value, last_error="x" * 1_500, failing_since=START) for each in pending]
    entries = [JournalEntry(each, START, "r" * 200, "m" * 200) for each in spent]
    leaving = [Outcome(each, entry=entry) for each, entry in zip(pending, entries, strict=True)]

    state, _ = store.outbox.commit_outcomes("default", NEW_DESTINATION, leaving)

    assert state.value == NEW_DESTINATION.value
    assert reckoned / 2 < rows.last < reckoned


class Sized(MemoryRows):
    """Rows that note how many bytes the last transaction was."""

    last = 0

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Notes it."""
        self.last = sum(map(wire_size, writes))
        return super().commit(writes)


def test_held_values_carry_what_a_write_needs(store: StateStore) -> None:
    """Read, change, write; somebody who read before is refused."""
    store.requests.record([created(tracked())])
    [held] = store.outbox.read_pending()
    store.outbox.make_due(held)

    with pytest.raises(ConflictError):
        store.outbox.make_due(Versioned(held.value, held.etag))


def test_a_person_lets_every_destination_be_tried_again(store: StateStore) -> None:
    """What a destination asked for is forgotten; what it holds beside that is not."""
    waits = DestinationState(retry_after_until=START + timedelta(hours=1), last_error="429")
    other = DestinationState(last_error="404")
    store.outbox.write_destination("waits", Versioned(waits, ""))
    untouched = store.outbox.write_destination("other", Versioned(other, ""))

    store.outbox.clear_retry_after()

    freed = store.outbox.read_destination("waits").value
    assert (freed.retry_after_until, freed.last_error) == (None, "429")
    assert store.outbox.read_destination("other") == untouched


def test_a_person_lets_every_chat_be_tried_again(store: StateStore) -> None:
    """The wait that one chat asked for ends, also for its other cards; a pause of another cause goes on."""
    later = START + timedelta(hours=1)
    store.requests.record([created(tracked(id=each)) for each in "ab"])
    first, second = sorted(store.outbox.read_pending(), key=lambda each: each.value.key)
    store.outbox.keep(first, replace(first.value, attempts=1, personal=True, not_before=later))
    store.outbox.keep(second, replace(second.value, attempts=1, not_before=later))

    store.outbox.clear_retry_after()

    found = {each.value.key: each.value for each in store.outbox.read_pending()}
    freed, other = found[first.value.key], found[second.value.key]
    assert (freed.attempts, freed.personal, freed.not_before) == (1, False, None)
    assert other.not_before == later
