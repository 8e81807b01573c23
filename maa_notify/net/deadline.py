"""Connections whose every wait ends with the exchange it serves, and the proxy of the environment.

A time limit for each read alone never strikes a server that drips its answer byte by byte. So each wait of
`httpcore` is given no more than what is left of the whole exchange. Only the system's own name look-up cannot
be cut short; after one that took too long nothing is sent any more.
"""

import math
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

_LIMITS = httpx.Limits(max_connections=10, keepalive_expiry=5.0)
_END: ContextVar[float] = ContextVar("end of the exchange", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Whatever waits on the network inside this block waits no longer than so many seconds in all."""
    mark = _END.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _END.reset(mark)


class DeadlineBackend(httpcore.NetworkBackend):
    """TCP and TLS of the standard library, patient until the exchange ends and not longer."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first address of a host that answers."""
        _left(timeout, httpcore.ConnectTimeout)
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in _addresses(host, port):
            try:
                left = _left(timeout, httpcore.ConnectTimeout)
                return _Stream(self._plain.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has arrived, as soon as something has."""
        return self._plain.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends."""
        self._plain.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Ends the connection."""
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, with TLS on it from here on."""
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as in httpcore
        """What `httpcore` wants to know of the socket."""
        return self._plain.get_extra_info(info)


def bounded_transport(url: httpx.URL, *, direct: bool) -> httpx.HTTPTransport:
    """A transport of httpx for the service at a URL, every wait of which ends with its exchange.

    Raises:
        httpx.ProxyError: the proxy's address in the environment cannot be used.
        OSError: the file that SSL_CERT_FILE names cannot be read.
    """
    # A context that trusts nobody costs nothing; that of httpx reads a file of 280 kB.
    trust = httpx.create_ssl_context() if url.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    proxy = None if direct else _proxy_of_environment(url, trust)
    transport = httpx.HTTPTransport(verify=trust, proxy=proxy, limits=_LIMITS)
    # httpx has no public way to its engine's sockets; a test says what to do when this one is gone.
    transport._pool._network_backend = DeadlineBackend()  # noqa: SLF001
    return transport


def _proxy_of_environment(url: httpx.URL, trust: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy that HTTPS_PROXY, ALL_PROXY and NO_PROXY (or the system) name for a URL."""
    found = getproxies()
    address = found.get(url.scheme) or found.get("all")
    if not address or proxy_bypass(url.netloc.decode("ascii")):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (httpx.InvalidURL, ValueError) as error:
        raise httpx.ProxyError("its address is none") from error
    if proxy.url.scheme not in {"http", "https"}:
        raise httpx.ProxyError("only http and https proxies are supported")
    proxy.ssl_context = trust if proxy.url.scheme == "https" else None
    return proxy


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError("the name cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _left(timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
    """How long may be waited now."""
    left = _END.get() - time.monotonic()
    if left <= 0:
        raise too_late
    shorter = left if timeout is None else min(timeout, left)
    return None if math.isinf(shorter) else shorter
