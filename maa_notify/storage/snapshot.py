"""The snapshot: everything a poll compares with, read anew only when its version changed, and the outbox.

The version is read before the rows it stands for: whoever writes in between makes another one, and is read
by the next poll. A poll that knows too little does no harm even so, since every write carries the etag of
what it replaces. The first conflict makes it forget: so a poller of an older version of this program, which
writes no versions, is noticed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from maa_notify.domain.compare import RequestState
from maa_notify.storage.records import (
    DEAD,
    DESTINATION,
    LAST_PURGE,
    LIVE,
    MARK,
    META,
    OUTBOX,
    SNAPSHOT_VERSION,
    WATERMARK,
    DestinationState,
    LastPurge,
    PollMark,
    SnapshotVersion,
    Versioned,
    Watermark,
    decode,
    versioned_from,
)
from maa_notify.storage.rows import Row, prefix_end
from maa_notify.storage.versioned import VersionedRows


class Snapshot(Struct, frozen=True):
    """Everything that a poll compares with.

    Attributes:
        tracked: the requests remembered as listed, by id.
        states: what is remembered of each destination, by name.
        mark: how the last polls went; None before the first good one.
        dead: the number of notifications given up and not discarded.
        watermark: requests filed after this never left the list; None while none has (UTC).
        purged_at: when old rows were last purged (UTC).
        outbox: the rows of what waits, to be decoded by whoever delivers it: a damaged one must keep nobody
            from recording what is new, or from answering.
    """

    tracked: Mapping[str, Versioned[RequestState]]
    states: Mapping[str, Versioned[DestinationState]]
    mark: PollMark | None
    dead: int
    watermark: datetime | None
    purged_at: datetime | None
    outbox: Sequence[Row] = ()


class _Known(Struct, frozen=True):
    """What stood under a version, the requests by the keys of their rows."""

    version: str = ""
    live: Mapping[str, Versioned[RequestState]] = field(default_factory=dict)
    dead: int = 0


class SnapshotReader:
    """Reads the snapshot of one tenant, again and again."""

    def __init__(self, rows: VersionedRows) -> None:
        """Knows nothing yet."""
        self._rows = rows
        self._known = _Known()

    def read(self) -> Snapshot:
        """The snapshot as it is now.

        Raises:
            StateError: the state store failed, or a row is damaged.
        """
        known = self._known
        rows = list(self._rows.read(META, prefix_end(OUTBOX)))
        version = _version_in(rows)
        if not version or version != known.version:
            rows = list(self._rows.read(DEAD, prefix_end(OUTBOX)))
            # Under the version that was read first, not the one that came along: rows of several pages may be
            # older than the last of them.
            known = self._known = _learnt(rows, version, known)
        return _snapshot(known, rows)

    def forget(self) -> None:
        """Lets the next snapshot be read as if for the first time, after a conflict."""
        self._known = _Known()


def _version_in(rows: Iterable[Row]) -> str:
    """The version; "" for a state in which nothing was recorded yet, or by older programs only."""
    return next((decode(row, SnapshotVersion).token for row in rows if row.key == SNAPSHOT_VERSION), "")


def _learnt(rows: Iterable[Row], version: str, before: _Known) -> _Known:
    """What stands under a version; a row with the etag it had before is not decoded again."""
    live: dict[str, Versioned[RequestState]] = {}
    dead = 0
    for row in rows:
        if row.key.startswith(LIVE):
            kept = before.live.get(row.key)
            is_as_known = kept is not None and kept.etag == row.etag
            live[row.key] = kept if kept and is_as_known else versioned_from(row, RequestState)
        elif row.key.startswith(DEAD):
            dead += 1
    return _Known(version, live, dead)


def _snapshot(known: _Known, rows: Sequence[Row]) -> Snapshot:
    by_key = {row.key: row for row in rows if row.key.startswith(META)}
    mark, watermark, purged_at = (by_key.get(key) for key in (MARK, WATERMARK, LAST_PURGE))
    return Snapshot(
        tracked={each.value.request.id: each for each in known.live.values()},
        states={
            key.removeprefix(DESTINATION): versioned_from(row, DestinationState)
            for key, row in by_key.items()
            if key.startswith(DESTINATION)
        },
        mark=None if mark is None else decode(mark, PollMark),
        dead=known.dead,
        watermark=None if watermark is None else decode(watermark, Watermark).requested_at,
        purged_at=None if purged_at is None else decode(purged_at, LastPurge).at,
        outbox=[row for row in rows if row.key.startswith(OUTBOX)],
    )
