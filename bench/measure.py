"""Time, taken side by side: each round runs every contender once, so that drift hits all of them."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Run = Callable[[], "Span | None"]
"""What is timed: by itself if it returns a `Span`, else as a whole."""

Contender = Callable[[], Run]
"""Makes one run ready, outside the measured time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, on both clocks."""

    cpu: float
    wall: float

    @staticmethod
    def now() -> "Moment":
        """The processor time of this process, and the time on the wall."""
        return Moment(time.process_time(), time.perf_counter())


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds between two moments."""

    cpu: float
    wall: float

    @staticmethod
    def between(start: Moment, end: Moment) -> "Span":
        """From one to the other."""
        return Span(end.cpu - start.cpu, end.wall - start.wall)


@dataclass(frozen=True, slots=True)
class Paired:
    """What two contenders took in the same rounds, in one unit."""

    floor: Sequence[float]
    product: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: what slows a whole round down cancels out."""
        return statistics.median(self._ratios())

    @property
    def spread(self) -> float:
        """How far the middle half of the ratios lies apart, as a share of the median."""
        ratios = self._ratios()
        if len(ratios) < 2:  # noqa: PLR2004 - one has no spread
            return 0.0
        lower, _, upper = statistics.quantiles(ratios, n=4, method="inclusive")
        return (upper - lower) / self.ratio

    def _ratios(self) -> list[float]:
        return [product / floor for floor, product in zip(self.floor, self.product, strict=True)]


def rounds(floor: Contender, product: Contender, *, runs: int, warm_up: int = 2) -> tuple[Paired, Paired]:
    """Runs both in turn, each first every second time; the first rounds are not counted.

    Returns:
        Processor time, and time on the wall.
    """
    spans: list[tuple[Span, Span]] = []
    for number in range(warm_up + runs):
        if number % 2:
            bare, full = _timed(floor()), _timed(product())
        else:
            full, bare = _timed(product()), _timed(floor())
        spans.append((bare, full))
    counted = spans[warm_up:]
    cpu = Paired([bare.cpu for bare, _ in counted], [full.cpu for _, full in counted])
    wall = Paired([bare.wall for bare, _ in counted], [full.wall for _, full in counted])
    return cpu, wall


def _timed(run: Run) -> Span:
    gc.collect()
    start = Moment.now()
    span = run()
    return span or Span.between(start, Moment.now())
