"""Who may post to a destination, and until when."""

from datetime import timedelta

import pytest

from maa_notify.delivery import lease
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.storage.records import DestinationState, Versioned
from tests.support.clock import START

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "holder,seconds,lasts,is_taken",
    [
        ("ours", 40, True, False),
        ("ours", 34, True, False),
        ("ours", 33, False, False),
        ("theirs", 30, False, True),
        ("theirs", 1, False, True),
        ("theirs", 0, False, False),
        ("", 30, False, False),
    ],
)
def test_a_lease_is_good_for_one_whole_post(holder: str, seconds: int, lasts: bool, is_taken: bool) -> None:
    """Ours is renewed before it could end in the middle of one; another's counts to its last moment."""
    state = DestinationState(holder, START + seconds * SECOND)

    assert lease.lasts(state, "ours", START, 30.0) is lasts
    assert lease.is_taken(state, "ours", START) is is_taken


def test_a_lease_that_never_ends_by_itself_holds_up_nobody() -> None:
    """Its end is not known, so nobody can wait for it, nor post under it."""
    state = DestinationState("ours")

    assert not lease.lasts(state, "ours", START, 30.0)
    assert not lease.is_taken(state, "theirs", START)


def test_what_is_released_is_free_for_everybody() -> None:
    """And keeps all else that is known of the destination."""
    before = DestinationState(posts=(1.0,), last_error="429")

    held = lease.leased(before, "ours", START + 30 * SECOND)

    assert lease.is_taken(held, "theirs", START)
    assert lease.released(held) == before


@pytest.mark.parametrize("ahead,is_believed", [(timedelta(minutes=5), True), (timedelta(hours=1), False)])
def test_a_lease_from_before_a_clock_was_set_back_holds_up_nobody(
    ahead: timedelta, is_believed: bool
) -> None:
    """Some minutes are the clocks of two machines; more is longer than any lease is."""
    until = START + DeliveryLimits().lease_time(DeliveryLimits().patient_post_s) + ahead

    read = lease.without_future_times(
        Versioned(DestinationState("theirs", until), "7"), START, DeliveryLimits()
    )

    assert lease.is_taken(read.value, "ours", START) is is_believed
    assert read.etag == "7"


def test_times_of_a_wrong_clock_are_forgotten() -> None:
    """A wait that nobody may ask for, and signs of life that have not come yet; all others stay."""
    limits, hour = DeliveryLimits(), timedelta(hours=1)
    ahead = START + 2 * hour
    wrong = DestinationState(
        retry_after_until=ahead, heard_at=ahead, last_accepted=ahead, failed_at=ahead, last_error="429"
    )
    right = DestinationState(
        retry_after_until=START + hour, heard_at=START, last_accepted=START, failed_at=START
    )

    read = [lease.without_future_times(Versioned(each, ""), START, limits).value for each in (wrong, right)]

    assert read == [DestinationState(last_error="429"), right]
