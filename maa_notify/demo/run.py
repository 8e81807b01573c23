"""Runs the demo: the server, and the real notifier as a program of its own that polls it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import IO, Any

from maa_notify.demo.browser import open_page
from maa_notify.demo.channels import ROOT as WEBHOOKS
from maa_notify.demo.entra_api import CLIENT_ID, TENANT_ID
from maa_notify.demo.errors import DemoError
from maa_notify.demo.local_teams import METADATA, LocalTeams
from maa_notify.demo.local_teams import ROOT as LOCAL_TEAMS
from maa_notify.demo.loopback import HOST, free_port
from maa_notify.demo.notifier_log import NotifierLog
from maa_notify.demo.playground import CHANNEL, MESSAGES, Playground
from maa_notify.demo.program import program_environment
from maa_notify.demo.server import DemoServer
from maa_notify.rendering.errors import RenderingError

Stop = SimpleQueue[int]
"""Signals to end; unlike an Event it may be filled while its own wait is interrupted."""

AT_PAGE = "aiko"
"""Who sits at the page of the local Teams."""
AT_THE_PAGE = "There you are Aiko Mori, an approver: Personal Chat is your chat with the bot."

MENTIONED = "oskar.weiss@contoso.com"
"""Who is called when a decision is asked for."""

WAITING = "The tour begins when the page is open."
WAITING_IN_TEAMS = "The tour begins when you open the channel Announcements there, in the list on the left."

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


def run_demo(options: DemoOptions, *, port: int = 0) -> int:
    """Run until Ctrl-C or SIGTERM and return 0; return 1 if it cannot start or the notifier dies."""
    with _stop_signals() as stop:
        try:
            with DemoServer(port) as server, _playground(server, bot=options.bot) as playground:
                return _run(server, playground, stop, options)
        except (DemoError, RenderingError) as error:
            print(f"maa-notify: {error}", file=sys.stderr)
            return 1


@contextmanager
def _playground(server: DemoServer, *, bot: bool) -> Iterator[Playground | None]:
    """Start the local Teams that the bot writes to, if cards come by the bot."""
    if not bot:
        yield None
        return
    with Playground(f"{server.url}{MESSAGES}") as playground:
        yield playground


def _run(server: DemoServer, playground: Playground | None, stop: Stop, options: DemoOptions) -> int:
    destination = _destination(server.url, playground)
    endpoint = 0 if playground is None else _join(server, playground)
    with (
        _scratch_folder() as folder,
        _notifier(server, folder, options.every, destination, endpoint) as notifier,
    ):
        print(f"MAA Notify demo: open {server.url}/", flush=True)
        if playground is not None:
            server.show_playground(f"{playground.url}/")
            print(f"The channel Announcements of a local Teams: {playground.url}/", flush=True)
            print(AT_THE_PAGE, flush=True)
        if options.scenario:
            print(WAITING_IN_TEAMS if playground else WAITING, flush=True)
        if options.open_browser:
            open_page(f"{playground.url if playground else server.url}/")
        print("Press Ctrl-C to stop.", flush=True)
        is_to_play = options.scenario
        while notifier.poll() is None:
            if is_to_play and server.is_watched.is_set():
                server.scenario.start()
                is_to_play = False
            with suppress(Empty):
                stop.get(timeout=_LOOK_EVERY_SECONDS)
                return 0
    ended = f"maa-notify: the notifier ended by itself with exit code {notifier.returncode}."
    print(ended, *server.log.lines[-8:], sep="\n", file=sys.stderr)
    return 1


def _join(server: DemoServer, playground: Playground) -> int:
    """Let the notifier and the Playground speak to each other; return the port where the notifier listens."""
    port = free_port()
    endpoint = f"http://{HOST}:{port}{MESSAGES}"
    server.join(
        LocalTeams(playground.service_url, endpoint, CLIENT_ID, TENANT_ID, server.group.people(AT_PAGE))
    )
    return port


def _destination(url: str, playground: Playground | None) -> dict[str, str]:
    """Return the settings of the destinations: our own channel and chats, or the bot's channel."""
    if playground is None:
        hook = f"{url}{WEBHOOKS}"
        channel = {"name": "device approvals", "webhook_url": f"{hook}channel", "mentions": [MENTIONED]}
        chats = {"name": "requestors", "to": "requestor", "webhook_url": f"{hook}chat"}
        return {"MAA_DESTINATIONS": json.dumps([channel, chats])}
    address = {"channel_id": CHANNEL, "service_url": f"{url}{LOCAL_TEAMS}"}
    return {
        "MAA_DESTINATIONS": json.dumps([{"name": "announcements", "bot": address}]),
        "MAA_BOT_CLIENT_ID": CLIENT_ID,
        "MAA_BOT_ACCESS_TOKEN": "demo",
        "MAA_BOT_COMMANDS": "true",
        "MAA_APPROVER_CHAT": "true",
    }


def notifier_environment(
    server: DemoServer, state: Path, destination: Mapping[str, str], base: Mapping[str, str]
) -> dict[str, str]:
    """Return the notifier's environment: the demo's settings, and nobody else's."""
    return {
        **program_environment(base, server.url),
        "MAA_CLIENT_ID": CLIENT_ID,
        "MAA_CLIENT_SECRET": server.entra.secret,
        "MAA_AUTHORITY_URL": server.url,
        **destination,
        "MAA_APPROVERS": "on",
        "MAA_APPROVERS_EVERY": "1m",
        "MAA_WATCH": "on",
        "MAA_WATCH_EVERY": "1m",
        "MAA_POSTURE": "on",
        "MAA_STATE": f"sqlite:///{state.as_posix()}",
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
    server: DemoServer, folder: Path, every: int, destination: Mapping[str, str], port: int
) -> Iterator[subprocess.Popen[str]]:
    """Start the notifier, follow its log, and end it."""
    command = [sys.executable, "-m", "maa_notify.cli.demo_notifier", str(every)]
    command += [str(port), f"{server.url}{METADATA}"] if port else []
    with subprocess.Popen(  # noqa: S603 - our own package, with this very interpreter
        command,
        env=notifier_environment(server, folder / "state.db", destination, os.environ),
        stdin=subprocess.PIPE,  # for moves of the clock; and it ends when this program does
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        **_apart_from_the_terminal(),
    ) as notifier:
        reader = threading.Thread(target=_forward, args=(notifier.stdout, server.log), daemon=True)
        reader.start()
        server.log.started(every)
        server.clock.follow(partial(_move, notifier.stdin))
        try:
            yield notifier
        finally:
            _end(notifier)
            reader.join(_GRACE_SECONDS)
            server.log.ended()


def _apart_from_the_terminal() -> dict[str, Any]:
    """Keep Ctrl-C in the terminal from reaching the notifier before we end it ourselves."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _move(notifier: IO[str] | None, span: timedelta) -> None:
    """Tell the notifier how far its clock goes on; one that has ended needs no clock."""
    with suppress(OSError, ValueError):
        print(span.total_seconds(), file=notifier, flush=True)


def _forward(lines: IO[str] | None, log: NotifierLog) -> None:
    for line in lines or ():
        log.say(line)


def _end(notifier: subprocess.Popen[str]) -> None:
    """Ask the notifier to end, and kill it after a while."""
    notifier.terminate()
    try:
        notifier.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        notifier.kill()
        notifier.wait()
