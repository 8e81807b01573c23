"""Reads settings from the environment; finds all mistakes at once, says what to do, shows no secret.

The names and their meaning are a contract with the people and scripts that set them: `docs/settings.md`.
What one setting means by itself stands in `fields.py`; here is what several of them mean together.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.bot.config import BOT_CLOUDS
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.domain.request import GUID
from maa_notify.domain.routing import EVENTS_FOR_REQUESTOR, Route
from maa_notify.domain.tickets import TicketLinks
from maa_notify.errors import Mistake, SettingsError
from maa_notify.identity.clouds import Cloud
from maa_notify.net.client import is_loopback
from maa_notify.settings.destinations import (
    DEFAULT_DESTINATION,
    DESTINATIONS,
    REQUESTOR_CHAT,
    check_number,
    read_destinations,
    warn_of_shared_endpoints,
    warn_of_unsigned,
)
from maa_notify.settings.fields import BY_NAME, SETTINGS, Setting
from maa_notify.settings.hosts import check_hosts
from maa_notify.settings.model import BotAddress, BotSettings, Destination, Settings, tickets_of
from maa_notify.settings.startup import TENANTS, has_tokens_of_azure, is_fleet, is_in_azure
from maa_notify.settings.validation import (
    UNRESOLVED,
    Findings,
    clean,
    did_you_mean,
    hidden_in,
    is_unresolved,
    problem_of_url,
)
from maa_notify.settings.zones import in_zone

_WEBHOOK = "MAA_TEAMS_WEBHOOK_URL"
_TICKET_LINK, _TICKET_PATTERN = "MAA_TICKET_LINK", "MAA_TICKET_PATTERN"
_CLIENT_ID, _BOT_CLIENT_ID = "MAA_CLIENT_ID", "MAA_BOT_CLIENT_ID"
_APPROVERS, _APPROVER_CHAT = "MAA_APPROVERS", "MAA_APPROVER_CHAT"
_NO_BOT_CLIENT_ID = f"is required for a bot unless {_CLIENT_ID} is its client id too"


class Reading(Struct, frozen=True):
    """Settings as far as they could be read, and every mistake in them.

    A setting that is wrong has its default in `settings`, so nothing may be started with them; a check may
    use the parts whose settings are right.
    """

    settings: Settings
    mistakes: tuple[Mistake, ...]


class Display(Struct, frozen=True):
    """What cards show beside the request: the cloud, and a time zone, a name and tickets if given."""

    cloud: Cloud
    time_zone: str
    tenant_name: str
    ticket_link: str
    ticket_pattern: str

    @property
    def tickets(self) -> TicketLinks | None:
        """What makes links of ticket numbers; None where that is not wanted."""
        return tickets_of(self.ticket_link, self.ticket_pattern)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """All settings of one tenant, checked.

    Raises:
        SettingsError: with every mistake there is.
    """
    found = read_as_far_as_possible(environ)
    if found.mistakes:
        raise SettingsError(found.mistakes)
    return found.settings


def read_as_far_as_possible(environ: Mapping[str, str] = os.environ) -> Reading:
    """The settings of one tenant with their mistakes, for a check of what is right.

    Raises:
        SettingsError: they are those of a fleet.
    """
    if is_fleet(environ):
        many = "names many tenants, and this is for one: say which, as in maa-notify --tenant NAME doctor"
        problem = UNRESOLVED if is_unresolved(clean(environ[TENANTS])) else many
        raise SettingsError([Mistake(TENANTS, problem)])
    findings, in_azure = Findings(), is_in_azure(environ)
    values = {row.key: _value_of(row, environ, findings) for row in SETTINGS if row.name != TENANTS}
    cloud: Cloud = values["cloud"]
    values["graph_url"] = values["graph_url"] or cloud.graph
    values["authority_url"] = values["authority_url"] or cloud.authority
    entries = read_destinations(values["destinations"], findings, _service_check(cloud, in_azure=in_azure))
    quiet = in_zone(values["quiet_hours"], values["time_zone"])
    settings = Settings(**{**values, "destinations": tuple(entries), "quiet_hours": quiet})
    settings = _with_bot(_with_default_destination(settings, findings), findings)
    check_number(settings.destinations, findings)
    warn_of_shared_endpoints(settings.destinations, findings)
    _check_credentials(settings, findings)
    _check_state(settings, findings, in_azure=in_azure)
    _check_tickets(settings.ticket_link, settings.ticket_pattern, findings)
    _check_approvers(settings, findings)
    if has_tokens_of_azure(environ):
        check_hosts(settings, findings, in_azure=in_azure)
    _warn_of_unknown_names(environ, findings)
    return Reading(replace(settings, warnings=tuple(findings.warnings)), tuple(findings.mistakes))


def read_display(environ: Mapping[str, str]) -> Display:
    """What cards show beside the request, of settings that need not be complete.

    Raises:
        SettingsError: one of these settings is wrong.
    """
    findings = Findings()
    names = ("MAA_CLOUD", "MAA_TIME_ZONE", "MAA_TENANT_NAME", _TICKET_LINK, _TICKET_PATTERN)
    shown = Display(*(_value_of(BY_NAME[name], environ, findings) for name in names))
    _check_tickets(shown.ticket_link, shown.ticket_pattern, findings)
    if findings.mistakes:
        raise SettingsError(findings.mistakes)
    return shown


def read_bot_client_id(environ: Mapping[str, str]) -> str:
    """The bot's client id, which is that of the notifier's own identity unless another is named.

    Raises:
        SettingsError: there is none, or it is no GUID.
    """
    findings = Findings()
    own, shared = (_value_of(BY_NAME[name], environ, findings) for name in (_BOT_CLIENT_ID, _CLIENT_ID))
    client_id = str(own or shared)
    if not client_id and not findings.mistakes:
        findings.wrong(_BOT_CLIENT_ID, _NO_BOT_CLIENT_ID)
    if not client_id or findings.has_wrong(_BOT_CLIENT_ID):
        raise SettingsError(findings.mistakes)
    return client_id


def problem_of_value(name: str, text: str) -> str:
    """What is wrong with a text as the value of one setting by itself; "" where nothing is."""
    findings = Findings()
    _value_of(BY_NAME[name], {name: text}, findings)
    return findings.mistakes[0].problem if findings.mistakes else ""


def _value_of(row: Setting, environ: Mapping[str, str], findings: Findings) -> Any:  # noqa: ANN401 - of any setting
    """The value of one setting, or what stands for one that is not given or wrong."""
    given = clean(environ.get(row.name, ""))
    otherwise = row.parse(row.default) if row.default else row.absent
    if not given:
        if row.required:
            findings.wrong(row.name, row.required)
        return row.absent if row.empty_counts and row.name in environ else otherwise
    if is_unresolved(given):
        findings.wrong(row.name, UNRESOLVED)
        return otherwise
    if not row.in_azure and is_in_azure(environ):
        findings.wrong(row.name, row.why_not_in_azure)
    try:
        return row.parse(given)
    except ValueError as error:
        hidden = "" if row.is_json else hidden_in(given)
        findings.wrong(row.name, f"{error}; it holds {hidden}" if hidden else str(error))
        return otherwise


def _with_default_destination(settings: Settings, findings: Findings) -> Settings:
    """The settings with the webhook's channel added after the destinations of the list."""
    webhook, given = settings.teams_webhook_url, settings.destinations
    if webhook is not None:
        warn_of_unsigned(webhook.reveal(), _WEBHOOK, "", findings)
        default = Destination(Route(DEFAULT_DESTINATION, catch_all=True), webhook)
        return replace(settings, destinations=(*given, default))
    if not given and not findings.has_wrong(DESTINATIONS) and not findings.has_wrong(_WEBHOOK):
        findings.wrong(
            _WEBHOOK,
            "is required unless MAA_DESTINATIONS is given: in Teams open the channel's menu > Workflows,"
            " take a 'webhook' template and copy its URL",
        )
    if given and all(each.route.policy_types or each.route.events for each in given):
        findings.warnings.append(
            "MAA_TEAMS_WEBHOOK_URL is not set and every entry of MAA_DESTINATIONS names policy types or"
            " events: an event that none of them names is logged and posted nowhere"
        )
    return settings


def _service_check(cloud: Cloud, *, in_azure: bool) -> Callable[[str], str]:
    """A check whether a URL is a service URL of Teams in this cloud; it returns what is wrong, or ""."""

    def problem_of(url: str) -> str:
        teams = BOT_CLOUDS.get(cloud.name)
        if is_loopback(url) and not in_azure:
            return problem_of_url(url)
        if teams is None or not teams.serves(url):
            return "must be the address of Teams' service for bots, such as https://smba.trafficmanager.net/teams"
        return ""

    return problem_of


def _with_bot(settings: Settings, findings: Findings) -> Settings:
    """The settings with the bot, if any setting needs one, and the requestors' chats."""
    addresses = [each.endpoint for each in settings.destinations if isinstance(each.endpoint, BotAddress)]
    if settings.approver_chat:
        _check_approver_chat(settings, addresses, findings)
    if not (addresses or settings.requestor_chat or settings.bot_commands):
        _check_bot_client_id(settings, settings.bot_client_id, findings)
        return settings
    cloud = BOT_CLOUDS.get(settings.cloud.name)
    bot = BotSettings(
        client_id=settings.bot_client_id or settings.client_id,
        service_url=addresses[0].service_url if addresses else cloud.service_url if cloud else "",
        access_token=settings.bot_access_token,
        commands=settings.bot_commands,
    )
    _check_bot(settings, bot, findings)
    route = Route(REQUESTOR_CHAT, events=EVENTS_FOR_REQUESTOR, to_requestor=True, by_object_id=True)
    routes = [*([route] if settings.requestor_chat else []), *_approver_chat(settings)]
    chats = [Destination(each, BotAddress(bot.service_url)) for each in routes]
    return replace(settings, bot=bot, destinations=(*settings.destinations, *chats))


def _approver_chat(settings: Settings) -> list[Route]:
    """The route of the chats with approvers, which goes by the words of the bot's channels."""
    channels = [each.route for each in settings.destinations if isinstance(each.endpoint, BotAddress)]
    if not (settings.approver_chat and channels):
        return []
    return [
        Route(
            APPROVER_CHAT,
            policy_types=_union(each.policy_types for each in channels),
            events=_union(each.events for each in channels),
            by_object_id=True,
            to_approvers=True,
            follows=frozenset(each.name for each in channels),
        )
    ]


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """The words of all of them together; none, which means all, where one of them is empty."""
    found = list(sets)
    return frozenset().union(*found) if all(found) else frozenset()


def _check_approver_chat(settings: Settings, addresses: Sequence[BotAddress], findings: Findings) -> None:
    if not addresses and not findings.has_wrong(DESTINATIONS):
        findings.wrong(
            _APPROVER_CHAT, "needs a destination with 'bot' in MAA_DESTINATIONS, by whose words it goes"
        )
    if not settings.approvers and not findings.has_wrong(_APPROVERS):
        findings.wrong(_APPROVER_CHAT, "needs MAA_APPROVERS=on: else nobody knows who can decide")


def _check_bot(settings: Settings, bot: BotSettings, findings: Findings) -> None:
    if not bot.client_id and not findings.has_wrong(_CLIENT_ID) and not findings.has_wrong(_BOT_CLIENT_ID):
        findings.wrong(_BOT_CLIENT_ID, _NO_BOT_CLIENT_ID)
    _check_bot_client_id(settings, bot.client_id, findings)
    if settings.cloud.name not in BOT_CLOUDS:
        findings.wrong("MAA_CLOUD", f"a bot is not offered in {settings.cloud.name}")
    elif not bot.service_url:
        findings.wrong(
            "MAA_REQUESTOR_CHAT",
            "needs a destination with 'bot' in this cloud, which names the address of Teams' service",
        )
    if not GUID.fullmatch(settings.tenant_id) and not findings.has_wrong("MAA_TENANT_ID"):
        findings.wrong("MAA_TENANT_ID", "must be the tenant's GUID for a bot: Teams tells no domain name")


def _check_bot_client_id(settings: Settings, client_id: str, findings: Findings) -> None:
    """Checks that both ids are one, if an app registration's own credential signs in as the bot, too."""
    signs_in_itself = settings.client_secret or settings.client_certificate_path
    if client_id and signs_in_itself and client_id != settings.client_id:
        findings.wrong(
            _BOT_CLIENT_ID, "must be MAA_CLIENT_ID when that signs in with a secret or certificate"
        )


def _check_credentials(settings: Settings, findings: Findings) -> None:
    has_credential = settings.client_secret or settings.client_certificate_path
    value = settings.client_secret.reveal() if settings.client_secret else ""
    if value and {value[0], value[-1]} & {*"\"'`“”‘’"}:  # noqa: RUF001 - what word processors make of quotes
        findings.warn("MAA_CLIENT_SECRET", "begins or ends with a quote: does that belong to the secret?")
    if settings.client_secret and settings.client_certificate_path:
        findings.wrong("MAA_CLIENT_SECRET", "give this or MAA_CLIENT_CERTIFICATE_PATH, not both")
    if settings.client_id or findings.has_wrong(_CLIENT_ID):
        return
    if has_credential:
        findings.wrong(
            _CLIENT_ID, "is required with a client secret or certificate: the application (client) id"
        )
    if settings.managed_identity_client_id and not settings.access_token:
        findings.wrong(
            _CLIENT_ID, "is required with MAA_MANAGED_IDENTITY_CLIENT_ID: the app registration that trusts it"
        )


def _check_state(settings: Settings, findings: Findings, *, in_azure: bool) -> None:
    if in_azure and settings.state.sqlite_path and not findings.has_wrong("MAA_STATE"):
        findings.wrong(
            "MAA_STATE",
            "must be https://ACCOUNT.table.core.windows.net inside Azure, where files do not last",
        )


def _check_approvers(settings: Settings, findings: Findings) -> None:
    is_wanted = any(each.mentions_approvers for each in settings.destinations)
    if is_wanted and not settings.approvers and not findings.has_wrong(_APPROVERS):
        findings.wrong(_APPROVERS, "must be on for the mention @approvers: else nobody knows who that is")


def _check_tickets(link: str, pattern: str, findings: Findings) -> None:
    """Checks that an address and a pattern are given together."""
    has_wrong = findings.has_wrong(_TICKET_LINK) or findings.has_wrong(_TICKET_PATTERN)
    if bool(link) != bool(pattern) and not has_wrong:
        missing, given = (_TICKET_PATTERN, _TICKET_LINK) if link else (_TICKET_LINK, _TICKET_PATTERN)
        findings.wrong(missing, f"is required with {given}")


def _warn_of_unknown_names(environ: Mapping[str, str], findings: Findings) -> None:
    for name in sorted(environ):
        if name.startswith("MAA_") and name not in BY_NAME:
            findings.warnings.append(f"{name} is not a setting of this version{did_you_mean(name, BY_NAME)}")
