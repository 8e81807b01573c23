"""The simulated Graph, over real HTTP."""

import httpx
import pytest

from maa_notify.demo.server import DemoServer

LIST = "/beta/deviceManagement/operationApprovalRequests"
BEARER = {"Authorization": "Bearer demo"}
PREFER = {**BEARER, "Prefer": "include-unknown-enum-members"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic ZGVtbw=="}])
def test_without_a_bearer_token_nothing_is_told(client: httpx.Client, headers: dict[str, str]) -> None:
    """A call without a token is answered with 401 and an error in Graph's shape."""
    answer = client.get(LIST, headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert {"date", "request-id", "client-request-id"} == set(answer.json()["error"]["innerError"])


def test_a_list_comes_in_pages_that_lead_on(client: httpx.Client, server: DemoServer) -> None:
    """Seven requests come as three pages, in order, each but the last with a link on this very server."""
    ids = [server.tenant.submit("wipe") for _ in range(7)]
    pages, link = [], f"{server.url}{LIST}"
    while link:
        assert link.startswith(f"{server.url}{LIST}")
        page = client.get(link, headers=BEARER).json()
        pages.append([raw["id"] for raw in page["value"]])
        assert page["@odata.context"].endswith("$metadata#deviceManagement/operationApprovalRequests")
        link = page.get("@odata.nextLink")

    assert pages == [ids[:3], ids[3:6], ids[6:]]


def test_an_empty_tenant_is_one_empty_page(client: httpx.Client) -> None:
    """No requests: an empty list without a link."""
    page = client.get(LIST, headers=BEARER).json()

    assert page["value"] == []
    assert "@odata.nextLink" not in page


@pytest.mark.parametrize("token", ["x", "-1", "²", "1.5"])
def test_a_foreign_skip_token_is_refused(client: httpx.Client, token: str) -> None:
    """Only tokens that the server gave out are understood."""
    assert client.get(LIST, params={"$skiptoken": token}, headers=BEARER).status_code == 400


@pytest.mark.parametrize(
    "kind, plain, preferred",
    [
        ("wipe", "deviceWipe", "deviceWipe"),
        ("settings", "unknownFutureValue", "configurationPolicy"),
        ("policy", "unknownFutureValue", "operationApprovalPolicy"),
    ],
)
def test_new_enum_members_are_told_on_request_only(
    client: httpx.Client, server: DemoServer, kind: str, plain: str, preferred: str
) -> None:
    """Without the Prefer header a new policy type hides behind the sentinel, in the list and by id."""
    request_id = server.tenant.submit(kind)
    for path in (LIST, f"{LIST}/{request_id}"):
        got = [client.get(path, headers=headers).json() for headers in (BEARER, PREFER)]
        types = [(one.get("value") or [one])[0]["requiredOperationApprovalPolicyTypes"] for one in got]

        assert types == [[plain], [preferred]]


def test_the_preference_is_acknowledged(client: httpx.Client) -> None:
    """The answer says which preference was applied, and says nothing where none was asked for."""
    assert client.get(LIST, headers=PREFER).headers["Preference-Applied"] == "include-unknown-enum-members"
    assert "Preference-Applied" not in client.get(LIST, headers=BEARER).headers


def test_one_request_by_its_id(client: httpx.Client, server: DemoServer) -> None:
    """The request is the object itself, with every field that the list has."""
    request_id = server.tenant.submit("wipe")
    one = client.get(f"{LIST}/{request_id}", headers=BEARER).json()

    assert one.pop("@odata.context").endswith("/$entity")
    assert one == server.tenant.get(request_id)


@pytest.mark.parametrize("path", [f"{LIST}/00000000-0000-0000-0000-000000000000", "/beta/me", f"{LIST}s"])
def test_what_is_not_there_is_not_found(client: httpx.Client, path: str) -> None:
    """An unknown id or resource: 404 with an error in Graph's shape."""
    answer = client.get(path, headers=BEARER)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "ResourceNotFound"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(client: httpx.Client, server: DemoServer, method: str) -> None:
    """Every method but GET is refused and leaves a trace in the record."""
    request_id = server.tenant.submit("wipe")
    answer = client.request(method, f"{LIST}/{request_id}/approve", headers=BEARER, json={})

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert server.graph.methods_seen == {method: 1}
    assert server.tenant.get(request_id)["status"] == "needsApproval"
