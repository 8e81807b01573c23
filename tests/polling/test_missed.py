"""What an arrival missed: judged by what it was told, and only for what it never heard of by times."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, Step
from maa_notify.domain.request import Identity
from maa_notify.domain.routing import Route
from maa_notify.polling.welcome import attended, heard_before, with_welcome
from maa_notify.storage.outbox import Outcome
from maa_notify.storage.records import NEW_DESTINATION, OUTBOX, JournalEntry, SourceMark, encode, sent_key
from maa_notify.storage.rows import Put
from maa_notify.storage.store import StateStore
from tests.delivery.waiting import DAY, HOUR, MINUTE, SECOND, news
from tests.storage.changes import tracked
from tests.support.clock import START
from tests.support.memory import MemoryRows

AWAY_SINCE = START - HOUR


def state(status: str, revision: int, *, filed: datetime = START - DAY, changed: datetime) -> RequestState:
    """A request of this status, which it reached at that time."""
    request = replace(tracked().request, status=status, requested_at=filed, modified_at=changed)
    steps = (Step(status, changed, Identity()),) if revision > 1 else ()
    return RequestState(request, revision, steps=steps)


def told(
    known: RequestState,
    away_since: datetime | None,
    heard: int,
    *,
    is_listed: bool = True,
    with_closed: bool = False,
) -> list[tuple[object, str]]:
    """What a destination that arrives now is told of a request of which it has heard so much."""
    store = StateStore(MemoryRows())
    left = {} if is_listed else {known.request.id: known}
    if is_listed:
        store.requests.record([Change(known.request.id, None, known)], {})
    lines = {(known.request.id, "back"): heard}
    snapshot = store.requests.read_snapshot()
    changes = with_welcome(
        [],
        snapshot,
        left,
        [Route("back")],
        {"back": away_since},
        {},
        lines,
        START,
        with_closed=with_closed,
    )
    return [(each.event.kind, each.destination) for change in changes for each in change.notifications]


CHANGED = [(EventKind.STATUS_CHANGED, "back")]
CREATED = [(EventKind.CREATED, "back")]


@pytest.mark.parametrize(
    "known,heard,expected",
    [
        (state("needsApproval", 1, changed=START - DAY), 0, CREATED),
        (state("needsApproval", 3, changed=START - DAY), 0, CREATED),
        (state("needsApproval", 3, changed=START - DAY), 1, CHANGED),
        (state("needsApproval", 1, changed=START), 1, []),
        (state("approved", 2, changed=START - DAY), 1, CHANGED),
        (state("rejected", 2, changed=START - DAY), 1, CHANGED),
        (state("rejected", 2, changed=START), 2, []),
        (state("rejected", 2, changed=START), 0, CHANGED),
        (state("rejected", 2, changed=AWAY_SINCE - 4 * MINUTE), 0, CHANGED),
        (state("rejected", 2, changed=AWAY_SINCE - 6 * MINUTE), 0, []),
        (state("rejected", 2, filed=AWAY_SINCE, changed=START), 0, []),
        (state("rejected", 1, changed=START), 0, []),
    ],
    ids=[
        "open, never heard of",
        "open again, never heard of",
        "open again, heard of before",
        "heard of",
        "decided, heard of as open",
        "over, heard of as open",
        "heard of as over",
        "over while it was away",
        "over at that moment",
        "over before",
        "filed and over while it was away",
        "over when it was first seen",
    ],
)
def test_whoever_comes_back_hears_what_it_missed(known: RequestState, heard: int, expected: object) -> None:
    """Whatever the times are, if it was told of the request before."""
    assert told(known, AWAY_SINCE, heard) == expected


@pytest.mark.parametrize(
    "away_since,filed,expected",
    [
        (None, START - DAY, CREATED),
        (AWAY_SINCE, AWAY_SINCE, CREATED),
        (AWAY_SINCE, AWAY_SINCE - SECOND, []),
    ],
    ids=["nobody knows since when", "filed since then", "filed before"],
)
def test_what_is_over_is_told_where_nobody_may_have_heard_of_it(
    away_since: datetime | None, filed: datetime, expected: object
) -> None:
    """After memory was touched; what was filed before that time was told then."""
    over = state("rejected", 1, filed=filed, changed=START - DAY)

    assert told(over, away_since, 0, with_closed=True) == expected


GONE = [(EventKind.NO_LONGER_LISTED, "back")]


@pytest.mark.parametrize("away_since", [AWAY_SINCE, None], ids=["away since then", "nobody knows since when"])
@pytest.mark.parametrize(
    "known,missing_since,heard,expected",
    [
        (state("rejected", 2, changed=START - DAY), AWAY_SINCE, 1, CHANGED),
        (state("rejected", 2, changed=START - DAY), None, 1, CHANGED),
        (state("approved", 3, changed=START - DAY), AWAY_SINCE, 2, GONE),
        (state("needsApproval", 2, changed=START - DAY), AWAY_SINCE - 4 * MINUTE, 1, GONE),
        (state("rejected", 2, changed=START - DAY), AWAY_SINCE, 2, []),
        (state("rejected", 2, changed=START - DAY), AWAY_SINCE, 3, []),
        (state("rejected", 2, changed=START), AWAY_SINCE, 0, []),
        (state("needsApproval", 2, changed=START), AWAY_SINCE, 0, []),
    ],
    ids=[
        "decided",
        "decided, left nobody knows when",
        "gone after the approval",
        "gone",
        "heard of as over",
        "heard of more",
        "over, never heard of",
        "gone, never heard of",
    ],
)
def test_whoever_comes_back_hears_how_it_ended_what_left_the_list(
    known: RequestState,
    missing_since: datetime | None,
    heard: int,
    expected: object,
    away_since: datetime | None,
) -> None:
    """Else its card would ask to decide for ever. Of what it never heard of it hears no more now."""
    left = replace(known, missing_since=missing_since)

    assert told(left, away_since, heard, is_listed=False) == expected


def test_what_left_the_list_before_a_destination_was_away_is_not_told() -> None:
    """Whatever it missed then has another reason, such as its words in the settings."""
    left = state("rejected", 2, changed=START - DAY)

    assert told(replace(left, missing_since=AWAY_SINCE - 6 * MINUTE), AWAY_SINCE, 1, is_listed=False) == []


@pytest.mark.parametrize(
    "missing_since,at", [(START - HOUR, START - HOUR), (START + DAY, START), (None, START)]
)
def test_what_is_gone_is_told_with_the_time_at_which_it_went(
    missing_since: datetime | None, at: datetime
) -> None:
    """Its card says when; a time that has not come yet was noted by a wrong clock."""
    known = replace(state("needsApproval", 2, changed=START - DAY), missing_since=missing_since)
    snapshot = StateStore(MemoryRows()).requests.read_snapshot()
    left, heard = {known.request.id: known}, {(known.request.id, "back"): 1}

    [change] = with_welcome([], snapshot, left, [Route("back")], {"back": AWAY_SINCE}, {}, heard, START)

    assert [each.event.at for each in change.notifications] == [at]


def test_what_leaves_the_list_as_a_destination_comes_back_is_told_it() -> None:
    """It is known as listed until that very poll."""
    before = state("rejected", 2, changed=START - DAY)
    store, request_id = StateStore(MemoryRows()), before.request.id
    store.requests.record([Change(request_id, None, before)], {})
    leaves = Change(request_id, replace(before, missing_since=START), None)

    [change] = with_welcome(
        [leaves],
        store.requests.read_snapshot(),
        {},
        [Route("back")],
        {"back": AWAY_SINCE},
        {},
        {(request_id, "back"): 1},
        START,
    )

    assert (change.before, change.after) == (leaves.before, None)
    assert [each.event.kind for each in change.notifications] == [EventKind.STATUS_CHANGED]


def test_an_end_is_told_where_a_request_was_told_under_another_policy_type() -> None:
    """As it is where no destination was away."""
    known = replace(state("rejected", 2, changed=START - DAY), told_types=(("mobileApp",),))
    left = {known.request.id: replace(known, missing_since=START)}
    route = Route("back", policy_types=frozenset({"mobileApp"}))
    snapshot = StateStore(MemoryRows()).requests.read_snapshot()
    heard = {(known.request.id, "back"): 1}

    [change] = with_welcome([], snapshot, left, [route], {"back": AWAY_SINCE}, {}, heard, START)

    assert [each.destination for each in change.notifications] == ["back"]


@pytest.mark.parametrize(
    "known,heard,expected",
    [
        (state("needsApproval", 1, changed=START), 0, CREATED),
        (state("approved", 2, changed=START), 0, CREATED),
        (state("approved", 2, changed=START), 2, []),
        (state("rejected", 2, changed=START), 0, []),
    ],
)
def test_whoever_is_new_hears_what_is_open(known: RequestState, heard: int, expected: object) -> None:
    """Once, though the poll that told it was cut off."""
    assert told(known, None, heard) == expected


@pytest.mark.parametrize("requested_at", [START, None], ids=["filed now", "filed nobody knows when"])
def test_the_newest_that_was_told_or_waits_is_found(requested_at: datetime | None) -> None:
    """In the journal, in any order and by a clock that was behind, and in the outbox, damaged or not.

    What was left out was told to nobody.
    """
    store, sent, waiting = StateStore(MemoryRows()), [news("one", 3), news("one", 2)], news("one", 4)
    known = replace(tracked(), request=replace(tracked().request, requested_at=requested_at))
    store.requests.record([Change(known.request.id, None, known)], {})
    for place, item in enumerate(sent):
        at = START - 20 * HOUR + place * MINUTE
        store.rows.commit([Put(OUTBOX + item.value.key, "{}")])
        [row] = store.rows.read(OUTBOX, OUTBOX + "~")
        outcome = Outcome(replace(item, etag=row.etag), entry=JournalEntry(item.value, at))
        store.outbox.commit_outcomes(f"d{place}", NEW_DESTINATION, [outcome])
    others = [news("two", revision, destination="b:c") for revision in (2, 10, 9)]
    store.rows.commit([Put(OUTBOX + each.value.key, "damaged") for each in others])
    store.rows.commit([Put(OUTBOX + "odd", "damaged")])
    untold = JournalEntry(news("one", 9).value, START, outdated=True)
    store.rows.commit([Put(sent_key(untold), encode(untold))])

    found = heard_before(store.requests.read_snapshot(), {}, [], store.journal)
    store.rows.commit([Put(OUTBOX + waiting.value.key, "damaged")])
    later = heard_before(store.requests.read_snapshot(), {}, [], store.journal)

    assert (found["one", "default"], found["two", "b:c"]) == (3, 10)
    assert later["one", "default"] == 4


def test_whoever_leaves_is_away_since_the_last_good_look() -> None:
    """What happened while no look was good was told to nobody."""
    mark = SourceMark(last_good=START - HOUR, tried_at=START - MINUTE, destinations=("gone", "there"))
    fields: dict[str, Any] = {"names": ["there"], "arrived": {}, "now": START}

    assert attended(mark, **fields).left == {"gone": START - HOUR}
    assert attended(replace(mark, last_good=START + timedelta(days=9)), **fields).left == {"gone": START}
