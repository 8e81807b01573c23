"""What a poll asks of the state store, on SQLite, on a real Azurite and on the stand-in."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, RequestEvent, Step
from maa_notify.domain.finding import FindingState
from maa_notify.domain.notification import Notification
from maa_notify.errors import StateCorrupt, StateError
from maa_notify.settings.destinations import MOST_DESTINATIONS
from maa_notify.storage.records import (
    DESTINATION,
    NEW_DESTINATION,
    PAST,
    WATERMARK,
    DestinationState,
    SourceMark,
    Versioned,
)
from maa_notify.storage.requests import ALERTS, FINDINGS, Shelf
from maa_notify.storage.rows import (
    MAX_BYTES,
    ConflictError,
    Delete,
    Insert,
    Put,
    Row,
    Rows,
    Write,
    prefix_end,
    wire_size,
)
from maa_notify.storage.store import StateStore
from tests.storage.changes import changed, created, tracked
from tests.support.approval import notice
from tests.support.clock import START
from tests.support.memory import MemoryRows


def test_what_is_recorded_is_read_back_equal(store: StateStore) -> None:
    """Every field of a request and its notification, times with their zone."""
    known = tracked()
    change = created(known)

    assert store.requests.record([change]).changes == [change]

    assert [held.value for held in store.requests.read_snapshot().tracked.values()] == [known]
    assert [held.value for held in store.outbox.read_pending()] == list(change.notifications)


def test_what_was_recorded_is_returned_as_it_stands_in_the_outbox(store: StateStore) -> None:
    """A delivery can write it again without having read it."""
    changes = [created(tracked(), name) for name in ("a", "b", "c")]
    silent = replace(changes[1], event=None, notifications=())

    recorded = store.requests.record([changes[0], silent, changes[2]])

    waiting = store.outbox.read_pending()
    by_key = {each.value.key: each for each in waiting}
    assert [by_key[each.value.key] for each in recorded.pending] == list(recorded.pending)
    assert len(recorded.pending) == len(waiting) == 2


def leases(*names: str) -> dict[str, Versioned[DestinationState]]:
    """New destinations, leased by somebody."""
    return {name: Versioned(DestinationState("somebody"), "") for name in names}


def test_a_destination_is_leased_together_with_its_news(store: StateStore) -> None:
    """Of those offered only the ones that something is told to; each can be written again without reading."""
    recorded = store.requests.record([created(tracked(), "a")], leases=leases("a", "b"))

    assert recorded.states == {"a": store.outbox.read_destination("a")}
    assert recorded.states["a"].value.holder == "somebody"
    assert store.outbox.read_destination("b") == NEW_DESTINATION


def test_a_lease_that_cannot_be_had_keeps_no_news_back(store: StateStore) -> None:
    """Another poller holds the destination: the news are recorded, and the lease stays theirs."""
    theirs = store.outbox.write_destination("a", Versioned(DestinationState("theirs"), ""))

    recorded = store.requests.record([created(tracked(), "a")], leases=leases("a"))

    assert (len(recorded.changes), len(recorded.pending), recorded.states) == (1, 1, {})
    assert store.outbox.read_destination("a") == theirs


class Noted(MemoryRows):
    """Notes which rows each transaction was about, and how many bytes it was."""

    def __init__(self) -> None:
        """None yet."""
        super().__init__()
        self.transactions: list[set[str]] = []
        self.sizes: list[int] = []

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Notes and does it."""
        self.transactions.append({each.key for each in writes})
        self.sizes.append(sum(map(wire_size, writes)))
        return super().commit(writes)


def test_no_lease_runs_while_there_is_still_something_to_record() -> None:
    """A burst takes several transactions: the lease comes with the last."""
    rows = Noted()

    recorded = StateStore(rows).requests.record(
        [created(tracked(), "a") for _ in range(120)], leases=leases("a")
    )

    assert (len(recorded.changes), set(recorded.states)) == (120, {"a"})
    assert [f"{DESTINATION}a" in keys for keys in rows.transactions] == [False, False, True]


def test_nothing_to_record_costs_no_transaction() -> None:
    """Whatever could be leased along."""
    rows = Noted()

    recorded = StateStore(rows).requests.record([], leases=leases("a"))

    assert (recorded.changes, recorded.pending, recorded.states, rows.transactions) == ([], [], {}, [])


def test_transactions_are_as_large_as_the_store_takes_and_no_larger() -> None:
    """By count for short texts and by bytes for long ones, the second transaction as well as the first."""
    silent, short, long = Noted(), Noted(), Noted()

    StateStore(silent).requests.record(
        [replace(created(tracked()), event=None, notifications=()) for _ in range(99)]
    )
    StateStore(short).requests.record([created(tracked()) for _ in range(150)])
    StateStore(long).requests.record([replace(overflowing(), before=None) for _ in range(40)])

    assert [len(keys) for keys in silent.transactions] == [100]
    assert [len(keys) for keys in short.transactions] == [99, 99, 99, 7]
    assert all(MAX_BYTES * 0.9 < size <= MAX_BYTES + 2_000 for size in long.sizes[:-1])
    assert len(long.sizes) > 3


def test_leases_for_which_there_is_no_room_are_left_out(store: StateStore) -> None:
    """News that fill their transaction are recorded as ever, and the destinations leased later."""
    change = created(tracked())
    [notification] = change.notifications
    many = tuple(replace(notification, destination=f"d{number:02}") for number in range(97))

    recorded = store.requests.record(
        [replace(change, notifications=many)], leases=leases(*(each.destination for each in many))
    )

    assert (len(recorded.pending), recorded.states) == (97, {})


def test_leases_for_which_there_is_just_room_come_along(store: StateStore) -> None:
    """The request, 49 notifications and as many leases are one transaction."""
    change = for_many(created(tracked()), 49)
    names = [each.destination for each in change.notifications]

    assert set(store.requests.record([change], leases=leases(*names)).states) == set(names)


def test_only_rows_that_were_written_since_are_decoded_again(rows: Rows) -> None:
    """Each poll reads every row; what another poller wrote meanwhile is news all the same."""
    ours, theirs = StateStore(rows), StateStore(rows)
    still, moving = tracked(), tracked()
    ours.requests.record([created(still), created(moving)])
    before = ours.requests.read_snapshot().tracked
    moved = replace(moving, revision=2)
    theirs.requests.record([changed(moving, moved)], before)

    after = ours.requests.read_snapshot().tracked

    assert after[still.request.id] is before[still.request.id]
    assert after[moving.request.id].value == moved


def test_a_row_that_was_removed_is_not_remembered(rows: Rows) -> None:
    """A request that another poller moved to the past is not known any more."""
    ours, theirs = StateStore(rows), StateStore(rows)
    known = tracked()
    ours.requests.record([created(known)])
    theirs.requests.record([changed(known, None)], ours.requests.read_snapshot().tracked)

    assert ours.requests.read_snapshot().tracked == {}


def test_a_conflict_leaves_out_one_request_and_records_the_rest(store: StateStore) -> None:
    """Another poller was faster with one of three: the other two lose nothing, and it is not doubled."""
    changes = [created(tracked()) for _ in range(3)]
    store.requests.record([changes[1]])

    recorded = store.requests.record(changes)

    assert recorded.changes == [changes[0], changes[2]]
    assert len(store.outbox.read_pending()) == 3


def test_a_conflict_over_known_requests_leaves_out_only_the_one_that_changed(store: StateStore) -> None:
    """Whichever of them it is in the order of their ids."""
    for number in range(3):
        known = sorted((tracked() for _ in range(3)), key=lambda each: each.request.id)
        store.requests.record(map(created, known))
        read = store.requests.read_snapshot().tracked
        store.requests.record([changed(known[number], replace(known[number], revision=7))], read)
        changes = [changed(each, replace(each, revision=2)) for each in known]

        recorded = store.requests.record(changes, read)

        assert recorded.changes == [each for each in changes if each != changes[number]]


def test_a_request_that_came_back_elsewhere_keeps_no_others_from_being_recorded(store: StateStore) -> None:
    """Its own row is as expected, its past is not: another poller has dealt with it."""
    known = tracked()
    store.requests.record([created(known)])
    store.requests.record([changed(known, None)], store.requests.read_snapshot().tracked)
    [past] = store.requests.read_past([known.request.id]).values()
    others = [created(tracked()) for _ in range(2)]
    another = tracked()
    store.requests.record([created(another)])
    etag = store.requests.read_snapshot().tracked[another.request.id].etag  # Azurite takes no made-up one

    outdated = {known.request.id: Versioned(past.value, etag)}
    recorded = store.requests.record([others[0], created(known), others[1]], past=outdated)

    assert recorded.changes == others
    assert len(store.requests.read_snapshot().tracked) == 3


def test_a_large_burst_is_recorded_whole(store: StateStore) -> None:
    """Hundreds of new requests, each for three destinations."""
    changes = []
    for _ in range(120):
        change = created(tracked())
        [notification] = change.notifications
        three = tuple(replace(notification, destination=name) for name in ("a", "b", "c"))
        changes.append(replace(change, notifications=three))

    assert len(store.requests.record(changes).changes) == 120
    assert (len(store.requests.read_snapshot().tracked), len(store.outbox.read_pending())) == (120, 360)


def test_a_burst_of_the_largest_requests_is_recorded_whole(store: StateStore) -> None:
    """An attacker who fills every field with emoji cannot make the store refuse everybody's requests."""
    flood = "🙂" * 5_000
    fields = ("requestJustification", "approvalJustification", "payloadName", "payloadOperation")
    changes = [created(tracked(**dict.fromkeys(fields, flood))) for _ in range(100)]

    assert len(store.requests.record(changes).changes) == 100


def overflowing() -> Change[RequestState]:
    """A change with the longest texts that Graph may send, of the characters that take most bytes."""
    flood = "🙂" * 5_000
    who = {"user": dict.fromkeys(("displayName", "userPrincipalName", "id"), flood)}
    notes = ("requestJustification", "approvalJustification", "payloadName", "payloadOperation")
    words = ("status", "payloadSubtype", "actionName")
    assigned = [
        {"target": {"@odata.type": f"{kind}AssignmentTarget"}, "intent": intent}
        for kind in ("group", "exclusionGroup", "allLicensedUsers", "allDevices", "new")
        for intent in ("", "uninstall", "required", "available", "availableWithoutEnrollment", "new")
        for _ in range(10)
    ]
    known = tracked(
        **dict.fromkeys((*notes, *words), flood),
        **dict.fromkeys(("addedAssignments", "removedAssignments"), assigned),
        payloadType="operationApprovalPolicy",
        payload={"policyType": "deviceDisableActivationLock", "policyPlatform": "androidDeviceAdministrator"},
        requestor=who,
        approver=who,
        requiredOperationApprovalPolicyTypes=[f"{number}{flood}" for number in range(20)],
        displayPayload=[dict.fromkeys(("deviceName", "serialNumber", "primaryUserEmail"), flood)],
    )
    request = known.request
    assert (len(request.target.assignments), request.target.protects != "") == (30, True)
    steps = tuple(Step(request.status, START, request.approver) for _ in range(8))
    moved = replace(known, revision=99, steps=steps)
    event = RequestEvent(EventKind.STATUS_CHANGED, request, 99, START, request.status, steps=steps)
    notification = Notification(event, "d" * 40, START, recipient=request.requestor.upn)
    return Change(request.id, known, moved, event, (notification,))


def for_many(change: Change[RequestState], count: int) -> Change[RequestState]:
    """The change told to so many destinations."""
    [notification] = change.notifications
    names = (f"{number:02}{'d' * 38}" for number in range(count))
    return replace(change, notifications=tuple(replace(notification, destination=name) for name in names))


def test_the_largest_change_is_recorded_for_as_many_destinations_as_there_may_be(store: StateStore) -> None:
    """Nobody's long texts make an installation fall silent; the timeline is what gives way."""
    change = for_many(overflowing(), MOST_DESTINATIONS)
    assert change.before is not None
    store.requests.record([replace(change, before=None, after=change.before, event=None, notifications=())])

    recorded = store.requests.record([change], store.requests.read_snapshot().tracked)

    waiting = {each.value.key: each.value.event for each in store.outbox.read_pending()}
    assert len(waiting) == len(recorded.pending) == MOST_DESTINATIONS
    assert all(isinstance(event, RequestEvent) and event.steps == () for event in waiting.values())


def test_a_change_that_fits_keeps_its_timeline(store: StateStore) -> None:
    """The longest texts and all, for one destination."""
    change = replace(overflowing(), before=None)

    store.requests.record([change])

    assert [each.value for each in store.outbox.read_pending()] == list(change.notifications)


def test_news_for_as_many_destinations_as_a_transaction_takes_are_recorded(store: StateStore) -> None:
    """The last one that fits."""
    assert len(store.requests.record([for_many(created(tracked()), 98)]).pending) == 98


@pytest.mark.parametrize("count", [99, 150])
def test_news_for_more_destinations_than_a_transaction_takes_are_a_failure_in_words(
    store: StateStore, count: int
) -> None:
    """Nothing of it is recorded, since its rest would be lost."""
    change = for_many(created(tracked()), count)

    with pytest.raises(StateError, match=rf"{count} destinations.*MAA_DESTINATIONS"):
        store.requests.record([change])

    assert (store.requests.read_snapshot().tracked, store.outbox.read_pending()) == ({}, [])


def test_news_of_more_bytes_than_a_transaction_takes_are_a_failure_in_words(store: StateStore) -> None:
    """The same for few destinations with long texts."""
    with pytest.raises(StateError, match=r"90 destinations.*MAA_DESTINATIONS"):
        store.requests.record([for_many(replace(overflowing(), before=None), 90)])

    assert store.outbox.read_pending() == []


def test_a_request_that_leaves_the_list_is_remembered_as_past(store: StateStore) -> None:
    """It is no longer read by polls, and known again when it comes back."""
    known = tracked()
    store.requests.record([created(known)])

    store.requests.record([changed(known, None)], store.requests.read_snapshot().tracked)

    assert store.requests.read_snapshot().tracked == {}
    past = store.requests.read_past([known.request.id, "never seen"])
    assert {key: held.value for key, held in past.items()} == {known.request.id: known}


@pytest.mark.parametrize("shelf", [FINDINGS, ALERTS])
def test_what_nobody_needs_to_know_any_more_leaves_no_row(
    rows: Rows, store: StateStore, shelf: Shelf
) -> None:
    """A finding that is resolved, an alert that is past: nothing of it stays."""
    state = FindingState(notice(), START)
    store.requests.record([Change("one", None, state)], shelf=shelf)
    before = {row.key for row in rows.read(" ", "~~")}
    [row] = rows.read(shelf.present, prefix_end(shelf.present))
    known = {"one": Versioned(state, row.etag)}
    store.requests.record([Change("one", state, None)], known, shelf=shelf)

    assert {row.key for row in rows.read(" ", "~~")} == before - {row.key}


def test_a_request_that_comes_back_is_past_no_more(store: StateStore) -> None:
    """It is remembered once: as listed, or as past."""
    known = tracked()
    store.requests.record([created(known)])
    store.requests.record([changed(known, None)], store.requests.read_snapshot().tracked)
    past = store.requests.read_past([known.request.id])

    store.requests.record([created(known)], past=past)

    assert set(store.requests.read_snapshot().tracked) == {known.request.id}
    assert store.requests.read_past([known.request.id]) == {}


def leave(store: StateStore, known: RequestState, *, ahead: bool = False) -> None:
    """A request leaves the list; it may have been filed ahead of the clock."""
    filed_at = known.request.requested_at
    assert filed_at is not None
    store.requests.raise_watermark(
        START - timedelta(days=9) if ahead else filed_at, [filed_at] if ahead else []
    )
    store.requests.record([changed(known, None)], store.requests.read_snapshot().tracked)


@pytest.mark.parametrize("ahead", [False, True])
def test_a_request_that_was_new_and_left_meanwhile_is_not_new_once_more(rows: Rows, ahead: bool) -> None:
    """A slow poller listed it before two others recorded it and saw it go; what else it found is recorded."""
    slow, first, second = StateStore(rows), StateStore(rows), StateStore(rows)
    slow.requests.read_snapshot()
    known = tracked()
    first.requests.record([created(known)])
    leave(second, known, ahead=ahead)
    others = [created(tracked()) for _ in range(2)]

    recorded = slow.requests.record([others[0], created(known), others[1]])

    assert recorded.changes == others
    assert known.request.id not in slow.requests.read_snapshot().tracked


def test_a_request_without_a_filing_time_may_have_left_too(rows: Rows) -> None:
    """Nothing tells that it is newer than all that left."""
    slow, other = StateStore(rows), StateStore(rows)
    slow.requests.read_snapshot()
    known = tracked(requestDateTime=None)
    assert known.request.requested_at is None
    other.requests.record([created(known)])
    other.requests.raise_watermark(START - timedelta(days=9))
    other.requests.record([changed(known, None)], other.requests.read_snapshot().tracked)

    assert slow.requests.record([created(known)]).changes == []


def test_a_request_that_comes_back_is_recorded_though_another_poller_wrote(store: StateStore) -> None:
    """That it had left is known, and no reason to leave it out."""
    known = tracked()
    store.requests.record([created(known)])
    leave(store, known)
    store.requests.read_snapshot()
    past = store.requests.read_past([known.request.id])
    StateStore(store.rows).requests.record([created(tracked())])

    assert len(store.requests.record([created(known)], past=past).changes) == 1


class Asked(MemoryRows):
    """Notes which rows are asked for."""

    def __init__(self) -> None:
        """None yet."""
        super().__init__()
        self.asked: list[str] = []

    def get(self, key: str) -> Row | None:
        """Notes the key."""
        self.asked.append(key)
        return super().get(key)


def test_a_burst_beside_another_poller_is_not_looked_for_one_by_one() -> None:
    """All of it is newer than what left, and a thousand questions would take the time of the poll."""
    rows = Asked()
    store, other = StateStore(rows), StateStore(rows)
    other.requests.raise_watermark(START - timedelta(days=9))
    store.requests.read_snapshot()
    other.requests.record([created(tracked())])
    rows.asked.clear()

    assert len(store.requests.record([created(tracked()) for _ in range(40)]).changes) == 40
    assert [key for key in rows.asked if key.startswith(PAST)] == []


class Busy(MemoryRows):
    """A store in which another poller records something else right before each transaction of ours."""

    def __init__(self) -> None:
        """Nobody is at work yet."""
        super().__init__()
        self.tries = 0
        self.is_ours = False

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Counts ours."""
        if self.is_ours:
            self.tries += 1
            self.is_ours = False
            StateStore(self).requests.record([created(tracked())])
            self.is_ours = True
        return super().commit(writes)


@pytest.mark.parametrize("is_known", [True, False])
def test_what_another_poller_has_recorded_is_not_tried_until_all_is_quiet(is_known: bool) -> None:
    """Many pollers at once find the same; what nobody else has is tried on, as long as others write."""
    rows = Busy()
    ours, known = StateStore(rows), tracked()
    ours.requests.read_snapshot()
    if is_known:
        StateStore(rows).requests.record([created(known)])
    rows.is_ours = True

    assert ours.requests.record([created(known)]).changes == []
    assert (rows.tries < 4) is is_known


class Leaving(MemoryRows):
    """A store in which a request is recorded and leaves while another poller looks whether any ever left."""

    def __init__(self, known: RequestState) -> None:
        """Nothing has happened yet."""
        super().__init__()
        self.known = known
        self.is_due = False

    def get(self, key: str) -> Row | None:
        """What was there before the request came and went, which happens right after."""
        row = super().get(key)
        if self.is_due and key == WATERMARK:
            self.is_due = False
            other = StateStore(self)
            other.requests.record([created(self.known)])
            leave(other, self.known)
        return row


def test_a_request_that_leaves_while_it_is_looked_for_is_not_new_once_more() -> None:
    """What was looked up has to hold until the new request is written."""
    known = tracked()
    rows = Leaving(known)
    slow = StateStore(rows)
    slow.requests.read_snapshot()
    StateStore(rows).requests.record([created(tracked())])
    rows.is_due = True

    assert slow.requests.record([created(known)]).changes == []


def test_the_watermark_only_rises(store: StateStore) -> None:
    """Whoever lowered it would let a request that comes back pass for a new one."""
    for minutes in (5, 3, 9, 7):
        store.requests.raise_watermark(START + timedelta(minutes=minutes))

    assert store.requests.read_snapshot().watermark == START + timedelta(minutes=9)


def test_times_ahead_of_the_clock_are_remembered_until_they_have_come(store: StateStore) -> None:
    """In any number of steps; of very many those that come first."""
    ahead = [START + timedelta(hours=each) for each in range(1, 61)]
    store.requests.raise_watermark(START, ahead[30:])
    store.requests.raise_watermark(START, ahead[:30])

    assert store.requests.read_snapshot().left_ahead == tuple(ahead[:50])

    store.requests.raise_watermark(ahead[9])
    assert store.requests.read_snapshot().left_ahead == tuple(ahead[10:50])


def test_a_mark_that_somebody_else_wrote_is_not_overwritten(store: StateStore) -> None:
    """Whoever read it before is told; whoever gives no etag writes whatever is there."""
    etag = store.requests.write_mark("devices", SourceMark(last_good=START))
    store.requests.write_mark("devices", SourceMark(failure="denied"))

    with pytest.raises(ConflictError):
        store.requests.write_mark("devices", SourceMark(last_good=START), etag)

    assert store.requests.read_mark("devices") == SourceMark(failure="denied")


@pytest.mark.parametrize(
    "source,mark,expected",
    [
        ("approvals", SourceMark(last_good=START), True),
        ("approvals", SourceMark(failing_since=START), False),
        ("devices", SourceMark(last_good=START), False),
    ],
)
def test_a_process_that_polled_well_notices_that_its_memory_is_gone(
    source: str, mark: SourceMark, expected: bool
) -> None:
    """Only a good look at the requests leaves something to remember."""
    rows = MemoryRows()
    store = StateStore(rows)
    store.requests.write_mark(source, mark)
    rows.commit([Delete(row.key, row.etag) for row in rows.read(" ", "~")])

    assert (store.requests.read_snapshot().known_good is not None) is expected


def test_what_was_recorded_counts_its_events(store: StateStore) -> None:
    """Changes that tell nothing are recorded, and are no events."""
    told, silent = created(tracked()), replace(created(tracked()), event=None, notifications=())

    recorded = store.requests.record([told, silent, created(tracked())])

    assert (len(recorded.changes), recorded.events) == (3, 2)


def test_a_damaged_row_of_the_past_hides_no_other(store: StateStore) -> None:
    """Nor does it keep a poll from telling what is new."""
    gone = tracked()
    store.requests.record([created(gone)])
    known = store.requests.read_snapshot().tracked
    store.requests.record([Change(gone.request.id, gone, None)], known)
    store.rows.commit([Put(f"{PAST}damaged", "{")])

    assert list(store.requests.read_all_past()) == [gone.request.id]


class Counting(MemoryRows):
    """Counts the transactions that were tried."""

    def __init__(self) -> None:
        """None yet."""
        super().__init__()
        self.tries = 0

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Commits."""
        self.tries += 1
        return super().commit(writes)


def test_those_beside_one_that_another_poller_recorded_are_recorded_together() -> None:
    """Not one by one: a table is asked for each transaction."""
    rows = Counting()
    requests = StateStore(rows).requests
    first, *others = (created(tracked(id=f"{number}")) for number in range(9))
    requests.record([first])
    rows.tries = 0

    assert len(requests.record([first, *others]).changes) == 8
    assert rows.tries == 1


class Contended(Counting):
    """A store in which somebody else is always faster."""

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Refuses."""
        self.tries += 1
        raise ConflictError

    def read(self, first: str, end: str) -> Iterator[Row]:
        """Nothing."""
        return iter(())


@pytest.mark.parametrize("raising", [True, False], ids=["watermark", "record"])
def test_a_write_that_always_conflicts_ends(raising: bool) -> None:
    """The poll fails or leaves the news to the next one, instead of hammering the store for ever."""
    rows = Contended()
    requests = StateStore(rows).requests

    if raising:
        with pytest.raises(StateError, match="meta:watermark"):
            requests.raise_watermark(START)
    else:
        assert requests.record([created(tracked()) for _ in range(3)]).changes == []

    assert rows.tries < 30


def test_the_mark_of_the_last_poll_is_kept(store: StateStore) -> None:
    """Health depends on it."""
    assert store.requests.read_mark("approvals") is None

    store.requests.write_mark("approvals", SourceMark(last_good=START))
    store.requests.write_mark(
        "approvals", SourceMark(last_good=START, failing_since=START, failure="graph_denied")
    )

    mark = store.requests.read_mark("approvals")
    assert (
        mark == store.requests.read_snapshot().marks["approvals"] == SourceMark(START, START, "graph_denied")
    )


@pytest.mark.parametrize("data", ["not json", "[]", "{}", '{"request": 5}', '{"request": {"id": "x"}}'])
def test_a_damaged_row_is_named(rows: Rows, store: StateStore, data: str) -> None:
    """Instead of guessing, the poll stops and says which row it cannot read."""
    rows.commit([Insert("live:1", data)])

    with pytest.raises(StateCorrupt, match="'live:1'"):
        store.requests.read_snapshot()


def test_a_row_of_an_older_version_is_still_read(rows: Rows, store: StateStore) -> None:
    """Fields that a later version adds have defaults; fields that it no longer knows are passed over."""
    rows.commit([Insert("live:1", '{"request": {"id": "1", "status": "approved"}, "colour": "blue"}')])

    snapshot = store.requests.read_snapshot()

    assert [held.value.request.status for held in snapshot.tracked.values()] == ["approved"]
