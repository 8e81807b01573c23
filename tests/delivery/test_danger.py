"""A flood of harmless requests before the one that matters: how long that one waits, and how long they do."""

from typing import Any

import pytest

from maa_notify.delivery.delivery import DeliveryResult
from maa_notify.storage.records import OUTBOX, encode
from maa_notify.storage.rows import Put
from tests.delivery.test_run import DOWN, GONE, SILENT, House
from tests.delivery.waiting import HOUR, MINUTE, SECOND, harmless, news
from tests.support.clock import START

FLOOD = [harmless(f"h{number:03}", recorded_at=START - MINUTE) for number in range(300)]
WIPE = news("wipe")
SINGLE: dict[str, Any] = {"digest_above": 1_000}


def place_of_wipe(house: House) -> int:
    """How many messages were posted before the first that was taken and told of the wipe."""
    return next(number for number, told in enumerate(house.box.told) if told == "wipe" or "wipe" in told)


@pytest.mark.parametrize("limits", [{}, SINGLE], ids=["digests", "single cards"])
@pytest.mark.parametrize("updates_cards", [False, True], ids=["webhook", "bot"])
def test_the_wipe_behind_a_flood_is_in_the_first_message(limits: dict[str, Any], updates_cards: bool) -> None:
    """At the head of the first digest, or the first card of all."""
    house = House(**limits)
    house.box.updates_cards = updates_cards
    house.put(*FLOOD, WIPE)

    house.run()

    first = house.box.told[0]
    assert (first if limits else first[0]) == "wipe"


def test_a_wipe_that_comes_during_a_flood_is_the_next_message_that_the_pace_allows() -> None:
    """The flood has used up the pace of five minutes: then the wipe comes before the other 275."""
    house = House(**SINGLE)
    house.put(*FLOOD)
    assert house.run().delivered == 25
    house.put(WIPE)
    for _ in range(5):
        house.clock.advance(MINUTE)
        house.run()

    sent = {each.notification.key: each.at for each in house.store.journal.read_sent()}

    assert place_of_wipe(house) == 25
    assert sent[WIPE.value.key] - START == 5 * MINUTE


def test_what_another_poll_records_meanwhile_is_the_first_of_the_next_delivery() -> None:
    """Whoever delivers has read the outbox before; its time is bounded, and another can take over then."""
    house = House(**SINGLE, rate_limit=1_000)
    house.put(*FLOOD)
    house.box.seconds = 2.0

    def record() -> None:
        house.rows.commit([Put(OUTBOX + WIPE.value.key, encode(WIPE.value))])
        house.box.meanwhile = lambda: None

    house.box.meanwhile = record
    house.run()
    during, took = list(house.box.told), house.clock.now() - START
    house.clock.advance(MINUTE - took)
    house.run()

    assert "wipe" not in during
    assert took <= 47 * SECOND
    assert place_of_wipe(house) == len(during)


@pytest.mark.parametrize("limits", [{}, SINGLE], ids=["digests", "single cards"])
@pytest.mark.parametrize("error", [DOWN, GONE], ids=["down", "gone"])
def test_a_wipe_that_failed_with_its_destination_is_the_second_message_after_it(
    error: Any, limits: dict[str, Any]
) -> None:
    """The first one shows that the destination takes cards again, and was never tried before."""
    house = House(**limits)
    house.put(*FLOOD, WIPE)
    house.box.answers = [error] * 4
    while house.box.answers:
        house.run()
        house.clock.advance(MINUTE)
    house.run()

    assert house.box.told[0] == "wipe" or "wipe" in house.box.told[0]
    assert any(each == "wipe" or "wipe" in each for each in house.box.told[4:6])


@pytest.mark.parametrize("error", [GONE, DOWN, SILENT], ids=["gone", "down", "silent"])
def test_a_wipe_that_is_ill_holds_up_no_flood(error: Any) -> None:
    """It alone is refused: it has two tries before they are told, in the same poll or the next."""
    house = House(digest_above=1_000, rate_limit=1_000, min_interval=SECOND / 10)
    house.put(*FLOOD, WIPE)
    house.box.failing = {"wipe": error}
    results = []
    for _ in range(3):
        results.append(house.run().delivered)
        house.clock.advance(MINUTE)

    last = house.box.told.index("h299")
    assert sum(results[:2]) == 300
    assert house.box.told[:last].count("wipe") <= 2
    assert set(house.left) == {"wipe"}


def test_many_ill_ones_of_high_risk_have_one_try_each_before_the_others() -> None:
    """Thirty failed when their destination was down, and fail when it is not: two polls, then no more."""
    ill = [f"w{number:02}" for number in range(30)]
    house = House(digest_above=1_000, rate_limit=1_000)
    failed: dict[str, Any] = {"attempts": 1, "tried_at": START - HOUR, "failing_since": START - HOUR}
    house.put(*(news(name, **failed) for name in ill), *FLOOD[:20], last_accepted=START - MINUTE)
    house.box.failing = dict.fromkeys(ill, GONE)
    first = house.run()
    house.clock.advance(MINUTE)
    second = house.run()

    assert (first, second.delivered) == (DeliveryResult(pending=50, refused=("default",)), 20)
    assert [house.box.told.count(name) for name in ill] <= [2] * 30


def test_only_a_day_of_what_is_not_harmless_goes_before_it() -> None:
    """Two wipes an hour and a pace of one, for ever: after those of the first day the harmless one comes."""
    house = House(digest_above=1_000, rate_limit=1, rate_window=HOUR)
    house.put(harmless("h"))
    for number in range(60):
        house.put(*(news(f"w{number:02}-{each}", recorded_at=house.clock.now()) for each in "ab"))
        house.run()
        house.clock.advance(HOUR)

    assert house.box.told.index("h") == 2 * 24
