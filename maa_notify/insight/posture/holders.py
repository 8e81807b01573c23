"""Who holds a role permanently: accounts and applications, those behind a group among them. Pure."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from maa_notify.domain.access import PEOPLE, MemberKind
from maa_notify.insight.posture.directory import RoleAssignment, RoleInstance
from maa_notify.insight.posture.facts import Facts, Gap
from maa_notify.insight.posture.names import called

_WHOLE_TENANT = "/"


class RoleHolder(Struct, frozen=True):
    """Who holds a role.

    Attributes:
        id: of the account, the application or the group.
        kind: `user`, `servicePrincipal`, `group`, or "" where Graph does not tell.
        name: as somebody chose it, else the account; "" where Graph does not tell.
        through: the group by which it does, as it is told; "" where it was assigned the role itself.
    """

    id: str
    kind: str
    name: str
    through: str = ""

    @property
    def told(self) -> str:
        """Its name as a sentence tells it, or its id."""
        return called(self.id, self.name)

    @property
    def label(self) -> str:
        """The same, and the group that it comes by."""
        return f"{self.told} (by the group {self.through})" if self.through else self.told


def holder_of(assignment: RoleAssignment | RoleInstance) -> RoleHolder:
    """Who was assigned a role, or may activate it."""
    principal = assignment.principal
    kind, name = (principal.kind, principal.display_name) if principal else ("", None)
    return RoleHolder(assignment.principal_id, kind, name or "")


def holders_of(assignments: Iterable[RoleAssignment | RoleInstance]) -> list[RoleHolder]:
    """Who was assigned a role, without accounts that are disabled: nobody signs in with them."""
    return [
        holder_of(each)
        for each in assignments
        if not (each.principal and each.principal.kind == "user" and each.principal.account_enabled is False)
    ]


def active_holders(facts: Facts, role: str) -> list[RoleHolder] | Gap:
    """Who holds a role in the whole tenant now, permanently or activated."""
    assigned = _in_whole_tenant(facts, role)
    return assigned if isinstance(assigned, Gap) else holders_of(assigned)


def permanent_holders(facts: Facts, role: str) -> list[RoleHolder] | Gap:
    """Who holds a role in the whole tenant permanently.

    That is who was assigned it, less the activations and what ends: the list of instances may lack direct
    assignments where nobody uses Privileged Identity Management (seen in the wild).
    """
    assigned, instances = _in_whole_tenant(facts, role), facts.instances[role]
    if isinstance(assigned, Gap):
        return assigned
    if isinstance(instances, Gap):
        return instances
    if any(each.assignment_type is None for each in instances):
        return Gap("Graph left the kind of a role assignment out of its answer")
    passing = [each for each in instances if each.assignment_type == "Activated" or each.end_date_time]
    return holders_of(each for each in assigned if not any(_is_of(each, one) for one in passing))


def _in_whole_tenant(facts: Facts, role: str) -> list[RoleAssignment] | Gap:
    assigned = facts.assignments[role]
    if isinstance(assigned, Gap):
        return assigned
    if any(each.directory_scope_id is None for each in assigned):
        return Gap("Graph left the scope of a role assignment out of its answer")
    return [each for each in assigned if each.directory_scope_id == _WHOLE_TENANT]


def _is_of(assignment: RoleAssignment, instance: RoleInstance) -> bool:
    """Whether an instance tells of an assignment: by its id, else by who holds which role."""
    if instance.role_assignment_origin_id:
        return instance.role_assignment_origin_id == assignment.id
    return instance.principal_id == assignment.principal_id


def one_by_one(facts: Facts, holders: list[RoleHolder]) -> Iterator[RoleHolder | Gap]:
    """The holders with the people and applications of each group in its place."""
    for holder in holders:
        if holder.kind != "group":
            yield holder if holder.kind else Gap(f"Graph does not tell what {holder.told} is")
            continue
        held = facts.groups.get(holder.id)
        members = held.members if held else Gap(f"the members of the group {holder.told} were not read")
        if isinstance(members, Gap):
            yield members
            continue
        for member in members:
            if member.kind in PEOPLE and member.is_enabled is None:
                yield facts.hidden_accounts(f"whether the members of the group {holder.told} are enabled")
            elif member.kind in PEOPLE and member.is_enabled:
                yield RoleHolder(member.id, "user", member.name or member.account, holder.told)
            elif member.kind is MemberKind.SERVICE_PRINCIPAL:
                yield RoleHolder(member.id, "servicePrincipal", member.name, holder.told)
