"""What the tests' Graph adds to the simulated one: any content, one token, and faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from maa_notify.demo.graph_api import COLLECTION as LISTING
from tests.support.graph import make_request
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


def test_a_look_up_finds_what_the_list_omits(graph: FakeGraph, client: httpx.Client) -> None:
    """A request is found by its id in any case, listed or not."""
    graph.requests, graph.unlisted = [make_request(now=NOW)], [make_request(now=NOW)]
    wanted = graph.unlisted[0]

    found = client.get(f"{LISTING}/{wanted['id'].upper()}").json()

    assert found.items() >= wanted.items()
    assert listed(client) == [[graph.requests[0]["id"]]]


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
        (("POST", LISTING), "Bearer token", 405),
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


def test_a_made_request_is_fresh_and_dated_from_now() -> None:
    """Ids differ, times hang on the given moment, and every field can be replaced."""
    first = make_request(now=NOW, age=timedelta(hours=1), requestor=None)
    second = make_request(now=NOW)

    assert first["id"] != second["id"]
    assert first["requestDateTime"] == "2026-08-18T06:42:10.1834566Z"
    assert first["expirationDateTime"] == "2026-08-21T06:42:10.1834566Z"
    assert first["requestor"] is None
    assert second["requestor"]["user"]["Upn"] == "mira.holt@contoso.com"
