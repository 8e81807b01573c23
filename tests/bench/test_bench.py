"""The benchmark says what it measured, and fails when a goal is missed by more than the margin."""

import ast
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bench.__main__ import SCENARIOS
from bench.child import NEEDED
from bench.floor import batches
from bench.goals import FIRST_POLL, GOALS, MARGIN, PACE_USED, POLL, Figure, Goal, exit_code
from bench.measure import Paired, Span, rounds
from bench.report import BEGIN, END, PAGE, page_with
from bench.scenarios import most_within, share_of_limit
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.storage.rows import Row

ROOT = Path(__file__).parents[2]


def figure(goal: Goal = POLL, ratio: float = 1.0) -> Figure:
    """A line of the table."""
    return Figure(goal, "100 listed", "10.0 ms", f"{ratio * 10:.1f} ms", ratio)


def third_party_imports() -> Iterator[str]:
    """The packages that the deployed code imports when it is itself imported, the demo left out."""
    for path in (ROOT / "function_app.py", *(ROOT / "maa_notify").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import) and "demo" not in path.parts:
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and "demo" not in path.parts:
                yield str(node.module)


def test_every_goal_is_measured() -> None:
    """A goal that nothing is held against would always look met."""
    measured = [goal for scenario in SCENARIOS for goal in scenario.goals]

    assert sorted(map(repr, measured)) == sorted(map(repr, GOALS))


@pytest.mark.parametrize(
    "goal, ratio, verdict, code",
    [
        (POLL, POLL.ratio, "met", 0),
        (POLL, 1.25 * (1 + MARGIN / 2), "missed", 0),
        (POLL, 1.25 * (1 + MARGIN * 2), "missed", 1),
        (PACE_USED, 0.95, "met", 0),
        (PACE_USED, 0.9 * (1 - MARGIN * 2), "missed", 1),
        (FIRST_POLL, 1_000.0, "", 0),
    ],
)
def test_a_goal_missed_by_more_than_the_margin_fails_the_run(
    goal: Goal, ratio: float, verdict: str, code: int
) -> None:
    """Noise fails nothing, a step backwards does, and a figure without a goal is only stated."""
    found = figure(goal, ratio)

    assert (found.verdict, exit_code([figure(), found])) == (verdict, code)


def test_the_table_replaces_the_one_before_and_nothing_else() -> None:
    """Words around the table are a person's."""
    page = f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe reason.\n"

    once = page_with(page, [figure(ratio=2.0)], "Measured somewhere.")

    assert once.startswith(f"# Title\n\n{BEGIN}\n\nMeasured somewhere.\n\n| measure |")
    assert once.endswith(f"\n\n{END}\n\nThe reason.\n")
    assert "| 2.00 | | ≤ 1.25 | **missed** |" in once
    assert page_with(once, [figure(ratio=2.0)], "Measured somewhere.") == once


def test_a_page_without_markers_is_not_overwritten() -> None:
    """A page that somebody rewrote is no place to guess where the table goes."""
    with pytest.raises(ValueError, match="markers"):
        page_with(f"# Title\n\n{END}\n{BEGIN}\n", [], "")


def test_the_page_has_room_for_the_table() -> None:
    """`make bench` finds its place after minutes of work."""
    assert END in page_with(PAGE.read_text(encoding="utf-8"), [figure()], "")


def test_what_slows_a_whole_round_down_cancels_out() -> None:
    """The machine may be busy for a while: it is so for both."""
    taken = Paired(floor=[1.0, 10.0, 1.0], product=[1.2, 12.0, 1.2])

    assert taken.ratio == pytest.approx(1.2)
    assert taken.spread == pytest.approx(0.0)


def test_both_run_in_turn_and_the_warm_up_is_not_counted() -> None:
    """Neither side always goes first, and making a run ready costs nothing."""
    order: list[str] = []

    def contender(name: str, seconds: float) -> Callable[[], Callable[[], Span]]:
        def run() -> Span:
            order.append(name)
            return Span(seconds, seconds * 2)

        return lambda: run

    cpu, wall = rounds(contender("floor", 1.0), contender("product", 3.0), runs=2, warm_up=1)

    assert order == ["product", "floor", "floor", "product", "product", "floor"]
    assert (cpu, wall) == (Paired([1.0, 1.0], [3.0, 3.0]), Paired([2.0, 2.0], [6.0, 6.0]))


def test_bare_writes_lose_no_row() -> None:
    """A floor that writes less would be too low."""
    rows = [Row(str(number), "", "") for number in range(250)]

    assert [len(batch) for batch in batches(rows)] == [100, 100, 50]


def test_the_floor_imports_what_the_code_imports() -> None:
    """The cold start is held against these packages; one that nobody needs any more would hide a slow one."""
    found = {name for name in third_party_imports() if name.split(".")[0] not in sys.stdlib_module_names}

    assert [each for each in NEEDED if not any(name.startswith(each) for name in found)] == []


def test_the_busiest_window_is_found_wherever_it_begins() -> None:
    """A limit of 25 in 300 s holds for any 300 s, not for those that begin at the full minute."""
    times = [0.0, 200.0, 290.0, 301.0, 499.0, 500.0]

    assert most_within(times, 300.0) == 4
    assert most_within([0.0, 300.0], 300.0) == 1


def test_a_share_of_the_limit_counts_whole_windows_only() -> None:
    """The backlog ends somewhere in the last window, which says nothing of the pace."""
    limits = DeliveryLimits(rate_limit=2, rate_window=timedelta(seconds=300))

    assert share_of_limit([0.0, 1.0, 300.0, 600.0], limits) == pytest.approx(3 / 4)
