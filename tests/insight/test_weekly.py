"""A time of the week, where people are."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from maa_notify.insight.weekly import WeeklyTime, parse_weekly

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "text,found",
    [
        ("MON 08:00", WeeklyTime(0, 8, 0)),
        ("sun  9:30", WeeklyTime(6, 9, 30)),
        (" Fri 23:59 ", WeeklyTime(4, 23, 59)),
    ],
)
def test_a_day_and_a_time(text: str, found: WeeklyTime) -> None:
    """In any case."""
    assert parse_weekly(text) == found


@pytest.mark.parametrize(
    "text", ["MON", "08:00", "MONDAY 08:00", "MON 24:00", "MON 8", "MON 08:00 UTC", "every MON 08:00"]
)
def test_anything_else_is_refused(text: str) -> None:
    """With the form that is wanted."""
    with pytest.raises(ValueError, match="MON 08:00"):
        parse_weekly(text)


@pytest.mark.parametrize(
    "now,latest",
    [
        (datetime(2026, 8, 17, 6, 0, tzinfo=UTC), datetime(2026, 8, 17, 6, 0, tzinfo=UTC)),
        (datetime(2026, 8, 17, 5, 59, 59, tzinfo=UTC), datetime(2026, 8, 10, 6, 0, tzinfo=UTC)),
        (datetime(2026, 8, 23, 22, 0, tzinfo=UTC), datetime(2026, 8, 17, 6, 0, tzinfo=UTC)),
        (datetime(2026, 10, 26, 6, 59, tzinfo=UTC), datetime(2026, 10, 19, 6, 0, tzinfo=UTC)),
        (datetime(2026, 10, 26, 7, 0, tzinfo=UTC), datetime(2026, 10, 26, 7, 0, tzinfo=UTC)),
    ],
)
def test_when_it_last_came(now: datetime, latest: datetime) -> None:
    """Eight o'clock is eight o'clock, in summer and in winter."""
    assert WeeklyTime(0, 8, 0).latest(now, BERLIN) == latest
