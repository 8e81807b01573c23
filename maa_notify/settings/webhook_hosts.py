"""Warnings about the address of a webhook that may not be one of Microsoft's Workflows.

Nothing here refuses an address: people have gateways, and Microsoft has moved these hosts more than once.
What is said goes to `doctor` and into a log line, so it never repeats the address, which is a secret.

Source of the hosts: Power Platform documentation, "Required services" and "US government service URLs", and
the addresses that Workflows makes; those of the national clouds were only read of.
"""

import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from maa_notify.net.client import is_loopback, origin_of

_KNOWN = (
    "logic.azure.com",
    "environment.api.powerplatform.com",
    "logic.azure.us",
    "environment.api.gov.powerplatform.microsoft.us",
    "environment.api.high.powerplatform.microsoft.us",
    "environment.api.appsplatform.us",
    "logic.azure.cn",
    "environment.api.powerplatform.partner.microsoftonline.cn",
)
_KNOWN_ENDINGS = tuple(f".{each}" for each in _KNOWN)
_FAMOUS = (*_KNOWN, "azure.com", "powerplatform.com", "microsoft.com", "office.com")
_INSIDE = (
    ".local",
    ".localhost",
    ".internal",
    ".intranet",
    ".lan",
    ".corp",
    ".home",
    ".home.arpa",
    ".private",
)
_HTTPS = 443
_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_NEAR = 0.85
_LIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "3": "e", "5": "s", "-": "", ".": ""})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_NUMBERS = re.compile(r"(?:0[xX][0-9A-Fa-f]*|\d+)(?:\.(?:0[xX][0-9A-Fa-f]*|\d+)){0,3}")
_WIRE_SERVER = ip_address("168.63.129.16")
"""Azure's own address for its agents; it is a public one by its number."""
_NAT64 = IPv6Network("64:ff9b::/96")


def doubt_of(url: str, *, in_azure: bool) -> str:
    """Why a webhook's address deserves a second look, as the rest of a sentence; "" where nothing does.

    Args:
        url: an address as `problem_of_webhook` takes it.
        in_azure: this is a deployed Function, where nothing of ours listens on this machine itself.
    """
    if is_loopback(url):
        return "the host is this machine itself, where nothing of ours listens in Azure" if in_azure else ""
    # As the HTTP client reads it, so that what is judged is what is connected to.
    host, _, port = origin_of(url).partition("://")[2].rpartition(":")
    if _NAME.fullmatch(host) and host.endswith(_KNOWN_ENDINGS):
        return "" if int(port) == _HTTPS else f"the host is Microsoft's, but its port is not {_HTTPS}"
    host = host or (urlsplit(url).hostname or "").lower()  # the client refuses it, but says less of why
    return f"{_kind_of(host)}: see that cards are meant to go there"


def _kind_of(host: str) -> str:
    """What kind of host it is, the worst first."""
    name = host.rstrip(".")
    famous = _looks_like(name)
    address = _address_of(name)
    if address is not None:
        kind = "a link-local address, where clouds keep their metadata service"
        if not address.is_link_local and address != _WIRE_SERVER:
            kind = "a bare address" if address.is_global else "a private address"
    elif "xn--" in name or not name.isascii():  # as which the client reads Punycode
        kind = "written in Punycode, and may look like another one"
    elif host != name:
        kind = "written with a dot at its end, so it is not the one that it looks like"
    elif famous:
        kind = f"like {famous} and is not of it"
    elif "." not in name or name.endswith(_INSIDE):
        kind = "a name of a private network"
    else:
        kind = "none of Microsoft's for Workflows"
    return f"the host is {kind}"


def _address_of(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in any spelling that a resolver takes, and the one that IPv6 wraps."""
    try:
        packed = socket.inet_aton(name) if _NUMBERS.fullmatch(name) else None
        address = ip_address(packed or name)
    except (OSError, ValueError):
        return None
    if isinstance(address, IPv6Address):
        translated = IPv4Address(address.packed[-4:]) if address in _NAT64 else None
        return address.ipv4_mapped or address.sixtofour or translated or address
    return address


def _looks_like(name: str) -> str:
    """The famous host that a name imitates, with its whole name inside or by letters alike; "" for none."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - slow to load, and for unknown hosts only

    shape = _shape(name)
    for famous in _FAMOUS:
        end = ".".join(name.split(".")[-famous.count(".") - 1 :])
        if end == famous:
            continue
        if _shape(famous) in shape or SequenceMatcher(None, _shape(end), _shape(famous)).ratio() >= _NEAR:
            return famous
    return ""


def _shape(name: str) -> str:
    for pair, one in _PAIRS:
        name = name.replace(pair, one)
    return name.translate(_LIKE)
