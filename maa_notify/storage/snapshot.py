"""The board: everything a poll compares with. What it holds is read anew only when its edition has changed.

Reading a thousand rows a minute to find them as they were is most of what a poll with nothing new would cost.
So each transaction that changes a request or what was given up also writes a new edition, a row of its own,
and a poll whose edition is still the one it knows reads the few rows of `meta:` alone. The edition is read
before the rows it stands for: whoever writes in between makes another one, and is read by the next poll.
A poll that knows too little does no harm even so, since every write carries the etag of what it replaces. The
first conflict makes it forget: so a poller of an older version, which writes no editions, is noticed.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from maa_notify.domain.compare import Tracked
from maa_notify.storage import records as codec
from maa_notify.storage.records import Edition, Horizon, Lane, PollMark, Tidied
from maa_notify.storage.rows import Change, Put, Row, Rows

EDITION = codec.META + "edition"
HORIZON = codec.META + "horizon"
LANE = codec.META + "lane:"
MARK = codec.META + "poll"
TIDIED = codec.META + "tidied"

_UNDER_EDITION = (codec.LIVE, codec.DEAD)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Held(Generic[_Value]):
    """A value as it was read, with the etag that a later write of it needs."""

    value: _Value
    etag: str


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that a poll compares with.

    Attributes:
        tracked: the requests remembered as listed, by id.
        lanes: what is remembered of each destination, by name.
        mark: how the last polls went; None before the first good one.
        dead: the number of notifications given up and not discarded.
        horizon: requests filed after this never left the list; None while none has.
        tidied: when old rows were last purged (UTC).
    """

    tracked: Mapping[str, Held[Tracked]]
    lanes: Mapping[str, Held[Lane]]
    mark: PollMark | None
    dead: int
    horizon: datetime | None
    tidied: datetime | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What stood under an edition, the requests by the keys of their rows."""

    edition: str = ""
    live: Mapping[str, Held[Tracked]] = field(default_factory=dict)
    dead: int = 0


class BoardReader:
    """Reads the board of one tenant, again and again."""

    def __init__(self, rows: Rows) -> None:
        """Knows nothing yet."""
        self._rows = rows
        self._known = _Known()

    def read(self) -> Board:
        """The board as it is now.

        Raises:
            StateError: the state store failed, or a row is damaged.
        """
        known = self._known
        meta = list(self._rows.read(codec.META, end_of(codec.META)))
        edition = _edition_in(meta)
        if not edition or edition != known.edition:
            everything = list(self._rows.read(codec.DEAD, end_of(codec.META)))
            meta = [row for row in everything if row.key.startswith(codec.META)]
            known = self._known = _learnt(everything, edition, known)
        return _board(known, meta)

    def forget(self) -> None:
        """The next board is read as if for the first time: a conflict showed that this one is out of date."""
        self._known = _Known()


def with_edition(changes: Sequence[Change]) -> Sequence[Change]:
    """The changes of a transaction, with a new edition of the board if they change what stands under one."""
    if not any(change.key.startswith(_UNDER_EDITION) for change in changes):
        return changes
    return [*changes, Put(EDITION, codec.encode(Edition(secrets.token_hex(8))))]


def as_held(row: Row, kind: type[_Value]) -> Held[_Value]:
    """A row as what it means, with its etag.

    Raises:
        StateCorrupt: the row is not ours or is damaged.
    """
    return Held(codec.decode(row, kind), row.etag)


def end_of(prefix: str) -> str:
    """The end of the range of all keys that begin with a prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _edition_in(meta: Iterable[Row]) -> str:
    """The edition; "" for a state in which nothing was recorded yet, or by older versions only."""
    return next((codec.decode(row, Edition).token for row in meta if row.key == EDITION), "")


def _learnt(everything: Iterable[Row], edition: str, before: _Known) -> _Known:
    live: dict[str, Held[Tracked]] = {}
    dead = 0
    for row in everything:
        if row.key.startswith(codec.LIVE):
            kept = before.live.get(row.key)
            live[row.key] = kept if kept is not None and kept.etag == row.etag else as_held(row, Tracked)
        elif row.key.startswith(codec.DEAD):
            dead += 1
    return _Known(edition, live, dead)


def _board(known: _Known, meta: Iterable[Row]) -> Board:
    by_key = {row.key: row for row in meta}
    mark, horizon, tidied = (by_key.get(key) for key in (MARK, HORIZON, TIDIED))
    return Board(
        tracked={each.value.request.id: each for each in known.live.values()},
        lanes={
            key.removeprefix(LANE): as_held(row, Lane) for key, row in by_key.items() if key.startswith(LANE)
        },
        mark=None if mark is None else codec.decode(mark, PollMark),
        dead=known.dead,
        horizon=None if horizon is None else codec.decode(horizon, Horizon).requested_at,
        tidied=None if tidied is None else codec.decode(tidied, Tidied).at,
    )
