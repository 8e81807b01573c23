"""A real HTTP server that answers exactly as badly as a test asks.

A test scripts what the server says next and looks at what arrived::

    with ScriptedServer(default=reply(202)) as server:
        server.script(reply(503, headers={"Retry-After": "7"}), reset())
        ...
        assert [seen.method for seen in server.requests] == ["POST", "POST", "POST"]

Everything happens over a socket on the loopback, so timeouts, redirects, resets, compression and TLS are
the client's own. Leaving the ``with`` block frees whatever still hangs, ends every thread and raises what
went wrong inside a handler.
"""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
import time
import zlib
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPException, parse_headers
from json import dumps
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Protocol

from maa_notify.demo.wire import HttpAnswer, HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from types import TracebackType
    from typing import Self

JOIN_SECONDS = 10.0
_LINGER_FORMAT = "hh" if sys.platform == "win32" else "ii"
_ABSENT = object()
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Seen(HttpRequest):
    """One request as it arrived, written down before it is answered; repeated headers are joined."""

    at: float
    """Arrival on the monotonic clock, for tests of order and pace."""


@dataclass(frozen=True, slots=True)
class Line:
    """The wire to one waiting client, as an answer uses it."""

    seen: Seen
    _socket: socket.socket
    _released: threading.Event
    _stopping: threading.Event

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def pause(self, seconds: float | None) -> None:
        """Wait that long (None: for ever) or until released; a stopping server ends the connection."""
        self._released.wait(seconds)
        if self._stopping.is_set():
            raise ConnectionAbortedError

    def reset_on_close(self) -> None:
        """Make the coming close a TCP reset instead of an orderly end."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER_FORMAT, 1, 0))


class HttpResponse(Protocol):
    """What the server does with one request."""

    def play(self, line: Line) -> bool:
        """Put the answer on the line; True when the connection may carry another request."""
        ...


@dataclass(frozen=True, slots=True)
class _Reply:
    """A whole, well-formed response."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def head(self) -> bytes:
        """Return status line and headers, up to and with the empty line."""
        reason = HTTPStatus(self.status).phrase if self.status in list(HTTPStatus) else "Unknown"
        fields = [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([f"HTTP/1.1 {self.status} {reason}", *fields, "", ""]).encode("latin-1")

    def play(self, line: Line) -> bool:
        """Send it, and keep the connection unless a header closes it."""
        line.send(self.head() + (b"" if line.seen.method == "HEAD" else self.body))
        return self.headers.get("Connection", "").lower() != "close"


@dataclass(frozen=True, slots=True)
class _Hang:
    """Silence, then perhaps an answer."""

    seconds: float | None
    then: HttpResponse | None

    def play(self, line: Line) -> bool:
        """Hold the client, then answer or hang up."""
        line.pause(self.seconds)
        return self.then.play(line) if self.then else False


@dataclass(frozen=True, slots=True)
class _Raw:
    """Bytes of any kind, followed by the end of the connection."""

    data: bytes = b""
    reset: bool = False
    hang: bool = False

    def play(self, line: Line) -> bool:
        """Send the bytes and end, politely or not, at once or when told to."""
        if self.data:
            line.send(self.data)
        if self.hang:
            line.pause(None)
        if self.reset:
            line.reset_on_close()
        return False


@dataclass(frozen=True, slots=True)
class _Drip:
    """A sound response that takes its time."""

    at_once: bytes
    slowly: bytes
    chunk: int
    pause: float

    def play(self, line: Line) -> bool:
        """Send the first part whole and the rest in small pieces."""
        line.send(self.at_once)
        for start in range(0, len(self.slowly), self.chunk):
            line.pause(self.pause)
            line.send(self.slowly[start : start + self.chunk])
        return True


@dataclass(frozen=True, slots=True)
class _Endless:
    """A body without an end."""

    head: bytes
    chunk: bytes

    def play(self, line: Line) -> bool:
        """Send until the client closes or the server stops; either ends it with an OSError."""
        line.send(self.head)
        while True:
            line.send(b"%x\r\n%b\r\n" % (len(self.chunk), self.chunk))
            line.pause(0)


@dataclass(frozen=True, slots=True)
class _Handler:
    """An answer decided when the request is there."""

    decide: Callable[[Seen], HttpResponse]

    def play(self, line: Line) -> bool:
        """Ask, then play what was decided."""
        return self.decide(line.seen).play(line)


def reply(
    status: int = 200,
    *,
    json: object = _ABSENT,
    text: str | None = None,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> _Reply:
    """Answer with a status and a body given as JSON, as text or as bytes."""
    content = {}
    if json is not _ABSENT:
        body, content = dumps(json).encode(), {"Content-Type": "application/json; charset=utf-8"}
    elif text is not None:
        body, content = text.encode(), {"Content-Type": "text/plain; charset=utf-8"}
    length = {} if status in {204, 304} else {"Content-Length": str(len(body))}
    return _Reply(status, {**content, **length, **(headers or {})}, body)


def played(answer: HttpAnswer) -> HttpResponse:
    """Answer as a simulated service would."""
    content = {"Content-Type": answer.content_type} if answer.content_type else {}
    return reply(answer.status, body=answer.body, headers={**content, **answer.headers})


def redirect(status: int, location: str) -> HttpResponse:
    """Send the client elsewhere."""
    return reply(status, headers={"Location": location})


def hang(seconds: float | None = None, then: HttpResponse | None = None) -> HttpResponse:
    """Say nothing for that long, or until ``server.release()``; then play another answer or hang up."""
    return _Hang(seconds, then)


def reset() -> HttpResponse:
    """Break the connection with a TCP reset."""
    return _Raw(reset=True)


def close_without_answer() -> HttpResponse:
    """End the connection in good order without a byte of answer."""
    return _Raw()


def truncated(body: bytes, content_length: int, *, status: int = 200, reset: bool = False) -> HttpResponse:
    """Promise a longer body than is sent, then end the connection (or reset it)."""
    headers = {"Content-Type": "application/json", "Content-Length": str(content_length)}
    return _Raw(_Reply(status, headers).head() + body, reset)


def drip(
    body: bytes, chunk: int = 1, pause: float = 0.01, *, head: bool = False, status: int = 200
) -> HttpResponse:
    """Send the body, or with ``head`` the status line and headers too, in small pieces."""
    top = reply(status, body=body, headers={"Content-Type": "application/json"}).head()
    return _Drip(b"", top + body, chunk, pause) if head else _Drip(top, body, chunk, pause)


def endless(chunk: bytes = b" " * 65536, *, status: int = 200) -> HttpResponse:
    """Send a body that never ends; it stops when the client closes or the server does."""
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    return _Endless(_Reply(status, headers).head(), chunk)


def gzip_bomb(size: int, *, status: int = 200) -> HttpResponse:
    """Send a small body that unpacks to that many bytes."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return reply(status, body=_squeezed_blanks(size), headers=headers)


def garbage(
    data: bytes = b"\x16\x03\x00 this is no HTTP \xff\xfe\r\n\r\n", *, reset: bool = False, hang: bool = False
) -> HttpResponse:
    """Send something that is not HTTP; then end the connection, reset it, or say no more."""
    return _Raw(data, reset, hang)


def handler(decide: Callable[[Seen], HttpResponse]) -> HttpResponse:
    """Decide the answer by looking at the request; what it raises is raised when the server stops."""
    return _Handler(decide)


@lru_cache(maxsize=4)
def _squeezed_blanks(size: int) -> bytes:
    """Gzip that many blanks without ever holding them all."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b" " * _MEBIBYTE
    parts = [squeezer.compress(block) for _ in range(size // _MEBIBYTE)]
    return b"".join([*parts, squeezer.compress(block[: size % _MEBIBYTE]), squeezer.flush()])


class ScriptedServer:
    """An HTTP/1.1 server on a free loopback port whose every answer a test decides.

    Answers come from the queue of the longest path prefix that still has any, else from ``default``.
    """

    def __init__(self, default: HttpResponse | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen at once (so ``url`` is known); serve from the start of the ``with`` block."""
        self.default: HttpResponse = default or reply(404)
        self._tls = tls
        self._changed = threading.Condition()
        self._queues: dict[str, deque[HttpResponse]] = {}
        self._seen: list[Seen] = []
        self._errors: list[Exception] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._released = threading.Event()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._address = self._listener.getsockname()

    @property
    def url(self) -> str:
        """The origin, without a slash at the end; once stopped, connections to it are refused."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._address[1]}"

    @property
    def requests(self) -> list[Seen]:
        """Everything that arrived so far, oldest first, as a copy that no longer changes."""
        with self._changed:
            return list(self._seen)

    @property
    def connections(self) -> int:
        """How many connections were accepted: more than needed means no keep-alive."""
        with self._changed:
            return len(self._threads) - 1

    def script(self, *answers: HttpResponse, path: str = "/") -> None:
        """Queue answers for requests whose path starts so, one each, before the default applies again."""
        with self._changed:
            self._queues.setdefault(path, deque()).extend(answers)

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Seen]:
        """Return the requests as soon as there are that many; fail when time runs out."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._seen) >= count, timeout):
                message = f"{len(self._seen)} of {count} requests arrived within {timeout} s"
                raise AssertionError(message)
            return list(self._seen)

    def release(self) -> None:
        """Let every answer that pauses for a request seen so far go on at once."""
        with self._changed:
            self._released.set()
            self._released = threading.Event()

    def __enter__(self) -> Self:
        """Start to serve."""
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and raise what a handler raised unless the test fails anyway."""
        self.stop()
        if error is None and self._errors:
            raise self._errors[0]

    def stop(self) -> None:
        """Free what hangs, cut every connection and end every thread; harmless when repeated."""
        with self._changed:
            self._stopping.set()
            self._released.set()
            for connection in self._open:
                _shut_down(connection)
        with suppress(OSError):  # the acceptor sleeps until somebody calls
            socket.create_connection(self._address, timeout=JOIN_SECONDS).close()
        for thread in list(self._threads):
            thread.join(JOIN_SECONDS)
            if thread.is_alive():
                self._errors.append(RuntimeError(f"a handler of {self.url} does not end"))
        self._listener.close()

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        """Run something beside the test."""
        thread = threading.Thread(target=target, args=arguments, name=self.url, daemon=True)
        with self._changed:
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        """Give each client a thread of its own."""
        while True:
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            self._spawn(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        """Answer one client until either side has enough."""
        try:
            with plain, self._watched(plain) as connection:
                self._converse(connection)
        except OSError:
            pass  # the client went away, or the server stops
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in the test
            self._errors.append(error)

    @contextmanager
    def _watched(self, plain: socket.socket) -> Generator[socket.socket]:
        """Put TLS on when asked for, and let stopping cut the connection while it is in use."""
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._secured(plain) as connection:
            with self._changed:
                self._open.add(connection)
                if self._stopping.is_set():
                    _shut_down(connection)
            try:
                yield connection
            finally:
                with self._changed:
                    self._open.discard(connection)

    def _secured(self, plain: socket.socket) -> socket.socket:
        """Return the connection as it is, or with TLS whose handshake is still to come."""
        if self._tls is None:
            return plain
        return self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)

    def _converse(self, connection: socket.socket) -> None:
        """Read requests and play answers on one connection."""
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        with connection.makefile("rb") as stream:
            for seen in _requests(stream, self.url):
                line, answer = self._note(seen, connection)
                if not answer.play(line) or seen.headers.get("connection") == "close":
                    return

    def _note(self, seen: Seen, connection: socket.socket) -> tuple[Line, HttpResponse]:
        """Write the request down and choose its answer, in one step."""
        with self._changed:
            self._seen.append(seen)
            self._changed.notify_all()
            line = Line(seen, connection, self._released, self._stopping)
            return line, self._choose(seen.path)

    def _choose(self, path: str) -> HttpResponse:
        """Take the next answer of the longest matching prefix."""
        for prefix in sorted(self._queues, key=len, reverse=True):
            if path.startswith(prefix) and self._queues[prefix]:
                return self._queues[prefix].popleft()
        return self.default


class Fake:
    """A simulated service on a server of its own, with faults in front of it: the base of every fake."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen at once; serve from the start of the ``with`` block."""
        self._server = ScriptedServer(handler(self._answer), tls=tls)
        self._lock = threading.Lock()
        self._next: list[tuple[str, HttpResponse, bool]] = []
        self._outages: dict[str, HttpResponse] = {}
        self._ills: dict[bytes, tuple[HttpResponse, bool]] = {}
        self._largest: tuple[int, HttpResponse] | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self._server.url

    @property
    def url(self) -> str:
        """The address to hand out."""
        return self.origin

    @property
    def calls(self) -> list[Seen]:
        """Every call so far, oldest first, refused and scripted ones too."""
        return self._server.requests

    def wait_for_calls(self, count: int, timeout: float = 10.0) -> list[Seen]:
        """Return the calls as soon as there are that many."""
        return self._server.wait_for(count, timeout)

    def fail_next(self, *answers: HttpResponse, on: str = "", posted: bool = False) -> None:
        """Give these answers to the next calls, or to those of a kind; then serve again.

        With ``posted`` the call has its effect all the same: it is taken and only the answer is lost.
        """
        with self._lock:
            self._next.extend((on, answer, posted) for answer in answers)

    def answer_all(self, answer: HttpResponse | None, on: str = "") -> None:
        """Give one answer to all calls, or to those of a kind, until told otherwise; None ends it."""
        with self._lock:
            self._outages.pop(on, None)
            if answer:
                self._outages[on] = answer

    def answer_those_with(self, words: str, answer: HttpResponse | None, *, posted: bool = False) -> None:
        """Give one answer to all calls whose body holds these words, until told otherwise; None ends it.

        With ``posted`` such a call has its effect all the same.
        """
        with self._lock:
            self._ills.pop(words.encode(), None)
            if answer:
                self._ills[words.encode()] = answer, posted

    def answer_larger_than(self, size: int, answer: HttpResponse) -> None:
        """Give one answer to all calls whose body is larger than so many bytes."""
        with self._lock:
            self._largest = size, answer

    def release(self) -> None:
        """Let answers that hang go on."""
        self._server.release()

    def __enter__(self) -> Self:
        """Start to serve."""
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self._server.__exit__(kind, error, trace)

    def _serve(self, seen: Seen) -> HttpResponse:
        """Answer one call that nothing is scripted for."""
        raise NotImplementedError

    def _kind(self, seen: Seen) -> str:
        """Return what ``on`` names: the path, unless a fake has better words for its calls."""
        return seen.path

    def _answer(self, seen: Seen) -> HttpResponse:
        """Answer as scripted, else as the service would."""
        scripted, has_effect = self._scripted(self._kind(seen), seen.body)
        if scripted and not has_effect:
            return scripted
        served = self._serve(seen)
        return scripted or served

    def _scripted(self, kind: str, body: bytes) -> tuple[HttpResponse | None, bool]:
        """Take the next answer for such a call, if there is one, and say whether the call has its effect."""
        with self._lock:
            for fault in self._next:
                on, answer, posted = fault
                if on in {"", kind} or kind.startswith(f"{on}/"):
                    self._next.remove(fault)
                    return answer, posted
            for words, ill in self._ills.items():
                if body and words in body:
                    return ill
            if self._largest and len(body) > self._largest[0]:
                return self._largest[1], False
            outage = self._outages.get(kind) or self._outages.get("")
            return outage, outage is None


def _shut_down(connection: socket.socket) -> None:
    """End a connection under a thread that reads or writes it, TLS or not."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _requests(stream: BinaryIO, origin: str) -> Iterator[Seen]:
    """Read one request after the other until the client ends."""
    while first := stream.readline():
        yield _read_request(first, stream, origin)


def _read_request(first: bytes, stream: BinaryIO, origin: str) -> Seen:
    """Read a request whose first line is already there; what is no HTTP ends the connection."""
    try:
        method, target, _ = first.decode("latin-1").split()
        fields = parse_headers(stream)
    except (ValueError, HTTPException) as error:
        raise ConnectionAbortedError from error
    headers = {name.lower(): ", ".join(fields.get_all(name, [])) for name in fields}
    path, _, query = target.partition("?")
    body = _read_body(headers, stream)
    return Seen(method, path, query, MappingProxyType(headers), body, origin, time.monotonic())


def _read_body(headers: Mapping[str, str], stream: BinaryIO) -> bytes:
    """Read the announced body; our clients always announce one."""
    if "transfer-encoding" in headers:
        message = "ScriptedServer reads bodies with a Content-Length only"
        raise NotImplementedError(message)
    length = int(headers.get("content-length", "0"))
    body = stream.read(length)
    if len(body) < length:
        raise ConnectionAbortedError
    return body
