"""What the Function's triggers do; `function_app.py` only says when."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

from maa_notify import __version__, app
from maa_notify.errors import MaaNotifyError, SettingsError
from maa_notify.health import Health

_LOG = logging.getLogger(__name__)


class PollFailedError(Exception):
    """Makes the Function's run count as failed; its text is free of secrets."""


def run_poll() -> None:
    """One poll, for the timer. A run counts as good only when Graph was listed and everything recorded.

    Raises:
        PollFailedError: settings, Graph or the state store failed; the next run tries again.
    """
    try:
        report = _app().poll()
    except MaaNotifyError as error:
        raise PollFailedError(f"{error.code}: {error}") from None
    if report.failure is not None:
        raise PollFailedError(f"{report.failure.code}: {report.failure}") from None


def health() -> tuple[int, str]:
    """Status code and JSON body for `GET /api/health`: 503 when stale, failing or wrongly set up."""
    try:
        found = _app().health()
    except SettingsError as error:
        _LOG.error("health.misconfigured %s", error)
        found = Health("failing", reason=error.code)
    except MaaNotifyError as error:
        _LOG.error("health.failing %s", error)
        found = Health("failing", reason=error.code)
    return (200 if found.is_well else 503), json.dumps(_public(found))


def messages(headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    """Status code and body for `POST /api/messages`: whatever the caller may know, which is nothing."""
    try:
        door = _app().messages
    except MaaNotifyError as error:
        _LOG.error("bot.misconfigured %s", error)
        return 503, ""
    return (404 if door is None else door.handle(headers, body)), ""


@cache
def _app() -> app.App:
    """One per worker process, so that tokens and connections are kept between runs."""
    return app.build()


def _public(found: Health) -> dict[str, Any]:
    at = found.last_good_poll
    return {**asdict(found), "version": __version__, "last_good_poll": at.isoformat() if at else None}
