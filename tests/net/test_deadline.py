"""Time limits that several exchanges share, and waits that no time limit of a socket ends."""

import threading
import time
from contextlib import closing

import httpcore
import pytest

from maa_notify.net.client import HttpClient, Limits, NoResponseError
from maa_notify.net.deadline import DeadlineBackend, Exchange, time_left, time_limit
from tests.support import wire as fake
from tests.support.wire import ScriptedServer, reply

LONG = Limits(seconds=60)


def test_exchanges_in_one_block_end_together(server: ScriptedServer, client: HttpClient) -> None:
    """The second one has only what the first one left; afterwards all is as before."""
    server.script(fake.hang(0.4, reply(200, text="late")), fake.hang())
    began = time.monotonic()
    with time_limit(1.5):
        first = client.request("GET", server.url, headers={}, limits=LONG)
        left = time_left()
        with pytest.raises(NoResponseError, match="no answer in time"):
            client.request("GET", server.url, headers={}, limits=LONG)
        ended = time_left()

    assert (first.body, ended) == (b"late", 0.0)
    assert 0 < left <= 1.1
    assert time.monotonic() - began < 20
    assert time_left() == float("inf")
    assert client.request("GET", server.url, headers={}, limits=LONG).body == b"fine"


def test_the_shorter_limit_holds() -> None:
    """A block cannot be outlasted from within, and an exchange of its own limit is not made longer."""
    with time_limit(5), time_limit(50):
        assert time_left() <= 5
        assert Exchange(60).seconds <= 5
        assert Exchange(0.5).seconds == 0.5


def test_a_name_look_up_that_hangs_ends_with_the_exchange() -> None:
    """The system's own cannot be cut short, so it is left behind."""
    answered = threading.Event()

    def hangs(host: str, port: int) -> list[str]:
        answered.wait(60)
        return ["127.0.0.1"]

    began = time.monotonic()
    with Exchange(0.2), pytest.raises(httpcore.ConnectTimeout):
        DeadlineBackend(look_up=hangs).connect_tcp("flow.invalid", 443, timeout=5)
    answered.set()

    assert time.monotonic() - began < 20


def test_a_name_that_is_resolved_slowly_is_used(server: ScriptedServer) -> None:
    """A resolver whose first server is dead takes longer than a connection may."""

    def slow(host: str, port: int) -> list[str]:
        threading.Event().wait(0.3)
        return ["127.0.0.1"]

    with Exchange(30):
        backend = DeadlineBackend(look_up=slow)
        stream = backend.connect_tcp("flow.invalid", int(server.url.rsplit(":", 1)[1]), timeout=0.2)
    stream.close()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 202 Accepted\r\nbare words\r\n",
        b"HTTP/1.1 202 Accepted\r\n",
        b"HTTP/1.1 202 Accepted\nbare words\n\n",
        b"HTTP/1.1 202 Accepted\r\n folded\r\n\r\n",
        b"HTTP/1.1 202 Accepted\rX: y\r\r",
        b"HTTP/1.1 202 Accepted\r\r\nX: y\r\r\n\r\r\n",
        b"\r\nHTTP/1.1 202 Accepted\r\nX: y\r\n\r\n",
        b"HTTP/1.1  202 Accepted\r\nX: y\r\n\r\n",
        b"http/1.1 202\r\nbare words\r\n\r\n",
    ],
    ids=["open end", "alone", "LF", "folded", "CR", "CR CR LF", "blank line", "two blanks", "small letters"],
)
@pytest.mark.parametrize("end", ["closed", "reset"])
def test_a_status_line_stands_however_its_headers_end(server: ScriptedServer, head: bytes, end: str) -> None:
    """Or a card that was accepted would be posted again and again."""
    server.script(fake.garbage(head, reset=end == "reset"))
    with closing(HttpClient(server.url)) as client:
        answer = client.request("POST", server.url, headers={}, content=b"{}", limits=LONG)

    assert answer.status == 202


def test_headers_whose_end_only_others_see(server: ScriptedServer, client: HttpClient) -> None:
    """The connection stays open after lines that end in an odd way, so the library waits for more."""
    server.script(fake.garbage(b"HTTP/1.1 202 Accepted\r\r\nX: y\r\r\n\r\r\n", hang=True))

    assert client.request("GET", server.url, headers={}, limits=Limits(seconds=0.5)).status == 202


PAGE = "<!DOCTYPE html><html><title>Sign in</title>"


@pytest.mark.parametrize(
    "answer, is_page",
    [
        (reply(200, text=PAGE), True),
        (reply(200, body=b"\xef\xbb\xbf \n" + PAGE.encode()), True),
        (reply(200, body=PAGE.encode(), headers={"Content-Type": "application/json"}), True),
        (reply(200, body=b"Sign in", headers={"Content-Type": "text/html; charset=utf-8"}), True),
        (reply(200, body=b"<?xml version='1.0'?><WISPAccessGatewayParam/>"), True),
        (fake.garbage(b"HTTP/1.1 200 OK\r\nodd\r\n\r\n<html>"), True),
        (fake.garbage(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<html>"), True),
        (reply(200, body=PAGE.encode() + b"x" * 2_000), True),
        (reply(200, body=b"??", headers={"Content-Type": "text/html", "Content-Encoding": "br"}), True),
        (reply(200), False),
        (reply(200, text="1"), False),
        (reply(200, body=b"1", headers={"Content-Type": "text/html"}), False),
        (reply(200, body=b'{"a": 1}', headers={"Content-Type": "text/html"}), False),
        (reply(200, body=b"", headers={"Content-Type": "text/html"}), False),
        (reply(200, json={"text": PAGE}), False),
    ],
)
def test_a_web_page_is_known(
    server: ScriptedServer, client: HttpClient, answer: fake.HttpResponse, is_page: bool
) -> None:
    """By its type or by its beginning, even when it is not whole."""
    server.script(answer)

    got = client.request("GET", server.url, headers={}, limits=Limits(seconds=5, max_bytes=1_000))

    assert got.is_web_page == is_page
