"""A time of the week in the display time zone. Pure."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct

WEEK = timedelta(days=7)
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_FORM = re.compile(rf"({'|'.join(DAYS)}) ([01]?[0-9]|2[0-3]):([0-5][0-9])", re.IGNORECASE)


class WeeklyTime(Struct, frozen=True):
    """A time of the week: `weekday` is 0 for Monday; hour and minute are those of the display time zone."""

    weekday: int
    hour: int
    minute: int

    def latest(self, now: datetime, zone: tzinfo | None) -> datetime:
        """When it last came (UTC); `now` if it comes now."""
        place = zone or UTC
        today = now.astimezone(place).date()
        day = today - timedelta(days=(today.weekday() - self.weekday) % 7)
        at = datetime.combine(day, time(self.hour, self.minute), place).astimezone(UTC)
        if at > now:
            at = datetime.combine(day - WEEK, time(self.hour, self.minute), place).astimezone(UTC)
        return at


def parse_weekly(text: str) -> WeeklyTime:
    """The time that a text such as `MON 08:00` names.

    Raises:
        ValueError: it names none; the text is the rest of a sentence.
    """
    match = _FORM.fullmatch(" ".join(text.split()))
    if match is None:
        raise ValueError(f"must be a day and a time such as MON 08:00; the days are {', '.join(DAYS)}")
    return WeeklyTime(DAYS.index(match[1].upper()), int(match[2]), int(match[3]))
