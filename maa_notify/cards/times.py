"""Formats times for people: on cards in each reader's own time, in plain text in UTC; time left in words."""

from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

from maa_notify.cards import strings


def readers_time(at: datetime | None) -> str:
    """A time that the client shows in its reader's own zone and language, for a `TextBlock`.

    Only ever of a time that we parsed ourselves: a client evaluates this macro (Adaptive Cards documentation,
    "Text features").
    """
    if at is None:
        return strings.NOT_TOLD
    moment = at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    return f"{{{{DATE({moment},SHORT)}}}}, {{{{TIME({moment})}}}}"


class TimeFormat(Struct, frozen=True):
    """Formats times as plain text: in UTC, and also in the readers' `zone` if one is set."""

    zone: tzinfo | None = None

    def format(self, at: datetime | None) -> str:
        """`2026-10-01 10:00 UTC`, or `2026-10-01 10:00 UTC · 12:00 Europe/Berlin`."""
        if at is None:
            return strings.NOT_TOLD
        return " · ".join(filter(None, [f"{_minutes(at.astimezone(UTC))} UTC", self._local(at)]))

    def deadline(self, at: datetime | None, now: datetime) -> str:
        """A time with what is left of it, or how long it is past."""
        return strings.NOT_TOLD if at is None else f"{self.format(at)} ({distance(at, now)})"

    def _local(self, at: datetime) -> str:
        if self.zone is None:
            return ""
        try:
            local = at.astimezone(self.zone)
        except OverflowError:  # in the first or last hours of the calendar
            return ""
        day, clock = _minutes(local).split(" ")
        is_same_day = local.date() == at.astimezone(UTC).date()
        return f"{clock} {self.zone}" if is_same_day else f"{day} {clock} {self.zone}"


def distance(at: datetime, now: datetime) -> str:
    """How far away a time is: `2 d 3 h left`, `45 min ago`."""
    left = at - now
    return strings.left(span(left)) if left > timedelta() else strings.ago(span(-left))


def span(length: timedelta) -> str:
    """The two largest units of a length of time: `2 d 3 h`, `45 min`."""
    minutes = int(length.total_seconds() // 60)
    parts = (
        (minutes // 1440, strings.DAYS),
        (minutes // 60 % 24, strings.HOURS),
        (minutes % 60, strings.MINUTES),
    )
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts))
    told = [f"{number} {unit}" for number, unit in parts[first : first + 2] if number]
    return " ".join(told) or strings.UNDER_A_MINUTE


def _minutes(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ", "minutes")
