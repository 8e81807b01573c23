"""Names of months; which stored times can be believed, since a clock may have been wrong then. Pure."""

from datetime import UTC, datetime, timedelta

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
"""The English names, whatever the language of the machine is."""

DAWN = datetime.min.replace(tzinfo=UTC)
"""Before every time that can be stored, in the place of one that nobody knows."""

SKEW = timedelta(minutes=5)
"""How far the clocks of two pollers may lie apart."""


def unless_later(moment: datetime | None, latest: datetime, skew: timedelta = SKEW) -> datetime | None:
    """A stored time, or None if it is later than any poller sets it, so that a clock was set back since.

    Args:
        moment: as it was stored (UTC); None stays None.
        latest: the latest time that may be stored (UTC): now, or as far ahead as a pause or a lease reaches.
        skew: how far the clock that stored it may be ahead of ours; zero for a time of this very process.
    """
    return None if moment is None or moment > latest + skew else moment
