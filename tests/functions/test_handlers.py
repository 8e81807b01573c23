"""What the triggers do when they meet in one process, as the threads of the Functions host do."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from maa_notify.errors import PollFailedError
from maa_notify.functions import handlers as function
from tests.support.graph import FakeGraph, make_request
from tests.support.leaks import everything_logged
from tests.support.notifier import TENANT
from tests.support.teams import FakeTeams
from tests.support.wire import ScriptedServer, hang, reply

TOKEN = "a-secret-token"
KEY = "c29tZS1rZXktc29tZS1rZXktc29tZS1rZXk="
Configure = Callable[..., None]


@pytest.fixture
def configure(
    graph: FakeGraph, teams: FakeTeams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Configure]:
    """Makes this process a Function App with these settings, which lead to the fakes."""

    def call(**changes: str) -> None:
        settings = {
            "MAA_TENANT_ID": TENANT,
            "MAA_ACCESS_TOKEN": TOKEN,
            "MAA_GRAPH_URL": graph.url,
            "MAA_TEAMS_WEBHOOK_URL": teams.url,
            "MAA_STATE": f"sqlite:///{tmp_path / 'state.db'}",
            **changes,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    function._only_app.cache_clear()
    function._word.cache_clear()
    yield call
    if function._only_app.cache_info().currsize:
        function._app().close()
    function._only_app.cache_clear()


@pytest.fixture
def fakes(graph: FakeGraph, teams: FakeTeams) -> tuple[FakeGraph, FakeTeams]:
    """Both worlds at once."""
    return graph, teams


class Caller(threading.Thread):
    """A thread of the host: calls one trigger and keeps what came back."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self._call = call
        self.answer: Any = None
        self.start()

    def run(self) -> None:
        """Calls."""
        self.answer = self._call()

    def result(self) -> Any:
        """What came back, once it has."""
        self.join(20)
        assert not self.is_alive()
        return self.answer


def report(answer: tuple[int, str]) -> dict[str, Any]:
    """The JSON of an answer."""
    found: dict[str, Any] = json.loads(answer[1])
    return found


def test_a_poll_by_hand_waits_for_the_timers(
    configure: Configure, graph: FakeGraph, teams: FakeTeams
) -> None:
    """One after the other, each with a list of its own; the card comes once."""
    configure()
    request = make_request()
    graph.requests = [request]
    graph.fail_next(hang(then=reply(json={"value": [request]})))
    timer = Caller(function.run_poll)
    graph.wait_for_calls(1)
    by_hand = Caller(function.poll_now)
    by_hand.join(0.5)
    asked_meanwhile = len(graph.calls)
    graph.release()
    timer.result()
    status, body = by_hand.result()

    assert asked_meanwhile == 1
    assert (status, json.loads(body)["listed"], json.loads(body)["delivered"]) == (200, 1, 0)
    assert (len(graph.calls), len(teams.cards)) == (2, 1)


def test_nobody_waits_for_ever_for_a_poll_that_hangs(configure: Configure, graph: FakeGraph) -> None:
    """409 for a person, a failed run for the timer, and nothing asked of Graph meanwhile."""
    configure()
    graph.fail_next(hang(then=reply(json={"value": []})))
    first = Caller(function.poll_now)
    graph.wait_for_calls(1)

    status, body = function.poll_now(patience=0.05)
    with pytest.raises(PollFailedError, match="busy: another poll"):
        function.run_poll(patience=0.05)
    calls = len(graph.calls)
    graph.release()

    assert (status, json.loads(body)["error"], calls) == (409, "busy", 1)
    assert first.result()[0] == 200
    assert function.poll_now()[0] == 200


def test_health_waits_for_no_poll(configure: Configure, graph: FakeGraph) -> None:
    """A monitor hears at once that no poll was good yet, while the first one is still at it."""
    configure()
    graph.fail_next(hang(then=reply(json={"value": []})))
    first = Caller(function.run_poll)
    graph.wait_for_calls(1)
    during = report(function.health_details())
    graph.release()
    first.result()

    assert during["status"] == "starting"
    assert report(function.health_details())["status"] == "ok"


def test_many_at_once_tell_everything_once(configure: Configure, graph: FakeGraph, teams: FakeTeams) -> None:
    """Timer, people and monitors in eight threads on one fresh process."""
    configure()
    graph.requests = [make_request() for _ in range(4)]
    handlers = [function.run_poll, function.poll_now, function.health_details, function.poll_now] * 2
    callers = [Caller(handler) for handler in handlers]
    answers = [caller.result() for caller in callers]

    assert len(teams.cards) == 4
    assert [answer[0] for answer in answers if answer and "listed" in report(answer)] == [200] * 4
    assert report(function.health_details())["pending"] == 0


def test_health_does_not_hang_with_its_table(configure: Configure) -> None:
    """However often it is asked, the answer is 503 in time, and the table is asked once at a time."""
    with ScriptedServer(hang()) as table:
        configure(MAA_STATE=f"AccountName=a;AccountKey={KEY};TableEndpoint={table.url}/a;")
        began = time.monotonic()
        answers = [function.health_details(patience=0.2) for _ in range(5)]
        took = time.monotonic() - began
        asked = len(table.requests)
        table.release()

    assert [(status, json.loads(body)["reason"]) for status, body in answers] == [(503, "state")] * 5
    assert took < 10
    assert asked == 1
    function._reader.submit(lambda: None).result(30)


def test_anybody_hears_one_word_and_costs_the_store_nothing(configure: Configure) -> None:
    """However often it is asked, the store is asked once; and while that hangs, nobody waits with it."""
    with ScriptedServer(hang()) as table:
        configure(MAA_STATE=f"AccountName=a;AccountKey={KEY};TableEndpoint={table.url}/a;")
        answers = [function.health(patience=0.2) for _ in range(50)]
        asked = len(table.requests)
        table.release()

    assert set(answers) == {(503, '{"status": "failing"}')}
    assert asked == 1
    function._reader.submit(lambda: None).result(30)


def test_a_poll_has_the_word_looked_up_anew(configure: Configure) -> None:
    """Nobody is told of the time before it for a moment longer."""
    configure()
    before = function.health()
    function.run_poll()

    assert before == (503, '{"status": "starting"}')
    assert function.health() == (200, '{"status": "ok"}')


@pytest.mark.parametrize(
    "says, settings, expected",
    [
        ((200, 200), {}, (200, None)),
        ((200, 404), {}, (200, None)),
        ((403, 200), {}, (503, "graph_denied")),
        ((404, 200), {}, (503, "graph_unavailable")),
        ((200, 200), {"MAA_STATE": "sqlite:///no/such/folder/state.db"}, (503, "state")),
        ((200, 200), {"MAA_TENANT_ID": " "}, (500, "settings")),
    ],
)
def test_a_poll_by_hand_answers_what_a_script_can_use(
    configure: Configure,
    fakes: tuple[FakeGraph, FakeTeams],
    says: tuple[int, int],
    settings: dict[str, str],
    expected: tuple[int, str | None],
) -> None:
    """The report of `poll --json` with a status to branch on, and no secret, path or traceback in it."""
    configure(**settings)
    (graph, teams), (graph_says, teams_says) = fakes, says
    graph.requests = [make_request()]
    if graph_says != 200:
        graph.fail_next(*[reply(graph_says)] * 3)
    teams.answer_all(None if teams_says == 200 else reply(teams_says))

    with everything_logged() as ear:
        answer = function.poll_now()

    assert (answer[0], report(answer)["error"]) == expected
    assert report(answer)["pending"] == (1 if teams_says == 404 else 0)
    assert report(answer)["refused"] == (["default"] if teams_says == 404 else [])
    for secret in (TOKEN, teams.secret):
        assert secret not in answer[1] + "".join(ear.heard)
    for detail in ("Traceback", "folder", "127.0.0.1"):
        assert detail not in answer[1]


def test_wrong_settings_are_one_line_of_the_log(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    """With every mistake, and the poll's id."""
    configure(MAA_TENANT_ID=" ", MAA_CLOUD="mars")

    function.poll_now()

    [line] = caplog.messages
    assert line.startswith("poll.failed poll=")
    assert " code=settings trigger=http 2 settings are wrong: - MAA_" in line
