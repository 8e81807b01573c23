"""What the notifier can do with which permissions of Microsoft Graph, for doctor, docs and grants. Pure.

All are application permissions, and all of them only read. Each capability stands by itself: one that lacks a
permission stops, and the others go on. Source of the ids: Microsoft's permissions reference.
"""

from collections.abc import Collection, Iterator

from msgspec import Struct

from maa_notify.domain.visibility import FAMILIES


class Permission(Struct, frozen=True):
    """One application permission of Microsoft Graph.

    Attributes:
        name: as Graph spells it.
        id: of its app role, the same in every tenant.
        purpose: what it is for, as the rest of a sentence.
        without: what stops without it, as a sentence without its full stop.
    """

    name: str
    id: str
    purpose: str
    without: str

    def is_in(self, roles: Collection[str]) -> bool:
        """Whether a token with these permissions has it, or its twin that lets write."""
        twin = self.name.replace(".Read.", ".ReadWrite.")
        return not {self.name.lower(), twin.lower()}.isdisjoint(map(str.lower, roles))


class Capability(Struct, frozen=True):
    """Something that the notifier can do.

    Attributes:
        name: one word, for settings, scripts and reports.
        label: for people.
        permissions: what it needs, all of them for all that it can do.
    """

    name: str
    label: str
    permissions: tuple[Permission, ...]

    def missing(self, roles: Collection[str]) -> Iterator[Permission]:
        """The permissions that a token with these ones lacks."""
        return (each for each in self.permissions if not each.is_in(roles))


REQUESTS = Capability(
    "requests",
    "tell of requests",
    tuple(
        Permission(
            family.permission,
            family.permission_id,
            f"shows requests about {family.label}",
            f"Requests about {family.label} may not be told",
        )
        for family in FAMILIES
    ),
)
_RBAC = next(each for each in REQUESTS.permissions if each.name == "DeviceManagementRBAC.Read.All")

APPROVERS = Capability(
    "approvers",
    "tell who can decide",
    (
        Permission(
            _RBAC.name, _RBAC.id, "shows the access policies and their groups", "Nobody knows who can decide"
        ),
        Permission(
            "GroupMember.Read.All",
            "98830695-27a2-44f7-8c18-0c3ebc9698f6",
            "shows the members of the approver groups",
            "Nobody knows who can decide",
        ),
        Permission(
            "User.Read.All",
            "df021288-bdef-4463-88db-98f22de89214",
            "shows names, and which accounts are disabled",
            "Approvers have no names, and a disabled one counts",
        ),
    ),
)
AUDIT = Capability(
    "audit",
    "compare what was done with what was approved",
    (
        Permission(
            "DeviceManagementApps.Read.All",
            "7a6ee1e7-141e-4cec-ae74-d9db155731ff",
            "opens Intune's audit log (and shows the apps)",
            "What was done without approval is not told",
        ),
    ),
)
WATCH = Capability(
    "watch",
    "tell of ways around approval",
    (
        Permission(
            "AuditLog.Read.All",
            "b0afded3-3588-46d8-8b3d-9842eff778da",
            "opens Entra's audit log (and the sign-ins, which are not read)",
            "Changes of groups, roles, apps and consent are not told",
        ),
    ),
)
POSTURE = Capability(
    "posture",
    "check the defence around approval",
    (
        Permission(
            "RoleManagement.Read.Directory",
            "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
            "shows who holds which role",
            "Roles and their rules are not checked",
        ),
        Permission(
            "Policy.Read.All",
            "246dd0d5-5bd0-4def-940b-0421030a5b68",
            "shows consent, sign-in and Conditional Access policies",
            "Consent and Conditional Access are not checked",
        ),
        Permission(
            "Application.Read.All",
            "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
            "shows which apps hold which permissions",
            "Apps that could go around approval are not checked",
        ),
        Permission(
            "AdministrativeUnit.Read.All",
            "134fd756-38ce-4afd-ba33-e9623dbe66c2",
            "shows which groups stand in a restricted unit",
            "The protection of approver groups is not checked",
        ),
    ),
)

CAPABILITIES = (REQUESTS, APPROVERS, AUDIT, WATCH, POSTURE)
"""All capabilities, in the order in which they are told."""


def permissions_named(names: Collection[str]) -> list[Permission]:
    """The permissions of these names, in the order of the capabilities."""
    known = {each.name: each for capability in CAPABILITIES for each in capability.permissions}
    return [each for name, each in known.items() if name in names]
