"""Who can decide a request, and that nothing is said where that is not certain."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.domain.access import AccessPolicy, Group, Member, MemberKind
from maa_notify.domain.approvers import (
    MOST_MEMBERS,
    MOST_TOLD,
    Deciders,
    KnownGroup,
    Obstacle,
    Roll,
    who_can_decide,
)
from maa_notify.domain.request import ApprovalRequest, Identity, Target
from tests.support.approval import NOW, approval

GROUP, OTHER = "284b3745-0008-4385-bf00-000000000008", "384b3745-0008-4385-bf00-000000000009"
PLAIN = Group(GROUP, "MAA approvers", is_security=True, is_mail_enabled=False, is_unified=False)
AIKO = Member("a1", name="Aiko Mori", account="aiko@contoso.com", is_enabled=True)
OSKAR = Member("o1", name="Oskar Weiss", account="oskar@contoso.com", is_enabled=True)
WIPE = AccessPolicy("p1", "Wipes", ("deviceWipe",), "notApplicable", (GROUP,))


def group_of(*members: Member, kind: Group | None = PLAIN, **changes: object) -> KnownGroup:
    """A group that was read now."""
    return replace(KnownGroup(GROUP, NOW).after(kind, members, NOW), **changes)


def roll(*members: Member, policies: tuple[AccessPolicy, ...] = (WIPE,), **groups: KnownGroup) -> Roll:
    """What was read of a tenant with one approver group."""
    held: Mapping[str, KnownGroup] = {
        GROUP: group_of(*members),
        **{each.id: each for each in groups.values()},
    }
    return Roll(NOW, policies, held)


def names(found: Deciders | None) -> list[str] | None:
    """The names of those who can decide."""
    return None if found is None else [each.name for each in found.people]


def asked_by(**fields: str) -> ApprovalRequest:
    """A wipe that somebody asks for."""
    return approval(requestor=Identity("user", **fields))


def test_enabled_direct_members_can_decide_in_the_order_of_their_names() -> None:
    """Who is disabled cannot; of whom nobody may know it may; a guest is named as one."""
    gone = Member("d1", name="Dora", is_enabled=False)
    guest = Member("g1", MemberKind.GUEST, "Bo", is_enabled=None)

    found = who_can_decide(roll(OSKAR, gone, guest, AIKO), asked_by(id="m1"))

    assert names(found) == ["Aiko Mori", "Bo", "Oskar Weiss"]
    assert found is not None
    assert [each.is_guest for each in found.people] == [False, True, False]
    assert (found.count, found.obstacle, found.policy, found.group) == (3, None, "Wipes", "MAA approvers")


@pytest.mark.parametrize(
    "identity",
    [
        {"id": "A1", "name": "Somebody"},
        {"upn": "AIKO@contoso.com"},
        {"name": "aiko mori"},
        {"id": "a1", "upn": "old@contoso.com", "name": "x"},
    ],
)
def test_the_requestor_cannot_decide(identity: dict[str, str]) -> None:
    """By the id, the account, or where Intune tells no more by the name."""
    assert names(who_can_decide(roll(AIKO, OSKAR), asked_by(**identity))) == ["Oskar Weiss"]


def test_a_namesake_with_another_id_can_decide() -> None:
    """Names are no proof where there is a better one."""
    assert names(who_can_decide(roll(AIKO), asked_by(id="m1", name="Aiko Mori"))) == ["Aiko Mori"]


def test_a_requestor_whom_intune_does_not_name_cannot_be_left_out() -> None:
    """The card has to say so."""
    found = who_can_decide(roll(AIKO), approval())

    assert found is not None
    assert (found.count, found.is_requestor_known) == (1, False)


def test_an_application_leaves_nobody_out() -> None:
    """It is no member of the group by its name."""
    request = approval(requestor=Identity("application", name="Aiko Mori"))

    assert names(who_can_decide(roll(AIKO), request)) == ["Aiko Mori"]


NESTED = Member("n1", MemberKind.GROUP)
APP = Member("s1", MemberKind.SERVICE_PRINCIPAL)


@pytest.mark.parametrize(
    "members, obstacle",
    [
        ((), Obstacle.EMPTY),
        ((APP,), Obstacle.NO_PERSON),
        ((NESTED, APP), Obstacle.NESTED),
        ((replace(AIKO, is_enabled=False),), Obstacle.ALL_DISABLED),
        ((OSKAR,), Obstacle.ONLY_REQUESTOR),
        ((OSKAR, replace(AIKO, is_enabled=False)), Obstacle.ONLY_REQUESTOR),
        ((OSKAR, NESTED), Obstacle.NESTED),
        ((OSKAR, AIKO), None),
    ],
)
def test_nobody_can_decide(members: tuple[Member, ...], obstacle: Obstacle | None) -> None:
    """With the reason, which says what to mend."""
    found = who_can_decide(roll(*members), asked_by(id="o1"))

    assert found is not None
    assert found.obstacle is obstacle


@pytest.mark.parametrize(
    "kind, obstacle",
    [
        (None, Obstacle.GONE),
        (replace(PLAIN, is_security=False), Obstacle.NOT_SECURITY),
        (replace(PLAIN, is_mail_enabled=True), Obstacle.NOT_SECURITY),
        (replace(PLAIN, is_unified=True), Obstacle.NOT_SECURITY),
        (Group(GROUP), None),
    ],
)
def test_a_group_that_intune_does_not_take(kind: Group | None, obstacle: Obstacle | None) -> None:
    """Whoever is in it; of a group that may not be seen nothing is claimed."""
    found = who_can_decide(roll(group=group_of(AIKO, kind=kind)), asked_by(id="o1"))

    assert found is not None
    assert found.obstacle is obstacle


def test_a_group_without_a_role_may_lose_its_members() -> None:
    """They are told all the same, and it is not claimed that nobody can."""
    found = who_can_decide(roll(group=group_of(AIKO, has_role=False)), asked_by(id="o1"))

    assert found is not None
    assert (names(found), found.obstacle) == (["Aiko Mori"], Obstacle.NO_ROLE)
    assert not Obstacle.NO_ROLE.is_certain


def test_a_policy_without_a_group() -> None:
    """Nobody can decide what it holds back."""
    found = who_can_decide(roll(policies=(replace(WIPE, group_ids=()),)), approval())

    assert found is not None
    assert found.obstacle is Obstacle.NO_GROUP


def test_members_of_all_groups_of_a_policy_can_decide_once_each() -> None:
    """Also where one of them is gone."""
    second = replace(group_of(AIKO, OSKAR), id=OTHER)
    both = (replace(WIPE, group_ids=(GROUP, OTHER)),)
    request = asked_by(id="m1")

    assert names(who_can_decide(roll(AIKO, policies=both, second=second), request)) == [
        "Aiko Mori",
        "Oskar Weiss",
    ]
    gone = group_of(kind=None)
    assert names(who_can_decide(roll(policies=both, first=gone, second=second), request)) == [
        "Aiko Mori",
        "Oskar Weiss",
    ]


APPS = AccessPolicy("p2", "Apps", ("app",), "windows10AndLater", (GROUP,))
MACS = AccessPolicy("p3", "Apps on Macs", ("app",), "macOS", (OTHER,))


@pytest.mark.parametrize(
    "policies, request_types",
    [
        ((), ("deviceWipe",)),
        ((WIPE,), ()),
        ((WIPE,), ("unknownFutureValue",)),
        ((WIPE,), ("deviceWipe", "unknown")),
        ((WIPE,), ("app",)),
        ((WIPE,), ("deviceWipe", "app")),
        ((replace(WIPE, policy_types=("operationApprovalPolicy",)),), ("operationApprovalPolicy",)),
        ((replace(WIPE, group_ids=None),), ("deviceWipe",)),
        ((replace(WIPE, group_ids=(OTHER,)),), ("deviceWipe",)),
        ((APPS, MACS), ("app",)),
        ((WIPE, replace(WIPE, policy_types=("deviceAction",), group_ids=(OTHER,))), ("deviceWipe",)),
    ],
)
def test_nothing_is_said_where_it_is_not_certain(
    policies: tuple[AccessPolicy, ...], request_types: tuple[str, ...]
) -> None:
    """No policy, none that can be told apart, a group that could not be read, types that name no policy."""
    assert who_can_decide(roll(AIKO, policies=policies), approval(policy_types=request_types)) is None


def test_policies_of_one_type_that_agree_leave_no_doubt() -> None:
    """And a policy for device actions holds a wipe back, too."""
    agreeing = (APPS, replace(MACS, group_ids=(GROUP,)))
    actions = (replace(WIPE, policy_types=("deviceAction",)),)

    assert names(who_can_decide(roll(AIKO, policies=agreeing), approval(policy_types=("app",)))) == [
        "Aiko Mori"
    ]
    assert names(who_can_decide(roll(AIKO, policies=actions), approval())) == ["Aiko Mori"]


def test_the_platform_tells_policies_apart_where_the_object_has_one() -> None:
    """A script of Windows is not held back by the policy for Macs."""
    windows, macs = (replace(each, policy_types=("script",)) for each in (APPS, MACS))
    script = Target(object_type="DeviceManagementScript")
    request = approval(policy_types=("script",), target=script)

    assert names(who_can_decide(roll(AIKO, policies=(windows, macs)), request)) == ["Aiko Mori"]
    assert who_can_decide(roll(AIKO, policies=(macs,)), request) is None


def test_a_requestor_of_whom_only_the_name_is_known_leaves_a_doubt() -> None:
    """The only member has that name: perhaps it is somebody else, so nobody claims anything."""
    assert who_can_decide(roll(AIKO), asked_by(name="Aiko Mori")) is None


def test_a_group_with_too_many_members_is_no_list_of_approvers() -> None:
    """They are not remembered, and nothing is said of them."""
    crowd = [Member(str(number)) for number in range(MOST_MEMBERS + 1)]

    assert group_of(*crowd).members is None
    assert who_can_decide(roll(group=group_of(*crowd)), approval()) is None


def test_an_event_names_as_many_as_a_card_can_mention() -> None:
    """And tells how many there are."""
    crowd = [Member(str(number), name=f"N {number:03}", is_enabled=True) for number in range(50)]

    found = who_can_decide(roll(*crowd), approval())

    assert found is not None
    assert (len(found.shortened().people), found.shortened().count) == (MOST_TOLD, 50)


def test_members_keep_the_time_at_which_they_were_first_seen() -> None:
    """And the time at which the group was last seen without them; unknown for those of the first reading."""
    later, latest = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    first = KnownGroup(GROUP, NOW, members=None).after(PLAIN, [AIKO], NOW)
    second = first.after(PLAIN, [AIKO, OSKAR], later)
    third = second.after(PLAIN, [OSKAR, replace(AIKO, name="Aiko M.")], latest)

    assert third.members is not None
    assert [(each.member.name, each.seen_at, each.absent_at) for each in third.members] == [
        ("Oskar Weiss", later, NOW),
        ("Aiko M.", NOW, None),
    ]
    back = third.after(PLAIN, [], latest).after(PLAIN, [AIKO], latest + timedelta(hours=1))
    assert back.members is not None
    assert back.members[0].absent_at == latest
