"""A state store in which somebody else acts while a poll reads."""

from collections.abc import Callable, Iterator, Sequence

from maa_notify.storage.rows import Row, Rows, Write

Acts = dict[str, Callable[[], object]]


class Meanwhile(Rows):
    """A store in which others act once, before or after the rows that begin with a prefix are read."""

    def __init__(self, rows: Rows, before: Acts | None = None, after: Acts | None = None) -> None:
        """Works on these rows; who acts is given by the prefix."""
        self._rows = rows
        self._before = before or {}
        self._after = after or {}

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows, all of them as they were between both acts."""
        _act(self._before, first)
        found = list(self._rows.read(first, end))
        _act(self._after, first)
        return iter(found)

    def get(self, key: str) -> Row | None:
        """The row."""
        return self._rows.get(key)

    def commit(self, changes: Sequence[Write]) -> list[str]:
        """Commits."""
        return self._rows.commit(changes)

    def close(self) -> None:
        """Leaves the rows open."""


def _act(acts: Acts, first: str) -> None:
    for prefix in [each for each in acts if first.startswith(each)]:
        acts.pop(prefix)()
