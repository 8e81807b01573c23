"""The scripted server does to a real client what its answers promise."""

from __future__ import annotations

import ssl
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme

from tests.support.wire import (
    HttpResponse,
    ScriptedServer,
    Seen,
    close_without_answer,
    drip,
    endless,
    garbage,
    gzip_bomb,
    handler,
    hang,
    redirect,
    reply,
    reset,
    truncated,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MEBIBYTE = 1 << 20
AUTHORITY = trustme.CA()


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest) -> Iterator[ScriptedServer]:
    """Serve with and without TLS."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if request.param == "https" else None
    if tls:
        AUTHORITY.issue_cert("127.0.0.1").configure_cert(tls)
    with ScriptedServer(reply(200, text="fine"), tls=tls) as serving:
        yield serving


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Return a client that trusts the tests' own authority and waits for nothing long."""
    federated_credential = ssl.create_default_context()
    AUTHORITY.configure_trust(federated_credential)
    with httpx.Client(verify=federated_credential, timeout=5, trust_env=False) as made:
        yield made


def test_a_request_is_written_down_as_it_came(server: ScriptedServer, client: httpx.Client) -> None:
    """Method, path, query, headers and body are there to be looked at."""
    before = time.monotonic()
    client.post(f"{server.url}/a%20b/c?q=%C3%A4&empty=", json={"n": 1}, headers={"X-One": "1"})
    (seen,) = server.requests

    assert (seen.method, seen.path, seen.query) == ("POST", "/a%20b/c", "q=%C3%A4&empty=")
    assert seen.params == {"q": "ä", "empty": ""}
    assert seen.json() == {"n": 1}
    assert (seen.headers["x-one"], seen.headers["content-type"]) == ("1", "application/json")
    assert before <= seen.at <= time.monotonic()


def test_scripted_answers_come_in_order_then_the_default(
    server: ScriptedServer, client: httpx.Client
) -> None:
    """A queue is used up one by one, and all of it on one kept connection."""
    server.script(reply(503, headers={"Retry-After": "7"}), reply(201, json={"a": None}))

    first, second, third = (client.get(server.url) for _ in range(3))

    assert (first.status_code, first.headers["retry-after"], first.content) == (503, "7", b"")
    assert (second.status_code, second.json()) == (201, {"a": None})
    assert (third.status_code, third.text) == (200, "fine")
    assert server.connections == 1


def test_the_longest_path_prefix_decides(server: ScriptedServer, client: httpx.Client) -> None:
    """A queue serves its own paths only, and the closest queue goes first."""
    server.script(reply(500), path="/a")
    server.script(reply(501), path="/a/b")

    statuses = [client.get(f"{server.url}{path}").status_code for path in ("/c", "/a/b", "/a/b", "/a")]

    assert statuses == [200, 501, 500, 200]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [204, 304, 200, 299])
def test_answers_without_a_body_keep_the_connection_sound(
    server: ScriptedServer, client: httpx.Client, method: str, status: int
) -> None:
    """What has no body by the rules of HTTP sends none, so the next answer is not misread."""
    server.script(reply(status, text="" if status in {204, 304} else "text"))

    assert client.request(method, server.url).status_code == status
    assert client.get(server.url).text == "fine"


def test_a_redirect_is_sent_and_recorded_where_followed(server: ScriptedServer, client: httpx.Client) -> None:
    """A client that follows shows up at the other server; one that does not, does not."""
    with ScriptedServer(reply(200, text="elsewhere")) as other:
        server.script(redirect(302, f"{other.url}/trap"), redirect(307, f"{other.url}/trap"))

        refused = client.post(server.url, content=b"card")
        assert (refused.status_code, refused.headers["location"], other.requests) == (
            302,
            f"{other.url}/trap",
            [],
        )

        assert client.post(server.url, content=b"card", follow_redirects=True).text == "elsewhere"
        assert [(seen.method, seen.body) for seen in other.requests] == [("POST", b"card")]


BROKEN = [reset(), close_without_answer(), garbage(), truncated(b"{", 9), truncated(b"{", 9, reset=True)]


@pytest.mark.parametrize("answer", BROKEN)
def test_a_broken_answer_breaks_one_call(
    server: ScriptedServer, client: httpx.Client, answer: HttpResponse
) -> None:
    """The call ends as an error of the transport, and the server serves on."""
    server.script(answer)

    with pytest.raises(httpx.TransportError):
        client.get(server.url)
    assert client.get(server.url).text == "fine"


@pytest.mark.parametrize(
    "answer, error",
    [
        (reset(), httpx.ReadError),
        (close_without_answer(), httpx.RemoteProtocolError),
        (garbage(), httpx.RemoteProtocolError),
        (truncated(b"{", 9), httpx.RemoteProtocolError),
        (truncated(b"{", 9, reset=True), httpx.ReadError),
    ],
)
def test_a_reset_is_told_from_an_orderly_end(
    client: httpx.Client, answer: HttpResponse, error: type[Exception]
) -> None:
    """Without TLS, which blurs it on some Pythons, a reset is a reset and an end is an end."""
    with ScriptedServer(answer) as server, pytest.raises(error):
        client.get(server.url)


@pytest.mark.parametrize("head", [False, True])
def test_a_dripping_answer_arrives_whole_but_slowly(
    server: ScriptedServer, client: httpx.Client, *, head: bool
) -> None:
    """The body comes in pieces with pauses between them; with ``head`` so does all before it."""
    server.script(drip(b'{"value": []}', chunk=4, pause=0.02, head=head))

    started = time.monotonic()
    with client.stream("GET", server.url) as response:
        head_after = time.monotonic() - started
        body = response.read()

    assert body == b'{"value": []}'
    assert time.monotonic() - started >= 0.08
    assert not head or head_after >= 0.2


def test_an_endless_answer_lasts_until_the_client_closes(
    server: ScriptedServer, client: httpx.Client
) -> None:
    """More comes for as long as it is read; hanging up ends it without an error."""
    server.script(endless(b"x" * 1000))

    with client.stream("GET", server.url) as response:
        chunks = response.iter_raw()
        assert sum(len(next(chunks)) for _ in range(50)) > 1000

    assert client.get(server.url).text == "fine"


def test_stopping_ends_an_endless_answer(client: httpx.Client) -> None:
    """A server that stops cuts a body nobody finishes reading, also when nobody reads it at all."""
    with ScriptedServer(endless()) as server, client.stream("GET", server.url) as response:
        assert response.status_code == 200
        server.stop()
        with pytest.raises(httpx.TransportError):
            response.read()


def test_a_gzip_bomb_is_small_on_the_wire(server: ScriptedServer, client: httpx.Client) -> None:
    """A few kilobytes unpack to all that was asked for."""
    server.script(gzip_bomb(8 * MEBIBYTE + 5))

    response = client.get(server.url)

    assert len(response.content) == 8 * MEBIBYTE + 5
    assert int(response.headers["content-length"]) < 20_000


def test_a_hanging_answer_makes_the_client_time_out(server: ScriptedServer, client: httpx.Client) -> None:
    """The request arrived, the answer does not."""
    server.script(hang())

    with pytest.raises(httpx.ReadTimeout):
        client.get(server.url, timeout=0.1)
    assert len(server.requests) == 1


def test_a_hanging_answer_can_be_released(server: ScriptedServer, client: httpx.Client) -> None:
    """Released right after its request was seen, it goes on with the answer it held back."""
    server.script(hang(then=reply(202)))
    got: list[int] = []
    caller = threading.Thread(target=lambda: got.append(client.get(server.url, timeout=30).status_code))
    caller.start()
    server.wait_for(1)
    server.release()
    caller.join(10)

    assert got == [202]


def test_a_hanging_answer_ends_after_its_time(server: ScriptedServer, client: httpx.Client) -> None:
    """With a time it answers late, or hangs up late."""
    server.script(hang(0.05, then=reply(202)), hang(0.05))

    started = time.monotonic()
    assert client.get(server.url).status_code == 202
    assert time.monotonic() - started >= 0.05
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(server.url)


def test_stopping_releases_what_hangs_at_once(client: httpx.Client) -> None:
    """Twenty clients on hold do not hold up the end."""
    server = ScriptedServer(hang())
    with server:
        errors: list[type[Exception]] = []
        callers = [
            threading.Thread(target=_call_in_vain, args=(client, server.url, errors)) for _ in range(20)
        ]
        for caller in callers:
            caller.start()
        server.wait_for(20)
        started = time.monotonic()
        server.stop()
        for caller in callers:
            caller.join(10)

    assert time.monotonic() - started < 2
    assert len(errors) == 20
    assert not [thread for thread in threading.enumerate() if thread.name == server.url]


def _call_in_vain(client: httpx.Client, url: str, errors: list[type[Exception]]) -> None:
    """Call, and note how it failed."""
    try:
        client.get(url, timeout=30)
    except httpx.TransportError as error:
        errors.append(type(error))


def test_idle_connections_do_not_hold_up_the_end(server: ScriptedServer, client: httpx.Client) -> None:
    """A kept connection without a request is cut when the server stops."""
    client.get(server.url)

    started = time.monotonic()
    server.stop()

    assert time.monotonic() - started < 2


def test_a_handler_decides_by_the_request(server: ScriptedServer, client: httpx.Client) -> None:
    """A dynamic answer sees what came."""
    server.default = handler(lambda seen: reply(text=seen.path))

    assert [client.get(f"{server.url}/{n}").text for n in range(3)] == ["/0", "/1", "/2"]


def test_an_error_in_a_handler_fails_the_test(client: httpx.Client) -> None:
    """What a handler raises is raised again where the server was made."""

    def explode(seen: Seen) -> HttpResponse:
        """Fail on sight."""
        raise LookupError(seen.path)

    with pytest.raises(LookupError, match="/here"), ScriptedServer(handler(explode)) as server:
        _call_in_vain(client, f"{server.url}/here", [])


def test_waiting_in_vain_is_a_failure(server: ScriptedServer) -> None:
    """A wait that runs out says how far it got."""
    with pytest.raises(AssertionError, match=r"0 of 1 requests arrived within 0\.01 s"):
        server.wait_for(1, timeout=0.01)


def test_a_client_without_trust_is_turned_away() -> None:
    """A failed handshake leaves the server alive and no request behind."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(tls)
    with ScriptedServer(tls=tls) as server:
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url, trust_env=False)
        assert server.requests == []
