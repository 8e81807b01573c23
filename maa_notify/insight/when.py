"""Times in words, as people say them: "in march", "since last monday", "3 weeks ago". Pure."""

import re
from collections.abc import Sequence
from datetime import date, timedelta, tzinfo

from maa_notify.domain.times import MONTHS
from maa_notify.insight.span import Span, days, months, period

_DAY = timedelta(days=1)
_SHORTEST = 3
_QUARTER = 3
_DAY_OF_MONTH = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?")
_YEAR = re.compile(r"20[0-9]{2}")
_COUNT = re.compile(r"[0-9]{1,3}")
_QUARTERS = re.compile(r"q([1-4])")
_BY_SIGNS = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
"""Units in days, as far as "the last 3 months" is meant."""
_LEAST = {"a": "1", "an": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
_FILLERS = frozenset({"the", "of", "in", "on"})


def span_in(words: Sequence[str], today: date, zone: tzinfo) -> Span | None:
    """The span that words in lower case name: `march`, `15th of march 2026`, `since last week`; or None.

    What is without a year, a month or a weekday by its name, is the latest that has begun.
    """
    match [word.strip(",") for word in words]:
        case ["since" | "from" | "after" as word, *rest] if found := span_in(rest, today, zone):
            return Span(found.end if word == "after" else found.start, None)
        case ["until" | "till" | "before" as word, *rest] if found := span_in(rest, today, zone):
            return Span(None, found.start if word == "before" else found.end)
        case ["between" | "from", *rest]:
            return _between(rest, today, zone)
        case said:
            return _one(said, today, zone)


def _between(words: Sequence[str], today: date, zone: tzinfo) -> Span | None:
    for place, word in enumerate(words):
        if word in {"and", "to", "until", "till"}:
            ends = span_in(words[:place], today, zone), span_in(words[place + 1 :], today, zone)
            first, last = ends
            if first and last and first.start and last.end and first.start < last.end:
                return Span(first.start, last.end)
    return None


def _one(words: Sequence[str], today: date, zone: tzinfo) -> Span | None:
    named = _relative(today).get(" ".join(words)) or _counted(words, today) or _weekday(words, today)
    if named is not None:
        return days(*named, zone)
    if len(words) == 1 and words[0][:1].isdigit():
        try:
            return period(_as_iso(words[0]), zone)
        except ValueError:
            return None
    return _quarter(words, today, zone) or _calendar(words, today, zone)


def _relative(today: date) -> dict[str, tuple[date, date]]:
    """The first day of spans that are named from today, and the day after the last."""
    monday, month = today - today.weekday() * _DAY, today.replace(day=1)
    quarter = month.replace(month=_QUARTER * ((today.month - 1) // _QUARTER) + 1)
    before = quarter - _DAY
    year = month.replace(month=1)
    return {
        "today": (today, today + _DAY),
        "yesterday": (today - _DAY, today),
        "this week": (monday, monday + 7 * _DAY),
        "last week": (monday - 7 * _DAY, monday),
        "this month": (month, today + _DAY),
        "last month": ((month - _DAY).replace(day=1), month),
        "this quarter": (quarter, today + _DAY),
        "last quarter": (before.replace(month=before.month - _QUARTER + 1, day=1), quarter),
        "this year": (year, today + _DAY),
        "last year": (year.replace(year=year.year - 1), year),
    }


def _counted(words: Sequence[str], today: date) -> tuple[date, date] | None:
    """`3 weeks ago` is the day of then; `last 30 days` ends with today."""
    match [_LEAST.get(word, word) for word in words]:
        case [count, unit, "ago"] if length := _length(count, unit):
            day = today - length
            return day, day + _DAY
        case ["last" | "past", count, unit] if length := _length(count, unit):
            return today + _DAY - length, today + _DAY
        case ["past", unit] if length := _length("1", unit):
            return today + _DAY - length, today + _DAY
    return None


def _length(count: str, unit: str) -> timedelta:
    known = _UNITS.get(unit.removesuffix("s"), 0) if _COUNT.fullmatch(count) else 0
    return int(count) * known * _DAY if known and int(count) * known < 3_650 else timedelta()  # noqa: PLR2004 - ten years


def _weekday(words: Sequence[str], today: date) -> tuple[date, date] | None:
    """The latest day of this name that is over, or today."""
    match words:
        case [name] | ["last" | "this" | "on", name] if name in _WEEKDAYS:
            back = (today.weekday() - _WEEKDAYS.index(name)) % 7
            day = today - (back or (7 if words[0] == "last" else 0)) * _DAY
            return day, day + _DAY
    return None


def _as_iso(word: str) -> str:
    """A date by figures, in ISO's order where that is sure: `15.03.2026`, `3/15/2026`, `2026/03/15`."""
    match = _BY_SIGNS.fullmatch(word)
    if match is None:
        return word
    one, sign, two, three = match.groups()
    if len(one) == len("2026"):
        return f"{one}-{two:0>2}-{three:0>2}"
    is_day_first = sign == "." or int(one) > 12  # noqa: PLR2004 - months
    if not is_day_first and int(two) <= 12:  # noqa: PLR2004 - either may be the month
        return word
    day, month = (one, two) if is_day_first else (two, one)
    return f"{three}-{month:0>2}-{day:0>2}"


def _quarter(words: Sequence[str], today: date, zone: tzinfo) -> Span | None:
    """`q1`, `q1 2026`, `2026 q1`."""
    quarters = [match[1] for word in words if (match := _QUARTERS.fullmatch(word))]
    years = [int(word) for word in words if _YEAR.fullmatch(word)]
    if len(quarters) != 1 or len(words) != 1 + len(years) or len(years) > 1:
        return None
    first = date(years[0] if years else today.year, _QUARTER * (int(quarters[0]) - 1) + 1, 1)
    if not years and first > today:
        first = first.replace(year=first.year - 1)
    return months(first, _QUARTER, zone)


def _calendar(words: Sequence[str], today: date, zone: tzinfo) -> Span | None:
    """A month by its name, with or without a day and a year; without one the latest that has begun."""
    month = day = year = 0
    for word in words:
        number, found = _DAY_OF_MONTH.fullmatch(word), _month(word)
        if found and not month:
            month = found
        elif _YEAR.fullmatch(word) and not year:
            year = int(word)
        elif number and not day:
            day = int(number[1])
        elif word not in _FILLERS:
            return None
    if not month or words[0] in _FILLERS - {"the"}:
        return None
    try:
        first = date(year, month, day or 1) if year else _latest(month, day or 1, today)
    except ValueError:
        return None
    return days(first, first + _DAY, zone) if day else months(first, 1, zone)


def _latest(month: int, day: int, today: date) -> date:
    """The latest such day that has begun: 29 February may lie years back."""
    for year in range(today.year, today.year - 8, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError("there is no such day")


def _month(word: str) -> int:
    """The number of a month by its name or the beginning of it; 0 for none."""
    found = (number for number, name in enumerate(MONTHS, 1) if name.startswith(word.rstrip(".")))
    return next(found, 0) if len(word) >= _SHORTEST else 0
