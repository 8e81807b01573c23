"""Runs one poll for any trigger: with a report and a log line, even if it fails."""

from collections.abc import Callable
from typing import Protocol

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.errors import MaaNotifyError
from maa_notify.polling.report import Report

_LOG = logs.logger(__name__)


class Pollable(Protocol):
    """One tenant, wired up."""

    @property
    def clock(self) -> Clock:
        """The clock of its polls."""
        ...

    def poll(self) -> Report:
        """Polls once.

        Raises:
            StateError: the state store failed.
        """
        ...


def poll_once(
    get_app: Callable[[], Pollable], trigger: str, tenant: str = "", *, in_silence: bool = False
) -> Report:
    """Polls once and returns the report, also when settings are wrong or the state store fails.

    Args:
        get_app: wires everything up, or returns what is wired up already.
        trigger: who asks, for the log: `timer`, `http`, `queue` or `command`.
        tenant: whose poll it is, for the log of a fleet.
        in_silence: leave no line of a poll with nothing to tell.
    """
    with logs.poll_under_way(tenant):
        try:
            notifier = get_app()
            began = notifier.clock.monotonic()
            report = notifier.poll()
        except MaaNotifyError as error:
            _LOG.error("poll.failed", code=error.code, trigger=trigger, text=str(error))
            return Report(failure=error)
        if report.is_eventful or not in_silence:
            _log_done(report, trigger, notifier.clock.monotonic() - began)
        return report


def _log_done(report: Report, trigger: str, seconds: float) -> None:
    _LOG.info(
        "poll.done",
        trigger=trigger,
        listed=report.listed,
        events=report.events,
        delivered=report.delivered,
        pending=report.pending,
        overdue=report.overdue,
        dead=report.dead,
        malformed=report.malformed,
        waiting=report.waiting,
        oldest_waiting_s=report.oldest_waiting_s,
        hidden=",".join(report.hidden) or "none",
        stale=report.stale,
        unreached=report.unreached,
        unheard=report.unheard,
        seconds=seconds,
        failure=report.failure.code if report.failure else "none",
        settings=report.settings or "none",
    )
