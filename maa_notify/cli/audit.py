"""Asks Intune's audit log for what an answer needs, and says what it was not asked for, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from maa_notify.domain.capabilities import AUDIT
from maa_notify.errors import GraphError
from maa_notify.graph.refusals import Surface
from maa_notify.insight.audit import KEPT, AuditEvent, audit_path, parse_event, window_of

if TYPE_CHECKING:
    from maa_notify.app import App
    from maa_notify.domain.record import RequestRecord
    from maa_notify.insight.query import Query

_SURFACE = Surface(tuple(each.name for each in AUDIT.permissions))
_MOST_WINDOWS = 10
"""Requests of which the log is asked when they were carried out, the latest ones: each is a call or more."""

Windows = list[tuple[datetime, datetime]]


class Told(Struct, frozen=True):
    """What the audit log told.

    Attributes:
        events: as they were logged, of all that was asked for.
        notes: for people, about what it did not tell and why.
        before: events from before this time (UTC) were asked for as such, not for a request; None for none.
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
    """Asks the log when requests were carried out, and what was done before the notifier began to watch."""
    windows, notes = _windows_of(found)
    early = None if is_keyed else _early_window(query, began, notifier.clock.now())
    if early is not None:
        windows.append(early)
        notes.append(
            f"Polls know requests since {notifier.cards.times.format(began)}. Of times before, the audit log"
            " tells for two years what was done and by whom, but not who approved it."
        )
    elif not found and query.span.start is None and began is not None and not is_keyed:
        notes.append(
            f"Polls know requests since {notifier.cards.times.format(began)}; with --since or --on the audit"
            " log is asked about times before."
        )
    if not is_wanted:
        return Told(notes=[*notes, "The audit log was not asked."])
    if not windows:
        return Told(notes=notes)
    try:
        roles = notifier.reader.roles()
        if roles is not None and (lacking := [each.name for each in AUDIT.missing(roles)]):
            why = f"the token lacks {', '.join(lacking)}, so when something was carried out is not told"
            return Told(notes=[*notes, f"The audit log was not asked: {why}."])
        raw = [each for one in windows for each in notifier.reader.entries(audit_path(*one), _SURFACE)]
    except GraphError as error:
        return Told(notes=[*notes, f"The audit log could not be asked: {error}."])
    events = (parse_event(each) for each in raw)
    return Told([each for each in events if each is not None], notes, early[1] if early else None)


def _windows_of(found: "Sequence[RequestRecord]") -> tuple[Windows, list[str]]:
    """When the latest of these requests can have been carried out; a note where there are more."""
    windows = [window for window in map(window_of, found) if window is not None]
    more = len(windows) - _MOST_WINDOWS
    note = (
        f"The audit log is asked about the {_MOST_WINDOWS} latest of them; name one by --key for the others."
    )
    return windows[:_MOST_WINDOWS], [note] if more > 0 else []


def _early_window(query: "Query", began: datetime | None, now: datetime) -> tuple[datetime, datetime] | None:
    """The part of the span that lies before the notifier began to watch, as far back as the log reaches."""
    start, end = query.span.start, query.span.end
    if start is None or (began is not None and start >= began):
        return None
    last = min(each for each in (end, began, now) if each is not None)
    first = max(start, now - KEPT)
    return (first, last) if first < last else None
