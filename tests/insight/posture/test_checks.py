"""Each check passes on a sound tenant, finds on a broken one, and never takes half an answer for a fault."""

import re
from collections.abc import Iterator, Mapping

import pytest

from maa_notify.demo.directory import MICROSOFT, PERMISSIONS
from maa_notify.insight.posture.checks import BY_ID, CHECKS, assess
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Judgement, Severity, Verdict
from tests.insight.posture.conftest import Judge, Read
from tests.insight.posture.faults import (
    BROKEN,
    HALF,
    HIGH,
    MEDIUM,
    NOTE,
    WHOLE,
    WIPES,
    Break,
    drop,
    first_policy,
    free,
    group_of,
    new_admins,
    users_of,
)
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, graph_error
from tests.support.posture import ROLES as ALL
from tests.support.posture import Tenant, person
from tests.support.wire import reply


@pytest.mark.parametrize("check", BY_ID)
def test_a_sound_tenant_passes(judged: Judge, check: str) -> None:
    """With every permission, and nothing left open."""
    found = judged(check)

    assert (found.verdict, found.severity, found.problems, found.gaps) == (Verdict.PASS, None, (), ())


@pytest.mark.parametrize(
    "fault", BROKEN, ids=[f"{number} {each[0]} {each[3][:40]}" for number, each in enumerate(BROKEN)]
)
def test_a_fault_is_found(tenant: Tenant, judged: Judge, fault: tuple[str, Break, Severity, str]) -> None:
    """With its severity, and evidence that names what is wrong."""
    check, spoil, severity, text = fault
    spoil(tenant)

    found = judged(check)

    assert (found.verdict, found.severity) == (Verdict.FINDING, severity)
    assert [each for each in found.evidence if text in each], found.evidence
    assert bare_names(tenant, found) == []


def bare_names(tenant: Tenant, found: Judgement) -> list[str]:
    """The lines in which a name of this tenant stands outside the marks."""
    chosen = "|".join(map(re.escape, _names_in([vars(tenant.access), vars(tenant.directory)])))
    return [each for each in found.evidence if re.search(rf"\b({chosen})\b", re.sub("“[^“”]*”", "", each))]


def _names_in(told: object) -> Iterator[str]:
    """Whatever somebody called something, in all that Graph would tell."""
    if isinstance(told, Mapping):
        named = (value for key, value in told.items() if str(key) in _NAMES)
        yield from (each for each in named if isinstance(each, str) and each)
        told = [*told.values()]
    for each in told if isinstance(told, list | tuple) else ():
        yield from _names_in(each)


_NAMES = {"displayName", "userPrincipalName", "principalDisplayName"}


def test_every_check_has_a_fault() -> None:
    """None is there only to pass."""
    assert {each[0] for each in BROKEN} == set(BY_ID)


@pytest.mark.parametrize(
    "check, permission", [(check.id, each) for check in CHECKS for each in check.permissions]
)
def test_without_its_permission_a_check_is_skipped_and_never_passes(
    judged: Judge, check: str, permission: str
) -> None:
    """It says which permission is missing, and asks nothing that would be refused."""
    found = judged(check, roles=[each for each in ALL if each != permission])

    assert found.verdict is Verdict.SKIPPED, found.evidence
    assert permission in {each.permission for each in found.gaps}


def test_nothing_is_asked_that_the_token_does_not_open(tenant: Tenant, read: Read, graph: FakeGraph) -> None:
    """A refused question in the log of the tenant looks like an attack."""
    read(roles=["DeviceManagementRBAC.Read.All"])

    assert {call.path.split("/")[2] for call in graph.calls} == {"deviceManagement"}
    assert {call.method for call in graph.calls} == {"GET"}


@pytest.mark.parametrize(
    "check, spoil", HALF, ids=[f"{number} {each[0]}" for number, each in enumerate(HALF)]
)
def test_half_an_answer_is_no_fault(tenant: Tenant, judged: Judge, check: str, spoil: Break) -> None:
    """Fields that are null were not told; nobody may take them for "no"."""
    spoil(tenant)

    found = judged(check)

    assert (found.verdict, found.problems) == (Verdict.UNKNOWN, ()), found.evidence
    assert bare_names(tenant, found) == []


@pytest.mark.parametrize("whole", WHOLE, ids=str)
def test_a_condition_that_leaves_nothing_out_does_not_narrow_a_policy(
    tenant: Tenant, judged: Judge, whole: dict[str, object]
) -> None:
    """The portal writes "any device" and "any location" like that."""
    first_policy(tenant)["conditions"].update(whole)

    assert judged("P14").verdict is Verdict.PASS


def test_a_policy_that_is_only_half_told_takes_nothing_from_a_whole_one(
    tenant: Tenant, judged: Judge
) -> None:
    """No policy loosens what another one demands."""
    tenant.directory.conditional_access.append({"id": "x", "state": "enabled", "conditions": None})

    assert judged("P14").verdict is Verdict.PASS


def test_a_policy_without_a_grant_that_only_bounds_sessions_is_no_half_answer(
    tenant: Tenant, judged: Judge
) -> None:
    """Its grant is null because it has none."""
    first_policy(tenant).update(grantControls=None, sessionControls={"signInFrequency": {"value": 1}})

    assert judged("P14").severity is MEDIUM


def test_ids_in_either_case_are_the_same(
    tenant: Tenant, graph: FakeGraph, read: Read, clock: FakeClock
) -> None:
    """Graph writes one thing's id in lower case here and in upper case there."""
    tenant.directory.activate("Global Administrator", person(60, "Active"))
    tenant.directory.make_eligible(
        "Groups Administrator", person(8, "Second"), scope=f"/administrativeUnits/{tenant.unit}"
    )
    tenant.directory.add_app("Intune writer", WIPES, appOwnerOrganizationId=MICROSOFT)
    excepted = group_of(tenant, "Exceptions")["id"]
    users_of(tenant)["excludeGroups"] = [str(excepted).upper()]
    for part in (
        *tenant.directory.assignments,
        *tenant.directory.instances,
        *tenant.directory.eligible,
        *tenant.directory.grants,
        *tenant.directory.strengths,
    ):
        part.update({name: _shouted(value) for name, value in part.items()})
    users_of(tenant)["includeRoles"] = [each.upper() for each in users_of(tenant)["includeRoles"]]

    posture = assess(read(), Limits())

    assert [each for each in posture.judgements if each.verdict is not Verdict.PASS] == []


def _shouted(value: object) -> object:
    """An id, or a path that ends in one, with its digits in upper case."""
    if not isinstance(value, str) or value.count("-") != 4:
        return value
    path, slash, number = value.rpartition("/")
    return f"{path}{slash}{number.upper()}"


@pytest.mark.parametrize("check", ["P2", "P4"])
def test_a_group_in_a_restricted_unit_is_protected_whatever_its_flag_says(
    tenant: Tenant, judged: Judge, check: str
) -> None:
    """That the permission for members shows the flag is not documented."""
    tenant.access.groups[tenant.group]["isManagementRestricted"] = None
    tenant.directory.owners[tenant.group] = [person(9, "Owner")]

    assert judged(check).verdict is Verdict.PASS


@pytest.mark.parametrize("status", [403, 404, 500])
def test_whose_an_application_is_that_cannot_be_read_is_unknown(
    tenant: Tenant, judged: Judge, graph: FakeGraph, status: int
) -> None:
    """It may be one of Microsoft's own; but that it holds the permission is told."""
    held = tenant.directory.add_app("Intune writer", WIPES, appOwnerOrganizationId=MICROSOFT)
    graph.answer_all(graph_error(status, "Odd", "No."), on=f"/v1.0/servicePrincipals/{held['id']}")

    found = judged("P15")

    assert (found.verdict, found.problems) == (Verdict.UNKNOWN, ())
    assert f"not checked: whether “Intune writer” is Microsoft's own, which holds {WIPES}" in found.evidence


def test_who_may_activate_a_role_and_cannot_be_read_leaves_it_unknown(
    tenant: Tenant, judged: Judge, graph: FakeGraph
) -> None:
    """An unprotected group among them would be a finding."""
    graph.answer_all(graph_error(500, "Odd", "No."), on=ELIGIBLE)

    assert judged("P8").verdict is Verdict.UNKNOWN


def test_an_application_whose_details_are_hidden_is_still_named(tenant: Tenant, judged: Judge) -> None:
    """That it holds the permission is certain; how it signs in is not."""
    tenant.directory.add_app("release", WIPES, passwordCredentials=None)

    found = judged("P15")

    assert (found.verdict, found.severity) == (Verdict.FINDING, NOTE)
    assert "not checked: the token may not see how “release” signs in" in found.evidence


INSTANCES = "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances"
ELIGIBLE = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"


def test_without_p2_nobody_knows_who_is_administrator_for_good(
    tenant: Tenant, judged: Judge, graph: FakeGraph
) -> None:
    """Eight hold the role, and some may have activated it: neither a fault nor sound."""
    new_admins(tenant, 6)
    no_licence = graph_error(400, "AadPremiumLicenseRequired", "The tenant needs to have Entra ID P2.")
    graph.fail_next(*[no_licence] * 3, on=INSTANCES)

    found = judged("P8")

    assert (found.verdict, found.problems) == (Verdict.UNKNOWN, ())
    assert "8 hold the role now, for good or activated" in found.evidence


def test_without_p2_the_units_rulers_are_skipped(tenant: Tenant, judged: Judge, graph: FakeGraph) -> None:
    """Who rules it now is told; that nobody else may is not claimed."""
    no_licence = graph_error(400, "AadPremiumLicenseRequired", "The tenant needs to have Entra ID P2.")
    graph.fail_next(*[no_licence] * 3, on=ELIGIBLE)

    found = judged("P6")

    assert found.verdict is Verdict.SKIPPED
    assert [each.licence for each in found.gaps] == ["Entra ID P2"]
    assert "“Unit Admin” may change what stands in the unit “RAU MAA”" in found.evidence


def test_a_tenant_that_refuses_everything_is_not_asked_for_long(
    tenant: Tenant, read: Read, graph: FakeGraph, clock: FakeClock
) -> None:
    """A few refusals are waited for, not those of each part."""
    graph.resources.add("/.*", ["Nothing.Read.All"], lambda _, __: [])
    begun = clock.monotonic()
    read()

    assert clock.monotonic() - begun < 30


ONCE = {
    "P1": "/beta/deviceManagement/operationApprovalPolicies",
    "P8": "/v1.0/roleManagement/directory/roleAssignments",
    "P10": "/v1.0/policies/authorizationPolicy",
    "P13": "/v1.0/identity/conditionalAccess/policies",
    "P15": "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')",
}


@pytest.mark.parametrize("check, path", ONCE.items())
def test_a_refusal_now_and_then_is_tried_again_and_then_unknown(
    judged: Judge, graph: FakeGraph, check: str, path: str
) -> None:
    """Licensed tenants get it, too, so it neither passes nor says that something is off."""
    refused = graph_error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Not premium.")
    graph.fail_next(refused, on=path)
    once = judged(check)
    graph.fail_next(*[refused] * 40, on=path)
    always = judged(check)

    assert once.verdict is Verdict.PASS
    assert (always.verdict, always.problems) == (Verdict.UNKNOWN, ())


@pytest.mark.parametrize("check, path", ONCE.items())
def test_graph_that_is_down_or_answers_nonsense_is_unknown(
    judged: Judge, graph: FakeGraph, check: str, path: str
) -> None:
    """As is a page that cannot be had."""
    graph.fail_next(*[graph_error(503, "ServiceUnavailable", "Try later.")] * 40, on=path)
    down = judged(check)
    graph.fail_next(on=path)
    graph.resources.add(
        path.replace(".", r"\.").replace("(", r"\(").replace(")", r"\)"), ALL, lambda _, __: [7]
    )
    odd = judged(check)

    assert (down.verdict, odd.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)


def test_units_are_asked_for_their_members_where_graph_refuses_the_cast(
    tenant: Tenant, judged: Judge, graph: FakeGraph
) -> None:
    """The documentation does not promise that a group tells its units."""
    cast = f"/v1.0/groups/{tenant.group}/memberOf/microsoft.graph.administrativeUnit"
    second = tenant.access.add_group("Second")
    tenant.access.add_policy("app", second)
    tenant.directory.restrict(second, name="RAU 2")
    bad = graph_error(400, "Request_UnsupportedQuery", "The cast is not supported.")
    graph.fail_next(*[bad] * 3, on=cast)
    sound = judged("P5")
    casts = sum("memberOf" in call.path for call in graph.calls)
    free(tenant)
    graph.fail_next(*[bad] * 3, on=cast)
    broken = judged("P5")

    assert (sound.verdict, broken.verdict) == (Verdict.PASS, Verdict.FINDING)
    assert casts == 3  # for the first group; the others need not be asked in vain


def test_an_activation_is_not_for_good(tenant: Tenant, judged: Judge) -> None:
    """Whoever has the role for some time is not counted, by the assignment's id or by the holder."""
    for number in range(4):
        tenant.directory.activate("Global Administrator", person(60 + number, f"Active {number}"))
    by_holder, without_end, with_end, _ = tenant.directory.instances
    by_holder["roleAssignmentOriginId"] = None
    without_end["endDateTime"] = None
    with_end["assignmentType"] = "Assigned"

    assert judged("P8").verdict is Verdict.PASS


def test_people_behind_a_protected_group_count(tenant: Tenant, judged: Judge) -> None:
    """Each by himself, and once."""
    held = group_of(tenant, isAssignableToRole=True)
    for number in range(3):
        tenant.access.add_person(str(held["id"]), f"Member {number}")
    tenant.directory.assign("Global Administrator", held)

    found = judged("P8")

    assert found.severity is MEDIUM
    assert "5 accounts" in found.problems[0].text
    assert "“Member 0” (by the group “Admins”)" in found.problems[0].text


def test_an_owner_of_a_restricted_group_does_no_harm(tenant: Tenant, judged: Judge) -> None:
    """The unit stops owners, too."""
    tenant.directory.owners[tenant.group] = [person(9, "Owner")]

    assert judged("P4").verdict is Verdict.PASS


def test_one_policy_for_all_device_actions_covers_the_three(tenant: Tenant, judged: Judge) -> None:
    """Sources disagree whether there is such a type."""
    drop(tenant, "deviceWipe", "deviceRetire", "deviceDelete")
    tenant.access.add_policy("deviceAction", tenant.group)

    assert judged("P1").verdict is Verdict.PASS


def test_microsofts_own_applications_are_no_fault(tenant: Tenant, judged: Judge) -> None:
    """Told by their owner: anybody may take their name."""
    tenant.directory.add_app("Intune writer", WIPES, appOwnerOrganizationId=MICROSOFT)
    genuine = judged("P15")
    tenant.directory.add_app("Microsoft Intune", WIPES, appOwnerOrganizationId="0a0a0a0a-foreign")
    imitated = judged("P15")

    assert (genuine.verdict, imitated.severity) == (Verdict.PASS, HIGH)


def test_a_secret_that_has_ended_is_none(tenant: Tenant, judged: Judge) -> None:
    """Nobody signs in with it."""
    tenant.directory.add_app("release", WIPES, passwordCredentials=[{"endDateTime": "2026-11-02T08:59:59Z"}])

    assert judged("P15").severity is NOTE


def test_a_harmless_permission_is_none_of_ours(tenant: Tenant, judged: Judge) -> None:
    """Applications that only read are not listed."""
    tenant.directory.add_app("reader", "User.Read.All")

    assert judged("P15").verdict is Verdict.PASS


def test_where_only_a_domain_is_known_no_application_is_called_foreign(tenant: Tenant, judged: Judge) -> None:
    """Nor is one called bound by Conditional Access."""
    tenant.directory.add_app("release", WIPES)

    assert judged("P15", tenant_id="").severity is NOTE
    assert judged("P13", tenant_id="").verdict is Verdict.UNKNOWN


def test_what_conditional_access_cannot_bound_is_told_and_no_fault_of_it(
    tenant: Tenant, judged: Judge
) -> None:
    """A managed identity, and an application of another tenant."""
    tenant.directory.add_app("robot", WIPES, servicePrincipalType="ManagedIdentity")
    tenant.directory.add_app("vendor", WIPES, appOwnerOrganizationId="0a0a0a0a-foreign")

    found = judged("P13")

    assert found.verdict is Verdict.PASS
    assert any("“robot” is a managed identity" in each for each in found.evidence)


def test_a_token_that_tells_nothing_is_tried(tenant: Tenant, read: Read) -> None:
    """Graph decides then."""
    posture = assess(read(roles=None), Limits())

    assert {each.verdict for each in posture.judgements} == {Verdict.PASS}


def test_what_is_not_read_in_time_is_unknown(tenant: Tenant, judged: Judge, graph: FakeGraph) -> None:
    """A poll waits for nobody; what is missing is asked for tomorrow."""
    found = judged("P15", seconds=0)

    assert found.verdict is Verdict.UNKNOWN
    assert graph.calls == []


def test_a_slow_graph_takes_no_more_than_the_time_that_there_is(
    tenant: Tenant, read: Read, graph: FakeGraph, clock: FakeClock
) -> None:
    """Also within a part: what it waits for is given up at the end."""
    graph.answer_all(reply(429, json={}, headers={"Retry-After": "15"}))
    begun = clock.monotonic()
    read(seconds=50)

    assert clock.monotonic() - begun <= 50


def test_pages_of_conditional_access_are_paced(
    tenant: Tenant, read: Read, graph: FakeGraph, clock: FakeClock
) -> None:
    """One request a second is all that the whole tenant has."""
    tenant.directory.conditional_access *= 3
    begun = clock.monotonic()
    read()

    assert len([call for call in graph.calls if "conditionalAccess" in call.path]) == 3
    assert clock.monotonic() - begun >= 2


def test_each_collection_is_read_once(tenant: Tenant, read: Read, graph: FakeGraph) -> None:
    """Whatever the number of checks that look at it."""
    graph.page_size = 1000
    read()

    asked = [f"{call.path}?{call.query}" for call in graph.calls]
    assert sorted(asked) == sorted(set(asked))


def test_granted_names_are_this_tenants(tenant: Tenant, judged: Judge) -> None:
    """The ids come from Graph's own list, since public ones are often mislabelled."""
    tenant.directory.add_app("release", "GroupMember.ReadWrite.All")
    number = PERMISSIONS["GroupMember.ReadWrite.All"]
    tenant.directory.grants[0]["appRoleId"] = number

    assert "“release” holds GroupMember.ReadWrite.All" in judged("P15").problems[0].text
