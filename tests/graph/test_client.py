"""Listing and looking up: all pages or an error, one bad request or none, and never anything but GET."""

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from maa_notify.demo.entra_api import SCOPE, make_token
from maa_notify.errors import GraphDenied, GraphError, GraphUnavailable
from maa_notify.graph.client import COLLECTION, GraphClient
from maa_notify.graph.reader import Bounds, GraphReader
from maa_notify.identity.tokens import PERMISSION
from tests.support import wire as fake
from tests.support.clock import FakeClock
from tests.support.entra import TENANT, FakeTokens
from tests.support.graph import FakeGraph, graph_error, make_request
from tests.support.wire import ScriptedServer, reply

Bounded = Callable[[Bounds], GraphClient]


def page(value: object, link: object = None) -> fake.HttpResponse:
    """One page of a listing, sound or not."""
    return reply(json={"value": value, "@odata.nextLink": link})


def test_all_pages_are_listed(graph: FakeGraph, client: GraphClient) -> None:
    """In Graph's order, each page asked for once, with the token and the wish for all enum members."""
    graph.requests = [make_request() for _ in range(7)]
    graph.page_size = 3

    listing = client.list_requests()

    assert [each.id for each in listing.requests] == [each["id"] for each in graph.requests]
    assert listing.malformed == 0
    assert [call.path for call in graph.calls] == [COLLECTION] * 3
    for call in graph.calls:
        assert call.headers["authorization"].startswith("Bearer ey")
        assert call.headers["prefer"] == "include-unknown-enum-members"
        assert call.headers["accept"] == "application/json"


def test_nothing_but_get_and_no_query_option_is_sent(graph: FakeGraph, client: GraphClient) -> None:
    """Whatever happens; the only query is the one that Graph's own link brings along."""
    graph.requests = [make_request() for _ in range(4)]
    graph.page_size = 2
    graph.fail_page(2, reply(503), reply(429, headers={"Retry-After": "1"}))
    client.list_requests()
    client.find_request(graph.requests[0]["id"])
    client.find_request("gone")
    graph.fail_next(reply(403))
    with pytest.raises(GraphDenied):
        client.list_requests()

    assert {call.method for call in graph.calls} == {"GET"}
    assert {name for call in graph.calls for name in call.params} == {"$skiptoken"}
    assert graph.calls[0].query == ""
    assert not any(call.body for call in graph.calls)


def test_an_empty_tenant_is_no_error(client: GraphClient) -> None:
    """Nobody asked for anything."""
    assert client.list_requests().requests == ()


def test_policy_types_beyond_the_sentinel_are_named(graph: FakeGraph, client: GraphClient) -> None:
    """That is what the Prefer header is for, on later pages too."""
    kinds = ["operationApprovalPolicy", "tunnel", "autopilot"]
    graph.requests = [make_request(requiredOperationApprovalPolicyTypes=[kind]) for kind in kinds]
    graph.page_size = 1

    assert [each.policy_types[0] for each in client.list_requests().requests] == kinds


def test_a_link_to_another_origin_fails_the_listing(
    graph: FakeGraph, client: GraphClient, stranger: ScriptedServer
) -> None:
    """Another port, scheme, host or a trick with `@`: the token goes to nobody else."""
    port, other = graph.url.rsplit(":", 1)[1], stranger.url.removeprefix("http://")
    links: list[object] = [
        f"{stranger.url}{COLLECTION}?$skiptoken=x",
        f"//{other}{COLLECTION}",
        f"https://127.0.0.1:{port}{COLLECTION}",
        f"http://localhost:{port}{COLLECTION}",
        f"{graph.url}@{other}{COLLECTION}",
        f"{graph.url}\\@{other}{COLLECTION}",
        f"http://graph@127.0.0.1:{port}{COLLECTION}",
        f"\t//{other}/",
        "http://[::1",
        "javascript:alert(1)",
        7,
        ["x"],
    ]
    for link in links:
        graph.fail_next(page([make_request()], link))
        with pytest.raises(GraphUnavailable, match="another host than MAA_GRAPH_URL names"):
            client.list_requests()

    assert not stranger.requests
    assert len(graph.calls) == len(links)


@pytest.mark.parametrize(
    "fault, reason",
    [
        (page(["x" * (1 << 20)]), "the answer is larger than 1048576 bytes"),
        (fake.truncated(b"{", 9), "the exchange broke off"),
        (fake.gzip_bomb(1 << 28), "the answer is larger than 1048576 bytes"),
        (fake.drip(b"{}", pause=1.0), "the answer took longer than 1.5 s"),
        (fake.hang(), "no answer in time"),
        (reply(text="{"), r"is not \(whole\) JSON"),
        (reply(json={}), "has no list of requests"),
    ],
    ids=["large", "truncated", "packed", "drip", "hang", "no JSON", "no list"],
)
def test_what_was_wrong_with_a_page_is_told(
    graph: FakeGraph, hasty: GraphClient, fault: fake.HttpResponse, reason: str
) -> None:
    """Whoever reads the log must know where to look."""
    graph.fail_next(*[fault] * 3)

    with pytest.raises(GraphUnavailable, match=rf"{reason}.*; nothing was compared"):
        hasty.list_requests()


def test_a_redirect_does_not_carry_the_token_away(
    graph: FakeGraph, client: GraphClient, stranger: ScriptedServer
) -> None:
    """It is an answer that makes no sense."""
    graph.fail_next(*[fake.redirect(307, stranger.url)] * 3)

    with pytest.raises(GraphUnavailable, match="307"):
        client.list_requests()

    assert not stranger.requests


def test_a_relative_link_is_followed_on_the_same_origin(graph: FakeGraph, client: GraphClient) -> None:
    """OData allows it, though Graph has not been seen to use it."""
    first, second = make_request(), make_request()
    graph.fail_next(page([first], f"{COLLECTION}?$skiptoken=a%20b"), page([second]))

    assert [each.id for each in client.list_requests().requests] == [first["id"], second["id"]]
    assert graph.calls[1].query == "$skiptoken=a%20b"


def test_circular_paging_fails(graph: FakeGraph, client: GraphClient) -> None:
    """The second page leads back to the first."""
    graph.fail_next(page([], f"{graph.url}{COLLECTION}?$skiptoken=1"), page([], f"{graph.url}{COLLECTION}"))

    with pytest.raises(GraphUnavailable, match="does not end"):
        client.list_requests()

    assert len(graph.calls) == 2


def test_a_page_that_leads_to_itself_fails(graph: FakeGraph, client: GraphClient) -> None:
    """It would be read for ever."""
    graph.fail_next(page([make_request()], COLLECTION))

    with pytest.raises(GraphUnavailable, match="does not end"):
        client.list_requests()


@pytest.mark.parametrize("link", ["#", "?", "?#", "#top"])
def test_a_link_to_the_page_itself_is_said_to_have_no_end(
    graph: FakeGraph, client: GraphClient, link: str
) -> None:
    """Without asking for the same page once more."""
    graph.fail_next(page([make_request()], link))

    with pytest.raises(GraphUnavailable, match="does not end"):
        client.list_requests()

    assert len(graph.calls) == 1


@pytest.mark.parametrize("link", ["", " ", None, "\u200b", 0, False, [], {}])
def test_an_empty_link_is_none(graph: FakeGraph, client: GraphClient, link: object) -> None:
    """That page is the last."""
    graph.fail_next(page([make_request()], link))

    assert len(client.list_requests().requests) == 1
    assert len(graph.calls) == 1


def test_endless_paging_fails(graph: FakeGraph, bounded: Bounded) -> None:
    """However new each link is."""
    graph.fail_next(*[page([], f"{graph.url}{COLLECTION}?$skiptoken={number}") for number in range(9)])

    with pytest.raises(GraphUnavailable, match="does not end"):
        bounded(Bounds(pages=5)).list_requests()

    assert len(graph.calls) == 5


def test_a_listing_has_an_end_in_time(graph: FakeGraph, bounded: Bounded, clock: FakeClock) -> None:
    """A page is not even asked for when the time for all of them is up."""
    slow = reply(503, headers={"Retry-After": "9"})
    graph.requests = [make_request() for _ in range(4)]
    graph.page_size = 1
    graph.fail_page(1, slow)
    graph.fail_page(2, slow)
    graph.fail_page(3, slow)

    with pytest.raises(GraphUnavailable, match="503"):
        bounded(Bounds(seconds=25)).list_requests()

    assert clock.sleeps == [9, 9]


def test_no_page_waits_longer_than_the_listing_may(graph: FakeGraph, bounded: Bounded) -> None:
    """What is left of the whole limits each exchange."""
    graph.fail_next(fake.hang())
    began = time.monotonic()

    with pytest.raises(GraphUnavailable, match="no answer in time"):
        bounded(Bounds(seconds=0.3)).list_requests()

    assert len(graph.calls) == 1
    assert time.monotonic() - began < 5


def test_a_refused_token_is_renewed_once(graph: FakeGraph, client: GraphClient, tokens: FakeTokens) -> None:
    """It may have been revoked; the new one serves the rest."""
    tokens.tokens = [make_token(number=number) for number in range(2)]
    graph.token = tokens.tokens[1]
    graph.requests = [make_request()]

    assert len(client.list_requests().requests) == 1
    assert tokens.forgotten == 1
    assert len(graph.calls) == 2


@pytest.mark.parametrize("readable", [True, False])
def test_a_token_that_stays_refused_needs_a_person(
    graph: FakeGraph, client: GraphClient, tokens: FakeTokens, clock: FakeClock, readable: bool
) -> None:
    """After one renewal, at once, and the permission it takes is named."""
    tokens.tokens = [make_token(roles=[PERMISSION]) if readable else "opaque"]
    graph.token = "another"

    with pytest.raises(GraphDenied, match=f"401 InvalidAuthenticationToken.*{PERMISSION}.*MAA_TENANT_ID"):
        client.list_requests()

    assert len(graph.calls) == 2
    assert clock.sleeps == []


@pytest.mark.parametrize(
    "claims, words",
    [
        ({"tid": "0b1d4f9a-9999-4000-8000-000000000009"}, "of another tenant than MAA_TENANT_ID names"),
        ({"aud": "https://vault.azure.net"}, "not for https://graph.microsoft.com"),
        ({"exp": 1_600_000_000}, "expired at 2020-09-13 12:26 UTC"),
    ],
)
def test_graph_is_not_asked_with_a_token_that_cannot_serve(
    graph: FakeGraph, tokens: FakeTokens, clock: FakeClock, claims: dict[str, object], words: str
) -> None:
    """A person has to mend it; the next poll asks for a new one."""
    tokens.tokens = [make_token(roles=[PERMISSION], iat=1_500_000_000, **claims)]
    client = GraphClient(GraphReader(graph.url, SCOPE, tokens, clock, tenant_id=TENANT))

    with pytest.raises(GraphDenied, match=f"^Graph was not asked: the token (is )?{words}") as caught:
        client.list_requests()

    assert caught.value.token_issued_at == datetime(2017, 7, 14, 2, 40, tzinfo=UTC)
    assert (graph.calls, clock.sleeps, tokens.forgotten) == ([], [], 1)


@pytest.mark.parametrize(
    "claims, has",
    [
        ({"roles": ["User.Read.All", "Directory.Read.All"]}, "it has: User.Read.All, Directory.Read.All"),
        ({"scp": "openid profile"}, "it has: openid, profile"),
        ({}, "it has: none"),
    ],
)
def test_a_missing_permission_is_named(
    graph: FakeGraph, client: GraphClient, tokens: FakeTokens, claims: dict[str, object], has: str
) -> None:
    """With what the token has instead; the next poll asks for a new token, which may have it."""
    tokens.tokens = [make_token(**claims)]
    graph.fail_next(graph_error(403, "Forbidden", "no"))

    with pytest.raises(GraphDenied) as caught:
        client.list_requests()

    assert f"lacks the application permission {PERMISSION} ({has})" in str(caught.value)
    assert tokens.forgotten == 1
    assert len(graph.calls) == 1


@pytest.mark.parametrize(
    "token, advice",
    [
        ("opaque", f"grant the application permission {PERMISSION}"),
        (make_token(roles=[PERMISSION]), "taken away after the token was issued"),
        (make_token(roles=[PERMISSION]), "Intune licence"),
    ],
)
def test_a_refusal_gives_the_likeliest_advice(
    graph: FakeGraph, client: GraphClient, tokens: FakeTokens, token: str, advice: str
) -> None:
    """As far as the token lets one guess."""
    tokens.tokens = [token]
    graph.fail_next(reply(403))

    with pytest.raises(GraphDenied, match=advice):
        client.list_requests()


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_waited_for(
    graph: FakeGraph, client: GraphClient, clock: FakeClock, status: int
) -> None:
    """Exactly so long, then the page is asked for again."""
    graph.requests = [make_request()]
    graph.fail_next(reply(status, headers={"Retry-After": "7"}), reply(status, headers={"Retry-After": "0"}))

    assert len(client.list_requests().requests) == 1
    assert clock.sleeps == [7, 0]


def test_retry_after_as_a_date_is_waited_for(graph: FakeGraph, client: GraphClient, clock: FakeClock) -> None:
    """By Graph's clock, not by ours."""
    now = datetime(2031, 1, 1, tzinfo=UTC)
    dates = {"Date": format_datetime(now, usegmt=True)}
    dates["Retry-After"] = format_datetime(now + timedelta(seconds=12), usegmt=True)
    graph.fail_next(reply(429, headers=dates))

    client.list_requests()

    assert clock.sleeps == [12]


def test_a_wait_beyond_patience_fails_at_once(
    graph: FakeGraph, client: GraphClient, clock: FakeClock
) -> None:
    """The wait that was asked for is told to the caller."""
    graph.fail_next(reply(429, headers={"Retry-After": "21"}))

    with pytest.raises(GraphUnavailable, match="429") as caught:
        client.list_requests()

    assert caught.value.retry_after == 21
    assert (clock.sleeps, len(graph.calls)) == ([], 1)


def test_the_wait_that_graph_asked_for_last_is_kept(
    graph: FakeGraph, client: GraphClient, clock: FakeClock
) -> None:
    """When all tries are used up: the next poll can wait for it."""
    graph.fail_next(*[reply(503, headers={"Retry-After": str(wait)}) for wait in (2, 3, 11)])

    with pytest.raises(GraphUnavailable, match="503") as caught:
        client.list_requests()

    assert caught.value.retry_after == 11
    assert clock.sleeps == [2, 3]


FAULTS = {
    "500": graph_error(500, "InternalServerError", "no"),
    "502 with a page": reply(502, text="<html>Bad gateway</html>"),
    "503": reply(503),
    "404": graph_error(404, "BadRequest", "Resource not found for the segment"),
    "204": reply(204),
    "reset": fake.reset(),
    "no answer": fake.close_without_answer(),
    "garbage": fake.garbage(),
    "hang": fake.hang(),
    "drip": fake.drip(b'{"value": []}', pause=0.5),
    "endless": fake.endless(),
    "gzip bomb": fake.gzip_bomb(1 << 28),
    "too large": page(["x" * (1 << 20)]),
    "truncated": fake.truncated(b'{"value": [', 100),
    "cut in the middle": reply(text='{"value": [{"id": "1"'),
    "a page of a portal": reply(text="<html>Please sign in</html>"),
    "empty": reply(text=""),
    "not unicode": reply(body='{"value": []}'.encode("utf-16")),
    "another shape": reply(json={"items": []}),
    "deep": reply(text='{"value": ' + "[" * 100_000),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_passing_fault_is_tried_again(
    graph: FakeGraph, hasty: GraphClient, clock: FakeClock, fault: fake.HttpResponse
) -> None:
    """Twice, with a growing pause, then the list is whole."""
    graph.requests = [make_request() for _ in range(2)]
    graph.page_size = 1
    graph.fail_page(2, fault, fault)

    assert len(hasty.list_requests().requests) == 2
    assert len(clock.sleeps) == 2
    assert all(0 < wait <= 6 for wait in clock.sleeps)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_page_that_fails_in_the_middle_fails_the_listing(
    graph: FakeGraph, hasty: GraphClient, fault: fake.HttpResponse
) -> None:
    """Half a list is never mistaken for the whole."""
    graph.requests = [make_request() for _ in range(3)]
    graph.page_size = 1
    graph.fail_page(2, fault, fault, fault)

    with pytest.raises(GraphUnavailable):
        hasty.list_requests()

    assert len(graph.calls) == 4


@pytest.mark.parametrize(
    "body", [{}, [], None, "x", 7, {"value": None}, {"value": {}}, {"value": "x"}, {"error": {"code": "x"}}]
)
def test_a_page_of_another_shape_fails_the_listing(
    graph: FakeGraph, client: GraphClient, body: object
) -> None:
    """No list is not an empty list."""
    graph.fail_next(*[reply(json=body)] * 3)

    with pytest.raises(GraphUnavailable):
        client.list_requests()


def test_odd_text_in_one_request_spares_the_page(graph: FakeGraph, client: GraphClient) -> None:
    """Lone surrogates, bytes that are no UTF-8, absurd numbers, a byte order mark."""
    raw = [make_request(requestJustification=f"odd {number}") for number in range(4)]
    body = "\ufeff" + json.dumps({"value": raw})
    body = body.replace("odd 0", r"odd \ud800").replace('"odd 1"', "1" * 5000).replace('"odd 2"', "-1e999")
    graph.fail_next(reply(body=body.encode().replace(b"odd 3", b"odd \xff\xed\xa0\x80")))

    listing = client.list_requests()

    assert [each.id for each in listing.requests] == [each["id"] for each in raw]
    assert [each.justification[:4] for each in listing.requests] == ["odd ", "", "", "odd "]
    assert all(each.justification.encode() is not None for each in listing.requests)


def test_malformed_entries_are_counted_and_logged(
    graph: FakeGraph, client: GraphClient, caplog: pytest.LogCaptureFixture
) -> None:
    """By id where there is one, and they hide none of the others."""
    sound, flawed = make_request(), make_request(status=None)
    odd_id = make_request(id="x reason=forged\r\n", status=[])
    graph.requests = [flawed, None, "text", {}, make_request(id=123), odd_id, sound]

    listing = client.list_requests()
    lines = [record.getMessage() for record in caplog.records if "graph.malformed" in record.getMessage()]

    assert [each.id for each in listing.requests] == [sound["id"]]
    assert (listing.malformed, len(lines)) == (6, 6)
    assert f"request={flawed['id']} reason=" in lines[0]
    assert 'request="x reason?forged" reason=' in lines[5]
    assert not any("\n" in line or "\r" in line for line in lines)


def test_a_flood_of_malformed_entries_does_not_flood_the_log(
    graph: FakeGraph, client: GraphClient, caplog: pytest.LogCaptureFixture
) -> None:
    """All are counted, some are named."""
    graph.fail_next(page([None] * 5000))

    assert client.list_requests().malformed == 5000
    assert 0 < len([each for each in caplog.records if each.levelno >= logging.WARNING]) <= 20


def test_one_request_is_looked_up(graph: FakeGraph, client: GraphClient) -> None:
    """By its id, with the wish for all enum members."""
    graph.requests = [make_request(requiredOperationApprovalPolicyTypes=["tunnel"]) for _ in range(2)]

    found = client.find_request(graph.requests[1]["id"])

    assert found is not None
    assert (found.id, found.policy_types) == (graph.requests[1]["id"], ("tunnel",))


@pytest.mark.parametrize(
    "answer",
    [
        graph_error(404, "ResourceNotFound", "no"),
        graph_error(410, "", ""),
        reply(404, json={"error": {"x": 1}}),
    ],
)
def test_a_request_that_is_gone_is_none(
    graph: FakeGraph, client: GraphClient, answer: fake.HttpResponse
) -> None:
    """Whatever the code is, if the answer has the form of Graph's errors."""
    graph.fail_next(answer)

    assert client.find_request("any") is None


def test_an_id_cannot_change_the_address(graph: FakeGraph, client: GraphClient) -> None:
    """Slashes, dots and questions in it are part of the name."""
    assert client.find_request("../users?$select=id#x") is None
    assert graph.calls[0].path == f"{COLLECTION}/..%2Fusers%3F%24select%3Did%23x"


@pytest.mark.parametrize(
    "fault",
    [
        *(each for name, each in FAULTS.items() if name != "404"),
        reply(json={}),
        reply(json={"id": "x"}),
        reply(json=[]),
        reply(404, text="<html>"),
        reply(404, json={"message": "no such host"}),
        reply(410),
        fake.truncated(b"", 9, status=404),
    ],
)
def test_a_look_up_that_fails_decides_nothing(
    graph: FakeGraph, hasty: GraphClient, clock: FakeClock, fault: fake.HttpResponse
) -> None:
    """One try: the next poll asks again, and meanwhile nobody is told anything.

    What stands on the way to Graph may say that it knows no such page, and knows nothing of the request.
    """
    graph.fail_next(fault)

    with pytest.raises(GraphUnavailable):
        hasty.find_request("any")

    assert (clock.sleeps, len(graph.calls)) == ([], 1)


def test_a_look_up_without_permission_needs_a_person(graph: FakeGraph, client: GraphClient) -> None:
    """As a listing would."""
    graph.fail_next(reply(403))

    with pytest.raises(GraphDenied):
        client.find_request("any")


def test_an_error_shows_graphs_word_and_number_but_not_its_message(
    graph: FakeGraph, client: GraphClient
) -> None:
    """Support asks for the number; the message may repeat what it was sent."""
    body = {"error": {"code": "TooManyRequests", "message": "you sent eyJ..."}}
    answer = reply(429, json=body, headers={"request-id": "aa-bb-11", "Retry-After": "999"})
    odd = reply(429, json={"error": {"code": "a b\nc"}}, headers={"request-id": "<x>", "Retry-After": "999"})
    graph.fail_next(answer, odd)
    errors: list[GraphError] = []
    for _ in range(2):
        with pytest.raises(GraphError) as caught:
            client.list_requests()
        errors.append(caught.value)

    assert str(errors[0]) == "Graph answered 429 TooManyRequests, request-id aa-bb-11; nothing was compared"
    assert str(errors[1]) == "Graph answered 429 with an odd code, request-id unknown; nothing was compared"


def test_closing_lets_go_of_the_sign_in_too(reader: GraphReader, tokens: FakeTokens) -> None:
    """Its connections are nobody else's to close."""
    reader.close()

    assert tokens.forgotten == 1
