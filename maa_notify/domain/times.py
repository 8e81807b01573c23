"""Which stored times can be believed, now that a clock may have been wrong when they were stored. Pure."""

from datetime import datetime, timedelta

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
