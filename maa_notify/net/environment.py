"""Proxy and trusted certificates, by the variables of the environment.

One rule for every connection, be it to Graph, to the sign-in, to Teams or to the state store. The libraries
below have three: `urllib` knows no wildcards, `httpx` no networks, and `requests` reads other variables.
"""

import os
import re
import socket
import ssl
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import httpx

_ENTRY = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>\d+))?")
_SHORT_ADDRESS = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}")
_AROUND = "\"'`“”‘’"  # noqa: RUF001 - what word processors make of quotes
_PROXY_SCHEMES = frozenset({"http", "https"})
_PORTS = {"https": 443, "http": 80}


class ConnectionSettingError(OSError):
    """A variable of the environment keeps any connection from being made; the text holds no value of it."""


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine itself: `localhost` or a loopback address, short forms included."""
    name = host.lower().rstrip(".")
    if name == "localhost":
        return True
    try:
        # The system's resolver takes `127.1` for 127.0.0.1, and numbers alone are no name of a host.
        packed = socket.inet_aton(name) if _SHORT_ADDRESS.fullmatch(name) else None
        address = ip_address(packed or name)
    except (OSError, ValueError):
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def proxy_for(url: str | httpx.URL) -> str:
    """The address of the proxy for a URL, with its scheme; "" when there is none to use.

    It is that of HTTPS_PROXY (HTTP_PROXY for plain http) or ALL_PROXY, or on Windows and macOS that of the
    system, unless NO_PROXY exempts the host. This machine itself is never reached through a proxy.

    Raises:
        ConnectionSettingError: the address is none, or not of a proxy that speaks HTTP.
    """
    target, found = httpx.URL(url), getproxies()
    address = found.get(target.scheme) or found.get("all") or ""
    port = target.port or _PORTS.get(target.scheme, 0)
    if not address or is_this_machine(target.host) or is_exempt(target.host, port, found.get("no", "")):
        return ""
    if proxy_bypass(target.netloc.decode("ascii")):  # the exemptions of Windows and macOS are its secret
        return ""
    address = address if "://" in address else f"http://{address}"
    try:
        proxy = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        proxy = httpx.URL()
    if proxy.scheme not in _PROXY_SCHEMES or not proxy.host:
        raise ConnectionSettingError(
            "the proxy's address in HTTPS_PROXY or ALL_PROXY cannot be used: give http://HOST:PORT"
        )
    return address


def is_exempt(host: str, port: int, no_proxy: str) -> bool:
    """Whether a NO_PROXY list names this host.

    An entry is a domain, which stands for all hosts in it too, with or without `.` or `*.` before it; an
    address; a network such as `10.0.0.0/8`; a pattern such as `10.1.*`; or `*` for everything. With `:8443`
    behind it, it counts for that port alone. Entries are separated by commas, semicolons or blanks; quotes
    around them and what cannot be seen do not count.
    """
    visible = "".join(each for each in no_proxy.lower() if each.isprintable() or each.isspace())
    entries = (entry.strip(_AROUND) for entry in re.split(r"[\s,;]+", visible))
    return any(_names(entry, host.lower().rstrip("."), port) for entry in entries)


def ca_path() -> str | None:
    """The file or folder of the certificate authorities to trust in place of the usual ones; None for those.

    It is what SSL_CERT_FILE or SSL_CERT_DIR names, as for OpenSSL and `httpx`.

    Raises:
        ConnectionSettingError: there is no such file.
    """
    path = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or None
    if path and not Path(path).exists():
        raise ConnectionSettingError("the file that SSL_CERT_FILE names is missing")
    return path


def trust_context() -> ssl.SSLContext:
    """The trusted certificate authorities, as `ssl` takes them.

    Raises:
        ConnectionSettingError: the file of SSL_CERT_FILE is missing or cannot be read.
    """
    return _trust(ca_path())


@lru_cache(maxsize=4)  # all tenants of a fleet share one: it takes a megabyte, and a while to make
def _trust(_path: str | None) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConnectionSettingError("the file that SSL_CERT_FILE names holds no certificates") from error


def _names(entry: str, host: str, port: int) -> bool:
    """Whether one entry of NO_PROXY, in lower case, names a host."""
    found = _ENTRY.fullmatch(entry)
    if found and found["port"] and int(found["port"]) != port:
        return False
    name = (found["v6"] or found["name"]) if found else entry
    domain = name.removeprefix("*").removeprefix(".").rstrip(".")
    if not domain or "*" in domain:
        return "*" in name and fnmatchcase(host, name)
    try:
        address = ip_address(host)
    except ValueError:
        return host == domain or host.endswith(f".{domain}")
    try:
        return address in ip_network(name, strict=False)
    except ValueError:  # a name, which is never part of an address
        return False
