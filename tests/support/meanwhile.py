"""A state store in which somebody else acts while a poll reads."""

from collections.abc import Callable, Iterator

from maa_notify.storage.rows import Row, Rows
from tests.support.through import Through

Acts = dict[str, Callable[[], object]]


class Meanwhile(Through):
    """A store in which others act once, before or after the rows that begin with a prefix are read."""

    def __init__(self, rows: Rows, before: Acts | None = None, after: Acts | None = None) -> None:
        """Works on these rows; who acts is given by the prefix."""
        super().__init__(rows)
        self._before = before or {}
        self._after = after or {}

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows, all of them as they were between both acts."""
        _act(self._before, first)
        found = list(super().read(first, end))
        _act(self._after, first)
        return iter(found)


def _act(acts: Acts, first: str) -> None:
    for prefix in [each for each in acts if first.startswith(each)]:
        acts.pop(prefix)()
