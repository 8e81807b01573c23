"""Sample events, for `preview` and `doctor --send`; every name in them is invented."""

from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from maa_notify.core.event import Event, EventKind
from maa_notify.core.request import (
    APPROVED,
    COMPLETED,
    EXPIRED,
    NEEDS_APPROVAL,
    REJECTED,
    ApprovalRequest,
    Identity,
    Target,
    canonical,
)

_REQUESTOR = Identity("user", "Mira Holt", "mira.holt@contoso.com", "a1f4c0de-0001-4c1e-8f00-000000000001")
_APPROVER = Identity("user", "Aiko Mori", "aiko.mori@contoso.com", "173a2634-0007-4274-af00-000000000007")
_DECIDED = frozenset({APPROVED, COMPLETED, REJECTED})
_LIFETIME = timedelta(days=3)


def sample_request(status: str, now: datetime) -> ApprovalRequest:
    """A wipe that was asked for two hours ago, in the given status; each status is a request of its own."""
    is_decided = status in _DECIDED
    age = _LIFETIME if status == EXPIRED else timedelta(hours=2)
    return ApprovalRequest(
        id=str(uuid5(NAMESPACE_OID, status)),
        status=status,
        policy_types=("deviceWipe",),
        requested_at=now - age,
        expires_at=now - age + _LIFETIME,
        modified_at=now - timedelta(minutes=3) if is_decided else now - age,
        requestor=_REQUESTOR,
        approver=_APPROVER if is_decided else Identity(),
        justification="Laptop left in a taxi, ticket INC-20418",
        approval_notes="Call the owner first, please" if status == REJECTED else "",
        target=Target(
            name="CONTOSO-LT-0417",
            operation="Action",
            object_type="ManagedDevice",
            action="wipe",
            serial_number="5CG1234XYZ",
            primary_user="theo.brandt@contoso.com",
            device_count=1,
        ),
    )


def sample_event(word: str, now: datetime) -> Event:
    """The event that leads to the card for a status, or for `reminder`."""
    if word == "reminder":
        request = sample_request(NEEDS_APPROVAL, now)
        next_at = now + timedelta(days=1)
        return Event(EventKind.REMINDER, request, 1, now, NEEDS_APPROVAL, "50%", next_at)
    request = sample_request(canonical(word), now)
    if request.status == NEEDS_APPROVAL:
        return Event(EventKind.CREATED, request, 1, now)
    return Event(EventKind.STATUS_CHANGED, request, 2, now, NEEDS_APPROVAL)
