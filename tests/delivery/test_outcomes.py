"""What becomes of the notifications of one message."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery import outcomes
from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.delivery.retries import Verdict
from maa_notify.delivery.sender import Message, Receipt
from maa_notify.domain.event import EventKind
from maa_notify.domain.notification import CardLocation
from maa_notify.storage.outbox import Outcome, PendingNotification, cards_in
from maa_notify.storage.records import JournalEntry, StoredCard
from tests.delivery.waiting import MINUTE, SECOND, news
from tests.support.clock import START

PLACE = CardLocation("19:abc", "1")
WEEK = timedelta(days=7)


def accepted(
    items: list[PendingNotification],
    *waiting: PendingNotification,
    places: dict[str, StoredCard] | None = None,
    **message: Any,
) -> list[Outcome]:
    """What is recorded of a card that was taken."""
    receipt = Receipt("run", "message", PLACE)
    return outcomes.accepted(items, Message({}, **message), receipt, waiting, places or {}, START)


def test_a_card_that_was_taken_is_journalled_and_remembered() -> None:
    """With what the destination told of it, and the place that later news of the request change."""
    told = news(revision=3)

    [found] = accepted([told])

    assert found == Outcome(
        told,
        entry=JournalEntry(told.value, START, "run", "message"),
        card=StoredCard(PLACE, START, 3),
    )


def test_a_digest_is_nobodys_own_card() -> None:
    """Its members are journalled, and later news of each of them come on a card of its own."""
    told = [news("a", 2), news("b")]

    found = accepted(told)

    assert found == [Outcome(each, entry=JournalEntry(each.value, START, "run", "message")) for each in told]


def test_what_a_digest_told_waits_for_its_card_to_be_changed() -> None:
    """Only the newest of each request, and nothing of how it was tried; a request without a card is done."""
    tried: dict[str, Any] = {"attempts": 2, "doubts": 1, "tried_at": START, "digest": "d", "failing_for": 9.0}
    older, newer, new = news("a", 2, **tried), news("a", 3, **tried), news("b", **tried)

    found = accepted([older, newer, new], places={"a": StoredCard(PLACE, START, 1)})

    assert found == [
        Outcome(older, entry=JournalEntry(older.value, START, "run", "message")),
        Outcome(newer, kept=replace(news("a", 3).value, told=True)),
        Outcome(new, entry=JournalEntry(new.value, START, "run", "message")),
    ]


def test_a_card_that_is_changed_after_its_digest_is_done() -> None:
    """Once changed it waits for nothing."""
    told = news("a", 3, told=True)

    [found] = accepted([told], places={"a": StoredCard(PLACE, START, 1)})

    assert (found.kept, found.card) == (None, StoredCard(PLACE, START, 3))


@pytest.mark.parametrize("shown", [1, 5], ids=["newer news", "older news"])
def test_all_that_stands_on_a_digest_is_found_where_it_came_anew(shown: int) -> None:
    """Each as it was shown before; not what has a card of its own by now, even where no id of it is known."""
    former, event = CardLocation("19:abc", "0"), news("b", 1).value.event
    on_it = StoredCard(former, START - MINUTE, shown, beside=("a", "b", "c"), event=event)
    own = StoredCard(former, START - MINUTE, 2)
    places = {"a": on_it, "b": on_it, "c": own, "d": on_it}

    [found] = accepted([news("a", 2)], places=places, beside=("a", "b", "c"), location=former)
    [changed] = accepted([news("a", 2)], places=places, beside=("a", "b", "c"), location=PLACE)

    moved = replace(on_it, location=PLACE, at=START)
    assert found.moved == {"a": moved, "b": moved}
    assert (found.card is None) == (shown == 5)
    assert changed.moved == {}


def test_older_news_that_were_told_are_done_once_newer_ones_are() -> None:
    """The newer ones change the card: it is changed once, and shows the last state."""
    older = news("a", 2, told=True)

    found = accepted([news("a", 3), news("b")], older, places={"a": StoredCard(PLACE, START, 1)})

    assert found[2:] == [Outcome(older, entry=JournalEntry(older.value, START))]


def test_what_a_digest_told_of_before_a_look_is_done_once_that_is_told() -> None:
    """The card would be changed back, and name nobody any more; what was not told yet still is."""
    told, untold = news("a", 2, told=True), news("a", 2)
    look = news("a", 2, kind=EventKind.LOOKING, recorded_at=START + SECOND)

    _, *found = accepted([look], told, untold, location=PLACE)

    assert found == [outcomes.done(told, START)]


def test_older_news_of_any_member_know_that_a_digest_overtook_them() -> None:
    """They come later, and say so."""
    older, same, newer = news("b"), news("a"), news("b", 3)

    found = accepted([news("a"), news("b", 2)], older, same, newer)

    assert found[2:] == [Outcome(older, kept=replace(older.value, overtaken=True))]


@pytest.mark.parametrize("members,marked", [(MOST_TOGETHER, 0), (MOST_TOGETHER - 1, 2), (1, 96)])
def test_a_large_digest_marks_as_much_as_one_transaction_records(members: int, marked: int) -> None:
    """What was posted must be recorded; without the mark older news come all the same."""
    told = [news(str(each), 200) for each in range(members)]
    older = [news("0", revision) for revision in range(1, 100)]

    found = accepted(told, *older)

    assert [each.pending for each in found] == [*told, *older[:marked]]


@pytest.mark.parametrize(
    "fields,message",
    [({}, {"changes_card": False}), ({"overtaken": True}, {})],
    ids=["only replied", "came late"],
)
def test_older_news_are_never_taken_for_the_card_of_the_request(
    fields: dict[str, Any], message: dict[str, Any]
) -> None:
    """What changed no card, or came after newer news, leaves no place to change later."""
    [found] = accepted([news(**fields)], **message)

    assert found.card is None


def test_a_digest_that_may_show_what_failed_shows_the_newest() -> None:
    """Of each request what was tried last, or what it showed before where that is newer."""
    on_it = StoredCard(PLACE, START - MINUTE, 2, beside=("a", "b"), event=news("a", 2).value.event)
    tried = [Outcome(each, kept=each.value) for each in (news("a", 3), news("a", 4), news("b", 1))]
    message = Message({}, location=PLACE, beside=("a", "b"))

    older, newer, old = outcomes.shown(tried, message, {"a": on_it, "b": on_it}, START)

    shown = replace(on_it, at=START, revision=4, event=news("a", 4).value.event)
    assert cards_in([older, newer, old]) == {news("a").value.line: shown}
    assert [older.kept, newer.kept, old.kept] == [each.kept for each in tried]


def test_a_destination_without_places_has_no_card_to_remember() -> None:
    """A webhook tells none."""
    [found] = outcomes.accepted([news()], Message({}), Receipt(), [], {}, START)

    assert (found.card, found.entry) == (None, JournalEntry(news().value, START))


def test_older_news_that_still_wait_know_that_they_were_overtaken() -> None:
    """Only those of the same request at the same destination, and each is noted once."""
    older = news()
    others = [
        news(overtaken=True),
        news(revision=2, recipient="p"),
        news(revision=3),
        news("other"),
        news(destination="other"),
    ]

    _, *marked = accepted([news(revision=2)], older, *others)

    assert marked == [Outcome(older, kept=replace(older.value, overtaken=True))]


def test_what_failed_for_a_week_is_given_up_and_all_else_waits() -> None:
    """Counted by each notification's own time of failing, to the second; a week has to be over since, too.

    Else two pollers whose clocks lie hours apart would count these hours at every try.
    """
    items = [news(each) for each in "abcd"]
    seconds, began = (604_800.0, 604_799.0, 604_800.0, 604_800.0), (WEEK, WEEK, WEEK - SECOND, None)
    kept = [
        replace(each.value, failing_for=failed, failing_since=ago and START - ago)
        for each, failed, ago in zip(items, seconds, began, strict=True)
    ]

    assert outcomes.failed(items, Verdict(kept, None), WEEK, START) == [
        Outcome(items[0], entry=JournalEntry(kept[0], START), dead=True),
        *(Outcome(item, kept=each) for item, each in zip(items[1:], kept[1:], strict=True)),
    ]


def test_a_person_out_of_reach_gets_a_second_look() -> None:
    """Five minutes later, for all that the message told; nothing leaves the outbox yet."""
    items = [news("a"), news("b")]

    assert outcomes.out_of_reach(items, "not installed", START) == [
        Outcome(
            each,
            kept=replace(
                each.value, unreached_at=START, not_before=START + 5 * MINUTE, last_error="not installed"
            ),
        )
        for each in items
    ]


def test_after_the_second_look_all_for_this_person_leaves() -> None:
    """Also what was not there at the first one; and the person is left alone for a day."""
    items = [news("a", unreached_at=START - 5 * MINUTE), news("b")]

    found = outcomes.out_of_reach(items, "not installed", START + SECOND)

    assert found == [
        Outcome(
            each,
            entry=JournalEntry(
                replace(each.value, last_error="not installed"), START + SECOND, unreached=True
            ),
            unreached=True,
        )
        for each in items
    ]


def test_who_was_not_even_asked_is_not_counted_as_out_of_reach_again() -> None:
    """Else each skipped notification would put off the next try, for whoever has news every day."""
    [found] = outcomes.left_alone([news()], "yesterday", START, is_known=True)

    assert found == Outcome(
        news(),
        entry=JournalEntry(replace(news().value, last_error="yesterday"), START, unreached=True),
        unreached=False,
    )
