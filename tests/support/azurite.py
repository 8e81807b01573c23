"""Azurite, Microsoft's own storage emulator, as the real Table and Queue Storage of the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from maa_notify.demo.loopback import free_port

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

SOURCE = Path(__file__).parents[2] / "tools" / "node_modules" / "azurite" / "dist" / "src"
ACCOUNT = "devstoreaccount1"
PUBLISHED_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account key of every emulator in the world, printed in Microsoft's documentation."""
ATTEMPTS = 3
START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05


class AzuriteMissingError(RuntimeError):
    """Node or the Azurite package is not installed."""


class AzuriteStartError(RuntimeError):
    """Azurite is installed but does not listen."""


class Azurite:
    """One service in memory on a free loopback port, for as long as the ``with`` block lasts."""

    def __init__(self, service: str = "table", main: Path | None = None) -> None:
        """Find node and the package, or say how to get them; ``service`` is ``table`` or ``queue``."""
        self._service = service
        main = main or SOURCE / service / "main.js"
        node = shutil.which("node")
        if not node or not main.is_file():
            lacking = f"{main} is missing" if node else "node is not on the PATH"
            message = f"Azurite cannot start, {lacking}: run `make setup`"
            raise AzuriteMissingError(message)
        self.main = main
        self._command = [node, str(main), f"--{service}Host", "127.0.0.1"]
        self._command += ["--inMemoryPersistence", "--disableTelemetry", "--silent", f"--{service}Port"]
        self._folder = tempfile.TemporaryDirectory(prefix="azurite-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The endpoint of the service, with the account."""
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """What a storage client needs to sign in."""
        account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={PUBLISHED_KEY}"
        return f"{account};{self._service.title()}Endpoint={self.url};"

    def start(self) -> None:
        """Start on a free port, again on another one when somebody else was quicker."""
        for _ in range(ATTEMPTS):
            self.port = free_port()
            self._process = self._launch()
            if self._listens(self._process, time.monotonic() + START_SECONDS):
                return
            self.stop()
        said = (Path(self._folder.name) / "output.txt").read_text(encoding="utf-8", errors="replace")
        message = f"Azurite does not listen: {said[-2000:]}"
        raise AzuriteStartError(message)

    def stop(self) -> None:
        """End the process we started, by its id, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)

    def __enter__(self) -> Self:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.stop()
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        self._folder.cleanup()

    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the process with its output in a file of its own folder."""
        with (Path(self._folder.name) / "output.txt").open("wb") as output:
            return subprocess.Popen(
                [*self._command, str(self.port)],
                cwd=self._folder.name,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _listens(self, process: subprocess.Popen[bytes], deadline: float) -> bool:
        """Poll the port until it takes a connection, the process ends or time runs out."""
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return process.poll() is None
            time.sleep(POLL_SECONDS)
        return False
