"""The fake Graph pages, guards and fails as the real one does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.graph import LISTING, application, decided, graph_time, make_request
from tests.support.wire import reply, reset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.graph import FakeGraph

NOW = datetime(2026, 8, 18, 7, 42, 10, 183456, tzinfo=UTC)


@pytest.fixture
def client(graph: FakeGraph) -> Iterator[httpx.Client]:
    """Return a client with a token."""
    headers = {"Authorization": "Bearer token"}
    with httpx.Client(base_url=graph.url, headers=headers, trust_env=False) as made:
        yield made


def listed(client: httpx.Client) -> list[list[str]]:
    """Follow the links and return the ids page by page."""
    pages, link = [], LISTING
    while link:
        page = client.get(link).raise_for_status().json()
        pages.append([request["id"] for request in page["value"]])
        link = page.get("@odata.nextLink")
    return pages


@pytest.mark.parametrize("count, sizes", [(0, [0]), (2, [2]), (5, [2, 2, 1])])
def test_a_listing_is_paged(graph: FakeGraph, client: httpx.Client, count: int, sizes: list[int]) -> None:
    """All requests come once, in order, over links to the fake's own origin."""
    graph.page_size = 2
    graph.requests = [make_request(now=NOW) for _ in range(count)]

    pages = listed(client)

    assert [len(page) for page in pages] == sizes
    assert [id_ for page in pages for id_ in page] == [request["id"] for request in graph.requests]


def test_the_pages_of_one_listing_belong_together(graph: FakeGraph, client: httpx.Client) -> None:
    """A change between two pages shows in the next listing."""
    graph.page_size = 1
    graph.requests = [make_request(now=NOW), make_request(now=NOW)]
    link = client.get(LISTING).json()["@odata.nextLink"]
    second = dict(graph.requests[1])
    graph.requests[1]["status"] = "approved"
    graph.requests.clear()

    assert link.startswith(f"{graph.url}{LISTING}?$skiptoken=")
    assert client.get(link).json()["value"] == [second]
    assert listed(client) == [[]]
    assert client.get(LISTING, params={"$skiptoken": "made-up"}).status_code == 400


def test_one_request_by_id(graph: FakeGraph, client: httpx.Client) -> None:
    """A request is found by its id in any case; an unknown one is Graph's 404."""
    graph.requests = [make_request(now=NOW), make_request(now=NOW)]
    wanted = graph.requests[1]

    found = client.get(f"{LISTING}/{wanted['id'].upper()}").json()
    missing = client.get(f"{LISTING}/00000000-0000-0000-0000-000000000000")

    assert found.items() >= wanted.items()
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert missing.json()["error"]["innerError"]["request-id"] == missing.headers["request-id"]


def test_a_broken_request_is_listed_as_it_is(graph: FakeGraph, client: httpx.Client) -> None:
    """A test can put anything into a page, and the sound requests beside it are still found by id."""
    graph.requests = [None, "junk", {"id": 7}, make_request(now=NOW)]

    assert client.get(LISTING).json()["value"] == graph.requests
    assert client.get(f"{LISTING}/{graph.requests[3]['id']}").status_code == 200


@pytest.mark.parametrize(
    "call, authorization, status",
    [
        (("GET", LISTING), "", 401),
        (("GET", LISTING), "Basic token", 401),
        (("GET", LISTING), "Bearer stale", 401),
        (("POST", LISTING), "Bearer token", 403),
        (("GET", "/beta/users"), "Bearer token", 404),
        (("GET", f"{LISTING}Policies"), "Bearer token", 404),
    ],
)
def test_what_is_not_allowed_is_refused_and_recorded(
    graph: FakeGraph, client: httpx.Client, call: tuple[str, str], authorization: str, status: int
) -> None:
    """Token, verb and address are guarded; a call that was refused can still be looked at."""
    graph.token = "token"

    assert client.request(*call, headers={"Authorization": authorization}).status_code == status
    assert [(seen.method, seen.path) for seen in graph.calls] == [call]


def test_scripted_faults_come_before_normal_service(graph: FakeGraph, client: httpx.Client) -> None:
    """The next calls fail as told, then the tenant is back."""
    graph.fail_next(reply(429, headers={"Retry-After": "3"}), reset())

    assert client.get(LISTING).headers["retry-after"] == "3"
    with pytest.raises(httpx.ReadError):
        client.get(LISTING)
    assert listed(client) == [[]]


def test_one_page_can_fail(graph: FakeGraph, client: httpx.Client) -> None:
    """A fault on the second page leaves the first alone, and is over after its turn."""
    graph.page_size = 1
    graph.requests = [make_request(now=NOW) for _ in range(3)]
    graph.fail_page(2, reply(503))

    with pytest.raises(httpx.HTTPStatusError, match="503"):
        listed(client)
    assert [len(page) for page in listed(client)] == [1, 1, 1]


@pytest.mark.parametrize(
    "prefer, types",
    [("", ["app", "unknownFutureValue"]), ("include-unknown-enum-members", ["app", "tenantConfiguration"])],
)
def test_late_policy_types_need_the_prefer_header(
    graph: FakeGraph, client: httpx.Client, prefer: str, types: list[str]
) -> None:
    """Members behind the sentinel are hidden from clients that do not ask for them."""
    sent = ["app", "tenantConfiguration"]
    graph.requests = [make_request(now=NOW, requiredOperationApprovalPolicyTypes=sent)]
    (request,) = client.get(LISTING, headers={"Prefer": prefer}).json()["value"]

    assert request["requiredOperationApprovalPolicyTypes"] == types


def test_a_made_request_is_fresh_and_dated_from_now() -> None:
    """Ids differ, times hang on the given moment, and every field can be replaced."""
    first: dict[str, Any] = make_request(now=NOW, age=timedelta(hours=1), requestor=application("pipeline"))
    second = make_request(now=NOW)

    assert first["id"] != second["id"]
    assert first["requestDateTime"] == "2026-08-18T06:42:10.1834560Z"
    assert first["expirationDateTime"] == "2026-08-21T06:42:10.1834560Z"
    assert first["requestor"]["application"]["displayName"] == "pipeline"
    assert second["requestor"]["user"]["Upn"] == "mira.holt@contoso.com"


def test_a_decided_request_is_the_same_one_later() -> None:
    """Only what a decision changes has changed."""
    before = make_request(now=NOW)
    after = decided(before, "rejected", now=NOW, approvalJustification="no")

    changed = {key for key in after if after[key] != before[key]}
    assert changed == {"status", "lastModifiedDateTime", "approver", "approvalJustification"}
    assert after["lastModifiedDateTime"] == graph_time(NOW)
