"""The Function App without an engine, on every Python: what Azure would index."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.functions import FUNCTIONS, PRINT_BINDINGS, bindings_in
from tests.support.process import ROOT


def indexed(**settings: str) -> dict[str, Any]:
    """The functions and their bindings, as a fresh process with nothing but these settings finds them."""
    system = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PRINT_BINDINGS],
        env={**system, "PYTHONPATH": str(ROOT), **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return bindings_in(done.stdout)


def schedule_of(found: dict[str, Any]) -> str:
    """The schedule of the timer that polls."""
    [timer] = found["poll"]
    return str(timer["schedule"])


def test_an_empty_environment_still_has_all_functions() -> None:
    """Never "0 functions found": names and bindings, exactly."""
    assert indexed() == FUNCTIONS


@pytest.mark.parametrize(
    "setting, schedule",
    [("0 */5 * * * *", "0 */5 * * * *"), ("every minute", "0 * * * * *"), (" ", "0 * * * * *")],
)
def test_the_schedule_is_a_setting_and_a_wrong_one_does_not_stop_the_timer(
    setting: str, schedule: str
) -> None:
    """With a wrong schedule the timer runs by the default, so that its failed runs say what is wrong."""
    assert schedule_of(indexed(MAA_POLL_SCHEDULE=setting)) == schedule
