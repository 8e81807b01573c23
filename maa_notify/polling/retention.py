"""Purges old rows: journal, given-up notifications, past requests."""

from datetime import datetime, timedelta

from maa_notify import logs
from maa_notify.domain.times import unless_later
from maa_notify.storage.journal import Journal
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.snapshot import Snapshot

_LOG = logs.logger(__name__)

_PURGE_EVERY = timedelta(days=1)


def purge_expired(journal: Journal, snapshot: Snapshot, retention: timedelta, now: datetime) -> bool:
    """Once a day deletes what was older than the retention when the poll before was made; tells if it did.

    By the clock of one poll alone nothing is deleted: it may be months ahead.
    """
    last = unless_later(snapshot.purged_at, now)
    mark = snapshot.marks.get(APPROVALS)
    polled_at = unless_later(mark.tried_at, now) if mark else None
    if polled_at is None or (last is not None and now - last < _PURGE_EVERY):
        return False
    purged = journal.purge(min(polled_at, now) - retention)
    journal.write_last_purge(now)
    if purged:
        _LOG.info("upkeep.purged", rows=purged, older_than_days=retention.days)
    return True
