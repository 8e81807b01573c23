"""A state store that goes away in the middle of a poll."""

from collections.abc import Callable, Sequence

from maa_notify.errors import StateError
from maa_notify.storage.rows import Rows, Write
from tests.support.through import Through


class CutOff(Through):
    """A store that is away from the first transaction on of which it is told so."""

    def __init__(self, rows: Rows, begins: Callable[[Sequence[Write]], bool]) -> None:
        """Works on these rows until a transaction `begins` the failure."""
        super().__init__(rows)
        self._begins = begins
        self._is_away = False

    def commit(self, changes: Sequence[Write]) -> list[str]:
        """Commits until it is away."""
        self._is_away = self._is_away or self._begins(changes)
        if self._is_away:
            raise StateError("away")
        return super().commit(changes)
