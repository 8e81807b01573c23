"""Days, months and quarters as people name them, in their own time zone."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from maa_notify.insight.span import ALWAYS, Span, between, period

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    """A time in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    "text,start,end",
    [
        ("2026-03-15", utc(2026, 3, 15), utc(2026, 3, 16)),
        ("2026-12", utc(2026, 12, 1), utc(2027, 1, 1)),
        ("2026-Q1", utc(2026, 1, 1), utc(2026, 4, 1)),
        ("2026-q4", utc(2026, 10, 1), utc(2027, 1, 1)),
        ("2026", utc(2026, 1, 1), utc(2027, 1, 1)),
        ("2026-03-15T10:30", utc(2026, 3, 15, 10, 30), utc(2026, 3, 15, 10, 31)),
        ("2026-03-15 10:30:00+02:00", utc(2026, 3, 15, 8, 30), utc(2026, 3, 15, 8, 31)),
    ],
)
def test_a_period_is_a_whole_one(text: str, start: datetime, end: datetime) -> None:
    """From its first moment to the first one after it."""
    assert period(text) == Span(start, end)


def test_a_day_on_which_clocks_change_has_23_hours() -> None:
    """Days are those of the people who ask, not of UTC."""
    assert period("2026-03-29", BERLIN) == Span(utc(2026, 3, 28, 23), utc(2026, 3, 29, 22))
    assert period("2026-03-15T10:30", BERLIN).start == utc(2026, 3, 15, 9, 30)


def test_a_minute_that_comes_twice_is_meant_both_times() -> None:
    """On the night on which clocks are set back nobody knows which of both; a year has its leap day."""
    assert period("2026-10-25T02:30", BERLIN) == Span(utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 31))
    assert period("2026-03-29T02:30", BERLIN) == Span(utc(2026, 3, 29, 1, 30), utc(2026, 3, 29, 1, 31))
    assert period("2028-02-29") == Span(utc(2028, 2, 29), utc(2028, 3, 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "march",
        "2026-3",
        "2026-13",
        "2026-02-30",
        "2026-02-29",
        "1999",
        "2026-Q5",
        "2026-03-15T99:00",
        "9999-12",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    """With what would be one."""
    with pytest.raises(ValueError, match="2026-Q1"):
        period(text)


def test_the_end_is_included_and_comes_last() -> None:
    """Until a day means to the end of that day."""
    span = between("2026-01", "2026-03-31")

    assert span == period("2026-Q1")
    assert between(None, None) == ALWAYS
    with pytest.raises(ValueError, match="before"):
        between("2026-02", "2026-01")


def test_what_lies_in_a_span() -> None:
    """Its beginning does, its end does not; without limits everything does, also what has no time."""
    span = period("2026-03")

    assert span.holds(utc(2026, 3, 1))
    assert not span.holds(utc(2026, 4, 1))
    assert not span.holds(utc(2026, 4, 1).astimezone(timezone(timedelta(hours=5))))
    assert span.holds_any([utc(2026, 2, 1), utc(2026, 3, 9)])
    assert not span.holds_any([])
    assert ALWAYS.holds_any([])
