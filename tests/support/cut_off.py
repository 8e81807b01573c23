"""A state store that goes away in the middle of a poll."""

from collections.abc import Callable, Iterator, Sequence

from maa_notify.errors import StateError
from maa_notify.storage.rows import Row, Rows, Write


class CutOff(Rows):
    """A store that is away from the first transaction on of which it is told so."""

    def __init__(self, rows: Rows, begins: Callable[[Sequence[Write]], bool]) -> None:
        """Works on these rows until a transaction `begins` the failure."""
        self._rows = rows
        self._begins = begins
        self._is_away = False

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows."""
        return self._rows.read(first, end)

    def get(self, key: str) -> Row | None:
        """The row."""
        return self._rows.get(key)

    def commit(self, changes: Sequence[Write]) -> list[str]:
        """Commits until it is away."""
        self._is_away = self._is_away or self._begins(changes)
        if self._is_away:
            raise StateError("away")
        return self._rows.commit(changes)

    def close(self) -> None:
        """Leaves the rows open."""
