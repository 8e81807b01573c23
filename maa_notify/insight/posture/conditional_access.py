"""P13 and P14: what Conditional Access demands of applications and of administrators. Pure."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from maa_notify.domain.access import PEOPLE
from maa_notify.insight.identifiers import POWERFUL_ROLES
from maa_notify.insight.posture.directory import CaPolicy, CaWorkloads, Strength
from maa_notify.insight.posture.facts import Facts, Gap, PermissionHolder
from maa_notify.insight.posture.holders import active_holders, one_by_one
from maa_notify.insight.posture.identifiers import PHISHING_RESISTANT
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remarks, Seen, Severity

_OURS = "serviceprincipalsinmytenant"
_ALL = "All"
_HALF = Gap("Graph left conditions of a Conditional Access policy out of its answer")


def workloads(facts: Facts, _: Limits) -> Remarks:
    """P13: applications sign in from known places only, at least those that lead around approval."""
    policies = facts.conditional_access
    if isinstance(policies, Gap):
        yield policies
        return
    if any(each.state is None or (each.is_on and each.conditions is None) for each in policies):
        yield _HALF
    blocking = [each for each in policies if _blocks_workloads(each)]
    if not blocking:
        text = "no Conditional Access policy in force bounds from where applications sign in"
        yield Problem(Severity.MEDIUM, "policy", text)
    if isinstance(facts.holders, Gap):
        yield facts.holders
        return
    for holder in facts.holders:
        yield from _of_holder(holder, facts.tenant_id, blocking)


def _workloads_of(policy: CaPolicy) -> CaWorkloads | None:
    return policy.conditions.client_applications if policy.conditions else None


def _blocks_workloads(policy: CaPolicy) -> bool:
    named, grant = _workloads_of(policy), policy.grant_controls
    is_for_them = named is not None and bool(named.include_service_principals)
    return policy.is_on and is_for_them and grant is not None and "block" in (grant.built_in_controls or ())


def _of_holder(holder: PermissionHolder, tenant_id: str, blocking: Sequence[CaPolicy]) -> Remarks:
    """Conditional Access knows single-tenant applications of this tenant only."""
    if isinstance(holder.principal, Gap):
        yield holder.principal
        return
    owner = holder.principal.app_owner_organization_id
    if holder.principal.service_principal_type == "ManagedIdentity":
        yield Seen(f"{holder.name} is a managed identity, which Conditional Access cannot bound")
    elif holder.principal.service_principal_type is None or not owner or not tenant_id:
        yield Gap(f"whether Conditional Access can bound {holder.name}")
    elif owner.lower() != tenant_id:
        yield Seen(f"{holder.name} is of another tenant, so Conditional Access cannot bound it")
    elif blocking:
        yield from _of_cover(holder, [each for each in map(_workloads_of, blocking) if each])


def _of_cover(holder: PermissionHolder, named: Sequence[CaWorkloads]) -> Remarks:
    covering = [each for each in named if _covers(each, holder.id)]
    if any(each.service_principal_filter is None for each in covering):
        yield Seen(f"{holder.name} is bound by Conditional Access")
    elif covering:
        yield Gap(f"whether the filter of a Conditional Access policy takes in {holder.name}")
    else:
        text = f"no Conditional Access policy for applications takes in {holder.name}"
        yield Problem(Severity.MEDIUM, holder.id, text)


def _covers(named: CaWorkloads, holder_id: str) -> bool:
    included = {each.lower() for each in named.include_service_principals or ()}
    excluded = {each.lower() for each in named.exclude_service_principals or ()}
    return bool({_OURS, holder_id} & included) and holder_id not in excluded


def strong_admins(facts: Facts, _: Limits) -> Remarks:
    """P14: administrators sign in in a way that a false page cannot pass on."""
    policies = facts.conditional_access
    if isinstance(policies, Gap):
        yield policies
        return
    if isinstance(facts.strengths, Gap):
        yield facts.strengths
        return
    if any(each.state is None or (each.is_on and each.conditions is None) for each in policies):
        yield _HALF
    strong = [each for each in policies if _demands_strength(each, facts.strengths)]
    for role, name in POWERFUL_ROLES.items():
        if not any(_is_for_role(each, role) for each in strong):
            text = f"no policy in force demands phishing-resistant sign-in of every {name}"
            yield Problem(Severity.MEDIUM, role, text)
    for policy in strong:
        yield from _of_exclusions(facts, policy)


def _demands_strength(policy: CaPolicy, strengths: Sequence[Strength]) -> bool:
    """Whether a policy lets nobody it is for into any application without a phishing-resistant sign-in."""
    grant, conditions = policy.grant_controls, policy.conditions
    if not policy.is_on or grant is None or conditions is None or grant.authentication_strength is None:
        return False
    is_enough_alone = grant.operator == "OR" and bool(grant.built_in_controls)
    known = {each.id: each for each in strengths}
    strength = known.get(grant.authentication_strength.id, grant.authentication_strength)
    allowed = set(strength.allowed_combinations or ())
    apps = conditions.applications
    is_for_all_apps = apps is not None and _ALL in (apps.include_applications or ())
    narrowed = (
        conditions.platforms,
        conditions.locations,
        conditions.devices,
        conditions.sign_in_risk_levels,
        conditions.user_risk_levels,
    )
    kinds = {each.lower() for each in conditions.client_app_types or ("all",)}
    is_whole = is_for_all_apps and not any(narrowed) and "all" in kinds and not is_enough_alone
    return is_whole and bool(allowed) and allowed <= PHISHING_RESISTANT


def _is_for_role(policy: CaPolicy, role: str) -> bool:
    users = policy.conditions.users if policy.conditions else None
    if users is None:
        return False
    is_named = role in (users.include_roles or ()) or _ALL in (users.include_users or ())
    return is_named and role not in (users.exclude_roles or ())


def _of_exclusions(facts: Facts, policy: CaPolicy) -> Remarks:
    """Administrators and approvers whom a strong policy leaves out."""
    users = policy.conditions.users if policy.conditions else None
    if users is None:
        return
    left_out = {each.lower() for each in users.exclude_users or ()}
    for group_id in users.exclude_groups or ():
        held = facts.groups.get(group_id.lower())
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
            text = f"the {person.what} {person.name} is left out of {policy.display_name or policy.id}"
            yield Problem(person.severity, f"{policy.id}:{person.id}", text)


class _Guarded(Struct, frozen=True):
    """Somebody who has to sign in well."""

    id: str
    name: str
    what: str
    severity: Severity


def _admins(facts: Facts) -> Iterator[_Guarded | Gap]:
    for role, title in POWERFUL_ROLES.items():
        holders = active_holders(facts, role)
        if isinstance(holders, Gap):
            yield holders
            continue
        for each in one_by_one(facts, holders):
            yield each if isinstance(each, Gap) else _Guarded(each.id, each.name, title, Severity.NOTE)


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
                yield _Guarded(member.id, member.name or member.id, "approver", Severity.MEDIUM)
