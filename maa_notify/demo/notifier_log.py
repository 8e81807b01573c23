"""What the page knows of the notifier: how often it polls, whether it runs, and its last log lines."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from maa_notify.demo.samples import Json

KEPT_LINES: Final = 40
LONGEST_LINE: Final = 400


class NotifierLog:
    """The last lines that the notifier wrote."""

    def __init__(self, *, on_change: Callable[[], None] = lambda: None) -> None:
        """Start with a notifier that has not been started."""
        self._on_change = on_change
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._every: int | None = None
        self._running = False

    def started(self, every: int) -> None:
        """Say that the notifier runs and polls every so many seconds."""
        with self._lock:
            self._every, self._running = every, True
        self._on_change()

    def ended(self) -> None:
        """Say that the notifier no longer runs."""
        with self._lock:
            self._running = False
        self._on_change()

    def say(self, line: str) -> None:
        """Keep one line of its log; blank ones are dropped and long ones are cut."""
        text = line.strip()
        if not text:
            return
        with self._lock:
            self._lines.append(text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…")
        self._on_change()

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, oldest first."""
        with self._lock:
            return tuple(self._lines)

    def view(self) -> Json:
        """Return what the page shows."""
        with self._lock:
            return {"every": self._every, "running": self._running, "log": list(self._lines)}
