"""A small web server for this machine only: turns bytes into requests, and answers into bytes.

It refuses what a page of another site, open in the same browser, might send: a Host that is not its
own (a name that was pointed at the loopback address) and an Origin that is not its own.
"""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from maa_notify.demo.errors import PortTakenError
from maa_notify.demo.wire import HttpAnswer, HttpRequest, json_answer

HOST: Final = "127.0.0.1"

LARGEST_BODY: Final = 1_000_000

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)

Send = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EventStream:
    """A response that goes on: `run` is given a function that sends text, and returns when it ends."""

    run: Callable[[Send], None]


Answering = Callable[[HttpRequest], HttpAnswer | EventStream]


class LoopbackServer:
    """Listens on the loopback address and lets one function answer, each request in its own thread."""

    def __init__(self, answer: Answering, port: int = 0) -> None:
        """Listen on that port, or on a free one; nothing is answered before `start()`."""
        self._answer = answer
        self._http = _listen(port, self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="maa-demo-http", daemon=True
        )
        self._hosts = frozenset(f"{name}:{self._http.server_port}" for name in (HOST, "localhost"))
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{HOST}:{self._http.server_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and give the port back; may be called twice."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def answer(self, request: HttpRequest) -> HttpAnswer | EventStream:
        """Answer, or refuse what does not come from this machine's own page or programs."""
        if request.header("Host").lower() not in self._hosts:
            return _refused(HTTPStatus.FORBIDDEN, "This server answers to its own address only.")
        origin = request.header("Origin").lower()
        if origin and origin not in self._origins:
            return _refused(HTTPStatus.FORBIDDEN, "This server takes nothing from other sites.")
        return self._answer(request)


class _Http(ThreadingHTTPServer):
    """The standard server, with a port that no other program can share; it waits for no open stream."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name != "nt"

    def __init__(self, port: int, owner: LoopbackServer) -> None:
        self.owner = owner
        super().__init__((HOST, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        """Log nothing: browsers often close connections early."""


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, has it answered and writes the answer."""

    server: _Http
    protocol_version = "HTTP/1.1"
    server_version = "MaaNotifyDemo"
    sys_version = ""
    timeout = 60

    def respond(self) -> None:
        """Answer whatever came."""
        size = self.headers.get("Content-Length", "0")
        if not (size.isascii() and size.isdigit()) or "Transfer-Encoding" in self.headers:
            self._refuse_unread(HTTPStatus.LENGTH_REQUIRED, "Send a body with its length.")
        elif int(size) > LARGEST_BODY:
            self._refuse_unread(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
        else:
            self._send(self.server.owner.answer(self._request(self.rfile.read(int(size)))))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond  # noqa: N815 - looked up by name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as in the base class
        """Log nothing: the page shows the notifier's log, not that of this server."""

    def _request(self, body: bytes) -> HttpRequest:
        target = urlsplit(self.path)
        return HttpRequest(
            method=self.command,
            path=target.path,
            query=target.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            origin=self.server.owner.url,
        )

    def _refuse_unread(self, status: HTTPStatus, sentence: str) -> None:
        self.close_connection = True
        self._send(_refused(status, sentence))

    def _send(self, answer: HttpAnswer | EventStream) -> None:
        if isinstance(answer, EventStream):
            self._send_stream(answer)
            return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        self._end_head(tuple(answer.headers.items()))
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_stream(self, stream: EventStream) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self._end_head((("Connection", "close"),))
        stream.run(self._write_now)

    def _write_now(self, text: str) -> None:
        self.wfile.write(text.encode("utf-8"))
        self.wfile.flush()

    def _end_head(self, more: tuple[tuple[str, str], ...]) -> None:
        for name, value in (*SECURITY_HEADERS, *more):
            self.send_header(name, value)
        self.end_headers()


def free_port() -> int:
    """Return a port of this machine's own address that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _listen(port: int, owner: LoopbackServer) -> _Http:
    try:
        return _Http(port, owner)
    except (OSError, OverflowError) as error:
        raise PortTakenError(port, str(error)) from error


def _refused(status: HTTPStatus, sentence: str) -> HttpAnswer:
    return json_answer(status, {"error": sentence})
