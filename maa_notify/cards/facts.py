"""The rows of facts on a card: only those that tell the reader something."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from maa_notify.cards import times, words
from maa_notify.cards.elements import Element, fact
from maa_notify.cards.subject import assignments, tells_assignments
from maa_notify.cards.text import safe, safe_account
from maa_notify.core.event import Event, EventKind
from maa_notify.core.request import (
    APPROVED,
    COMPLETED,
    EXPIRED,
    NEEDS_APPROVAL,
    REJECTED,
    ApprovalRequest,
    Identity,
)
from maa_notify.core.risk import assess

_NAME_LIMIT = 120


def facts(event: Event, now: datetime) -> list[Element]:
    """Who, what kind, and when."""
    return [fact(label, value) for label, value in _rows(event, now) if value]


def who(identity: Identity, limit: int = _NAME_LIMIT) -> str:
    """A person or an application, as far as Graph tells."""
    name = safe(identity.name, limit)
    account = safe_account(identity.upn, limit) or safe(identity.id, limit)
    if identity.kind == "application":
        return f"{name or account or words.NOT_TOLD} ({words.APPLICATION})"
    if name and identity.upn:
        return f"{name} ({account})"
    return name or account or words.NOT_TOLD


def expires(request: ApprovalRequest, now: datetime) -> str:
    """The deadline with the time left; "" for a request that none applies to any more."""
    if request.is_closed and request.status != EXPIRED:
        return ""
    return times.deadline(request.expires_at, now)


def _rows(event: Event, now: datetime) -> Iterator[tuple[str, str]]:
    request, target = event.request, event.request.target
    yield words.LABEL_REQUESTOR, who(request.requestor)
    yield words.LABEL_APPROVER, who(request.approver) if _is_decided(request) else ""
    yield words.LABEL_POLICY_TYPE, ", ".join(map(words.policy_type, request.policy_types))
    yield words.LABEL_RISK, _risk(event)
    yield words.LABEL_DEVICE, safe(target.serial_number, 64)
    yield words.LABEL_PRIMARY_USER, safe_account(target.primary_user)
    yield words.LABEL_ASSIGNED, "" if tells_assignments(request) else assignments(Counter(target.assigned_to))
    yield words.LABEL_BEFORE, _status_before(event)
    yield words.LABEL_REQUESTED, times.moment(request.requested_at)
    yield words.LABEL_CHANGED, _changed(request)
    yield words.LABEL_EXPIRES, expires(request, now)


def _risk(event: Event) -> str:
    """Where the strip does not tell it already."""
    risk = words.RISK[assess(event.request).risk]
    return "" if words.risk_line(assess(event.request).risk) in words.headline(event) else risk


def _is_decided(request: ApprovalRequest) -> bool:
    is_told = request.approver.kind != "unknown" and request.status != NEEDS_APPROVAL
    return is_told or request.status in {APPROVED, REJECTED, COMPLETED}


def _status_before(event: Event) -> str:
    return words.status(event.previous) if event.kind is EventKind.STATUS_CHANGED else ""


def _changed(request: ApprovalRequest) -> str:
    """When it last changed, where that is news."""
    changed = times.moment(request.modified_at) if request.modified_at else ""
    return "" if changed == times.moment(request.requested_at) else changed
