"""What can be measured in a fresh process only: its peak memory, and the time its imports take."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from bench.measure import Span

ROOT = Path(__file__).parents[1]
NEEDED = (
    "azure.core.exceptions",
    "azure.data.tables",
    "azure.functions",
    "cronsim",
    "httpcore",
    "httpx",
    "msal",
    "msgspec",
    "pymsteams",
    "requests",
)
"""The third-party packages that a poll in Azure cannot do without."""

BARE_IMPORTS = f"import {', '.join(NEEDED)}"

_SHOW_PEAK = """
import re, resource, sys
def peak():
    if sys.platform == "linux":  # ru_maxrss remembers the parent there
        return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(peak())
"""
_SHOW_TIME = "print(time.process_time() - cpu, time.perf_counter() - wall)"
_START_CLOCKS = "import time; cpu, wall = time.process_time(), time.perf_counter()"


def peak_megabytes(program: str) -> float:
    """The most memory that a fresh process held while it ran a program."""
    return float(_output_of(f"{program}\n{_SHOW_PEAK}"))


def import_time(program: str) -> Span:
    """What a fresh process takes for a program, without its own start."""
    cpu, wall = map(float, _output_of(f"{_START_CLOCKS}\n{program}\n{_SHOW_TIME}").split())
    return Span(cpu, wall)


def floor_program(origin: str) -> str:
    """Reads a list by bare calls, beside all the packages that the notifier needs."""
    return f"{BARE_IMPORTS}\nfrom bench.floor import read_list\nread_list(httpx.Client(), {origin!r})"


def poll_program(environ: dict[str, str]) -> str:
    """Loads the Function and polls once."""
    return (
        f"{BARE_IMPORTS}\nimport function_app\nfrom maa_notify import app\n"
        f"report = app.build({json.dumps(environ)}).poll()\nassert not report.failure, report"
    )


def fleet_program(environ: dict[str, str]) -> str:
    """Loads the Function and polls every tenant of a fleet twice."""
    return (
        f"{BARE_IMPORTS}\nimport function_app\n"
        "from maa_notify.app import build\nfrom maa_notify.fleet.fleet import Fleet\n"
        f"fleet = Fleet({json.dumps(environ)}, build)\n"
        "for message in [*fleet.asks(), *fleet.asks()]:\n    fleet.poll(message)\n"
        "assert fleet.health().status == 'ok'"
    )


def _output_of(program: str) -> str:
    """What a program prints; bytecode of all modules is there from the second start on."""
    kept = {**os.environ, "PYTHONPYCACHEPREFIX": _bytecode(), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-c", program], cwd=ROOT, env=kept, capture_output=True, text=True, check=True
    )
    return done.stdout


@cache
def _bytecode() -> str:
    folder = tempfile.mkdtemp(prefix="bench-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
