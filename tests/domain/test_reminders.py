"""The plan of reminders as it is written in a setting, and when its stages come."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maa_notify.domain.quiet import QuietHours, parse_quiet_hours
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


def test_a_share_counts_from_no_approval() -> None:
    """Nothing says when the time to complete a request is half over."""
    assert [each.after_approval(NOW) for each in parse_plan("50%,4h")] == [None, NOW + timedelta(hours=4)]


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


@settings(max_examples=150)
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


NIGHT = QuietHours(parse_quiet_hours("22:00-07:00; Sat,Sun").spans)
MONDAY = NOW.replace(hour=0) - timedelta(days=1)
"""Midnight of a Monday, in UTC, whose clock these quiet hours go by."""


def hours_after(hours: float) -> datetime:
    """So many hours after that midnight."""
    return MONDAY + hours * HOUR


def waits(text: str, end: float, now: float, done: tuple[str, ...] = (), quiet: QuietHours = NIGHT) -> Due:
    """What is due of such a plan, at hours after midnight, of a request that lives for three days."""
    request = approval(expires_at=hours_after(end), requested_at=hours_after(end - 72))
    return due(parse_plan(text), request, done, hours_after(now), quiet)


def test_a_reminder_of_the_night_is_due_in_the_morning() -> None:
    """Not a second before; and it tells the next one, with the time at which that will really come."""
    found = [waits("24h,4h", 52, each) for each in (27.9, 28, 30.99, 31)]

    assert [each.stages for each in found] == [(), (), (), ("24h",)]
    assert [each.next_at for each in found] == [hours_after(each) for each in (31, 31, 31, 48)]


def test_a_reminder_by_day_promises_the_next_one_for_when_it_will_be_told() -> None:
    """The one in between comes at four in the morning, and is held until seven."""
    assert waits("50%,24h,4h", 52, 16) == Due(("50%",), hours_after(31))


@pytest.mark.parametrize("text", ["4h", "24h,4h", "50%,24h,4h"])
def test_the_last_reminder_of_an_approver_is_never_held(text: str) -> None:
    """The request expires at three in the night: at seven it would be too late."""
    assert waits(text, 27, 23, ("50%", "24h")) == Due(("4h",), None)
    assert waits(text, 50, 46, ("50%", "24h")) == Due(("4h",), None)


def test_a_held_reminder_is_told_with_the_one_that_overtakes_it() -> None:
    """Of a weekend that a request does not outlive: one reminder, on Sunday morning, and it is the last."""
    assert waits("24h,4h", 24 * 6 + 12, 24 * 5 + 12) == Due((), hours_after(24 * 6 + 8))
    assert waits("24h,4h", 24 * 6 + 12, 24 * 6 + 8) == Due(("24h", "4h"), None)


def completes(text: str, approved: float, end: float | None, now: float) -> Due:
    """What is due of such a plan for a request that was approved then."""
    request = approval("approved", expires_at=None if end is None else hours_after(end))
    return due_to_complete(parse_plan(text), request, hours_after(approved), (), hours_after(now), NIGHT)


@pytest.mark.parametrize("end", [None, 60, 32], ids=["never", "later", "an hour later"])
def test_a_reminder_to_complete_waits_for_the_morning(end: float | None) -> None:
    """Also the only one, as long as there is an hour left then."""
    assert completes("4h", 20, end, 24) == Due((), hours_after(31))
    assert completes("4h", 20, end, 31) == Due(("4h",), None)


def test_a_reminder_to_complete_is_not_held_until_it_is_too_late() -> None:
    """The approval ends before the day begins, or so soon after that no poll may come in between."""
    assert completes("4h", 20, 31.9, 24) == Due(("4h",), None)
    assert completes("4h,5h", 20, 31, 24) == Due((), hours_after(25))
    assert completes("4h,5h", 20, 31, 25) == Due(("4h", "5h"), None)


@settings(max_examples=200)
@given(
    st.sets(st.sampled_from(["10%", "50%", "90%", "48h", "24h", "4h", "30m"]), min_size=1),
    st.integers(0, 14 * 24),
)
def test_whoever_is_reminded_without_quiet_hours_is_reminded_with_them(plan: set[str], end: int) -> None:
    """Polled each half hour of a life: in quiet hours only of the last, and never sooner than promised."""
    told: list[tuple[datetime, Due]] = []
    for half in range(72 * 2):
        done = tuple(stage for _, each in told for stage in each.stages)
        now = end - 72 + half / 2
        found = waits(",".join(plan), end, now, done)
        told += [(hours_after(now), found)] if found.stages else []

    assert sorted(stage for _, each in told for stage in each.stages) == sorted(plan)
    assert all(NIGHT.until(at) is None for at, each in told if each.next_at is not None)
    promised = [each.next_at for _, each in told]
    assert promised.pop() is None
    assert all(each and each <= at for each, (at, _) in zip(promised, told[1:], strict=True))
