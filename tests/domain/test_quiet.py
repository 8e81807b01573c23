"""Quiet hours as they are written in a setting, and when each of them begins and ends."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maa_notify.domain.quiet import QuietHours, QuietSpan, parse_quiet_hours

EVERY_DAY = frozenset(range(7))
BERLIN = "Europe/Berlin"


def quiet(text: str) -> QuietHours:
    """The hours of such a setting."""
    told = parse_quiet_hours(text)
    return QuietHours(told.spans, ZoneInfo(told.zone) if told.zone else None)


def utc(text: str) -> datetime:
    """A time that is written without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text,spans,zone",
    [
        ("22:00-07:00", [(EVERY_DAY, 1320, 540)], ""),
        ("22:00-07:00 Europe/Berlin; Sat,Sun", [(EVERY_DAY, 1320, 540), ({5, 6}, 0, 1440)], BERLIN),
        ("22:00-07:00; Sat,Sun; Europe/Berlin;", [(EVERY_DAY, 1320, 540), ({5, 6}, 0, 1440)], BERLIN),
        (" saturday ,  SUN ;Mon – fri 9:05 - 9:06", [({5, 6}, 0, 1440), (range(5), 545, 1)], ""),
        ("Fri-Mon,Wed 18:00-24:00", [({0, 2, 4, 5, 6}, 1080, 360)], ""),
        ("00:00-22:59 Etc/GMT-5", [(EVERY_DAY, 0, 1379)], "Etc/GMT-5"),
        ("12:00-13:00 UTC; 14:00-15:00 UTC", [(EVERY_DAY, 720, 60), (EVERY_DAY, 840, 60)], "UTC"),
        ("Sat W. Europe Standard Time", [({5}, 0, 1440)], "W. Europe Standard Time"),
    ],
)  # fmt: skip
def test_quiet_hours_may_be_written_loosely(
    text: str, spans: list[tuple[set[int], int, int]], zone: str
) -> None:
    """Days, hours and the zone in any order, short or long, with blanks or without."""
    found = parse_quiet_hours(text)

    assert found.spans == tuple(QuietSpan(frozenset(days), *rest) for days, *rest in spans)
    assert found.zone == zone


@pytest.mark.parametrize(
    "text,problem",
    [
        (";", "must be spans such as 22:00-07:00; Sat,Sun"),
        ("Europe/Berlin", "'Europe/Berlin' names neither hours nor days"),
        ("22-7", "'22-7' are no hours such as 22:00-07:00"),
        ("22:00", "'22:00' are no hours"),
        ("22:00-07:00,Sat", "'22:00-07:00,Sat' are no hours"),
        ("Sta,Sun", "'Sta,Sun' are no days such as Sat,Sun or Mon-Fri"),
        ("Mon-Wed-Fri", "'Mon-Wed-Fri' are no days"),
        ("Sat Sun", "'Sat Sun' names days twice"),
        ("22:00-23:00 01:00-02:00", "names hours twice"),
        ("24:01-07:00", "no clock shows 24:01"),
        ("22:00-23:60", "no clock shows 23:60"),
        ("24:00-07:00", "no day begins at 24:00: write 00:00"),
        ("07:00-07:00", "has no length: for a whole day name the day alone"),
        ("Sat UTC; Sun Europe/Berlin", "names the time zones 'UTC' and 'Europe/Berlin': one counts for all"),
        ("Mon-Sun", "leaves less than an hour of the week"),
        ("07:30-07:00; 07:00-07:25", "leaves less than an hour of the week"),
    ],
)
def test_quiet_hours_that_make_no_sense_are_refused(text: str, problem: str) -> None:
    """With the part that is meant: a mistake would be found at night, or never."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse_quiet_hours(text)


@pytest.mark.parametrize(
    "at,end",
    [
        ("2026-08-18T19:59", None),
        ("2026-08-18T20:00", "2026-08-19T05:00"),
        ("2026-08-19T04:59:59", "2026-08-19T05:00"),
        ("2026-08-19T05:00", None),
        ("2026-08-21T19:59", None),
        ("2026-08-21T20:00", "2026-08-24T05:00"),
        ("2026-08-22T12:00", "2026-08-24T05:00"),
        ("2026-08-23T21:59", "2026-08-24T05:00"),
    ],
    ids=str,
)
def test_spans_that_meet_are_one(at: str, end: str | None) -> None:
    """Friday night, two whole days and the night after them: it ends on Monday at seven, in Berlin."""
    hours = quiet("22:00-07:00 Europe/Berlin; Sat,Sun")

    assert hours.until(utc(at)) == (utc(end) if end else None)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """`Fri 22:00-07:00` holds the morning of Saturday, not that of Friday."""
    hours = quiet("Fri 22:00-07:00")

    assert hours.until(utc("2026-08-21T06:00")) is None
    assert hours.until(utc("2026-08-22T06:00")) == utc("2026-08-22T07:00")
    assert hours.next_start(utc("2026-08-21T22:00")) == utc("2026-08-28T22:00")


@pytest.mark.parametrize(
    "text,at,end",
    [
        ("22:00-07:00 Europe/Berlin", "2026-03-28T23:00", "2026-03-29T05:00"),
        ("22:00-07:00 Europe/Berlin", "2026-10-24T23:00", "2026-10-25T06:00"),
        ("01:00-02:30 Europe/Berlin", "2026-03-29T00:30", "2026-03-29T01:30"),
        ("02:30-04:00 Europe/Berlin", "2026-03-29T01:29", None),
        ("02:30-04:00 Europe/Berlin", "2026-03-29T01:30", "2026-03-29T02:00"),
        ("01:00-02:30 Europe/Berlin", "2026-10-25T00:29", "2026-10-25T00:30"),
        ("01:00-02:30 Europe/Berlin", "2026-10-25T01:15", None),
        ("02:30-04:00 Europe/Berlin", "2026-10-25T00:30", "2026-10-25T03:00"),
        ("Sun Africa/Cairo", "2026-04-25T22:00", "2026-04-26T21:00"),
        ("Fri Africa/Cairo", "2026-04-23T21:59", None),
        ("Fri Africa/Cairo", "2026-04-23T22:00", "2026-04-24T21:00"),
    ],
)  # fmt: skip
def test_a_clock_that_is_changed_moves_the_end(text: str, at: str, end: str | None) -> None:
    """The night is an hour shorter or longer. What is shown twice counts once; what is skipped comes later.

    In Cairo it is midnight that is skipped: the day begins at one.
    """
    assert quiet(text).until(utc(at)) == (utc(end) if end else None)


@pytest.mark.usefixtures("tokyo")
def test_without_a_zone_it_is_utc_wherever_the_machine_is() -> None:
    """A notifier on a laptop is as quiet as one in Azure."""
    assert quiet("22:00-07:00").until(utc("2026-08-18T03:00")) == utc("2026-08-18T07:00")


def test_without_spans_nothing_is_quiet() -> None:
    """As where nobody sets anything."""
    assert QuietHours().until(utc("2026-08-18T03:00")) is None
    assert QuietHours().next_start(utc("2026-08-18T03:00")) is None


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Honolulu", "UTC"])
def test_at_the_ends_of_the_calendar_it_is_loud(at: str, zone: str) -> None:
    """Times that Graph should never give cost no poll."""
    assert quiet(f"22:00-07:00 {zone}").until(utc(at)) is None


@given(st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: utc("2025-01-01") + timedelta(minutes=minutes)))
def test_whatever_the_hour_the_quiet_ends_and_begins_again(at: datetime) -> None:
    """At its end it is loud, just before it is not; and at its next beginning it is quiet."""
    hours = quiet("Mon-Fri 18:30-08:00 America/New_York; Sat,Sun; Wed 12:00-13:00")
    end, start = hours.until(at), hours.next_start(at)

    assert start is not None
    assert hours.until(start) is not None
    if end is not None:
        assert at < end <= at + timedelta(days=4)
        assert hours.until(end) is None
        assert hours.until(end - timedelta(seconds=1)) == end
