"""The table: a line on the screen as soon as it is known, and the whole in `docs/performance.md`."""

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.goals import MARGIN, Figure

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN = "<!-- The table below is written by `make bench`. -->"
END = "<!-- Here ends what `make bench` writes. -->"

_HEAD = ("measure", "with", "floor", "notifier", "ratio", "spread", "goal", "")
_WIDTHS = (44, 36, 10, 10, 6, 6, 6, 6)


def say(text: str) -> None:
    """A line on the screen, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def progress(text: str) -> None:
    """What is being measured now, on a terminal only; the next line takes its place."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text} ")
        sys.stderr.flush()


def heading() -> str:
    """The head of the table on the screen."""
    return _aligned(_HEAD)


def line(figure: Figure) -> str:
    """A figure on the screen."""
    return _aligned(_cells(figure))


def page_with(page: str, figures: Sequence[Figure], circumstances: str) -> str:
    """The page with a new table between its markers.

    Raises:
        ValueError: the page has not both markers, in this order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks the markers of the table")
    return f"{before}{BEGIN}\n\n{circumstances}\n\n{_markdown(figures)}\n\n{END}{after}"


def circumstances(figures: Sequence[Figure], loads: Sequence[float]) -> str:
    """Where and how the table came about, noise included."""
    spreads = [figure.spread for figure in figures if figure.spread] or [0.0]
    met = sum(figure.verdict == "met" for figure in figures)
    missed = [figure for figure in figures if figure.verdict == "missed"]
    return (
        f"Measured on {datetime.now(UTC):%d %B %Y} with Python {platform.python_version()} on"
        f" {platform.system()} {platform.machine()}, {os.cpu_count()} processors; load average"
        f" {min(loads):.1f} to {max(loads):.1f} while it ran. The middle half of the runs lies"
        f" {statistics.median(spreads):.0%} apart (median of all lines; the worst {max(spreads):.0%})."
        f" {met} goals met, {len(missed)} missed. The run fails beyond a margin of {MARGIN:.0%}."
    )


def _markdown(figures: Sequence[Figure]) -> str:
    rows = [_HEAD, ("---",) * len(_HEAD), *map(_cells, figures)]
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


def _cells(figure: Figure) -> tuple[str, ...]:
    spread = f"{figure.spread:.0%}" if figure.spread else ""
    verdict = f"**{figure.verdict}**" if figure.verdict == "missed" else figure.verdict
    ratio = f"{figure.ratio:.2f}"
    return (
        figure.goal.name,
        figure.what,
        figure.floor,
        figure.product,
        ratio,
        spread,
        str(figure.goal),
        verdict,
    )


def _aligned(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
