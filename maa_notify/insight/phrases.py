"""Questions in words: "who approved the deletion of our baseline on march 15th". Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from msgspec import Struct

from maa_notify.domain.times import MONTHS
from maa_notify.insight.query import Query
from maa_notify.insight.span import Span, days, months, period

_DECISIONS = frozenset({"approved", "decided", "rejected", "requested", "filed", "completed", "confirmed"})
"""After "who": they ask for the people, and not for a verb."""
_DEEDS = {
    "wiped": "wipe",
    "deleted": "delete",
    "removed": "delete",
    "retired": "retire",
    "created": "create",
    "changed": "update",
    "updated": "update",
    "assigned": "assign",
    "locked": "lock",
}
_NOUNS = {
    "deletion": "delete",
    "removal": "delete",
    "wipe": "wipe",
    "wiping": "wipe",
    "retirement": "retire",
    "retiring": "retire",
    "creation": "create",
    "change": "update",
    "update": "update",
    "assignment": "assign",
    "deleting": "delete",
}
_ARTICLES = frozenset({"the", "a", "an", "our", "my", "this", "that"})
_SHORTEST = 3
_DAY = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?,?")
_YEAR = re.compile(r"20[0-9]{2}")
_BEFORE_A_TIME = frozenset({"in", "on", "during", "of", "from"})
_LONGEST_TIME = 4


class Asked(Struct, frozen=True):
    """A question as understood: its verb, "" for any, and the words behind it."""

    verb: str
    words: tuple[str, ...]


def asked_in(words: Sequence[str]) -> Asked | None:
    """The question in the words behind "who", in lower case; None for one that is not understood."""
    said = [each for each in (word.strip("?!,;“”\"'") for word in words) if each]
    match said:
        case ["asked", "for", *rest] if rest:
            return _about("", rest)
        case [verb, *rest] if verb in _DECISIONS and rest:
            return _about("", rest)
        case [verb, *rest] if verb in _DEEDS and rest:
            return _about(_DEEDS[verb], rest)
    return None


def query_of(asked: Asked, now: datetime, zone: tzinfo | None) -> Query:
    """What to look for; words at the end that name a time are one, in a time zone, and never to come."""
    words, today = list(asked.words), now.astimezone(zone or UTC).date()
    for count in range(min(_LONGEST_TIME, len(words) - 1), 0, -1):
        tail = words[-count:]
        span = span_in(tail, today, zone or UTC)
        if span is not None:
            rest = words[:-count]
            if len(rest) > 1 and rest[-1] in _BEFORE_A_TIME:
                rest = rest[:-1]
            return Query(" ".join(rest), asked.verb, span=span)
    return Query(" ".join(words), asked.verb)


def span_in(words: Sequence[str], today: date, zone: tzinfo) -> Span | None:
    """The span that words name: `march`, `15th march 2026`, `last month`, `2026-03-15`; or None."""
    named = _relative(today).get(" ".join(words))
    if named is not None:
        return days(*named, zone)
    if len(words) == 1 and words[0][:1].isdigit():
        try:
            return period(words[0], zone)
        except ValueError:
            return None
    return _calendar(words, today, zone)


def _relative(today: date) -> dict[str, tuple[date, date]]:
    """The first day of spans that are named from today, and the day after the last."""
    day = timedelta(days=1)
    monday, month = today - today.weekday() * day, today.replace(day=1)
    return {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "this week": (monday, monday + 7 * day),
        "last week": (monday - 7 * day, monday),
        "this month": (month, today + day),
        "last month": ((month - day).replace(day=1), month),
        "this year": (month.replace(month=1), today + day),
    }


def _about(verb: str, words: Sequence[str]) -> Asked | None:
    """The question without articles, and with the verb of "the deletion of"."""
    rest = list(words)
    while rest and rest[0] in _ARTICLES:
        rest = rest[1:]
    if len(rest) > 2 and rest[0] in _NOUNS and rest[1] == "of":  # noqa: PLR2004 - noun, "of" and the object
        return _about(_NOUNS[rest[0]], rest[2:])
    return Asked(verb, tuple(rest)) if rest else None


def _calendar(words: Sequence[str], today: date, zone: tzinfo) -> Span | None:
    """A month by its name, with or without a day and a year; without one the latest that has begun."""
    month = day = year = 0
    for word in words:
        number, found = _DAY.fullmatch(word), _month(word)
        if found and not month:
            month = found
        elif _YEAR.fullmatch(word) and not year:
            year = int(word)
        elif number and not day:
            day = int(number[1])
        else:
            return None
    if not month:
        return None
    try:
        first = date(year or today.year, month, day or 1)
        if not year and first > today:
            first = date(today.year - 1, month, day or 1)
    except ValueError:
        return None
    return days(first, first + timedelta(days=1), zone) if day else months(first, 1, zone)


def _month(word: str) -> int:
    """The number of a month by its name or the beginning of it; 0 for none."""
    found = (number for number, name in enumerate(MONTHS, 1) if name.startswith(word.rstrip(".,")))
    return next(found, 0) if len(word) >= _SHORTEST else 0
