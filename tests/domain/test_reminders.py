"""The plan of reminders as it is written in a setting, and when its stages come."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maa_notify.domain.reminders import Due, Stage, due, due_to_complete, parse_plan
from maa_notify.domain.request import STATUSES
from tests.support.approval import FILED, LIFETIME, NOW, approval

HOUR = timedelta(hours=1)


def test_the_default_plan_is_understood() -> None:
    """Half of the lifetime, a day and four hours before the end."""
    assert parse_plan("50%,24h,4h") == (
        Stage("50%", share=0.5),
        Stage("24h", span=24 * HOUR),
        Stage("4h", span=4 * HOUR),
    )


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_an_empty_plan_never_rings(text: str) -> None:
    """Whoever wants no reminders leaves the setting empty."""
    assert due(parse_plan(text), approval(), (), NOW + 70 * HOUR) == Due((), None)


@pytest.mark.parametrize(
    "text,names",
    [
        (" 90 % , 30m ", ["90%", "30m"]),
        ("2D,1H", ["2d", "1h"]),
        ("024h", ["24h"]),
        ("4h,4h, 4 h", ["4h"]),
        ("1%,99%", ["1%", "99%"]),
    ],
)
def test_a_plan_may_be_written_loosely(text: str, names: list[str]) -> None:
    """Blanks, capitals and repetitions do not make a second stage or a mistake."""
    assert [stage.name for stage in parse_plan(text)] == names


@pytest.mark.parametrize(
    "text", ["0%", "100%", "150%", "0h", "h", "%", "24", "-4h", "1w", "24h;4h", "4.5h", "١h", "12345h"]
)
def test_a_plan_that_makes_no_sense_is_refused(text: str) -> None:
    """A typing error is said, with an example, instead of reminders that never come."""
    with pytest.raises(ValueError, match=r"neither a share such as 50% nor a time left"):
        parse_plan(f"24h,{text}")


def test_stages_come_in_the_order_of_time_whatever_the_order_of_the_setting() -> None:
    """The last stage that has come is the one that is told."""
    plan = parse_plan("4h,50%,24h")

    assert due(plan, approval(), (), FILED + 50 * HOUR) == Due(("50%", "24h"), FILED + 68 * HOUR)


def test_a_next_reminder_is_never_one_that_has_rung() -> None:
    """When the expiry moves, a card does not promise a reminder that will not come again."""
    moved = approval(expires_at=FILED + LIFETIME * 2)

    assert due(parse_plan("50%,24h"), moved, ("50%",), NOW).next_at == FILED + 120 * HOUR
    assert due(parse_plan("50%"), moved, ("50%",), NOW).next_at is None


@pytest.mark.parametrize(
    "text,left", [("30m", timedelta(minutes=30)), ("5h", timedelta(hours=5)), ("2d", timedelta(days=2))]
)
def test_a_time_left_rings_that_long_before_the_end(text: str, left: timedelta) -> None:
    """Minutes, hours and days are what they say: not yet a second before, then it rings."""
    at = FILED + LIFETIME - left
    plan = parse_plan(text)

    assert due(plan, approval(), (), at - timedelta(seconds=1)) == Due((), at)
    assert due(plan, approval(), (), at) == Due((text,), None)


def test_nobody_is_sent_to_complete_what_has_expired() -> None:
    """After time off, a stage that came before the end does not ring after it: Complete is gone by then."""
    request, plan = approval("approved"), parse_plan("4h")
    end = FILED + LIFETIME

    assert due_to_complete(plan, request, NOW, (), end - timedelta(seconds=1)).stages == ("4h",)
    assert due_to_complete(plan, request, NOW, (), end) == Due((), None)


@pytest.mark.parametrize("missing", ["requested_at", "expires_at"])
def test_without_its_times_a_stage_stays_silent(missing: str) -> None:
    """A lifetime is never assumed: where Graph gives no time, none is invented."""
    changes: dict[str, Any] = {missing: None}
    request = approval(**changes)

    assert due(parse_plan("50%"), request, (), FILED + 70 * HOUR) == Due((), None)


def test_without_the_time_of_filing_a_time_left_still_rings() -> None:
    """Only the expiry is needed for it."""
    assert due(parse_plan("4h"), approval(requested_at=None), (), FILED + 70 * HOUR).stages == ("4h",)


@settings(max_examples=150, deadline=None)
@given(
    st.none() | st.datetimes(timezones=st.just(NOW.tzinfo)),
    st.none() | st.datetimes(timezones=st.just(NOW.tzinfo)),
)
def test_no_pair_of_times_breaks_the_plan(requested_at: object, expires_at: object) -> None:
    """Times that Graph should never give (expiry before filing, the year 9999) cost no poll."""
    request = approval(requested_at=requested_at, expires_at=expires_at)

    found = due(parse_plan("1%,50%,9999d,24h,1m"), request, (), NOW)

    assert found.next_at is None or found.next_at > NOW


@pytest.mark.parametrize("status", [each for each in STATUSES if each != "approved"])
def test_only_what_is_approved_waits_to_be_completed(status: str) -> None:
    """Whenever it was approved before."""
    plan = parse_plan("4h")

    assert due_to_complete(plan, approval("approved"), FILED, (), FILED + timedelta(hours=4)).stages == (
        "4h",
    )
    assert due_to_complete(plan, approval(status), FILED, (), FILED + timedelta(hours=4)).stages == ()
