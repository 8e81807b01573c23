"""A state store in memory: keeps the contract of the real ones, and is fast enough for thousands of lives."""

from collections.abc import Iterator, Sequence
from itertools import count

from maa_notify.storage.rows import MAX_CHANGES, ConflictError, Delete, Insert, Put, Row, Update, Write


class MemoryRows:
    """Rows of one tenant, shared by all pollers that are given the same object."""

    def __init__(self) -> None:
        """Begins empty."""
        self._rows: dict[str, Row] = {}
        self._etags = count(1)

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows with `first <= key < end`, in the order of their keys."""
        return iter([self._rows[key] for key in sorted(self._rows) if first <= key < end])

    def get(self, key: str) -> Row | None:
        """One row, or None."""
        return self._rows.get(key)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Does all writes or none."""
        if len(writes) > MAX_CHANGES or len({write.key for write in writes}) < len(writes):
            raise ValueError("too many writes, or two of one row")
        if not all(self._fits(write) for write in writes):
            raise ConflictError
        return [self._apply(write) for write in writes]

    def close(self) -> None:
        """Nothing to let go of."""

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def _fits(self, write: Write) -> bool:
        row = self._rows.get(write.key)
        match write:
            case Insert():
                return row is None
            case Update() | Delete():
                return row is not None and row.etag == write.etag
            case Put():
                return True

    def _apply(self, write: Write) -> str:
        if isinstance(write, Delete):
            del self._rows[write.key]
            return ""
        etag = str(next(self._etags))
        self._rows[write.key] = Row(write.key, write.data, etag)
        return etag
