"""What a failure changes, whose fault it is, and when a notification is tried again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.retries import (
    Failure,
    Verdict,
    after_failure,
    back_off,
    chat_works,
    due_at,
    failing,
    heard,
    in_doubt,
    in_full,
    is_ill,
    judge,
    sends_one_ahead,
    without_future_times,
)
from maa_notify.domain.notification import Notification
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
)
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import DestinationState
from tests.delivery.waiting import DAY, HOUR, MINUTE, SECOND, news
from tests.support.clock import START

WAITING = news().value
REFUSED = CardRefused("400")
GONE = DestinationRefused("404")
DOWN = DestinationUnavailable("503")
SILENT = DestinationUnavailable("no answer", in_doubt=True)
LIMITS = DeliveryLimits(max_repeats=2)
HEALTHY = DestinationState()


THROTTLED = DestinationUnavailable("429", 3_600.0, is_limit=True)
BUSY = DestinationUnavailable("503", 3_600.0)


def blamed(
    error: DeliveryError, *others: PendingNotification, state: DestinationState = HEALTHY, **tried: Any
) -> str:
    """Who waits after a message for person p, or what `tried` says, was not taken: who, or what."""
    verdict = judge([news(**{"recipient": "p", **tried})], others, state, Failure(error, START))
    [kept] = verdict.kept
    return kept.recipient if kept.personal else ("destination" if verdict.blame else "card")


def put_off(person: str, subject: str = "two", ago: timedelta = MINUTE, **fields: Any) -> PendingNotification:
    """What was tried a while ago and waits for another hour."""
    values: dict[str, Any] = {"attempts": 1, "not_before": START + HOUR, "personal": True, **fields}
    return news(subject, recipient=person, tried_at=START - ago, failing_since=START - ago, **values)


def test_a_wait_that_a_chat_asks_for_is_its_persons() -> None:
    """All else that fails is the destination's fault at first, and a channel is nobody's chat.

    Of a service that is down, and of a flow, the wait is that of all chats.
    """
    assert (blamed(THROTTLED), blamed(THROTTLED, recipient="")) == ("p", "destination")
    assert [blamed(each) for each in (DOWN, GONE, SILENT, BUSY)] == ["destination"] * 4
    assert blamed(THROTTLED, put_off("p")) == "p"


def test_a_second_person_whose_chat_asks_for_a_wait_speaks_for_all() -> None:
    """Unless a card was taken meanwhile, the first one's wait is over, or that chat asked for none."""
    other = put_off("q")
    taken = DestinationState(last_accepted=START - 30 * SECOND)
    before = DestinationState(last_accepted=START - 2 * MINUTE)
    over, just_over = (put_off("q", not_before=START - each * SECOND) for each in (51, 50))

    assert blamed(THROTTLED, other) == blamed(THROTTLED, other, state=before) == "destination"
    assert blamed(THROTTLED, other, state=taken) == "p"
    assert (blamed(THROTTLED, over), blamed(THROTTLED, just_over)) == ("p", "destination")
    assert blamed(THROTTLED, news("two", recipient="q", not_before=START + HOUR, personal=True)) == "p"
    assert blamed(THROTTLED, put_off("q", personal=False)) == "p"


@pytest.mark.parametrize(
    "works,who,digests", [(True, "card", ["", ""]), (False, "p", ["d", "d"])], ids=["it does", "not since"]
)
def test_a_card_waits_for_itself_alone_where_its_chat_takes_others(
    works: bool, who: str, digests: list[str]
) -> None:
    """What other chats take says nothing of this one: the wait is its person's, and a digest stays whole."""
    state = DestinationState(last_accepted=START - MINUTE)
    failed: dict[str, Any] = {"failing_since": START - HOUR, "chat_works": works}
    items = [news(each, recipient="p", digest="d", **failed) for each in "ab"]
    kept = judge(items, [], state, Failure(THROTTLED, START, token="new")).kept

    assert blamed(THROTTLED, put_off("q"), state=state, attempts=1, **failed) == who
    assert [each.digest for each in kept] == digests
    assert {(each.ill, each.personal) for each in kept} == {(True, not works)}


def test_a_chat_that_took_a_card_since_one_of_a_digest_failed_asks_for_no_wait() -> None:
    """That mark may be missing at the others, where a transaction had no room for it."""
    items = [news(each, recipient="p", digest="d", chat_works=each == "a") for each in "ab"]

    verdict = judge(items, [], HEALTHY, Failure(THROTTLED, START))

    assert (verdict.blame, {each.personal for each in verdict.kept}) == (THROTTLED, {False})


def test_all_of_a_person_waits_no_longer_than_their_chat_asked() -> None:
    """However often it asked; what is ill by itself has ever longer pauses."""
    failure = Failure(DestinationUnavailable("429", 5.0, is_limit=True), START, ill=True)
    often = replace(WAITING, attempts=98)

    pauses = [after_failure(often, replace(failure, personal=each)).not_before for each in (True, False)]

    assert pauses == [START + 45 * SECOND, START + 15 * MINUTE]


def test_what_failed_in_a_chat_that_takes_another_card_is_marked_once() -> None:
    """Nothing of other people, of channels, or that never failed."""
    since: dict[str, Any] = {"failing_since": START - HOUR}
    failed = news("a", recipient="p", **since)
    others = [
        news("b", recipient="p"),
        news("c", recipient="q", **since),
        news("d", recipient="p", chat_works=True, **since),
        news("taken", **since),
    ]

    assert chat_works([news("taken", recipient="p")], [failed, *others]) == [
        replace(failed, value=replace(failed.value, chat_works=True))
    ]
    assert chat_works([news("taken")], [failed, *others]) == []


def test_what_a_chat_put_off_waits_for_as_long_as_it_asked() -> None:
    """Whatever life others show meanwhile; a digest stays whole."""
    items = [news(each, recipient="p", digest="d") for each in "ab"]
    kept = judge(items, [], HEALTHY, Failure(THROTTLED, START, token="new")).kept
    state = DestinationState(heard_at=START + MINUTE, last_accepted=START + MINUTE)

    assert {(each.digest, each.not_before) for each in kept} == {("d", START + HOUR)}
    assert due_at(kept[0], state, START, START + 2 * MINUTE, LIMITS) == START + HOUR


def test_a_refused_card_is_tried_in_its_plain_form_first() -> None:
    """At once; refused in that form too, it waits, lets later news pass, and comes in full the next time."""
    first = after_failure(WAITING, Failure(REFUSED, START))
    second = after_failure(first, Failure(REFUSED, START))

    assert (first.plain, first.overtakable, first.not_before) == (True, False, None)
    assert (second.plain, second.overtakable, second.attempts) == (False, True, 2)
    assert second.not_before == START + timedelta(seconds=50)


def test_a_card_refused_in_every_form_while_others_are_taken_waits_ever_longer() -> None:
    """Not for the next poll only: its pauses grow to a quarter of an hour."""
    failure = Failure(REFUSED, START, ill=True)
    pauses = [
        after_failure(replace(WAITING, plain=True, attempts=each), failure).not_before for each in (1, 98)
    ]

    assert pauses == [START + 4 * SECOND, START + 15 * MINUTE]


def test_a_refused_digest_is_no_reason_for_plain_cards() -> None:
    """It was too much for one card; each member comes in full, without a pause."""
    for before in (WAITING, replace(WAITING, plain=True)):
        after = after_failure(before, Failure(REFUSED, START, together=2))

        assert (after.plain, after.overtakable, after.not_before) == (False, False, None)
        assert after.refused


def test_a_card_counts_as_refused_once_no_form_of_it_is_taken() -> None:
    """Until its next try: that is the full form again, or fails in another way."""
    first = after_failure(WAITING, Failure(REFUSED, START))
    second = after_failure(first, Failure(REFUSED, START))
    later = [after_failure(second, Failure(error, START)) for error in (REFUSED, DOWN, GONE, SILENT)]

    assert [each.refused for each in (first, second, *later)] == [False, True, *[False] * 4]


@pytest.mark.parametrize(
    "error,wait",
    [
        (GONE, None),
        (DestinationUnavailable("429", retry_after=7.0), None),
        (DOWN, timedelta(seconds=2)),
    ],
    ids=["refused", "retry-after", "down"],
)
def test_only_an_outage_without_a_word_is_guessed_at(error: DeliveryError, wait: timedelta | None) -> None:
    """What is refused waits for the next poll; what asked for a wait has it in the destination's row."""
    after = after_failure(replace(WAITING, not_before=START - SECOND), Failure(error, START))

    assert after.not_before == (None if wait is None else START + wait)
    assert (after.attempts, after.plain, after.last_error) == (1, False, str(error))


@pytest.mark.parametrize(
    "error,attempts,wait",
    [
        (DOWN, 98, 45 * SECOND),
        (SILENT, 98, MINUTE),
    ],
)
def test_a_failure_that_may_pass_within_the_poll_has_a_short_pause(
    error: DeliveryError, attempts: int, wait: timedelta
) -> None:
    """At most three quarters of a minute, and a minute where each try may be one more copy."""
    after = after_failure(replace(WAITING, attempts=attempts), Failure(error, START))

    assert after.not_before == START + wait


@pytest.mark.parametrize(
    "error,attempts,wait",
    [
        (GONE, 0, 2 * SECOND),
        (DOWN, 98, 15 * MINUTE),
        (DestinationUnavailable("429", retry_after=1.0), 0, 2 * SECOND),
        (DestinationUnavailable("429", retry_after=60.0), 0, MINUTE),
        (SILENT, 0, MINUTE),
    ],
)
def test_an_ill_card_has_its_own_pause(error: DeliveryError, attempts: int, wait: timedelta) -> None:
    """Ever longer, and at least as long as it was asked for, since its destination keeps no pause for it."""
    after = after_failure(replace(WAITING, attempts=attempts), Failure(error, START, ill=True))

    assert (after.ill, after.not_before) == (True, START + wait)


def test_a_pause_is_spread_for_whatever_reason_it_is() -> None:
    """So that many cards that failed at once do not come back at once."""
    spread = [
        after_failure(before, failure).not_before
        for before, failure in (
            (WAITING, Failure(DOWN, START, jitter=0.5)),
            (WAITING, Failure(GONE, START, jitter=0.5, ill=True)),
            (replace(WAITING, plain=True), Failure(REFUSED, START, jitter=0.5, ill=True)),
        )
    ]

    assert spread == [START + SECOND] * 3


@pytest.mark.parametrize(
    "doubts,wait",
    [
        (0, MINUTE),
        (1, 3 * MINUTE),
        (2, 12 * MINUTE),
        (3, 48 * MINUTE),
        (4, 192 * MINUTE),
        (5, 768 * MINUTE),
        (6, DAY),
        (9_999, DAY),
    ],
)
def test_what_is_in_doubt_is_sent_again_ever_more_rarely(doubts: int, wait: timedelta) -> None:
    """By the number of tries without an answer, from a minute to a day; not by its age."""
    for since in (START, START - 5 * DAY):
        before = replace(WAITING, doubts=doubts, failing_since=since)
        after = after_failure(before, Failure(SILENT, START))

        assert (after.doubts, after.not_before) == (doubts + 1, START + wait)


def test_what_was_in_doubt_once_stays_so() -> None:
    """The card may be there, whatever was said to a later try."""
    doubtful = after_failure(WAITING, Failure(SILENT, START))

    assert after_failure(doubtful, Failure(GONE, START)).doubts == 1
    assert after_failure(doubtful, Failure(SILENT, START)).doubts == 2


@pytest.mark.parametrize(
    "fields,counts",
    [
        ({}, 0),
        ({"tried_at": START - MINUTE}, 60),
        ({"tried_at": START - MINUTE, "failing_for": 40.0}, 100),
        ({"tried_at": START - 25 * HOUR}, 90_000),
        ({"tried_at": START - 25 * HOUR - SECOND, "failing_for": 40.0}, 40),
        ({"tried_at": START - 50 * HOUR, "doubts": 1}, 180_000),
        ({"tried_at": START - 50 * HOUR - SECOND, "doubts": 1, "failing_for": 40.0}, 180_040),
    ],
    ids=["first", "second", "third", "once a day", "after a pause", "in doubt", "after a longer pause"],
)
def test_only_time_in_which_somebody_tries_is_time_of_failing(fields: dict[str, Any], counts: float) -> None:
    """A service that was switched off for a week gives up nothing on its return."""
    after = after_failure(replace(WAITING, **fields), Failure(DOWN, START))

    assert (after.failing_for, after.tried_at) == (counts, START)


def test_a_failure_tells_since_when_it_lasts() -> None:
    """From the first try that failed; whether others are taken is told by the last one."""
    first = after_failure(replace(WAITING, ill=True), Failure(DOWN, START))
    second = after_failure(first, Failure(DOWN, START + HOUR))

    assert (first.failing_since, second.failing_since, first.ill) == (START, START, False)


@pytest.mark.parametrize(
    "since,ill,may_be",
    [(HOUR, True, True), (HOUR - SECOND, True, False), (HOUR, False, False)],
)
def test_after_an_hour_of_illness_later_news_may_pass(since: timedelta, ill: bool, may_be: bool) -> None:
    """Not while nothing is taken at all, for then nothing could pass."""
    before = replace(WAITING, failing_since=START - since)

    assert after_failure(before, Failure(GONE, START, ill=ill)).overtakable is may_be


def test_what_may_be_passed_once_may_be_passed_from_then_on() -> None:
    """Also while its destination is down."""
    assert after_failure(replace(WAITING, overtakable=True), Failure(DOWN, START)).overtakable


def test_pauses_double_up_to_the_longest_and_are_spread() -> None:
    """However often it failed, the pause neither runs away nor hits all pollers at one moment."""
    pauses = [
        back_off(attempts, timedelta(seconds=45), 1.0).total_seconds() for attempts in (1, 2, 5, 6, 9_999)
    ]

    assert pauses == [2, 4, 32, 45, 45]
    assert back_off(9_999, timedelta(seconds=45), 0.5).total_seconds() == 22.5


TRIED = {"attempts": 1, "tried_at": START - MINUTE, "not_before": START + HOUR}
IN_DOUBT = {**TRIED, "doubts": 1}
DUE_IN_DOUBT = {**IN_DOUBT, "not_before": None}


@pytest.mark.parametrize(
    "fields,heard_at,wait",
    [
        ({}, None, timedelta()),
        ({"not_before": START - HOUR}, None, timedelta()),
        ({"not_before": START + HOUR}, None, HOUR),
        (TRIED, None, HOUR),
        (TRIED, START - SECOND, timedelta()),
        (TRIED, START - MINUTE, HOUR),
        (TRIED, START - HOUR, HOUR),
        ({**TRIED, "ill": True}, START - SECOND, HOUR),
        ({**TRIED, "tried_at": None}, START - SECOND, HOUR),
        ({**TRIED, "unreached_at": START - MINUTE}, START - SECOND, HOUR),
    ],
    ids=[
        "new",
        "waited",
        "waits",
        "failed",
        "life after it",
        "life at its try",
        "life before it",
        "ill",
        "clock set back",
        "second look",
    ],
)
def test_a_pause_ends_by_itself_or_when_the_destination_shows_life(
    fields: dict[str, Any], heard_at: datetime | None, wait: timedelta
) -> None:
    """Life ends no pause of a card that fails although others are taken, nor the wait for a person."""
    state = DestinationState(heard_at=heard_at)

    assert due_at(replace(WAITING, **fields), state, START - HOUR, START, LIMITS) == START + wait


@pytest.mark.parametrize(
    "fields,newest,wait",
    [
        (IN_DOUBT, -30 * SECOND, timedelta()),
        (IN_DOUBT, timedelta(), timedelta()),
        (IN_DOUBT, -MINUTE, HOUR),
        (IN_DOUBT, SECOND, HOUR),
        (TRIED, -30 * SECOND, HOUR),
    ],
    ids=["since", "now", "before", "clock set back", "no doubt"],
)
def test_what_is_in_doubt_is_tried_once_more_before_later_news(
    fields: dict[str, Any], newest: timedelta, wait: timedelta
) -> None:
    """Once: by news that came after its last try."""
    found = due_at(replace(WAITING, **fields), HEALTHY, START + newest, START, LIMITS)

    assert found == START + wait


@pytest.mark.parametrize(
    "fields,ago,wait",
    [
        (DUE_IN_DOUBT, (100, 50), HOUR - 50 * SECOND),
        (DUE_IN_DOUBT, (200, 100, 50), HOUR - 50 * SECOND),
        (DUE_IN_DOUBT, (7_200, 3_600), timedelta()),
        ({**DUE_IN_DOUBT, "attempts": 0}, (100, 50), timedelta()),
        (IN_DOUBT, (50,), HOUR),
        (IN_DOUBT, (86_400, 50), HOUR),
        (IN_DOUBT, (50, -3_600), HOUR),
        ({**IN_DOUBT, "not_before": START + 2 * DAY}, (100, 50), 2 * DAY),
        (TRIED, (100, 50), HOUR),
        ({**TRIED, "not_before": START}, (100, 50), timedelta()),
    ],
    ids=[
        "full",
        "more than full",
        "an hour ago",
        "by hand",
        "room",
        "a day old",
        "clock set back",
        "waits longer",
        "no doubt, and a pause",
        "no doubt",
    ],
)
def test_an_address_gets_so_many_copies_a_day_and_then_one_an_hour(
    fields: dict[str, Any], ago: tuple[float, ...], wait: timedelta
) -> None:
    """The next one goes out an hour after the last; what is in no doubt is no copy."""
    state = DestinationState(repeats=tuple(START.timestamp() - each for each in ago))

    assert due_at(replace(WAITING, **fields), state, START - HOUR, START, LIMITS) == START + wait


def since(ago: timedelta, **fields: Any) -> PendingNotification:
    """What failed first so long ago."""
    return news(failing_since=START - ago, **fields)


@pytest.mark.parametrize(
    "items,others,accepted,ill",
    [
        ([since(HOUR)], [], MINUTE, True),
        ([since(MINUTE)], [], MINUTE, False),
        ([since(MINUTE)], [], HOUR, False),
        ([since(HOUR)], [], None, False),
        ([news()], [], MINUTE, False),
        ([since(SECOND), since(HOUR, subject="two")], [], MINUTE, True),
        ([news(recipient="p")], [since(HOUR, subject="two", recipient="p")], MINUTE, True),
        ([news(recipient="p")], [since(HOUR, subject="two", recipient="q")], MINUTE, False),
        ([news()], [since(HOUR, revision=2)], MINUTE, True),
        ([news()], [since(HOUR, subject="two")], MINUTE, False),
    ],
)
def test_what_fails_while_others_are_taken_is_ill(
    items: list[PendingNotification],
    others: list[PendingNotification],
    accepted: timedelta | None,
    ill: bool,
) -> None:
    """Since the first failure of the card, or of others for the same person or about the same request."""
    state = DestinationState(last_accepted=None if accepted is None else START - accepted)

    assert is_ill(items, others, state) is ill


def verdict(
    *items: PendingNotification,
    error: DeliveryError,
    others: tuple[PendingNotification, ...] = (),
    accepted: timedelta | None = None,
) -> Verdict:
    """What follows from a failure of these at `START`."""
    state = DestinationState(last_accepted=None if accepted is None else START - accepted)
    return judge(items, others, state, Failure(error, START, token="new"))


def test_what_fails_alone_is_the_fault_of_its_destination() -> None:
    """Until something else is taken there; from then on it is that of the card."""
    first, second = verdict(news(), error=GONE), verdict(since(HOUR), error=GONE, accepted=MINUTE)

    assert (first.blame, first.kept[0].ill) == (GONE, False)
    assert (second.blame, second.kept[0].ill) == (None, True)


ELSE_REFUSED = news("two", refused=True, tried_at=START - MINUTE)


@pytest.mark.parametrize(
    "tried,others,accepted,is_to_blame",
    [
        (news(plain=True), (ELSE_REFUSED,), None, True),
        (news(plain=True), (news("three"), ELSE_REFUSED), HOUR, True),
        (news(plain=True), (ELSE_REFUSED,), SECOND, False),
        (news(plain=True), (ELSE_REFUSED,), MINUTE, False),
        (news(plain=True), (news("two", tried_at=START - MINUTE),), None, False),
        (news(plain=True), (news("two", refused=True),), None, False),
        (news(plain=True), (news("two", refused=True, tried_at=START, ill=True),), None, False),
        (news(plain=True), (news("two", overtakable=True, tried_at=START - MINUTE),), None, False),
        (news(plain=True), (), None, False),
        (news(), (ELSE_REFUSED,), None, False),
        (since(HOUR, plain=True), (ELSE_REFUSED,), 2 * MINUTE, False),
    ],
    ids=[
        "nothing is taken",
        "one of others",
        "some were taken since",
        "some were taken then",
        "failed otherwise",
        "clock set back",
        "ill",
        "refused before its last try",
        "alone",
        "not yet in plain",
        "ill itself",
    ],
)
def test_a_destination_that_refuses_every_card_in_both_forms_is_to_blame(
    tried: PendingNotification,
    others: tuple[PendingNotification, ...],
    accepted: timedelta | None,
    is_to_blame: bool,
) -> None:
    """Two such cards, and none taken between them; one card alone may be at fault itself."""
    found = verdict(tried, error=REFUSED, others=others, accepted=accepted)

    assert isinstance(found.blame, DestinationRefused) is is_to_blame
    assert found.blame is None or str(found.blame).startswith("400, nor any other")


def digest(count: int, **fields: Any) -> list[PendingNotification]:
    """So many that were tried together."""
    return [news(str(number), **fields) for number in range(count)]


def names(kept: Verdict) -> list[str]:
    """The digests to which they belong from now on."""
    return [each.digest for each in kept.kept]


def test_a_refused_digest_stays_whole_while_nothing_is_taken() -> None:
    """In its order, in full and at once: one of its members tells whether the destination is at fault."""
    found = verdict(*digest(4, digest="old", not_before=START + HOUR), error=REFUSED)

    assert names(found) == ["old"] * 4
    assert [each.event.subject_id for each in found.kept] == ["0", "1", "2", "3"]
    assert {(each.plain, each.refused, each.not_before) for each in found.kept} == {(False, True, None)}
    assert found.blame is None


def test_a_destination_that_refuses_a_digest_and_a_single_card_is_to_blame() -> None:
    """Whatever it is sent, it takes none of it."""
    found = verdict(*digest(2, digest="old"), error=REFUSED, others=(ELSE_REFUSED,))

    assert isinstance(found.blame, DestinationRefused)


@pytest.mark.parametrize(
    "count,expected",
    [(2, ["", ""]), (3, ["", "new-2", "new-2"]), (4, ["new-1", "new-1", "new-2", "new-2"])],
)
def test_a_refused_digest_comes_in_halves_where_others_are_taken(count: int, expected: list[str]) -> None:
    """In its order, in full and at once; one alone is a card of its own, and none of it was refused yet."""
    found = verdict(*digest(count, digest="old", failing_since=START - HOUR), error=REFUSED, accepted=MINUTE)

    assert names(found) == expected
    assert [each.event.subject_id for each in found.kept] == [str(each) for each in range(count)]
    assert {(each.plain, each.refused, each.not_before) for each in found.kept} == {(False, False, None)}
    assert found.blame is None


def test_a_new_digest_that_failed_gets_a_name() -> None:
    """So that it comes again as it was."""
    assert names(verdict(*digest(3), error=DOWN)) == ["new"] * 3


def test_what_a_card_had_no_room_for_is_no_part_of_what_failed() -> None:
    """Other members of the digest wait, who were not on the card: those on it get a name of their own."""
    rest, else_there = news("8", digest="old"), news("9", digest="else")

    assert names(verdict(*digest(2, digest="old"), error=DOWN, others=(else_there, rest))) == ["new"] * 2
    assert names(verdict(*digest(2, digest="old"), error=DOWN, others=(else_there,))) == ["old"] * 2


def test_an_ill_digest_comes_in_halves_to_find_the_ill_one() -> None:
    """At once, for its parts were never tried."""
    found = verdict(*digest(4, failing_since=START - HOUR), error=DOWN, accepted=MINUTE)

    assert names(found) == ["new-1", "new-1", "new-2", "new-2"]
    assert {(each.ill, each.not_before) for each in found.kept} == {(True, None)}


@pytest.mark.parametrize(
    "doubts,is_parted", [(0, False), (1, False), (2, True)], ids=["once", "twice", "three times"]
)
def test_a_digest_without_an_answer_is_parted_after_three_tries(doubts: int, is_parted: bool) -> None:
    """It may be there, so its members are repeated together as long as that is likely, and never at once."""
    found = verdict(*digest(4, failing_since=START - HOUR, doubts=doubts), error=SILENT, accepted=MINUTE)

    assert names(found) == (["new-1", "new-1", "new-2", "new-2"] if is_parted else ["new"] * 4)
    wait = MINUTE if is_parted or not doubts else 3 * MINUTE
    assert {each.not_before for each in found.kept} == {START + wait}


def test_a_digest_without_an_answer_stays_whole_while_nothing_is_taken() -> None:
    """However often: the destination is to blame, not a member."""
    assert names(verdict(*digest(4, doubts=9, digest="old"), error=SILENT)) == ["old"] * 4


TOGETHER: dict[str, Any] = {"attempts": 3, "tried_at": START - MINUTE}
FAILING = DestinationState(failing_since=START - HOUR)


@pytest.mark.parametrize(
    "fields,state,is_sent",
    [
        ({}, FAILING, True),
        ({"attempts": 2}, FAILING, False),
        ({}, HEALTHY, False),
        ({"attempts": 1, "refused": True}, HEALTHY, True),
        ({}, replace(FAILING, last_accepted=START - HOUR), True),
        ({}, replace(FAILING, last_accepted=START - MINUTE), False),
        ({"refused": True}, replace(HEALTHY, last_accepted=START), False),
        ({"tried_at": None}, replace(FAILING, last_accepted=START - HOUR), False),
    ],
    ids=[
        "three tries",
        "two tries",
        "others are taken",
        "refused",
        "taken before",
        "taken then",
        "taken since",
        "clock set back",
    ],
)
def test_one_member_of_a_failed_digest_is_tried_to_learn_whose_fault_it_is(
    fields: dict[str, Any], state: DestinationState, is_sent: bool
) -> None:
    """After three tries while its destination fails, at once when it was refused; not once any is taken."""
    members = [each.value for each in digest(3, **{**TOGETHER, **fields})]

    assert sends_one_ahead(members, state) is is_sent


@pytest.mark.parametrize("doubts,is_sent", [(0, False), (2, False), (3, True)])
def test_a_digest_is_tried_by_turns_as_a_whole_and_by_one_member(doubts: int, is_sent: bool) -> None:
    """But no longer as a whole when three tries of it had no answer: it may be there as often."""
    members = [
        *digest(2, **TOGETHER, doubts=doubts),
        news("9", **{**TOGETHER, "tried_at": START}, doubts=doubts),
    ]

    assert sends_one_ahead([each.value for each in members], FAILING) is is_sent


@pytest.mark.parametrize(
    "doubts,unanswered,is_sent", [(1, True, False), (2, True, False), (3, True, True), (2, False, True)]
)
def test_a_digest_without_an_answer_is_tried_as_a_whole_three_times(
    doubts: int, unanswered: bool, is_sent: bool
) -> None:
    """Failures that show no card do not count among them, and one more of those ends the wait."""
    members = [each.value for each in digest(3, **TOGETHER, doubts=doubts, unanswered=unanswered)]

    assert sends_one_ahead(members, FAILING) is is_sent


@pytest.mark.parametrize(
    "fields,is_sent",
    [
        ({}, True),
        ({"attempts": 2}, False),
        ({"chat_works": True}, False),
        ({"ill": False}, False),
        ({"ill": False, "personal": True}, True),
        ({"recipient": ""}, False),
    ],
    ids=[
        "its chat is ill",
        "two tries",
        "its chat works",
        "not ill",
        "its chat asks for a wait",
        "a channel",
    ],
)
def test_one_member_of_a_digest_is_tried_in_a_chat_that_took_nothing_since(
    fields: dict[str, Any], is_sent: bool
) -> None:
    """Whatever other chats take: the digest may be at fault, or the chat."""
    ill = {**TOGETHER, "ill": True, "recipient": "p", **fields}
    state = replace(HEALTHY, last_accepted=START)

    assert sends_one_ahead([each.value for each in digest(3, **ill)], state) is is_sent


def test_only_a_card_that_was_taken_after_the_last_try_ends_the_search() -> None:
    """One that was taken between the tries of two members says nothing of the later one."""
    members = [news("8", **TOGETHER, doubts=3), news("9", **{**TOGETHER, "tried_at": START}, doubts=3)]
    state = replace(FAILING, last_accepted=START - SECOND)

    assert sends_one_ahead([each.value for each in members], state)


def test_a_digest_counts_as_tried_as_often_as_its_least_tried_member() -> None:
    """The one that went ahead was tried more often."""
    members = [news("8", **{**TOGETHER, "attempts": 9}), news("9", **{**TOGETHER, "attempts": 2})]

    assert not sends_one_ahead([each.value for each in members], FAILING)


def test_a_member_that_went_ahead_stays_in_its_digest() -> None:
    """Whatever became of it: a long outage takes nothing apart."""
    for error in (DOWN, GONE, SILENT, REFUSED):
        assert names(verdict(news(attempts=3, digest="old"), error=error)) == ["old"]


def test_each_poll_begins_with_the_full_forms() -> None:
    """A refusal of before may have been the destination's fault; nothing else is forgotten."""
    plain, full = news("a", plain=True, attempts=2, overtakable=True), news("b", attempts=1)

    assert in_full([plain, full]) == [news("a", attempts=2, overtakable=True), full]


def test_a_single_card_is_in_no_digest() -> None:
    """Whatever becomes of it, and its pause is its own."""
    kept = [verdict(news(attempts=2, plain=True), error=error) for error in (GONE, DOWN, SILENT, REFUSED)]
    ill = verdict(since(HOUR, attempts=2), error=GONE, accepted=MINUTE)

    assert [names(each) for each in (*kept, ill)] == [[""]] * 5
    assert [each.kept[0].not_before for each in (*kept, ill)] == [
        None,
        START + 8 * SECOND,
        START + MINUTE,
        START + 50 * SECOND,
        START + 8 * SECOND,
    ]


@pytest.mark.parametrize(
    "asked,waits", [(None, None), (60.0, timedelta(minutes=1)), (1e9, HOUR)], ids=["none", "a minute", "ages"]
)
def test_a_wait_that_is_asked_for_is_believed_up_to_a_limit(
    asked: float | None, waits: timedelta | None
) -> None:
    """And since when the destination fails is what it was."""
    before = DestinationState(failing_since=START - HOUR, retry_after_until=START)

    after = failing(before, Failure(DestinationUnavailable("429", asked), START))

    assert after.retry_after_until == (None if waits is None else START + waits)
    assert (after.failing_since, after.last_error) == (START - HOUR, "429")


def test_a_destination_fails_since_its_first_failure() -> None:
    """Whatever kind it is."""
    after = failing(HEALTHY, Failure(GONE, START))

    assert (after.failing_since, after.last_error, after.retry_after_until) == (START, "404", None)


def test_a_copy_without_an_answer_counts_for_the_day() -> None:
    """A first try is no copy; so many of the last ones are remembered, and none of longer ago than a day."""
    now = START.timestamp()
    before = DestinationState(repeats=(now - 86_400, now - 20, now - 10))

    repeat = in_doubt(before, START, LIMITS, is_repeat=True, is_mute=True)
    first = in_doubt(before, START, LIMITS, is_repeat=False, is_mute=False)
    early = in_doubt(replace(before, repeats=(now - 86_400,)), START, LIMITS, is_repeat=True, is_mute=False)

    assert (repeat.repeats, repeat.is_slow, repeat.is_mute) == ((now - 10, now), True, True)
    assert (first.repeats, first.is_slow, first.is_mute) == (before.repeats, True, False)
    assert early.repeats == (now,)


def test_an_address_that_answers_again_is_not_mute() -> None:
    """What waits there because of its silence need not wait any more."""
    after = heard(DestinationState(is_mute=True), START)

    assert (after.is_mute, after.heard_at) == (False, START)


@pytest.mark.parametrize(
    "fields,expected",
    [
        ({"not_before": START + DAY}, {}),
        ({"not_before": START + 2 * DAY}, {"not_before": None}),
        ({"tried_at": START - MINUTE, "not_before": START + HOUR, "failing_since": START - HOUR}, {}),
        ({"tried_at": START + HOUR}, {"tried_at": None}),
        ({"tried_at": START + HOUR, "not_before": START + HOUR}, {"tried_at": None, "not_before": None}),
        ({"tried_at": START, "failing_since": START + HOUR}, {"failing_since": None}),
        ({"unreached_at": START - MINUTE, "not_before": START + 4 * MINUTE}, {}),
        ({"unreached_at": START + HOUR}, {"unreached_at": None}),
        (
            {"unreached_at": START + DAY, "not_before": START + DAY},
            {"unreached_at": None, "not_before": None},
        ),
        (
            {"tried_at": START, "unreached_at": START + DAY, "not_before": START + DAY},
            {"unreached_at": None, "not_before": None},
        ),
    ],
)
def test_times_that_a_wrong_clock_stored_hold_nothing_up(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Times that have not come yet are forgotten, and pauses reckoned from them; all others stay."""
    before = news(**fields)

    [after] = without_future_times([before], START)

    assert after == replace(before, value=replace(before.value, **expected))


def test_a_notification_that_was_never_tried_has_no_time_to_doubt() -> None:
    """It is as it was recorded."""
    untried: list[Notification] = [each.value for each in without_future_times([news()], START)]

    assert untried == [WAITING]
