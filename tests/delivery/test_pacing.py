"""When a destination takes the next card."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.pacing import after_post, ready_at
from maa_notify.storage.records import DestinationState
from tests.support.clock import START

LIMITS = DeliveryLimits(rate_limit=3, rate_window=timedelta(seconds=60))


def posted(*seconds_ago: float, **fields: object) -> DestinationState:
    """A destination that accepted cards then."""
    return DestinationState(posts=tuple(START.timestamp() - each for each in seconds_ago), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "state,wait",
    [
        (posted(), 0),
        (posted(0.5), 0.5),
        (posted(50, 40, 2), 10),
        (posted(61, 40, 2), 0),
        (posted(-3_600), 0),
        (posted(2, retry_after_until=START + timedelta(seconds=90)), 90),
        (posted(2, retry_after_until=START - timedelta(seconds=90)), 0),
    ],
    ids=["quiet", "gap", "full", "window over", "clock set back", "asked to wait", "waited"],
)
def test_the_next_card_waits_for_pace_and_word_of_the_destination(
    state: DestinationState, wait: float
) -> None:
    """A second between two, so many in a window, and never before the destination said."""
    assert (ready_at(state, START, LIMITS) - START).total_seconds() == pytest.approx(wait)


def test_an_accepted_card_ends_an_outage() -> None:
    """Nothing of the failure is left, and the card counts; only as many as the limit are remembered."""
    failing = posted(
        30,
        20,
        10,
        failing_since=START,
        last_error="429",
        retry_after_until=START,
        is_mute=True,
        repeats=(START.timestamp(),),
    )

    after = after_post(failing, START, LIMITS)

    now = START.timestamp()
    assert after == DestinationState(posts=(now - 20, now - 10, now), last_accepted=START, heard_at=START)


@pytest.mark.parametrize(
    "was_slow,took_s,is_slow",
    [(True, 16.0, True), (True, 15.0, False), (True, 11.0, False), (False, 29.0, False)],
)
def test_an_answer_in_time_ends_the_patience(was_slow: bool, took_s: float, is_slow: bool) -> None:
    """Within half of what a post may take; a late one keeps patience that is there, and begins none."""
    state = DestinationState(is_slow=was_slow)

    assert after_post(state, START, LIMITS, took_s=took_s).is_slow is is_slow


@given(st.lists(st.floats(0, 100), max_size=60))
def test_whoever_waits_as_told_never_exceeds_the_limit(pauses: list[float]) -> None:
    """Whenever cards turn up, in no window are there more than it takes."""
    state, now, posts = DestinationState(), START, list[datetime]()
    for pause in pauses:
        now = ready_at(state, now + timedelta(seconds=pause), LIMITS)
        state = after_post(state, now, LIMITS)
        posts.append(now)

    window = LIMITS.rate_window - timedelta(milliseconds=1)
    assert all(sum(first <= each < first + window for each in posts) <= 3 for first in posts)
