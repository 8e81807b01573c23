"""How dangerous a request is, in the words of a second administrator. Pure, and cautious by default."""

from collections.abc import Iterator
from enum import IntEnum, StrEnum

from msgspec import Struct

from maa_notify.domain.request import UNINSTALL, ApprovalRequest


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
    UNINSTALL = "uninstall"
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
    target = request.target
    kinds = [HIGH[each] for each in request.policy_types if each in HIGH]
    kinds += [HIGH_OBJECTS[name] for name in [target.object_type.lower()] if name in HIGH_OBJECTS]
    yield from kinds
    if Reason.DEVICE in kinds:
        words = (word.lower() for word in (target.action, target.operation, target.subtype))
        yield next((_ACTIONS[word] for word in words if word in _ACTIONS), Reason.DEVICE)
    if request.is_filed_by_application:
        yield Reason.APPLICATION
    for each in target.assignments:
        if each.is_everybody:
            yield Reason.UNINSTALL if each.intent == UNINSTALL else Reason.EVERYBODY
