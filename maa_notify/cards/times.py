"""Times as people read them: in UTC always, with the time left in words."""

from datetime import UTC, datetime, timedelta

from maa_notify.cards import words


def moment(at: datetime | None) -> str:
    """`2026-10-01 10:00 UTC`."""
    if at is None:
        return words.NOT_TOLD
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'minutes')} UTC"


def deadline(at: datetime | None, now: datetime) -> str:
    """A time with what is left of it, or how long it is past."""
    if at is None:
        return words.NOT_TOLD
    left = at - now
    return f"{moment(at)} ({span(left)} left)" if left > timedelta() else f"{moment(at)} ({span(-left)} ago)"


def span(length: timedelta) -> str:
    """The two largest units of a length of time: `2 d 3 h`, `45 min`."""
    minutes = int(length.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else "less than a minute"
