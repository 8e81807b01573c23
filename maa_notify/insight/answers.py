"""Who approved what: a request with the event that carried it out, and how sure that is. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

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
    found = [_answer(record, events) for record in records]
    used = {each.event.id for each in found if each.event is not None}
    earlier = (each for each in events if before is not None and each.at < before)
    others = [each for each in _distinct(earlier, used) if fits(query, each)]
    return [*found, *(Answer(None, each, FROM_AUDIT) for each in others)]


def as_object(answer: Answer) -> dict[str, Any]:
    """The answer for a script: times in UTC to the second; None for what is not known."""
    record, event = answer.record, answer.event
    request = record.request if record else None
    return {
        "key": short_key(request.id) if request else None,
        "request": request.id if request else None,
        "object": (request.target.name if request else event.name if event else "") or None,
        "verb": (verb_of(request) if request else event.verb if event else "") or None,
        "policy_types": list(request.policy_types) if request else [],
        "outcome": record.outcome if record else None,
        "requestor": _told(request.requestor) if request else None,
        "approver": _told(record.approver) if record else None,
        "justification": (request.justification or None) if request else None,
        "approver_notes": (request.approval_notes or None) if request else None,
        "filed_at": _iso(record.filed_at if record else None),
        "approved_at": _iso(record.approved_at if record else None),
        "rejected_at": _iso(record.rejected_at if record else None),
        "completed_at": _iso(record.completed_at if record else None),
        "closed_at": _iso(record.closed_at if record else None),
        "executed_at": _iso(event.at if event else None),
        "executed_by": _told(event.actor) if event else None,
        "event_id": (event.id or None) if event else None,
        "correlation_id": (event.correlation_id or None) if event else None,
        "sure": answer.sure,
    }


def _answer(record: RequestRecord, events: Sequence[AuditEvent]) -> Answer:
    found = executed(record, events)
    if found is None:
        return Answer(record, None, FROM_HISTORY)
    event, is_by_id = found
    return Answer(record, event, BY_ID if is_by_id else BY_NAME)


def _distinct(events: Iterable[AuditEvent], used: Collection[str]) -> list[AuditEvent]:
    """The events that are not used yet, each once, the latest first."""
    by_id = {each.id: each for each in events if each.id not in used}
    return sorted(by_id.values(), key=lambda each: each.at, reverse=True)


def _told(identity: Identity) -> str | None:
    return identity.upn or identity.name or identity.id or None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


ANSWER_COLUMNS = tuple(as_object(Answer(None, None, FROM_HISTORY)))
"""The keys of an answer, in their order."""
