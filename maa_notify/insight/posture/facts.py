"""The facts of a tenant that the checks look at: each part as it was read, or the gap in its place. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from maa_notify.domain.access import AccessPolicy, Group, Member
from maa_notify.insight.posture.directory import (
    Application,
    AuthorizationPolicy,
    CaPolicy,
    ConsentRequests,
    PimPolicy,
    Principal,
    RoleAssignment,
    RoleInstance,
    Strength,
    Unit,
)
from maa_notify.insight.posture.names import called

USERS = "User.Read.All"
"""The permission that shows which accounts are enabled."""


class Gap(Struct, frozen=True):
    """A part that nobody can tell: it may not be read, or the answer made no sense.

    Attributes:
        why: as the rest of a sentence, in words of ours.
        permission: that is missing; "" where that is not the reason.
        licence: that is missing; "" where that is not the reason.
        is_moot: there is nothing to look at, which is certain; so it hides no fault that was there before.
    """

    why: str
    permission: str = ""
    licence: str = ""
    is_moot: bool = False

    @property
    def is_skipped(self) -> bool:
        """Whether the tenant decides that it is not read; False where it only could not be told now."""
        return bool(self.permission or self.licence)


class ApproverGroup(Struct, frozen=True):
    """The approver group of one or more access policies.

    Attributes:
        id: of the group.
        group: what kind of group it is; None where there is none of this id.
        members: the direct ones.
        owners: who may change it, applications too.
        units: the administrative units that it stands in.
    """

    id: str
    group: Group | Gap | None
    members: tuple[Member, ...] | Gap
    owners: tuple[Principal, ...] | Gap
    units: tuple[Unit, ...] | Gap

    @property
    def told(self) -> str:
        """Its name as a sentence tells it, or its id."""
        return called(self.id, self.group.name if isinstance(self.group, Group) else "")

    @property
    def is_restricted(self) -> bool:
        """Whether it is known to stand in a restricted administrative unit."""
        is_told = isinstance(self.group, Group) and self.group.is_restricted is True
        return is_told or bool(self.restricted_units)

    @property
    def restricted_units(self) -> tuple[Unit, ...]:
        """The restricted units that it is known to stand in."""
        if isinstance(self.units, Gap):
            return ()
        return tuple(each for each in self.units if each.is_member_management_restricted)


class PermissionHolder(Struct, frozen=True):
    """An application that holds permissions which lead around approval.

    Attributes:
        id: of its service principal.
        name: as somebody chose it; "" where Graph does not tell.
        permissions: their names.
        granted_at: when it got the latest of them (UTC).
        principal: its service principal.
        application: its registration; None where that is in another tenant.
        owners: of both.
        federated: how many other issuers it trusts in place of a secret.
    """

    id: str
    name: str
    permissions: tuple[str, ...]
    granted_at: datetime | None
    principal: Application | Gap
    application: Application | Gap | None
    owners: tuple[Principal, ...] | Gap
    federated: int | Gap

    @property
    def told(self) -> str:
        """Its name as a sentence tells it, or its id."""
        return called(self.id, self.name)


class HeldGroup(Struct, frozen=True):
    """A group that holds a role, or that a policy leaves out: what kind it is, and its direct members."""

    group: Group | Gap | None
    members: tuple[Member, ...] | Gap


class Facts(Struct, frozen=True, kw_only=True):
    """All that the checks look at. Roles are known by the ids of their templates.

    Attributes:
        at: when it was read (UTC).
        tenant_id: in lower case; "" where only a domain name is known.
        missing: the permissions that the token is known to lack.
        policies: the access policies.
        approvers: their approver groups.
        intune_role_groups: the ids of groups that are members of an Intune role assignment.
        rulers: who holds a role for one restricted unit with an approver group, by the unit's id.
        assignments: who holds a role, by role.
        instances: the same as Privileged Identity Management knows it, by role.
        eligible: who may activate a role, of all roles and units.
        groups: that hold a role or that a policy leaves out, by id.
        pim: the rules for a role, by role.
        authorization: what users may do.
        consent_requests: the admin consent workflow.
        conditional_access: the policies of Conditional Access.
        strengths: the authentication strengths.
        holders: applications with permissions that lead around approval.
    """

    at: datetime
    tenant_id: str
    missing: frozenset[str]
    policies: tuple[AccessPolicy, ...] | Gap
    approvers: tuple[ApproverGroup, ...] | Gap
    intune_role_groups: frozenset[str] | Gap
    rulers: Mapping[str, tuple[RoleAssignment, ...] | Gap]
    assignments: Mapping[str, tuple[RoleAssignment, ...] | Gap]
    instances: Mapping[str, tuple[RoleInstance, ...] | Gap]
    eligible: tuple[RoleInstance, ...] | Gap
    groups: Mapping[str, HeldGroup]
    pim: Mapping[str, PimPolicy | Gap]
    authorization: AuthorizationPolicy | Gap
    consent_requests: ConsentRequests | Gap
    conditional_access: tuple[CaPolicy, ...] | Gap
    strengths: tuple[Strength, ...] | Gap
    holders: tuple[PermissionHolder, ...] | Gap

    def approver_groups(self) -> Iterator[ApproverGroup | Gap]:
        """The approver groups after the gaps among them; where there is none at all, nothing can be told."""
        policies = () if isinstance(self.policies, Gap) else self.policies
        hidden = [each for each in policies if each.group_ids is None]
        for each in hidden:
            yield Gap(f"the approver groups of the access policy {called(each.id, each.name)}")
        if isinstance(self.approvers, Gap):
            yield self.approvers
        elif self.approvers or hidden:
            yield from self.approvers
        else:
            yield Gap("there is no approver group", is_moot=True)

    def hidden_accounts(self, where: str) -> Gap:
        """The gap where Graph does not tell which accounts are enabled; `where` ends the sentence."""
        permission = USERS if USERS in self.missing else ""
        return Gap(f"the token may not see {where}", permission)
