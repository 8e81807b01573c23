"""`watch`: polls until it is told to stop."""

import argparse
import re
import signal
from contextlib import ExitStack
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType

from maa_notify import logs
from maa_notify.cli.exit_codes import FAILED, OK
from maa_notify.cli.service import ALIVE, READY, STOPPING, tell_manager, watchdog_seconds
from maa_notify.cli.text import complain

_LOG = logs.logger(__name__)

_DAY = 86_400
_HIGHEST_PORT = 65_535
_HERE = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Polls until it is stopped with Ctrl-C or a signal, which lets the poll under way finish. Asked a"
        " second time it stops at once, which loses nothing either. In a fleet it polls every tenant."
    )
    parser.add_argument("--every", type=_seconds, default=60.0, metavar="SECONDS", help="default: 60")
    parser.add_argument(
        "--metrics",
        type=_address,
        default=None,
        metavar="PORT",
        help="serve figures for Prometheus at /metrics on this port of this machine; HOST:PORT for others",
    )


def run(options: argparse.Namespace) -> int:
    """Polls until it is told to stop; after a poll that fails, the next one tries again.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store cannot be opened.
    """
    from maa_notify.cli.metrics import Metrics
    from maa_notify.cli.metrics_server import MetricsServer
    from maa_notify.cli.turns import turns_of
    from maa_notify.clock import SystemClock

    stop: SimpleQueue[int] = SimpleQueue()  # unlike an Event it may be used while its own wait is interrupted
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), partial(_stop_after_this_poll, stop))
    metrics = Metrics(SystemClock())
    with ExitStack() as open_parts:
        turns = turns_of(metrics)
        open_parts.callback(turns.close)
        if options.metrics is not None:
            host, port = options.metrics
            try:
                server = MetricsServer(host, port, metrics.text)
            except OSError as error:
                complain(f"--metrics: cannot listen on port {port} of {host}: {error.strerror}")
                return FAILED
            open_parts.callback(server.close)
            _LOG.info("watch.metrics", host=host, port=server.port)
        tell_manager(READY)
        turns.take()
        while not _is_told(stop, within=options.every):
            turns.take()
        tell_manager(STOPPING)
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


def _address(text: str) -> tuple[str, int]:
    """Host and port; this machine alone where no host is given."""
    host, _, port = text.rpartition(":")
    if not (re.fullmatch("[0-9]{1,5}", port) and 0 <= int(port) <= _HIGHEST_PORT):
        raise argparse.ArgumentTypeError("must be a port from 0 to 65535, or HOST:PORT")
    return host or _HERE, int(port)


def _stop_after_this_poll(stop: SimpleQueue[int], number: int, _frame: FrameType | None) -> None:
    """Ends `watch` after the poll under way; a second signal ends the process at once."""
    stop.put(number)
    # A poll may be killed at any point, so whoever asks a second time need not wait for it.
    signal.signal(number, signal.SIG_DFL)


def _is_told(stop: SimpleQueue[int], *, within: float) -> bool:
    """Whether it was told to stop within so many seconds; meanwhile the service manager hears from us.

    It hears nothing while a poll hangs, and then starts the service anew.
    """
    left, patience = within, watchdog_seconds()
    while left > 0:
        tell_manager(ALIVE)
        pause = min(left, patience / 2) if patience else left
        try:
            stop.get(timeout=pause)
        except Empty:
            left -= pause
        else:
            return True
    return False
