"""A bell that rings whenever something in the demo changes, and a number that says how often it did."""

import threading


class Changes:
    """Lets many threads wait for the next change without polling."""

    def __init__(self) -> None:
        """Start with nothing changed."""
        self._condition = threading.Condition()
        self._count = 0

    def notify(self) -> None:
        """Say that something changed."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout: float) -> int:
        """Wait until there were more changes than `seen`, or for that many seconds; return the count."""
        with self._condition:
            self._condition.wait_for(lambda: self._count > seen, timeout)
            return self._count
