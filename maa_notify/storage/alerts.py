"""Stores the alerts of the watch by key, so that none is posted twice, also after a restart."""

from collections.abc import Iterator
from datetime import datetime

from maa_notify.domain.alert import AlertState
from maa_notify.storage.records import AUDIT, Versioned, versioned_from
from maa_notify.storage.rows import prefix_end
from maa_notify.storage.versioned import VersionedRows


class AlertStore:
    """The alerts of one tenant. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows

    def read_family(self, prefix: str, at: datetime) -> list[Versioned[AlertState]]:
        """The alerts whose ids begin so: of one kind about one object, oldest first.

        Args:
            prefix: of the ids.
            at: when that happened which they are held against (UTC): rows of somebody else, which say that it
                was told, are left out.
        """
        return list(self._read(AUDIT + prefix, at))

    def read_since(self, since: datetime | None = None) -> list[AlertState]:
        """The alerts that began at a time or later (UTC), oldest first; all of them without one."""
        return [each.value for each in self.read_versioned(since)]

    def read_versioned(self, since: datetime | None = None) -> list[Versioned[AlertState]]:
        """The same, as they were read, to be changed."""
        found = [each for each in self._read(AUDIT) if since is None or each.value.alert.at >= since]
        return sorted(found, key=lambda each: each.value.alert.at)

    def _read(self, prefix: str, at: datetime | None = None) -> Iterator[Versioned[AlertState]]:
        rows = self._rows.read(prefix, prefix_end(prefix))
        ours = (row for row in rows if at is None or self._rows.is_credible(row, at))
        return (versioned_from(row, AlertState) for row in ours)
