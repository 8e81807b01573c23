"""What a failure changes."""

from datetime import timedelta

import pytest

from maa_notify.delivery.retries import Failure, after_failure, back_off, failing
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
)
from maa_notify.storage.records import DestinationState
from tests.storage.changes import created, tracked
from tests.support.clock import START

[WAITING] = created(tracked()).notifications
HOUR = timedelta(hours=1)


def test_a_refused_card_is_tried_in_its_plain_form_first() -> None:
    """At once; refused in that form too, it waits, lets later news pass, and comes in full the next time."""
    first = after_failure(WAITING, Failure(CardRefused("400"), START))
    second = after_failure(first, Failure(CardRefused("400"), START))

    assert (first.plain, first.overtakable, first.not_before) == (True, False, None)
    assert (second.plain, second.overtakable, second.attempts) == (False, True, 2)
    assert second.not_before == START + timedelta(seconds=50)


@pytest.mark.parametrize(
    "error,wait",
    [
        (DestinationRefused("404"), None),
        (DestinationUnavailable("429", retry_after=7.0), None),
        (DestinationUnavailable("503"), timedelta(seconds=2)),
    ],
    ids=["refused", "retry-after", "down"],
)
def test_only_an_outage_without_a_word_is_guessed_at(error: DeliveryError, wait: timedelta | None) -> None:
    """What is refused waits for the next poll; what asked for a wait has it in the destination's row."""
    after = after_failure(WAITING, Failure(error, START))

    assert after.not_before == (None if wait is None else START + wait)
    assert (after.attempts, after.plain) == (1, False)


def test_what_was_in_doubt_once_stays_so() -> None:
    """The card may be there, whatever was said to a later try."""
    doubtful = after_failure(WAITING, Failure(DestinationUnavailable("no answer", in_doubt=True), START))

    assert after_failure(doubtful, Failure(DestinationRefused("404"), START)).doubts == 1


def test_pauses_double_up_to_the_longest_and_are_spread() -> None:
    """However often it failed, the pause neither runs away nor hits all pollers at one moment."""
    pauses = [
        back_off(attempts, timedelta(seconds=45), 1.0).total_seconds() for attempts in (1, 2, 5, 6, 9_999)
    ]

    assert pauses == [2, 4, 32, 45, 45]
    assert back_off(9_999, timedelta(seconds=45), 0.5).total_seconds() == 22.5


@pytest.mark.parametrize(
    "asked,waits", [(None, None), (60.0, timedelta(minutes=1)), (1e9, HOUR)], ids=["none", "a minute", "ages"]
)
def test_a_wait_that_is_asked_for_is_believed_up_to_a_limit(
    asked: float | None, waits: timedelta | None
) -> None:
    """And since when the destination fails is what it was."""
    before = DestinationState(failing_since=START - HOUR)

    after = failing(before, Failure(DestinationUnavailable("429", asked), START))

    assert after.retry_after_until == (None if waits is None else START + waits)
    assert (after.failing_since, after.last_error) == (START - HOUR, "429")
