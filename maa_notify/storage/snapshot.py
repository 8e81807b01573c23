"""The board: everything a poll compares with. What it holds is read anew only when its edition has changed.

Reading a thousand rows a minute to find them as they were is most of what a poll with nothing new would cost.
So each transaction that writes a request or what was given up also writes a new edition, a row of its own,
and a poll whose edition is still the one it knows reads the few rows of `meta:` alone. The edition is read
before the rows it stands for: whoever writes in between makes another one, and is read by the next poll.
A poll that knows too little does no harm even so, since every write carries the etag of what it replaces. The
first conflict makes it forget: so a poller of an older version, which writes no editions, is noticed.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct, field

from maa_notify.domain.compare import RequestState
from maa_notify.storage import records as codec
from maa_notify.storage.records import DestinationState, LastPurge, PollMark, SnapshotVersion, Watermark
from maa_notify.storage.rows import Put, Row, Rows, Write

SNAPSHOT_VERSION = codec.META + "snapshot"
WATERMARK = codec.META + "watermark"
DESTINATION = codec.META + "destination:"
MARK = codec.META + "poll"
LAST_PURGE = codec.META + "purged"

_VERSIONED_PREFIXES = (codec.LIVE, codec.DEAD)

_Value = TypeVar("_Value")


class Versioned(Struct, Generic[_Value], frozen=True):
    """A value as it was read, with the etag that a later write of it needs."""

    value: _Value
    etag: str


class Snapshot(Struct, frozen=True):
    """Everything that a poll compares with.

    Attributes:
        tracked: the requests remembered as listed, by id.
        lanes: what is remembered of each destination, by name.
        mark: how the last polls went; None before the first good one.
        dead: the number of notifications given up and not discarded.
        horizon: requests filed after this never left the list; None while none has.
        tidied: when old rows were last purged (UTC).
    """

    tracked: Mapping[str, Versioned[RequestState]]
    states: Mapping[str, Versioned[DestinationState]]
    mark: PollMark | None
    dead: int
    watermark: datetime | None
    purged_at: datetime | None


class _Known(Struct, frozen=True):
    """What stood under an edition, the requests by the keys of their rows."""

    version: str = ""
    live: Mapping[str, Versioned[RequestState]] = field(default_factory=dict)
    dead: int = 0


class SnapshotReader:
    """Reads the board of one tenant, again and again."""

    def __init__(self, rows: Rows) -> None:
        """Knows nothing yet."""
        self._rows = rows
        self._known = _Known()

    def read(self) -> Snapshot:
        """The board as it is now.

        Raises:
            StateError: the state store failed, or a row is damaged.
        """
        known = self._known
        meta = list(self._rows.read(codec.META, prefix_end(codec.META)))
        version = _version_in(meta)
        if not version or version != known.version:
            everything = list(self._rows.read(codec.DEAD, prefix_end(codec.META)))
            meta = [row for row in everything if row.key.startswith(codec.META)]
            known = self._known = _learnt(everything, version, known)
        return _snapshot(known, meta)

    def forget(self) -> None:
        """The next board is read as if for the first time: a conflict showed that this one is out of date."""
        self._known = _Known()


def with_snapshot_version(writes: Sequence[Write]) -> Sequence[Write]:
    """The writes of a transaction, with a new edition of the board if they change what stands under one."""
    if not any(write.key.startswith(_VERSIONED_PREFIXES) for write in writes):
        return writes
    return [*writes, Put(SNAPSHOT_VERSION, codec.encode(SnapshotVersion(secrets.token_hex(8))))]


def versioned_from(row: Row, kind: type[_Value]) -> Versioned[_Value]:
    """A row as what it means, with its etag.

    Raises:
        StateCorrupt: the row is not ours or is damaged.
    """
    return Versioned(codec.decode(row, kind), row.etag)


def prefix_end(prefix: str) -> str:
    """The end of the range of all keys that begin with a prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _version_in(meta: Iterable[Row]) -> str:
    """The edition; "" for a state in which nothing was recorded yet, or by older versions only."""
    return next((codec.decode(row, SnapshotVersion).token for row in meta if row.key == SNAPSHOT_VERSION), "")


def _learnt(everything: Iterable[Row], version: str, before: _Known) -> _Known:
    live: dict[str, Versioned[RequestState]] = {}
    dead = 0
    for row in everything:
        if row.key.startswith(codec.LIVE):
            kept = before.live.get(row.key)
            live[row.key] = (
                kept if kept is not None and kept.etag == row.etag else versioned_from(row, RequestState)
            )
        elif row.key.startswith(codec.DEAD):
            dead += 1
    return _Known(version, live, dead)


def _snapshot(known: _Known, meta: Iterable[Row]) -> Snapshot:
    by_key = {row.key: row for row in meta}
    mark, watermark, purged_at = (by_key.get(key) for key in (MARK, WATERMARK, LAST_PURGE))
    return Snapshot(
        tracked={each.value.request.id: each for each in known.live.values()},
        states={
            key.removeprefix(DESTINATION): versioned_from(row, DestinationState)
            for key, row in by_key.items()
            if key.startswith(DESTINATION)
        },
        mark=None if mark is None else codec.decode(mark, PollMark),
        dead=known.dead,
        watermark=None if watermark is None else codec.decode(watermark, Watermark).requested_at,
        purged_at=None if purged_at is None else codec.decode(purged_at, LastPurge).at,
    )
