"""Purges old rows: journal, given-up notifications, past requests."""

from datetime import datetime, timedelta

from maa_notify import logs
from maa_notify.storage.journal import Journal

_LOG = logs.logger(__name__)

_PURGE_EVERY = timedelta(days=1)


def purge_expired(journal: Journal, last: datetime | None, retention: timedelta, now: datetime) -> None:
    """Once a day deletes what is older than the retention; `last` is when that was last done (UTC)."""
    if last is not None and now - last < _PURGE_EVERY:
        return
    purged = journal.purge(now - retention)
    journal.write_last_purge(now)
    if purged:
        _LOG.info("upkeep.purged", rows=purged, older_than_days=retention.days)
