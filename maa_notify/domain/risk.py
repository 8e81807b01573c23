"""How dangerous a request is, in the words of a second administrator. Pure, and cautious by default.

A documented policy type decides first. Undocumented fields say more about the action, and raise the risk
where the type is new to us; where they are missing, a request is no less dangerous than with them.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from enum import IntEnum, StrEnum

from msgspec import Struct

from maa_notify.domain.request import OTHER_TARGET, POLICY_TYPES, UNINSTALL, ApprovalRequest, Target


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
    PASSCODE = "passcode"
    ACTIVATION_LOCK = "activation lock"
    LOCK = "lock"
    SECURITY = "security"
    DEVICE = "device"
    SCRIPT = "script"
    ROLE = "role"
    UNINSTALL = "uninstall"
    EVERYBODY = "everybody"
    UNREADABLE = "unreadable"
    UNKNOWN_DELETE = "unknown delete"


_DEVICE = "manageddevice"

HIGH = {
    "operationApprovalPolicy": Reason.GUARD,
    "deviceWipe": Reason.WIPE,
    "deviceErase": Reason.WIPE,
    "deviceRetire": Reason.RETIRE,
    "deviceRetireNonCompliant": Reason.RETIRE,
    "deviceDelete": Reason.DELETE,
    "deviceDeprovision": Reason.DELETE,
    "deviceResetPasscode": Reason.PASSCODE,
    "deviceDisableActivationLock": Reason.ACTIVATION_LOCK,
    "deviceLock": Reason.LOCK,
    "deviceSecurityAction": Reason.SECURITY,
    "deviceAction": Reason.DEVICE,
    "script": Reason.SCRIPT,
    "role": Reason.ROLE,
}
"""By policy type."""

HIGH_OBJECTS = {
    "operationapprovalpolicy": Reason.GUARD,
    _DEVICE: Reason.DEVICE,
    "devicecompliancescript": Reason.SCRIPT,
    "devicecustomattributeshellscript": Reason.SCRIPT,
    "devicehealthscript": Reason.SCRIPT,
    "devicemanagementscript": Reason.SCRIPT,
    "deviceshellscript": Reason.SCRIPT,
    "deviceandappmanagementroleassignment": Reason.ROLE,
    "deviceandappmanagementroledefinition": Reason.ROLE,
    "roleassignment": Reason.ROLE,
    "roledefinition": Reason.ROLE,
}
"""By internal type name in lower case: Graph hides some policy types behind `unknownFutureValue`."""

ACTIONS = {
    "wipe": Reason.WIPE,
    "erase": Reason.WIPE,
    "clean": Reason.WIPE,
    "cleanwindows": Reason.WIPE,
    "factoryreset": Reason.WIPE,
    "autopilotreset": Reason.WIPE,
    "retire": Reason.RETIRE,
    "retirenoncompliant": Reason.RETIRE,
    "removecompanydata": Reason.RETIRE,
    "delete": Reason.DELETE,
    "deprovision": Reason.DELETE,
    "resetpasscode": Reason.PASSCODE,
    "removepasscode": Reason.PASSCODE,
    "disableactivationlock": Reason.ACTIVATION_LOCK,
    "bypassactivationlock": Reason.ACTIVATION_LOCK,
    "lock": Reason.LOCK,
    "remotelock": Reason.LOCK,
    "enablelostmode": Reason.LOCK,
    "securityaction": Reason.SECURITY,
    "rotatebitlockerkeys": Reason.SECURITY,
    "rotatefilevaultkey": Reason.SECURITY,
    "rotatelocaladminpassword": Reason.SECURITY,
}
"""What is done to a device, by the letters of its name in lower case, without the word `device`."""

LOW = frozenset({"customOrganizationalMessage"})

_PLACE = {reason: place for place, reason in enumerate(Reason)}
_ACTION_REASONS = frozenset(ACTIONS.values())
_DEVICE_REASONS = _ACTION_REASONS | {Reason.DEVICE}
_KNOWN_TYPES = frozenset(name for name in POLICY_TYPES if not name.startswith("unknown"))
TAKING_AWAY = ("wipe", "erase", "factoryreset", "retire", "delete", "deprovision", "removecompanydata")
"""Words that are told under an unknown type wherever they stand in another: `remoteWipe`, `softDelete`."""

_TAKES_AWAY = re.compile("|".join(TAKING_AWAY))
_NOT_THE_ACTION = re.compile("[^a-z]|(managed)?devices?")


class Assessment(Struct, frozen=True):
    """The risk of a request, and for a high one why, what weighs most first."""

    risk: Risk
    reasons: tuple[Reason, ...] = ()


def assess(request: ApprovalRequest) -> Assessment:
    """Classifies a request by what it touches, how far it reaches and who asks."""
    found = set(_reasons(request))
    if found & _ACTION_REASONS:
        found.discard(Reason.DEVICE)  # the action says more
    if found:
        return Assessment(Risk.HIGH, tuple(reason for reason in Reason if reason in found))
    types = set(request.policy_types)
    return Assessment(Risk.LOW if types and types <= LOW else Risk.MEDIUM)


def is_about_devices(policy_types: Iterable[str], object_type: str) -> bool:
    """Whether a request of these types about such an object asks for what is done to a device or several."""
    reasons = (HIGH.get(name) for name in policy_types)
    return object_type.lower() == _DEVICE or not _DEVICE_REASONS.isdisjoint(reasons)


def weightiest_types(names: Iterable[str], most: int) -> tuple[str, ...]:
    """At most so many policy types, in their order: those that decide about the risk before all others."""
    told = list(dict.fromkeys(names))
    chosen = sorted(told, key=_weight)[:most]
    return tuple(name for name in told if name in chosen)


def weightiest_action(names: Iterable[str]) -> str:
    """Of several actions on devices the one that takes most away, of equals the first; "" for none."""
    return min(filter(None, names), key=lambda name: _PLACE[action_reason(name) or Reason.DEVICE], default="")


def action_reason(name: str) -> Reason | None:
    """What an action on a device does, by its name on the wire; None for one that is new to us."""
    return ACTIONS.get(_letters(name))


def is_new(policy_types: Collection[str]) -> bool:
    """Whether the types leave open what is asked for: one is new to us, or none is told."""
    return not policy_types or not _KNOWN_TYPES.issuperset(policy_types)


def _letters(name: str) -> str:
    return _NOT_THE_ACTION.sub("", name.lower())


def _weight(policy_type: str) -> int:
    """Sorts what is of high risk first, then what nobody has classified, then what is low."""
    if policy_type in HIGH:
        return _PLACE[HIGH[policy_type]]
    return len(Reason) + (policy_type in _KNOWN_TYPES) + (policy_type in LOW)


def _reasons(request: ApprovalRequest) -> Iterator[Reason]:
    target = request.target
    yield from (HIGH[each] for each in request.policy_types if each in HIGH)
    yield from (HIGH_OBJECTS[name] for name in [target.object_type.lower()] if name in HIGH_OBJECTS)
    yield from _of_action(request, is_device=is_about_devices(request.policy_types, target.object_type))
    if request.is_filed_by_application:
        yield Reason.APPLICATION
    for each in target.assignments:
        if each.is_everybody:
            yield Reason.UNINSTALL if each.intent == UNINSTALL else Reason.EVERYBODY
        elif each.kind == OTHER_TARGET:
            yield Reason.UNREADABLE


def _of_action(request: ApprovalRequest, *, is_device: bool) -> Iterator[Reason]:
    """What the undocumented words for the action add; to a type of ours that is about no device, nothing."""
    target = request.target
    is_open = is_new(request.policy_types)
    if not is_device and not is_open:
        return
    new_types = (name for name in request.policy_types if name not in _KNOWN_TYPES)
    for word in (target.action, target.operation, target.subtype, *new_types):
        reason = action_reason(word)
        if reason is not None and (is_device or reason is not Reason.DELETE or _is_on_device(target)):
            yield reason
        elif is_open and _TAKES_AWAY.search(_letters(word)):
            yield Reason.UNKNOWN_DELETE
    if is_open and target.device_count:
        yield Reason.DEVICE


def _is_on_device(target: Target) -> bool:
    """Whether a deletion that no type explains is of a device: only those are actions of their own."""
    return action_reason(target.action) is Reason.DELETE or target.device_count > 0
