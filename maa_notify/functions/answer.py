"""An answer for anybody that is kept for a moment, so that whoever asks in a loop costs nothing."""

import time
from collections.abc import Callable
from threading import Lock

Answer = tuple[int, str]
"""Status code and body."""


class KeptAnswer:
    """The last answer, made anew when it is asked for after its time. Safe for several threads."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Keeps an answer for so many seconds of this clock."""
        self._seconds = seconds
        self._monotonic = monotonic
        self._making = Lock()
        self._last: tuple[float, Answer] | None = None

    def get(self, make: Callable[[], Answer]) -> Answer:
        """The kept answer while it is fresh, or while another thread makes a new one; else a new one."""
        last = self._last
        if last is not None and (self._monotonic() < last[0] or self._making.locked()):
            return last[1]
        with self._making:
            last = self._last  # whoever waited takes what the one before has made
            if last is None or self._monotonic() >= last[0]:
                made = make()
                last = self._last = (self._monotonic() + self._seconds, made)
            return last[1]

    def forget(self) -> None:
        """Has the next one made anew, since something happened that changes it."""
        self._last = None
