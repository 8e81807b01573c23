"""A fleet in Microsoft's own worker engine, on Azurite's real queue."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maa_notify.fleet.messages import QUEUE
from tests.functions.engine import Engine
from tests.support.azurite import Azurite
from tests.support.graph import FakeGraph, make_request
from tests.support.process import ROOT
from tests.support.queue_host import QueueHost
from tests.support.teams import FakeTeams

pytestmark = [pytest.mark.engine, pytest.mark.azurite]

TENANTS = ("contoso.example", "fabrikam.example")


@pytest.fixture
def settings(graph: FakeGraph, teams: FakeTeams, tmp_path: Path) -> dict[str, str]:
    """App settings of a fleet of two, and of a third whose settings are wrong."""
    entries: list[dict[str, Any]] = [
        {"tenant_id": each, "teams_webhook_url": teams.url_for(each)} for each in TENANTS
    ]
    return {
        "MAA_TENANTS": json.dumps([*entries, {"tenant_id": "wrong.example", "reminders": "soon"}]),
        "MAA_ACCESS_TOKEN": "a-secret-token",
        "MAA_GRAPH_URL": graph.url,
        "MAA_STATE": f"sqlite:///{tmp_path / 'state.db'}",
    }


def runs_in(engine: Engine) -> Callable[[str], bool]:
    """Hands a message to the function that polls."""
    return lambda text: engine.invoke_queue("poll_tenant", text).ok


def test_the_timer_asks_and_the_queue_polls(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams, queues: Azurite
) -> None:
    """A message for each tenant, a card in each channel, numbers as health; what is none is put aside."""
    graph.requests = [make_request()]
    with Engine(ROOT, settings) as engine:
        host = QueueHost(queues.connection_string, QUEUE, runs_in(engine), threads=1)
        timer = engine.invoke_timer("poll")
        host.put([*timer.put["asks"], "no message of ours"])
        runs = host.drain()
        [given_up] = [message.content for message in host.poison.receive_messages()]
        aside = engine.invoke_queue("put_aside", given_up)
        by_hand = engine.invoke_http("poll_now", "POST")
        health = engine.invoke_http("health_details")
        logs = engine.logs()

    assert timer.ok
    assert [len(teams.cards_in(each)) for each in TENANTS] == [1, 1]
    assert (runs, given_up, aside.ok) == (3 + 5, "no message of ours", True)
    assert (by_hand.status_code, json.loads(by_hand.body), len(by_hand.put["asks"])) == (202, {"asked": 3}, 3)
    told = json.loads(health.body)
    assert (health.status_code, told["status"], told["tenants"]) == (200, "degraded", 3)
    assert told["unwell"] == {"settings": 1}
    assert "fleet.put_aside tenant=unknown" in logs
    assert "no message of ours" not in logs


def test_a_malformed_list_fails_the_run_and_health(settings: dict[str, str]) -> None:
    """Then nobody is polled, which has to be loud."""
    with Engine(ROOT, {**settings, "MAA_TENANTS": "nowhere.json"}) as engine:
        run = engine.invoke_timer("poll")
        health = engine.invoke_http("health_details")

    assert not run.ok
    assert "MAA_TENANTS" in run.exception_text
    assert (health.status_code, json.loads(health.body)["reason"]) == (503, "settings")
