"""A clock that a visitor can move on, so that reminders and expiries come while they watch."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

FURTHEST: Final = timedelta(days=365)
"""A visitor who goes on pressing stays in a year that every part can write."""


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


class MovingClock:
    """The time of the demo: that of a base clock, and what it was moved on; safe in any thread."""

    def __init__(
        self, base: Callable[[], datetime] = utc_now, *, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Begin unmoved; `on_change` is called after each move."""
        self._base = base
        self._on_change = on_change
        self._lock = threading.Lock()
        self._moved = timedelta()
        self._followers: list[Callable[[timedelta], None]] = []

    def now(self) -> datetime:
        """Return the time of the demo, aware, in UTC."""
        return self._base() + self._moved

    __call__ = now

    @property
    def moved(self) -> timedelta:
        """How far it is ahead of the base clock."""
        return self._moved

    def monotonic(self) -> float:
        """Return the machine's own seconds, which no move changes."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for so many real seconds."""
        time.sleep(seconds)

    def move(self, span: timedelta) -> None:
        """Move on by that span, at most a year in all, and tell every follower how far."""
        with self._lock:
            span = min(span, FURTHEST - self._moved)
            self._moved += span
            followers = tuple(self._followers)
        for follow in followers:
            follow(span)
        self._on_change()

    def follow(self, follower: Callable[[timedelta], None]) -> None:
        """Call this with the span of each later move."""
        with self._lock:
            self._followers.append(follower)
