"""The bot's identity, and which keys and service URLs are valid in its cloud.

Sources: "Authentication with the Bot Connector API" for the global cloud and for the checks as a whole; the
constants of Microsoft's Bot Framework SDK for the government clouds; "Send proactive messages" for the hosts.
Only documents were read: nothing here was tried against a live cloud. Teams in China is not served.
"""

import httpx
from msgspec import Struct

from maa_notify.net.client import origin_of


class BotCloud(Struct, frozen=True):
    """What differs between clouds for calls from Teams.

    Attributes:
        issuer: who signs the calls.
        metadata_url: where the keys for that signature are announced.
        service_hosts: where cards and answers may be sent: names, or endings that begin with a dot.
        service_url: where Teams is written to unless an address is given; "" where none is known.
    """

    issuer: str
    metadata_url: str
    service_hosts: tuple[str, ...]
    service_url: str = ""

    def serves(self, url: str) -> bool:
        """Whether an address is one of Teams' own; the bot's tokens are sent to no other."""
        origin = origin_of(url)
        host = httpx.URL(url).host if origin else ""
        is_teams = any(
            host.endswith(each) if each.startswith(".") else host == each for each in self.service_hosts
        )
        return is_teams and origin == f"https://{host}:443"


_GLOBAL = BotCloud(
    "https://api.botframework.com",
    "https://login.botframework.com/v1/.well-known/openidconfiguration",
    ("smba.trafficmanager.net", ".infra.gcc.teams.microsoft.com"),
    "https://smba.trafficmanager.net/teams",
)
_GOVERNMENT_ISSUER = "https://api.botframework.us"
_GOVERNMENT_METADATA = "https://login.botframework.azure.us/v1/.well-known/openidconfiguration"

BOT_CLOUDS = {
    "global": _GLOBAL,
    "usgov": BotCloud(_GOVERNMENT_ISSUER, _GOVERNMENT_METADATA, (".infra.gov.teams.microsoft.us",)),
    "dod": BotCloud(_GOVERNMENT_ISSUER, _GOVERNMENT_METADATA, (".infra.dod.teams.microsoft.us",)),
}
"""By the names of `MAA_CLOUD`."""


class BotSetup(Struct, frozen=True):
    """One bot of one tenant.

    Attributes:
        client_id: the bot's client id, for which its callers' tokens are made.
        tenant_id: the only tenant whose people are answered; a GUID, since Teams tells no domain.
        cloud: where Teams calls from.
        channels: the ids of the channels that the settings name; in these everything is told.
    """

    client_id: str
    tenant_id: str
    cloud: BotCloud = _GLOBAL
    channels: frozenset[str] = frozenset()
