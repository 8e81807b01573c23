"""What a poll asks of the state store, on SQLite and on a real Azurite."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.domain.compare import Change, RequestState
from maa_notify.domain.event import EventKind, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.errors import StateCorrupt
from maa_notify.graph.requests import parse_request
from maa_notify.storage.records import JournalEntry, PollMark
from maa_notify.storage.rows import ConflictError, Insert, Put, Rows
from maa_notify.storage.snapshot import Versioned
from maa_notify.storage.store import NEW_DESTINATION, Outcome, Record, StateStore
from tests.support.clock import START
from tests.support.graph import make_request


def tracked(**overrides: object) -> RequestState:
    """What is remembered of a request as Graph lists it."""
    request = parse_request({**make_request(now=START), **overrides})
    return RequestState(request, reminders_sent=("50%",), missing_since=START)


def created(known: RequestState, destination: str = "default") -> Record:
    """A new request with its notification."""
    event = RequestEvent(EventKind.CREATED, known.request, 1, START, next_reminder=START + timedelta(days=1))
    return Record(Change(known.request.id, None, known, event), (Notification(event, destination, START),))


def to_mira(notification: Notification) -> Notification:
    """The same for one person."""
    return replace(notification, recipient="mira")


def test_what_is_recorded_is_read_back_equal(rows: Rows) -> None:
    """Every field of a request and its notification, times with their zone."""
    store = StateStore(rows)
    known = tracked()
    entry = created(known)

    assert store.record([entry]) == [entry]

    assert [held.value for held in store.read_snapshot().tracked.values()] == [known]
    assert [held.value for held in store.read_pending()] == list(entry.notifications)


def test_only_rows_that_were_written_since_are_decoded_again(rows: Rows) -> None:
    """Each poll reads every row; what another poller wrote meanwhile is news all the same."""
    ours, theirs = StateStore(rows), StateStore(rows)
    still, moving = tracked(), tracked()
    ours.record([created(still), created(moving)])
    before = ours.read_snapshot().tracked
    moved = replace(moving, revision=2)
    change = Change(moving.request.id, moving, moved)
    theirs.record([Record(change, live_etag=before[moving.request.id].etag)])

    after = ours.read_snapshot().tracked

    assert after[still.request.id] is before[still.request.id]
    assert after[moving.request.id].value == moved


def test_a_row_that_was_removed_is_not_remembered(rows: Rows) -> None:
    """A request that another poller moved to the past is not known any more."""
    ours, theirs = StateStore(rows), StateStore(rows)
    known = tracked()
    ours.record([created(known)])
    etag = ours.read_snapshot().tracked[known.request.id].etag
    theirs.record([Record(Change(known.request.id, known, None), live_etag=etag)])

    assert ours.read_snapshot().tracked == {}


def test_a_conflict_leaves_out_one_request_and_records_the_rest(rows: Rows) -> None:
    """Another poller was faster with one of three: the other two lose nothing, and it is not doubled."""
    store = StateStore(rows)
    entries = [created(tracked()) for _ in range(3)]
    store.record([entries[1]])

    recorded = store.record(entries)

    assert recorded == [entries[0], entries[2]]
    assert len(store.read_pending()) == 3


def test_a_large_burst_is_recorded_whole(rows: Rows) -> None:
    """Hundreds of new requests, each for three destinations."""
    store = StateStore(rows)
    entries = []
    for _ in range(120):
        entry = created(tracked())
        notification = entry.notifications[0]
        three = tuple(replace(notification, destination=name) for name in ("a", "b", "c"))
        entries.append(replace(entry, notifications=three))

    assert len(store.record(entries)) == 120
    assert (len(store.read_snapshot().tracked), len(store.read_pending())) == (120, 360)


def test_a_burst_of_the_largest_requests_is_recorded_whole(rows: Rows) -> None:
    """An attacker who fills every field with emoji cannot make the store refuse everybody's requests."""
    store = StateStore(rows)
    flood = "🙂" * 5_000
    fields = ("requestJustification", "approvalJustification", "payloadName", "payloadOperation")
    entries = [created(tracked(**dict.fromkeys(fields, flood))) for _ in range(100)]

    assert len(store.record(entries)) == 100


def test_a_request_that_leaves_the_list_is_remembered_as_past(rows: Rows) -> None:
    """It is no longer read by polls, and known again when it comes back."""
    store = StateStore(rows)
    known = tracked()
    store.record([created(known)])
    held = store.read_snapshot().tracked[known.request.id]

    store.record([Record(Change(known.request.id, known, None), live_etag=held.etag)])

    assert store.read_snapshot().tracked == {}
    past = store.read_past([known.request.id, "never seen"])
    assert {key: held.value for key, held in past.items()} == {known.request.id: known}


def test_settling_moves_a_notification_and_renews_the_destination_together(rows: Rows) -> None:
    """Delivered once: it is in the journal, not in the outbox, and can not be settled again."""
    store = StateStore(rows)
    store.record([created(tracked())])
    [held] = store.read_pending()
    outcome = Outcome(held, entry=JournalEntry(held.value, START, "run-1"))

    lane, _ = store.commit_outcomes("default", NEW_DESTINATION, [outcome])

    assert (store.read_pending(), [entry.run_id for entry in store.read_sent()]) == ([], ["run-1"])
    with pytest.raises(ConflictError):
        store.commit_outcomes("default", lane, [outcome])


def test_settling_with_an_outdated_destination_changes_nothing(rows: Rows) -> None:
    """Who lost the hold on a destination cannot write as if it were his."""
    store = StateStore(rows)
    store.record([created(tracked())])
    [held] = store.read_pending()
    outdated = store.write_destination("default", NEW_DESTINATION)
    store.write_destination("default", outdated)

    with pytest.raises(ConflictError):
        store.commit_outcomes("default", outdated, [Outcome(held, kept=replace(held.value, attempts=1))])

    assert [each.value.attempts for each in store.read_pending()] == [0]


def test_a_given_up_notification_is_counted_and_can_be_revived(rows: Rows) -> None:
    """Dead is not gone."""
    store = StateStore(rows)
    store.record([created(tracked())])
    [held] = store.read_pending()
    spent = replace(held.value, attempts=9, last_error="destination 'default' answered 404")
    store.commit_outcomes(
        "default", NEW_DESTINATION, [Outcome(held, entry=JournalEntry(spent, START), dead=True)]
    )
    assert (store.read_snapshot().dead, store.read_pending()) == (1, [])

    [dead] = store.read_dead()
    store.requeue(dead, START + timedelta(days=9))

    assert store.read_snapshot().dead == 0
    assert [(each.value.attempts, each.value.recorded_at) for each in store.read_pending()] == [
        (0, START + timedelta(days=9))
    ]


def test_many_notifications_for_somebody_who_was_not_reached_are_settled_at_once(rows: Rows) -> None:
    """As many as one message holds, all for one person: one row of theirs, written once."""
    store = StateStore(rows)
    entries = [created(tracked(), "chat") for _ in range(MOST_TOGETHER)]
    store.record([replace(each, notifications=(to_mira(each.notifications[0]),)) for each in entries])
    outcomes = [
        Outcome(held, entry=JournalEntry(held.value, START, unreached=True)) for held in store.read_pending()
    ]

    store.commit_outcomes("chat", NEW_DESTINATION, outcomes)

    assert (len(outcomes), store.read_pending()) == (MOST_TOGETHER, [])
    assert len(list(store.read_sent())) == MOST_TOGETHER
    assert store.is_unreached("chat", "mira", START)


def test_the_mark_of_the_last_poll_is_kept(rows: Rows) -> None:
    """Health depends on it."""
    store = StateStore(rows)
    assert store.read_mark() is None

    store.write_mark(PollMark(last_good=START))
    store.write_mark(PollMark(last_good=START, failing_since=START, failure="graph_denied"))

    assert store.read_mark() == store.read_snapshot().mark == PollMark(START, START, "graph_denied")


@pytest.mark.parametrize("data", ["not json", "[]", "{}", '{"request": 5}', '{"request": {"id": "x"}}'])
def test_a_damaged_row_is_named(rows: Rows, data: str) -> None:
    """Instead of guessing, the poll stops and says which row it cannot read."""
    rows.commit([Insert("live:1", data)])

    with pytest.raises(StateCorrupt, match="'live:1'"):
        StateStore(rows).read_snapshot()


def test_a_row_of_an_older_version_is_still_read(rows: Rows) -> None:
    """Fields that a later version adds have defaults; fields that it no longer knows are passed over."""
    rows.commit([Insert("live:1", '{"request": {"id": "1", "status": "approved"}, "colour": "blue"}')])

    snapshot = StateStore(rows).read_snapshot()

    assert [held.value.request.status for held in snapshot.tracked.values()] == ["approved"]


def test_news_of_a_kind_that_only_a_newer_version_knows_are_named(rows: Rows) -> None:
    """They stop the poll: they are neither dropped nor told as something else."""
    store = StateStore(rows)
    store.record([created(tracked())])
    [row] = rows.read("pending:", "pending;")
    rows.commit([Put(row.key, row.data.replace('"created"', '"foreseen"'))])

    with pytest.raises(StateCorrupt, match=row.key):
        store.read_pending()

    assert rows.get(row.key) is not None


def test_held_values_carry_what_a_write_needs(rows: Rows) -> None:
    """Read, change, write; somebody who read before is refused."""
    store = StateStore(rows)
    store.record([created(tracked())])
    [held] = store.read_pending()
    store.make_due(held)

    with pytest.raises(ConflictError):
        store.make_due(Versioned(held.value, held.etag))
