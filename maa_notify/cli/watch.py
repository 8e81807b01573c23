"""`watch`: polls until it is told to stop."""

import argparse
import signal
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType

from maa_notify import logs
from maa_notify.cli.exit_codes import OK

_LOG = logs.logger(__name__)

_DAY = 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Polls until it is stopped with Ctrl-C or a signal, which lets the poll under way finish. Asked a"
        " second time it stops at once, which loses nothing either."
    )
    parser.add_argument("--every", type=_seconds, default=60.0, metavar="SECONDS", help="default: 60")


def run(options: argparse.Namespace) -> int:
    """Polls until it is told to stop; after a poll that fails, the next one tries again.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store cannot be opened.
    """
    from maa_notify import app
    from maa_notify.polling.run import poll_once

    stop: SimpleQueue[int] = SimpleQueue()  # unlike an Event it may be used while its own wait is interrupted
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), partial(_stop_after_this_poll, stop))
    notifier = app.build()
    try:
        poll_once(lambda: notifier, "command")
        while not _is_told(stop, within=options.every):
            poll_once(lambda: notifier, "command")
    finally:
        notifier.close()
    _LOG.info("watch.stopped")
    return OK


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= _DAY:  # nor is "nan"
        raise argparse.ArgumentTypeError("must be a number of seconds from 1 to 86400")
    return value


def _stop_after_this_poll(stop: SimpleQueue[int], number: int, _frame: FrameType | None) -> None:
    """Ends `watch` after the poll under way; a second signal ends the process at once."""
    stop.put(number)
    # A poll may be killed at any point, so whoever asks a second time need not wait for it.
    signal.signal(number, signal.SIG_DFL)


def _is_told(stop: SimpleQueue[int], *, within: float) -> bool:
    try:
        stop.get(timeout=within)
    except Empty:
        return False
    return True
