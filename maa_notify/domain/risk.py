"""How dangerous a request is, in the words of a second administrator. Pure, and cautious by default."""

from collections.abc import Iterator
from enum import IntEnum, StrEnum

from msgspec import Struct

from maa_notify.domain.request import ApprovalRequest, Target


class Risk(IntEnum):
    """How much harm a wrong approval can do; what nobody has classified counts as medium."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Reason(StrEnum):
    """Why a request is of high risk, what weighs most first."""

    GUARD = "guard"
    APPLICATION = "application"
    WIPE = "wipe"
    RETIRE = "retire"
    DELETE = "delete"
    DEVICE = "device"
    SCRIPT = "script"
    ROLE = "role"
    EVERYBODY = "everybody"


HIGH = {
    "operationApprovalPolicy": Reason.GUARD,
    "deviceWipe": Reason.WIPE,
    "deviceErase": Reason.WIPE,
    "deviceRetire": Reason.RETIRE,
    "deviceRetireNonCompliant": Reason.RETIRE,
    "deviceDelete": Reason.DELETE,
    "deviceDeprovision": Reason.DELETE,
    "deviceAction": Reason.DEVICE,
    "script": Reason.SCRIPT,
    "role": Reason.ROLE,
}
"""By policy type."""

HIGH_OBJECTS = {
    "operationapprovalpolicy": Reason.GUARD,
    "manageddevice": Reason.DEVICE,
    "devicehealthscript": Reason.SCRIPT,
    "devicemanagementscript": Reason.SCRIPT,
    "deviceandappmanagementroledefinition": Reason.ROLE,
    "roledefinition": Reason.ROLE,
}
"""By internal type name in lower case: Graph hides some policy types behind `unknownFutureValue`."""

LOW = frozenset({"customOrganizationalMessage"})

_ACTIONS = {"wipe": Reason.WIPE, "retire": Reason.RETIRE, "delete": Reason.DELETE}
_EVERYBODY = frozenset({"all users", "all devices"})


class Assessment(Struct, frozen=True):
    """The risk of a request, and for a high one why, what weighs most first."""

    risk: Risk
    reasons: tuple[Reason, ...] = ()


def assess(request: ApprovalRequest) -> Assessment:
    """Classifies a request by what it touches, how far it reaches and who asks."""
    found = set(_reasons(request))
    if found.intersection(_ACTIONS.values()):
        found.discard(Reason.DEVICE)  # the action says more
    if found:
        return Assessment(Risk.HIGH, tuple(reason for reason in Reason if reason in found))
    types = set(request.policy_types)
    return Assessment(Risk.LOW if types and types <= LOW else Risk.MEDIUM)


def _reasons(request: ApprovalRequest) -> Iterator[Reason]:
    yield from (HIGH[each] for each in request.policy_types if each in HIGH)
    yield from _reasons_of_target(request.target)
    if request.requestor.kind == "application":
        yield Reason.APPLICATION


def _reasons_of_target(target: Target) -> Iterator[Reason]:
    reason = HIGH_OBJECTS.get(target.object_type.lower())
    if reason is Reason.DEVICE:
        reason = _ACTIONS.get(target.action.lower(), reason)
    if reason is not None:
        yield reason
    if _EVERYBODY.intersection(target.assigned_to):
        yield Reason.EVERYBODY
