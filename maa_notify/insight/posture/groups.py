"""P2 to P4 and P7: approver groups, their members and owners, and what makes approval impossible. Pure."""

from collections.abc import Iterator, Sequence

from maa_notify.domain.access import PEOPLE, AccessPolicy, Group, Member, MemberKind
from maa_notify.insight.posture.facts import ApproverGroup, Facts, Gap
from maa_notify.insight.posture.names import called
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Problem, Remarks, Seen, Severity

_FEWEST = 2
_BETTER = 3
_ROLE = "role"


def group_kind(facts: Facts, _: Limits) -> Remarks:
    """P2: each approver group is a plain security group that only few may change."""
    for each in facts.approver_groups():
        if isinstance(each, Gap):
            yield each
        elif isinstance(each.group, Gap):
            yield each.group
        elif each.group is None:
            text = f"an access policy names the approver group {each.id}, which is gone"
            yield Problem(Severity.HIGH, f"{each.id}:gone", text)
        else:
            yield from _of_form(each.group, each.told)
            yield from _of_protection(each.group, each)


def _hidden_kind(group: ApproverGroup) -> Gap:
    return Gap(f"the token may not see what kind of group {group.told} is")


def _of_form(group: Group, name: str) -> Remarks:
    if group.is_security is False or group.is_mail_enabled or group.is_unified:
        text = f"{name} is no plain security group, so Intune may find nobody in it"
        yield Problem(Severity.HIGH, f"{group.id}:form", text)
    if group.is_dynamic:
        text = f"a rule makes the members of {name}: whoever changes an attribute joins"
        yield Problem(Severity.HIGH, f"{group.id}:dynamic", text)
    if group.is_synced:
        text = f"{name} is synced from a directory on premises, whose administrators change it"
        yield Problem(Severity.HIGH, f"{group.id}:synced", text)


def _of_protection(group: Group, approvers: ApproverGroup) -> Remarks:
    name, is_restricted = approvers.told, approvers.is_restricted
    flags = (group.is_role_assignable, group.is_restricted)
    form = (group.is_security, group.is_mail_enabled, group.is_unified, group.is_dynamic, group.is_synced)
    if None in form or group.is_role_assignable is None:
        yield _hidden_kind(approvers)
    if is_restricted and group.is_role_assignable:
        text = f"{name} is role-assignable and in a restricted unit: nobody can change its members"
        yield Problem(Severity.HIGH, f"{group.id}:jam", text)
    elif is_restricted:
        yield Seen(f"{name} is protected by a restricted administrative unit")
    elif None in flags:
        yield _hidden_kind(approvers)
    elif group.is_role_assignable:
        text = f"{name} is role-assignable only: owners, Global and Privileged Role Administrators change it"
        yield Problem(Severity.NOTE, f"{group.id}:assignable", text)
    else:
        text = f"nothing protects {name}: an Intune Administrator may add a second account of their own"
        yield Problem(Severity.HIGH, f"{group.id}:open", text)


def approvers(facts: Facts, _: Limits) -> Remarks:
    """P3: enough people can approve, all of them direct, enabled members whose accounts are protected."""
    names: set[str] = set()
    count, is_whole = 0, True
    for each in facts.approver_groups():
        if isinstance(each, Gap):
            is_whole = False
            yield each
            continue
        if isinstance(each.members, Gap):
            is_whole = False
            yield each.members
            continue
        if each.group is None:
            continue
        count += 1
        yield from _of_members(each.members, each, facts)
        people = [one for one in each.members if one.kind in PEOPLE and one.is_enabled is not False]
        names.update(one.id for one in people)
    if is_whole and count > 1 and len(names) == 1:
        yield Problem(Severity.HIGH, "one", "one person is the only approver everywhere")


def _of_members(members: Sequence[Member], group: ApproverGroup, facts: Facts) -> Remarks:
    people = [each for each in members if each.kind in PEOPLE]
    possible = [each for each in people if each.is_enabled is not False]
    is_seen = all(each.is_enabled is not None for each in people)
    if not is_seen:
        yield facts.hidden_accounts(f"whether the members of {group.told} are enabled")
    if is_seen or len(possible) < _FEWEST:
        yield from _of_number(possible, group)
    for each in people:
        yield from _of_person(each, group)
        if each.is_enabled and each.is_restricted is None:
            name = called(each.id, each.account)
            yield facts.hidden_accounts(f"whether the account of {name} stands in a restricted unit")
    for kind, what in ((MemberKind.GROUP, "group"), (MemberKind.SERVICE_PRINCIPAL, "application")):
        count = sum(each.kind is kind for each in members)
        if count:
            text = (
                f"{group.told} has {count} {what}{'s' if count > 1 else ''} among its members: none approves"
            )
            yield Problem(Severity.NOTE, f"{group.id}:{kind}", text)


def _of_number(enabled: Sequence[Member], group: ApproverGroup) -> Remarks:
    told = f"{len(enabled)} enabled direct member{'' if len(enabled) == 1 else 's'}"
    if len(enabled) < _FEWEST:
        text = f"{group.told} has {told}: nobody can approve what that person files"
        text = text if enabled else f"{group.told} has {told}: nobody can approve"
        yield Problem(Severity.HIGH, f"{group.id}:few", text)
    elif len(enabled) < _BETTER:
        yield Problem(
            Severity.NOTE, f"{group.id}:few", f"{group.told} has {told}: one is left when one is away"
        )
    else:
        yield Seen(f"{group.told} has {told}")


def _of_person(person: Member, group: ApproverGroup) -> Remarks:
    name = called(person.id, person.name, person.account)
    if person.kind is MemberKind.GUEST:
        text = f"the guest {name} is an approver in {group.told}"
        yield Problem(Severity.HIGH, f"{group.id}:{person.id}:guest", text)
    if person.is_enabled is False:
        text = f"{name} in {group.told} is disabled and cannot approve"
        yield Problem(Severity.NOTE, f"{group.id}:{person.id}:disabled", text)
    elif person.is_enabled and person.is_restricted is False:
        text = f"the account of the approver {name} is in no restricted unit: who resets it approves"
        yield Problem(Severity.NOTE, f"{person.id}:open", text)


def owners(facts: Facts, _: Limits) -> Remarks:
    """P4: no approver group has an owner who may change it."""
    for each in facts.approver_groups():
        if isinstance(each, Gap):
            yield each
            continue
        if isinstance(each.owners, Gap):
            yield each.owners
            continue
        for owner in each.owners:
            what = "the application " if owner.kind == "servicePrincipal" else ""
            if each.is_restricted:
                yield Seen(f"{what}{owner.told} owns {each.told}, which its restricted unit makes harmless")
            elif not isinstance(each.group, Group) or each.group.is_restricted is None:
                yield Gap(f"whether {each.told} stands in a restricted unit, where an owner does no harm")
            else:
                text = f"{what}{owner.told} owns {each.told} and may add members"
                yield Problem(Severity.HIGH, f"{each.id}:{owner.id}", text)


def deadlocks(facts: Facts, _: Limits) -> Remarks:
    """P7: approval is possible: each group stays filled, and somebody else than the requestor is in it."""
    policies = () if isinstance(facts.policies, Gap) else facts.policies
    has_role_policy = any(_ROLE in each.policy_types for each in policies)
    for each in facts.approver_groups():
        if isinstance(each, Gap):
            yield each
            continue
        yield from _of_assignment(each, facts.intune_role_groups, has_role_policy=has_role_policy)
        if each.group is None:
            text = f"the approver group {each.id} is gone: nobody can approve"
            yield Problem(Severity.HIGH, f"{each.id}:gone", text)
        elif isinstance(each.group, Gap):
            yield each.group
        elif each.group.is_role_assignable is None:
            yield _hidden_kind(each)
        elif each.is_restricted and each.group.is_role_assignable:
            text = f"nobody can change the members of {each.told}: take it out of the unit first"
            yield Problem(Severity.HIGH, f"{each.id}:jam", text)
    for policy in policies:
        yield from _of_lone_approver(policy, facts)


def _of_assignment(group: ApproverGroup, assigned: frozenset[str] | Gap, *, has_role_policy: bool) -> Remarks:
    if isinstance(assigned, Gap):
        yield assigned
    elif group.id in assigned:
        yield Seen(f"{group.told} is a member of an Intune role assignment")
    elif has_role_policy:
        text = (
            f"{group.told} is in no Intune role assignment, so Intune removes its members; and the access"
            " policy for roles keeps anybody from mending that without them"
        )
        yield Problem(Severity.HIGH, f"{group.id}:assignment", text)
    else:
        text = f"{group.told} is in no Intune role assignment, so Intune removes its members"
        yield Problem(Severity.MEDIUM, f"{group.id}:assignment", text)


def _of_lone_approver(policy: AccessPolicy, facts: Facts) -> Remarks:
    """A policy with one approver in all its groups, whose own requests nobody can approve."""
    groups = () if isinstance(facts.approvers, Gap) else facts.approvers
    people = list(_people_of(policy, groups))
    unread = [each for each in people if isinstance(each, Gap)]
    yield from unread
    possible = {each.id: each for each in people if isinstance(each, Member) and each.is_enabled is not False}
    certain = [each for each in possible.values() if each.is_enabled]
    name = called(policy.id, policy.name)
    if len(possible) == 1 and not unread:
        [one] = possible.values()
        who = called(one.id, one.name, one.account)
        text = f"{who} alone approves {name}, and cannot approve own requests"
        yield Problem(Severity.MEDIUM, f"{policy.id}:alone", text)
    elif len(certain) < min(_FEWEST, len(possible)):
        yield facts.hidden_accounts(f"how many enabled accounts approve {name}")


def _people_of(policy: AccessPolicy, groups: Sequence[ApproverGroup]) -> Iterator[Member | Gap]:
    for group in groups:
        if group.id not in (policy.group_ids or ()):
            continue
        if isinstance(group.members, Gap):
            yield group.members
        else:
            yield from (each for each in group.members if each.kind in PEOPLE)
