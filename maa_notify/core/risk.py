"""How dangerous a request is, in the words of a second administrator. Pure, and cautious by default."""

from dataclasses import dataclass
from enum import IntEnum

from maa_notify.core.request import ApprovalRequest


class Risk(IntEnum):
    """How much harm a wrong approval can do; what nobody has classified counts as medium."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


_HIGH = frozenset(
    {
        "deviceAction",
        "deviceWipe",
        "deviceRetire",
        "deviceRetireNonCompliant",
        "deviceDelete",
        "deviceDeprovision",
        "deviceErase",
        "script",
        "role",
        "operationApprovalPolicy",
    }
)
_HIGH_OBJECTS = frozenset(
    {
        "devicehealthscript",
        "devicemanagementscript",
        "deviceandappmanagementroledefinition",
        "manageddevice",
        "roledefinition",
    }
)
"""Internal type names in lower case: Graph hides some policy types behind `unknownFutureValue`."""

_LOW = frozenset({"customOrganizationalMessage"})
_EVERYBODY = frozenset({"all users", "all devices"})


@dataclass(frozen=True, slots=True)
class Assessment:
    """The risk of a request and what makes it special.

    Attributes:
        risk: how much harm a wrong approval can do.
        by_application: filed by an application, so whoever controls that application may also approve it.
        guards_itself: changes the access policies, the very rules that ask for a second administrator.
    """

    risk: Risk
    by_application: bool = False
    guards_itself: bool = False


def assess(request: ApprovalRequest) -> Assessment:
    """Classifies a request by what it touches, how far it reaches and who asks."""
    types, kind = set(request.policy_types), request.target.object_type.lower()
    guards_itself = "operationApprovalPolicy" in types or kind == "operationapprovalpolicy"
    by_application = request.requestor.kind == "application"
    is_harmful = types & _HIGH or kind in _HIGH_OBJECTS or _EVERYBODY.intersection(request.target.assigned_to)
    if guards_itself or by_application or is_harmful:
        return Assessment(Risk.HIGH, by_application, guards_itself)
    return Assessment(Risk.LOW if types and types <= _LOW else Risk.MEDIUM)
