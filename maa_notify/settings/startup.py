"""What the triggers must know before all settings are checked: where we run, when to poll, for whom."""

from collections.abc import Mapping

from maa_notify.settings.schedule import normalised
from maa_notify.settings.validation import clean

TENANTS = "MAA_TENANTS"
POLL_SCHEDULE = "MAA_POLL_SCHEDULE"
COMMANDS = "MAA_BOT_COMMANDS"
DEFAULT_SCHEDULE = "0 * * * * *"


def is_in_azure(environ: Mapping[str, str]) -> bool:
    """Whether this is a deployed Function; App Service names the site there, and nothing else sets it."""
    return bool(environ.get("WEBSITE_SITE_NAME"))


def is_fleet(environ: Mapping[str, str]) -> bool:
    """Whether this deployment is for many tenants."""
    return bool(clean(environ.get(TENANTS, "")))


def commands_wanted(environ: Mapping[str, str]) -> bool:
    """Whether people may ask the bot; false for every value but `true`, wrong ones included."""
    return clean(environ.get(COMMANDS, "")).lower() == "true"


def schedule_from(environ: Mapping[str, str]) -> str:
    """The timer's schedule, in the one spelling that is given to the host.

    In place of a wrong schedule it is the default: the timer then runs, and its runs say what is wrong.
    """
    try:
        return normalised(clean(environ.get(POLL_SCHEDULE, "")) or DEFAULT_SCHEDULE)
    except ValueError:
        return DEFAULT_SCHEDULE
