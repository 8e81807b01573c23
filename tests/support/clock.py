"""A clock that only moves when it is told to."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """Time for tests: sleeping moves it on at once and is written down in `sleeps`."""

    def __init__(self, start: datetime = START) -> None:
        """Begins at `start` (UTC)."""
        self._now = start
        self._elapsed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        """The time it shows."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Moves on by so many seconds."""
        self.sleeps.append(seconds)
        self.advance(seconds)

    def advance(self, span: timedelta | float) -> None:
        """Moves on, as time does outside."""
        step = span if isinstance(span, timedelta) else timedelta(seconds=span)
        self._now += step
        self._elapsed += step.total_seconds()

    def set_back(self, span: timedelta) -> None:
        """Somebody turns the wall clock back; monotonic time does not care."""
        self._now -= span
