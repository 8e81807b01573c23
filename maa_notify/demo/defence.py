"""What stands around approval in the simulated tenant: sound at first, and broken one thing at a time.

`FAULTS` is a table. A new one is one entry there: what it changes, and how that is taken back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from maa_notify.demo.access import SimulatedAccess
from maa_notify.demo.directory import SimulatedDirectory
from maa_notify.demo.samples import Json
from maa_notify.insight.posture.checks import BY_ID
from maa_notify.insight.posture.coverage import PROTECTABLE

PERMISSIONS: Final = (
    "RoleManagement.Read.Directory",
    "Policy.Read.All",
    "Application.Read.All",
    "AdministrativeUnit.Read.All",
)
"""What an application needs beside those for approvers, to look at all of it."""

Turn = tuple[Callable[[], object], Callable[[], object]]
"""What breaks something, and what mends it."""

_GLOBAL_ADMINISTRATOR = "Global Administrator"
_UNIT_ADMINISTRATOR = "Groups Administrator"
_WIPES = "DeviceManagementManagedDevices.PrivilegedOperations.All"


class Defence:
    """The tenant around one approver group, and what of it is broken."""

    def __init__(
        self,
        access: SimulatedAccess,
        group_id: str,
        tenant_id: str,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Protect the group; `on_change` is called after each step."""
        self.access = access
        self.group_id = group_id
        self.directory = SimulatedDirectory(access, tenant_id)
        self._on_change = on_change
        self._protect()
        self._turns = {key: fault.turns(self) for key, fault in FAULTS.items()}
        self._broken: set[str] = set()

    def is_broken(self, key: str) -> bool:
        """Whether this is broken now."""
        return key in self._broken

    def switch(self, key: str, *, broken: bool) -> None:
        """Break or mend this; what is as wanted stays."""
        if broken == self.is_broken(key):
            return
        for begin, end in self._turns[key]:
            _ = begin() if broken else end()
        self._broken ^= {key}
        self._on_change()

    def _protect(self) -> None:
        covered = {each["policyType"] for each in self.access.policies.values()}
        for policy_type in sorted(PROTECTABLE.keys() - covered):
            self.access.add_policy(policy_type, self.group_id)
        self.unit = self.directory.restrict(self.group_id)
        self.named_unit = (self.unit, str(self.directory.units[self.unit]["displayName"]))
        """The id and the name of the group's unit, as an audit log tells them."""
        self.directory.owners[self.group_id] = [_person(1, "Noa Berg")]
        scope = f"/administrativeUnits/{self.unit}"
        self.directory.assign(_UNIT_ADMINISTRATOR, _person(2, "Lena Roth"), scope=scope)
        emergency = [_person(number, f"Break glass {number - 2}") for number in (3, 4)]
        for each in emergency:
            self.directory.assign(_GLOBAL_ADMINISTRATOR, each)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can be wrong; `about` ends in a full stop."""

    key: str
    label: str
    about: str
    turns: Callable[[Defence], tuple[Turn, ...]]


def _person(number: int, name: str) -> Json:
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": f"c0ffee00-0000-4000-8000-{number:012}",
        "displayName": name,
        "accountEnabled": True,
    }


def _fields(part: dict[str, Any], **broken: object) -> Turn:
    sound = {name: part[name] for name in broken}
    return lambda: part.update(broken), lambda: part.update(sound)


def _added(held: list[Json], entry: Json) -> Turn:
    """An entry that is there while it is broken; one that is there already is taken out."""
    if entry in held:
        held.remove(entry)
    return lambda: held.append(entry), lambda: held.remove(entry)


def _left_out(held: dict[str, Any], key: str, instead: object = None) -> Turn:
    sound = held[key]
    if instead is None:
        return lambda: held.pop(key), lambda: held.update({key: sound})
    return lambda: held.update({key: instead}), lambda: held.update({key: sound})


def _no_policy(defence: Defence) -> tuple[Turn, ...]:
    held = defence.access.policies
    key = next(key for key, each in held.items() if each["policyType"] == "script")
    return (_left_out(held, key),)


def _guest(defence: Defence) -> tuple[Turn, ...]:
    access, group_id = defence.access, defence.group_id
    account = {"userPrincipalName": "kim_fabrikam.com#EXT#@contoso.com", "userType": "Guest"}
    guest = {**_person(5, "Kim (Fabrikam)"), **account, "isManagementRestricted": True}
    return (
        (lambda: access.add_member(group_id, guest), lambda: access.remove_member(group_id, guest["id"])),
    )


def _without_unit(defence: Defence) -> tuple[Turn, ...]:
    group = defence.access.groups[defence.group_id]
    return (
        _left_out(defence.directory.unit_members, defence.unit, instead=[]),
        _fields(group, isManagementRestricted=None),
    )


def _approver_rules(defence: Defence) -> tuple[Turn, ...]:
    approver = defence.access.members[defence.group_id][0]
    scope = f"/administrativeUnits/{defence.unit}"
    held = defence.directory
    return (_added(held.assignments, held.assign(_UNIT_ADMINISTRATOR, approver, scope=scope)),)


def _no_intune_role(defence: Defence) -> tuple[Turn, ...]:
    held = defence.access.assignments
    key = next(key for key, each in held.items() if defence.group_id in each["members"])
    return (_left_out(held, key),)


def _role_for_good(role: str, *people: Json) -> Callable[[Defence], tuple[Turn, ...]]:
    def turns(defence: Defence) -> tuple[Turn, ...]:
        held = defence.directory
        return tuple(_added(held.assignments, held.assign(role, each)) for each in people)

    return turns


def _user_settings(**broken: object) -> Callable[[Defence], tuple[Turn, ...]]:
    return lambda defence: (_fields(defence.directory.authorization["defaultUserRolePermissions"], **broken),)


def _policy_off(number: int) -> Callable[[Defence], tuple[Turn, ...]]:
    reports = "enabledForReportingButNotEnforced"
    return lambda defence: (_fields(defence.directory.conditional_access[number], state=reports),)


def _armed_app(defence: Defence) -> tuple[Turn, ...]:
    held = defence.directory
    secret = {"endDateTime": "2099-12-31T23:59:59Z"}
    held.add_app("inventory-sync", _WIPES, passwordCredentials=[secret])
    return (_added(held.grants, held.grants[-1]),)


def _fault(check: str, label: str, turns: Callable[[Defence], tuple[Turn, ...]], more: str = "") -> Fault:
    return Fault(f"posture-{check.lower()}", label, f"{check}: {BY_ID[check].title}.{more}", turns)


_ENTRIES = (
    _fault("P1", "Scripts lose their access policy", _no_policy),
    _fault(
        "P2",
        "The approver group gets a mail address",
        lambda defence: (_fields(defence.access.groups[defence.group_id], mailEnabled=True),),
    ),
    _fault("P3", "A guest joins the approver group", _guest),
    _fault("P5", "The group leaves its unit", _without_unit, " P2 and P4 break with it: it has an owner."),
    _fault("P6", "An approver rules the unit", _approver_rules),
    _fault("P7", "The group loses its role in Intune", _no_intune_role),
    _fault(
        "P8",
        "Three more Global Administrators",
        _role_for_good(
            _GLOBAL_ADMINISTRATOR, *(_person(5 + each, f"Helpdesk admin {each}") for each in (1, 2, 3))
        ),
    ),
    _fault(
        "P9",
        "An Intune Administrator for good",
        _role_for_good("Intune Administrator", _person(9, "Mona Sand")),
    ),
    _fault("P10", "Users may register applications", _user_settings(allowedToCreateApps=True)),
    _fault(
        "P11",
        "Users may consent to any application",
        _user_settings(
            permissionGrantPoliciesAssigned=["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"]
        ),
    ),
    _fault(
        "P12",
        "Nobody reviews requests for consent",
        lambda defence: (_fields(defence.directory.consent_requests, reviewers=[]),),
    ),
    _fault("P13", "Applications sign in from anywhere", _policy_off(1)),
    _fault("P14", "A password is enough for administrators", _policy_off(0)),
    _fault("P15", "An application may wipe devices", _armed_app),
)

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType({each.key: each for each in _ENTRIES})
"""Everything that can be broken, by key, in the order of the page."""
