"""A state store that passes everything on: the ground of those that do something beside it."""

from collections.abc import Iterator, Sequence

from maa_notify.storage.rows import Row, Rows, Write


class Through(Rows):
    """The rows of another store, which stays open."""

    def __init__(self, rows: Rows) -> None:
        """Works on these rows."""
        self._rows = rows

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows."""
        return self._rows.read(first, end)

    def get(self, key: str) -> Row | None:
        """The row."""
        return self._rows.get(key)

    def commit(self, changes: Sequence[Write]) -> list[str]:
        """Commits."""
        return self._rows.commit(changes)

    def close(self) -> None:
        """Leaves the rows open."""
