"""P8 and P9: who is an administrator permanently, and what it takes to become one for a while. Pure."""

import re

from maa_notify.domain.access import Group
from maa_notify.insight.identifiers import GLOBAL_ADMINISTRATOR, POWERFUL_ROLES
from maa_notify.insight.posture.directory import PimPolicy, PimRule
from maa_notify.insight.posture.facts import Facts, Gap
from maa_notify.insight.posture.holders import (
    RoleHolder,
    active_holders,
    holders_of,
    one_by_one,
    permanent_holders,
)
from maa_notify.insight.posture.identifiers import PIM_ROLES, PRIVILEGED_ROLE_ADMINISTRATOR
from maa_notify.insight.posture.names import listed
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remark, Remarks, Seen, Severity

_LONGEST_HOURS = 8
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?")
_WITHOUT_P2 = Gap(
    "who is Global Administrator for good: without Entra ID P2 nobody can tell an activation from that"
)


def global_admins(facts: Facts, limits: Limits) -> Remarks:
    """P8: few accounts, and people only, are Global Administrator for good."""
    active = active_holders(facts, GLOBAL_ADMINISTRATOR)
    if isinstance(active, Gap):
        yield active
        return
    if not active:
        yield Gap("Graph names no Global Administrator, and each tenant has one")
        return
    eligible = _eligible(facts)
    if isinstance(eligible, Gap):
        yield eligible  # who holds the role now is looked at all the same
    yield from _of_odd_kind(facts, [*active, *(() if isinstance(eligible, Gap) else eligible)])
    permanent = permanent_holders(facts, GLOBAL_ADMINISTRATOR)
    if isinstance(permanent, Gap):
        yield _WITHOUT_P2 if permanent.licence else permanent
        yield Seen(f"{len(active)} hold the role now, for good or activated")
        return
    people: dict[str, RoleHolder] = {}
    gaps: list[Gap] = []
    for each in one_by_one(facts, permanent):
        if isinstance(each, Gap):
            gaps.append(each)
        elif each.kind == "user":
            people.setdefault(each.id, each)
    yield from gaps
    yield from _of_number(people, limits, is_whole=not gaps)


def _eligible(facts: Facts) -> list[RoleHolder] | Gap:
    """Who may become Global Administrator."""
    if isinstance(facts.eligible, Gap):
        return facts.eligible
    if any(each.role_definition_id is None for each in facts.eligible):
        return Gap("Graph left out which role somebody may activate")
    return holders_of(each for each in facts.eligible if each.role_definition_id == GLOBAL_ADMINISTRATOR)


def _of_number(people: dict[str, RoleHolder], limits: Limits, *, is_whole: bool) -> Remarks:
    names = listed([each.label for each in people.values()]) or "nobody"
    if len(people) > limits.most_admins:
        text = f"{len(people)} accounts are Global Administrator for good, more than {limits.most_admins}"
        yield Problem(Severity.MEDIUM, "many", f"{text}: {names}")
    elif is_whole and len(people) < limits.fewest_admins:
        text = f"{len(people)} accounts are Global Administrator for good, fewer than {limits.fewest_admins}"
        yield Problem(Severity.MEDIUM, "few", f"{text}: {names}")
    else:
        yield Seen(f"Global Administrators for good: {names}")


def _of_odd_kind(facts: Facts, active: list[RoleHolder]) -> Remarks:
    """Applications and unprotected groups among the Global Administrators."""
    for holder in active:
        if not holder.kind:
            yield Gap(f"Graph does not tell what {holder.told} is")
        if holder.kind == "servicePrincipal":
            text = f"the application {holder.told} is Global Administrator"
            yield Problem(Severity.HIGH, holder.id, text)
        if holder.kind == "group":
            held = facts.groups.get(holder.id)
            group = held.group if held else None
            if isinstance(group, Gap):
                yield group
            elif group is None:
                yield Gap(f"Graph has no group {holder.told}, which holds a role")
            else:
                yield from _of_group(group, holder)


def _of_group(group: Group, holder: RoleHolder) -> Remarks:
    if group.is_role_assignable or group.is_restricted:
        return
    if group.is_role_assignable is None or group.is_restricted is None:
        yield Gap(f"the token may not see what kind of group {holder.told} is")
    else:
        text = f"members of the unprotected group {holder.told} are Global Administrators"
        yield Problem(Severity.HIGH, holder.id, text)


def pim_rules(facts: Facts, _: Limits) -> Remarks:
    """P9: nobody holds these roles for good, and activation takes more than a click."""
    for role in PIM_ROLES:
        policy = facts.pim[role]
        if isinstance(policy, Gap):
            yield policy
        else:
            yield from _of_rules(policy, role)
        if role != GLOBAL_ADMINISTRATOR:
            yield from _for_good(facts, role)


def _for_good(facts: Facts, role: str) -> Remarks:
    name = POWERFUL_ROLES[role]
    holders = permanent_holders(facts, role)
    if isinstance(holders, Gap):
        yield holders
        return
    for each in holders:
        text = f"{each.told} is {name} for good"
        yield Problem(Severity.MEDIUM, f"{role}:{each.id}", text)


def _of_rules(policy: PimPolicy, role: str) -> Remarks:
    rules = {each.id: each for each in policy.rules or ()}
    yield from _of_proof(rules, role)
    yield from _of_approval(rules, role)
    yield from _of_time(rules, role)


def _of_proof(rules: dict[str, PimRule], role: str) -> Remarks:
    name = POWERFUL_ROLES[role]
    enablement = rules.get("Enablement_EndUser_Assignment")
    context = rules.get("AuthenticationContext_EndUser_Assignment")
    enabled = enablement.enabled_rules if enablement else None
    if enabled is None:
        yield _left_out(name)
        return
    if "MultiFactorAuthentication" not in enabled:
        if context is None or context.is_enabled is None:
            yield _left_out(name)
        elif not context.is_enabled:
            text = f"{name} is activated without multifactor authentication or an authentication context"
            yield Problem(Severity.HIGH, f"{role}:mfa", text)
    if "Justification" not in enabled:
        yield Problem(Severity.NOTE, f"{role}:justification", f"{name} is activated without a justification")


def _of_approval(rules: dict[str, PimRule], role: str) -> Remarks:
    name = POWERFUL_ROLES[role]
    approval = rules.get("Approval_EndUser_Assignment")
    required = approval.setting.is_approval_required if approval and approval.setting else None
    if required is None:
        yield _left_out(name)
    elif not required:
        is_grave = role in {GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR}
        severity = Severity.MEDIUM if is_grave else Severity.NOTE
        yield Problem(severity, f"{role}:approval", f"{name} is activated without anybody's approval")


def _of_time(rules: dict[str, PimRule], role: str) -> Remarks:
    name = POWERFUL_ROLES[role]
    expiration = rules.get("Expiration_EndUser_Assignment")
    hours = _hours(expiration.maximum_duration if expiration else None)
    if expiration and expiration.is_expiration_required is False:
        yield Problem(Severity.NOTE, f"{role}:hours", f"an activation of {name} needs no end")
    elif hours is None:
        yield _left_out(name)
    elif hours > _LONGEST_HOURS:
        text = f"an activation of {name} lasts up to {hours:g} hours, more than {_LONGEST_HOURS}"
        yield Problem(Severity.NOTE, f"{role}:hours", text)


def _hours(duration: str | None) -> float | None:
    """The hours of an ISO 8601 duration of days, hours and minutes; None where there is none."""
    found = _DURATION.fullmatch(duration or "")
    if not found or not any(found.groups()):
        return None
    days, hours, minutes = (int(each or 0) for each in found.groups())
    return days * 24 + hours + minutes / 60


def _left_out(name: str) -> Remark:
    return Gap(f"Graph left rules for the role {name} out of its answer")
