"""The composition root: settings to adapters to a poll. The only module that knows all others."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from azure.data.tables import TableServiceClient
from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.bot.config import BOT_CLOUDS, BotSetup
from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.times import TimeFormat
from maa_notify.clock import Clock, SystemClock
from maa_notify.delivery.delivery import Delivery
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.delivery.sender import Sender
from maa_notify.domain.compare import Rules
from maa_notify.domain.request import GUID
from maa_notify.errors import MaaNotifyError, Mistake, SettingsError
from maa_notify.fleet.shared import SharedResources
from maa_notify.graph.access import AccessReader
from maa_notify.graph.client import GraphClient
from maa_notify.graph.reader import GraphReader
from maa_notify.identity.secret import Secret
from maa_notify.identity.tokens import (
    AppRegistration,
    Credential,
    StaticToken,
    StorageCredential,
    TokenSource,
    certificate_credential,
    federated_credential,
)
from maa_notify.net.client import silence_third_parties
from maa_notify.polling.approvals import Approvals
from maa_notify.polling.approvers import ApproverRoll
from maa_notify.polling.guard import Guard
from maa_notify.polling.health import Health, health_of
from maa_notify.polling.poll import Habits, Poll
from maa_notify.polling.pulse import Pulse, reason_of
from maa_notify.polling.report import Report
from maa_notify.polling.source import Source
from maa_notify.settings.doubts import doubts_of
from maa_notify.settings.fingerprint import parts_of
from maa_notify.settings.model import BotAddress, BotSettings, Destination, Settings
from maa_notify.settings.reader import read_as_far_as_possible, read_settings
from maa_notify.storage.rows import Rows
from maa_notify.storage.store import StateStore
from maa_notify.storage.table import TableRows, connect_with_identity, connect_with_string
from maa_notify.teams.bot import ApproverChats, BotChannel, BotChat
from maa_notify.teams.connector import Connector
from maa_notify.teams.webhook import WorkflowsWebhook

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    # What checks tokens takes its share of a cold start, and most deployments have no use for it.
    from maa_notify.bot.endpoint import Messages
    from maa_notify.graph.posture import PostureReader

_LOG = logs.logger(__name__)

Connect = Callable[[str], Connector]
"""Opens the bot's connection to a service URL."""


@dataclass(slots=True)
class App:
    """One tenant, wired up. Keep it between polls, since it holds the tokens and the connections.

    `messages` is None where nobody may ask back. `owned_resources` is what no other tenant shares; None in a
    fleet.
    """

    settings: Settings
    clock: Clock
    tokens: TokenSource
    reader: GraphReader
    graph: GraphClient
    store: StateStore
    senders: Mapping[str, Sender]
    cards: TeamsCards
    limits: DeliveryLimits
    habits: Habits
    sources: Sequence[Source] = ()
    approvers: ApproverRoll | None = None
    messages: "Messages | None" = None
    owned_resources: SharedResources | None = None
    pulse: Pulse | None = None
    guard: Guard = field(default_factory=Guard)

    def poll(self) -> Report:
        """Polls once, then tells the monitor how it went, if there is one.

        Raises:
            StateError: the state store failed.
        """
        try:
            report = self._poll()
        except MaaNotifyError as error:
            self._beat(Report(failure=error))
            raise
        self._beat(report)
        return report

    def _beat(self, report: Report) -> None:
        if self.pulse is not None:
            self.pulse.send(reason_of(report), report.settings)

    def _poll(self) -> Report:
        settings = self.settings
        delivery = Delivery(
            self.store.outbox, self.senders, self.cards, self.clock, self.limits, settings.leaders
        )
        rules = Rules(
            reminders=settings.reminders,
            complete_reminders=settings.complete_reminders,
            quiet=settings.quiet_hours,
        )
        approvals = Approvals(self.graph, self.store.requests, rules, self.clock)
        routes, clock = settings.routes, self.clock
        return Poll(
            approvals,
            self.sources,
            self.store,
            routes,
            delivery,
            clock,
            self.habits,
            self.guard,
            self.approvers,
        ).run()

    def health(self) -> Health:
        """Whether the notifier is well, from the state store alone.

        Raises:
            StateError: the state store failed.
        """
        return health_of(self.store, self.settings.poll_schedule, self.clock.now())

    def disconnect(self) -> None:
        """Lets go of connections that would end before the next poll; they are opened anew when needed."""
        self.reader.disconnect()
        self._close_senders()

    def close(self) -> None:
        """Lets go of connections and files."""
        self.reader.close()
        self.store.close()
        self._close_senders()
        if self.owned_resources is not None:
            self.owned_resources.close()

    def _close_senders(self) -> None:
        for sender in self.senders.values():
            sender.close()
        if self.pulse is not None:
            self.pulse.close()


def build(
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    limits: DeliveryLimits | None = None,
    shared: SharedResources | None = None,
) -> App:
    """Wires everything up; no request is made yet, but a SQLite file is opened.

    Args:
        environ: the settings.
        clock: the time; the system's by default.
        limits: how to deliver.
        shared: what other tenants of this process have already.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state file cannot be used.
    """
    settings = read_settings(environ)
    resources = shared or SharedResources()
    identity = identity_of(settings, resources)
    rows = rows_of(settings, identity, resources)
    notifier = wire(settings, Parts(identity, rows, resources), clock, limits)
    # Every connection goes by the variables of the process, whatever settings it was built with.
    notifier.guard = Guard(parts_of(settings, os.environ))
    notifier.owned_resources = resources if shared is None else None
    if doubts := doubts_of(settings, environ):
        _LOG.warning("settings.doubtful", text="; ".join(doubts))
    return notifier


def build_to_poll(
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    limits: DeliveryLimits | None = None,
    shared: SharedResources | None = None,
) -> App:
    """As `build`; what keeps polls from beginning is told to the monitor, if its own address is right.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state file cannot be used.
    """
    try:
        return build(environ, clock, limits, shared)
    except MaaNotifyError as error:
        if url := _monitor_in(environ):
            pulse = Pulse(url)
            pulse.send(error.code)
            pulse.close()
        raise


def _monitor_in(environ: Mapping[str, str]) -> Secret | None:
    """The address of the monitor, whatever else is wrong in the settings."""
    with suppress(SettingsError):
        return read_as_far_as_possible(environ).settings.ping_url
    return None


class Parts(Struct, frozen=True):
    """What is opened before the rest is wired up: who signs in, the state store, what tenants share."""

    identity: TokenSource
    rows: Rows
    shared: SharedResources


def wire(
    settings: Settings, parts: Parts, clock: Clock | None = None, limits: DeliveryLimits | None = None
) -> App:
    """Wires everything up from parts that are there; the caller closes what is shared."""
    silence_third_parties()
    clock, identity, shared = clock or SystemClock(), parts.identity, parts.shared
    tokens = tokens_of(settings, identity)
    store, cards = StateStore(parts.rows), _cards(settings)
    connect = _connections(settings, identity, shared)
    reader = reader_of(settings, tokens, clock)
    approvers = _approvers(settings, reader, store, clock)
    return App(
        settings=settings,
        clock=clock,
        tokens=tokens,
        reader=reader,
        graph=GraphClient(reader),
        store=store,
        senders={each.route.name: _sender(each, connect, clock) for each in settings.destinations},
        cards=cards,
        limits=replace(limits or DeliveryLimits(), digest_above=settings.digest_above),
        habits=Habits(
            retention=timedelta(days=settings.retention_days),
            heartbeat=timedelta(days=settings.heartbeat_days) if settings.heartbeat_days else None,
            quiet=settings.quiet_hours,
        ),
        sources=(
            *(() if approvers is None else (approvers,)),
            *_posture(settings, reader, clock),
            *_watch(settings, reader, store, clock),
            *_summary(settings, store, cards, clock),
        ),
        approvers=approvers,
        messages=_messages(settings, store, cards, connect, clock),
        pulse=None if settings.ping_url is None else Pulse(settings.ping_url),
    )


def _watch(settings: Settings, reader: GraphReader, store: StateStore, clock: Clock) -> Sequence[Source]:
    """The sources of the watch: none where it is off."""
    if not settings.watch:
        return ()
    from maa_notify.polling import watch  # noqa: PLC0415 - most deployments have no use for it

    least = {severity for route in settings.routes for severity in route.severities}
    return watch.watch_sources(
        reader,
        store.alerts,
        clock,
        watch.Habits(settings.watch_every, settings.watch_allow, tells_low="low" in least),
    )


def _approvers(
    settings: Settings, reader: GraphReader, store: StateStore, clock: Clock
) -> ApproverRoll | None:
    if not settings.approvers:
        return None
    return ApproverRoll(AccessReader(reader), store.roll, clock, settings.approvers_every)


def tokens_of(settings: Settings, identity: TokenSource) -> TokenSource:
    """The source of tokens for Graph: the ready one, if there is one, else the identity's."""
    return identity if settings.access_token is None else StaticToken(settings.access_token)


def reader_of(settings: Settings, tokens: TokenSource, clock: Clock) -> GraphReader:
    """What reads Graph."""
    return GraphReader(settings.graph_url, graph_scope(settings), tokens, clock, tenant_id=settings.tenant_id)


def posture_reader(
    settings: Settings,
    reader: GraphReader,
    clock: Clock,
    seconds: float,
    on_part: Callable[[str], None] = lambda _: None,
) -> "PostureReader":
    """What reads the defence around approval, within so many seconds; `on_part` is told what is read next."""
    # Slow to load, and most polls have no use for it.
    from maa_notify.graph.posture import PostureReader  # noqa: PLC0415

    tenant_id = settings.tenant_id.lower() if GUID.fullmatch(settings.tenant_id) else ""
    return PostureReader(reader, clock, tenant_id, seconds, on_part)


def _posture(settings: Settings, reader: GraphReader, clock: Clock) -> Sequence[Source]:
    """The source that looks after the defence around approval; none where it is off."""
    if not settings.posture:
        return ()
    # Slow to load, and most deployments have no use for it.
    from maa_notify.polling.posture import SECONDS, PostureSource  # noqa: PLC0415

    read = posture_reader(settings, reader, clock, SECONDS).read
    return (PostureSource(read, settings.posture_every, settings.global_admins, settings.posture_accept),)


def _summary(settings: Settings, store: StateStore, cards: TeamsCards, clock: Clock) -> Sequence[Source]:
    """The source of the weekly summary; none where it is off."""
    if settings.summary is None:
        return ()
    # Slow to load, and off by default.
    from maa_notify.polling.summary import Summary  # noqa: PLC0415

    return (Summary(settings.summary, store, clock, cards.times.zone),)


def graph_scope(settings: Settings) -> str:
    """The scope of tokens for Graph: that of the cloud, even if `MAA_GRAPH_URL` names another server."""
    return f"{settings.cloud.graph}/.default"


def _cards(settings: Settings) -> TeamsCards:
    return TeamsCards(
        settings.cloud.approvals_url_of(settings.tenant_id),
        mentions={each.route.name: each.mentions for each in settings.destinations},
        times=TimeFormat(_zone(settings.time_zone)),
        chats={route.name for route in settings.routes if route.to_requestor},
        tenant=settings.tenant_name,
        tickets=settings.tickets,
        asking=_asking(settings),
    )


def _asking(settings: Settings) -> set[str]:
    """The destinations whose cards may call back: the bot's, where it listens and knows who can decide."""
    is_heard = settings.bot is not None and settings.bot.commands and settings.approvers
    return {each.name for each in settings.routes if is_heard and (each.keeps_cards or each.to_approvers)}


def _zone(name: str) -> "ZoneInfo | None":
    if not name:
        return None
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - slow to load, and most deployments tell times in UTC

    return ZoneInfo(name)


def _sender(destination: Destination, connect: Connect, clock: Clock) -> Sender:
    name, endpoint = destination.route.name, destination.endpoint
    if isinstance(endpoint, Secret):
        return WorkflowsWebhook(name, endpoint)
    connector = connect(endpoint.service_url)
    if endpoint.channel_id:
        return BotChannel(name, endpoint.channel_id, connector, clock.sleep)
    if destination.route.to_approvers:
        return ApproverChats(name, connector, clock.sleep)
    return BotChat(name, connector)


def _connections(settings: Settings, identity: TokenSource, shared: SharedResources) -> Connect:
    """A function that opens connections for the bot, all with one source of tokens."""
    bot = settings.bot
    if bot is None:
        return _no_bot
    tokens = _bot_tokens(settings, bot, identity, shared)
    return lambda service_url: Connector(service_url, bot.client_id, settings.tenant_id, tokens)


def _no_bot(service_url: str) -> Connector:
    raise AssertionError(f"no setting asks for a bot at {service_url}")


def _bot_tokens(
    settings: Settings, bot: BotSettings, identity: TokenSource, shared: SharedResources
) -> TokenSource:
    """The source of the bot's tokens: the notifier's own identity, unless the bot has another one."""
    if bot.access_token is not None:
        return StaticToken(bot.access_token)
    is_same = bot.client_id == settings.client_id.lower()
    return identity if is_same else shared.identity(bot.client_id)


def _messages(
    settings: Settings, store: StateStore, cards: TeamsCards, connect: Connect, clock: Clock
) -> "Messages | None":
    """The handler of questions to the bot; None when there is no bot that may be asked."""
    bot = settings.bot
    if bot is None or not bot.commands:
        return None
    # Slow to load, and seldom used.
    from maa_notify.bot.endpoint import messages_of  # noqa: PLC0415
    from maa_notify.bot.replies import ConnectorReplies  # noqa: PLC0415

    addresses = [each.endpoint for each in settings.destinations if isinstance(each.endpoint, BotAddress)]
    channels = frozenset(each.channel_id for each in addresses if each.channel_id)
    setup = BotSetup(bot.client_id, settings.tenant_id, BOT_CLOUDS[settings.cloud.name], channels)
    return messages_of(setup, store, cards, ConnectorReplies(connect), clock)


def identity_of(settings: Settings, shared: SharedResources) -> TokenSource:
    """The source of tokens for Graph: the app registration if one is set, else the managed identity.

    Raises:
        SettingsError: the certificate cannot be used.
    """
    if settings.client_secret is not None:
        return _registration(settings, settings.client_secret.reveal())
    if settings.client_certificate_path is not None:
        return _registration(settings, _certificate(settings.client_certificate_path))
    if settings.managed_identity_client_id not in {"", settings.client_id.lower()}:
        trusted = shared.identity(settings.managed_identity_client_id)
        return _registration(settings, federated_credential(trusted, settings.cloud.exchange_audience))
    return shared.identity(settings.client_id)


def _certificate(path: Path) -> Credential:
    try:
        return certificate_credential(path)
    except (OSError, ValueError) as error:
        raise SettingsError([Mistake("MAA_CLIENT_CERTIFICATE_PATH", f"cannot be used: {error}")]) from None


def _registration(settings: Settings, credential: Credential) -> AppRegistration:
    return AppRegistration(settings.client_id, credential, settings.authority_url, settings.tenant_id)


def rows_of(
    settings: Settings, identity: TokenSource, shared: SharedResources, busy_seconds: float | None = None
) -> Rows:
    """The state store, opened; `busy_seconds` is how long to wait for a file that another process has locked.

    Raises:
        SettingsError: the connection string is not complete.
        StateError: the state file cannot be used.
    """
    state = settings.state
    if state.sqlite_path is not None:
        # Never in Azure.
        from maa_notify.storage.sqlite import SqliteRows  # noqa: PLC0415
        from maa_notify.storage.sqlite_file import BUSY_SECONDS  # noqa: PLC0415

        patience = BUSY_SECONDS if busy_seconds is None else busy_seconds
        return SqliteRows(state.sqlite_path, settings.tenant_id, patience)
    endpoint = state.table_endpoint
    if endpoint is not None:
        owner = settings.managed_identity_client_id
        identity = shared.identity(owner) if owner else identity
        credential, audience = StorageCredential(identity), settings.cloud.storage_audience
        service = shared.service(
            endpoint, identity, lambda: connect_with_identity(endpoint, credential, audience)
        )
    else:
        secret = state.connection_string or Secret("")
        service = shared.service(secret.reveal(), None, lambda: _service_from(secret))
    return TableRows(service, settings.table_name, settings.tenant_id)


def _service_from(connection_string: Secret) -> TableServiceClient:
    try:
        return connect_with_string(connection_string.reveal())
    except ValueError:
        raise SettingsError([Mistake("MAA_STATE", "is not a complete storage connection string")]) from None
