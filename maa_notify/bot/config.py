"""Who the bot is, whose questions it takes, and whose signature counts in its cloud.

Sources: "Authentication with the Bot Connector API" for the global cloud and for the checks as a whole; the
constants of Microsoft's Bot Framework SDK for the government clouds; "Send proactive messages" for the hosts.
Only documents were read: nothing here was tried against a live cloud. Teams in China is not served.
"""

from collections.abc import Mapping

import httpx
from msgspec import Struct

from maa_notify.domain.request import GUID
from maa_notify.errors import Mistake, SettingsError
from maa_notify.net.client import origin_of

CLIENT_ID = "MAA_BOT_CLIENT_ID"
COMMANDS = "MAA_BOT_COMMANDS"
_FALLBACK_CLIENT_ID = "MAA_CLIENT_ID"


class BotCloud(Struct, frozen=True):
    """Where Teams calls from.

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
        """Whether an address is one of Teams' own: the bot's tokens go nowhere else."""
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
    """

    client_id: str
    tenant_id: str
    cloud: BotCloud = _GLOBAL


def commands_wanted(environ: Mapping[str, str]) -> bool:
    """Whether people may ask back; anything but a plain `true` leaves the door closed."""
    return environ.get(COMMANDS, "").strip().lower() == "true"


def client_id_from(environ: Mapping[str, str]) -> str:
    """The bot's client id, which is that of the notifier's own identity unless another is named.

    Raises:
        SettingsError: there is none, or it is no GUID.
    """
    name = CLIENT_ID if environ.get(CLIENT_ID, "").strip() else _FALLBACK_CLIENT_ID
    value = environ.get(name, "").strip()
    if not value:
        problem = f"is required for a bot unless {_FALLBACK_CLIENT_ID} is its client id too"
        raise SettingsError([Mistake(CLIENT_ID, problem)])
    if not GUID.fullmatch(value):
        raise SettingsError([Mistake(name, "must be a client id (a GUID)")])
    return value.lower()
