"""An approval request as Intune knows it, and the words that Intune has for it. Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

NEEDS_APPROVAL = "needsApproval"
APPROVED = "approved"
COMPLETED = "completed"
REJECTED = "rejected"
CANCELLED = "cancelled"
EXPIRED = "expired"

STATUSES = (NEEDS_APPROVAL, APPROVED, COMPLETED, REJECTED, CANCELLED, EXPIRED)
CLOSED = frozenset({COMPLETED, REJECTED, CANCELLED, EXPIRED})

POLICY_TYPES = (
    "deviceAction",
    "deviceWipe",
    "deviceRetire",
    "deviceRetireNonCompliant",
    "deviceDelete",
    "deviceDeprovision",
    "deviceLock",
    "deviceErase",
    "deviceDisableActivationLock",
    "deviceResetPasscode",
    "deviceSecurityAction",
    "windowsEnrollment",
    "compliancePolicy",
    "configurationPolicy",
    "appProtectionPolicy",
    "policySet",
    "filter",
    "endpointSecurityPolicy",
    "app",
    "script",
    "role",
    "customOrganizationalMessage",
    "operationApprovalPolicy",
    "autopilot",
    "windows365",
    "deviceEnrollment",
    "deviceUpdate",
    "enrollmentRestriction",
    "tenantConfiguration",
    "tunnel",
    "endpointPrivilegeManagement",
    "unknown",
    "unknownFutureValue",
)

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ACCOUNT = re.compile(
    r"[A-Za-z0-9_'+-]{1,64}(\.[A-Za-z0-9_'+-]{1,64}){0,7}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,5}"
)
"""The exact form of a user principal name."""

_CANONICAL = {word.lower(): word for word in (*STATUSES, *POLICY_TYPES)} | {"canceled": CANCELLED}

IdentityKind = Literal["user", "application", "unknown"]


class Identity(Struct, frozen=True):
    """Who asked or decided. Any part may be empty: Graph has been seen to give all, some or none."""

    kind: IdentityKind = "unknown"
    name: str = ""
    upn: str = ""
    id: str = ""


class Target(Struct, frozen=True):
    """What the change is about, from undocumented fields; every part may be empty.

    `operation` is the verb (`Create`, `Assign`, `Action`), `object_type` the last part of Intune's internal
    type name, `assigned_to` the kinds of assignment targets (`group`, `all users`), never their ids.
    """

    name: str = ""
    operation: str = ""
    object_type: str = ""
    subtype: str = ""
    action: str = ""
    serial_number: str = ""
    primary_user: str = ""
    device_count: int = 0
    assigned_to: tuple[str, ...] = ()


class ApprovalRequest(Struct, frozen=True):
    """One request. Times are aware and in UTC, or None when Graph gave none that can be read."""

    id: str
    status: str
    policy_types: tuple[str, ...] = ()
    requested_at: datetime | None = None
    expires_at: datetime | None = None
    modified_at: datetime | None = None
    requestor: Identity = Identity()
    approver: Identity = Identity()
    justification: str = ""
    approval_notes: str = ""
    target: Target = Target()

    @property
    def is_closed(self) -> bool:
        """Whether nobody can act on it any more. A status never heard of counts as open."""
        return self.status in CLOSED


class Listing(Struct, frozen=True):
    """Everything Graph lists.

    Attributes:
        requests: as they were listed.
        malformed: entries that could not be read.
        roles: the permissions of the token that they were listed with; None where it did not tell.
    """

    requests: tuple[ApprovalRequest, ...]
    malformed: int = 0
    roles: tuple[str, ...] | None = None


def canonical(word: str) -> str:
    """A status or policy type in Graph's own spelling, whatever case it came in; unknown words stay."""
    return _CANONICAL.get(word.lower(), word)


def latest_of_each(requests: Iterable[ApprovalRequest]) -> dict[str, ApprovalRequest]:
    """One request per id: a list that moves while it is paged can name the same request twice."""
    latest: dict[str, ApprovalRequest] = {}
    for request in requests:
        known = latest.get(request.id)
        if known is None or _modified(request) >= _modified(known):
            latest[request.id] = request
    return latest


def _modified(request: ApprovalRequest) -> datetime:
    return request.modified_at or datetime.min.replace(tzinfo=UTC)
