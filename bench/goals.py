"""What is to be reached, what was measured, and whether that is good enough."""

from collections.abc import Iterable
from dataclasses import dataclass

MARGIN = 0.10
"""A ratio this much worse than its goal fails the run; closer misses are written down, not failed."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio to a floor that must not be exceeded, or with `at_least` must be reached."""

    name: str
    ratio: float | None = None
    at_least: bool = False

    def __str__(self) -> str:
        """As the table says it."""
        if self.ratio is None:
            return "stated"
        return f"{'≥' if self.at_least else '≤'} {self.ratio:.2f}"


POLL = Goal("poll with nothing new", 1.25)
FIRST_POLL = Goal("the same, first poll of a process")
HISTORY = Goal("poll with nothing new, with history", 1.05)
TRIPS = Goal("round trips of a poll with nothing new", 1.0)
BURST = Goal("burst of new requests until all are recorded", 1.8)
FIRST_CARD = Goal("first request to first card", 1.5)
FIRST_CARD_READ = Goal("the same, the floor reads the state too")
COLD_START = Goal("cold start", 1.15)
DISK = Goal("deployed environment on disk")
MEMORY = Goal("peak memory of a poll", 1.0)
BODIES = Goal("memory that large bodies cost", 1.0)
PACE = Goal("cards in any 300 s", 1.0)
PACE_USED = Goal("cards while a backlog waits", 0.9, at_least=True)
FLEET = Goal("tenants of a fleet polled in a minute")
FLEET_WORK = Goal("processor time for each of them")
FLEET_MEMORY = Goal("peak memory of a fleet", 2.0)

GOALS = (
    POLL,
    FIRST_POLL,
    HISTORY,
    TRIPS,
    BURST,
    FIRST_CARD,
    FIRST_CARD_READ,
    COLD_START,
    DISK,
    MEMORY,
    BODIES,
    PACE,
    PACE_USED,
    FLEET,
    FLEET_WORK,
    FLEET_MEMORY,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        goal: what it is held against.
        what: the circumstances: how many are listed, on which store, which clock.
        floor: the median of the floor, with its unit.
        product: the median of the notifier, with its unit.
        ratio: the second to the first.
        spread: how far the middle half of the runs lies apart, as a share of the ratio.
    """

    goal: Goal
    what: str
    floor: str
    product: str
    ratio: float
    spread: float = 0.0

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or "" where nothing is asked for."""
        return "" if self.goal.ratio is None else "met" if self.excess <= 0 else "missed"

    @property
    def excess(self) -> float:
        """How much worse than the goal, as a share of the goal; not above 0 when it is met."""
        if self.goal.ratio is None:
            return 0.0
        more = self.ratio / self.goal.ratio - 1
        return -more if self.goal.at_least else more


def exit_code(figures: Iterable[Figure]) -> int:
    """1 when any figure misses its goal by more than the margin."""
    return int(any(figure.excess > MARGIN for figure in figures))
