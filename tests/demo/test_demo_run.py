"""The demo as a program: what it prints, whom it starts, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import httpx
import pytest

from maa_notify.demo.run import notifier_environment
from maa_notify.demo.server import DemoServer
from tests.demo.support import ROOT, need_browser_tools

PROGRAM = """
import sys
from maa_notify.demo import server
from maa_notify.demo.run import DemoOptions, run_demo
from tests.demo.support import blank_assets

server.load_assets = blank_assets
scenario, every, bot, open_browser = map(int, sys.argv[1:])
sys.exit(run_demo(DemoOptions(bool(scenario), bool(open_browser), every, bool(bot))))
"""
"""The demo without its renderer, so that no npm package is needed."""


@contextmanager
def _demo(
    tmp_path: Path, *, bot: bool = False, scenario: bool = False, browser: str | None = None
) -> Iterator[subprocess.Popen[str]]:
    numbers = (scenario, 1, bot, browser is not None)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *(str(int(number)) for number in numbers)],
        cwd=ROOT,
        env={
            **os.environ,
            "TMPDIR": str(tmp_path),
            "MAA_STATE": "nonsense",
            "MAA_DESTINATIONS": "nonsense",
            "BROWSER": browser or "",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    """Return where the demo says it can be seen; it says that, where the bot writes, and how to stop it."""
    assert process.stdout is not None
    lines = list(takewhile(lambda line: line != "Press Ctrl-C to stop.\n", process.stdout))
    assert lines, "it ended before it told its address"
    assert lines[0].startswith("MAA Notify demo: open http://127.0.0.1:")
    return lines[0].split()[-1]


def _wait_for_a_poll(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False) as client:
        deadline = time.monotonic() + 30
        while not client.get("/api/state").json()["notifier"]["log"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _children_of(process: subprocess.Popen[str]) -> list[int]:
    """Return the programs that its main thread started, where the system tells."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


def _is_running(pid: int) -> bool:
    """Whether that program runs; one that ended and was not yet collected does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_the_tour_waits_until_somebody_looks(tmp_path: Path) -> None:
    """Nothing is filed before the page is open; then the tour begins."""
    with _demo(tmp_path, scenario=True) as process:
        address = _address(process)
        _wait_for_a_poll(address)
        with httpx.Client(base_url=address, trust_env=False) as client:
            before = client.get("/api/state").json()["scenario"]
            with client.stream("GET", "/api/stream") as stream:
                states = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: {"))
                during = next(state for state in states if state.get("scenario", before)["running"])

    assert not before["running"]
    assert during["scenario"]["running"]


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_it_opens_the_browser_without_our_settings(tmp_path: Path) -> None:
    """The visitor's own browser gets the address, and none of our settings."""
    noted, program = tmp_path / "noted", tmp_path / "browser"
    program.write_text(
        f'#!/bin/sh\n{{ echo "$1"; env; }} > {noted}.new && mv {noted}.new {noted}\n', encoding="utf-8"
    )
    program.chmod(0o700)
    with _demo(tmp_path, browser=f"{program} %s") as process:
        address = _address(process)
        deadline = time.monotonic() + 30
        while not noted.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    told = noted.read_text(encoding="utf-8")

    assert told.splitlines()[0] == address
    assert "nonsense" not in told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
@pytest.mark.parametrize(
    "number,bot",
    [
        (signal.SIGINT, False),
        (signal.SIGTERM, False),
        pytest.param(signal.SIGINT, True, marks=pytest.mark.browser),
    ],
)
def test_it_stops_without_a_trace(tmp_path: Path, number: signal.Signals, bot: bool) -> None:
    """A few lines are printed; a signal ends it with 0, all it started with it, and no file stays behind."""
    if bot:
        need_browser_tools()
    with _demo(tmp_path, bot=bot) as process:
        address = _address(process)
        _wait_for_a_poll(address)
        children = _children_of(process)
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)

        assert (process.returncode, rest, errors) == (0, "", "")
        assert list(tmp_path.iterdir()) == []
        assert not any(map(_is_running, children))
        with pytest.raises(httpx.ConnectError):
            httpx.get(address, trust_env=False)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the notifier through /proc")
def test_no_notifier_outlives_it(tmp_path: Path) -> None:
    """Even a demo that is killed, with no chance to tidy up, leaves no notifier behind."""
    with _demo(tmp_path) as process:
        _wait_for_a_poll(_address(process))
        (notifier,) = _children_of(process)
        process.kill()
        deadline = time.monotonic() + 20
        while _is_running(notifier):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the notifier through /proc")
def test_it_says_so_when_the_notifier_dies(tmp_path: Path) -> None:
    """A notifier that ends by itself ends the demo with 1, a sentence and no traceback."""
    with _demo(tmp_path) as process:
        _wait_for_a_poll(_address(process))
        (notifier,) = _children_of(process)
        os.kill(notifier, signal.SIGKILL)
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 1
    assert errors.startswith("maa-notify: the notifier ended by itself with exit code -9.\n")
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_the_notifier_gets_the_demo_s_settings_only(server: DemoServer, tmp_path: Path) -> None:
    """Settings of the visitor's own never reach the notifier, however they are spelled; the rest does."""
    base = {"MAA_DESTINATIONS": "[]", "maa_reminders": "", "HOME": "/home/x", "NO_PROXY": "intra.example"}
    destination = {"MAA_TEAMS_WEBHOOK_URL": "http://127.0.0.1:5/hook/demo"}
    environment = notifier_environment(server, tmp_path / "state.db", destination, base)

    assert {name: value for name, value in environment.items() if name.upper().startswith("MAA_")} == {
        "MAA_TENANT_ID": "7d1c0f2e-0009-4e6a-8f00-000000000009",
        "MAA_CLIENT_ID": "7d1c0f2e-0010-4e6a-8f00-000000000010",
        "MAA_CLIENT_SECRET": server.entra.secret,
        "MAA_AUTHORITY_URL": server.url,
        "MAA_GRAPH_URL": server.url,
        **destination,
        "MAA_APPROVERS": "on",
        "MAA_APPROVERS_EVERY": "1m",
        "MAA_WATCH": "on",
        "MAA_WATCH_EVERY": "1m",
        "MAA_POSTURE": "on",
        "MAA_STATE": f"sqlite:///{(tmp_path / 'state.db').as_posix()}",
    }
    assert (environment["HOME"], environment["NO_PROXY"]) == ("/home/x", "127.0.0.1,localhost,intra.example")
