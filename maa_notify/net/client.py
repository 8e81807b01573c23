"""One HTTP request and its response, bounded and quiet. Graph, Teams and the sign-in are called through it.

It stands on httpx' transport and does without httpx' client, which sets no limit to a request as a whole
(encode/httpx #1450), unpacks bodies without one, keeps cookies, and writes whole URLs into the log. Here
nothing is sent to another origin than the one given, no redirect is followed, every request has an end in
time and size, and no error or log line holds a URL or a header.
"""

import json
import logging
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

import httpx
from msgspec import Struct

from maa_notify.net.deadline import Exchange, bounded_transport
from maa_notify.net.environment import ConnectionSettingError, is_this_machine

_CONNECT_SECONDS = 5.0
_PORTS = {"https": 443, "http": 80}
_PORT_END = 65_536
_CHATTY = ("azure", "httpcore", "httpx", "msal", "requests", "urllib3")

_FAULTS = (
    httpx.InvalidURL,
    httpx.TransportError,
    OSError,  # a proxy's address or a certificate file that cannot be used
    ValueError,  # a header that cannot be sent
)
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its name cannot be resolved"),
    (ssl.SSLCertVerificationError, "its TLS certificate is not accepted"),
    (ssl.SSLError, "TLS failed"),
    (ConnectionRefusedError, "it refuses connections"),
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.TimeoutException, "no answer in time"),
    (httpx.ConnectError, "no connection"),
    (TimeoutError, "no answer in time"),
)
_UNPACKED = frozenset({"", "identity"})
_ZLIB = frozenset({"gzip", "x-gzip", "deflate"})
_PIECE_BYTES = 64 * 1024
_STATUS_LINE = re.compile(
    rb"\s*+(?>HTTP/\d(?:\.\d)?[ \t]+1\d\d(?s:.*?)(?:\n\r*\n|\r\r)\s*+)*+"
    rb"HTTP/\d(?:\.\d)?[ \t]+([2-5]\d\d)\b[^\r\n]*(?:\r*\n|\r)",
    re.IGNORECASE,
)
_LINE_END = re.compile(rb"\r*\n|\r")
_HEADER_LINE = re.compile(rb"^([A-Za-z0-9-]+)[ \t]*:([^\n\x00]*)", re.MULTILINE)
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?><\?xml[^>]*>\s*)?<(?:!|/?(?:html|head|title|body|meta|base|link|"
    rb"style|script|noscript|frameset|iframe|center|h[1-6]|p|div|span|br|hr|a|img|font|form|table|ul|main|section|"
    rb"header|svg|WISPAccessGatewayParam)\b)",
    re.IGNORECASE,
)
_PAGE_BYTES = 512
_MEDIA_TYPE = re.compile(r"\s*([^\s;,]*)")
_PROXY_SIGN_IN = "407"


class NoResponseError(Exception):
    """No response came; the text names the kind of failure, never an address.

    `before_sending` is true when nothing can have reached the other side.
    """

    def __init__(self, reason: str, *, before_sending: bool = False) -> None:
        super().__init__(reason)
        self.before_sending = before_sending


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response; header names in lower case.

    `fault` says why the body could not be had whole; it is empty then, while status and headers still count.
    `is_web_page` is true for what a browser would show, as a proxy or a captive portal answers in a service's
    place; it can be told from the beginning of a body that is not whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    fault: str = ""
    is_web_page: bool = False

    @property
    def media_type(self) -> str:
        """The media type in small letters, without parameters, whatever separates them; "" for none."""
        return _media_type(self.headers)

    @property
    def retry_after(self) -> float | None:
        """The wait that `Retry-After` asks for, in seconds; a date in it counts from the response's own."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:9])
        until = _moment(value)
        if until is None:
            return None
        since = _moment(self.headers.get("date", "")) or datetime.now(UTC)
        return max(0.0, (until - since).total_seconds())

    def json(self) -> object:
        """The JSON in the body, in any encoding of Unicode; None when it holds none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def json_object(self) -> dict[str, Any] | None:
        """The JSON object in the body; None when it holds none."""
        found = self.json()
        return found if isinstance(found, dict) else None


class Limits(Struct, frozen=True):
    """How long a request may take until its response is whole, in seconds, and how large that may be."""

    seconds: float = 20.0
    max_bytes: int = 64 * 1024


class HttpClient:
    """Connections to one service, kept open between requests; for any number of threads."""

    def __init__(self, url: str, *, direct: bool = False) -> None:
        """For the service at this URL's origin; `direct` goes past any proxy, as to this machine itself."""
        self._origin = origin_of(url)
        self._direct = direct
        self._transport: httpx.HTTPTransport | None = None
        self._lock = Lock()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        limits: Limits = Limits(),
    ) -> HttpResponse:
        """The response to one request, whatever its status.

        Raises:
            NoResponseError: no connection, or no status and headers in time.
        """
        target = _parsed(url)
        if target is None or not self._origin or origin_of(target) != self._origin:
            # Credentials go along, so a link or a redirect from outside never decides where to.
            raise NoResponseError("the address is of another host", before_sending=True)
        exchange = Exchange(limits.seconds)
        timeout = httpx.Timeout(exchange.seconds, connect=min(_CONNECT_SECONDS, exchange.seconds))
        try:
            request = httpx.Request(
                method,
                target,
                headers={"Accept-Encoding": "identity", **headers},
                content=content,
                extensions={"timeout": timeout.as_dict()},
            )
            with exchange:
                return self._request(request, exchange, limits)
        except _FAULTS as error:
            failure = NoResponseError(_reason(error, exchange), before_sending=not exchange.sent)
            response = _with_loose_headers(error, exchange)
        if response is not None:
            return response
        raise failure  # out here, so that it does not hold on to an error that holds the request

    def close(self) -> None:
        """Closes the connections; the next request opens new ones."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _request(self, request: httpx.Request, exchange: Exchange, limits: Limits) -> HttpResponse:
        with self._lock:  # two threads at once would open two, and lose one of them
            self._transport = self._transport or bounded_transport(request.url, direct=self._direct)
            transport = self._transport
        response = transport.handle_request(request)
        try:
            body, fault = _read(response, exchange, limits)
        finally:
            response.close()
        headers = dict(response.headers)
        is_page = _is_web_page(headers, body, fault)
        return HttpResponse(response.status_code, headers, b"" if fault else body, fault, is_page)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself, where plain http is no risk."""
    parts = _parsed(url)
    return parts is not None and is_this_machine(parts.host)


def origin_of(url: str | httpx.URL) -> str:
    """Scheme, host and port of a URL, in one spelling; "" when it is none, or names a user."""
    parts = _parsed(url)
    if parts is None:
        return ""
    port = _PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    is_sound = parts.scheme in _PORTS and parts.host and 0 < port < _PORT_END and not parts.userinfo
    return f"{parts.scheme}://{parts.host}:{port}" if is_sound else ""


def _parsed(url: str | httpx.URL) -> httpx.URL | None:
    try:
        parsed = httpx.URL(url)
        _ = parsed.host  # Punycode that stands for no name is found out only here
    except (httpx.InvalidURL, ValueError):
        return None
    return parsed


def silence_third_parties() -> None:
    """Lets other libraries log only warnings, since they would log URLs and headers."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _read(response: httpx.Response, exchange: Exchange, limits: Limits) -> tuple[bytes, str]:
    """The body of a response, or its beginning and why it could not be read whole."""
    body, fault = bytearray(), ""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in _UNPACKED | _ZLIB:
        return b"", "the answer is packed in a way that was not asked for: see the gateways on the way"
    try:
        for piece in _pieces(response, is_packed=packing in _ZLIB):
            body += piece
            if max(response.num_bytes_downloaded, len(body)) > limits.max_bytes:
                return bytes(body[:_PAGE_BYTES]), f"the answer is larger than {limits.max_bytes} bytes"
    except zlib.error:
        fault = "the answer is packed, which was not asked for, and spoilt: see the gateways on the way"
    except httpx.TimeoutException:
        fault = f"the answer took longer than {exchange.seconds:.3g} s"
    except _FAULTS as error:
        fault = _reason(error, exchange)
    return bytes(body), fault


def _pieces(response: httpx.Response, *, is_packed: bool) -> Iterator[bytes]:
    """The body in small pieces, unpacked, since a few packed bytes may unpack to any size.

    No packing is asked for, but some gateways pack all the same.
    """
    if not is_packed:
        yield from response.iter_raw()
        return
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # reads the head of gzip or zlib, whichever is there
    for part in response.iter_raw():
        rest = part
        while rest:
            yield unpacker.decompress(rest, _PIECE_BYTES)
            rest = unpacker.unconsumed_tail
    if not unpacker.eof or unpacker.unused_data:
        raise zlib.error


def _with_loose_headers(error: BaseException, exchange: Exchange) -> HttpResponse | None:
    """A response whose headers the library refuses, or which broke off in them: its status still counts.

    Otherwise one odd line, which a gateway may add to each response, would make us post a card that was
    accepted again and again.
    """
    status = None if exchange.at_proxy or not exchange.sent else _STATUS_LINE.match(exchange.head)
    if status is None:
        return None
    rest = b"\n" + _LINE_END.sub(b"\n", bytes(exchange.head[status.end() :]))
    top, is_whole, body = rest.partition(b"\n\n")
    if isinstance(error, httpx.TimeoutException) and not is_whole:
        return None  # more of it may come
    lines = _HEADER_LINE.finditer(top)
    headers = {line[1].decode("ascii").lower(): line[2].strip().decode("latin-1") for line in lines}
    fault = "the headers of the answer are not HTTP, so its body was not read: see the gateways on the way"
    return HttpResponse(int(status[1]), headers, fault=fault, is_web_page=_is_web_page(headers, body, fault))


def _is_web_page(headers: Mapping[str, str], body: bytes, fault: str) -> bool:
    """Whether a body, or its beginning, is for a browser: by its markup, or by its type unless it is JSON.

    Some send pages without a type, or as plain text. Others write `1` or JSON under the type of a page.
    """
    if _MARKUP.match(body.replace(b"\x00", b"")):  # the zeros are those of UTF-16
        return True
    is_typed = _media_type(headers) in _PAGE_TYPES
    return is_typed and bool(body.strip() or fault) and not _is_json(body)


def _media_type(headers: Mapping[str, str]) -> str:
    """The first media type of the header, which some write twice, or without a semicolon behind it."""
    return _MEDIA_TYPE.match(headers.get("content-type", "").lower())[1]  # type: ignore[index] # fits any text


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _reason(error: BaseException, exchange: Exchange) -> str:
    """What happened, from the type of the error alone: its text may hold an address."""
    if isinstance(error, ConnectionSettingError):
        return str(error)
    if isinstance(error, httpx.ProxyError):
        status = _STATUS_LINE.match(exchange.head)
        return proxy_refusal(status[1].decode("ascii") if status else "no status")
    reason = known_reason(error) or f"the exchange broke off ({type(error).__name__})"
    return f"the proxy: {reason}" if exchange.at_proxy else reason


def proxy_refusal(status: str) -> str:
    """What is said of a proxy that answers with this status in the service's place."""
    advice = ": it wants a name and a password in HTTPS_PROXY" if status == _PROXY_SIGN_IN else ""
    return f"the proxy refused ({status}){advice}"


def known_reason(error: BaseException) -> str:
    """What happened on the way, by the types of an error and of those that led to it; "" if none tells."""
    chain = [*causes(error)]
    found = (text for kind, text in _REASONS if any(isinstance(each, kind) for each in chain))
    return next(found, "")


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, then those that led to it; urllib3 and the Azure SDK keep some of them in fields alone."""
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        yield error
        held = getattr(error, "inner_exception", None) or next(iter(error.args), None)
        error = error.__cause__ or error.__context__ or held


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
