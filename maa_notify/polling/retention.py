"""Once a day: files requests that left the list, and purges old rows."""

from contextlib import suppress
from datetime import datetime, timedelta

from maa_notify import logs
from maa_notify.domain.times import unless_later
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore

_LOG = logs.logger(__name__)

_PURGE_EVERY = timedelta(days=1)


def purge_expired(store: StateStore, snapshot: Snapshot, retention: timedelta, now: datetime) -> bool:
    """Once a day files what left the list and deletes what is past the retention; tells if it did.

    By the clock of one poll alone nothing is deleted: it may be months ahead.
    """
    last = unless_later(snapshot.purged_at, now)
    mark = snapshot.marks.get(APPROVALS)
    polled_at = unless_later(mark.tried_at, now) if mark else None
    if polled_at is None or (last is not None and now - last < _PURGE_EVERY):
        return False
    with suppress(ConflictError):  # another poller files, too
        store.history.archive.file()
    before = min(polled_at, now) - retention
    purged = store.journal.purge(before) + store.history.archive.purge(before)
    store.journal.write_last_purge(now)
    if purged:
        _LOG.info("upkeep.purged", rows=purged, older_than_days=retention.days)
    return True
