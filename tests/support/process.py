"""The command as people run it: a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON object on the last line of standard output."""
        report: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return report


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without its own settings, plus those of the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAA_", "WEBSITE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def run(*arguments: str, settings: Mapping[str, str], cwd: Path) -> Outcome:
    """Runs `maa-notify` with these arguments and nothing but these settings."""
    done = subprocess.run(
        [sys.executable, "-m", "maa_notify", *arguments],
        env=environment(settings),
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
