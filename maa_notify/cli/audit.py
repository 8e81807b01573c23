"""Asks Intune's audit log for what an answer needs, and says what it was not asked for, and why."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from maa_notify.domain.capabilities import AUDIT
from maa_notify.errors import GraphError
from maa_notify.graph.refusals import Surface
from maa_notify.insight.audit import KEPT, AuditEvent, audit_path, executed, fits, parse_event, window_of

if TYPE_CHECKING:
    from maa_notify.app import App
    from maa_notify.cards.times import TimeFormat
    from maa_notify.domain.record import RequestRecord
    from maa_notify.insight.query import Query

_SURFACE = Surface(tuple(each.name for each in AUDIT.permissions))
_MOST_WINDOWS = 10
"""Requests of which the log is asked when they were carried out, the latest ones: each is a call or more."""

_AT_ONCE = timedelta(days=30)

Window = tuple[datetime, datetime]


class Told(Struct, frozen=True):
    """What the audit log told.

    Attributes:
        events: that carried out a request that was found, or fit the question.
        notes: for people, about what it did not tell and why.
        before: events from before this time (UTC) that no request accounts for are answers; None for none.
    """

    events: Sequence[AuditEvent] = ()
    notes: Sequence[str] = ()
    before: datetime | None = None


def asked(  # noqa: PLR0913 - the question and all that is known already
    notifier: "App",
    query: "Query",
    found: "Sequence[RequestRecord]",
    began: datetime | None,
    *,
    is_wanted: bool,
    is_keyed: bool,
) -> Told:
    """Asks the log when requests were carried out, and what was done that no request tells of."""
    now = notifier.clock.now()
    alone = None if is_keyed else _window_alone(query, began, now, has_found=bool(found))
    notes = [] if is_keyed else _notes(query, found, alone, began, notifier.cards.times)
    if query.span.start is not None and query.span.start > now:
        notes = ["That time is yet to come."]
    if not is_wanted:
        return Told(notes=[*notes, "The audit log was not asked."])
    approved = [(each, window) for each in found if (window := window_of(each)) is not None]
    if len(approved) > _MOST_WINDOWS:
        notes.append(f"The audit log is asked about the {_MOST_WINDOWS} latest; name others by --key.")
    if not approved and alone is None:
        return Told(notes=notes)
    try:
        roles = notifier.reader.roles()
        if roles is not None and (lacking := [each.name for each in AUDIT.missing(roles)]):
            why = f"the token lacks {', '.join(lacking)}, so when something was carried out is not told"
            return Told(notes=[*notes, f"The audit log was not asked: {why}."])
        # Only what fits is kept: of two years there may be a million events.
        events = [
            event
            for record, window in approved[:_MOST_WINDOWS]
            for event in _events(notifier, window)
            if executed(record, [event]) is not None
        ]
        if alone is not None:
            events += (each for each in _events(notifier, alone) if fits(query, each))
    except GraphError as error:
        return Told(notes=[*notes, f"The audit log could not be asked: {error}."])
    return Told(events, notes, alone[1] if alone else None)


def _events(notifier: "App", window: Window) -> "Iterator[AuditEvent]":
    """What was done in a window, month by month: each has the time that one collection may take."""
    start, end = window
    while start < end:
        stop = min(end, start + _AT_ONCE)
        for raw in notifier.reader.entries(audit_path(start, stop), _SURFACE):
            event = parse_event(raw)
            if event is not None:
                yield event
        start = stop


def _window_alone(query: "Query", began: datetime | None, now: datetime, *, has_found: bool) -> Window | None:
    """Of which part of the span the log is asked for what no request tells of, as far back as it reaches.

    That is what lies before the notifier began to watch; or all, where no request fits what was asked for.
    """
    start, end = query.span.start, query.span.end
    if start is None:
        return None
    limit = began if has_found or not query.is_of_something else None
    last = min(each for each in (end, limit, now) if each is not None)
    first = max(start, now - KEPT)
    return (first, last) if first < last else None


def _notes(
    query: "Query",
    found: "Sequence[RequestRecord]",
    alone: Window | None,
    began: datetime | None,
    times: "TimeFormat",
) -> list[str]:
    """What polls and the log can tell of this time, and what not."""
    since = f"Polls know requests since {times.format(began)}"
    notes = []
    if alone is not None and (began is None or alone[0] < began):
        before = f"{since}. Of times before, the" if began else "The"
        notes.append(
            f"{before} audit log tells for two years what was done and by whom, but not who approved it."
        )
    elif not found and query.span.start is None and began is not None:
        notes.append(f"{since}; with --since or --on the audit log is asked, too.")
    if alone is not None and began is not None and alone[1] > began:
        notes.append(
            "No request that polls saw fits: what the audit log tells was done without one, or under"
            " another name."
        )
    return notes
