"""The order in which waiting notifications are told, and when each of them may be."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.order import (
    Waiting,
    count_overdue,
    due_first,
    for_first_recipient,
    handed_over,
    in_order,
    outdated,
    timed,
)
from maa_notify.domain.event import EventKind
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import DestinationState
from tests.delivery.waiting import DAY, HOUR, MINUTE, SECOND, harmless, news, subjects
from tests.support.clock import START

HEALTHY = DestinationState()
FAILING = DestinationState(failing_since=START - HOUR)
REMINDER = EventKind.REMINDER


def waits(*items: PendingNotification, state: DestinationState = HEALTHY) -> list[float]:
    """For how many seconds each of them still waits."""
    found = timed(items, state, START, DeliveryLimits())
    return [(each.due_at - START).total_seconds() for each in found]


def test_news_of_one_request_come_in_its_order_even_if_a_clock_was_set_back() -> None:
    """The later event was noted at an earlier time: it is told second all the same."""
    first, second = news(), news(revision=2, recorded_at=START - 90 * MINUTE)

    assert in_order([second, first]) == [first, second]


def test_a_reminder_comes_after_the_card_it_reminds_of() -> None:
    """Also one that was noted before it; two reminders come as they were noted."""
    reminders = [news(kind=REMINDER, recorded_at=START - each * HOUR) for each in (1, 2)]

    assert in_order([*reminders, news()]) == [news(), reminders[1], reminders[0]]


def test_the_oldest_is_told_first_whatever_it_is_about() -> None:
    """Where two are as old, the order is the same at each poll."""
    old, one, two = news("c", recorded_at=START - SECOND), news("a"), news("b")

    assert in_order([two, one, old]) == in_order([one, old, two]) == [old, one, two]


def test_high_risk_comes_before_what_is_older() -> None:
    """Of equal risk the oldest first, as ever."""
    flood = [harmless(f"h{number}", recorded_at=START - number * MINUTE) for number in (3, 2, 1)]
    wipes = [news("w1", recorded_at=START - SECOND), news("w2")]

    assert in_order([*flood, *reversed(wipes)]) == [*wipes, *flood]


def test_what_has_waited_a_day_longer_is_not_passed_any_more() -> None:
    """So nothing waits for ever, however much of high risk comes."""
    old, older = (
        harmless("a", recorded_at=START - DAY + SECOND),
        harmless("b", recorded_at=START - DAY - SECOND),
    )

    assert in_order([old, older, news("w")]) == [older, news("w"), old]


def test_earlier_news_of_a_request_that_became_dangerous_come_along() -> None:
    """The card of high risk would have to wait for the harmless one before it, and so for the flood."""
    flood = [harmless(f"h{number}", recorded_at=START - HOUR) for number in range(3)]
    first, second = harmless("x"), news("x", 2)

    assert in_order([*flood, second, first]) == [first, second, *flood]


@pytest.mark.parametrize(
    "earlier,later,state,is_held_up",
    [
        ({}, {}, HEALTHY, True),
        ({"doubts": 1}, {}, HEALTHY, False),
        ({"doubts": 1}, {}, FAILING, False),
        ({"overtakable": True}, {}, HEALTHY, False),
        ({"overtakable": True}, {}, FAILING, True),
        ({}, {"subject": "two"}, HEALTHY, False),
        ({}, {"destination": "other"}, HEALTHY, False),
        ({"overtakable": True}, {"kind": REMINDER, "revision": 1}, HEALTHY, True),
        ({"doubts": 1}, {"kind": REMINDER, "revision": 1}, HEALTHY, False),
        ({"overtakable": True}, {"kind": REMINDER}, HEALTHY, False),
    ],
)
def test_news_wait_for_earlier_ones_of_the_same_request(
    earlier: dict[str, Any], later: dict[str, Any], state: DestinationState, is_held_up: bool
) -> None:
    """Not for one that may be there, nor, where others are taken, for one that is refused in every form.

    A reminder waits even for that: it never comes before the card it reminds of.
    """
    first = news(not_before=START + MINUTE, **earlier)

    assert waits(first, news(**{"revision": 2, **later}), state=state) == [60, 60 if is_held_up else 0]


def test_the_third_news_wait_for_the_first_as_the_second_do() -> None:
    """Whichever of the two before it comes last."""
    first, second = news(not_before=START + HOUR), news(revision=2, not_before=START + MINUTE)

    assert waits(first, second, news(revision=3)) == [3_600, 3_600, 3_600]


def test_a_card_in_doubt_has_one_more_try_before_later_news() -> None:
    """News that came since its last try bring it forward; those of another request do not."""
    doubtful = news(
        recorded_at=START - HOUR,
        attempts=1,
        doubts=1,
        tried_at=START - MINUTE,
        not_before=START + HOUR,
    )

    assert waits(doubtful, news(revision=2, recorded_at=START - SECOND)) == [0, 0]
    assert waits(doubtful, news("two", recorded_at=START - SECOND)) == [3_600, 0]


def test_a_wait_that_a_chat_asks_for_is_that_of_all_that_waits_for_its_person() -> None:
    """Also of what is recorded later; whatever else that person's cards wait for stays, and others go on."""
    asks: dict[str, Any] = {"attempts": 1, "tried_at": START - MINUTE, "personal": True, "recipient": "p"}
    items = [
        news("a", **asks, not_before=START + 2 * MINUTE),
        news("b", **asks, not_before=START + MINUTE),
        news("c", recipient="p"),
        news("d", recipient="p", not_before=START + 3 * MINUTE),
        news("e", recipient="q"),
        news("f", recipient="p", destination="other"),
    ]

    assert waits(*items) == [120, 120, 120, 180, 0, 0]
    assert waits(news("a", **asks, not_before=None), news("b", recipient="p")) == [0, 0]


def test_a_digest_is_due_as_a_whole() -> None:
    """As soon as one of its members is; what is in no digest has its own time."""
    members = [
        news(each, digest="d", not_before=START + wait * SECOND) for each, wait in (("a", 60), ("b", 9))
    ]
    alone = [news(each, not_before=START + wait * SECOND) for each, wait in (("c", 30), ("d", 5))]

    assert waits(*members, *alone) == [9, 9, 30, 5]


def test_a_digest_is_due_by_the_first_news_of_each_request_on_it() -> None:
    """Later ones cannot come without them: else those would be sent again and again before their time."""
    first = news("a", 1, digest="d", doubts=4, not_before=START + HOUR)
    later = news("a", 2, digest="d", doubts=3, not_before=START + MINUTE)

    assert waits(first, later) == [3_600, 3_600]
    assert waits(first, later, news("b", digest="d", not_before=START + 9 * SECOND)) == [9, 9, 9]


def test_the_second_look_at_a_person_has_its_time_in_a_digest_too() -> None:
    """A member that went ahead found nobody there; the others are due, and looked for the first time."""
    looked = news("a", digest="d", unreached_at=START, not_before=START + 5 * MINUTE)

    assert waits(looked, news("b", digest="d")) == [300.0, 0.0]


def test_in_a_chat_only_the_newest_news_of_a_request_are_told() -> None:
    """A reminder is of the same news; another person, another request and a channel have their own."""
    chat: dict[str, Any] = {"destination": APPROVER_CHAT, "recipient": "aiko"}
    old, new = news("a", **chat), news("a", revision=2, **chat)
    reminder = news("a", kind=REMINDER, revision=2, **chat)
    others = [
        news("b", **chat),
        news("a", **{**chat, "recipient": "oskar"}),
        news("a"),
        news("a", revision=2),
    ]

    assert outdated([old, new, reminder, *others]) == [old]


@pytest.mark.parametrize(
    "where", [{}, {"destination": "default", "recipient": "aiko"}], ids=["channel", "chat"]
)
def test_a_reminder_is_outdated_once_its_request_has_another_status(where: dict[str, Any]) -> None:
    """Anywhere, and without the card that it reminds of; a reminder of the new status is not."""
    card, reminder = news("a", **where), news("a", kind=REMINDER, **where)
    decided, next_one = news("a", revision=2, **where), news("a", kind=REMINDER, revision=2, **where)

    assert outdated([card, reminder]) == []
    assert outdated([card, reminder, decided, next_one]) == [reminder]


@pytest.mark.parametrize("destination", ["default", APPROVER_CHAT])
def test_who_looks_outdates_nothing_that_posts_a_card(destination: str) -> None:
    """It posts none itself, so that nobody would ever be rung."""
    where: dict[str, Any] = {"destination": destination, "recipient": "aiko"}
    waiting = [news("a", kind=each, **where) for each in (EventKind.CREATED, REMINDER)]
    look = news("a", revision=3, kind=EventKind.LOOKING, **where)

    assert outdated([*waiting, look]) == []


@pytest.mark.parametrize(
    "fields",
    [{"doubts": 1}, {"told": True}, {"unreached_at": START}],
    ids=["in doubt", "told by a digest", "looked at"],
)
def test_a_reminder_that_may_be_there_already_is_not_outdated(fields: dict[str, Any]) -> None:
    """It goes its way, as any news that may be known, or that has a second look at its person."""
    reminder = news("a", kind=REMINDER, **fields)

    assert outdated([reminder, news("a", revision=2)]) == []


@pytest.mark.parametrize("fields", [{"doubts": 1}, {"unreached_at": START}], ids=["in doubt", "looked at"])
def test_what_may_be_there_already_is_not_outdated(fields: dict[str, Any]) -> None:
    """A card without an answer may stand there as open; who was out of reach once gets the second look."""
    chat: dict[str, Any] = {"destination": APPROVER_CHAT, "recipient": "aiko"}

    assert outdated([news("a", **chat, **fields), news("a", revision=2, **chat)]) == []


def test_a_wait_that_a_chat_asked_for_is_handed_over_when_what_found_it_leaves() -> None:
    """To the first of what waits for that person; not where that is known, nor what nobody asked for."""
    chat: dict[str, Any] = {"destination": APPROVER_CHAT, "recipient": "aiko"}
    asked: dict[str, Any] = {"personal": True, "not_before": START + HOUR}
    gone, heir, later = news("a", **chat, **asked), news("a", 2, **chat), news("b", **chat)
    other = news("a", 2, destination=APPROVER_CHAT, recipient="oskar")
    known = news("c", **chat, **asked)

    assert handed_over([gone], [gone, other, heir, later]) == [
        replace(heir, value=replace(heir.value, **asked))
    ]
    assert handed_over([gone], [gone, heir, known]) == []
    assert handed_over([replace(gone, value=replace(gone.value, personal=False))], [gone, heir]) == []
    assert handed_over([gone], [gone, other]) == []


@pytest.mark.parametrize("fields", [{}, {"told": True}, {"doubts": 1}], ids=["told", "over", "in doubt"])
def test_who_looked_is_outdated_by_whatever_comes_later(fields: dict[str, Any]) -> None:
    """Another look, a reminder or a decision says it anew, in a channel, too; what came before does not."""
    look = news(kind=EventKind.LOOKING, **fields)
    later = [
        news(kind=EventKind.LOOKING, recorded_at=START + MINUTE),
        news(kind=REMINDER, recorded_at=START + MINUTE),
        news(revision=2),
    ]

    assert [outdated([news(), look, each]) for each in later] == [[look]] * 3
    assert (
        outdated([news(), news(kind=REMINDER, recorded_at=START - MINUTE), look, news("b", revision=2)]) == []
    )


def ranked(
    *items: PendingNotification,
    later: tuple[PendingNotification, ...] = (),
    state: DestinationState = HEALTHY,
) -> list[str]:
    """What of these is told, in this order, while others wait for later."""
    everything = [Waiting(each, START + (MINUTE if each in later else 0 * MINUTE)) for each in items]
    return subjects(due_first(everything, START, state))


def test_what_failed_least_is_tried_first() -> None:
    """So that one ill card holds up no other; those that failed as often keep their order."""
    assert ranked(news("a", attempts=2), news("b", attempts=1), news("c"), news("d")) == ["c", "d", "b", "a"]


@pytest.mark.parametrize("one,other", [("", ""), ("jonas", "mira")], ids=["channel", "chats"])
def test_where_nothing_is_taken_cards_and_people_take_turns(one: str, other: str) -> None:
    """A healthy card that failed often in an outage would wait until each of many ill ones had, too."""
    often = news("often", recipient=one, attempts=7, tried_at=START - HOUR)
    many = [
        news(f"{each}", recipient=other, attempts=1, tried_at=START - each * MINUTE) for each in range(1, 7)
    ]

    assert ranked(*many, often, state=FAILING)[0] == "often"
    assert ranked(*many, often, state=HEALTHY)[-1] == "often"
    tried = replace(often, value=replace(often.value, tried_at=START))
    assert ranked(*many, tried, state=FAILING)[-1] == "often"
    assert ranked(*many, tried, news("new", recipient="new"), state=FAILING)[0] == "new"


def test_one_person_has_one_turn_however_many_cards_wait_for_her() -> None:
    """The turn goes to the card that was not tried for longest, and then to somebody else."""
    hers = [news(f"{each}", recipient="mira", attempts=1, tried_at=START - each * HOUR) for each in (1, 2, 3)]
    his = news("his", recipient="jonas", attempts=9, tried_at=START - 90 * MINUTE)

    assert ranked(*hers, his, state=FAILING) == ["his", "3", "2", "1"]


def test_what_changes_a_card_in_silence_comes_last_while_others_are_taken() -> None:
    """However the last try went: only where nothing is taken do the two take turns."""
    rang = news("rang", attempts=1, tried_at=START - MINUTE)
    told = news("told", told=True)

    assert ranked(rang, told, news("new"), state=HEALTHY) == ["new", "rang", "told"]
    assert ranked(rang, told, news("new"), state=FAILING)[0] == "told"
    tried = news("tried", told=True, attempts=2, tried_at=START - HOUR)
    assert ranked(rang, tried, news("new"), state=FAILING)[0] == "tried"


def test_what_is_tried_again_by_hand_has_its_turn_first() -> None:
    """Its failures are forgotten, and so is when it was last tried."""
    again = news("again", tried_at=START - MINUTE)

    assert ranked(news("a", attempts=1, tried_at=START - HOUR), again, state=FAILING) == ["again", "a"]


@pytest.mark.parametrize(
    "fields,accepted,first",
    [
        ({}, START, "w"),
        ({"recipient": "mira"}, START, "w"),
        ({"ill": True}, START, "a"),
        ({"doubts": 1}, START, "a"),
        ({}, START - HOUR, "a"),
        ({}, None, "a"),
    ],
    ids=["taken since", "in a chat", "ill", "in doubt", "taken before", "never taken"],
)
def test_high_risk_that_failed_with_its_destination_goes_first_once_that_is_over(
    fields: dict[str, Any], accepted: datetime | None, first: str
) -> None:
    """Not while nobody can tell whose fault it was, nor when it was its own: then others come first."""
    wipe = news("w", attempts=3, tried_at=START - MINUTE, **fields)
    everything = [wipe, harmless("a"), harmless("b", attempts=1, tried_at=START - MINUTE)]

    assert ranked(*everything, state=DestinationState(last_accepted=accepted))[0] == first


def test_failures_of_what_is_harmless_count_on() -> None:
    """A card was taken since, and the untried ones go ahead all the same."""
    failed = harmless("f", attempts=1, tried_at=START - MINUTE)

    assert ranked(failed, harmless("a"), state=DestinationState(last_accepted=START)) == ["a", "f"]


def test_the_plain_form_of_a_card_comes_right_after_its_full_one() -> None:
    """Before what never failed: so soon the cause is the same, and the answer tells whose fault it is."""
    assert ranked(news("a"), news("b", plain=True, attempts=1), news("c")) == ["b", "a", "c"]
    plain = [news(each, plain=True, attempts=tries) for each, tries in (("a", 2), ("b", 1))]
    assert ranked(news("c"), *plain) == ["b", "a", "c"]


def test_a_card_of_what_is_told_is_changed_last() -> None:
    """It rings nobody: what failed before comes first, and later news of the same request need not wait."""
    told = news("a", told=True)

    assert ranked(told, news("b", attempts=3), news("c"), news("a", 2)) == ["c", "a", "b", "a"]
    assert waits(news("a", told=True, not_before=START + HOUR), news("a", 2)) == [3_600, 0]


def test_a_card_of_what_is_told_is_changed_before_what_is_ill_is_tried_again() -> None:
    """There may be more of that than a poll tries. One request's own news stay in order, whichever is ill."""
    ill: dict[str, Any] = {"ill": True, "attempts": 3}

    assert ranked(news("a", **ill), news("b", told=True), news("c")) == ["c", "b", "a"]
    assert ranked(news("a", doubts=1, **ill), news("a", 2), news("b", told=True)) == ["b", "a", "a"]
    in_order_of_events = due_first(
        [Waiting(news("a", doubts=1, **ill), START), Waiting(news("a", 2), START)], START, HEALTHY
    )
    assert [each.value.event.revision for each in in_order_of_events] == [1, 2]


def test_a_card_of_what_is_told_does_not_wait_for_what_fails_at_each_poll() -> None:
    """One try a poll, and one card that is never taken: without others nobody knows that it is ill."""
    failed = news("a", attempts=9, tried_at=START - MINUTE)

    assert ranked(failed, news("b", told=True), state=FAILING) == ["b", "a"]
    assert ranked(news("a", told=True), news("b"), state=FAILING) == ["b", "a"]


def test_a_card_takes_turns_with_silent_changes_that_all_fail() -> None:
    """It failed once, and most of them not yet: whichever of the two was not tried last is next."""
    card = news("card", attempts=1, tried_at=START - 2 * MINUTE)
    silent = [news(f"{each}", told=True) for each in range(3)]
    tried = news("tried", told=True, attempts=1, tried_at=START - MINUTE)

    assert ranked(*silent, tried, card, state=FAILING)[0] == "card"
    again = replace(card, value=replace(card.value, attempts=2, tried_at=START))
    assert ranked(*silent, tried, again, state=FAILING) == ["0", "1", "2", "tried", "card"]


def test_a_failure_at_the_moment_of_a_card_that_was_taken_counts() -> None:
    """Whatever failed before that may have been the destination's fault."""
    one, two = news("a", attempts=2, tried_at=START), news("b", attempts=1, tried_at=START)

    assert ranked(one, two, state=replace(HEALTHY, last_accepted=START)) == ["b", "a"]
    assert ranked(one, two, state=replace(HEALTHY, last_accepted=START + SECOND)) == ["a", "b"]


def test_a_silent_change_comes_after_the_news_of_its_own_card() -> None:
    """Also when silent changes have their turn: a card that is not there yet cannot be changed."""
    first, other = news("a", attempts=1, tried_at=START - MINUTE), news("b", told=True)
    change = news("a", revision=2, told=True)
    found = due_first([Waiting(each, START) for each in (first, change, other)], START, FAILING)

    assert found == [other, first, change]


def test_silent_changes_of_cards_leave_room_for_news() -> None:
    """Of twenty-five cards in five minutes they take twenty; what rings goes on."""
    busy = DestinationState(posts=tuple(START.timestamp() - each for each in range(200, 180, -1)))

    assert waits(news("a", told=True), news("b"), state=busy) == [100, 0]
    assert waits(news("a", told=True), state=replace(busy, posts=busy.posts[1:])) == [0]


def test_what_has_its_time_later_is_not_told_now() -> None:
    """It is told at its time, to the second."""
    one, two = news("a"), news("b")

    assert ranked(one, two, later=(one,)) == ["b"]
    assert (
        due_first([Waiting(one, START)], START + SECOND, HEALTHY)
        == due_first([Waiting(one, START)], START, HEALTHY)
        == [one]
    )


def test_other_people_come_before_whoever_could_not_be_told() -> None:
    """Also with news that were never tried: their chat is what fails."""
    failed = news("a", recipient="p", attempts=1)

    assert ranked(failed, news("b", recipient="p"), news("c", recipient="q"), later=(failed,)) == ["c", "b"]


def test_what_is_ill_by_itself_says_nothing_of_its_person() -> None:
    """Others were taken since it failed: its person's other news come before another chat that fails."""
    ill, fails = news("a", recipient="p", attempts=9, ill=True), news("b", recipient="q", attempts=4)

    assert ranked(ill, fails, news("c", recipient="q"), news("d", recipient="p")) == ["d", "c", "b", "a"]


def test_what_was_ill_has_its_turn_before_what_fails_more_often_where_nothing_is_taken() -> None:
    """Else that one, tried once a poll, would keep it back for ever."""
    ill, fails = news("a", attempts=6, ill=True), news("b", attempts=25)

    assert ranked(fails, ill, state=DestinationState(failing_since=START)) == ["a", "b"]
    assert ranked(fails, ill) == ["b", "a"]


def test_other_news_come_before_those_of_a_request_that_failed_for_somebody() -> None:
    """Whoever they are for."""
    failed = news("a", recipient="q", attempts=1)

    assert ranked(news("a", recipient="p"), failed, news("b", recipient="r"), later=(failed,)) == ["b", "a"]


def test_later_news_of_a_request_never_come_before_earlier_ones() -> None:
    """Though their own recipient is reached, and with the earlier one's chat something failed."""
    failed, first, second = (
        news("b", recipient="q", attempts=1),
        news("a", recipient="q"),
        news("a", 2, recipient="p"),
    )
    everything = [Waiting(failed, START + MINUTE), Waiting(first, START), Waiting(second, START)]

    assert due_first(everything, START, HEALTHY) == [first, second]


def test_a_card_is_for_one_person_and_one_destination() -> None:
    """What is for another, and what has to wait for it, is left for a later card."""
    mine, more = news("a", recipient="p"), news("d", recipient="p")
    others = [news("b", recipient="q"), news("c", recipient="p", destination="other")]
    behind = [news("b", 2, recipient="p"), news("c", 2, recipient="p")]

    assert for_first_recipient([mine, *others, *behind, more]) == [mine, more]


def test_what_waits_longer_than_a_passing_fault_is_overdue() -> None:
    """More than fifteen minutes; a card that is changed in its turn, after its news were told, is not."""
    times = (START - 15 * MINUTE - SECOND, START - 15 * MINUTE, START)
    untried, failed = (news(recorded_at=times[0], told=True, attempts=each).value for each in (0, 1))

    assert count_overdue([news(recorded_at=each).value for each in times], START) == 1
    assert count_overdue([untried, failed], START) == 1
