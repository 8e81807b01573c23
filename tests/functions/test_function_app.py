"""The Function App without an engine, on every Python: what Azure would index."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.functions import FUNCTIONS, PRINT_BINDINGS, bindings_in
from tests.support.notifier import TENANT
from tests.support.process import ROOT

ENOUGH = {"MAA_TENANT_ID": TENANT, "MAA_TEAMS_WEBHOOK_URL": "https://example.com/hook?sig=0"}
"""The fewest settings that are accepted."""


def indexed(**settings: str) -> dict[str, Any]:
    """The functions and their bindings, as a fresh process with nothing but these settings finds them."""
    return bindings_in(printed(PRINT_BINDINGS, **settings))


def printed(program: str, **settings: str) -> str:
    """What a program prints, in a fresh process with nothing but these settings."""
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
    return done.stdout


def schedule_of(found: dict[str, Any]) -> str:
    """The schedule of the timer that polls."""
    [timer] = found["poll"]
    return str(timer["schedule"])


def test_an_empty_environment_still_has_all_functions() -> None:
    """Never "0 functions found": names and bindings, exactly."""
    assert indexed() == FUNCTIONS


def test_people_can_ask_back_only_where_it_is_switched_on() -> None:
    """Without the setting there is no address at all that anybody from outside could call."""
    for value in ("", "false", "1", "yes", "truely"):
        assert indexed(MAA_BOT_COMMANDS=value) == FUNCTIONS

    trigger = {"type": "httpTrigger", "route": "messages", "methods": ["POST"], "authLevel": "ANONYMOUS"}
    assert indexed(MAA_BOT_COMMANDS=" True ") == {**FUNCTIONS, "messages": [trigger, {"type": "http"}]}


def test_a_fleet_polls_by_messages() -> None:
    """The timer only asks; a queue trigger polls, another hears of what was given up; nobody asks back."""
    found = indexed(MAA_TENANTS="[]", MAA_BOT_COMMANDS="true")
    asks = {"type": "queue", "queueName": "maa-polls", "connection": "AzureWebJobsStorage"}
    takes = {**asks, "type": "queueTrigger"}

    assert found == {
        "health": FUNCTIONS["health"],
        "health_details": FUNCTIONS["health_details"],
        "poll": [asks, *FUNCTIONS["poll"]],
        "poll_now": [asks, *FUNCTIONS["poll_now"]],
        "poll_tenant": [takes],
        "put_aside": [{**takes, "queueName": "maa-polls-poison"}],
    }


PRINT_ANSWERS = """
import json
from maa_notify.functions import handlers as function
print(json.dumps(function.messages({"authorization": "Bearer x"}, b"{}")))
"""


@pytest.mark.parametrize("settings, status", [({}, 503), ({"MAA_TENANT_ID": TENANT}, 503), (ENOUGH, 404)])
def test_whoever_calls_without_need_hears_a_status(
    settings: dict[str, str], status: int, tmp_path: Path
) -> None:
    """Wrong settings are told to the log alone, and where nobody may ask there is nothing to find."""
    answer = printed(PRINT_ANSWERS, MAA_STATE=f"sqlite:///{tmp_path / 'state.db'}", **settings)

    assert json.loads(answer.splitlines()[-1]) == [status, ""]


@pytest.mark.parametrize(
    "setting, schedule",
    [("0 */5 * * * *", "0 */5 * * * *"), ("every minute", "0 * * * * *"), (" ", "0 * * * * *")],
)
def test_the_schedule_is_a_setting_and_a_wrong_one_does_not_stop_the_timer(
    setting: str, schedule: str
) -> None:
    """With a wrong schedule the timer runs by the default, so that its failed runs say what is wrong."""
    assert schedule_of(indexed(MAA_POLL_SCHEDULE=setting)) == schedule


def test_no_row_that_an_alarm_counts_is_sampled_away() -> None:
    """Runs, exceptions and the one line of each poll all reach the workspace."""
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    sampling = host["logging"]["applicationInsights"]["samplingSettings"]

    assert set(sampling["excludedTypes"].split(";")) >= {"Request", "Exception", "Trace"}


def test_the_open_addresses_are_bounded() -> None:
    """The host turns away more at once than a monitor, a person and Teams together ever are."""
    http = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["http"]

    assert http["dynamicThrottlesEnabled"]
    assert 0 < http["maxConcurrentRequests"] <= http["maxOutstandingRequests"] <= 100
    assert http["hsts"]["isEnabled"]
    assert http["customHeaders"]["Cache-Control"] == "no-store"
