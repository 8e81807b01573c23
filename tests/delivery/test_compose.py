"""The next message of what is due: one card, or a digest, and what they say."""

from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery.compose import MOST_TOGETHER, Composer
from maa_notify.delivery.sender import Message
from maa_notify.domain.event import EventKind, Notice, NoticeKind, Step
from maa_notify.domain.notification import APPROVER_CHAT, CardLocation, Notification
from maa_notify.domain.request import Identity
from maa_notify.storage.outbox import PendingNotification, card_size, outcome_size
from maa_notify.storage.records import DestinationState, StoredCard, Versioned
from maa_notify.storage.rows import MAX_BYTES
from tests.delivery.waiting import HOUR, MINUTE, PlainCards, news, subjects
from tests.support.clock import START

PLACE = CardLocation("19:abc", "1")
HEALTHY = DestinationState()
FAILING = DestinationState(failing_since=START - HOUR)
TRIED: dict[str, Any] = {"digest": "d", "attempts": 3, "tried_at": START - MINUTE}


def compose(
    *due: PendingNotification,
    places: dict[str, StoredCard] | None = None,
    apart: frozenset[str] = frozenset(),
    state: DestinationState = HEALTHY,
    room: int = 100,
) -> tuple[list[str], Message]:
    """What is told by the next message, and the message, where more than two become a digest."""
    told, message = Composer(PlainCards(room), 2).compose(due, places or {}, apart, state, START)
    return subjects(list(told)), message


def test_a_card_of_its_own_is_a_new_one_where_none_stands() -> None:
    """In its full form, for the person it is for, with the line that is read aloud."""
    told, message = compose(news("a", recipient="p"), news("b", recipient="p"))

    assert told == ["a"]
    assert message == Message({"fallbackText": "full", "of": "a", "again": False, "late": False}, "full", "p")


@pytest.mark.parametrize(
    "fields,again,late",
    [({"doubts": 1}, True, False), ({"overtaken": True}, False, True)],
)
def test_a_card_says_that_it_may_be_there_and_that_newer_news_came_first(
    fields: dict[str, Any], again: bool, late: bool
) -> None:
    """So that nobody takes a copy for a second request, or old news for the state of today."""
    _, message = compose(news(**fields))

    assert (message.card["again"], message.card["late"]) == (again, late)


def test_a_card_that_was_refused_comes_in_its_plain_form() -> None:
    """It is never part of a digest, which would be refused for its sake; it may be a copy, too."""
    told, message = compose(news("a", plain=True), news("b"), news("c"), news("d"))
    _, copy = compose(news("a", plain=True, doubts=1))

    assert (told, message.card) == (["a"], {"fallbackText": "plain", "of": "a", "again": False})
    assert copy.card["again"]


@pytest.mark.parametrize("shown,changes", [(1, True), (2, True), (3, False)])
def test_a_card_that_stands_is_changed_and_replied_to(shown: int, changes: bool) -> None:
    """Older news than it shows never replace it; they are only replied. A reply may be a copy, too."""
    places = {"a": StoredCard(PLACE, START, shown)}
    _, message = compose(news("a", 2), places=places)
    _, copy = compose(news("a", 2, doubts=1), places=places)

    assert (message.location, message.changes_card) == (PLACE, changes)
    assert (message.reply, copy.reply) == ({"reply": "a", "again": False}, {"reply": "a", "again": True})


def test_what_a_chat_refuses_on_its_digest_comes_on_a_card_of_its_own() -> None:
    """In its smallest form; the digest, which tells of others, too, stays as it is."""
    places = {each: StoredCard(PLACE, START, 1, beside=("a", "b")) for each in "ab"}
    told, message = compose(news("a", 2, destination=APPROVER_CHAT, recipient="p", plain=True), places=places)

    assert (told, message.location) == (["a"], None)
    assert message.card == {"fallbackText": "plain", "of": "a", "again": False}


def test_what_is_settled_stands_last_on_a_digest_in_a_chat() -> None:
    """Whatever came first: where there is no room for all, what still wants a decision is seen."""
    gone = news("a", 2, EventKind.NO_LONGER_LISTED, APPROVER_CHAT, recipient="p")
    places = {
        each: StoredCard(PLACE, START, 1, beside=("a", "b", "c"), event=news(each).value.event)
        for each in "abc"
    }

    told, message = compose(gone, places=places)

    assert (told, message.card["of"]) == (["a"], ["b", "c", "a"])


def test_a_change_of_a_digest_in_a_chat_tells_only_what_stands_on_it() -> None:
    """News of a card elsewhere in that chat are told there, in their turn."""
    on_digest = {
        each: StoredCard(PLACE, START, 1, beside=("a", "b"), event=news(each).value.event) for each in "ab"
    }
    places = {**on_digest, "c": StoredCard(CardLocation("19:abc", "2"), START, 1)}
    changes = [news(each, 2, destination=APPROVER_CHAT, recipient="p") for each in "acb"]

    told, message = compose(*changes, places=places)

    assert (told, message.card["of"]) == (["a", "b"], ["a", "b"])


def test_a_change_of_a_digest_leaves_room_to_say_where_all_on_it_stand() -> None:
    """It may have to come anew, and is posted again and again if that cannot be recorded along with it."""
    subjects = [f"{number:02}" for number in range(30)]
    changes = [news(each, 2, destination=APPROVER_CHAT, recipient="p") for each in subjects]
    large = replace(changes[0].value.event, steps=(Step("x" * 110_000, START, Identity()),))
    short, long = (
        {each: StoredCard(PLACE, START, 1, beside=tuple(subjects), event=event) for each in subjects}
        for event in (changes[0].value.event, large)
    )

    assert len(compose(*changes, places=short)[0]) == 30
    told = len(compose(*changes, places=long)[0])
    room = MAX_BYTES - sum(map(card_size, long.values()))
    assert 1 < told < 30
    assert sum(outcome_size(each.value) for each in changes[:told]) <= room


def test_the_card_of_what_a_digest_told_is_changed_in_silence() -> None:
    """It is told, so it shares no other digest and rings nobody."""
    told = [news(each, 2, told=True) for each in "abc"]
    places = {each: StoredCard(PLACE, START, 1) for each in "abc"}

    members, message = compose(*told, places=places)

    assert (members, message.location, message.reply, message.changes_card) == (["a"], PLACE, None, True)


def test_changes_of_cards_that_stand_share_a_digest_without_new_requests() -> None:
    """Each kind is counted for itself, and the first that is due decides which is told."""
    places = {each: StoredCard(PLACE, START, 1) for each in "abc"}
    changes, new = [news(each, 2) for each in "abc"], [news(each) for each in "def"]

    assert compose(*changes, *new, places=places)[0] == ["a", "b", "c"]
    assert compose(*new, *changes, places=places)[0] == ["d", "e", "f"]
    assert compose(*changes[:2], *new, places=places)[0] == ["a"]
    assert compose(*new[:2], *changes, places=places)[0] == ["d"]


def test_more_than_so_many_become_one_digest() -> None:
    """And just as many come one by one."""
    three = [news(each, recipient="p") for each in "abc"]

    told, message = compose(*three)

    assert told == ["a", "b", "c"]
    assert message == Message(
        {"fallbackText": "digest", "of": ["a", "b", "c"], "again": False}, "digest", "p"
    )
    assert compose(*three[:2])[0] == ["a"]


def test_what_a_digest_has_no_room_for_waits_for_the_next_message() -> None:
    """Only what the card shows counts as told; the card knows what the next one tells."""
    told, message = compose(news("a"), news("b"), news("c"), room=2)

    assert (told, message.card["beside"]) == (["a", "b"], ["c"])


def test_what_a_digest_in_a_chat_has_no_room_for_does_not_count_as_on_it() -> None:
    """Else later news of it would change that digest, and nobody was ever rung for it."""
    chat: dict[str, Any] = {"destination": APPROVER_CHAT, "recipient": "p"}
    told, message = compose(*[news(each, **chat) for each in "abcd"], room=3)

    assert (message.beside, message.card["of"]) == (tuple(told), told)
    assert len(told) < 4


@pytest.mark.parametrize(
    "count,room,expected", [(6, 5, 3), (8, 4, 4), (9, 4, 3), (5, 4, 2), (4, 3, 3)], ids=str
)
def test_what_needs_several_digests_is_spread_over_them(count: int, room: int, expected: int) -> None:
    """None is left outside as a card of its own, as long as there are enough for two digests."""
    assert len(compose(*[news(str(each)) for each in range(count)], room=room)[0]) == expected


@pytest.mark.parametrize(
    "fields",
    [{"plain": True}, {"digest": "d"}, {"doubts": 1}, {"ill": True}],
    ids=["refused", "in another digest", "in doubt", "ill"],
)
def test_what_failed_in_its_own_way_joins_no_new_digest(fields: dict[str, Any]) -> None:
    """Nor do later news of the same request, which would come before it."""
    due = [news("a"), news("x", **fields), news("x", 2), news("b"), news("c")]

    assert compose(*due)[0] == ["a", "b", "c"]


@pytest.mark.parametrize("fields", [{"doubts": 1}, {"ill": True}], ids=["in doubt", "ill"])
def test_what_failed_in_its_own_way_comes_alone_however_many_wait(fields: dict[str, Any]) -> None:
    """When it is its turn."""
    assert compose(news("x", **fields), news("a"), news("b"), news("c"))[0] == ["x"]


def test_a_digest_that_was_tried_comes_as_it_was() -> None:
    """The same members, also when they are fewer than make a new one; it says if it may be there."""
    due = [news("a", digest="d"), news("b"), news("c", digest="d", doubts=1), news("e", digest="e")]

    told, message = compose(*due)

    assert (told, message.card["again"]) == (["a", "c"], True)


def test_earlier_news_in_doubt_part_no_digest_that_passed_them() -> None:
    """A digest whose answer was lost stays that digest, though what it passed is due again, too."""
    due = [news("a", digest="d"), news("b", 1, doubts=3), news("b", 2, digest="d", doubts=1)]

    assert compose(*due)[0] == ["a", "b"]
    assert compose(news("a", digest="d"), news("b", 1), news("b", 2, digest="d"))[0] == ["a"]


def test_the_last_of_a_digest_is_a_card_of_its_own() -> None:
    """The others were discarded, or told."""
    told, message = compose(news("a", digest="d"), news("b"), news("c"), news("e"))

    assert (told, message.card["fallbackText"]) == (["a"], "full")


def test_a_digest_that_fails_with_its_destination_sends_one_member_ahead() -> None:
    """Whichever failed least, as a card of its own; where others are taken, all of it comes at once."""
    due = [news("a", **TRIED), news("b", **TRIED), news("c", **TRIED)]

    told, message = compose(*due, state=FAILING)

    assert (len(told), message.card["fallbackText"]) == (1, "full")
    assert compose(*due)[0] == ["a", "b", "c"]


def test_after_one_member_the_whole_digest_has_its_turn() -> None:
    """Then the next member: the one that was tried alone comes after the others."""
    ahead = compose(*[news(each, **TRIED) for each in "ab"], state=FAILING)[0][0]
    [other] = {"a", "b"} - {ahead}
    tried_alone = {**TRIED, "attempts": 4, "tried_at": START}
    once, again = ({**TRIED, "attempts": each, "tried_at": START} for each in (4, 5))

    alone = [news(each, **(tried_alone if each == ahead else TRIED)) for each in "ab"]
    together = [news(each, **(again if each == ahead else once)) for each in "ab"]

    assert compose(*alone, state=FAILING)[0] == ["a", "b"]
    assert compose(*together, state=FAILING)[0] == [other]


def test_a_digest_with_an_untried_member_comes_whole() -> None:
    """What was never tried with the others tells nothing of them yet."""
    due = [news("a", refused=True, **TRIED), news("b", digest="d")]

    assert compose(*due, state=FAILING)[0] == ["a", "b"]


def test_the_member_that_goes_ahead_is_never_later_news_of_a_request() -> None:
    """Though the earlier ones failed more often."""
    for subject in "abcd":
        due = [news(subject, **{**TRIED, "attempts": 4}), news(subject, 2, **TRIED)]
        told, _ = Composer(PlainCards(), 2).compose(due, {}, frozenset(), FAILING, START)

        assert list(told) == due[:1]


def test_a_refused_member_of_a_digest_comes_in_its_plain_form() -> None:
    """Alone, before the whole has its turn."""
    told, message = compose(news("b", plain=True, **TRIED), news("a", **TRIED), state=FAILING)

    assert (told, message.card["fallbackText"]) == (["b"], "plain")


def test_what_has_a_card_of_its_own_is_in_no_digest() -> None:
    """Neither first nor among others, neither new nor of a digest that was tried."""
    three = [news("a"), news("b"), news("c")]

    assert compose(news("x"), *three, apart=frozenset({"x"}))[0] == ["x"]
    assert compose(*three, news("x"), apart=frozenset({"x"}))[0] == ["a", "b", "c"]
    tried = [news("a", digest="d"), news("x", digest="d"), news("b", digest="d")]
    assert compose(*tried, apart=frozenset({"x"}))[0] == ["a", "b"]


def test_a_heartbeat_shares_no_card() -> None:
    """It would say "no news" among news."""
    heartbeat = Notice(NoticeKind.HEARTBEAT, "heartbeat", 1, START, "Quiet")
    silent = Versioned(Notification(heartbeat, "default", START), "1")
    three = [news("a"), news("b"), news("c")]

    assert compose(*three, silent)[0] == ["a", "b", "c"]
    assert compose(silent, *three)[0] == ["heartbeat"]


def test_a_digest_holds_no_more_than_one_transaction_records() -> None:
    """By the number of rows; more would be posted, and posted again."""
    told = [len(compose(*[news(str(each)) for each in range(count)])[0]) for count in (49, 50, 98, 99)]

    assert told == [MOST_TOGETHER, 25, 49, 33]


def test_a_digest_holds_no_more_bytes_than_one_transaction_records() -> None:
    """By the size of what is recorded, to the byte; and one that is too large goes out alone."""
    room = MAX_BYTES // 3 - outcome_size(news("a", last_error="x").value)
    large = [news(each, last_error="x" * (1 + room)) for each in "abcd"]
    exact = [*large[:2], news("c", last_error="x" * (1 + room + MAX_BYTES % 3))]
    over = [*large[:2], news("c", last_error="x" * (2 + room + MAX_BYTES % 3))]
    huge = news("e", last_error="x" * MAX_BYTES)

    assert sum(outcome_size(each.value) for each in exact) == MAX_BYTES
    assert compose(*exact)[0] == compose(*large)[0] == ["a", "b", "c"]
    assert compose(*over)[0] == ["a", "b"]
    assert compose(huge, *large)[0] == ["e"]
