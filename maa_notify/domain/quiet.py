"""Quiet hours: when reminders wait for the day to begin. Pure.

`MAA_QUIET_HOURS`, for example `22:00-07:00 Europe/Berlin; Sat,Sun`, is a list of spans by the clock on the
wall. A time that the clock shows twice means the first one, and a time that it skips is reckoned as if the
clock had not been changed (RFC 5545, 3.3.5).
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from msgspec import Struct

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = 3
_CLOCK = "[0-9]{1,2}:[0-9]{2}"
_HOURS = re.compile(f"({_CLOCK})-({_CLOCK})")
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MINUTES = _DAY // _MINUTE
_LOUD_MINUTES = 60
"""Of a week: with fewer a notifier that polls now and then might never find the day begun."""

_FORM = "must be spans such as 22:00-07:00; Sat,Sun (a semicolon between two)"
_NO_DAYS = _FORM + ", and {} are no days such as Sat,Sun or Mon-Fri"
_SHOWN = 30


class QuietSpan(Struct, frozen=True):
    """Hours that are quiet, by the clock on the wall.

    Attributes:
        days: on which it begins, from 0 for Monday.
        start: minutes after midnight.
        minutes: its length, a day at most.
    """

    days: frozenset[int]
    start: int
    minutes: int


class QuietHours(Struct, frozen=True):
    """All spans, and whose clock counts; without a zone that is UTC, and without spans no hour is quiet."""

    spans: tuple[QuietSpan, ...] = ()
    zone: tzinfo | None = None

    def until(self, at: datetime) -> datetime | None:
        """When the quiet around a time ends (UTC), spans that meet taken together; None if none is around."""
        end = at
        while later := self._ends_around(end):
            end = max(later)
        return end if end > at else None

    def next_start(self, at: datetime) -> datetime | None:
        """When it gets quiet next after a time (UTC); None without spans."""
        begins = (start for start, _ in self._near(at, range(9)) if start > at)
        return min(begins, default=None)

    def _ends_around(self, at: datetime) -> list[datetime]:
        return [end for start, end in self._near(at, range(-1, 1)) if start <= at < end]

    def _near(self, at: datetime, days: range) -> Iterator[tuple[datetime, datetime]]:
        """Beginning and end (UTC) of what begins so many days from a time."""
        if not self.spans:
            return
        zone = self.zone or UTC
        try:
            today = at.astimezone(zone).date()
            dates = [today + each * _DAY for each in days]
            for span, day in ((span, day) for span in self.spans for day in dates):
                if day.weekday() in span.days:
                    yield _instant(day, span.start, zone), _instant(day, span.start + span.minutes, zone)
        except OverflowError:  # in the first or last days of the calendar
            return


def _instant(day: date, minutes: int, zone: tzinfo) -> datetime:
    """When the clock shows so many minutes after midnight of a day, two days at most (UTC)."""
    shown = datetime.combine(day, time()) + minutes * _MINUTE
    return shown.replace(tzinfo=zone).astimezone(UTC)


class QuietText(Struct, frozen=True):
    """What the setting says: the spans, and the name of a time zone; "" for none."""

    spans: tuple[QuietSpan, ...]
    zone: str


def parse_quiet_hours(text: str) -> QuietText:
    """Reads a list of spans such as `22:00-07:00 Europe/Berlin; Sat,Sun`; a zone counts for all of them.

    Raises:
        ValueError: what is wrong, as the rest of a sentence about it.
    """
    spans: list[QuietSpan] = []
    zones: dict[str, None] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        days, hours, zone = _words_of(part)
        spans += [_span(days, hours)] if days or hours else []
        zones |= {zone: None} if zone else {}
    if len(zones) > 1:
        raise ValueError(f"names the time zones {' and '.join(map(_shown, zones))}: one counts for all spans")
    if not spans:
        raise ValueError(f"{_FORM}, and {_shown(text)} names neither hours nor days")
    if len(_quiet_minutes(spans)) > len(_DAYS) * _MINUTES - _LOUD_MINUTES:
        raise ValueError("leaves less than an hour of the week in which reminders could be told")
    return QuietText(tuple(spans), next(iter(zones), ""))


def _words_of(part: str) -> tuple[str, str, str]:
    """The days, the hours and the zone of one span, each "" where it has none."""
    # Blanks may stand around a dash or a comma, and word processors make a hyphen longer.
    joined = re.sub(r"\s*([,-])\s*", r"\1", re.sub("[–—]", "-", part))
    found: dict[str, list[str]] = {"days": [], "hours": [], "zone": []}
    for word in joined.split():
        found[_kind_of(word)].append(word)
    for kind in ("days", "hours"):
        if len(found[kind]) > 1:
            raise ValueError(f"{_FORM}, and {_shown(part)} names {kind} twice")
    # Windows' names of zones have blanks, and whoever checks the name knows them.
    return "".join(found["days"]), "".join(found["hours"]), " ".join(found["zone"])


def _kind_of(word: str) -> str:
    if word[0].isdigit():
        return "hours"
    names = re.split("[,-]", word)
    return "days" if "," in word or any(_is_day(name) for name in names) else "zone"


def _is_day(name: str) -> bool:
    return _number_of(name) is not None


def _number_of(name: str) -> int | None:
    """The number of a weekday, from 0 for Monday, by its name or the first three letters of it."""
    days = enumerate(_DAYS)
    return next((number for number, day in days if name.lower() in {day, day[:_SHORT]}), None)


def _span(days: str, hours: str) -> QuietSpan:
    start, end = _hours_of(hours) if hours else (0, _MINUTES)
    chosen = _days_of(days) if days else frozenset(range(len(_DAYS)))
    return QuietSpan(chosen, start, end - start if end > start else end - start + _MINUTES)


def _hours_of(text: str) -> tuple[int, int]:
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(f"{_FORM}, and {_shown(text)} are no hours such as 22:00-07:00")
    start, end = (_minutes_of(each, text) for each in match.groups())
    if start == _MINUTES:
        raise ValueError(f"has {_shown(text)}, and no day begins at 24:00: write 00:00")
    if start == end:
        raise ValueError(f"has {_shown(text)}, which has no length: for a whole day name the day alone")
    return start, end


def _minutes_of(clock: str, text: str) -> int:
    hour, minute = map(int, clock.split(":"))
    if minute >= _MINUTES // 24 or hour * 60 + minute > _MINUTES:
        raise ValueError(f"has {_shown(text)}, and no clock shows {clock}")
    return hour * 60 + minute


def _days_of(text: str) -> frozenset[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        first, *others = (_day_of(name, text) for name in part.split("-"))
        if len(others) > 1:
            raise ValueError(_NO_DAYS.format(_shown(text)))
        last = others[0] if others else first
        chosen |= {each % len(_DAYS) for each in range(first, last + (last < first) * len(_DAYS) + 1)}
    return frozenset(chosen)


def _day_of(name: str, text: str) -> int:
    number = _number_of(name)
    if number is None:
        raise ValueError(_NO_DAYS.format(_shown(text)))
    return number


def _quiet_minutes(spans: list[QuietSpan]) -> set[int]:
    """The minutes of a week that are quiet, from Monday's midnight."""
    begins = ((day * _MINUTES + span.start, span.minutes) for span in spans for day in span.days)
    week = len(_DAYS) * _MINUTES
    return {minute % week for start, length in begins for minute in range(start, start + length)}


def _shown(text: str) -> str:
    return repr(text[:_SHOWN])
