"""Counts the changes in the demo, so that open pages can wait for the next one."""

import threading


class Changes:
    """Lets many threads wait for the next change without polling."""

    def __init__(self) -> None:
        """Start with nothing changed."""
        self._condition = threading.Condition()
        self._count = 0

    def notify(self) -> None:
        """Count a change and wake everybody who waits."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout: float) -> int:
        """Wait until there were more changes than `seen`, or for that many seconds; return the count."""
        with self._condition:
            self._condition.wait_for(lambda: self._count > seen, timeout)
            return self._count
