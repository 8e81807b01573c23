"""The engine's harness, proved on a function app of a few lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.functions.engine import Engine, EngineDiedError, EngineStartError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

APP = """
import json
import logging
import os

import azure.functions as func

app = func.FunctionApp()


@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:05")
@app.timer_trigger(schedule="%SCHEDULE%", arg_name="timer", run_on_startup=False)
def tick(timer: func.TimerRequest, context: func.Context) -> None:
    print("printed, not answered")
    logging.info("%s past due: %s", context.function_name, timer.past_due)
    logging.info("greeting: %s", os.environ["GREETING"])


@app.timer_trigger(schedule="0 * * * * *", arg_name="timer")
def boom(timer: func.TimerRequest) -> None:
    raise LookupError("no such luck")


@app.timer_trigger(schedule="0 * * * * *", arg_name="timer")
def leave(timer: func.TimerRequest) -> None:
    os._exit(3)


@app.route(route="echo/{word}", methods=["GET", "POST"], auth_level=func.AuthLevel.FUNCTION)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    names = [req.route_params["word"], req.params["q"], req.headers["X-One"]]
    heard = json.dumps([req.method, *names, req.get_body().decode()])
    return func.HttpResponse(heard, status_code=201, mimetype="application/json")


@app.route(route="short")
def short(req: func.HttpRequest) -> str:
    return "short"


@app.route(route="broken")
def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise OSError("disk gone")
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Run the sample app once for all tests that leave it alive."""
    with Engine(written(tmp_path_factory.mktemp("app"), APP), {"GREETING": "hello"}) as engine:
        yield engine


def written(folder: Path, code: str) -> Path:
    """Write a function app into a folder."""
    (folder / "function_app.py").write_text(code, encoding="utf-8")
    return folder


def test_functions_are_indexed_with_bindings_and_retry(sample: Engine) -> None:
    """The engine reports what the decorators say, names in percent signs unresolved."""
    found = {function.name: function for function in sample.functions()}

    assert set(found) == {"tick", "boom", "leave", "echo", "short", "broken"}
    assert found["tick"].bindings[0]["type"] == "timerTrigger"
    assert found["tick"].bindings[0]["schedule"] == "%SCHEDULE%"
    assert found["tick"].bindings[0]["runOnStartup"] is False
    retry = {"max_retry_count": 2, "retry_strategy": "fixed_delay", "delay_interval": 5.0}
    assert found["tick"].retry == retry
    assert found["boom"].retry is None


@pytest.mark.parametrize("past_due", [False, True])
def test_a_timer_fires(sample: Engine, past_due: bool) -> None:
    """A timer function gets its request, its context and the app settings; its output lands in the logs."""
    result = sample.invoke_timer("tick", past_due=past_due)

    assert result.ok, result.exception_text
    for said in (f"tick past due: {past_due}", "greeting: hello", "printed, not answered"):
        assert said in sample.logs()


def test_a_raising_timer_is_a_failure_with_message_and_stack(sample: Engine) -> None:
    """What a function raises reaches the host as text, and the engine lives on."""
    result = sample.invoke_timer("boom")

    assert result.status == "Failure"
    assert result.exception_text.startswith("LookupError: no such luck")
    assert "in boom" in result.exception_text
    assert sample.invoke_timer("tick").ok


def test_an_http_function_answers(sample: Engine) -> None:
    """Method, route, query, headers and body go in; status, headers and body come out."""
    sent = {"query": {"q": "1"}, "headers": {"X-One": "two"}, "route": {"word": "three"}}
    result = sample.invoke_http("echo", "POST", body="vier äö".encode(), **sent)

    assert (result.status, result.status_code) == ("Success", 201)
    assert result.headers == {"content-type": "application/json"}
    assert json.loads(result.body) == ["POST", "three", "1", "two", "vier äö"]


def test_an_http_function_may_answer_with_a_string(sample: Engine) -> None:
    """A bare string is the body of a 200."""
    result = sample.invoke_http("short")

    assert (result.status_code, result.body) == (200, b"short")


def test_a_raising_http_function_is_a_500(sample: Engine) -> None:
    """The host would answer 500; the text of the error stays with the result."""
    result = sample.invoke_http("broken")

    assert (result.status, result.status_code, result.body) == ("Failure", 500, b"")
    assert result.exception_text.startswith("OSError: disk gone")


def test_an_import_error_is_a_failed_start(tmp_path: Path) -> None:
    """An app that cannot be imported does not start, and says why."""
    engine = Engine(written(tmp_path, "import no_such_module_anywhere"), {})

    with pytest.raises(EngineStartError, match="no_such_module_anywhere"), engine:
        pass


def test_engines_do_not_share_anything(tmp_path: Path, sample: Engine) -> None:
    """A second app has its own functions, modules and environment."""
    code = (
        "import os, azure.functions as func\nassert 'GREETING' not in os.environ\napp = func.FunctionApp()\n"
    )
    with Engine(written(tmp_path, code), {}) as other:
        assert other.functions() == []

    assert sample.invoke_timer("tick").ok


def test_a_process_that_ends_is_reported(tmp_path: Path) -> None:
    """A function that takes its process down is an error, not a wait."""
    with Engine(written(tmp_path, APP), {"GREETING": "bye"}) as engine, pytest.raises(EngineDiedError):
        engine.invoke_timer("leave")


def test_a_call_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    """A start that lasts too long is ended by the limit."""
    code = "import threading\nthreading.Event().wait()\n"

    with pytest.raises(EngineDiedError), Engine(written(tmp_path, code), {}, limit=1.0):
        pass
