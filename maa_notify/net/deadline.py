"""Connections that share one time limit for the whole exchange, and note how far it came.

A time limit for each read does not stop a server that sends its answer byte by byte. So each wait of
`httpcore` is given no more than what is left of the whole exchange. The system's name look-up cannot be
interrupted, so it runs in a thread, which is abandoned when time is up.

Exchanges that belong together, such as a sign-in and the calls for which it is needed, can share one limit.
"""

import ipaddress
import math
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, Token
from threading import Thread
from types import TracebackType
from typing import Any, Self

import httpcore
import httpx

from maa_notify.net.environment import proxy_for, trust_context

_CONNECTIONS = httpx.Limits(max_connections=10, keepalive_expiry=5.0)
_HEAD_BYTES = 32 * 1024
_PIECE_BYTES = 4 * 1024
_END: ContextVar[float] = ContextVar("end", default=math.inf)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Ends all exchanges within its block so many seconds from now, however many there are.

    Limits of single exchanges, and that of a block around this one, still hold.
    """
    mark = _END.set(min(_END.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _END.reset(mark)


def time_left() -> float:
    """The seconds that are left of the `time_limit` around, 0 at least; infinite outside of one."""
    return max(0.0, _END.get() - time.monotonic())


class Exchange:
    """One request and its response: a time limit for all waits on the network in its `with` block.

    Attributes:
        seconds: its time limit as it began, that of `time_limit` included.
        sent: anything of the request itself may have left this machine.
        at_proxy: whoever was spoken to last is a proxy, on the way to the service.
        head: the first bytes of what was answered last.
    """

    def __init__(self, seconds: float) -> None:
        """Sets the end to so many seconds from now, or to the sooner one of the `time_limit` around."""
        self.seconds = min(seconds, time_left())
        self.sent = False
        self.at_proxy = False
        self.head = bytearray()
        self._ends_at = time.monotonic() + self.seconds
        self._mark: Token[Exchange] | None = None

    def __enter__(self) -> Self:
        self._mark = _EXCHANGE.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mark is not None:
            _EXCHANGE.reset(self._mark)

    def left(self, timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
        """The time that a wait may still take, in seconds; None for no limit."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise too_late
        shorter = left if timeout is None else min(timeout, left)
        return None if math.isinf(shorter) else shorter

    def writes(self, data: bytes) -> None:
        """Notes that these bytes are about to be sent."""
        if data:
            # CONNECT only asks a proxy for a tunnel: nothing of the request has reached the service yet.
            is_for_proxy = data.startswith(b"CONNECT ")
            self.sent = self.sent or not is_for_proxy
            self.at_proxy = self.at_proxy and is_for_proxy
            self.head.clear()

    def reads(self, data: bytes) -> None:
        """Notes what has arrived."""
        if len(self.head) < _HEAD_BYTES:
            self.head += data

    def starts_tls(self) -> None:
        """Notes that a TLS handshake begins."""
        if self.head:  # the proxy has answered, so the tunnel stands: from here on it is the service
            self.at_proxy = False
            self.head.clear()


_EXCHANGE: ContextVar[Exchange] = ContextVar("exchange")


def _exchange() -> Exchange:
    """The exchange of this context; outside of any, one without a time limit."""
    return _EXCHANGE.get(None) or Exchange(math.inf)


class DeadlineBackend(httpcore.NetworkBackend):
    """TCP and TLS of the standard library, with waits that end with the exchange."""

    def __init__(self, *, to_proxy: bool = False, look_up: "LookUp | None" = None) -> None:
        """For connections to the service, or to a proxy on the way there; `look_up` is the system's own."""
        self._plain = httpcore.SyncBackend()
        self._to_proxy = to_proxy
        self._look_up = look_up or _system_look_up

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address of a host that answers."""
        exchange = _exchange()
        exchange.at_proxy = self._to_proxy
        # A resolver whose first server is dead takes longer than a connection may: it has the whole exchange.
        wait = exchange.left(None, httpcore.ConnectTimeout)
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in _addresses(self._look_up, host, port, wait):
            try:
                left = exchange.left(timeout, httpcore.ConnectTimeout)
                return _Stream(self._plain.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, as soon as any have arrived."""
        exchange = _exchange()
        data = self._plain.read(max_bytes, exchange.left(timeout, httpcore.ReadTimeout))
        exchange.reads(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends."""
        exchange = _exchange()
        exchange.left(timeout, httpcore.WriteTimeout)
        exchange.writes(buffer)
        for start in range(0, len(buffer), _PIECE_BYTES):  # one wait for all would begin anew after each part
            left = exchange.left(timeout, httpcore.WriteTimeout)
            self._plain.write(buffer[start : start + _PIECE_BYTES], left)

    def close(self) -> None:
        """Ends the connection."""
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, with TLS from now on."""
        exchange = _exchange()
        exchange.starts_tls()
        left = exchange.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as in httpcore
        """What `httpcore` wants to know of the socket."""
        return self._plain.get_extra_info(info)


def bounded_transport(url: httpx.URL, *, direct: bool) -> httpx.HTTPTransport:
    """A transport of httpx for the service at a URL, every wait of which ends with its exchange.

    Raises:
        ConnectionSettingError: the environment's proxy or certificates cannot be used.
    """
    address = "" if direct else proxy_for(url)
    uses_tls = "https" in {url.scheme, address.partition("://")[0].lower()}
    # A context that trusts nobody costs nothing; that of httpx reads a file of 280 kB.
    trust = trust_context() if uses_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    proxy = httpx.Proxy(address) if address else None
    if proxy is not None and proxy.url.scheme == "https":
        proxy.ssl_context = trust
    transport = httpx.HTTPTransport(verify=trust, proxy=proxy, limits=_CONNECTIONS)
    # httpx has no public way to its engine's sockets; a test says what to do when this one is gone.
    transport._pool._network_backend = DeadlineBackend(to_proxy=proxy is not None)  # noqa: SLF001
    return transport


LookUp = Callable[[str, int], list[str]]


def _addresses(look_up: LookUp, host: str, port: int, seconds: float | None) -> list[str]:
    """The addresses of a host, in the order of preference.

    Raises:
        httpcore.ConnectError: it has none.
        httpcore.ConnectTimeout: nobody said so in time.
    """
    if _is_address(host):
        return [host]
    found: Future[list[str]] = Future()

    def ask() -> None:
        try:
            found.set_result(look_up(host, port))
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            found.set_exception(error)

    try:
        Thread(target=ask, name="look-up", daemon=True).start()
    except RuntimeError:  # there is no room for another thread, or the process ends: then it is waited for
        ask()
    try:
        return found.result(seconds)
    except TimeoutError:
        raise httpcore.ConnectTimeout("the name was not resolved in time") from None
    except OSError as error:
        raise httpcore.ConnectError("the name cannot be resolved") from error


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _system_look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
