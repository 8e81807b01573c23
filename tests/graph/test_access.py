"""Access policies, groups and members are read whole, and what Graph hides is never taken for "no"."""

import pytest

from maa_notify.demo.access import SimulatedAccess
from maa_notify.demo.entra_api import make_token
from maa_notify.domain.access import ANY_PLATFORM, AccessPolicy, Group, Member, MemberKind
from maa_notify.errors import GraphDenied, GraphUnavailable
from maa_notify.graph.access import AccessReader
from maa_notify.graph.reader import GraphReader
from tests.support.entra import FakeTokens
from tests.support.graph import FakeGraph
from tests.support.wire import reply

ROLES = ["DeviceManagementRBAC.Read.All", "GroupMember.Read.All", "User.Read.All"]
GROUP = "284b3745-0008-4385-bf00-000000000008"
POLICIES = "/beta/deviceManagement/operationApprovalPolicies"


@pytest.fixture
def access(graph: FakeGraph, tokens: FakeTokens) -> SimulatedAccess:
    """An empty tenant, and a token that may read all of it; two entries on a page."""
    tokens.tokens = [make_token(roles=ROLES)]
    graph.page_size = 2
    simulated = SimulatedAccess()
    simulated.serve(graph.resources)
    return simulated


@pytest.fixture
def readable(reader: GraphReader) -> AccessReader:
    """Reads the fake Graph."""
    return AccessReader(reader)


def test_groups_of_a_policy_are_those_told_by_its_id(
    access: SimulatedAccess, readable: AccessReader, graph: FakeGraph
) -> None:
    """The list tells none, on all its pages."""
    wipe = access.add_policy("deviceWipe", GROUP.upper(), displayName="Wipes")
    app = access.add_policy("app", platform="macOS", approverGroupIds=None)
    script = access.add_policy("script")

    found = {each.id: each for each in readable.policies()}

    assert found[wipe].name == "Wipes"
    assert (found[wipe].policy_types, found[wipe].platform) == (("deviceWipe",), ANY_PLATFORM)
    assert [found[each].group_ids for each in (wipe, app, script)] == [(GROUP,), None, ()]
    assert (found[app].platform, found[wipe].modified_at is None) == ("macOS", False)
    assert {call.method for call in graph.calls} == {"GET"}


@pytest.mark.parametrize("groups", ["none", [7], [GROUP, "../users"], {}])
def test_groups_that_are_no_ids_are_not_told(
    access: SimulatedAccess, readable: AccessReader, groups: object
) -> None:
    """So nobody takes a policy that cannot be read for one without approvers."""
    access.add_policy("app", approverGroupIds=groups)

    assert [each.group_ids for each in readable.policies()] == [None]


def test_a_policy_may_tell_its_type_only_within_its_set(
    access: SimulatedAccess, readable: AccessReader
) -> None:
    """Microsoft documents both places."""
    inner = {"policyType": "DEVICEWIPE", "policyPlatform": "macOS"}
    policy_id = access.add_policy("app", GROUP, policyType=None, policyPlatform=None, policySet=inner)

    [found] = readable.policies()

    assert found == AccessPolicy(policy_id, "MAA app", ("deviceWipe",), "macOS", (GROUP,), found.modified_at)


def test_a_policy_that_is_gone_when_asked_for_is_left_out(
    access: SimulatedAccess, readable: AccessReader, graph: FakeGraph
) -> None:
    """It was deleted after the list had been read, and is not listed any more."""
    kept, deleted = access.add_policy("role", GROUP), access.add_policy("app", GROUP)
    first = [dict(each) for each in access.policies.values()]
    lists = iter([first, first[:1]])
    graph.page_size = 10
    graph.resources.add(POLICIES, ROLES[:1], lambda _, __: next(lists))
    del access.policies[deleted]

    assert [each.id for each in readable.policies()] == [kept]


@pytest.mark.parametrize("answer", [404, 200])
def test_a_policy_that_goes_on_to_be_listed_is_not_taken_for_deleted(
    access: SimulatedAccess, readable: AccessReader, graph: FakeGraph, answer: int
) -> None:
    """Graph lists it and does not have it, or tells nothing of it: it may protect something all the same."""
    policy_id = access.add_policy("app", GROUP)
    body = {"error": {"code": "ResourceNotFound"}} if answer == 404 else {}
    graph.answer_all(reply(answer, json=body), on=f"{POLICIES}/{policy_id}")

    if answer == 404:
        with pytest.raises(GraphUnavailable, match="names what Graph does not have"):
            readable.policies()
    else:
        [found] = readable.policies()
        assert (found.policy_types, found.group_ids) == (("app",), None)


def test_groups_that_a_policy_leaves_out_are_not_told(
    access: SimulatedAccess, readable: AccessReader, graph: FakeGraph
) -> None:
    """The list has none of any policy, so its empty list says nothing."""
    policy_id = access.add_policy("app", GROUP)
    del access.policies[policy_id]["approverGroupIds"]

    assert [each.group_ids for each in readable.policies()] == [None]


@pytest.mark.parametrize("odd", [None, 7, {"displayName": "without an id"}])
def test_an_entry_without_an_id_fails_the_whole(
    graph: FakeGraph, readable: AccessReader, odd: object
) -> None:
    """Else a policy or a member would be missing, and nobody would know."""
    path, opening = r"/beta/deviceManagement/operationApprovalPolicies", ("DeviceManagementRBAC.Read.All",)
    graph.resources.add(path, opening, lambda _, __: [odd])

    with pytest.raises(GraphUnavailable, match="operationApprovalPolicies has an entry without an id"):
        readable.policies()


def test_a_group_tells_what_kind_it_is(access: SimulatedAccess, readable: AccessReader) -> None:
    """A flag that was never set is null on the wire, and means no."""
    plain = access.add_group("MAA approvers")
    odd = access.add_group(
        "Everybody",
        groupTypes=["Unified", "DynamicMembership"],
        mailEnabled=True,
        isAssignableToRole=True,
        isManagementRestricted=True,
        onPremisesSyncEnabled=True,
    )

    assert readable.group(plain) == Group(plain, "MAA approvers", True, False, *[False] * 5)
    assert readable.group(odd) == Group(odd, "Everybody", *[True] * 7)
    assert readable.group(GROUP) is None


def test_a_group_that_is_hidden_tells_nothing(access: SimulatedAccess, readable: AccessReader) -> None:
    """All null: not to be taken for a group without any protection."""
    hidden = access.add_group("x")
    access.groups[hidden] = {**dict.fromkeys(access.groups[hidden]), "id": hidden}

    assert readable.group(hidden) == Group(hidden)


def test_members_are_told_as_what_they_are(access: SimulatedAccess, readable: AccessReader) -> None:
    """Direct ones, on all pages: people first, with whether they are enabled."""
    group = access.add_group("MAA approvers")
    nested, app, device = (f"{number}84b3745-0008-4385-bf00-000000000008" for number in (1, 2, 3))
    access.add_member(group, {"@odata.type": "#microsoft.graph.group", "id": nested})
    access.add_member(group, {"@odata.type": "#microsoft.graph.servicePrincipal", "id": app})
    access.add_member(group, {"@odata.type": "#microsoft.graph.device", "id": device})
    aiko = access.add_person(group, "Aiko Mori", isManagementRestricted=True)
    oskar = access.add_person(group, "Oskar Weiss", accountEnabled=False, userType="Guest")

    assert readable.members(group) == [
        Member(aiko, MemberKind.USER, "Aiko Mori", "aiko.mori@contoso.com", True, True),
        Member(oskar, MemberKind.GUEST, "Oskar Weiss", "oskar.weiss@contoso.com", False, False),
        Member(nested, MemberKind.GROUP),
        Member(app, MemberKind.SERVICE_PRINCIPAL),
        Member(device, MemberKind.OTHER),
    ]


def test_whoever_may_not_be_seen_is_not_disabled(
    access: SimulatedAccess, readable: AccessReader, tokens: FakeTokens
) -> None:
    """Without the permission for users Graph tells their ids, and null for all else."""
    tokens.tokens = [make_token(roles=ROLES[:2])]
    group = access.add_group("MAA approvers")
    aiko = access.add_person(group, "Aiko Mori")

    assert readable.members(group) == [Member(aiko)]
    assert Member(aiko).is_enabled is None


def test_members_that_are_forbidden_name_the_permission(
    access: SimulatedAccess, readable: AccessReader, tokens: FakeTokens
) -> None:
    """So that doctor can tell what to grant."""
    tokens.tokens = [make_token(roles=ROLES[:1])]
    group = access.add_group("MAA approvers")

    with pytest.raises(GraphDenied) as caught:
        readable.members(group)

    assert caught.value.missing_permission == "GroupMember.Read.All"


def test_a_group_that_went_away_has_no_members_to_tell(
    readable: AccessReader, access: SimulatedAccess
) -> None:
    """Half an answer: it is a failure, not an empty group."""
    access.add_group("another")

    with pytest.raises(GraphUnavailable):
        readable.members(GROUP)


def test_groups_with_roles_are_those_of_each_assignment(
    access: SimulatedAccess, readable: AccessReader
) -> None:
    """The list may come without members."""
    assigned = access.add_group("MAA approvers")
    access.add_group("Idle", is_assigned=False)
    other = access.add_group("Helpdesk")

    assert readable.groups_with_roles() == {assigned, other}


@pytest.mark.parametrize("members", [None, "none", [7], ["../users"]])
def test_an_assignment_that_does_not_tell_its_members_fails_the_whole(
    access: SimulatedAccess, readable: AccessReader, members: object
) -> None:
    """Else a group that is a member would count as one without a role assignment."""
    access.add_group("MAA approvers")
    for each in access.assignments.values():
        each["members"] = members

    with pytest.raises(GraphUnavailable, match="does not tell the members"):
        readable.groups_with_roles()


def test_a_flag_that_is_left_out_is_not_told(access: SimulatedAccess, readable: AccessReader) -> None:
    """Graph sends null for one that was never set."""
    group = access.add_group("MAA approvers")
    del access.groups[group]["isManagementRestricted"]
    found = readable.group(group)

    assert found is not None
    assert (found.is_restricted, found.is_role_assignable) == (None, False)
