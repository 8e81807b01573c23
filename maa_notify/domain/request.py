"""An approval request as Intune knows it, and the words that Intune has for it. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, json

from maa_notify.domain.times import DAWN

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

PLATFORMS = (
    "androidDeviceAdministrator",
    "androidEnterprise",
    "iOSiPadOS",
    "macOS",
    "windows10AndLater",
    "windows81AndLater",
    "windows10X",
)
"""For which an access policy can be made, besides `notApplicable`."""

GROUP = "group"
EXCLUDED_GROUP = "excluded group"
ALL_USERS = "all users"
ALL_DEVICES = "all devices"
OTHER_TARGET = "target"

UNINSTALL = "uninstall"
INTENTS = (UNINSTALL, "required", "available", "availableWithoutEnrollment")
"""What can happen to an app where it is assigned; what weighs most first."""
OTHER_INTENT = "other"
"""An intent that is new to us."""

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ACCOUNT = re.compile(
    r"[A-Za-z0-9_'+-]{1,64}(\.[A-Za-z0-9_'+-]{1,64}){0,7}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,5}"
)
"""The exact form of a user principal name."""

_CANONICAL = {word.lower(): word for word in (*STATUSES, *POLICY_TYPES)} | {"canceled": CANCELLED}
_DEPLOYMENT = re.compile("deployment(?!.*profile)", re.IGNORECASE)
"""Not the deployment profiles of Autopilot."""
_ONLY_OF_DEPLOYMENTS = frozenset({"cancel", "resume"})

IdentityKind = Literal["user", "application", "unknown"]


class Identity(Struct, frozen=True):
    """Who asked or decided. Any part may be empty: Graph has been seen to give all, some or none."""

    kind: IdentityKind = "unknown"
    name: str = ""
    upn: str = ""
    id: str = ""


class Assignment(Struct, frozen=True):
    """Assignment targets of one kind with the same intent: how many there are, never which.

    Attributes:
        kind: `GROUP`, `EXCLUDED_GROUP`, `ALL_USERS`, `ALL_DEVICES` or `OTHER_TARGET`.
        intent: one of `INTENTS` or `OTHER_INTENT`; "" where none is told, as for everything but apps.
        count: how many.
    """

    kind: str = OTHER_TARGET
    intent: str = ""
    count: int = 1

    @property
    def is_everybody(self) -> bool:
        """Whether it reaches all users or all devices; an exclusion never does."""
        return self.kind in {ALL_USERS, ALL_DEVICES}


class Device(Struct, frozen=True):
    """One of the devices that a request lists; any part may be empty."""

    name: str = ""
    serial_number: str = ""
    primary_user: str = ""


class Target(Struct, frozen=True):
    """What the change is about, from undocumented fields; every part may be empty.

    Attributes:
        name: of the object, as somebody chose it.
        operation: the verb: `Create`, `Update`, `Assign`, `Action`.
        object_type: the last part of Intune's internal type name.
        subtype: the same of a subtype, which may name the action.
        action: what is done to a device: `wipe`.
        serial_number: of the first device.
        primary_user: of the first device.
        device_count: how many devices are listed, or joined in the name that Graph gives.
        assignments: all assignments as they will be after the change, those that exist already included.
        removed_assignments: those that a list of removed ones names.
        protects: for an access policy, the policy type that it protects.
        platform: for an access policy, one of `PLATFORMS`.
        first_devices: the first few of several devices; empty for one.
        keeps_user_data: whether a wipe leaves the user's data; None where it is not told.
        keeps_enrollment_data: whether a wipe leaves the device enrolled; None where it is not told.
        device_id: of the one device in Intune, a GUID in lower case.
    """

    name: str = ""
    operation: str = ""
    object_type: str = ""
    subtype: str = ""
    action: str = ""
    serial_number: str = ""
    primary_user: str = ""
    device_count: int = 0
    assignments: tuple[Assignment, ...] = ()
    removed_assignments: tuple[Assignment, ...] = ()
    protects: str = ""
    platform: str = ""
    first_devices: tuple[Device, ...] = ()
    keeps_user_data: bool | None = None
    keeps_enrollment_data: bool | None = None
    device_id: str = ""

    @property
    def is_deployment(self) -> bool:
        """Whether it is about the staged rollout of an app or a policy, which Intune calls a deployment.

        Its words on the wire are published nowhere: any of them may hold `deployment`, and nothing else is
        known that can be canceled or resumed.
        """
        words = (self.object_type, self.subtype, self.operation, self.action)
        return any(_DEPLOYMENT.search(word) or word.lower() in _ONLY_OF_DEPLOYMENTS for word in words)


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

    def can_be_decided(self, now: datetime) -> bool:
        """Whether it waits for a decision, and its deadline is not past at `now` (UTC)."""
        return self.status == NEEDS_APPROVAL and (self.expires_at is None or now < self.expires_at)

    @property
    def is_filed_by_application(self) -> bool:
        """Whether no person asked, so that only the application can complete it.

        Where Graph names a person and an application, the person asked by means of the application.
        """
        return self.requestor.kind == "application"


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


def is_same(one: Identity, other: Identity) -> bool:
    """Whether two identities are one, by what both tell: the id, else the account, else the name.

    Names alone can be those of two people. They count only where Graph tells nothing better of either.
    """
    if one.kind == "unknown" or other.kind == "unknown":
        return False
    for mine, theirs in ((one.id, other.id), (one.upn, other.upn)):
        if mine and theirs:
            return mine.casefold() == theirs.casefold()
    has_more = one.id or one.upn or other.id or other.upn
    return not has_more and one.kind == other.kind and one.name.casefold() == other.name.casefold()


def latest_of_each(requests: Iterable[ApprovalRequest]) -> dict[str, ApprovalRequest]:
    """One request per id: a list that moves while it is paged can name the same request twice.

    Of several copies it is always the same one, in whatever order they come: the one that was modified last;
    of these the one that is furthest in its life; of these any, told apart by all that it holds.
    """
    latest: dict[str, ApprovalRequest] = {}
    for request in requests:
        known = latest.get(request.id)
        if known is None or (known != request and _currency(request) > _currency(known)):
            latest[request.id] = request
    return latest


def statuses_overruled(
    requests: Iterable[ApprovalRequest], latest: Mapping[str, ApprovalRequest]
) -> dict[str, tuple[str, ...]]:
    """By id the other statuses that a list gives a request for the same moment, or for none.

    Where one of them is all that a later list shows for that moment, it is no news.
    """
    found: dict[str, tuple[str, ...]] = {}
    for request in requests:
        chosen = latest[request.id]
        if request.status != chosen.status and request.modified_at in {None, chosen.modified_at}:
            found[request.id] = tuple(sorted({*found.get(request.id, ()), request.status}))
    return found


def _currency(request: ApprovalRequest) -> tuple[datetime, int, bytes]:
    """The sort key that puts the copy to believe last."""
    modified_at = request.modified_at or DAWN
    progress = 3 if request.is_closed else {NEEDS_APPROVAL: 0, APPROVED: 2}.get(request.status, 1)
    return modified_at, progress, json.encode(request)
