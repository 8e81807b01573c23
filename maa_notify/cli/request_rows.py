"""Requests as rows of a table: all their times and durations, under names that stay."""

from datetime import datetime

from maa_notify.cards.subject import subject_of
from maa_notify.cards.text import plain
from maa_notify.domain.event import short_key
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import Identity
from maa_notify.insight.verbs import verb_of

REQUEST_COLUMNS = (
    "request",
    "key",
    "object",
    "verb",
    "subject",
    "policy_types",
    "outcome",
    "requestor",
    "requestor_kind",
    "approver",
    "justification",
    "approver_notes",
    "filed_at",
    "approved_at",
    "rejected_at",
    "completed_at",
    "closed_at",
    "expires_at",
    "decision_s",
    "completion_s",
    "total_s",
    "reminders",
)
_NAME_LIMIT = 256
_LONGEST_CELL = 2_000


def request_row(record: RequestRecord) -> dict[str, str]:
    """The row of a request; times in UTC to the second, durations in seconds, "" for what is not known."""
    request = record.request
    values = (
        request.id,
        short_key(request.id),
        plain(request.target.name, _NAME_LIMIT),
        verb_of(request),
        str(subject_of(request, _NAME_LIMIT)),
        " ".join(request.policy_types),
        record.outcome,
        name_of(request.requestor),
        request.requestor.kind,
        name_of(record.approver),
        request.justification,
        request.approval_notes,
        *map(
            iso,
            (
                record.filed_at,
                record.approved_at,
                record.rejected_at,
                record.completed_at,
                record.closed_at,
                request.expires_at,
            ),
        ),
        *(
            "" if each is None else str(each)
            for each in (record.decision_s, record.completion_s, record.total_s)
        ),
        str(record.reminders),
    )
    return dict(zip(REQUEST_COLUMNS, map(in_one_line, values), strict=True))


def in_one_line(value: str) -> str:
    """What Graph or Teams wrote, for terminals and files: no controls, and nothing that turns the text."""
    return plain(value, _LONGEST_CELL)


def iso(moment: datetime | None) -> str:
    """A time in UTC to the second; "" for none."""
    return moment.isoformat(timespec="seconds") if moment else ""


def name_of(identity: Identity) -> str:
    """What tells a person or an application apart best: the account, else the name, else the id."""
    return identity.upn or plain(identity.name, _NAME_LIMIT) or identity.id
