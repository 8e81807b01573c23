"""`poll` and `watch`."""

import signal
import sys
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType

from maa_notify import app, logs
from maa_notify.polling.report import Report
from maa_notify.polling.run import poll_once

_LOG = logs.logger(__name__)

OK, FAILED, REFUSED = 0, 1, 3


def poll(*, as_json: bool) -> int:
    """Polls once and returns the exit code of the contract."""
    notifier = app.build()
    try:
        report = poll_once(lambda: notifier, "command")
    finally:
        notifier.close()
    if report.failure is not None:
        print(f"maa-notify: {report.failure}", file=sys.stderr)
    print(report.as_json() if as_json else _as_text(report))
    return _exit_code(report)


def watch(*, every: float) -> int:
    """Polls until it is told to stop; a poll that fails is tried again at the next turn."""
    stop: SimpleQueue[int] = SimpleQueue()  # unlike an Event it may be used while its own wait is interrupted
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), partial(_stop_after_this_poll, stop))
    notifier = app.build()
    try:
        poll_once(lambda: notifier, "command")
        while not _is_told(stop, within=every):
            poll_once(lambda: notifier, "command")
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


def _exit_code(report: Report) -> int:
    if report.failure is not None:
        return FAILED
    return REFUSED if report.refused or report.dead else OK


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
