"""Which requests the simulated Graph shows to whom, over real HTTP."""

import httpx
import pytest

from maa_notify.demo.entra_api import CLIENT_ID, SCOPE, TENANT_ID, make_token
from maa_notify.demo.permissions import ALL_PERMISSIONS, FAMILIES, roles_in
from maa_notify.demo.server import DemoServer

LIST = "/beta/deviceManagement/operationApprovalRequests"
RBAC = FAMILIES["roles"].permission
TYPES = [
    ("apps", "app"),
    ("configuration", "configurationPolicy"),
    ("configuration", "compliancePolicy"),
    ("devices", "deviceWipe"),
    ("devices", "deviceRetire"),
    ("devices", "deviceDelete"),
    ("scripts", "script"),
    ("tenant", "tenantConfiguration"),
    ("roles", "role"),
    ("roles", "operationApprovalPolicy"),
]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Prefer": "include-unknown-enum-members"}


def _shown(client: httpx.Client, request_id: str, roles: list[str]) -> tuple[bool, int]:
    """Whether the list shows a request to these permissions, and the status of its look-up by id."""
    headers = _bearer(make_token(roles=roles))
    listed = client.get(LIST, headers=headers).raise_for_status().json()["value"]
    return [raw["id"] for raw in listed] == [request_id], client.get(
        f"{LIST}/{request_id}", headers=headers
    ).status_code


@pytest.mark.parametrize("family, policy_type", TYPES)
def test_a_request_is_shown_with_its_family_s_permission_only(
    client: httpx.Client, server: DemoServer, family: str, policy_type: str
) -> None:
    """Without it the list is 200 and lacks the request, and a look-up by id is 404."""
    request_id = server.tenant.submit({"requiredOperationApprovalPolicyTypes": [policy_type]})
    needed = FAMILIES[family].permission
    to_list = RBAC if needed != RBAC else FAMILIES["configuration"].permission
    others = [permission for permission in ALL_PERMISSIONS if permission != needed]

    assert _shown(client, request_id, [to_list, needed]) == (True, 200)
    assert _shown(client, request_id, [to_list, needed.replace("Read", "ReadWrite")]) == (True, 200)
    assert _shown(client, request_id, others) == (False, 404)


def test_hidden_requests_do_not_thin_the_pages(client: httpx.Client, server: DemoServer) -> None:
    """Pages are as full as ever, and the last one has no link to a page without requests."""
    for kind in ("wipe", "policy") * 3:
        server.tenant.submit(kind)
    page = client.get(LIST, headers=_bearer(make_token(roles=[RBAC]))).json()

    assert [raw["payloadName"] for raw in page["value"]] == ["MAA - device wipe"] * 3
    assert "@odata.nextLink" not in page


@pytest.mark.parametrize("types", [["unknownFutureValue"], [], ["somethingNew"]])
def test_a_request_of_no_known_family_is_shown(
    client: httpx.Client, server: DemoServer, types: list[str]
) -> None:
    """Nobody knows which permission hides it, so none does."""
    request_id = server.tenant.submit({"requiredOperationApprovalPolicyTypes": types})

    assert _shown(client, request_id, [RBAC]) == (True, 200)


def test_without_either_permission_to_list_graph_refuses(client: httpx.Client, server: DemoServer) -> None:
    """Roles or Configuration lets requests be listed; with neither the answer is 403, not an empty list."""
    server.tenant.submit("app")
    answer = client.get(LIST, headers=_bearer(make_token(roles=[FAMILIES["apps"].permission])))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Forbidden")


@pytest.mark.parametrize("token", ["opaque", "a.b.c", make_token(), make_token(roles=None)])
def test_a_token_that_names_no_permissions_sees_everything(
    client: httpx.Client, server: DemoServer, token: str
) -> None:
    """Tests of other things need no permissions."""
    server.tenant.submit("app")

    assert len(client.get(LIST, headers=_bearer(token)).json()["value"]) == 1


def _sign_in(client: httpx.Client, **changes: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "scope": SCOPE, "client_id": CLIENT_ID, **changes}
    return client.post(f"/{TENANT_ID}/oauth2/v2.0/token", data=form)


def test_a_token_names_the_permissions_of_its_moment(client: httpx.Client, server: DemoServer) -> None:
    """A permission that the page takes away is missing from the next token, and back in the one after."""
    secret = server.entra.secret
    seen = []
    for verb in ("grant", "remove", "grant"):
        client.post(f"/api/permissions/apps/{verb}", json={}).raise_for_status()
        token = _sign_in(client, client_secret=secret).json()["access_token"]
        seen.append(FAMILIES["apps"].permission in (roles_in(token) or ()))
        (shown,) = [
            each for each in client.get("/api/state").json()["permissions"] if each["family"] == "apps"
        ]
        assert shown["granted"] == seen[-1]

    assert seen == [True, False, True]


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": TENANT_ID}, "invalid_client"),
        ({"scope": "https://example.com/.default"}, "invalid_scope"),
    ],
)
def test_only_the_notifier_signs_in(
    client: httpx.Client, server: DemoServer, changes: dict[str, str], error: str
) -> None:
    """A wrong secret, application or scope is refused with Entra's word for it, and gets no token."""
    answer = _sign_in(client, **{"client_secret": server.entra.secret, **changes})

    assert (answer.json()["error"], "access_token" in answer.json()) == (error, False)
    assert answer.json()["error_codes"][0] > 0


@pytest.mark.parametrize("path, status", [("none/remove", 409), ("apps/lend", 404)])
def test_an_unknown_permission_is_refused(client: httpx.Client, path: str, status: int) -> None:
    """A family or a verb that does not exist is answered with a sentence."""
    answer = client.post(f"/api/permissions/{path}", json={})

    assert (answer.status_code, answer.json()["error"][-1]) == (status, ".")
