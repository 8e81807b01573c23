"""What the watch knows of the tenant: each part by its own permission, and as before where Graph fails."""

from datetime import UTC, datetime

import pytest

from maa_notify.demo.entra_api import make_token
from maa_notify.graph.ground import GroundReader
from maa_notify.graph.reader import GraphReader
from maa_notify.insight.posture.coverage import PROTECTABLE
from maa_notify.insight.watch.ground import Ground
from tests.support.entra import FakeTokens
from tests.support.graph import FakeGraph, graph_error
from tests.support.posture import ROLES, Tenant

NOW = datetime(2026, 8, 18, 12, tzinfo=UTC)
WIPES = "DeviceManagementManagedDevices.PrivilegedOperations.All"


@pytest.fixture
def tokens() -> FakeTokens:
    """One with all permissions that the watch can use."""
    return FakeTokens([make_token(roles=ROLES)])


@pytest.fixture
def tenant(graph: FakeGraph) -> Tenant:
    """Every type is protected by one group, which stands in a restricted unit."""
    made = Tenant(graph)
    made.directory.serve(graph.resources)
    return made


def test_all_of_it_is_known(tenant: Tenant, reader: GraphReader) -> None:
    """Of an app that can go around approval also the ids under which the log names it."""
    app = tenant.directory.add_app("fabrikam-release", WIPES)
    tenant.directory.add_app("helpdesk", "User.Read.All")
    registration = tenant.directory.applications[app["appId"]]["id"]

    ground = GroundReader(reader).read(Ground(), NOW)

    assert ground.is_whole
    assert ground.approver_groups == {tenant.group: "MAA approvers"}
    assert ground.members == {tenant.group: frozenset(tenant.people)}
    assert ground.units == {tenant.unit: "RAU MAA"}
    assert ground.unit_admins == {"00000000-0000-4000-8000-000000000007"}
    assert ground.powerful_apps == frozenset({app["id"]})
    assert {ground.principal_of(each) for each in (app["id"], app["appId"], registration)} == {app["id"]}
    assert set(ground.protected or ()) == set(PROTECTABLE)


def test_ids_in_capitals_are_the_same(tenant: Tenant, reader: GraphReader) -> None:
    """Nobody promises how Graph spells them."""
    unit = tenant.directory.units.pop(tenant.unit)
    tenant.directory.units[tenant.unit] = {**unit, "id": tenant.unit.upper()}
    app = tenant.directory.add_app("fabrikam-release", WIPES)
    tenant.directory.grants[0]["principalId"] = app["id"].upper()

    ground = GroundReader(reader).read(Ground(), NOW)

    assert (ground.units, ground.powerful_apps) == ({tenant.unit: "RAU MAA"}, frozenset({app["id"]}))


@pytest.mark.parametrize(
    "path, part",
    [
        ("/v1.0/groups/{group}/memberOf/microsoft.graph.administrativeUnit", "units"),
        ("/v1.0/groups/{group}/members/microsoft.graph.user", "members"),
        ("/v1.0/servicePrincipals/{graph}/appRoleAssignedTo", "powerful_apps"),
    ],
)
def test_what_cannot_be_read_is_as_it_was(
    tenant: Tenant, graph: FakeGraph, reader: GraphReader, path: str, part: str
) -> None:
    """A passing failure is no change, and it is tried again soon."""
    before = GroundReader(reader).read(Ground(), NOW)
    tenant.access.add_person(tenant.group, "Somebody")
    asked = path.format(group=tenant.group, graph=tenant.directory.graph_principal)
    graph.fail_next(*[graph_error(503, "ServiceUnavailable", "later")] * 9, on=asked)
    if part == "units":  # the units themselves are asked in its place
        graph.fail_next(
            *[graph_error(503, "ServiceUnavailable", "later")] * 9, on="/v1.0/directory/administrativeUnits"
        )

    now = GroundReader(reader).read(before, NOW)

    assert getattr(now, part) == getattr(before, part)
    assert not now.is_whole


def test_a_group_that_was_deleted_blinds_nobody(tenant: Tenant, reader: GraphReader) -> None:
    """Access policies go on naming it."""
    other = tenant.access.add_group("Old approvers")
    tenant.access.add_policy("app", other)
    tenant.access.remove_group(other)

    ground = GroundReader(reader).read(Ground(), NOW)

    assert ground.is_whole
    assert ground.members == {tenant.group: frozenset(tenant.people)}


def test_policies_alone_where_nothing_else_is_needed(
    tenant: Tenant, graph: FakeGraph, reader: GraphReader
) -> None:
    """Operations are compared with requests and policies; each other part would be read twice."""
    ground = GroundReader(reader, only_policies=True).read(Ground(), NOW)

    assert set(ground.protected or ()) == set(PROTECTABLE)
    assert {call.path.split("/")[2] for call in graph.calls} == {"deviceManagement"}
    assert tenant.group not in (ground.members or {})
