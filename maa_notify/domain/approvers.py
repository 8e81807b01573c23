"""Who can decide a request: the direct, enabled members of its approver groups without the requestor. Pure.

Nothing links a request to an access policy, so it is matched by policy type and platform. Where that leaves a
doubt nothing is said, rather than something wrong. Source of the rules: "Use Multi Admin Approval".
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from msgspec import Struct, field
from msgspec.structs import replace

from maa_notify.domain.access import ANY_PLATFORM, PEOPLE, AccessPolicy, Group, Member, MemberKind
from maa_notify.domain.request import ApprovalRequest, Identity, is_same

MOST_TOLD = 20
"""People that an event names: as many as one card can mention."""
OLDEST = timedelta(days=1)
"""A list that is older is told to nobody."""
MOST_MEMBERS = 1_000
"""Of one group; a larger one is no list of approvers, and is not remembered."""

_DEVICE_ACTION = "deviceAction"
_OF_DEVICES = frozenset({"deviceWipe", "deviceRetire", "deviceDelete"})
"""What Intune's portal protects as one type, "Device actions", and Graph names by three."""
_NOT_MATCHED = frozenset({"unknown", "unknownFutureValue", "operationApprovalPolicy"})
"""Types that name no policy; changes of policies take a permission of their own to approve."""
_PLATFORM_OF_OBJECT = {
    "devicemanagementscript": "windows10AndLater",
    "devicehealthscript": "windows10AndLater",
    "deviceshellscript": "macOS",
}


class KnownMember(Struct, frozen=True, omit_defaults=True):
    """A member of a group, and since when.

    Attributes:
        member: who it is.
        seen_at: when the group was first read with this member (UTC).
        absent_at: when it was last read without (UTC); None for who was there at the first reading.
    """

    member: Member
    seen_at: datetime
    absent_at: datetime | None = None


class KnownGroup(Struct, frozen=True, omit_defaults=True):
    """An approver group as last read.

    Attributes:
        id: in lower case.
        read_at: when its members were read (UTC).
        group: what it is; None where Entra has none of that id.
        members: the direct ones; None where they are too many to be remembered.
        has_role: whether it is a member of an Intune role assignment; None where that could not be read.
    """

    id: str
    read_at: datetime
    group: Group | None = None
    members: tuple[KnownMember, ...] | None = ()
    has_role: bool | None = None

    def after(self, group: Group | None, members: Sequence[Member], now: datetime) -> Self:
        """The group as read now; members who were in it before keep the time when they were first seen."""
        before = {each.member.id: each for each in self.members or ()}
        absent_at = None if self.members is None else self.read_at
        found = (
            replace(before[each.id], member=each) if each.id in before else KnownMember(each, now, absent_at)
            for each in members
        )
        is_small = len(members) <= MOST_MEMBERS
        return replace(self, read_at=now, group=group, members=tuple(found) if is_small else None)


class Roll(Struct, frozen=True):
    """All access policies and their approver groups, as last read.

    Attributes:
        read_at: when the policies were read (UTC).
        policies: all of them.
        groups: those of them that could be read, by id.
    """

    read_at: datetime
    policies: tuple[AccessPolicy, ...] = ()
    groups: Mapping[str, KnownGroup] = field(default_factory=dict)


class Obstacle(StrEnum):
    """Why nobody can decide a request."""

    NO_GROUP = "noGroup"
    GONE = "gone"
    NOT_SECURITY = "notSecurity"
    EMPTY = "empty"
    NO_PERSON = "noPerson"
    ALL_DISABLED = "allDisabled"
    ONLY_REQUESTOR = "onlyRequestor"
    NESTED = "nested"
    NO_ROLE = "noRole"

    @property
    def is_certain(self) -> bool:
        """Whether it certainly keeps everybody from deciding; if False, it only may."""
        return self not in {Obstacle.NESTED, Obstacle.NO_ROLE}


class Decider(Struct, frozen=True, omit_defaults=True):
    """Somebody who can decide a request; name and account are "" where Graph does not let see them."""

    id: str
    name: str = ""
    account: str = ""
    is_guest: bool = False


class Deciders(Struct, frozen=True, omit_defaults=True):
    """Who can decide a request.

    Attributes:
        read_at: when that was so (UTC).
        people: they, or the first of them.
        count: how many they are.
        nested: groups within the approver groups, whose members cannot be relied on to decide.
        obstacle: why nobody can; None when somebody can.
        policy: the name of the access policy.
        group: the name of the approver group, where there is one that can be named.
        is_requestor_known: whether the requestor could be left out.
    """

    read_at: datetime
    people: tuple[Decider, ...] = ()
    count: int = 0
    nested: int = 0
    obstacle: Obstacle | None = None
    policy: str = ""
    group: str = ""
    is_requestor_known: bool = True

    def shortened(self) -> Self:
        """The same with at most as many people as an event holds."""
        return replace(self, people=self.people[:MOST_TOLD])


def who_can_decide(roll: Roll, request: ApprovalRequest) -> Deciders | None:
    """Who can decide a request, in the order of their names; None where that is not certain."""
    policies = policies_for(roll.policies, request)
    told = {each.group_ids for each in policies}
    if not policies or None in told or len({frozenset(ids or ()) for ids in told}) > 1:
        return None
    found = Deciders(roll.read_at, policy=policies[0].name, is_requestor_known=_is_known(request.requestor))
    group_ids = policies[0].group_ids
    if not group_ids:
        return replace(found, obstacle=Obstacle.NO_GROUP)
    groups = [roll.groups.get(each) for each in group_ids]
    return _of_groups(found, [each for each in groups if each is not None], request) if all(groups) else None


def surely_can_decide(roll: Roll, request: ApprovalRequest, now: datetime) -> tuple[Decider, ...]:
    """Those who can certainly decide a request: none of them may have filed it, and the list is recent."""
    found = who_can_decide(roll, request)
    if found is None or found.obstacle or not found.is_requestor_known or abs(now - found.read_at) > OLDEST:
        return ()
    return found.people


def policies_for(policies: Iterable[AccessPolicy], request: ApprovalRequest) -> list[AccessPolicy]:
    """The access policies that may have held a request back; empty where nobody can tell."""
    wanted = request.policy_types
    if not wanted or not _NOT_MATCHED.isdisjoint(wanted):
        return []
    platform = _PLATFORM_OF_OBJECT.get(request.target.object_type.lower(), "")
    fitting = [each for each in policies if not platform or each.platform in {"", ANY_PLATFORM, platform}]
    found = [[each for each in fitting if _protects(each, policy_type)] for policy_type in wanted]
    return [each for some in found for each in some] if all(found) else []


def _protects(policy: AccessPolicy, policy_type: str) -> bool:
    is_action = policy_type in _OF_DEVICES and _DEVICE_ACTION in policy.policy_types
    return is_action or policy_type in policy.policy_types


def is_member(identity: Identity, member: Member) -> bool:
    """Whether somebody whom a request names is a member, by id or account."""
    return is_same(identity, _identity(member)) and bool(identity.id or identity.upn)


def _identity(member: Member) -> Identity:
    return Identity("user", member.name, member.account, member.id)


def _is_known(requestor: Identity) -> bool:
    return requestor.kind != "unknown"


def _may_be(requestor: Identity, member: Member) -> bool:
    """Whether a member may be the requestor, where Graph gives no id or account that both have."""
    if requestor.kind != "user":
        return False
    is_comparable = requestor.id or (requestor.upn and member.account)
    return not is_comparable and requestor.name.casefold() == member.name.casefold()


def _of_groups(found: Deciders, groups: Sequence[KnownGroup], request: ApprovalRequest) -> Deciders | None:
    found = replace(found, read_at=min(each.read_at for each in groups), group=_name(groups[0]))
    faults = [fault_of(each) for each in groups]
    usable = [each for each, fault in zip(groups, faults, strict=True) if fault is None]
    if not usable:
        return replace(found, obstacle=faults[0])
    if any(each.members is None for each in usable):
        return None
    members = {each.member.id: each.member for group in usable for each in group.members or ()}
    told = _of_members(replace(found, group=_name(usable[0])), list(members.values()), request.requestor)
    is_without_role = all(each.has_role is False for each in usable)
    if told is not None and told.obstacle is None and is_without_role:
        return replace(told, obstacle=Obstacle.NO_ROLE)
    return told


def fault_of(known: KnownGroup) -> Obstacle | None:
    """Why no member of a group can decide, whoever they are."""
    if known.group is None:
        return Obstacle.GONE
    kind = known.group
    is_other = kind.is_security is False or kind.is_mail_enabled or kind.is_unified
    return Obstacle.NOT_SECURITY if is_other else None


def people_in(known: KnownGroup) -> list[Member]:
    """The direct members who may decide, as far as they can be seen; the same for each request."""
    return [
        each.member
        for each in known.members or ()
        if each.member.kind in PEOPLE and each.member.is_enabled is not False
    ]


def _name(known: KnownGroup) -> str:
    return known.group.name if known.group else ""


def _of_members(found: Deciders, members: Sequence[Member], requestor: Identity) -> Deciders | None:
    people = [each for each in members if each.kind in PEOPLE]
    enabled = [each for each in people if each.is_enabled is not False]
    others = [each for each in enabled if not is_member(requestor, each)]
    deciding = [each for each in others if not _may_be(requestor, each)]
    nested = sum(each.kind is MemberKind.GROUP for each in members)
    found = replace(found, nested=nested)
    if deciding:
        told = sorted(
            map(_decider, deciding), key=lambda each: (not each.name, each.name.casefold(), each.id)
        )
        return replace(found, people=tuple(told), count=len(told))
    if others:
        return None  # somebody who has the requestor's name, and may be another
    if nested:
        return replace(found, obstacle=Obstacle.NESTED)
    if not members:
        return replace(found, obstacle=Obstacle.EMPTY)
    if not people:
        return replace(found, obstacle=Obstacle.NO_PERSON)
    return replace(found, obstacle=Obstacle.ONLY_REQUESTOR if enabled else Obstacle.ALL_DISABLED)


def _decider(member: Member) -> Decider:
    return Decider(member.id, member.name, member.account, member.kind is MemberKind.GUEST)
