"""The Function App without an engine, on every Python: what Azure would index."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.notifier import TENANT
from tests.support.process import ROOT

ENOUGH = {"MAA_TENANT_ID": TENANT, "MAA_TEAMS_WEBHOOK_URL": "https://example.com/hook?sig=0"}
"""The fewest settings that are accepted."""

PRINT_BINDINGS = """
import json, sys
import function_app
found = {f.get_function_name(): f.get_raw_bindings() for f in function_app.app.get_functions()}
print(json.dumps({name: [json.loads(binding) for binding in bindings] for name, bindings in found.items()}))
"""


def indexed(**settings: str) -> dict[str, Any]:
    """The functions and their bindings, as a fresh process with nothing but these settings finds them."""
    found: dict[str, Any] = printed(PRINT_BINDINGS, **settings)
    return found


def printed(program: str, **settings: str) -> Any:
    """The JSON that a program prints last, in a fresh process with nothing but these settings."""
    system = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**system, "PYTHONPATH": str(ROOT), **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


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


PRINT_ANSWERS = """
import json
from maa_notify import function
print(json.dumps(function.messages({"authorization": "Bearer x"}, b"{}")))
"""


@pytest.mark.parametrize("settings, status", [({}, 503), ({"MAA_TENANT_ID": TENANT}, 503), (ENOUGH, 404)])
def test_whoever_calls_without_need_hears_a_status(
    settings: dict[str, str], status: int, tmp_path: Path
) -> None:
    """Wrong settings are told to the log alone, and where nobody may ask there is nothing to find."""
    assert printed(PRINT_ANSWERS, MAA_STATE=f"sqlite:///{tmp_path / 'state.db'}", **settings) == [status, ""]


@pytest.mark.parametrize(
    "setting, schedule",
    [("0 */5 * * * *", "0 */5 * * * *"), ("every minute", "0 * * * * *"), (" ", "0 * * * * *")],
)
def test_the_schedule_is_a_setting_and_a_wrong_one_does_not_stop_the_timer(
    setting: str, schedule: str
) -> None:
    """With a wrong schedule the timer runs by the default, so that its failed runs say what is wrong."""
    assert schedule_of(indexed(MAA_POLL_SCHEDULE=setting)) == schedule
