"""Times as people read them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from maa_notify.cards.times import TimeFormat, span


def test_a_moment_is_told_in_utc() -> None:
    """A time in another offset is not passed off as UTC."""
    in_india = datetime(2026, 8, 18, 15, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert TimeFormat().format(in_india) == "2026-08-18 10:00 UTC"


def test_early_years_keep_four_digits() -> None:
    """A date of year 32 does not read like the day of a month."""
    assert TimeFormat().format(datetime(32, 1, 2, 3, 4, tzinfo=UTC)) == "0032-01-02 03:04 UTC"


def test_a_time_that_is_not_known_is_said_so() -> None:
    """No blank and no 'None' on a card."""
    assert TimeFormat().format(None) == TimeFormat().deadline(None, datetime.now(UTC)) == "not told by Intune"


def test_a_span_has_two_units_at_most() -> None:
    """Three days and a minute are three days."""
    assert span(timedelta(days=3, minutes=1)) == "3 d"
    assert span(timedelta(days=40, hours=2)) == "40 d 2 h"


@pytest.mark.parametrize(
    "utc,zone,told",
    [
        ("2026-08-18 10:00", "Europe/Berlin", "2026-08-18 10:00 UTC · 12:00 Europe/Berlin"),
        ("2026-01-18 10:00", "Europe/Berlin", "2026-01-18 10:00 UTC · 11:00 Europe/Berlin"),
        ("2026-08-18 22:30", "Asia/Kolkata", "2026-08-18 22:30 UTC · 2026-08-19 04:00 Asia/Kolkata"),
        ("2026-08-18 03:00", "America/New_York", "2026-08-18 03:00 UTC · 2026-08-17 23:00 America/New_York"),
    ],
)
def test_the_readers_time_stands_beside_utc(utc: str, zone: str, told: str) -> None:
    """Nobody has to add hours, summer time included, and nobody takes one for the other."""
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    assert TimeFormat(ZoneInfo(zone)).format(at) == told
    assert TimeFormat(ZoneInfo(zone)).deadline(at, at - timedelta(hours=2)) == f"{told} (2 h left)"


@pytest.mark.parametrize("year,zone", [(1, "America/New_York"), (9999, "Asia/Kolkata")])
def test_the_ends_of_the_calendar_are_told_in_utc_alone(year: int, zone: str) -> None:
    """A time that no local clock can show costs no card."""
    at = datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, 23 if year > 1 else 0, tzinfo=UTC)

    assert TimeFormat(ZoneInfo(zone)).format(at) == TimeFormat().format(at)
