"""What one Conditional Access policy demands, and of whom: yes, no, or None where Graph left it out. Pure.

Only a part that may well be absent counts as "no" when it is null: grants beside controls of the session,
conditions that narrow a policy, and applications in a policy for people.
"""

from collections.abc import Collection, Sequence

from maa_notify.insight.posture.directory import CaConditions, CaGrant, CaPolicy, CaWorkloads, Strength
from maa_notify.insight.posture.identifiers import PHISHING_RESISTANT

_ALL = "all"

Told = bool | None
"""True, False, or None where it was not told."""


def all_told(*parts: Told) -> Told:
    """Whether all are true: one "no" decides, whatever was left out of the others."""
    if False in parts:
        return False
    return None if None in parts else True


def _any_told(*parts: Told) -> Told:
    return _not(all_told(*map(_not, parts)))


def _not(told: Told) -> Told:
    return None if told is None else not told


def workloads_of(policy: CaPolicy) -> CaWorkloads | None:
    """The applications whose own sign-ins a policy is for; None in one for people."""
    return policy.conditions.client_applications if policy.conditions else None


def blocks_workloads(policy: CaPolicy) -> Told:
    """Whether a policy in force keeps applications out."""
    named = workloads_of(policy)
    is_for_them: Told = False
    if policy.conditions is None:
        is_for_them = None
    elif named is not None:
        is_for_them = _is_filled(named.include_service_principals)
    grant = policy.grant_controls
    blocks = _holds(grant.built_in_controls, "block") if grant else _without_grant(policy)
    return all_told(_is_on(policy), is_for_them, blocks)


def demands_strength(policy: CaPolicy, strengths: Sequence[Strength]) -> Told:
    """Whether a policy lets nobody it is for into any application without a phishing-resistant sign-in."""
    conditions = policy.conditions
    return all_told(
        _is_on(policy),
        None if conditions is None else _is_for_everything(conditions),
        _is_resistant(policy.grant_controls, strengths) if policy.grant_controls else _without_grant(policy),
    )


def is_for_role(policy: CaPolicy, role: str) -> Told:
    """Whether a policy is for everybody with a role."""
    users = policy.conditions.users if policy.conditions else None
    if users is None:
        return None
    is_named = _any_told(_holds(users.include_roles, role), _holds(users.include_users, _ALL))
    return all_told(is_named, _not(_holds(users.exclude_roles, role)))


def _is_on(policy: CaPolicy) -> Told:
    return None if policy.state is None else policy.is_on


def _without_grant(policy: CaPolicy) -> Told:
    """No demand at all, where the policy has controls of the session instead."""
    return None if policy.session_controls is None else False


def _is_for_everything(conditions: CaConditions) -> Told:
    """Whether the conditions leave no application, device, place or sign-in out."""
    apps = conditions.applications
    narrowing = (
        conditions.platforms,
        conditions.locations,
        conditions.devices,
        conditions.sign_in_risk_levels,
        conditions.user_risk_levels,
        conditions.insider_risk_levels,
        conditions.authentication_flows,
    )
    return all_told(
        _holds(apps.include_applications, _ALL) if apps else None,
        _holds(conditions.client_app_types, _ALL),
        not any(map(_narrows, narrowing)),
    )


def _narrows(condition: object) -> bool:
    """Whether a condition leaves anything out: one that includes all and excludes nothing does not."""
    if not isinstance(condition, dict):
        return bool(condition)
    told = {name: value for name, value in condition.items() if value and not name.startswith("@")}
    return any(name.startswith("exclude") or not _is_of_all(value) for name, value in told.items())


def _is_of_all(value: object) -> bool:
    return value == "none" or (isinstance(value, list) and _ALL in {str(each).lower() for each in value})


def _is_resistant(grant: CaGrant, strengths: Sequence[Strength]) -> Told:
    """Whether nothing less than a phishing-resistant sign-in satisfies a grant."""
    if grant.authentication_strength is None:
        return False
    known = {each.id: each for each in strengths}
    inline = grant.authentication_strength
    allowed = known.get(inline.id, inline).allowed_combinations
    is_strong = None if allowed is None else bool(allowed) and PHISHING_RESISTANT.issuperset(allowed)
    is_alternative = None if grant.operator is None else grant.operator.upper() == "OR"
    has_less = all_told(_is_filled(grant.built_in_controls), is_alternative)
    return all_told(is_strong, _not(has_less))


def _is_filled(told: Collection[str] | None) -> Told:
    return None if told is None else bool(told)


def _holds(told: Collection[str] | None, word: str) -> Told:
    return None if told is None else word in {each.lower() for each in told}
