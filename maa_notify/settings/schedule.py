"""Reads poll schedules in NCRONTAB as the timer of the Functions host reads them.

Source: NCrontab.Signed 3.4.0, the host's library, run over the schedules of `tests/settings/ncrontab.json`.
It parts fields at spaces only, takes five fields for a schedule without seconds, knows no `?`, `L`, `W`, `#`
and no seventh day of the week, and reads a range that runs backwards as the same range forwards.
"""

import re

from msgspec import Struct

from maa_notify.domain.times import MONTHS

_NUMBER = r"(?:\d{1,9}|[a-z]{3,9})"
_PART = re.compile(
    rf"(?:\*|(?P<first>{_NUMBER})(?:-(?P<last>{_NUMBER}))?)(?:/(?P<step>\d{{1,9}}))?",
    re.ASCII | re.IGNORECASE,
)
_FIELDS = 6
_FORM = "must have the six fields of NCRONTAB, such as '0 * * * * *' (UTC), parted by spaces"
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class _Field(Struct, frozen=True):
    """The numbers that a field may have, both ends included, and the names of the first ones."""

    lowest: int
    highest: int
    names: tuple[str, ...] = ()


_SECOND, _MINUTE, _HOUR = _Field(0, 59), _Field(0, 59), _Field(0, 23)
_DAY, _MONTH, _WEEKDAY = _Field(1, 31), _Field(1, 12, MONTHS), _Field(0, 6, _DAYS)


def normalised(text: str) -> str:
    """The schedule with six fields, single spaces between them, and plain numbers in place of names.

    Raises:
        ValueError: the host would refuse it, or read it in another way than people do.
    """
    fields = [each for each in text.split(" ") if each]
    if len(fields) == _FIELDS - 1:
        fields.insert(0, "0")
    if len(fields) != _FIELDS:
        raise ValueError(_FORM)
    order = (_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)
    found = [_normal_field(each, field) for each, field in zip(fields, order, strict=True)]
    days, months = _numbers(found[3], _DAY), _numbers(found[4], _MONTH)
    if min(days) > max(_LONGEST[month - 1] for month in months):
        raise ValueError(f"{_FORM}; none of these months has so many days")
    return " ".join(found)


def _normal_field(text: str, field: _Field) -> str:
    parts = [_normal_part(part, field) for part in text.split(",")]
    return "*" if "*" in parts else ",".join(dict.fromkeys(parts))


def _normal_part(text: str, field: _Field) -> str:
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(_FORM)
    step = int(match["step"] or 1)
    first = _number(match["first"], field) if match["first"] else field.lowest
    # A step makes a single number the start of a range that goes on to the end.
    open_end = match["first"] is None or match["step"]
    last = _number(match["last"], field) if match["last"] else field.highest if open_end else first
    if step == 0:
        raise ValueError(_FORM)
    if last < first:
        raise ValueError(f"{_FORM}; {first}-{last} runs backwards: write it as two ranges, with a comma")
    if first + step > last:
        return str(first)
    whole = "*" if (first, last) == (field.lowest, field.highest) else f"{first}-{last}"
    return whole if step == 1 else f"{whole}/{step}"


def _number(text: str, field: _Field) -> int:
    """The number that a part of a field stands for; names may be cut short, as in `mon` for Monday."""
    if text.isdigit():
        number = int(text)
    else:
        number = next(
            (at for at, name in enumerate(field.names, field.lowest) if name.startswith(text.lower())), -1
        )
    if not field.lowest <= number <= field.highest:
        raise ValueError(_FORM)
    return number


def _numbers(normal: str, field: _Field) -> set[int]:
    """All numbers that a field in its normal spelling stands for."""
    found: set[int] = set()
    for part in normal.split(","):
        span, _, step = part.partition("/")
        first, _, last = (
            f"{field.lowest}-{field.highest}".partition("-") if span == "*" else span.partition("-")
        )
        found.update(range(int(first), int(last or first) + 1, int(step or 1)))
    return found
