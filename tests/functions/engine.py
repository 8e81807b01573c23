"""Microsoft's worker engine around a function app, without the Functions host.

The engine keeps its registry, ``sys.path`` and ``sys.modules`` for as long as the process lives, so every
``Engine`` has a fresh process of its own (``driver.py``), with the app settings as its environment::

    with Engine(app_folder, {"MAA_TENANT_ID": "…"}) as engine:
        assert engine.invoke_timer("poll").ok

It needs Python 3.13 and the package ``azure-functions-runtime``. The schedule, the timer lock, retries and
host.json belong to the host and are not covered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

DRIVER = Path(__file__).with_name("driver.py")
KEPT = frozenset({"PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL"})
"""What of our own environment the app may see; the engine would take CONTAINER_NAME for "in Azure"."""
SCHEDULE = {
    "Schedule": {"AdjustForDST": True},
    "ScheduleStatus": {
        "Last": "2026-08-18T07:42:00+00:00",
        "LastUpdated": "2026-08-18T07:42:00+00:00",
        "Next": "2026-08-18T07:43:00+00:00",
    },
}


class EngineStartError(RuntimeError):
    """The app could not be imported or indexed: in Azure it would show 0 functions."""


class EngineDiedError(RuntimeError):
    """The process ended, or ran out of time, in the middle of a call."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function as the engine indexed it."""

    name: str
    bindings: tuple[dict[str, Any], ...]
    retry: dict[str, Any] | None
    """The retry options, intervals in seconds."""


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one invocation."""

    status: str
    """``Success`` or ``Failure``."""
    exception_text: str
    """Message and stack of what the function raised, else empty."""
    put: dict[str, Any] = field(default_factory=dict)
    """What the function gave to its output bindings, by their names."""

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return self.status == "Success"


@dataclass(frozen=True, slots=True)
class HttpResult(Result):
    """What an HTTP function answered; 500 when it raised, as the host would say."""

    status_code: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Engine:
    """A function app inside the engine, for as long as the ``with`` block lasts."""

    def __init__(self, app_dir: Path, env: Mapping[str, str], *, limit: float = 60.0) -> None:
        """Take the app's folder, its settings and the seconds that any one call may last."""
        self._app_dir = app_dir.resolve()
        self._env = {**_own_environment(), **env}
        self._limit = limit
        self._functions: list[Function] = []
        self._output = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed by __exit__
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Import and index the app."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(DRIVER), str(self._app_dir)],
            cwd=self._app_dir,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            encoding="utf-8",
        )
        answer = self._answer(self._process)
        if "error" in answer:
            raise EngineStartError(answer["error"])
        self._functions = [Function(f["name"], tuple(f["bindings"]), f["retry"]) for f in answer["functions"]]

    def functions(self) -> list[Function]:
        """Return what the engine would report to the host."""
        return list(self._functions)

    def invoke_timer(self, name: str, *, past_due: bool = False) -> Result:
        """Let the timer of a function fire."""
        answer = self._order({"function": name, "timer": {"IsPastDue": past_due, **SCHEDULE}})
        return Result(_status(answer), answer["error"], answer.get("put", {}))

    def invoke_queue(self, name: str, message: str) -> Result:
        """Hand a message of its queue to a function, decoded as the host does."""
        answer = self._order({"function": name, "queue": message})
        return Result(_status(answer), answer["error"])

    def invoke_http(
        self,
        name: str,
        method: str = "GET",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        route: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> HttpResult:
        """Send an HTTP call to a function."""
        parts = {"query": dict(query or {}), "headers": dict(headers or {}), "params": dict(route or {})}
        url = f"https://maa-notify.example/api/{name}"
        call = {"method": method, "url": url, **parts, "body": b64encode(body).decode()}
        answer = self._order({"function": name, "http": call})
        found = {key: answer[key] for key in ("put", "status_code", "headers") if key in answer}
        return HttpResult(_status(answer), answer["error"], **found, body=b64decode(answer.get("body", "")))

    def logs(self) -> str:
        """Return all that app and engine logged or printed so far."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def stop(self) -> None:
        """Let the process end by itself, or end it by its id."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=self._limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and forget the logs."""
        self.stop()
        self._output.close()

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        """Have the child do one thing."""
        if self._process is None or self._process.stdin is None:
            message = "the engine is not started"
            raise EngineDiedError(message)
        with suppress(OSError):  # a dead child has no answer either, which says more
            print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._answer(self._process)

    def _answer(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        """Wait for the child's next line, with a limit."""
        watchdog = threading.Timer(self._limit, process.kill)
        watchdog.start()
        line = process.stdout.readline() if process.stdout else ""
        watchdog.cancel()
        if not line:
            raise EngineDiedError(self.logs()[-4000:])
        answer: dict[str, Any] = json.loads(line)
        return answer


def _status(answer: dict[str, Any]) -> str:
    """Name the verdict as the engine's enum does."""
    return "Failure" if answer["error"] else "Success"


def _own_environment() -> dict[str, str]:
    """Keep what a process needs to run, and what measures its coverage."""
    kept = (name for name in os.environ if name.upper() in KEPT or name.startswith("COV"))
    return {name: os.environ[name] for name in kept}
