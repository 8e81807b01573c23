"""Graph's list and a Teams webhook as fast as bytes can be sent, in a process of its own.

Its work counts for neither side: the pages are made once, and both sides are sent the same bytes.

    GET  /beta/…         a page of the list
    PUT  /grow/N         N more requests are listed from now on
    POST anything        a card, which is accepted
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.request import Request, urlopen

from bench.listing import request
from maa_notify.graph.client import COLLECTION

PAGE_SIZE = 100
_SMALL = 4_096


class TenantServer:
    """What the rest of the benchmark knows of the process: where it is, and how to let its list grow."""

    def __init__(self, port: int) -> None:
        """For the process that listens there."""
        self.url = f"http://127.0.0.1:{port}"
        self.webhook = f"{self.url}/workflows/bench?sig=none"

    def grow(self, count: int) -> None:
        """Lists so many more requests."""
        with urlopen(Request(f"{self.url}/grow/{count}", method="PUT")) as answer:  # noqa: S310 - our own
            answer.read()


@contextmanager
def serving(count: int, body_bytes: int = 0) -> Iterator[TenantServer]:
    """A tenant with so many requests, for as long as the block lasts."""
    command = [sys.executable, "-m", "bench.server", str(count), str(body_bytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            yield TenantServer(int(process.stdout.readline() if process.stdout else ""))
        finally:
            process.terminate()


class _Listing:
    """The pages, as bytes."""

    def __init__(self, count: int, body_bytes: int) -> None:
        self.origin = ""
        self._count = count
        self._body_bytes = body_bytes
        self._kept = cache(self._made)

    def grow(self, count: int) -> None:
        """Lists so many more requests."""
        self._count += count
        self._kept.cache_clear()
        for start in range(0, self._count, PAGE_SIZE):
            self.page(start)

    def page(self, start: int) -> bytes:
        """The answer with the page that begins there."""
        return self._kept(start) if self._body_bytes < _SMALL else self._made(start)

    def _made(self, start: int) -> bytes:
        end = min(start + PAGE_SIZE, self._count)
        page = {"value": [request(number, self._body_bytes) for number in range(start, end)]}
        if end < self._count:
            page["@odata.nextLink"] = f"{self.origin}{COLLECTION}?$skiptoken={end}"  # type: ignore[assignment]
        return _answer(200, json.dumps(page).encode())


class _Connection(asyncio.Protocol):
    """One connection, kept open; requests come one after the other."""

    def __init__(self, listing: _Listing) -> None:
        self._listing = listing
        self._received = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers as soon as a request is there whole."""
        self._received += data
        head, found, rest = bytes(self._received).partition(b"\r\n\r\n")
        if found and len(rest) >= _length(head) and self._transport is not None:
            self._received.clear()
            method, target, _ = head.split(b" ", 2)
            self._transport.write(self._answer(method.decode(), target.decode()))

    def _answer(self, method: str, target: str) -> bytes:
        if method == "POST":
            return _answer(202)
        if method == "PUT":
            self._listing.grow(int(target.rpartition("/")[2]))
            return _answer(204)
        return self._listing.page(int(target.partition("$skiptoken=")[2] or "0"))


def _length(head: bytes) -> int:
    found = head.lower().partition(b"\r\ncontent-length:")[2]
    return int(found.partition(b"\r\n")[0] or b"0")


def _answer(status: int, body: bytes = b"") -> bytes:
    kind = "Content-Type: application/json\r\n" if body else ""
    return f"HTTP/1.1 {status} Fine\r\n{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _serve(count: int, body_bytes: int) -> None:
    listing = _Listing(count, body_bytes)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(listing), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    listing.origin = f"http://127.0.0.1:{port}"
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
