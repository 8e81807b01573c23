"""Times as people read them."""

from datetime import UTC, datetime, timedelta, timezone

from maa_notify.cards.times import deadline, moment, span


def test_a_moment_is_told_in_utc() -> None:
    """A time in another offset is not passed off as UTC."""
    in_india = datetime(2026, 8, 18, 15, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert moment(in_india) == "2026-08-18 10:00 UTC"


def test_early_years_keep_four_digits() -> None:
    """A date of year 32 does not read like the day of a month."""
    assert moment(datetime(32, 1, 2, 3, 4, tzinfo=UTC)) == "0032-01-02 03:04 UTC"


def test_a_time_that_is_not_known_is_said_so() -> None:
    """No blank and no 'None' on a card."""
    assert moment(None) == deadline(None, datetime.now(UTC)) == "not told by Intune"


def test_a_span_has_two_units_at_most() -> None:
    """Three days and a minute are three days."""
    assert span(timedelta(days=3, minutes=1)) == "3 d"
    assert span(timedelta(days=40, hours=2)) == "40 d 2 h"
