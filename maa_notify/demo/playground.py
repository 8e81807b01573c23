"""Microsoft's 365 Agents Playground: a local substitute for Teams, with a page of channels and chats.

It serves the Bot Connector and draws cards with the renderer of Teams. It checks little: no token, no
limits. It has its own ids for people, and no tenant. A pre-release, for development only: it comes with
`make setup`, and nothing of it is part of this project.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from maa_notify.demo.errors import PlaygroundError
from maa_notify.demo.loopback import free_port
from maa_notify.rendering.child import environment_of_child
from maa_notify.rendering.renderer import NODE_MODULES

MESSAGES: Final = "/api/messages"
"""Where a bot takes what people write."""
CHANNEL: Final = "channel-announcements-id"
"""The channel Announcements."""

_PROGRAM = Path("@microsoft", "m365agentsplayground", "cli.js")
_LOOPBACK = NODE_MODULES.parent / "loopback.cjs"
_READY_SECONDS = 30
_GRACE_SECONDS = 10


def opens_channel(activity: bytes) -> bool:
    """Whether the Playground tells its bot that somebody at its page opened the channel of the cards."""
    try:
        told = json.loads(activity)
        return bool(told["type"] == "installationUpdate" and told["conversation"]["id"] == CHANNEL)
    except (LookupError, TypeError, ValueError):
        return False


class Playground(AbstractContextManager["Playground"]):
    """A running Playground; starts as it is entered and ends as it is left."""

    def __init__(self, messages_url: str, node_modules: Path = NODE_MODULES) -> None:
        """What people write goes to `messages_url`; the page shows nothing until that answers."""
        node, program = shutil.which("node"), node_modules / _PROGRAM
        if node is None or not program.is_file():
            raise PlaygroundError(
                "The Agents Playground is not installed: install Node.js, then run make setup."
            )
        self._port = free_port()
        self._command = [node, "--require", str(_LOOPBACK), str(program)]
        self._command += ["-e", messages_url, "-c", "msteams", "--dt", "true"]

    @property
    def url(self) -> str:
        """Its page, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def service_url(self) -> str:
        """Its Bot Connector."""
        return f"{self.url}/_connector"

    def __enter__(self) -> Self:
        """Start it without telemetry or a window, on this machine's own address, in a folder of its own."""
        self._folder = Path(tempfile.mkdtemp(prefix="maa-notify-playground-"))
        environment = {
            **environment_of_child(os.environ),
            "APPLICATION_INSIGHTS_NO_STATSBEAT": "true",  # goes out even where --dt has turned telemetry off
            "TEAMSAPPTESTER_BROWSER": "none",
        }
        with (self._folder / "output.txt").open("w") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the program of the package, with our own arguments
                [*self._command, "-p", str(self._port)],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=sys.platform != "win32",
            )
        if not self._is_ready():
            self._end()
            raise PlaygroundError("The Agents Playground did not start.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it and remove its folder."""
        self._end()

    def _is_ready(self) -> bool:
        end = time.monotonic() + _READY_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            try:
                httpx.get(self.url, timeout=2, trust_env=False)
                return True
            except httpx.TransportError:
                time.sleep(0.1)
        return False

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
