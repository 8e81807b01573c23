"""Reads the facts that the checks of the posture look at, each collection once.

Nothing that fails fails the rest: a part that could not be read has a gap in its place, which says why. A
part that the permissions in the token do not open is not asked for.

Conditional Access takes one request a second from all applications of a tenant together and tells no
`Retry-After` (Microsoft, "Microsoft Graph service-specific throttling limits"), so its pages are paced.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import quote

from maa_notify.clock import Clock
from maa_notify.domain.access import AccessPolicy
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.access import GROUPS, POLICIES, ROLE_ASSIGNMENTS, AccessReader
from maa_notify.graph.listing import read_entries
from maa_notify.graph.parts import Parts
from maa_notify.graph.permission_holders import APPS, HolderReader
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.graph.units import UNITS, UnitReader
from maa_notify.graph.wire import convert
from maa_notify.insight.identifiers import POWERFUL_ROLES
from maa_notify.insight.posture.directory import (
    AuthorizationPolicy,
    CaPolicy,
    ConsentRequests,
    PimPolicy,
    Principal,
    RoleAssignment,
    RoleInstance,
    Strength,
    Unit,
    Wire,
)
from maa_notify.insight.posture.facts import ApproverGroup, Facts, Gap, HeldGroup
from maa_notify.insight.posture.identifiers import PIM_ROLES

ROLES = Surface(
    ("RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"), licence="Entra"
)
PIM = Surface(("RoleManagement.Read.Directory", "RoleManagement.Read.All"), licence="Entra ID P2")
PIM_RULES = Surface(PIM.permissions, licence=PIM.licence)
"""Apart, since the rules were seen to be told without the licence, too."""
SETTINGS = Surface(("Policy.Read.All",), licence="Entra")
USERS = Surface(("User.Read.All", "Directory.Read.All"), licence="Entra")

_ALL = (POLICIES, GROUPS, USERS, UNITS, ROLES, PIM, SETTINGS, APPS)
_ROLES_PATH = "/v1.0/roleManagement/directory"
_TRIES = 3
_PACE = 1.1
"""Seconds between two requests to Conditional Access."""

_Wire = TypeVar("_Wire", bound=Wire)
_Value = TypeVar("_Value")


class PostureReader:
    """Reads the facts of one tenant."""

    def __init__(
        self,
        reader: GraphReader,
        clock: Clock,
        tenant_id: str,
        seconds: float,
        on_part: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Reads through `reader`.

        Args:
            reader: of Graph.
            clock: the time.
            tenant_id: the tenant's id in lower case; "" where only a domain name is known.
            seconds: after which nothing more is asked for; what is missing then is a gap.
            on_part: is told what is read next.
        """
        self._reader = reader
        self._clock = clock
        self._tenant_id = tenant_id
        self._seconds = seconds
        self._on_part = on_part

    def read(self) -> Facts:
        """All that can be read.

        Raises:
            GraphError: there is no token, so nothing can be.
        """
        end = self._clock.monotonic() + self._seconds
        part = Parts(self._clock, self._reader.roles(), end, self._on_part)
        return _Look(self._reader.until(end), part, self._clock, self._tenant_id).facts()


class _Look:
    """Reads everything once; what was read serves all parts that need it."""

    def __init__(self, reader: GraphReader, part: Parts, clock: Clock, tenant_id: str) -> None:
        self._reader = reader
        self._part = part
        self._clock = clock
        self._tenant_id = tenant_id
        self._access = AccessReader(reader)
        self._units = UnitReader(reader)

    def facts(self) -> Facts:
        """All that can be read."""
        policies = self._part("access policies", self._access.policies, POLICIES)
        approvers: tuple[ApproverGroup, ...] | Gap
        approvers = policies if isinstance(policies, Gap) else tuple(map(self._group, _group_ids(policies)))
        assignments = {role: self._assignments(role) for role in POWERFUL_ROLES}
        rulers = {
            unit.id: self._rulers(unit.id)
            for unit in _restricted(() if isinstance(approvers, Gap) else approvers)
        }
        eligible = self._eligible()
        conditional_access = self._conditional_access()
        known: list[RoleAssignment | RoleInstance] = [
            *_whole(assignments.values()),
            *_whole(rulers.values()),
            *_whole([eligible]),
        ]
        group_ids = [*map(_held_group, known), *_left_out(conditional_access)]
        return Facts(
            at=self._clock.now(),
            tenant_id=self._tenant_id,
            missing=frozenset(each.permissions[0] for each in _ALL if not self._part.opens(each)),
            policies=policies if isinstance(policies, Gap) else tuple(policies),
            approvers=approvers,
            intune_role_groups=self._part(
                "Intune's role assignments", self._access.groups_with_roles, ROLE_ASSIGNMENTS
            ),
            rulers=rulers,
            assignments=assignments,
            instances={role: self._instances(role) for role in PIM_ROLES},
            eligible=eligible,
            groups={each: self._held(each) for each in dict.fromkeys(filter(None, group_ids))},
            pim={role: self._pim(role) for role in PIM_ROLES},
            authorization=self._one(
                "what users may do", "/v1.0/policies/authorizationPolicy", AuthorizationPolicy
            ),
            consent_requests=self._one(
                "the admin consent workflow", "/v1.0/policies/adminConsentRequestPolicy", ConsentRequests
            ),
            conditional_access=conditional_access,
            strengths=self._list(
                "authentication strengths",
                "/v1.0/policies/authenticationStrengthPolicies?$select=id,displayName,allowedCombinations",
                Strength,
                SETTINGS,
            ),
            holders=HolderReader(self._reader, self._part, self._tenant_id).read(),
        )

    def _list(self, name: str, path: str, kind: type[_Wire], *surfaces: Surface) -> tuple[_Wire, ...] | Gap:
        def read() -> tuple[_Wire, ...]:
            return convert(self._reader.entries(path, surfaces[0]), tuple[kind, ...])  # type: ignore[valid-type]

        return self._part(name, read, *surfaces)

    def _one(self, name: str, path: str, kind: type[_Wire]) -> _Wire | Gap:
        def read() -> _Wire:
            found = self._reader.find(path, SETTINGS, tries=_TRIES)
            if found is None:
                raise GraphUnavailable(f"Graph has no {name}")
            return convert(found, kind)

        return self._part(name, read, SETTINGS)

    def _group(self, group_id: str) -> ApproverGroup:
        owners = f"/beta/groups/{quote(group_id, safe='')}/owners?$select=id,displayName"
        group = self._part("approver groups", lambda: self._access.group(group_id), GROUPS)
        if group is None:
            return ApproverGroup(group_id, None, (), (), ())
        return ApproverGroup(
            group_id,
            group,
            self._part("approvers", lambda: tuple(self._access.members(group_id)), GROUPS),
            self._list("owners of approver groups", owners, Principal, GROUPS),
            self._part("administrative units", lambda: self._units.of_group(group_id), UNITS, GROUPS),
        )

    def _held(self, group_id: str) -> HeldGroup:
        return HeldGroup(
            self._part("groups with roles", lambda: self._access.group(group_id), GROUPS),
            self._part("groups with roles", lambda: tuple(self._access.members(group_id)), GROUPS),
        )

    def _assignments(self, role: str) -> tuple[RoleAssignment, ...] | Gap:
        path = f"{_ROLES_PATH}/roleAssignments?{_of_role(role)}&$expand=principal"
        return self._list("role assignments", path, RoleAssignment, ROLES)

    def _rulers(self, unit_id: str) -> tuple[RoleAssignment, ...] | Gap:
        scope = _filter(f"directoryScopeId eq '/administrativeUnits/{unit_id}'")
        path = f"{_ROLES_PATH}/roleAssignments?{scope}&$expand=principal"
        return self._list("administrators of restricted units", path, RoleAssignment, ROLES)

    def _instances(self, role: str) -> tuple[RoleInstance, ...] | Gap:
        path = f"{_ROLES_PATH}/roleAssignmentScheduleInstances?{_of_role(role)}"
        return self._list("role activations", path, RoleInstance, PIM)

    def _eligible(self) -> tuple[RoleInstance, ...] | Gap:
        # Without a filter, which some tenants refuse here; and what is read once serves all roles and units.
        path = f"{_ROLES_PATH}/roleEligibilityScheduleInstances?$expand=principal"
        return self._list("eligible administrators", path, RoleInstance, PIM)

    def _pim(self, role: str) -> PimPolicy | Gap:
        words = f"scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{role}'"
        path = f"/v1.0/policies/roleManagementPolicyAssignments?{_filter(words)}"

        def read() -> PimPolicy:
            entries = self._reader.entries(f"{path}&$expand=policy($expand=rules)", PIM_RULES)
            found = [each.policy for each in convert(entries, tuple[_PolicyOfRole, ...])]
            return next((each for each in found if each is not None), PimPolicy())

        return self._part("rules of roles", read, PIM_RULES)

    def _conditional_access(self) -> tuple[CaPolicy, ...] | Gap:
        path = "/v1.0/identity/conditionalAccess/policies"

        def read() -> tuple[CaPolicy, ...]:
            entries: list[object] = []
            for page, _ in self._reader.pages(path, SETTINGS, read_entries):
                entries += page.entries
                if page.next_link:
                    self._clock.sleep(_PACE)
            return convert(entries, tuple[CaPolicy, ...])

        return self._part("Conditional Access policies", read, SETTINGS)


class _PolicyOfRole(Wire, frozen=True):
    """An assignment of rules to a role."""

    policy: PimPolicy | None = None


def _filter(words: str) -> str:
    return f"$filter={quote(words, safe='')}"


def _of_role(role: str) -> str:
    return _filter(f"roleDefinitionId eq '{role}'")


def _group_ids(policies: Sequence[AccessPolicy]) -> list[str]:
    return list(dict.fromkeys(group for policy in policies for group in policy.group_ids or ()))


def _restricted(approvers: Iterable[ApproverGroup]) -> list[Unit]:
    found = {unit.id: unit for group in approvers for unit in group.restricted_units}
    return list(found.values())


def _whole(parts: Iterable[tuple[_Value, ...] | Gap]) -> list[_Value]:
    """The entries of those parts that could be read."""
    return [entry for part in parts if not isinstance(part, Gap) for entry in part]


def _held_group(assignment: RoleAssignment | RoleInstance) -> str:
    """The id of the group that holds a role; "" where it is no group."""
    is_group = assignment.principal is not None and assignment.principal.kind == "group"
    return assignment.principal_id if is_group else ""


def _left_out(policies: tuple[CaPolicy, ...] | Gap) -> list[str]:
    """The ids of groups that policies in force leave out."""
    users = [each.conditions.users for each in _whole([policies]) if each.is_on and each.conditions]
    return [group for each in users if each for group in each.exclude_groups or ()]
