"""Marks: how the last looks at a source went, and log lines when it begins or ceases to fail."""

from datetime import datetime, timedelta

from maa_notify import logs
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import GraphError
from maa_notify.storage.records import SourceMark

_LOG = logs.logger(__name__)


def is_due(mark: SourceMark | None, rhythm: timedelta, now: datetime) -> bool:
    """Whether it is time to look again; also when the mark lies in the future, since a clock was set back."""
    tried_at = mark.tried_at if mark else None
    return tried_at is None or tried_at > now or now - tried_at >= rhythm


def next_mark(before: SourceMark, failure: GraphError | None, outlook: Outlook, now: datetime) -> SourceMark:
    """The mark after a look; a failure keeps when the last good one was."""
    if failure is None:
        return SourceMark(last_good=now, tried_at=now, outlook=outlook)
    return SourceMark(
        before.last_good,
        before.failing_since or now,
        failure.code,
        failure.missing_permission,
        failure.token_issued_at,
        tried_at=now,
        outlook=outlook,
    )


def log_failure_or_recovery(source: str, before: SourceMark, failure: GraphError | None) -> None:
    """Logs once that a source fails and why, again when that changes, and once that it has recovered."""
    if failure is None:
        if before.failing_since is not None:
            _LOG.warning("poll.recovered", source=source, failing_since=before.failing_since)
    elif (before.failure, before.missing_permission) != (failure.code, failure.missing_permission):
        _LOG.error("poll.failing", source=source, code=failure.code, text=str(failure))
