"""Rows with a version, which every write of what polls compare with replaces.

Reading a thousand rows a minute to find them as they were is most of what a poll with nothing new would cost.
So a random token stands beside them, and a poll that knows the token spares itself the rows. That holds only
if no writer forgets it, which is why all of them write through here.
"""

import secrets
from collections.abc import Iterator, Sequence

from maa_notify.storage.records import DEAD, FINDING, LIVE, SNAPSHOT_VERSION, SnapshotVersion, encode
from maa_notify.storage.rows import MAX_CHANGES, Put, Row, Rows, Write

MOST_WRITES = MAX_CHANGES - 1
"""In one transaction through here: one more may be the version."""

_VERSIONED_PREFIXES = (DEAD, FINDING, LIVE)


class VersionedRows:
    """The rows of one tenant; a transaction that changes the snapshot also writes a new version of it."""

    def __init__(self, rows: Rows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows with `first <= key < end`, in the order of their keys."""
        return self._rows.read(first, end)

    def get(self, key: str) -> Row | None:
        """One row, or None."""
        return self._rows.get(key)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Does all writes or none; at most `MOST_WRITES`. Returns the etag of each."""
        if not any(write.key.startswith(_VERSIONED_PREFIXES) for write in writes):
            return self._rows.commit(writes)
        # Put, not Update: two pollers who record different requests must not conflict over the token. Random,
        # not counted: a number could be reached twice, by a poller that died and by another one.
        version = Put(SNAPSHOT_VERSION, encode(SnapshotVersion(secrets.token_hex(8))))
        return self._rows.commit([*writes, version])[: len(writes)]

    def close(self) -> None:
        """Lets go of files and connections."""
        self._rows.close()
