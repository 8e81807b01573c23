"""`python -m bench [--quick]`: measures everything, shows it, and keeps it in `docs/performance.md`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import goals
from bench.backends import SqliteBackend, TableBackend
from bench.fleet import fleets
from bench.footprint import bodies, cold_start, disk, memory
from bench.goals import Figure
from bench.report import PAGE, circumstances, heading, line, page_with, progress, say
from bench.scenarios import FULL, QUICK, Bench, Scenario, bursts, first_cards, histories, pace, polls
from tests.support.azurite import Azurite

SCENARIOS = (
    Scenario((goals.POLL, goals.FIRST_POLL, goals.TRIPS), polls),
    Scenario((goals.HISTORY,), histories),
    Scenario((goals.BURST,), bursts),
    Scenario((goals.FIRST_CARD, goals.FIRST_CARD_READ), first_cards),
    Scenario((goals.COLD_START,), cold_start),
    Scenario((goals.DISK,), disk),
    Scenario((goals.MEMORY,), memory),
    Scenario((goals.BODIES,), bodies),
    Scenario((goals.PACE, goals.PACE_USED), pace),
    Scenario((goals.FLEET, goals.FLEET_WORK, goals.FLEET_MEMORY), fleets),
)


def main() -> int:
    """Runs the benchmark; the exit code is 1 when a goal is missed by more than the margin."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small and fast; docs/performance.md stays")
    parser.add_argument("--only", default="", help="only the groups whose name contains this; the page stays")
    chosen = parser.parse_args()
    say(heading())
    figures: list[Figure] = []
    loads = [_load()]
    with tempfile.TemporaryDirectory() as folder, Azurite() as azurite:
        bench = Bench(
            QUICK if chosen.quick else FULL,
            SqliteBackend(Path(folder) / "bench.db"),
            TableBackend(azurite.connection_string),
        )
        for figure in _measured(bench, chosen.only):
            progress("\r")
            say(line(figure))
            figures.append(figure)
            loads.append(_load())
    summary = circumstances(figures, loads)
    say(f"\n{summary}")
    if not chosen.quick and not chosen.only:
        PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), figures, summary), encoding="utf-8")
    return goals.exit_code(figures)


def _measured(bench: Bench, only: str) -> Iterator[Figure]:
    for scenario in SCENARIOS:
        if only in scenario.measure.__name__:
            yield from scenario.measure(bench)


def _load() -> float:
    """How busy the machine is; 0 where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


if __name__ == "__main__":
    sys.exit(main())
