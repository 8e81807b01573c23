"""What the triggers must know before any setting is checked: where we run, when to poll, for whom."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

DEFAULT_SCHEDULE = "0 * * * * *"
TENANTS = "MAA_TENANTS"

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_CRON_FIELDS = 6
_CRON_FIELD = re.compile(r"(\*|(\d{1,2}|[a-z]{3})(-(\d{1,2}|[a-z]{3}))?)(/\d{1,2})?", re.IGNORECASE)
_SEVENTH_DAY = re.compile(r"(?<![\d/])0?7(?!\d)")


def is_in_azure(environ: Mapping[str, str]) -> bool:
    """Whether this is a deployed Function; App Service names the site there, and nothing else sets it."""
    return bool(environ.get("WEBSITE_SITE_NAME"))


def is_fleet(environ: Mapping[str, str]) -> bool:
    """Whether this deployment is for many tenants."""
    return bool(environ.get(TENANTS, "").strip())


def schedule_from(environ: Mapping[str, str]) -> str:
    """The timer's schedule; the default in place of a wrong one: the timer runs and says what is wrong."""
    text = environ.get("MAA_POLL_SCHEDULE", "").strip() or DEFAULT_SCHEDULE
    return text if is_schedule(text) else DEFAULT_SCHEDULE


def is_schedule(text: str) -> bool:
    """Whether both our own reading and the host's NCRONTAB take it, which knows no L, W, # or seventh day."""
    fields = text.split()
    if len(fields) != _CRON_FIELDS or _SEVENTH_DAY.search(fields[-1]):
        return False
    if not all(_CRON_FIELD.fullmatch(part) for each in fields for part in each.split(",")):
        return False
    try:
        CronSim(text, _EPOCH)
    except CronSimError:
        return False
    return True
