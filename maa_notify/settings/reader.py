"""Settings from the environment: every mistake found at once, each with the way out, no secret shown.

The names and their meaning are a contract with the people and scripts that set them: `docs/settings.md`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.bot.config import BOT_CLOUDS, client_id_from
from maa_notify.domain.reminders import Plan, parse_plan
from maa_notify.domain.request import GUID
from maa_notify.domain.routing import EVENTS_FOR_REQUESTOR, Route
from maa_notify.errors import Mistake, SettingsError
from maa_notify.identity.clouds import CLOUDS, Cloud
from maa_notify.identity.secret import Secret
from maa_notify.net.client import is_loopback
from maa_notify.settings.destinations import (
    DEFAULT_DESTINATION,
    REQUESTOR_CHAT,
    BotAddress,
    Destination,
    DestinationsReader,
)
from maa_notify.settings.startup import DEFAULT_SCHEDULE, is_in_azure, is_schedule
from maa_notify.settings.validation import (
    did_you_mean,
    is_header_safe,
    is_unresolved,
    problem_of_origin,
    problem_of_url,
)

NAMES = (
    "MAA_TENANT_ID",
    "MAA_TENANT_NAME",
    "MAA_TENANTS",
    "MAA_CLIENT_ID",
    "MAA_CLIENT_SECRET",
    "MAA_CLIENT_CERTIFICATE_PATH",
    "MAA_MANAGED_IDENTITY_CLIENT_ID",
    "MAA_ACCESS_TOKEN",
    "MAA_CLOUD",
    "MAA_GRAPH_URL",
    "MAA_AUTHORITY_URL",
    "MAA_STATE",
    "MAA_TABLE_NAME",
    "MAA_TEAMS_WEBHOOK_URL",
    "MAA_DESTINATIONS",
    "MAA_REMINDERS",
    "MAA_COMPLETE_REMINDERS",
    "MAA_TIME_ZONE",
    "MAA_DIGEST_ABOVE",
    "MAA_HEARTBEAT_DAYS",
    "MAA_RETENTION_DAYS",
    "MAA_POLL_SCHEDULE",
    "MAA_REQUESTOR_CHAT",
    "MAA_BOT_CLIENT_ID",
    "MAA_BOT_ACCESS_TOKEN",
    "MAA_BOT_COMMANDS",
)

_SQLITE = "sqlite:///"
_NUMBER = re.compile(r"[0-9]{1,5}")
_NOT_RESOLVED = (
    "the Key Vault reference was not resolved: check that the secret exists, that the identity has the role"
    " Key Vault Secrets User, and that keyVaultReferenceIdentity names that identity"
)
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_NO_TENANT = frozenset({"common", "organizations", "consumers"})
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,60}")
_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")


class StateAddress(Struct, frozen=True):
    """Where the state is: exactly one of the three."""

    sqlite_path: Path | None = None
    connection_string: Secret | None = None
    table_endpoint: str | None = None


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


class Settings(Struct, frozen=True):
    """Everything that can be set, checked. `warnings` are worth a look but stop nothing."""

    tenant_id: str
    cloud: Cloud
    client_id: str
    client_secret: Secret | None
    certificate_path: Path | None
    access_token: Secret | None
    graph_url: str
    authority_url: str
    state: StateAddress
    table_name: str
    destinations: tuple[Destination, ...]
    reminders: Plan
    digest_above: int
    heartbeat_days: int
    retention_days: int
    poll_schedule: str
    complete_reminders: Plan = ()
    time_zone: str = ""
    tenant_name: str = ""
    managed_identity: str = ""
    bot: BotSettings | None = None
    warnings: tuple[str, ...] = ()

    @property
    def routes(self) -> list[Route]:
        """The pure part of the destinations."""
        return [destination.route for destination in self.destinations]


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads and checks all settings.

    Raises:
        SettingsError: with every mistake there is.
    """
    return _Reader(environ).settings()


@dataclass(slots=True)
class _Reader:
    """Collects mistakes while it reads; a wrong value becomes None or the default, and a mistake."""

    environ: Mapping[str, str]
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def settings(self) -> Settings:
        if self._text("MAA_TENANTS"):
            problem = (
                "names many tenants, and this is for one: say which, as in maa-notify --tenant NAME doctor"
            )
            raise SettingsError([Mistake("MAA_TENANTS", problem)])
        cloud = self._cloud()
        settings = Settings(
            tenant_id=self._tenant_id(),
            cloud=cloud,
            client_id=self._text("MAA_CLIENT_ID"),
            client_secret=self._secret("MAA_CLIENT_SECRET"),
            certificate_path=self._certificate(),
            access_token=self._token("MAA_ACCESS_TOKEN"),
            graph_url=self._origin("MAA_GRAPH_URL", cloud.graph),
            authority_url=self._origin("MAA_AUTHORITY_URL", cloud.authority),
            state=self._state(),
            table_name=self._matching("MAA_TABLE_NAME", "MaaNotify", _TABLE, "3 to 63 letters and digits"),
            destinations=self._all_destinations(),
            reminders=self._reminders(),
            digest_above=self._number("MAA_DIGEST_ABOVE", 5, 1, 10_000),
            heartbeat_days=self._number("MAA_HEARTBEAT_DAYS", 30, 0, 80),
            retention_days=self._number("MAA_RETENTION_DAYS", 365, 35, 3_650),
            poll_schedule=self._schedule(),
            complete_reminders=self._complete_reminders(),
            time_zone=self._time_zone(),
            tenant_name=self._matching("MAA_TENANT_NAME", "", _NAME, "at most 60 characters in one line"),
            managed_identity=self._matching(
                "MAA_MANAGED_IDENTITY_CLIENT_ID", "", GUID, "a client id (a GUID)"
            ).lower(),
        )
        settings = self._with_bot(settings)
        self._check_credentials(settings)
        self._check_names()
        if self.mistakes:
            raise SettingsError(self.mistakes)
        return replace(settings, warnings=tuple(self.warnings))

    def _text(self, name: str, default: str = "") -> str:
        value = self.environ.get(name, "").strip()
        if is_unresolved(value):
            self._wrong(name, _NOT_RESOLVED)
            return default
        return value or default

    def _secret(self, name: str) -> Secret | None:
        value = self._text(name)
        return Secret(value) if value else None

    def _wrong(self, name: str, problem: str) -> None:
        self.mistakes.append(Mistake(name, problem))

    def _was_wrong(self, name: str) -> bool:
        return any(mistake.setting == name for mistake in self.mistakes)

    def _matching(self, name: str, default: str, pattern: re.Pattern[str], form: str) -> str:
        value = self._text(name, default)
        if value and not pattern.fullmatch(value):
            self._wrong(name, f"must be {form}")
        return value

    def _tenant_id(self) -> str:
        value = self._text("MAA_TENANT_ID")
        if not value and not self._was_wrong("MAA_TENANT_ID"):
            self._wrong("MAA_TENANT_ID", "is required: the directory (tenant) id from Entra's overview page")
        elif value and (value.lower() in _NO_TENANT or not _TENANT.fullmatch(value)):
            self._wrong("MAA_TENANT_ID", "must be one tenant's id (a GUID) or its domain name")
        return value.lower()

    def _cloud(self) -> Cloud:
        name = self._text("MAA_CLOUD", "global").lower()
        if name not in CLOUDS:
            self._wrong("MAA_CLOUD", f"must be one of {', '.join(CLOUDS)}")
        return CLOUDS.get(name, CLOUDS["global"])

    def _certificate(self) -> Path | None:
        value = self._text("MAA_CLIENT_CERTIFICATE_PATH")
        if not value:
            return None
        path = Path(value)
        try:
            is_file = path.is_file()
        except OSError:
            is_file = False
        if not is_file:
            self._wrong(
                "MAA_CLIENT_CERTIFICATE_PATH", "there is no such file; give the path, not the certificate"
            )
        return path

    def _token(self, name: str) -> Secret | None:
        token = self._secret(name)
        if token and is_in_azure(self.environ):
            self._wrong(name, "is for first tries and tests only: remove it, the identity signs in")
        if token and not is_header_safe(token.reveal()):
            self._wrong(name, "holds characters that no token has (spaces or line breaks?)")
        return token

    def _origin(self, name: str, default: str) -> str:
        value = self._text(name, default).rstrip("/")
        problem = problem_of_origin(value)
        if problem:
            self._wrong(name, problem)
        return value

    def _state(self) -> StateAddress:
        value = self._text("MAA_STATE", "sqlite:///maa-notify.db")
        if value.startswith(_SQLITE) and value != _SQLITE:
            return self._file(Path(value.removeprefix(_SQLITE)))
        if value.startswith("https://") and ".table." in value and not problem_of_origin(value.rstrip("/")):
            return StateAddress(table_endpoint=value.rstrip("/"))
        if _is_connection_string(value):
            return StateAddress(connection_string=Secret(value))
        if not self._was_wrong("MAA_STATE"):
            self._wrong(
                "MAA_STATE",
                "must be sqlite:///FILE, a storage connection string, or https://ACCOUNT.table.core.windows.net",
            )
        return StateAddress()

    def _file(self, path: Path) -> StateAddress:
        if is_in_azure(self.environ) and not self._was_wrong("MAA_STATE"):
            self._wrong(
                "MAA_STATE",
                "must be https://ACCOUNT.table.core.windows.net inside Azure, where files do not last",
            )
        return StateAddress(sqlite_path=path)

    def _reminders(self) -> Plan:
        try:
            return parse_plan(
                self._text("MAA_REMINDERS", "" if "MAA_REMINDERS" in self.environ else "50%,24h,4h")
            )
        except ValueError as error:
            self._wrong("MAA_REMINDERS", str(error))
            return ()

    def _complete_reminders(self) -> Plan:
        try:
            plan = parse_plan(self._text("MAA_COMPLETE_REMINDERS"))
        except ValueError:
            plan = None
        if plan is None or any(stage.share is not None for stage in plan):
            self._wrong(
                "MAA_COMPLETE_REMINDERS",
                "must be a list of times after the approval, such as 4h,24h: whole numbers with m, h or d",
            )
            return ()
        return plan

    def _time_zone(self) -> str:
        name = self._text("MAA_TIME_ZONE")
        if name and not _is_time_zone(name):
            near = did_you_mean(name, available_timezones())
            self._wrong("MAA_TIME_ZONE", f"must be an IANA name such as Europe/Berlin{near}")
        return name

    def _number(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self._text(name, str(default))
        if not (_NUMBER.fullmatch(value) and lowest <= int(value) <= highest):
            self._wrong(name, f"must be a whole number from {lowest} to {highest}")
            return default
        return int(value)

    def _schedule(self) -> str:
        value = self._text("MAA_POLL_SCHEDULE", DEFAULT_SCHEDULE)
        if not is_schedule(value):
            self._wrong(
                "MAA_POLL_SCHEDULE", "must have the six fields of NCRONTAB, such as '0 * * * * *' (UTC)"
            )
        return value

    def _all_destinations(self) -> tuple[Destination, ...]:
        before = len(self.mistakes)
        text = self._text("MAA_DESTINATIONS")
        given = self._reader_of("MAA_DESTINATIONS").read(text) if text else []
        url = self._secret("MAA_TEAMS_WEBHOOK_URL")
        if url is not None:
            self._reader_of("MAA_TEAMS_WEBHOOK_URL").check_webhook(url.reveal())
            given.append(Destination(Route(DEFAULT_DESTINATION, catch_all=True), url))
        elif given and all(each.route.policy_types or each.route.events for each in given):
            self.warnings.append(
                "MAA_TEAMS_WEBHOOK_URL is not set and every entry of MAA_DESTINATIONS is choosy: what none of"
                " them takes is logged and told nobody"
            )
        if not given and len(self.mistakes) == before:
            self._wrong(
                "MAA_TEAMS_WEBHOOK_URL",
                "is required unless MAA_DESTINATIONS is given: in Teams open the channel's menu > Workflows,"
                " take a 'webhook' template and copy its URL",
            )
        return tuple(given)

    def _reader_of(self, name: str) -> DestinationsReader:
        return DestinationsReader(
            wrong=lambda problem: self._wrong(name, problem),
            warn=lambda doubt: self.warnings.append(f"{name}: {doubt}"),
            problem_of_service=self._problem_of_service,
        )

    def _problem_of_service(self, url: str) -> str:
        cloud = BOT_CLOUDS.get(self._text("MAA_CLOUD", "global").lower())
        if is_loopback(url) and not is_in_azure(self.environ):
            return problem_of_url(url)
        if cloud is None or not cloud.serves(url):
            return "must be the address of Teams' service for bots, such as https://smba.trafficmanager.net/teams"
        return ""

    def _with_bot(self, settings: Settings) -> Settings:
        """With what a bot needs, if anything asks for one, and with the chats it writes to."""
        wants_chats, commands = self._flag("MAA_REQUESTOR_CHAT"), self._flag("MAA_BOT_COMMANDS")
        ways = [each.way for each in settings.destinations if isinstance(each.way, BotAddress)]
        token, is_wanted = self._token("MAA_BOT_ACCESS_TOKEN"), bool(ways or wants_chats or commands)
        client_id = self._bot_client_id(settings, is_wanted=is_wanted)
        if not is_wanted:
            return settings
        cloud = BOT_CLOUDS.get(settings.cloud.name)
        bot = BotSettings(
            client_id=client_id,
            service_url=ways[0].service_url if ways else cloud.service_url if cloud else "",
            access_token=token,
            commands=commands,
        )
        self._check_bot(settings, bot)
        chats = (_requestor_chat(bot),) if wants_chats else ()
        return replace(settings, bot=bot, destinations=(*settings.destinations, *chats))

    def _bot_client_id(self, settings: Settings, *, is_wanted: bool) -> str:
        given = self._text("MAA_BOT_CLIENT_ID")
        if self._was_wrong("MAA_BOT_CLIENT_ID") or not (given or is_wanted):
            return ""
        try:
            client_id = client_id_from(self.environ)
        except SettingsError as error:
            self.mistakes.extend(error.mistakes)
            return ""
        signs_in_itself = settings.client_secret or settings.certificate_path
        if signs_in_itself and client_id != settings.client_id.lower():
            self._wrong(
                "MAA_BOT_CLIENT_ID", "must be MAA_CLIENT_ID when that signs in with a secret or certificate"
            )
        return client_id

    def _check_bot(self, settings: Settings, bot: BotSettings) -> None:
        if settings.cloud.name not in BOT_CLOUDS:
            self._wrong("MAA_CLOUD", f"a bot is not offered in {settings.cloud.name}")
        elif not bot.service_url:
            self._wrong(
                "MAA_REQUESTOR_CHAT",
                "needs a destination with 'bot' in this cloud, which names the address of Teams' service",
            )
        if not GUID.fullmatch(settings.tenant_id):
            self._wrong("MAA_TENANT_ID", "must be the tenant's GUID for a bot: Teams tells no domain name")

    def _flag(self, name: str) -> bool:
        value = self._text(name, "false").lower()
        if value not in {"true", "false"}:
            self._wrong(name, "must be true or false")
        return value == "true"

    def _check_credentials(self, settings: Settings) -> None:
        if settings.client_secret and settings.certificate_path:
            self._wrong("MAA_CLIENT_SECRET", "give this or MAA_CLIENT_CERTIFICATE_PATH, not both")
        if (settings.client_secret or settings.certificate_path) and not settings.client_id:
            self._wrong(
                "MAA_CLIENT_ID",
                "is required with a client secret or certificate: the application (client) id",
            )
        if settings.managed_identity and not settings.client_id and not settings.access_token:
            self._wrong(
                "MAA_CLIENT_ID",
                "is required with MAA_MANAGED_IDENTITY_CLIENT_ID: the app registration that trusts it",
            )

    def _check_names(self) -> None:
        for name in sorted(self.environ):
            if name.startswith("MAA_") and name not in NAMES:
                self.warnings.append(f"{name} is not a setting of this version{did_you_mean(name, NAMES)}")


def _requestor_chat(bot: BotSettings) -> Destination:
    route = Route(REQUESTOR_CHAT, events=EVENTS_FOR_REQUESTOR, to_requestor=True, by_object_id=True)
    return Destination(route, BotAddress(bot.service_url))


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True


def _is_connection_string(value: str) -> bool:
    if value == "UseDevelopmentStorage=true":
        return True
    parts = {part.split("=", 1)[0].strip().lower() for part in value.split(";") if "=" in part}
    has_key = {"accountname", "accountkey"} <= parts or "sharedaccesssignature" in parts
    return has_key and bool({"accountname", "tableendpoint"} & parts)
