"""P13 and P14: what Conditional Access demands of applications and of administrators. Pure."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from maa_notify.domain.access import PEOPLE
from maa_notify.insight.identifiers import POWERFUL_ROLES
from maa_notify.insight.posture.demands import (
    Told,
    all_told,
    blocks_workloads,
    demands_strength,
    is_for_role,
    workloads_of,
)
from maa_notify.insight.posture.directory import CaPolicy, CaWorkloads
from maa_notify.insight.posture.facts import Facts, Gap, PermissionHolder
from maa_notify.insight.posture.holders import active_holders, one_by_one
from maa_notify.insight.posture.names import called
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remarks, Seen, Severity

_OURS = "serviceprincipalsinmytenant"
_HALF = Gap("Graph left a part of a Conditional Access policy out of its answer")


def workloads(facts: Facts, _: Limits) -> Remarks:
    """P13: applications sign in from known places only, at least those that lead around approval."""
    policies = facts.conditional_access
    if isinstance(policies, Gap):
        yield policies
        return
    blocking = [each for each in policies if blocks_workloads(each)]
    is_whole = not any(blocks_workloads(each) is None for each in policies)
    if not is_whole:
        yield _HALF
    elif not blocking:
        text = "no Conditional Access policy in force bounds from where applications sign in"
        yield Problem(Severity.MEDIUM, "policy", text)
    if isinstance(facts.holders, Gap):
        yield facts.holders
        return
    named = [each for each in map(workloads_of, blocking) if each]
    for holder in facts.holders:
        yield from _of_holder(holder, facts.tenant_id, named, is_whole=is_whole)


def _of_holder(
    holder: PermissionHolder, tenant_id: str, named: Sequence[CaWorkloads], *, is_whole: bool
) -> Remarks:
    """Conditional Access knows single-tenant applications of this tenant only."""
    if isinstance(holder.principal, Gap):
        yield holder.principal
        return
    owner = holder.principal.app_owner_organization_id
    if holder.principal.service_principal_type == "ManagedIdentity":
        yield Seen(f"{holder.told} is a managed identity, which Conditional Access cannot bound")
    elif holder.principal.service_principal_type is None or not owner or not tenant_id:
        yield Gap(f"whether Conditional Access can bound {holder.told}")
    elif owner != tenant_id:
        yield Seen(f"{holder.told} is of another tenant, so Conditional Access cannot bound it")
    else:
        yield from _of_cover(holder, named, is_whole=is_whole)


def _of_cover(holder: PermissionHolder, named: Sequence[CaWorkloads], *, is_whole: bool) -> Remarks:
    covers = [_covers(each, holder.id) for each in named]
    if True in covers:
        yield Seen(f"{holder.told} is bound by Conditional Access")
    elif None in covers:
        yield Gap(f"whether a Conditional Access policy takes in {holder.told}, by its filter or exclusions")
    elif named and is_whole:
        text = f"no Conditional Access policy for applications takes in {holder.told}"
        yield Problem(Severity.MEDIUM, holder.id, text)


def _covers(named: CaWorkloads, holder_id: str) -> Told:
    """Whether a policy is for an application; None where its filter decides, or Graph left that out."""
    included = {each.lower() for each in named.include_service_principals or ()}
    excluded = named.exclude_service_principals
    if included.isdisjoint({_OURS, holder_id}) or holder_id in (excluded or ()):
        return False
    return None if excluded is None or named.service_principal_filter is not None else True


def strong_admins(facts: Facts, _: Limits) -> Remarks:
    """P14: administrators sign in in a way that a false page cannot pass on."""
    policies, strengths = facts.conditional_access, facts.strengths
    if isinstance(policies, Gap):
        yield policies
        return
    if isinstance(strengths, Gap):
        yield strengths
        return
    demanding = [(each, demands_strength(each, strengths)) for each in policies]
    for role, name in POWERFUL_ROLES.items():
        told = [all_told(is_strong, is_for_role(each, role)) for each, is_strong in demanding]
        if True in told:
            continue
        if None in told:
            yield _HALF
            continue
        text = f"no policy in force demands phishing-resistant sign-in of every {name}"
        yield Problem(Severity.MEDIUM, role, text)
    for policy, is_strong in demanding:
        if is_strong:
            yield from _of_resources(policy)
            yield from _of_exclusions(facts, policy)


def _of_resources(policy: CaPolicy) -> Remarks:
    """Resources that a policy for all of them leaves out."""
    apps = policy.conditions.applications if policy.conditions else None
    left_out = apps.exclude_applications if apps else None
    if left_out is None:
        yield _HALF
    elif left_out:
        count = f"{len(left_out)} resource{'' if len(left_out) == 1 else 's'}"
        text = f"{policy.told} leaves out {count}, where less is enough"
        yield Problem(Severity.NOTE, f"{policy.id}:resources", text)


def _of_exclusions(facts: Facts, policy: CaPolicy) -> Remarks:
    """Administrators and approvers whom a strong policy leaves out."""
    users = policy.conditions.users if policy.conditions else None
    if users is None or users.exclude_users is None or users.exclude_groups is None:
        yield _HALF
        return
    left_out = {*users.exclude_users}
    for group_id in users.exclude_groups:
        held = facts.groups.get(group_id)
        members = held.members if held else Gap("the members of a group that a policy leaves out")
        if isinstance(members, Gap):
            yield members
        else:
            left_out.update(each.id for each in members)
    if not left_out:
        return
    guarded = [*_admins(facts), *_approvers(facts)]
    yield from (each for each in guarded if isinstance(each, Gap))
    # Who is both counts as an approver, since that weighs more.
    people = {each.id: each for each in guarded if isinstance(each, _Guarded)}
    for person in people.values():
        if person.id in left_out:
            text = f"the {person.what} {person.told} is left out of {policy.told}"
            yield Problem(person.severity, f"{policy.id}:{person.id}", text)


class _Guarded(Struct, frozen=True):
    """Somebody who has to sign in well; `told` as a sentence names them."""

    id: str
    told: str
    what: str
    severity: Severity


def _admins(facts: Facts) -> Iterator[_Guarded | Gap]:
    for role, title in POWERFUL_ROLES.items():
        holders = active_holders(facts, role)
        if isinstance(holders, Gap):
            yield holders
            continue
        for each in one_by_one(facts, holders):
            yield each if isinstance(each, Gap) else _Guarded(each.id, each.told, title, Severity.NOTE)


def _approvers(facts: Facts) -> Iterator[_Guarded | Gap]:
    if isinstance(facts.approvers, Gap):
        yield facts.approvers
        return
    for group in facts.approvers:
        if isinstance(group.members, Gap):
            yield group.members
            continue
        for member in group.members:
            if member.kind in PEOPLE:
                name = called(member.id, member.name, member.account)
                yield _Guarded(member.id, name, "approver", Severity.MEDIUM)
