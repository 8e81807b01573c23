"""What changed: the events of every course that a request can take."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState, Rules, compare
from maa_notify.domain.event import EventKind, RequestEvent, Step
from maa_notify.domain.quiet import QuietHours, parse_quiet_hours
from maa_notify.domain.reminders import parse_plan
from maa_notify.domain.request import CLOSED, STATUSES, ApprovalRequest, Identity, Target
from tests.support.approval import FILED, LIFETIME, NOW, approval

RULES = Rules(reminders=parse_plan("50%,24h,4h"))
FIRST_RUN = replace(RULES, first_run=True)
HOUR = timedelta(hours=1)

Known = Mapping[str, RequestState]
Requests = Mapping[str, ApprovalRequest]
States = Sequence[Mapping[str, Any]]


def poll(
    known: Known,
    *listed: ApprovalRequest,
    past: Known | None = None,
    gone: Iterable[str] = (),
    now: datetime = NOW,
    rules: Rules = RULES,
) -> list[Change[RequestState]]:
    """Compares as a poll does."""
    return compare(known, past or {}, {each.id: each for each in listed}, list(gone), now, rules)


def applied(known: Known, changes: Iterable[Change[RequestState]]) -> dict[str, RequestState]:
    """What is known after the changes were recorded."""
    after = dict(known)
    for change in changes:
        if change.after is None:
            del after[change.subject_id]
        else:
            after[change.subject_id] = change.after
    return after


def known_as(request: ApprovalRequest, **state: Any) -> dict[str, RequestState]:
    """A single request as it is remembered."""
    return {request.id: replace(RequestState(request), **state)}


def told(changes: Iterable[Change[RequestState]]) -> list[str]:
    """The words for the events, in the order in which they are told."""
    return [change.event.name for change in changes if change.event is not None]


def test_a_new_request_is_announced() -> None:
    """Whoever can approve hears of a request that was not there at the last poll."""
    [change] = poll({}, approval())

    assert isinstance(change.event, RequestEvent)
    assert (change.event.kind, change.event.revision, change.event.at) == (EventKind.CREATED, 1, NOW)
    assert (change.before, change.after) == (None, RequestState(approval()))


def test_an_unchanged_request_is_not_mentioned() -> None:
    """A quiet minute writes nothing and rings nowhere."""
    assert poll(known_as(approval()), approval()) == []


@pytest.mark.parametrize("status", [*STATUSES, "somethingNew"])
@pytest.mark.parametrize("previous", [*STATUSES, "somethingOld"])
def test_every_change_of_status_is_told_once(previous: str, status: str) -> None:
    """Forwards, backwards or to a status nobody knows: one event with the status before, a new revision."""
    known = known_as(approval(previous), revision=4)
    changes = poll(known, approval(status))
    if status == previous:
        assert changes == []
        return

    [change] = changes

    assert isinstance(change.event, RequestEvent)
    assert (change.event.kind, change.event.previous) == (EventKind.STATUS_CHANGED, previous)
    assert (change.event.revision, change.event.request.status) == (5, status)
    assert poll(applied(known, changes), approval(status)) == []


def test_an_approval_taken_back_and_given_again_has_keys_of_its_own() -> None:
    """The second 'approved' is not mistaken for a repetition of the first."""
    known = applied({}, poll({}, approval()))
    keys = []
    for status in ("approved", "needsApproval", "approved"):
        changes = poll(known, approval(status))
        keys += [change.event.short_key for change in changes if isinstance(change.event, RequestEvent)]
        known = applied(known, changes)

    assert len(set(keys)) == 3


def test_details_that_change_in_silence_are_remembered() -> None:
    """A moved expiry is kept for the reminders, though nobody is rung for it."""
    moved = approval(expires_at=FILED + LIFETIME * 2)

    [change] = poll(known_as(approval()), moved)

    assert change.event is None
    assert change.after == RequestState(moved)


def test_the_names_that_an_object_had_are_remembered() -> None:
    """Through every further change; another life under the same id has none of them."""
    known = known_as(approval(target=Target("Old")))
    for name, status in (
        ("Newer", "needsApproval"),
        ("Newer", "approved"),
        ("Newest", "approved"),
        ("", "completed"),
    ):
        known = applied(known, poll(known, approval(status, target=Target(name))))

    [state] = known.values()
    assert state.former_names == ("Old", "Newer", "Newest")
    [change] = poll(
        known, approval(requested_at=FILED + 2 * HOUR, target=Target("Other")), now=NOW + 3 * HOUR
    )
    assert change.after is not None
    assert change.after.former_names == ()


def test_of_many_names_the_latest_are_remembered() -> None:
    """Whoever renames an object at each poll fills no row."""
    known = known_as(approval(target=Target("0")))
    for number in range(1, 30):
        known = applied(known, poll(known, approval(target=Target(f"{number}"))))

    [state] = known.values()
    assert state.former_names == tuple(f"{number}" for number in range(21, 29))


@pytest.mark.parametrize("status", [*STATUSES, "somethingNew"])
def test_the_first_run_tells_what_is_open_only(status: str) -> None:
    """On the first run nobody gets last month's outcomes, but nothing that waits is overlooked."""
    changes = poll({}, approval(status), rules=FIRST_RUN)

    assert told(changes) == ([] if status in CLOSED else ["created"])
    assert [change.after.request for change in changes if change.after] == [approval(status)]


@pytest.mark.parametrize("status", sorted(CLOSED))
def test_what_came_and_closed_during_time_off_is_told_once(status: str) -> None:
    """A request that nobody saw while the notifier was off still shows up, with its outcome."""
    known = applied({}, poll({}, approval(status)))

    assert told(poll({}, approval(status))) == ["created"]
    assert poll(known, approval(status)) == []


def test_events_are_told_oldest_first() -> None:
    """After time off the channel reads like a story: what happened first comes first."""
    late = approval(id="a", modified_at=NOW)
    early = approval(id="b", modified_at=NOW - HOUR)
    undated = approval(id="c", modified_at=None, requested_at=None)

    changes = poll({}, late, undated, early)

    assert [change.subject_id for change in changes] == ["b", "a", "c"]


def at(hours: float) -> datetime:
    """So many hours after the request was filed."""
    return FILED + HOUR * hours


@pytest.mark.parametrize(
    "hours,stages",
    [
        (35.9, []),
        (36, ["50%"]),
        (47.9, ["50%"]),
        (48, ["24h"]),
        (68, ["4h"]),
        (71.9, ["4h"]),
        (72, []),
        (90, []),
    ],
)
def test_a_reminder_comes_with_its_stage(hours: float, stages: list[str]) -> None:
    """At half time, a day and four hours before expiry, never after it; of several overdue the last."""
    changes = poll(known_as(approval()), approval(), now=at(hours))

    assert [change.event.stage for change in changes if isinstance(change.event, RequestEvent)] == stages


def test_after_time_off_one_reminder_rings_for_all_that_was_missed() -> None:
    """Three stages passed while nobody polled; the channel hears one reminder, and none of them again."""
    known = known_as(approval())
    changes = poll(known, approval(), now=at(70))
    known = applied(known, changes)

    assert told(changes) == ["reminder"]
    assert known[approval().id].reminders_sent == ("50%", "24h", "4h")
    assert poll(known, approval(), now=at(71)) == []


def test_a_reminder_names_the_next_one() -> None:
    """A reader learns whether it will ring again, and when."""
    [first] = poll(known_as(approval()), approval(), now=at(36))
    [last] = poll(known_as(approval(), reminders_sent=("50%", "24h")), approval(), now=at(68))

    assert isinstance(first.event, RequestEvent)
    assert isinstance(last.event, RequestEvent)
    assert (first.event.next_reminder, last.event.next_reminder) == (at(48), None)


def test_stages_that_had_passed_at_first_sight_never_ring() -> None:
    """A request first seen late is announced; a reminder for it in the same breath would be noise."""
    known = applied({}, poll({}, approval(), now=at(50)))

    assert known[approval().id].reminders_sent == ("50%", "24h")
    assert poll(known, approval(), now=at(51)) == []
    assert told(poll(known, approval(), now=at(68))) == ["reminder"]


@pytest.mark.parametrize("status", [each for each in STATUSES if each != "needsApproval"])
def test_reminders_stop_at_the_decision(status: str) -> None:
    """Nobody is asked to approve what has been decided."""
    known = known_as(approval(status))

    assert poll(known, approval(status), now=at(70)) == []


def test_a_decision_taken_back_does_not_ring_for_the_time_it_stood() -> None:
    """The news is that it waits again; stages that passed meanwhile are done with."""
    known = known_as(approval("approved"))
    changes = poll(known, approval(), now=at(50))

    assert told(changes) == ["needsApproval"]
    assert poll(applied(known, changes), approval(), now=at(51)) == []


def test_reminders_follow_an_expiry_that_moved() -> None:
    """With a later expiry the stages that have not rung ring later; those that have do not ring again."""
    later = approval(expires_at=FILED + LIFETIME * 2)
    known = known_as(later, reminders_sent=("50%",))

    assert poll(known, later, now=at(70)) == []
    [change] = poll(known, later, now=at(120))
    assert isinstance(change.event, RequestEvent)
    assert (change.event.stage, change.event.next_reminder) == ("24h", at(140))


def test_an_open_request_is_missed_at_the_second_look() -> None:
    """One list without it proves nothing; after a second the channel learns that its outcome is unknown."""
    known = known_as(approval(), revision=3)
    first = poll(known, gone=[approval().id])
    after = applied(known, first)
    [second] = poll(after, gone=[approval().id], now=NOW + HOUR)

    assert told(first) == []
    assert after[approval().id].missing_since == NOW
    assert isinstance(second.event, RequestEvent)
    assert (second.event.kind, second.event.revision) == (EventKind.NO_LONGER_LISTED, 4)
    assert second.after is None


def test_a_request_that_vanishes_twice_is_told_under_two_keys() -> None:
    """The second disappearance is not taken for a repetition of the first and swallowed."""
    keys = []
    known = known_as(approval(), missing_since=NOW - HOUR)
    for _ in range(2):
        [lost] = poll(known, gone=[approval().id])
        assert isinstance(lost.event, RequestEvent)
        assert lost.before is not None
        keys.append(lost.event.short_key)
        back = applied({}, poll({}, approval(), past={approval().id: lost.before}))
        known = {key: replace(each, missing_since=NOW - HOUR) for key, each in back.items()}

    assert len(set(keys)) == 2


def test_a_request_that_was_missed_once_and_came_back_is_not_missed() -> None:
    """A hiccup of the list starts the count anew."""
    [change] = poll(known_as(approval(), missing_since=NOW - HOUR), approval())

    assert change.event is None
    assert change.after == RequestState(approval())


def test_a_request_that_came_back_with_news_counts_anew_too() -> None:
    """The status is told, and a later absence has to be seen twice again."""
    [change] = poll(known_as(approval(), missing_since=NOW - HOUR), approval("approved"))

    assert change.after is not None
    assert change.after.missing_since is None


@pytest.mark.parametrize("status", sorted(CLOSED))
def test_a_closed_request_leaves_in_silence(status: str) -> None:
    """Intune drops closed requests after some weeks; that is no news."""
    known = known_as(approval(status))

    kept = replace(known[approval().id], missing_since=NOW)
    assert poll(known, gone=[approval().id]) == [Change(approval().id, kept, None)]


def test_a_request_that_is_neither_listed_nor_gone_is_left_alone() -> None:
    """When a look-up by id failed nobody knows; nothing is concluded from that."""
    assert poll(known_as(approval())) == []


def test_a_past_request_listed_again_is_not_announced_again() -> None:
    """A request that fell off the list and returns unchanged is remembered, not new."""
    past = known_as(approval("completed"), revision=3)

    assert poll({}, approval("completed"), past=past) == [
        Change(approval().id, None, RequestState(approval("completed"), revision=3))
    ]


def test_a_past_request_listed_again_with_news_is_told_as_a_change() -> None:
    """Its outcome is told with the status before, under a key that was not used yet."""
    past = known_as(approval(), revision=3, missing_since=NOW - HOUR)

    [change] = poll({}, approval("approved"), past=past)

    assert isinstance(change.event, RequestEvent)
    assert (change.event.kind, change.event.previous) == (EventKind.STATUS_CHANGED, "needsApproval")
    assert (change.before, change.event.revision) == (None, 4)


@st.composite
def _requests(draw: st.DrawFn) -> dict[str, ApprovalRequest]:
    hours = st.none() | st.integers(-100, 100).map(lambda number: NOW + HOUR * number)
    requests = st.builds(
        ApprovalRequest,
        id=st.sampled_from("abcd"),
        status=st.sampled_from([*STATUSES, "somethingNew"]),
        requested_at=hours,
        expires_at=hours,
        modified_at=hours,
    )
    return {each.id: each for each in draw(st.lists(requests, max_size=4))}


_STATES = st.lists(
    st.fixed_dictionaries(
        {
            "revision": st.integers(1, 9),
            "reminders_sent": st.lists(st.sampled_from(["50%", "24h", "4h"]), unique=True).map(tuple),
            "missing_since": st.sampled_from([None, NOW - HOUR]),
        }
    ),
    min_size=4,
    max_size=4,
)


def remembered(requests: Requests, states: Iterable[Mapping[str, Any]]) -> dict[str, RequestState]:
    """Requests with all that may be remembered of them."""
    pairs = zip(requests.items(), states, strict=False)
    return {key: replace(RequestState(request), **state) for (key, request), state in pairs}


@settings(max_examples=200)
@given(_requests(), _requests(), _requests(), _STATES, st.booleans())
def test_the_same_list_again_changes_nothing(
    known: Requests, past: Requests, listed: Requests, states: States, first_run: bool
) -> None:
    """Whatever is known and listed: once recorded, a second look at the same list finds no news."""
    before = remembered(known, states)
    former = remembered({key: each for key, each in past.items() if key not in known}, reversed(states))
    rules = replace(RULES, first_run=first_run)

    changes = poll(before, *listed.values(), past=former, rules=rules)

    assert poll(applied(before, changes), *listed.values(), past=former, rules=rules) == []


@settings(max_examples=100)
@given(_requests(), _requests(), _STATES)
def test_no_status_is_lost_and_no_request_told_twice(
    known: Requests, listed: Requests, states: States
) -> None:
    """A poll tells exactly those requests that are new or have another status, each once."""
    news = [key for key, each in listed.items() if key not in known or known[key].status != each.status]

    changes = poll(remembered(known, states), *listed.values())
    events = [change.event for change in changes if isinstance(change.event, RequestEvent)]

    assert sorted(each.request.id for each in events if each.kind is not EventKind.REMINDER) == sorted(news)
    assert len({change.subject_id for change in changes}) == len(changes)


COMPLETE = replace(RULES, complete_reminders=parse_plan("4h,24h"))
AIKO = Identity("user", "Aiko Mori")


def lived(*statuses: str, rules: Rules = COMPLETE, **fields: Any) -> dict[str, RequestState]:
    """What is known of a request that was in these statuses, an hour apart, the last of them at `NOW`."""
    known: dict[str, RequestState] = {}
    for number, status in enumerate(statuses, 1 - len(statuses)):
        moment = NOW + number * HOUR
        known = applied(known, poll(known, approval(status, **fields), now=moment, rules=rules))
    return known


def nudges(changes: Iterable[Change[RequestState]]) -> list[RequestEvent]:
    """The events that ring for the requestor."""
    events = [each.event for each in changes if isinstance(each.event, RequestEvent)]
    return [event for event in events if event.kind is EventKind.COMPLETE_REMINDER]


def test_each_status_that_was_seen_is_remembered_with_its_time_and_decider() -> None:
    """The cards can tell the whole story, long after Intune shows only its end."""
    [tracked] = lived("needsApproval", "approved", "needsApproval", "approved", approver=AIKO).values()

    assert tracked.steps == (
        Step("approved", NOW - 2 * HOUR, AIKO),
        Step("needsApproval", NOW - HOUR, Identity()),
        Step("approved", NOW, AIKO),
    )
    assert tracked.approved_at == NOW


@pytest.mark.parametrize(
    "modified_at,expected",
    [
        (NOW - timedelta(minutes=3), NOW - timedelta(minutes=3)),
        (FILED, NOW),
        (None, NOW),
        (NOW + HOUR, NOW),
    ],
    ids=["as Intune tells", "not moved", "not told", "not come yet"],
)
def test_the_time_of_a_step_is_intunes_where_it_can_be_believed(
    modified_at: datetime | None, expected: datetime
) -> None:
    """A time that did not move with the status, or lies ahead, is not when it happened: the poll's is."""
    [change] = poll(known_as(approval()), approval("approved", modified_at=modified_at))

    assert isinstance(change.event, RequestEvent)
    assert [step.at for step in change.event.steps] == [expected]


@pytest.mark.parametrize("status,expected", [("approved", NOW), ("completed", None), ("rejected", None)])
def test_only_what_is_approved_now_has_a_time_of_approval(status: str, expected: datetime | None) -> None:
    """A later status ends it."""
    steps = (Step("needsApproval", FILED, Identity()), Step(status, NOW, Identity()))

    assert RequestState(approval(status), steps=steps).approved_at == expected
    assert RequestState(approval(status)).approved_at is None


def test_a_request_first_seen_approved_begins_its_story_there() -> None:
    """On the first run, or after time off, the reminders to complete count from the approval."""
    [change] = poll({}, approval("approved", modified_at=NOW - HOUR))

    assert change.after is not None
    assert change.after.approved_at == NOW - HOUR


def test_a_restless_request_does_not_grow_without_end() -> None:
    """A status that flips for days costs a row no more than its latest eight steps."""
    [tracked] = lived(*["needsApproval", "approved"] * 20).values()

    assert len(tracked.steps) == 8
    assert tracked.steps[-1] == Step("approved", NOW, Identity())


def test_an_approved_request_rings_for_its_requestor_by_its_own_plan() -> None:
    """Four hours and a day after the approval, each once, the last one saying so."""
    known, rung = lived("needsApproval", "approved"), []
    for hours in range(1, 60):
        changes = poll(known, approval("approved"), now=NOW + hours * HOUR, rules=COMPLETE)
        rung += [(hours, event.stage, event.next_reminder) for event in nudges(changes)]
        known = applied(known, changes)

    assert rung == [(4, "4h", NOW + 24 * HOUR), (24, "24h", None)]


def test_nobody_is_nudged_unless_it_is_asked_for() -> None:
    """Without a plan of its own an approved request is left alone."""
    known = lived("needsApproval", "approved", rules=RULES)

    assert told(poll(known, approval("approved"), now=NOW + 48 * HOUR)) == []


def test_after_time_off_one_nudge_is_enough() -> None:
    """Two stages that came while nobody polled ring once, as the later one."""
    known = lived("needsApproval", "approved")
    changes = poll(known, approval("approved"), now=NOW + 30 * HOUR, rules=COMPLETE)

    assert [event.stage for event in nudges(changes)] == ["24h"]
    assert poll(applied(known, changes), approval("approved"), now=NOW + 31 * HOUR, rules=COMPLETE) == []


def test_a_second_approval_begins_the_plan_anew() -> None:
    """Taken back and approved again: the requestor is nudged from then on, and both nudges have keys."""
    known = lived("needsApproval", "approved")
    keys = []
    for hours, status in enumerate(["approved"] * 5 + ["needsApproval"] + ["approved"] * 5, 1):
        changes = poll(known, approval(status), now=NOW + hours * HOUR, rules=COMPLETE)
        keys += [event.short_key for event in nudges(changes)]
        known = applied(known, changes)

    assert len(keys) == len(set(keys)) == 2


@pytest.mark.parametrize("status", ["completed", "cancelled", "needsApproval", "expired"])
def test_a_nudge_stops_with_the_approval(status: str) -> None:
    """Whatever ends the wait for Complete ends the plan."""
    known = lived("needsApproval", "approved", status)

    assert nudges(poll(known, approval(status), now=NOW + 5 * HOUR, rules=COMPLETE)) == []


def test_no_nudge_comes_or_is_promised_after_the_expiry() -> None:
    """An approval that is about to run out has no second reminder to offer."""
    soon = approval("approved", modified_at=NOW, expires_at=NOW + 10 * HOUR)
    known = applied({}, poll({}, soon, rules=COMPLETE))
    changes = poll(known, soon, now=NOW + 4 * HOUR, rules=COMPLETE)

    assert [event.next_reminder for event in nudges(changes)] == [None]
    assert poll(applied(known, changes), soon, now=NOW + 30 * HOUR, rules=COMPLETE) == []


@pytest.mark.parametrize("how", ["created", "changed", "reminded", "nudged", "gone"])
def test_every_event_tells_the_steps_so_far(how: str) -> None:
    """Whatever rings, the card can tell how it came to that."""
    known, rules = lived("needsApproval", "approved", "needsApproval"), COMPLETE
    match how:
        case "created":
            changes = poll({}, approval("approved", modified_at=NOW), rules=rules)
        case "changed":
            changes = poll(known, approval("rejected"), rules=rules)
        case "reminded":
            changes = poll(known, approval(), now=at(50), rules=rules)
        case "nudged":
            known = lived("needsApproval", "approved")
            changes = poll(known, approval("approved"), now=NOW + 5 * HOUR, rules=rules)
        case _:
            missing = {key: replace(each, missing_since=NOW - HOUR) for key, each in known.items()}
            changes = poll(missing, gone=list(missing), rules=rules)

    [event] = [each.event for each in changes if isinstance(each.event, RequestEvent)]
    statuses = [step.status for step in event.steps]
    assert (
        statuses
        == {
            "created": ["approved"],
            "changed": ["approved", "needsApproval", "rejected"],
            "reminded": ["approved", "needsApproval"],
            "nudged": ["approved"],
            "gone": ["approved", "needsApproval"],
        }[how]
    )


def test_events_are_told_by_the_time_of_filing_where_no_change_is_dated() -> None:
    """What was filed first comes first, and what has no time at all comes last."""
    late = approval(id="a", modified_at=None, requested_at=NOW)
    early = approval(id="b", modified_at=None, requested_at=NOW - HOUR)
    undated = approval(id="0", modified_at=None, requested_at=None)

    assert [change.subject_id for change in poll({}, undated, late, early)] == ["b", "a", "0"]


WATCHED = replace(RULES, since=NOW - HOUR)


@pytest.mark.parametrize(
    "fields,is_told",
    [
        ({"modified_at": NOW - 2 * HOUR}, False),
        ({"modified_at": NOW - HOUR}, True),
        ({"modified_at": NOW, "requested_at": NOW - 9 * HOUR}, True),
        ({"modified_at": NOW - 2 * HOUR, "requested_at": NOW}, False),
        ({"modified_at": None, "requested_at": NOW - 2 * HOUR}, False),
        ({"modified_at": None, "requested_at": NOW}, True),
        ({"modified_at": None, "requested_at": None}, False),
    ],
)
def test_what_ended_before_we_watched_is_history(fields: dict[str, Any], is_told: bool) -> None:
    """By its last change, else by its filing; what is open is told whatever its times are."""
    ended = poll({}, approval("completed", **fields), rules=WATCHED)
    still_open = poll({}, approval("approved", **fields), rules=WATCHED)

    assert told(ended) == (["created"] if is_told else [])
    assert told(still_open) == ["created"]
    assert [change.after is not None for change in [*ended, *still_open]] == [True, True]


@pytest.mark.parametrize(
    "fields,lost_at,is_repeat",
    [
        ({"requested_at": FILED}, FILED + HOUR, True),
        ({"requested_at": FILED}, FILED, False),
        ({"requested_at": FILED, "modified_at": NOW}, FILED + HOUR / 2, True),
        ({"requested_at": None, "modified_at": FILED}, FILED + HOUR, True),
        ({"requested_at": None, "modified_at": None}, FILED, True),
        ({"requested_at": FILED}, None, False),
    ],
)
def test_whoever_may_have_been_told_before_memory_was_lost_is_warned(
    fields: dict[str, Any], lost_at: datetime | None, is_repeat: bool
) -> None:
    """The card of a request that was filed before says that it may be there already."""
    [change] = poll({}, approval(**fields), rules=replace(RULES, memory_lost_at=lost_at))

    assert isinstance(change.event, RequestEvent)
    assert change.event.memory_lost is is_repeat


@pytest.mark.parametrize("seconds,is_told", [(0, False), (49, False), (50, True), (3_600, True)])
def test_missing_twice_means_some_time_apart(seconds: int, is_told: bool) -> None:
    """Two looks at the same glitch prove no more than one."""
    known = known_as(approval(), missing_since=NOW)
    changes = poll(known, gone=[approval().id], now=NOW + timedelta(seconds=seconds))

    assert told(changes) == (["no_longer_listed"] if is_told else [])
    assert bool(changes) is is_told


def test_a_first_miss_in_the_future_is_none() -> None:
    """The count begins anew with the clock that is right."""
    known = known_as(approval(), missing_since=NOW + 24 * HOUR, reminded_at=FILED)
    [change] = poll(known, gone=[approval().id])

    assert change.event is None
    assert change.after is not None
    assert change.after.missing_since == NOW


@pytest.mark.parametrize("status", [*STATUSES, "somethingNew"])
def test_a_filing_time_that_differs_by_seconds_is_no_second_life(status: str) -> None:
    """A list and a look-up may write the same time with and without fractions."""
    known = known_as(approval(status), reminders_sent=("50%",), complete_reminders_sent=("4h",))
    again = approval(status, requested_at=FILED + timedelta(seconds=59))
    after = applied(known, poll(known, again, now=at(2)))

    assert after[approval().id].reminders_sent == ("50%",)
    assert after[approval().id].complete_reminders_sent == ("4h",)


@pytest.mark.parametrize("seconds,rings", [(60, False), (61, True)])
def test_a_request_filed_more_than_a_minute_later_is_another_one(seconds: int, rings: bool) -> None:
    """It is owed the reminders that rang for the first one under the same id."""
    known = known_as(approval(), reminders_sent=("50%",))
    again = approval(requested_at=FILED + timedelta(seconds=seconds))

    assert told(poll(known, again, now=at(40))) == (["reminder"] if rings else [])


def test_a_second_life_has_a_story_of_its_own() -> None:
    """What became of the first one is not told as its past."""
    [tracked] = lived("needsApproval", "approved", "completed", "approved").values()

    assert [step.status for step in tracked.steps] == ["approved"]
    assert tracked.complete_reminders_sent == ()


def test_a_restless_type_does_not_grow_without_end() -> None:
    """Of the sets of policy types under which a request was told the latest eight are remembered."""
    known = applied({}, poll({}, approval()))
    for number in range(30):
        status = ("approved", "needsApproval")[number % 2]
        known = applied(known, poll(known, approval(status, policy_types=(f"type{number}",))))

    assert len(known[approval().id].told_types) == 8


def test_the_times_of_steps_that_lie_ahead_are_mended_in_silence() -> None:
    """A clock that was ahead wrote them; the reminders that count from them are on time again."""
    steps = (Step("approved", NOW + 99 * HOUR, Identity()),)
    known = known_as(approval("approved"), steps=steps)
    [change] = poll(known, approval("approved"))

    assert change.event is None
    assert change.after is not None
    assert change.after.approved_at == NOW


MIRA = Identity("user", "Mira Holt", "mira@contoso.com", "a1f4c0de-0001-4c1e-8f00-000000000001")


@pytest.mark.parametrize(
    "told_now,expected",
    [
        (Identity(), MIRA),
        (Identity("user", "mira holt"), replace(MIRA, name="mira holt")),
        (Identity("unknown", id=MIRA.id), MIRA),
        (Identity("user", upn=MIRA.upn), MIRA),
        (Identity("user", "Jonas"), Identity("user", "Jonas")),
        (Identity("user", MIRA.name, "jonas@contoso.com"), Identity("user", MIRA.name, "jonas@contoso.com")),
        (Identity("user", id="another"), Identity("user", id="another")),
        (Identity("application", MIRA.name), Identity("application", MIRA.name)),
    ],
)
def test_what_one_answer_leaves_out_of_the_requestor_another_one_told(
    told_now: Identity, expected: Identity
) -> None:
    """The outcome has to be told to the same person; what differs is somebody else."""
    [change] = poll(known_as(approval(requestor=MIRA)), approval("approved", requestor=told_now))

    assert isinstance(change.event, RequestEvent)
    assert change.event.request.requestor == expected


def test_an_answer_adds_to_what_is_known_of_the_requestor() -> None:
    """Each part may come with another answer."""
    known = known_as(approval(requestor=replace(MIRA, name="", id="")))
    [change] = poll(known, approval(requestor=replace(MIRA, upn="", kind="unknown")))

    assert change.after is not None
    assert change.after.request.requestor == MIRA


def test_an_answer_without_a_time_keeps_the_one_that_is_known() -> None:
    """It tells an older answer from a newer one."""
    known = known_as(approval(modified_at=NOW))
    [change] = poll(known, approval("approved", modified_at=None))

    assert poll(known, approval(modified_at=None)) == []
    assert change.after is not None
    assert (change.after.request.modified_at, change.after.told_types) == (NOW, ())


def test_when_a_reminder_came_is_remembered() -> None:
    """So that one that a wrong clock took for due can be told from one that came at its time."""
    plan = replace(RULES, complete_reminders=parse_plan("4h"))
    approved = known_as(approval("approved"), steps=(Step("approved", FILED, Identity()),))
    found = [
        poll(known_as(approval()), approval(), now=at(40)),
        poll(approved, approval("approved"), now=at(5), rules=plan),
    ]

    assert [change.after.reminded_at for [change] in found if change.after is not None] == [at(40), at(5)]


def test_an_open_request_that_is_back_is_told_as_such() -> None:
    """With the story that it had; with another status it is told as a change of that."""
    steps = (Step("approved", FILED, Identity()),)
    past = known_as(approval("approved"), steps=steps, revision=3)
    [same], [other] = poll({}, approval("approved"), past=past), poll({}, approval("completed"), past=past)

    assert isinstance(same.event, RequestEvent)
    assert isinstance(other.event, RequestEvent)
    assert (same.event.previous, same.event.revision, same.event.steps) == ("noLongerListed", 4, steps)
    assert (other.event.previous, len(other.event.steps)) == ("approved", 2)


def test_a_reminder_is_told_where_the_request_was_told_before() -> None:
    """Under its former policy types as well."""
    known = known_as(approval(), told_types=(("app",), ("deviceWipe",)))
    [change] = poll(known, approval(), now=at(40))

    assert isinstance(change.event, RequestEvent)
    assert (change.event.stage, change.event.former_types) == ("50%", (("app",),))


@pytest.mark.parametrize(
    "fields,left,reminded_at",
    [
        ({"reminded_at": NOW + 99 * HOUR}, (), None),
        ({"reminded_at": NOW, "missing_since": NOW + 99 * HOUR}, ("50%", "24h"), NOW),
    ],
    ids=["reminded", "something else"],
)
def test_reminders_that_a_wrong_clock_took_for_due_come_at_their_time(
    fields: dict[str, Any], left: tuple[str, ...], reminded_at: datetime | None
) -> None:
    """Only where it was a reminder that the wrong clock dated; nothing rings at once."""
    known = known_as(approval(), reminders_sent=("50%", "24h"), **fields)
    [change] = poll(known, approval())

    assert change.event is None
    assert change.after is not None
    assert (change.after.reminders_sent, change.after.missing_since) == (left, None)
    assert change.after.reminded_at == reminded_at


NIGHT = replace(RULES, quiet=QuietHours(parse_quiet_hours("22:00-07:00").spans))
"""`NOW` is noon, so the night begins ten hours after it, eleven after the request was filed."""


def polled(
    known: Known, *requests: ApprovalRequest, hours: float
) -> tuple[dict[str, RequestState], list[str]]:
    """What is known and what was told after a poll so many hours after `NOW`, with quiet hours."""
    changes = poll(known, *requests, now=NOW + hours * HOUR, rules=NIGHT)
    return applied(known, changes), told(changes)


def test_a_reminder_of_the_night_is_told_once_in_the_morning() -> None:
    """Half time is at eleven in the evening; nothing is written before seven, and nothing told after."""
    known = known_as(approval())
    for hours in (35, 40, 42.9):
        assert polled(known, approval(), hours=hours) == (known, [])
    known, first = polled(known, approval(), hours=43)
    known, second = polled(known, approval(), hours=43.1)

    assert (first, second) == (["reminder"], [])
    assert known[approval().id].reminders_sent == ("50%",)


@pytest.mark.parametrize("status", ["rejected", "cancelled", "approved", "expired"])
def test_a_reminder_of_a_request_that_is_decided_at_night_is_never_told(status: str) -> None:
    """The decision is, at once."""
    known = known_as(approval())
    known, held = polled(known, approval(), hours=36)
    known, decided = polled(known, approval(status), hours=37)
    _, morning = polled(known, approval(status), hours=43)

    assert (held, decided, morning) == ([], [status], [])


def test_what_tells_a_request_at_night_anyway_stands_for_its_reminder() -> None:
    """Seen for the first time, or waiting again: the morning adds nothing."""
    for before in ({}, known_as(approval("approved"))):
        known, night = polled(before, approval(), hours=36)
        _, morning = polled(known, approval(), hours=43)

        assert (night, morning) == (["needsApproval" if before else "created"], [])


def test_the_last_reminder_is_told_at_night() -> None:
    """It comes half past eleven, and at seven it would be too late."""
    request = approval(expires_at=NOW + 15.5 * HOUR)
    known = known_as(request, reminders_sent=("50%", "24h"))
    [change] = poll(known, request, now=NOW + 11.5 * HOUR, rules=NIGHT)

    assert isinstance(change.event, RequestEvent)
    assert change.event.names == {"reminder", "expiring"}


def test_a_reminder_to_complete_is_told_in_the_morning() -> None:
    """Approved at noon, so that it would come at midnight."""
    late = replace(NIGHT, complete_reminders=parse_plan("12h"))
    known = lived("needsApproval", "approved", rules=late)
    night = poll(known, approval("approved"), now=NOW + 12 * HOUR, rules=late)
    morning = poll(known, approval("approved"), now=NOW + 19 * HOUR, rules=late)

    assert (nudges(night), [each.stage for each in nudges(morning)]) == ([], ["12h"])


def test_a_clock_that_was_set_back_at_night_does_not_lose_what_is_held() -> None:
    """Nothing was told of the stage that has come, whatever a wrong clock noted of another one."""
    known = known_as(approval(), reminders_sent=("24h",), reminded_at=NOW + 99 * HOUR)
    known, night = polled(known, approval(), hours=36)
    _, morning = polled(known, approval(), hours=43)

    assert (night, morning) == ([], ["reminder"])
