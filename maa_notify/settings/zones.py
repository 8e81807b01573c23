"""Parsers of settings with time zones, whose files are slow to load and seldom needed."""

from msgspec.structs import replace

from maa_notify.domain.quiet import QuietHours, parse_quiet_hours
from maa_notify.settings.validation import did_you_mean

_LONGEST_SHOWN = 30


def time_zone(text: str) -> str:
    """The IANA name of a time zone."""
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415 - slow to load, and seldom used

    try:
        ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        # Slow to load, and needed for a message only.
        from maa_notify.settings.windows_zones import iana_name_of  # noqa: PLC0415

        known = iana_name_of(text)
        hint = f"; this is what Windows calls {known}" if known else ""
        hint = hint or did_you_mean(text, available_timezones())
        raise ValueError(f"must be an IANA name such as Europe/Berlin{hint}") from None
    return text


def quiet_hours(text: str) -> QuietHours:
    """The hours in which reminders are held, by the time zone that is named among them, if one is."""
    told = parse_quiet_hours(text)
    try:
        zone = told.zone and time_zone(told.zone)
    except ValueError as error:
        word = repr(told.zone[:_LONGEST_SHOWN])
        raise ValueError(f"has {word}, which is neither days nor hours; a time zone {error}") from None
    return in_zone(QuietHours(told.spans), zone)


def in_zone(quiet: QuietHours, name: str) -> QuietHours:
    """The same hours by the clock of the zone of this name, unless they have a zone or there is no name."""
    if quiet.zone or not (quiet.spans and name):
        return quiet
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    return replace(quiet, zone=ZoneInfo(name))
