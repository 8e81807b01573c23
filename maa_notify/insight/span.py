"""Spans of time as people name them: a day, a month, a quarter, in their own time zone. Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo

from msgspec import Struct

_PERIOD = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|([0-9]{2})(?:-([0-9]{2}))?))?", re.IGNORECASE)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.IGNORECASE)
_FORM = (
    "must be a day such as 2026-03-15, a month such as 2026-03, a quarter such as 2026-Q1, a year, or a time"
)
_YEARS = range(2000, 2200)
_QUARTER = 3
_MONTHS = 12


class Span(Struct, frozen=True):
    """A span of time: `start` belongs to it and `end` does not (UTC); None for no limit."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies within."""
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    def holds_any(self, moments: Iterable[datetime]) -> bool:
        """Whether one of these moments lies within; always where there is no limit."""
        return self == ALWAYS or any(map(self.holds, moments))


ALWAYS = Span()


def period(text: str, zone: tzinfo = UTC) -> Span:
    """The day, month, quarter or year of this name in a time zone; of a moment the minute that it begins.

    Raises:
        ValueError: it names none; the text is the rest of a sentence.
    """
    text = text.strip()
    if _MOMENT.fullmatch(text):
        return _minute(text, zone)
    match = _PERIOD.fullmatch(text)
    if match is None or int(match[1]) not in _YEARS:
        raise ValueError(_FORM)
    year, quarter, month, day = (int(part) if part else 0 for part in match.groups())
    try:
        if day:
            first = date(year, month, day)
            return days(first, first + timedelta(days=1), zone)
        if month:
            return months(date(year, month, 1), 1, zone)
        first_month = _QUARTER * (quarter - 1) + 1 if quarter else 1
        return months(date(year, first_month, 1), _QUARTER if quarter else _MONTHS, zone)
    except ValueError:
        raise ValueError(_FORM) from None


def days(first: date, end: date, zone: tzinfo = UTC) -> Span:
    """From the beginning of one day to that of another."""
    return Span(_start_of(first, zone), _start_of(end, zone))


def months(first: date, count: int, zone: tzinfo = UTC) -> Span:
    """So many whole months, beginning on the first day of one."""
    ahead = first.month - 1 + count
    end = date(first.year + ahead // _MONTHS, ahead % _MONTHS + 1, 1)
    return days(first, end, zone)


def between(since: str | None, until: str | None, zone: tzinfo = UTC) -> Span:
    """From the beginning of one period to the end of another, as `period` takes them; None for no limit.

    Raises:
        ValueError: one of them is no period, or the end lies before the beginning.
    """
    start = period(since, zone).start if since else None
    end = period(until, zone).end if until else None
    if start is not None and end is not None and end <= start:
        raise ValueError("the end lies before the beginning")
    return Span(start, end)


def _minute(text: str, zone: tzinfo) -> Span:
    try:
        told = datetime.fromisoformat(text.upper())
        place = told.tzinfo or zone
        moment, again = (told.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    except (ValueError, OverflowError):
        raise ValueError(_FORM) from None
    if moment.year not in _YEARS:
        raise ValueError(_FORM)
    # Where clocks are set back, it may be either minute of this name.
    return Span(moment, max(moment, again) + timedelta(minutes=1))


def _start_of(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
