"""`GET /metrics` for Prometheus, beside the polls of `watch`."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PATH = "/metrics"
_PATIENCE_SECONDS = 10.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Windows that option would let two programs listen on one port.
    allow_reuse_address = sys.platform != "win32"

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is no news."""


class MetricsServer:
    """Serves a text until it is closed."""

    def __init__(self, host: str, port: int, text: Callable[[], str]) -> None:
        """Listens at once.

        Raises:
            OSError: it cannot listen there.
        """
        self._server = _Server((host, port), _handler_of(text))
        Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    @property
    def port(self) -> int:
        """The port, also where 0 left the choice to the system."""
        return self._server.server_port

    def close(self) -> None:
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler_of(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_SECONDS  # a caller who says nothing holds a thread no longer than that
        server_version, sys_version = "maa-notify", ""

        def do_GET(self) -> None:
            """Answers a scrape."""
            is_known = self.path.partition("?")[0] == _PATH
            body = (text() if is_known else f"see {_PATH}\n").encode()
            self.send_response(HTTPStatus.OK if is_known else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", _TYPE if is_known else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the standard library has it
            """Leaves no line of a scrape."""

    return Handler
