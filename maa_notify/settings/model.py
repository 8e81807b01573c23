"""The settings as the rest of the program sees them: checked, typed and frozen."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit

from msgspec import Struct, field

from maa_notify.cards.mentions import APPROVERS as APPROVERS_WORD
from maa_notify.cards.mentions import Mentions
from maa_notify.domain.capabilities import APPROVERS, AUDIT, POSTURE, REQUESTS, WATCH, Capability
from maa_notify.domain.quiet import QuietHours
from maa_notify.domain.reminders import Plan
from maa_notify.domain.routing import Route
from maa_notify.domain.tickets import TicketLinks
from maa_notify.identity.clouds import Cloud
from maa_notify.identity.secret import Secret
from maa_notify.insight.posture.rules import Acceptance, Limits
from maa_notify.insight.watch.allow import Allowed
from maa_notify.insight.weekly import WeeklyTime

_PORTS = {"https": 443, "http": 80}
_ESCAPED = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


class BotAddress(Struct, frozen=True):
    """Where the bot writes: the service's origin and path, and the channel; "" for chats with people."""

    service_url: str
    channel_id: str = ""


class Destination(Struct, frozen=True):
    """A Teams channel or the requestors' chats.

    Attributes:
        route: its name, and which events it gets.
        endpoint: where cards are posted: a webhook's URL, or an address that the bot writes to.
        mentions: the people that a card mentions, by event.
    """

    route: Route
    endpoint: Secret | BotAddress
    mentions: Mentions = field(default_factory=dict)

    @property
    def mentions_approvers(self) -> bool:
        """Whether its cards ring those who can decide."""
        return any(APPROVERS_WORD in people for people in self.mentions.values())

    @property
    def address(self) -> Secret | BotAddress:
        """The endpoint in one spelling, so that two destinations at one place are known as that."""
        if isinstance(self.endpoint, BotAddress):
            # A channel is the same one whichever region's service is asked; chats are no channel.
            return BotAddress("", self.endpoint.channel_id or self.route.name)
        try:
            return Secret(_in_one_spelling(self.endpoint.reveal()))
        except ValueError:  # no URL, which the settings refuse anyway
            return self.endpoint


def _in_one_spelling(url: str) -> str:
    """A URL as all that lead to the same place are written (RFC 3986, 6.2.2 and 6.2.3).

    The parameters of a query are a set for a flow: in any order, with an `&` too many, escaped or not.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    origin = f"{parts.scheme}://[{host}]{port}" if ":" in host else f"{parts.scheme}://{host}{port}"
    path = urlsplit(urljoin(f"{origin}/", f".{_ESCAPED.sub(_plain, parts.path)}")).path
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return f"{origin}{path or '/'}?{urlencode(query)}"


def _plain(escaped: re.Match[str]) -> str:
    """The sign of an escape that needs none, or the escape in capitals."""
    sign = unquote(escaped[0])
    return sign if _UNRESERVED.fullmatch(sign) else escaped[0].upper()


class StateAddress(Struct, frozen=True):
    """Where the state is: exactly one of the three."""

    sqlite_path: Path | None = None
    connection_string: Secret | None = None
    table_endpoint: str | None = None


class AllowedHost(Struct, frozen=True):
    """A host that may get tokens inside Azure though it is none of Microsoft's.

    Attributes:
        host: name or address and port, as in `gateway.contoso.com:443`.
        reason: why, for people; "" where none is given.
    """

    host: str
    reason: str = ""


class BotSettings(Struct, frozen=True):
    """The bot, where there is one.

    Attributes:
        client_id: of the bot; its token is asked for with it.
        service_url: where it writes to people.
        access_token: a ready token, for a first try by hand and for tests.
        commands: whether people may ask it.
    """

    client_id: str
    service_url: str
    access_token: Secret | None
    commands: bool


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of one tenant: a field for each row of `fields.SETTINGS`, called by its `key`.

    Text that is not given is "", other values are None. `destinations` are those of all settings together,
    the default and the bot's chats among them. `bot` is what follows from the bot's settings; None where
    nothing asks for one. `warnings` are worth a look but stop nothing.
    """

    tenant_id: str
    tenant_name: str
    client_id: str
    client_secret: Secret | None
    client_certificate_path: Path | None
    managed_identity_client_id: str
    access_token: Secret | None
    cloud: Cloud
    graph_url: str
    authority_url: str
    allow_hosts: tuple[AllowedHost, ...]
    state: StateAddress
    table_name: str
    teams_webhook_url: Secret | None
    destinations: tuple[Destination, ...]
    reminders: Plan
    complete_reminders: Plan
    watch: bool
    watch_every: timedelta
    watch_allow: tuple[Allowed, ...]
    quiet_hours: QuietHours
    time_zone: str
    ticket_link: str
    ticket_pattern: str
    digest_above: int
    heartbeat_days: int
    summary: WeeklyTime | None
    ping_url: Secret | None
    retention_days: int
    poll_schedule: str
    approvers: bool
    approvers_every: timedelta
    posture: bool
    posture_every: timedelta
    posture_accept: tuple[Acceptance, ...]
    global_admins: Limits
    requestor_chat: bool
    approver_chat: bool
    bot_client_id: str
    bot_access_token: Secret | None
    bot_commands: bool
    log_format: str
    bot: BotSettings | None = None
    warnings: tuple[str, ...] = ()

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What the notifier is set to do, for the permissions that it takes."""
        wanted = (
            (REQUESTS, True),
            (APPROVERS, self.approvers or self.posture or self.watch),
            (AUDIT, self.watch),
            (WATCH, self.watch),
            # Of these the watch takes those that show units and apps.
            (POSTURE, self.posture or self.watch),
        )
        return tuple(capability for capability, is_wanted in wanted if is_wanted)

    @property
    def tickets(self) -> TicketLinks | None:
        """What makes links of ticket numbers; None where that is not wanted."""
        return tickets_of(self.ticket_link, self.ticket_pattern)

    @property
    def routes(self) -> list[Route]:
        """The pure part of the destinations."""
        return [destination.route for destination in self.destinations]

    @property
    def leaders(self) -> dict[str, str]:
        """The names of destinations at an address that another one has, too, each with the first's.

        The first by name, so that their order in the settings may change.
        """
        first: dict[Secret | BotAddress, str] = {}
        by_name = sorted(self.destinations, key=lambda each: each.route.name)
        names = {each.route.name: first.setdefault(each.address, each.route.name) for each in by_name}
        return {name: leader for name, leader in names.items() if name != leader}


def tickets_of(link: str, pattern: str) -> TicketLinks | None:
    """What makes links of ticket numbers; None unless both settings are given."""
    return TicketLinks(link, pattern) if link and pattern else None
