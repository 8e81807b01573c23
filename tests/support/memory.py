"""A state store in memory: keeps the contract of the real ones, and is fast enough for thousands of lives."""

from collections.abc import Iterator, Sequence
from itertools import count

from maa_notify.storage.rows import MAX_CHANGES, Change, ConflictError, Delete, Insert, Put, Row, Update


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

    def commit(self, changes: Sequence[Change]) -> list[str]:
        """Does all changes or none."""
        if len(changes) > MAX_CHANGES or len({change.key for change in changes}) < len(changes):
            raise ValueError("too many changes, or two of one row")
        if not all(self._fits(change) for change in changes):
            raise ConflictError
        return [self._apply(change) for change in changes]

    def close(self) -> None:
        """Nothing to let go of."""

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def _fits(self, change: Change) -> bool:
        row = self._rows.get(change.key)
        match change:
            case Insert():
                return row is None
            case Update() | Delete():
                return row is not None and row.etag == change.etag
            case Put():
                return True

    def _apply(self, change: Change) -> str:
        if isinstance(change, Delete):
            del self._rows[change.key]
            return ""
        etag = str(next(self._etags))
        self._rows[change.key] = Row(change.key, change.data, etag)
        return etag
