"""Requests and events as the core knows them, for tests that need no wire."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from maa_notify.domain.event import Event, EventKind, Fact, Notice, NoticeKind, RequestEvent
from maa_notify.domain.request import APPROVED, NEEDS_APPROVAL, ApprovalRequest
from maa_notify.domain.risk import Risk

NOW = datetime(2026, 8, 18, 12, 0, tzinfo=UTC)
FILED = NOW - timedelta(hours=1)
LIFETIME = timedelta(days=3)


def approval(status: str = NEEDS_APPROVAL, **changes: Any) -> ApprovalRequest:
    """A wipe, filed an hour before `NOW` and good for three days from then."""
    fields: dict[str, Any] = {
        "id": "6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01",
        "status": status,
        "policy_types": ("deviceWipe",),
        "requested_at": FILED,
        "expires_at": FILED + LIFETIME,
        "modified_at": FILED,
    }
    return ApprovalRequest(**{**fields, **changes})


def created(request: ApprovalRequest | None = None) -> Event:
    """The event of a request that is new to us."""
    return RequestEvent(EventKind.CREATED, request or approval(), 1, NOW)


def changed(request: ApprovalRequest, previous: str = NEEDS_APPROVAL) -> Event:
    """The event of a request that reached another status."""
    return RequestEvent(EventKind.STATUS_CHANGED, request, 2, NOW, previous)


def reminder(request: ApprovalRequest | None = None, *, stage: str = "24h", more: bool = True) -> Event:
    """The event of a reminder, with another to come or the last one."""
    next_at = NOW + timedelta(hours=20) if more else None
    waiting = request or approval()
    return RequestEvent(EventKind.REMINDER, waiting, 1, NOW, waiting.status, stage, next_at)


def complete_reminder(request: ApprovalRequest | None = None) -> Event:
    """The event of a request that is approved and still not completed."""
    approved = request or approval("approved")
    return RequestEvent(EventKind.COMPLETE_REMINDER, approved, 2, NOW, approved.status, "4h")


def no_longer_listed(request: ApprovalRequest | None = None) -> Event:
    """The event of an open request that is gone."""
    gone = request or approval()
    return RequestEvent(EventKind.NO_LONGER_LISTED, gone, 1, NOW, gone.status)


def nudge(request: ApprovalRequest | None = None) -> Event:
    """The event of a reminder that an approved request waits to be completed."""
    return replace(reminder(request or approval(APPROVED), stage="4h"), kind=EventKind.COMPLETE_REMINDER)


def notice(kind: NoticeKind = NoticeKind.FINDING, **changes: Any) -> Notice:
    """A finding of high risk about something that is no request."""
    fields: dict[str, Any] = {
        "kind": kind,
        "subject_id": "lock:approvers",
        "revision": 1,
        "at": NOW,
        "title": "Nobody can approve",
        "text": "The approver group of this access policy has no member.",
        "facts": (Fact("Access policy", "Wipe devices"),),
        "next_step": "Administrator: add a member to the group.",
        "risk": Risk.HIGH,
        "topics": ("posture",),
    }
    return Notice(**{**fields, **changes})
