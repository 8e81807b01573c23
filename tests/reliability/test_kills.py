"""The process is killed at every point of I/O, then started again: nothing lost, at most one card twice."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from maa_notify import app
from maa_notify.clock import Clock, SystemClock
from maa_notify.polling.report import Report
from tests.reliability.killable import QUICK
from tests.support.azurite import Azurite
from tests.support.cards import texts
from tests.support.channels import FakeChannel
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.process import ROOT, environment

Settings = dict[str, str]


@pytest.fixture(params=["sqlite", pytest.param("azurite", marks=pytest.mark.azurite)])
def fresh_settings(
    request: pytest.FixtureRequest, graph: FakeGraph, channel: FakeChannel, tmp_path: Path
) -> Callable[[], Settings]:
    """Makes settings with an empty state store each time."""

    def make() -> Settings:
        name = f"T{uuid4().hex}"
        state = f"sqlite:///{tmp_path / name}.db"
        if request.param == "azurite":
            azurite: Azurite = request.getfixturevalue("azurite")
            state = azurite.connection_string
        return {
            "MAA_TENANT_ID": TENANT,
            "MAA_ACCESS_TOKEN": "x",
            "MAA_GRAPH_URL": graph.url,
            **channel.settings,
            "MAA_STATE": state,
            "MAA_TABLE_NAME": name,
            "KILLABLE_POINTS": str(tmp_path / "points"),
        }

    return make


def run(point: int, settings: Settings) -> int:
    """Runs the command; returns its exit code, negative or 137 when it was killed."""
    command = [sys.executable, "-m", "tests.reliability.killable", str(point)]
    done = subprocess.run(
        command, env=environment(settings), cwd=ROOT, capture_output=True, timeout=50, check=False
    )
    return done.returncode


class SkippingClock(SystemClock):
    """The machine's clock, but for sleeping: that puts it forward, since whoever is waited for is dead."""

    _ahead = timedelta()

    def now(self) -> datetime:
        """The current time in UTC, and what was slept."""
        return super().now() + self._ahead

    def monotonic(self) -> float:
        """The same in seconds."""
        return super().monotonic() + self._ahead.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Returns at once."""
        self._ahead += timedelta(seconds=seconds)


def poll_in_peace(settings: Settings, clock: Clock) -> Report:
    """The same poll without a bomb, in this process: it only has to see what a new process would see."""
    notifier = app.build(settings, clock, QUICK)
    try:
        return notifier.poll()
    finally:
        notifier.close()


def keys(channel: FakeChannel) -> Counter[str]:
    """The short keys on the cards that came, with how often."""
    lines = (line for card in channel.rings for line in texts(card) if line.startswith("Key "))
    return Counter(line.split()[1] for line in lines)


def one_life(graph: FakeGraph, settings: Settings, point: int) -> tuple[int, list[Report]]:
    """A poll in peace, one that finds two kinds of news and is killed at a point, two more in peace."""
    known, quiet = make_request(), make_request()
    graph.requests = [known, quiet]
    clock = SkippingClock()
    first = poll_in_peace(settings, clock)
    graph.requests = [{**known, "status": "approved"}, make_request(), quiet]
    code = run(point, settings)
    return code, [first, poll_in_peace(settings, clock), poll_in_peace(settings, clock)]


@pytest.mark.timeout(600)
def test_killed_at_every_point(
    fresh_settings: Callable[[], Settings], graph: FakeGraph, channel: FakeChannel
) -> None:
    """Four cards arrive whatever happens, and only a kill right after a post makes one of them come twice."""
    settings = fresh_settings()
    one_life(graph, settings, 0)
    assert keys(channel).total() == 4
    points = int(Path(settings["KILLABLE_POINTS"]).read_text(encoding="ascii"))
    for point in range(1, points + 1):
        before = keys(channel)

        code, reports = one_life(graph, fresh_settings(), point)

        came = keys(channel) - before
        assert code in {-9, 137}, point
        assert [(report.pending, report.failure) for report in reports] == [(0, None)] * 3, point
        assert len(came) == 4, f"point {point}: {came}"
        assert came.total() <= 5, f"point {point}: {came}"
