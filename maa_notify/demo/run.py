"""Runs the demo: the server, and the real notifier as a program of its own that polls it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import IO, Any, Final

from maa_notify.demo.errors import DemoError
from maa_notify.demo.notifier_log import NotifierLog
from maa_notify.demo.playground import CHANNEL, MESSAGES, Playground
from maa_notify.demo.server import DemoServer
from maa_notify.rendering.errors import RenderingError

TENANT_ID: Final = "7d1c0f2e-0009-4e6a-8f00-000000000009"
"""The tenant that the notifier believes it watches."""

Stop = SimpleQueue[int]
"""Signals to end; unlike an Event it may be filled while its own wait is interrupted."""

_LOOK_EVERY_SECONDS = 0.2
_GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to show: the prepared requests or none, in which pages, and how often the notifier polls."""

    scenario: bool = True
    open_browser: bool = False
    every: int = 2
    bot: bool = False
    """Whether cards come by the bot, into Microsoft's Agents Playground, instead of by the webhook."""


def run_demo(show: DemoOptions, *, port: int = 0) -> int:
    """Run until Ctrl-C or SIGTERM and return 0; return 1 if it cannot start or the notifier dies."""
    with _stop_signals() as stop:
        try:
            with DemoServer(port) as server, _teams(server, bot=show.bot) as teams:
                return _run(server, teams, stop, show)
        except (DemoError, RenderingError) as error:
            print(f"maa-notify: {error}", file=sys.stderr)
            return 1


@contextmanager
def _teams(server: DemoServer, *, bot: bool) -> Iterator[Playground | None]:
    """The client that the bot writes to, if it is to be the bot."""
    if not bot:
        yield None
        return
    with Playground(f"{server.url}{MESSAGES}") as playground:
        yield playground


def _run(server: DemoServer, teams: Playground | None, stop: Stop, show: DemoOptions) -> int:
    settings = _way(server.url, teams)
    with _scratch_folder() as folder, _notifier(server, folder, show.every, settings) as child:
        print(f"MAA Notify demo: open {server.url}/", flush=True)
        if teams is not None:
            print(f"The channel Announcements of a local Teams: {teams.url}/", flush=True)
        print("Press Ctrl-C to stop.", flush=True)
        if show.open_browser:
            webbrowser.open(f"{server.url}/")
        if show.scenario:
            server.scenario.start()
        asked = _wait(child, stop)
    if asked:
        return 0
    told = (
        f"maa-notify: the notifier ended by itself with exit code {child.returncode}.",
        *server.log.lines[-8:],
    )
    print(*told, sep="\n", file=sys.stderr)
    return 1


def _wait(child: subprocess.Popen[str], stop: Stop) -> bool:
    """Wait until somebody asks to stop (True) or the notifier ends by itself (False)."""
    while child.poll() is None:
        with suppress(Empty):
            stop.get(timeout=_LOOK_EVERY_SECONDS)
            return True
    return False


def _way(url: str, teams: Playground | None) -> dict[str, str]:
    """The settings by which cards come: the webhook of our own page, or the bot."""
    if teams is None:
        return {"MAA_TEAMS_WEBHOOK_URL": f"{url}/hook/demo"}
    address = {"channel_id": CHANNEL, "service_url": teams.service_url}
    return {
        "MAA_DESTINATIONS": json.dumps([{"name": "announcements", "bot": address}]),
        "MAA_BOT_CLIENT_ID": TENANT_ID,
        "MAA_BOT_ACCESS_TOKEN": "demo",
    }


def child_environment(
    url: str, state: Path, way: Mapping[str, str], base: Mapping[str, str]
) -> dict[str, str]:
    """Return the notifier's environment: the demo's settings, and nobody else's."""
    kept = {name: value for name, value in base.items() if not name.upper().startswith("MAA_")}
    package_root = str(Path(__file__).resolve().parents[2])
    return {
        **kept,
        "MAA_TENANT_ID": TENANT_ID,
        "MAA_ACCESS_TOKEN": "demo",
        "MAA_GRAPH_URL": url,
        **way,
        "MAA_STATE": f"sqlite:///{state.as_posix()}",
        "NO_PROXY": _joined(",", "127.0.0.1,localhost", base.get("NO_PROXY", "")),
        "PYTHONPATH": _joined(os.pathsep, package_root, base.get("PYTHONPATH", "")),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


@contextmanager
def _stop_signals() -> Iterator[Stop]:
    """Turn Ctrl-C and a request to end into an entry of a queue, and put everything back afterwards."""
    stop: Stop = SimpleQueue()

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        stop.put(number)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = {number: signal.signal(number, ask_to_stop) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """Lend a folder of our own and remove it."""
    folder = Path(tempfile.mkdtemp(prefix="maa-notify-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _notifier(
    server: DemoServer, folder: Path, every: int, way: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Start the notifier, follow its log, and end it."""
    command = [sys.executable, "-m", "maa_notify.demo.leash", "watch", "--every", str(every)]
    with subprocess.Popen(  # noqa: S603 - our own package, with this very interpreter
        command,
        env=child_environment(server.url, folder / "state.db", way, os.environ),
        stdin=subprocess.PIPE,  # the leash: never written to
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        **_apart_from_the_terminal(),
    ) as child:
        reader = threading.Thread(target=_forward, args=(child.stdout, server.log), daemon=True)
        reader.start()
        server.log.started(every)
        try:
            yield child
        finally:
            _end(child)
            reader.join(_GRACE_SECONDS)
            server.log.ended()


def _apart_from_the_terminal() -> dict[str, Any]:
    """Keep Ctrl-C in the terminal from reaching the notifier before we end it ourselves."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _forward(lines: IO[str] | None, log: NotifierLog) -> None:
    for line in lines or ():
        log.say(line)


def _end(child: subprocess.Popen[str]) -> None:
    """Ask the notifier to end, and insist after a while."""
    child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _joined(separator: str, *parts: str) -> str:
    return separator.join(part for part in parts if part)
