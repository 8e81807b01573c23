"""P5 and P6: the restricted units around approver groups, and who administers these. Pure."""

from collections.abc import Set as AbstractSet

from maa_notify.domain.access import PEOPLE
from maa_notify.insight.posture.directory import Unit
from maa_notify.insight.posture.facts import ApproverGroup, Facts, Gap
from maa_notify.insight.posture.holders import RoleHolder, holders_of, one_by_one
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remark, Remarks, Seen, Severity

_MOST_RULERS = 4


def in_restricted_unit(facts: Facts, _: Limits) -> Remarks:
    """P5: each approver group stands in a restricted unit that nothing but an administrator fills."""
    for group in facts.approver_groups():
        if isinstance(group, Gap):
            yield group
        elif isinstance(group.units, Gap):
            yield group.units
        elif group.group is not None:  # P2 and P7 tell that it is gone
            yield from _of_units(group)


def _unseen(group: ApproverGroup) -> Remarks:
    """The gap where Graph does not tell in which restricted unit the group stands."""
    if isinstance(group.units, Gap) or group.restricted_units:
        return
    is_hidden = any(each.is_member_management_restricted is None for each in group.units)
    if is_hidden or group.is_restricted:
        yield Gap(f"the token may not see the units of the group {group.told}")


def _of_units(group: ApproverGroup) -> Remarks:
    restricted, unseen = group.restricted_units, list(_unseen(group))
    yield from unseen
    if not restricted and not unseen:
        text = f"the approver group {group.told} stands in no restricted administrative unit"
        yield Problem(Severity.MEDIUM, group.id, text)
    for unit in restricted:
        if (unit.membership_type or "").lower() == "dynamic":
            text = f"a rule decides whether {group.told} stays in the unit {unit.told}"
            yield Problem(Severity.MEDIUM, f"{group.id}:{unit.id}", text)
        else:
            yield Seen(f"{group.told} stands in the restricted unit {unit.told}")


def unit_rulers(facts: Facts, _: Limits) -> Remarks:
    """P6: a few people, none of them an approver, may change what stands in the unit."""
    units: dict[str, Unit] = {}
    approvers: set[str] = set()
    gaps: list[Remark] = []
    for group in facts.approver_groups():
        if isinstance(group, Gap):
            gaps.append(group)
            continue
        gaps += [each for each in (group.units, group.members) if isinstance(each, Gap)]
        gaps += _unseen(group)
        members = () if isinstance(group.members, Gap) else group.members
        approvers.update(each.id for each in members if each.kind in PEOPLE)
        units.update({each.id: each for each in group.restricted_units})
    if not units and not gaps:
        gaps.append(Gap("no approver group stands in a restricted unit", is_moot=True))
    yield from gaps
    for unit in units.values():
        yield from _of_rulers(facts, unit, approvers)


def _of_rulers(facts: Facts, unit: Unit, approvers: AbstractSet[str]) -> Remarks:
    active, eligible = facts.rulers[unit.id], facts.eligible
    if isinstance(active, Gap):
        yield active
        return
    held, gaps = holders_of(active), list[Gap]()
    if isinstance(eligible, Gap):
        gaps.append(eligible)  # who rules now is known, and whether there are more is not
    else:
        scope = f"/administrativeUnits/{unit.id}"
        held += holders_of(each for each in eligible if each.directory_scope_id == scope)
        if any(each.directory_scope_id is None for each in eligible):
            gaps.append(Gap("Graph left out for which unit somebody may activate a role"))
    people: dict[str, RoleHolder] = {}
    for each in one_by_one(facts, held):
        if isinstance(each, Gap):
            gaps.append(each)
        else:
            people.setdefault(each.id, each)
    yield from gaps
    if not people and not gaps:
        text = f"nobody may change what stands in the unit {unit.told}: its groups cannot be mended"
        yield Problem(Severity.MEDIUM, unit.id, text)
    yield from _of_each(unit, people, approvers)


def _of_each(unit: Unit, people: dict[str, RoleHolder], approvers: AbstractSet[str]) -> Remarks:
    if len(people) > _MOST_RULERS:
        text = f"{len(people)} may change what stands in the unit {unit.told}, more than {_MOST_RULERS}"
        yield Problem(Severity.MEDIUM, f"{unit.id}:many", text)
    for each in people.values():
        if each.kind == "servicePrincipal":
            text = f"the application {each.label} may change what stands in the unit {unit.told}"
            yield Problem(Severity.HIGH, f"{unit.id}:{each.id}", text)
        elif each.id in approvers:
            text = f"the approver {each.label} may change what stands in the unit {unit.told}"
            yield Problem(Severity.HIGH, f"{unit.id}:{each.id}", text)
        else:
            yield Seen(f"{each.label} may change what stands in the unit {unit.told}")
