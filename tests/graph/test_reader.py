"""Any part of Graph is read as a whole, with one permission, or not at all."""

import pytest

from maa_notify.demo.entra_api import make_token
from maa_notify.errors import GraphDenied, GraphUnavailable
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from tests.support.entra import FakeTokens
from tests.support.graph import FakeGraph, graph_error

GROUPS = "/v1.0/groups"
MEMBERS = Surface(
    ("GroupMember.Read.All", "Group.Read.All"), licence="Entra", headers={"ConsistencyLevel": "eventual"}
)


@pytest.fixture(autouse=True)
def groups(graph: FakeGraph, tokens: FakeTokens) -> None:
    """Seven groups, three on a page."""
    tokens.tokens = [make_token(roles=["GroupMember.Read.All"])]
    graph.page_size = 3
    held = [{"id": str(number)} for number in range(7)]
    graph.resources.add(r"/v1\.0/groups", MEMBERS.permissions, lambda _, __: held)
    graph.resources.add(
        r"/v1\.0/groups/(?P<id>[^/]+)",
        MEMBERS.permissions,
        lambda path, _: next((each for each in held if each["id"] == path["id"]), None),
    )


def test_a_collection_is_read_with_all_its_pages(graph: FakeGraph, reader: GraphReader) -> None:
    """The query goes along on every page, as do the headers; nothing but GET is sent."""
    entries = reader.entries(f"{GROUPS}?$select=id", MEMBERS)

    assert [each["id"] for each in entries] == list("0123456")
    assert [call.params["$select"] for call in graph.calls] == ["id"] * 3
    assert {(call.method, call.header("ConsistencyLevel")) for call in graph.calls} == {("GET", "eventual")}


def test_what_is_no_list_is_no_collection(graph: FakeGraph, reader: GraphReader) -> None:
    """A page of another form fails the whole."""
    graph.resources.add(r"/v1\.0/odd", MEMBERS.permissions, lambda _, __: {"value": "none"})

    with pytest.raises(GraphUnavailable, match="no list"):
        reader.entries("/v1.0/odd", MEMBERS)


def test_an_object_is_found_or_is_gone(reader: GraphReader) -> None:
    """A 404 to one object is an answer."""
    assert reader.find(f"{GROUPS}/3", MEMBERS) == {"id": "3"}
    assert reader.find(f"{GROUPS}/8", MEMBERS) is None


def test_a_collection_that_is_not_there_is_no_empty_one(graph: FakeGraph, reader: GraphReader) -> None:
    """Else all of it would be missing."""
    graph.resources.add(r"/v1\.0/nothing", MEMBERS.permissions, lambda _, __: None)

    with pytest.raises(GraphUnavailable, match="404"):
        reader.entries("/v1.0/nothing", MEMBERS)


def test_a_refusal_names_the_permission_of_that_part(
    graph: FakeGraph, reader: GraphReader, tokens: FakeTokens
) -> None:
    """Not the one for requests, which the token has."""
    tokens.tokens = [make_token(roles=["DeviceManagementRBAC.Read.All"])]

    with pytest.raises(GraphDenied, match="lacks the application permission GroupMember") as caught:
        reader.entries(GROUPS, MEMBERS)

    assert caught.value.missing_permission == "GroupMember.Read.All"
    assert caught.value.graph_code == "Forbidden"
    assert len(graph.calls) == 1


@pytest.mark.parametrize("role", ["Group.Read.All", "GroupMember.ReadWrite.All"])
def test_a_refusal_in_spite_of_the_permission_blames_the_licence(
    graph: FakeGraph, reader: GraphReader, tokens: FakeTokens, role: str
) -> None:
    """The twin that lets write opens it, too, and any one of several permissions does."""
    tokens.tokens = [make_token(roles=[role])]
    graph.fail_next(graph_error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "no"))

    with pytest.raises(GraphDenied, match="then the Entra licence") as caught:
        reader.entries(GROUPS, MEMBERS)

    assert caught.value.missing_permission == ""
    assert caught.value.graph_code == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


def test_an_error_keeps_its_code(graph: FakeGraph, reader: GraphReader) -> None:
    """So that a missing licence can be told from a bad question."""
    graph.fail_next(*[graph_error(400, "AadPremiumLicenseRequired", "no")] * 3)

    with pytest.raises(GraphUnavailable) as caught:
        reader.entries(GROUPS, MEMBERS)

    assert caught.value.graph_code == "AadPremiumLicenseRequired"


def test_the_permissions_of_the_token_are_known_beforehand(reader: GraphReader, tokens: FakeTokens) -> None:
    """What it cannot open need not be asked for."""
    tokens.tokens = [make_token(roles=["User.Read.All"]), "opaque"]

    assert reader.roles() == ("User.Read.All",)
