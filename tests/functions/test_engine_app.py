"""The real Function App in Microsoft's own worker engine: loaded, indexed, invoked."""

import json
from pathlib import Path

import pytest

from tests.functions.engine import Engine, HttpResult
from tests.support.functions import FUNCTIONS
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT
from tests.support.process import ROOT
from tests.support.teams import FakeTeams
from tests.support.wire import reply

pytestmark = pytest.mark.engine

PUBLIC = {
    "status",
    "version",
    "last_good_poll",
    "pending",
    "overdue",
    "dead",
    "unreached",
    "reason",
    "missing_permission",
    "settings",
    "token_age_minutes",
    "sources",
    "visibility",
    "installed_at",
    "last_request_at",
}

BOT_ID = "7b0c54be-0000-4000-8000-000000000003"


@pytest.fixture
def settings(graph: FakeGraph, teams: FakeTeams, tmp_path: Path) -> dict[str, str]:
    """App settings that lead to the fakes."""
    return {
        "MAA_TENANT_ID": TENANT,
        "MAA_ACCESS_TOKEN": "a-secret-token",
        "MAA_GRAPH_URL": graph.url,
        "MAA_TEAMS_WEBHOOK_URL": teams.url,
        "MAA_STATE": f"sqlite:///{tmp_path / 'state.db'}",
    }


def health(engine: Engine) -> tuple[int, dict[str, object]]:
    """Status code and body of the health address for callers with the key."""
    result: HttpResult = engine.invoke_http("health_details")
    return result.status_code, json.loads(result.body)


def test_the_timer_polls_and_health_tells(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams
) -> None:
    """Before the first poll 503, after it 200, a card in the channel, and the second poll is silent."""
    graph.requests = [make_request()]
    with Engine(ROOT, settings) as engine:
        before = health(engine)
        runs = [engine.invoke_timer("poll"), engine.invoke_timer("poll", past_due=True)]
        after = health(engine)

    assert (before[0], before[1]["status"]) == (503, "starting")
    assert [run.ok for run in runs] == [True, True]
    assert (after[0], after[1]["status"], after[1]["pending"]) == (200, "ok", 0)
    assert len(teams.cards) == 1


def test_an_empty_environment_is_a_failed_run_and_a_503(tmp_path: Path) -> None:
    """The run says what is missing; health says only that something is."""
    with Engine(ROOT, {}) as engine:
        assert sorted(function.name for function in engine.functions()) == sorted(FUNCTIONS)
        run = engine.invoke_timer("poll")
        status, body = health(engine)

    assert not run.ok
    assert "MAA_TENANT_ID" in run.exception_text
    assert (status, body["status"], body["reason"]) == (503, "failing", "settings")


def test_a_stranger_who_calls_the_bot_hears_a_status_and_no_word(settings: dict[str, str]) -> None:
    """Where people may ask back, the address is open to the whole internet."""
    with Engine(ROOT, {**settings, "MAA_BOT_COMMANDS": "true", "MAA_BOT_CLIENT_ID": BOT_ID}) as engine:
        headers = {"Authorization": "Bearer a.b.c", "Content-Type": "application/json"}
        result = engine.invoke_http("messages", "POST", headers=headers, body=b"{}")
        logs = engine.logs()

    assert result.ok
    assert 400 <= result.status_code < 500
    assert result.body == b""
    assert "a.b.c" not in logs


@pytest.mark.parametrize("answer, times, reason", [(403, 1, "graph_denied"), (500, 3, "graph_unavailable")])
def test_a_poll_that_fails_is_a_failed_run_and_a_503_until_it_recovers(
    settings: dict[str, str], graph: FakeGraph, answer: int, times: int, reason: str
) -> None:
    """An alarm on failed runs fires; health names the kind of failure."""
    with Engine(ROOT, settings) as engine:
        engine.invoke_timer("poll")
        graph.fail_next(*[reply(answer)] * times)
        failed = engine.invoke_timer("poll")
        during = health(engine)
        recovered = engine.invoke_timer("poll")
        after = health(engine)

    assert (failed.ok, recovered.ok) == (False, True)
    assert (during[0], during[1]["status"], during[1]["reason"]) == (503, "failing", reason)
    assert after[0] == 200


def test_a_refused_card_is_a_good_run_and_is_counted(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams
) -> None:
    """Graph was listed and everything recorded; that Teams refuses is told as pending."""
    graph.requests = [make_request()]
    teams.answer_all(reply(404))
    with Engine(ROOT, settings) as engine:
        run = engine.invoke_timer("poll")
        _, body = health(engine)

    assert run.ok
    assert body["pending"] == 1


def test_health_helps_no_attacker(settings: dict[str, str], graph: FakeGraph, teams: FakeTeams) -> None:
    """Anybody hears a word and a status; with the key numbers and code words: no tenant, name or secret."""
    graph.requests = [make_request()]
    with Engine(ROOT, settings) as engine:
        before = engine.invoke_http("health")
        engine.invoke_timer("poll")
        anybody = engine.invoke_http("health")
        with_key = engine.invoke_http("health_details")

    assert (before.status_code, json.loads(before.body)) == (503, {"status": "starting"})
    assert (anybody.status_code, json.loads(anybody.body)) == (200, {"status": "ok"})
    assert set(json.loads(with_key.body)) == PUBLIC
    told = str(with_key.body)
    for word in (TENANT, "127.0.0.1", teams.secret, "a-secret-token", "Mira", "CONTOSO"):
        assert word not in told


def test_secrets_stay_out_of_the_logs(settings: dict[str, str], graph: FakeGraph, teams: FakeTeams) -> None:
    """Whatever fails: neither the run's exception nor a log line holds the token or the webhook's secret."""
    graph.requests = [make_request()]
    teams.answer_all(reply(401))
    with Engine(ROOT, settings) as engine:
        engine.invoke_timer("poll")
        graph.fail_next(*[reply(401)] * 4)
        failed = engine.invoke_timer("poll")
        logs = engine.logs()

    for secret in (teams.secret, "a-secret-token"):
        assert secret not in logs + failed.exception_text


def test_a_poll_by_hand_does_what_the_timer_does(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams
) -> None:
    """When the timer has stopped, a call with the key brings the cards and makes health well again."""
    graph.requests = [make_request()]
    with Engine(ROOT, settings) as engine:
        by_hand = engine.invoke_http("poll_now", "POST")
        after = health(engine)
        run = engine.invoke_timer("poll")
        logs = engine.logs()

    report = json.loads(by_hand.body)
    assert (by_hand.status_code, report["listed"], report["delivered"], report["error"]) == (200, 1, 1, None)
    assert (after[0], run.ok, len(teams.cards)) == (200, True, 1)
    assert [word in logs for word in ("trigger=http", "trigger=timer")] == [True, True]


@pytest.mark.parametrize("wrong, status, error", [(False, 503, "graph_denied"), (True, 500, "settings")])
def test_a_poll_by_hand_that_fails_tells_its_caller_only_a_code(
    settings: dict[str, str], graph: FakeGraph, teams: FakeTeams, *, wrong: bool, status: int, error: str
) -> None:
    """No traceback, no secret, no tenant; the log has the sentence."""
    graph.fail_next(reply(403))
    with Engine(ROOT, {**settings, **({"MAA_CLOUD": "mars"} if wrong else {})}) as engine:
        result = engine.invoke_http("poll_now", "POST")

    assert (result.status_code, json.loads(result.body)["error"]) == (status, error)
    for word in ("Traceback", "mars", TENANT, "127.0.0.1", teams.secret, "a-secret-token"):
        assert word not in str(result.body)
