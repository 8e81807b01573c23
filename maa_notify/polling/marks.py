"""Marks: how the last looks at a source went, and log lines when it begins or ceases to fail."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from maa_notify import logs
from maa_notify.domain.notification import Notification
from maa_notify.domain.times import unless_later
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import GraphError, GraphUnavailable, StateError
from maa_notify.storage.records import SourceMark, Versioned
from maa_notify.storage.requests import RequestStore
from maa_notify.storage.rows import ConflictError

_LOG = logs.logger(__name__)

LONGEST_WAIT = timedelta(hours=1)
"""That a `Retry-After` of Graph may ask for between polls."""

_MOST_CONFLICTS = 20
"""Each one means that another poller wrote; so many in a row, that something is wrong with the store."""


def is_due(mark: SourceMark | None, rhythm: timedelta, now: datetime) -> bool:
    """Whether it is time to look again; also when the mark lies in the future, since a clock was set back."""
    tried_at = unless_later(mark.tried_at, now) if mark else None
    return tried_at is None or abs(now - tried_at) >= rhythm


def wait_until(mark: SourceMark | None, now: datetime) -> datetime | None:
    """Until when a source asked to be left alone (UTC); None when it may be asked now."""
    until = unless_later(mark.not_before, now + LONGEST_WAIT) if mark else None
    return until if until is not None and until > now else None


def wait_asked_for(error: GraphError, now: datetime) -> datetime | None:
    """Until when a failed source wants to be left alone (UTC), within an hour; None if it did not say."""
    if not isinstance(error, GraphUnavailable) or error.retry_after is None:
        return None
    return now + timedelta(seconds=min(max(0.0, error.retry_after), LONGEST_WAIT.total_seconds()))


def next_mark(
    before: SourceMark,
    failure: GraphError | None,
    outlook: Outlook,
    now: datetime,
    not_before: datetime | None = None,
) -> SourceMark:
    """The mark after a look; a failure keeps when the last good one was."""
    mark = SourceMark(
        before.last_good,
        tried_at=now,
        outlook=outlook,
        memory_lost_at=before.memory_lost_at,
        destinations=before.destinations,
        left=before.left,
        cursor=before.cursor,
        number=before.number + 1,
        settings=before.settings,
        retell_since=before.retell_since,
        others=before.others,
        waiting=before.waiting,
    )
    if failure is None:
        return replace(mark, last_good=now)
    return replace(
        mark,
        failing_since=unless_later(before.failing_since, now) or now,
        failure=failure.code,
        missing_permission=failure.missing_permission,
        token_issued_at=failure.token_issued_at,
        not_before=not_before,
    )


def write_mark(  # noqa: PLR0913, PLR0917 - what was read, what is to be, and what to tell if it is gone
    store: RequestStore,
    source: str,
    mark: SourceMark,
    read: Versioned[SourceMark],
    now: datetime,
    alarms: Sequence[Notification] = (),
) -> None:
    """Writes the mark at the end of a poll; if the row that this poll read is gone, as one that begins anew.

    Args:
        store: where it is written.
        source: the source's name.
        mark: as it is to be.
        read: as this poll read it, with the etag of what it last read or wrote; "" when there was none.
        now: the time of the poll (UTC).
        alarms: what is to be told if the row is gone.

    Raises:
        StateError: also when the row changed at every try.
    """
    etag, is_gone = read.etag, False
    for _ in range(_MOST_CONFLICTS):
        try:
            if is_gone:
                store.write_mark_of_loss(source, mark, "", alarms)
            else:
                store.write_mark(source, mark, etag)
        except ConflictError:
            held = store.find_mark(source)
            if held is None:
                _LOG.error("poll.memory_lost", source=source, text="the rows of this tenant are gone")
                mark, is_gone = _begun_anew(mark, read.value, now), True
            else:
                # Another poller; if it found that memory was lost, that stands.
                mark, etag, is_gone = _joined(mark, held.value), held.etag, False
        else:
            return
    raise StateError(f"the mark of {source} in the state store changed at each of {_MOST_CONFLICTS} tries")


def _begun_anew(mark: SourceMark, before: SourceMark, now: datetime) -> SourceMark:
    """The mark of a memory that begins now: what ended before the last good poll was told by then."""
    since = unless_later(before.last_good, now) or now
    # Of what this poll listed nobody knows how much was recorded: history has yet to be seen.
    # The row of the settings is gone with it.
    outlook = replace(mark.outlook, since=since, listed={})
    return replace(mark, outlook=outlook, memory_lost_at=now, settings="")


def _joined(mark: SourceMark, other: SourceMark) -> SourceMark:
    """The mark with the beginning of the other one, where that is later, and counted after it."""
    mark = replace(mark, number=max(mark.number, other.number + 1))
    mine, theirs = mark.outlook.since, other.outlook.since
    if mine is None or theirs is None or theirs <= mine:
        return mark
    outlook = replace(mark.outlook, since=theirs, listed=other.outlook.listed)
    return replace(mark, outlook=outlook, memory_lost_at=other.memory_lost_at)


def log_failure_or_recovery(source: str, before: SourceMark, failure: GraphError | None) -> None:
    """Logs once that a source fails and why, again when that changes, and once that it has recovered."""
    if failure is None:
        if before.failing_since is not None:
            _LOG.warning("poll.recovered", source=source, failing_since=before.failing_since)
    elif (before.failure, before.missing_permission) != (failure.code, failure.missing_permission):
        _LOG.error("poll.failing", source=source, code=failure.code, text=str(failure))
