"""Finds the numbers at the foot of a destination's cards for which there is no row. Pure."""

from collections.abc import Iterable

from msgspec import Struct


class Numbers(Struct, frozen=True):
    """The numbers of one destination.

    Attributes:
        destination: its name.
        first: the lowest that is known; 0 for none.
        last: the highest that was given.
        missing: those between them that are neither in the journal, nor given up, nor waiting.
    """

    destination: str
    first: int
    last: int
    missing: tuple[int, ...]

    @property
    def told(self) -> str:
        """The missing ones for people, with a hyphen for those in a row; "" for none."""
        return " ".join(f"{low}-{high}" if high > low else str(low) for low, high in _in_rows(self.missing))


def numbers_of(destination: str, known: Iterable[int], last: int) -> Numbers:
    """The numbers of a destination.

    Args:
        destination: its name.
        known: all that anything that is remembered has; 0 counts for nothing.
        last: the highest that was given, as the destination's own row tells.
    """
    found = {each for each in known if each > 0}
    last = max(last, *found, 0)
    first = min(found, default=last)
    missing = tuple(each for each in range(first, last + 1) if each and each not in found)
    return Numbers(destination, first, last, missing)


def _in_rows(numbers: Iterable[int]) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    for each in numbers:
        if rows and rows[-1][1] == each - 1:
            rows[-1] = rows[-1][0], each
        else:
            rows.append((each, each))
    return rows
