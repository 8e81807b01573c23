"""Stores the access policies and their approvers, split into rows that fit into any store.

It is one JSON text, because it is always read as a whole. A table takes 32,768 characters in a field.
"""

from collections.abc import Sequence

import msgspec

from maa_notify.domain.approvers import Roll
from maa_notify.errors import StateCorrupt
from maa_notify.storage.records import APPROVERS, decode, encode
from maa_notify.storage.rows import Delete, Put, Row, Write, prefix_end
from maa_notify.storage.versioned import MOST_WRITES, VersionedRows

_PIECE = 15_000
"""Characters of a row: as JSON within JSON they are at most twice as many."""


class _Piece(msgspec.Struct, frozen=True):
    """A part of the text, and of how many parts it is one."""

    count: int
    text: str


class RollStore:
    """The approvers of one tenant. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows

    def read(self) -> Roll | None:
        """What was remembered last; None when nothing was.

        Raises:
            StateCorrupt: the rows are damaged.
        """
        pieces = [decode(row, _Piece) for row in self._read()]
        if not pieces:
            return None
        text = "".join(each.text for each in pieces[: pieces[0].count])
        try:
            return msgspec.json.decode(text, type=Roll)
        except msgspec.DecodeError:
            raise StateCorrupt(
                f"the rows that begin with {APPROVERS!r} in the state store are damaged: remove them"
            ) from None

    def write(self, roll: Roll) -> bool:
        """Remembers it in place of what was there; returns whether it is small enough for that."""
        text = encode(roll)
        pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
        writes: list[Write] = [
            Put(f"{APPROVERS}{number:03d}", encode(_Piece(len(pieces), piece)))
            for number, piece in enumerate(pieces)
        ]
        kept = {each.key for each in writes}
        # Those of a longer text name people who may not be approvers any more.
        writes += [Delete(row.key, row.etag) for row in self._read() if row.key not in kept]
        if len(writes) > MOST_WRITES:
            return False
        self._rows.commit(writes)
        return True

    def forget(self) -> None:
        """Removes it."""
        if rows := self._read():
            self._rows.commit([Delete(row.key, row.etag) for row in rows])

    def _read(self) -> Sequence[Row]:
        return list(self._rows.read(APPROVERS, prefix_end(APPROVERS)))
