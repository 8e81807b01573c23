"""Who approved what: a request with the event that carried it out, and how sure that is. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from maa_notify.cards.text import plain
from maa_notify.domain.event import short_key
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import Identity
from maa_notify.insight.audit import AuditEvent, executed, fits
from maa_notify.insight.query import Query
from maa_notify.insight.verbs import verb_of

BY_ID = "id"
BY_NAME = "name"
FROM_HISTORY = "history"
FROM_AUDIT = "audit"

MEANING = {
    BY_ID: "the audit log tells of this very object, by its id",
    BY_NAME: "the audit log tells of an object of this name and type",
    FROM_HISTORY: "as polls saw the request; no event of the audit log stands behind it",
    FROM_AUDIT: "the audit log alone: who did it, and not who approved it, if anybody did",
}
"""How sure an answer is, for people."""

_LONGEST = 2_000
_NEVER = datetime.max.replace(tzinfo=UTC)


class Answer(Struct, frozen=True):
    """One answer: a request, an event of the audit log, or both.

    Attributes:
        record: the request; None where only the audit log knows of it.
        event: that carried it out; None where none is known.
        sure: one of the words in `MEANING`.
    """

    record: RequestRecord | None
    event: AuditEvent | None
    sure: str


def answers_of(
    records: Sequence[RequestRecord], events: Sequence[AuditEvent], query: Query, before: datetime | None
) -> list[Answer]:
    """An answer for each request, then one for each event that fits and is not known here otherwise.

    Args:
        records: the requests that are asked for.
        events: what the audit log told.
        query: the question.
        before: events from before this time (UTC) are answers of their own; None where none are.
    """
    found = _answers(records, events)
    used = {each.event for each in found if each.event is not None}
    earlier = (each for each in events if before is not None and each.at < before)
    others = [each for each in _distinct(earlier, used) if fits(query, each)]
    return [*found, *(Answer(None, each, FROM_AUDIT) for each in others)]


def as_object(answer: Answer) -> dict[str, Any]:
    """The answer for a script: times in UTC to the second; None for what is not known.

    Texts are without controls and marks that turn the text, since people read it on terminals, too.
    """
    record, event = answer.record, answer.event
    request = record.request if record else None
    return {
        "key": short_key(request.id) if request else None,
        "request": _text(request.id) if request else None,
        "object": _text(request.target.name if request else event.name if event else ""),
        "verb": _text(verb_of(request) if request else event.verb if event else ""),
        "policy_types": [plain(each, _LONGEST) for each in request.policy_types] if request else [],
        "outcome": _text(record.outcome) if record else None,
        "requestor": _told(request.requestor) if request else None,
        "approver": _told(record.approver) if record else None,
        "justification": _text(request.justification) if request else None,
        "approver_notes": _text(request.approval_notes) if request else None,
        "filed_at": _iso(record.filed_at if record else None),
        "approved_at": _iso(record.approved_at if record else None),
        "rejected_at": _iso(record.rejected_at if record else None),
        "completed_at": _iso(record.completed_at if record else None),
        "closed_at": _iso(record.closed_at if record else None),
        "executed_at": _iso(event.at if event else None),
        "executed_by": _told(event.actor) if event else None,
        "event_id": _text(event.id) if event else None,
        "correlation_id": _text(event.correlation_id) if event else None,
        "sure": answer.sure,
        "former_names": [plain(each, _LONGEST) for each in record.state.former_names] if record else [],
    }


def _answers(records: Sequence[RequestRecord], events: Sequence[AuditEvent]) -> list[Answer]:
    """An answer for each request, in their order. One event carries out one request alone."""
    made, free = {}, list(dict.fromkeys(events))
    for at, record in sorted(enumerate(records), key=lambda each: _end(each[1])):
        found = executed(record, free)
        made[at] = Answer(record, None, FROM_HISTORY)
        if found is not None:
            event, is_by_id = found
            free.remove(event)
            made[at] = Answer(record, event, BY_ID if is_by_id else BY_NAME)
    return [made[at] for at in range(len(records))]


def _end(record: RequestRecord) -> datetime:
    """When it was completed; what was not comes last, for it may never have been carried out."""
    return record.completed_at or _NEVER


def _distinct(events: Iterable[AuditEvent], used: Collection[AuditEvent]) -> list[AuditEvent]:
    """The events that are not used yet, each once, the latest first."""
    others = dict.fromkeys(each for each in events if each not in used)
    return sorted(others, key=lambda each: each.at, reverse=True)


def _told(identity: Identity) -> str | None:
    return _text(identity.upn or identity.name or identity.id)


def _text(text: str) -> str | None:
    return plain(text, _LONGEST) or None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


ANSWER_COLUMNS = tuple(as_object(Answer(None, None, FROM_HISTORY)))
"""The keys of an answer, in their order."""
