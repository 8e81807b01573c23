"""`poll` and `watch`."""

import json
import logging
import signal
import sys
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType

from maa_notify import app
from maa_notify.errors import MaaNotifyError, StateError
from maa_notify.poll import Report

_LOG = logging.getLogger(__name__)

OK, FAILED, REFUSED = 0, 1, 3


def poll(*, as_json: bool) -> int:
    """Polls once and returns the exit code of the contract."""
    notifier = app.build()
    try:
        report, failure = _poll_once(notifier)
    finally:
        notifier.close()
    if failure is not None:
        print(f"maa-notify: {failure}", file=sys.stderr)
    print(_as_json(report, failure) if as_json else _as_text(report))
    return _exit_code(report, failure)


def watch(*, every: float) -> int:
    """Polls until it is told to stop; a poll that fails is tried again at the next turn."""
    stop: SimpleQueue[int] = SimpleQueue()  # unlike an Event it may be used while its own wait is interrupted
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), partial(_stop_after_this_poll, stop))
    notifier = app.build()
    try:
        _poll_once(notifier)
        while not _is_told(stop, within=every):
            _poll_once(notifier)
    finally:
        notifier.close()
    _LOG.info("watch.stopped")
    return OK


def _stop_after_this_poll(stop: SimpleQueue[int], number: int, _frame: FrameType | None) -> None:
    """A poll may be killed at any point, so whoever asks a second time need not wait for it."""
    stop.put(number)
    signal.signal(number, signal.SIG_DFL)


def _is_told(stop: SimpleQueue[int], *, within: float) -> bool:
    try:
        stop.get(timeout=within)
    except Empty:
        return False
    return True


def _poll_once(notifier: app.App) -> tuple[Report, MaaNotifyError | None]:
    try:
        report = notifier.poll()
    except StateError as error:
        _LOG.error("poll.state_failing %s", error)
        return Report(), error
    return report, report.failure


def _exit_code(report: Report, failure: MaaNotifyError | None) -> int:
    if failure is not None:
        return FAILED
    return REFUSED if report.refused or report.dead else OK


def _as_json(report: Report, failure: MaaNotifyError | None) -> str:
    numbers = {
        "listed": report.listed,
        "events": report.events,
        "delivered": report.delivered,
        "pending": report.pending,
        "dead": report.dead,
        "malformed": report.malformed,
        "refused": list(report.refused),
        "error": failure.code if failure else None,
    }
    return json.dumps(numbers)


def _as_text(report: Report) -> str:
    text = f"{report.listed} listed, {report.events} events"
    text += f", {report.delivered} delivered, {report.pending} pending"
    if report.dead:
        text += f", {report.dead} given up (maa-notify outbox list)"
    if report.malformed:
        text += f", {report.malformed} could not be read"
    if report.refused:
        text += f"; refused by: {', '.join(report.refused)}"
    return text
