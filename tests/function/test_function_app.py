"""The Function App without an engine, on every Python: what Azure would index."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.process import ROOT

PRINT_BINDINGS = """
import json, sys
import function_app
found = {f.get_function_name(): f.get_raw_bindings() for f in function_app.app.get_functions()}
print(json.dumps({name: [json.loads(binding) for binding in bindings] for name, bindings in found.items()}))
"""


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
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def schedule_of(found: dict[str, Any]) -> str:
    """The schedule of the timer that polls."""
    [timer] = found["poll"]
    return str(timer["schedule"])


def test_an_empty_environment_still_has_both_functions() -> None:
    """Never "0 functions found": names and bindings, exactly."""
    found = indexed()

    assert sorted(found) == ["health", "poll"]
    [timer] = found["poll"]
    assert (timer["type"], timer["schedule"], timer["runOnStartup"], timer["useMonitor"]) == (
        "timerTrigger",
        "0 * * * * *",
        False,
        True,
    )
    trigger = next(binding for binding in found["health"] if binding["type"] == "httpTrigger")
    assert (
        trigger["route"],
        [str(each).upper() for each in trigger["methods"]],
        str(trigger["authLevel"]).upper(),
    ) == (
        "health",
        ["GET"],
        "ANONYMOUS",
    )


def test_people_can_ask_back_only_where_it_is_switched_on() -> None:
    """Without the setting there is no address at all that anybody from outside could call."""
    for value in ("", "false", "1", "yes", "truely"):
        assert sorted(indexed(MAA_BOT_COMMANDS=value)) == ["health", "poll"]

    found = indexed(MAA_BOT_COMMANDS=" True ")
    assert sorted(found) == ["health", "messages", "poll"]
    trigger = next(each for each in found["messages"] if each["type"] == "httpTrigger")
    assert (trigger["route"], [str(each).upper() for each in trigger["methods"]]) == ("messages", ["POST"])


@pytest.mark.parametrize(
    "setting, schedule",
    [("0 */5 * * * *", "0 */5 * * * *"), ("every minute", "0 * * * * *"), (" ", "0 * * * * *")],
)
def test_the_schedule_is_a_setting_and_a_wrong_one_does_not_stop_the_timer(
    setting: str, schedule: str
) -> None:
    """With a wrong schedule the timer runs by the default, so that its failed runs say what is wrong."""
    assert schedule_of(indexed(MAA_POLL_SCHEDULE=setting)) == schedule
