"""The composition root: settings to adapters to a poll. The only room that knows all others."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from azure.data.tables import TableServiceClient

from maa_notify.cards.maker import TeamsCards
from maa_notify.clock import Clock, SystemClock
from maa_notify.deliver import Delivery, Policy
from maa_notify.errors import Mistake, SettingsError
from maa_notify.graph.client import GraphClient
from maa_notify.graph.tokens import (
    AppRegistration,
    ManagedIdentity,
    ReadyToken,
    StorageCredential,
    TokenSource,
    certificate_credential,
)
from maa_notify.health import Health, health_of
from maa_notify.poll import Poll, Report
from maa_notify.secret import Secret
from maa_notify.settings import Settings, read_settings
from maa_notify.state.rows import Rows
from maa_notify.state.sqlite import SqliteRows
from maa_notify.state.store import StateStore
from maa_notify.state.table import TableRows, connect_with_identity, connect_with_string
from maa_notify.teams.outlet import Outlet
from maa_notify.teams.workflows import WorkflowsWebhook
from maa_notify.upkeep import Upkeep
from maa_notify.wire import silence_third_parties

if TYPE_CHECKING:
    # What checks tokens takes its share of a cold start, and most deployments have no use for it.
    from maa_notify.bot.messages import Messages


@dataclass(slots=True)
class App:
    """Everything wired up for one tenant; keep it between polls: tokens and connections live in it.

    `messages` is None where nobody may ask back.
    """

    settings: Settings
    clock: Clock
    tokens: TokenSource
    graph: GraphClient
    store: StateStore
    outlets: Mapping[str, Outlet]
    cards: TeamsCards
    policy: Policy
    upkeep: Upkeep
    messages: "Messages | None" = None

    def poll(self) -> Report:
        """Polls once.

        Raises:
            StateError: the state store failed.
        """
        delivery = Delivery(self.store, self.outlets, self.cards, self.clock, self.policy)
        settings = self.settings
        return Poll(
            self.graph, self.store, settings.routes, settings.reminders, delivery, self.clock, self.upkeep
        ).run()

    def health(self) -> Health:
        """How the notifier is, from the state store alone.

        Raises:
            StateError: the state store failed.
        """
        return health_of(self.store, self.settings.poll_schedule, self.clock.now())

    def close(self) -> None:
        """Lets go of connections and files."""
        self.graph.close()
        self.store.close()
        for outlet in self.outlets.values():
            outlet.close()


def build(
    environ: Mapping[str, str] = os.environ, clock: Clock | None = None, policy: Policy | None = None
) -> App:
    """Wires everything up; no request is made yet, but a SQLite file is opened.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state file cannot be used.
    """
    silence_third_parties()
    settings = read_settings(environ)
    clock = clock or SystemClock()
    identity = _identity(settings)
    tokens = identity if settings.access_token is None else ReadyToken(settings.access_token)
    return App(
        settings=settings,
        clock=clock,
        tokens=tokens,
        graph=GraphClient(settings.graph_url, graph_scope(settings), tokens, clock),
        store=StateStore(_rows(settings, identity)),
        outlets={
            each.route.name: WorkflowsWebhook(each.route.name, each.webhook_url)
            for each in settings.destinations
        },
        cards=TeamsCards(
            settings.cloud.approvals_url,
            {each.route.name: each.mentions for each in settings.destinations},
        ),
        policy=replace(policy or Policy(), digest_above=settings.digest_above),
        upkeep=Upkeep(
            retention=timedelta(days=settings.retention_days),
            heartbeat=timedelta(days=settings.heartbeat_days) if settings.heartbeat_days else None,
        ),
    )


def graph_scope(settings: Settings) -> str:
    """What a token for Graph is asked for; the cloud's own Graph, even where a test server stands in."""
    return f"{settings.cloud.graph}/.default"


def _identity(settings: Settings) -> TokenSource:
    """Who signs in to Graph and storage: the app registration, else the managed identity."""
    if settings.client_secret is not None:
        return _registration(settings, settings.client_secret.reveal())
    if settings.certificate_path is not None:
        try:
            credential = certificate_credential(settings.certificate_path)
        except (OSError, ValueError) as error:
            raise SettingsError(
                [Mistake("MAA_CLIENT_CERTIFICATE_PATH", f"cannot be used: {error}")]
            ) from None
        return _registration(settings, credential)
    return ManagedIdentity(settings.client_id or None)


def _registration(settings: Settings, credential: str | dict[str, str]) -> AppRegistration:
    return AppRegistration(settings.client_id, credential, settings.authority_url, settings.tenant_id)


def _rows(settings: Settings, identity: TokenSource) -> Rows:
    state = settings.state
    if state.sqlite_path is not None:
        return SqliteRows(state.sqlite_path, settings.tenant_id)
    if state.table_endpoint is not None:
        service = connect_with_identity(
            state.table_endpoint, StorageCredential(identity), settings.cloud.storage_audience
        )
    else:
        service = _service_from(state.connection_string or Secret(""))
    return TableRows(service, settings.table_name, settings.tenant_id)


def _service_from(connection_string: Secret) -> TableServiceClient:
    try:
        return connect_with_string(connection_string.reveal())
    except ValueError:
        raise SettingsError([Mistake("MAA_STATE", "is not a complete storage connection string")]) from None
