"""What an exchange brings back, what it never does, and how it ends when the other side misbehaves."""

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpcore
import httpx
import pytest

from maa_notify.net.client import HttpClient, HttpResponse, Limits, NoResponseError
from maa_notify.net.deadline import DeadlineBackend, Exchange, bounded_transport
from tests.support import wire as fake
from tests.support.wire import ScriptedServer, reply

MEBIBYTE = 1 << 20
SHORT = Limits(seconds=1.0)


def get(client: HttpClient, url: str, limits: Limits = SHORT, **headers: str) -> HttpResponse:
    """One GET."""
    return client.request("GET", url, headers=headers, limits=limits)


def failure(client: HttpClient, url: str, limits: Limits = SHORT, **headers: str) -> NoResponseError:
    """The error of a GET that must fail."""
    with pytest.raises(NoResponseError) as caught:
        get(client, url, limits, **headers)
    return caught.value


def test_an_answer_comes_back_whole(server: ScriptedServer, client: HttpClient) -> None:
    """Status, headers in lower case, and the body."""
    server.script(reply(418, text="tea", headers={"X-Kind": "Green"}))

    answer = get(client, server.url)

    assert (answer.status, answer.headers["x-kind"], answer.body) == (418, "Green", b"tea")
    assert (answer.fault, answer.retry_after) == ("", None)


def test_a_request_arrives_as_it_was_given(server: ScriptedServer, client: HttpClient) -> None:
    """Percent-encoding in path and query stays as it was; the fragment stays here."""
    url = f"{server.url}/a%2Fb?sp=%2Ftriggers%2Fmanual&sig=x-_y#here"
    client.request("POST", url, headers={"X-One": "1"}, content="ä".encode())
    (seen,) = server.requests

    assert (seen.method, seen.path, seen.query) == ("POST", "/a%2Fb", "sp=%2Ftriggers%2Fmanual&sig=x-_y")
    assert seen.body.decode() == "ä"
    assert set(seen.headers) == {"host", "x-one", "content-length", "accept-encoding"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    server: ScriptedServer, stranger: ScriptedServer, client: HttpClient, status: int
) -> None:
    """The answer is the redirect itself, and its target hears nothing."""
    server.script(fake.redirect(status, f"{stranger.url}/elsewhere"))

    answer = client.request("POST", server.url, headers={"Authorization": "Bearer t"}, content=b"{}")

    assert answer.status == status
    assert not stranger.requests


def test_nothing_goes_to_another_origin(
    server: ScriptedServer, stranger: ScriptedServer, client: HttpClient
) -> None:
    """Other port, other scheme, other host before or behind an `@`, no URL at all: refused before sending."""
    port = server.url.rsplit(":", 1)[1]
    urls = [
        stranger.url,
        f"https://127.0.0.1:{port}/",
        f"http://localhost:{port}/",
        f"{server.url}@{stranger.url.removeprefix('http://')}/",
        f"http://user:pw@127.0.0.1:{port}/",
        f"{server.url}\\@{stranger.url.removeprefix('http://')}/",
        "//127.0.0.1/",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "",
    ]

    failures = [failure(client, url, Authorization="Bearer t") for url in urls]

    assert all(error.before_sending for error in failures)
    assert not stranger.requests
    assert not server.requests


def test_no_cookie_is_kept(server: ScriptedServer, client: HttpClient) -> None:
    """What one answer sets is not sent with the next request."""
    server.script(reply(200, headers={"Set-Cookie": "a=b; Path=/"}))

    get(client, server.url)
    get(client, server.url)

    assert "cookie" not in server.requests[1].headers


def test_no_password_of_a_netrc_file_is_sent(
    server: ScriptedServer, client: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook that anyone may call refuses callers who bring an Authorization header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password theirs\n")
    monkeypatch.setenv("NETRC", str(netrc))

    get(client, server.url)

    assert "authorization" not in server.requests[0].headers


def test_connections_are_used_again(server: ScriptedServer, client: HttpClient) -> None:
    """Good and bad answers alike leave the connection open; closing ends it."""
    server.script(reply(200, text="x" * 1000), reply(429), reply(500, text="y"))
    for _ in range(4):
        get(client, server.url)
    before = server.connections
    client.close()
    get(client, server.url)

    assert (before, server.connections) == (1, 2)


def test_a_body_that_was_left_unread_does_not_reach_the_next_exchange(
    server: ScriptedServer, client: HttpClient
) -> None:
    """The connection is given up with it."""
    server.script(reply(200, text="x" * 100_000))

    first = get(client, server.url, Limits(seconds=5, max_bytes=10))
    second = get(client, server.url)

    assert (first.fault, first.body) == ("the answer is larger than 10 bytes", b"")
    assert second.body == b"fine"
    assert server.connections == 2


@pytest.mark.parametrize("size, fault", [(1000, ""), (1001, "the answer is larger than 1000 bytes")])
def test_a_body_may_be_as_large_as_the_limit(
    server: ScriptedServer, client: HttpClient, size: int, fault: str
) -> None:
    """One byte more, and there is none; the status counts all the same."""
    server.script(reply(202, text="x" * size))

    answer = get(client, server.url, Limits(seconds=5, max_bytes=1000))

    assert (answer.status, answer.fault) == (202, fault)


def test_an_endless_body_ends_at_the_limit(server: ScriptedServer, client: HttpClient) -> None:
    """Long before time is up."""
    server.script(fake.endless())
    began = time.monotonic()

    answer = get(client, server.url, Limits(seconds=20, max_bytes=MEBIBYTE))

    assert answer.fault == f"the answer is larger than {MEBIBYTE} bytes"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "aws-chunked"])
def test_an_unknown_packing_is_not_taken(server: ScriptedServer, client: HttpClient, packing: str) -> None:
    """None was asked for; the status of such an answer still counts, and the way out is said."""
    server.script(reply(404, body=b"....", headers={"Content-Encoding": packing}))

    answer = get(client, server.url)

    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert (answer.status, answer.body) == (404, b"")
    assert answer.fault == "the answer is packed in a way that was not asked for: see the gateways on the way"


PACKED = {"gzip": gzip.compress(b"fine" * 250), "deflate": zlib.compress(b"fine" * 250)}


@pytest.mark.parametrize("packing", ["gzip", "GZIP", "x-gzip", "deflate", "identity"])
def test_an_answer_that_was_packed_unasked_is_unpacked(
    server: ScriptedServer, client: HttpClient, packing: str
) -> None:
    """As some gateways pack whatever passes through them; up to the limit, and not a byte more."""
    body = PACKED.get(packing.lower().removeprefix("x-"), b"fine" * 250)
    server.script(*[reply(200, body=body, headers={"Content-Encoding": packing})] * 2)

    answer = get(client, server.url, Limits(seconds=5, max_bytes=1000))
    larger = get(client, server.url, Limits(seconds=5, max_bytes=999))

    assert (answer.body, answer.fault) == (b"fine" * 250, "")
    assert (larger.body, larger.fault) == (b"", "the answer is larger than 999 bytes")


@pytest.mark.parametrize(
    "body",
    [b"fine", b"", PACKED["gzip"][:-1], PACKED["gzip"] + b"more", PACKED["gzip"] * 2],
    ids=["not packed", "empty", "cut off", "more behind it", "twice"],
)
def test_a_packing_that_is_spoilt_is_said(server: ScriptedServer, client: HttpClient, body: bytes) -> None:
    """Half a body is none."""
    server.script(reply(200, body=body, headers={"Content-Encoding": "gzip"}))

    answer = get(client, server.url)

    assert answer.body == b""
    assert answer.fault == (
        "the answer is packed, which was not asked for, and spoilt: see the gateways on the way"
    )


def test_a_gzip_bomb_needs_no_memory(server: ScriptedServer, client: HttpClient) -> None:
    """A quarter of a gigabyte in little more than nothing is unpacked to the limit and not further."""
    server.script(fake.gzip_bomb(256 * MEBIBYTE))
    get(client, server.url + "/warm")
    server.script(fake.gzip_bomb(256 * MEBIBYTE))
    tracemalloc.start()
    try:
        answer = get(client, server.url, Limits(seconds=10, max_bytes=4 * MEBIBYTE))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer.fault == f"the answer is larger than {4 * MEBIBYTE} bytes"
    assert peak < 8 * MEBIBYTE


def test_a_packed_body_that_unpacks_to_nothing_ends_at_the_limit(
    server: ScriptedServer, client: HttpClient
) -> None:
    """What arrives counts too, or empty blocks could go on until time is up."""
    empty_blocks = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 1_000
    server.script(reply(200, body=empty_blocks, headers={"Content-Encoding": "gzip"}))

    answer = get(client, server.url, Limits(seconds=5, max_bytes=1000))

    assert answer.fault == "the answer is larger than 1000 bytes"


@pytest.mark.parametrize(
    "odd",
    [
        b"Odd : space before the colon",
        b"no colon at all",
        b": no name",
        b"X-Odd: \x00\x01",
        b"X-\xc3\xa4: name beyond ASCII",
        b"Content-Length: -5",
        b"Content-Length: 2\r\nContent-Length: 3",
        b"Transfer-Encoding: rot13",
        b"X: " + b"x" * 200_000,
    ],
    ids=["space", "no colon", "no name", "controls", "not ASCII", "length", "lengths", "encoding", "large"],
)
def test_an_odd_header_line_does_not_undo_the_status(
    server: ScriptedServer, client: HttpClient, odd: bytes
) -> None:
    """Or a card that was accepted would be posted again and again."""
    server.script(
        fake.garbage(
            b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
            b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\n" + odd + b"\r\n\r\nRetry-After: 9\r\n"
        )
    )
    answer = get(client, server.url, Limits(seconds=5))

    assert (answer.status, answer.retry_after, answer.body) == (429, 7, b"")
    assert answer.fault == (
        "the headers of the answer are not HTTP, so its body was not read: see the gateways on the way"
    )
    assert get(client, server.url).body == b"fine"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 103 Early Hints\r\nodd line\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2_000,
        b"HTTP/1.1 20",
        b"HTTP/1.1 999 Odd\r\nodd line\r\n\r\n",
        b"SMTP 200 OK\r\nodd line\r\n\r\n",
    ],
    ids=["hints", "many hints", "cut off", "no status", "not HTTP"],
)
def test_what_has_no_status_line_is_no_answer(
    server: ScriptedServer, client: HttpClient, head: bytes
) -> None:
    """Nobody can know whether the request was acted upon."""
    server.script(fake.garbage(head))

    assert not failure(client, server.url, Limits(seconds=5)).before_sending


@pytest.mark.parametrize("head", [False, True], ids=["body", "status line and headers"])
def test_a_drip_ends_with_the_exchange(server: ScriptedServer, client: HttpClient, head: bool) -> None:
    """However regularly a byte comes, so that no single wait is ever long."""
    server.script(fake.drip(b"x" * 500, pause=0.05, head=head))
    began = time.monotonic()
    if head:
        error = failure(client, server.url)
        assert (str(error), error.before_sending) == ("no answer in time", False)
    else:
        assert get(client, server.url).fault == "the answer took longer than 1 s"

    assert 0.9 < time.monotonic() - began < 4


def test_nothing_is_sent_when_time_is_up(server: ScriptedServer, client: HttpClient) -> None:
    """As after a name look-up that took too long: on a new connection and on one that is open."""
    first = failure(client, server.url, Limits(seconds=0))
    get(client, server.url)
    second = failure(client, server.url, Limits(seconds=0))
    third = failure(HttpClient("https://graph.invalid"), "https://graph.invalid/", Limits(seconds=0))

    assert str(third) == "no connection in time"
    assert (str(first), first.before_sending) == ("no connection in time", True)
    assert str(second) == "no answer in time"
    assert len(server.requests) == 1


def test_the_end_of_an_exchange_is_of_no_concern_afterwards(server: ScriptedServer) -> None:
    """Whoever uses a connection outside of one waits as long as he says himself."""
    with Exchange(0):
        pass
    stream = DeadlineBackend().connect_tcp("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    stream.write(b"GET / HTTP/1.1\r\n\r\n")
    answer = stream.read(1000, timeout=5)
    stream.close()

    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_httpx_still_takes_our_sockets() -> None:
    """The one private line: without it a server that drips its response would hold a poll for ever."""
    advice = (
        "httpx or httpcore keeps its network backend elsewhere now: give the transport DeadlineBackend there"
        " (bounded_transport in net/deadline.py), or use httpcore.ConnectionPool(network_backend=...)"
    )
    untouched, ours = httpx.HTTPTransport(), bounded_transport(httpx.URL("http://127.0.0.1"), direct=True)

    for transport in (untouched, ours):
        assert isinstance(vars(transport).get("_pool"), httpcore.ConnectionPool), advice
    assert "_network_backend" in vars(untouched._pool), advice
    assert isinstance(ours._pool._network_backend, DeadlineBackend), advice


def test_each_exchange_has_its_own_end(server: ScriptedServer, client: HttpClient) -> None:
    """One that waits long is not cut off by another's end, before it or beside it."""
    failures: list[NoResponseError] = []
    server.script(fake.hang(), path="/never")
    server.script(fake.hang(0.6, reply(200, text="late")), path="/late")
    hurried = threading.Thread(target=lambda: failures.append(failure(client, f"{server.url}/never")))
    hurried.start()

    answer = get(client, f"{server.url}/late", Limits(seconds=10))
    hurried.join()

    assert answer.body == b"late"
    assert [str(error) for error in failures] == ["no answer in time"]


@pytest.mark.parametrize(
    "answer, reason",
    [
        (fake.hang(), "no answer in time"),
        (fake.reset(), "the exchange broke off (ReadError)"),
        (fake.close_without_answer(), "the exchange broke off (RemoteProtocolError)"),
        (fake.garbage(), "the exchange broke off (RemoteProtocolError)"),
    ],
    ids=["hang", "reset", "close", "garbage"],
)
def test_a_broken_answer_is_an_error(
    server: ScriptedServer, client: HttpClient, answer: fake.HttpResponse, reason: str
) -> None:
    """Nobody can know whether the request was acted upon."""
    server.script(answer)
    error = failure(client, server.url)

    assert (str(error), error.before_sending) == (reason, False)
    assert get(client, server.url).body == b"fine"


@pytest.mark.parametrize("reset", [False, True])
def test_a_truncated_body_is_none(server: ScriptedServer, client: HttpClient, reset: bool) -> None:
    """The status counts, the half body does not."""
    server.script(fake.truncated(b'{"value": [', 500, status=202, reset=reset))

    answer = get(client, server.url)

    assert (answer.status, answer.body) == (202, b"")
    assert answer.fault.startswith("the exchange broke off")


def test_early_hints_are_skipped(server: ScriptedServer, client: HttpClient) -> None:
    """An informational answer is not the answer."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    server.script(fake.garbage(hints + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))

    assert get(client, server.url).body == b"ok"


def test_a_closed_port_is_known_before_sending() -> None:
    """Nothing can have reached anybody."""
    with ScriptedServer() as gone:
        url = gone.url
    error = failure(HttpClient(url), url)

    assert (str(error), error.before_sending) == ("it refuses connections", True)


def test_a_name_that_nobody_has_is_known_before_sending() -> None:
    """The reserved domain `.invalid` never resolves."""
    error = failure(HttpClient("https://graph.invalid"), "https://graph.invalid/", Limits(seconds=30))

    assert (str(error), error.before_sending) == ("its name cannot be resolved", True)


@pytest.fixture
def mute() -> Iterator[str]:
    """The https address of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def test_a_tls_handshake_ends_with_the_exchange(mute: str) -> None:
    """It is before sending, too."""
    began = time.monotonic()
    error = failure(HttpClient(mute), mute)

    assert (str(error), error.before_sending) == ("no connection in time", True)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("value", ["Bearer two\r\nlines", "Bearer ümlaut", "Bearer \x00"])
def test_a_header_that_cannot_be_sent_is_an_error_before_sending(
    server: ScriptedServer, client: HttpClient, value: str
) -> None:
    """And the error holds on to nothing of it."""
    error = failure(client, server.url, Authorization=value)

    assert error.before_sending
    assert (error.__cause__, error.__context__) == (None, None)
    assert not server.requests
