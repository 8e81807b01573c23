"""What the Function's triggers do; `function_app.py` only says when.

The host runs triggers in threads of one process. One poll runs at a time: the timer and a call by hand share
tokens and connections, and a second poll at the same time could only ask Graph for the same list. Health
waits for no poll, and no longer than a monitor does.
"""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec

from maa_notify import __version__, app, logs
from maa_notify.errors import MaaNotifyError, PollFailedError, PollUnderWay, SettingsError, StateError
from maa_notify.functions.answer import KeptAnswer
from maa_notify.polling.health import Health
from maa_notify.polling.report import Report
from maa_notify.polling.run import poll_once
from maa_notify.settings.startup import is_fleet

if TYPE_CHECKING:
    from maa_notify.fleet.fleet import FleetHealth

_LOG = logs.logger(__name__)

_POLL_PATIENCE_SECONDS = 30.0
_HEALTH_PATIENCE_SECONDS = 10.0
_WORD_GOOD_FOR_SECONDS = 10.0

_polling = Lock()
_building = Lock()
_reader = ThreadPoolExecutor(1, "health")
"""One thread: however many ask while the state store hangs, it is asked once at a time."""


def run_poll(patience: float = _POLL_PATIENCE_SECONDS) -> None:
    """One poll, for the timer. A run counts as good only when Graph was listed and everything recorded.

    Raises:
        PollFailedError: settings, Graph or the state store failed, or another poll of this process takes
            longer than `patience` (seconds); the next run tries again.
    """
    failure = _poll("timer", patience).failure
    # The host counts a run as failed only if it raises, and the alerts count those.
    if failure is not None:
        raise PollFailedError(f"{failure.code}: {failure}")


def poll_now(patience: float = _POLL_PATIENCE_SECONDS) -> tuple[int, str]:
    """One poll, for `POST /api/poll`: status code and the report of `maa-notify poll --json`.

    200 when Graph was listed and everything recorded, whatever still waits for a destination; 409 when
    another poll takes longer than `patience` (seconds); 500 for wrong settings; 503 when Graph or the state
    store failed.
    """
    report = _poll("http", patience)
    return _status_of(report.failure), report.as_json()


def health(patience: float = _HEALTH_PATIENCE_SECONDS) -> tuple[int, str]:
    """Status code and JSON body for `GET /api/health`, for anybody: one word, which is kept for a moment.

    503 when stale, failing or wrongly set up. A state store that takes longer than `patience` (seconds)
    counts as one that fails.
    """
    return _word().get(lambda: _told(found := _look(patience), {"status": found.status}))


def health_details(patience: float = _HEALTH_PATIENCE_SECONDS) -> tuple[int, str]:
    """Status code and JSON body for `GET /api/health/details`, which needs a key: all that is known."""
    found = _look(patience)
    return _told(found, {**msgspec.to_builtins(found), "version": __version__})


def _told(found: "Health | FleetHealth", body: Mapping[str, Any]) -> tuple[int, str]:
    return (HTTPStatus.OK if found.is_well else HTTPStatus.SERVICE_UNAVAILABLE), json.dumps(body)


def _look(patience: float) -> "Health | FleetHealth":
    reading = _reader.submit(_health)
    try:
        return reading.result(patience)
    except TimeoutError:
        reading.cancel()
        return _unwell(StateError(f"the state store did not answer within {patience:g} s"))
    except MaaNotifyError as error:
        return _unwell(error)


def _poll(trigger: str, patience: float) -> Report:
    """Polls once no other poll of this process runs."""
    if not _polling.acquire(timeout=patience):
        return Report(failure=PollUnderWay(f"another poll of this process took longer than {patience:g} s"))
    try:
        return poll_once(_app, trigger)
    finally:
        _polling.release()
        _word().forget()


def _app() -> app.App:
    # `cache` alone would build two if two triggers began at once.
    with _building:
        return _only_app()


def messages(headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    """Status code and body for `POST /api/messages`.

    The body is empty, so that it tells a caller nothing, or JSON for whoever was let in and pressed a button.
    """
    try:
        endpoint = _app().messages
    except MaaNotifyError as error:
        _LOG.error("bot.misconfigured", text=str(error))
        return 503, ""
    return (404, "") if endpoint is None else endpoint.handle(headers, body)


@cache
def _word() -> KeptAnswer:
    """What anybody is told of health, by this process."""
    return KeptAnswer(_WORD_GOOD_FOR_SECONDS)


@cache
def _only_app() -> app.App:
    """The one app of this process; it keeps tokens and connections between runs."""
    return app.build_to_poll()


def _status_of(failure: MaaNotifyError | None) -> HTTPStatus:
    match failure:
        case None:
            return HTTPStatus.OK
        case PollUnderWay():
            return HTTPStatus.CONFLICT
        case SettingsError():
            return HTTPStatus.INTERNAL_SERVER_ERROR
        case _:
            return HTTPStatus.SERVICE_UNAVAILABLE


def _health() -> "Health | FleetHealth":
    if not is_fleet(os.environ):
        return _app().health()
    from maa_notify.functions import fleet_handlers as triggers  # noqa: PLC0415 - a deployment for one tenant needs none of it

    return triggers.fleet().health()


def _unwell(error: MaaNotifyError) -> Health:
    if isinstance(error, SettingsError):
        _LOG.error("health.misconfigured", text=str(error))
    else:
        _LOG.error("health.failing", code=error.code, text=str(error))
    return Health("failing", reason=error.code)
