"""Stored times from the future: believed only as far as clocks may differ."""

from datetime import datetime, timedelta

import pytest

from maa_notify.domain.compare import RequestState, in_turn
from maa_notify.domain.request import ApprovalRequest
from maa_notify.domain.times import SKEW, unless_later
from maa_notify.domain.visibility import Outlook
from tests.support.approval import NOW, approval

DAYS = timedelta(days=50)


@pytest.mark.parametrize(
    "moment,expected",
    [(None, None), (NOW - DAYS, NOW - DAYS), (NOW, NOW), (NOW + SKEW, NOW + SKEW), (NOW + DAYS, None)],
)
def test_a_time_is_believed_unless_it_lies_ahead(moment: datetime | None, expected: datetime | None) -> None:
    """Two clocks may differ by minutes; days mean that one of them was wrong."""
    assert unless_later(moment, NOW) == expected


def test_a_time_of_this_very_process_is_believed_up_to_now_only() -> None:
    """Nobody else's clock is in play."""
    assert unless_later(NOW + timedelta(seconds=1), NOW, timedelta()) is None


def test_an_outlook_forgets_what_lies_ahead() -> None:
    """When requests were first and last listed is told to people, and decides what is history."""
    outlook = Outlook(NOW + DAYS, listed={"apps": NOW + DAYS, "scripts": NOW})

    assert outlook.without_future_times(NOW) == Outlook(None, listed={"scripts": NOW})


def test_whoever_waits_longest_is_looked_up_first() -> None:
    """Never asked for comes first, and so does whoever was asked for in the future."""

    def state(name: str, at: datetime | None) -> RequestState:
        return RequestState(ApprovalRequest(name, "approved"), looked_up_at=at)

    states = [
        state("a", NOW),
        state("b", NOW - DAYS),
        state("c", None),
        state("d", NOW + DAYS),
        state("e", NOW - 2 * DAYS),
    ]

    assert [each.request.id for each in in_turn(states, NOW)] == ["c", "d", "e", "b", "a"]
    assert in_turn([RequestState(approval())], NOW) == [RequestState(approval())]
