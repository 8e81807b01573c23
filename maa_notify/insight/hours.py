"""Working hours: Monday to Friday, 8 to 18 o'clock where people are. Pure."""

from datetime import UTC, datetime, time, timedelta, tzinfo

FROM, TO = time(8), time(18)
LABEL = "Monday to Friday, 8:00 to 18:00"
_WEEKEND = 5
_LONGEST = timedelta(days=400)


def seconds_in_hours(start: datetime, end: datetime, zone: tzinfo) -> int:
    """How many seconds between two times lie in the working hours of a time zone."""
    end = min(end, start + _LONGEST)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    total = 0.0
    while day <= last:
        if day.weekday() < _WEEKEND:
            opens, closes = (datetime.combine(day, each, zone).astimezone(UTC) for each in (FROM, TO))
            total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
        day += timedelta(days=1)
    return int(total)
