"""Which hosts may get tokens and keys inside Azure: Microsoft's, and those that `MAA_ALLOW_HOSTS` names.

Whoever may write app settings could point Graph, the sign-in or the table at a host of their own: tokens
would go there, and an empty list come back. So inside Azure these hosts are compared with those of
Microsoft's clouds.

Sources: `identity/clouds.py` for Graph and sign-in; Storage documentation, "Storage account endpoints", with
the endpoints of each national cloud and of accounts in DNS zones, and "Azure Cosmos DB for Table".
"""

import re

from maa_notify.identity.clouds import CLOUDS
from maa_notify.net.client import is_loopback, origin_of
from maa_notify.settings.model import AllowedHost, Settings, StateAddress
from maa_notify.settings.validation import Findings, problem_of_origin

ALLOW_HOSTS = "MAA_ALLOW_HOSTS"
_FORM = (
    "must name hosts as they are, each with the reason, such as gateway.contoso.com=inspects our traffic;"
    " separate entries with a semicolon, give a port that is not 443, and no path or wildcard"
)
_LONGEST_REASON = 200
_HOST = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_PARTNER_SIGN_IN = "https://login.partner.microsoftonline.cn"
"""The other name of the sign-in in China, where 21Vianet runs it."""

GRAPHS = frozenset(origin_of(cloud.graph) for cloud in CLOUDS.values())
SIGN_INS = frozenset(origin_of(each) for each in (*(c.authority for c in CLOUDS.values()), _PARTNER_SIGN_IN))
_TABLES = re.compile(
    r"https://[a-z0-9]{3,24}\.(?:z\d{1,2}\.table\.storage\.azure\.net"
    r"|table\.core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
    r"|table\.cosmos\.azure\.(?:com|us|cn)):443"
)


def allowed_hosts(text: str) -> tuple[AllowedHost, ...]:
    """Parses `HOST=REASON; HOST:PORT, HOST=REASON`.

    Raises:
        ValueError: an entry is no host, or its reason is too long; the text itself is not repeated.
    """
    found: list[AllowedHost] = []
    for entry in filter(None, map(str.strip, text.split(";"))):
        names, _, reason = (part.strip() for part in entry.partition("="))
        if len(reason) > _LONGEST_REASON or not reason.isprintable():
            raise ValueError(f"has a reason of more than {_LONGEST_REASON} characters or more than one line")
        found += [AllowedHost(_host(name.strip()), reason) for name in names.split(",")]
    return tuple(found)


def _host(name: str) -> str:
    bare = re.sub(r"^https?://", "", name).removesuffix("/")
    found = _of(origin_of(f"https://{bare}"))
    if not (found and _HOST.fullmatch(bare)) or problem_of_origin(f"https://{bare}"):
        raise ValueError(_FORM)
    return found


def check_hosts(settings: Settings, findings: Findings, *, in_azure: bool) -> None:
    """Refuses hosts that would get tokens or keys and are neither Microsoft's nor allowed.

    Args:
        settings: as they were read.
        findings: where mistakes and warnings go.
        in_azure: this is a deployed Function, where this machine itself is no exception either.
    """
    graph, sign_in, table = settings.graph_url, settings.authority_url, _table_url(settings.state)
    for name, what, url, is_known in (
        ("MAA_GRAPH_URL", "a Graph", graph, origin_of(graph) in GRAPHS),
        ("MAA_AUTHORITY_URL", "a sign-in", sign_in, origin_of(sign_in) in SIGN_INS),
        ("MAA_STATE", "a table", table, _TABLES.fullmatch(origin_of(table)) is not None),
    ):
        is_fine = not url or is_known or is_allowed(url, settings.allow_hosts)
        if not is_fine and (in_azure or not is_loopback(url)) and not findings.has_wrong(name):
            findings.wrong(
                name,
                f"must be {what} of Microsoft's clouds inside Azure, since tokens or keys are sent there;"
                f" another host has to stand in {ALLOW_HOSTS}, with the reason",
            )


def is_allowed(url: str, hosts: tuple[AllowedHost, ...]) -> bool:
    """Whether `MAA_ALLOW_HOSTS` names host and port of an address, which is https or this machine."""
    origin = origin_of(url)
    is_safe = origin.startswith("https://") or is_loopback(url)
    return is_safe and _of(origin) in {each.host for each in hosts}


def _of(origin: str) -> str:
    """Host and port of an origin."""
    return origin.partition("://")[2]


def _table_url(state: StateAddress) -> str:
    """Where the state goes; "" for a file, and for a connection string that is not complete."""
    if state.connection_string is None:
        return state.table_endpoint or ""
    # Slow to load. The library itself is asked: it reads endings of names from the environment, too.
    from maa_notify.storage.table import connect_with_string  # noqa: PLC0415

    try:
        with connect_with_string(state.connection_string.reveal()) as service:
            return str(service.url)
    except ValueError:
        return ""  # `app.rows_of` says so
