"""What `doctor` checks: the parts of the notifier that can be set up, and why the others cannot."""

import os
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import app
from maa_notify.errors import MaaNotifyError, Mistake, SettingsError, StateError
from maa_notify.fleet.shared import SharedResources
from maa_notify.identity.tokens import Token, TokenSource
from maa_notify.settings.doubts import doubts_of
from maa_notify.settings.model import BotAddress, Settings
from maa_notify.settings.reader import read_as_far_as_possible
from maa_notify.storage.rows import Row, Rows, Write

TENANT = ("MAA_TENANT_ID",)
SIGN_IN = (
    *TENANT,
    "MAA_CLIENT_ID",
    "MAA_CLIENT_SECRET",
    "MAA_CLIENT_CERTIFICATE_PATH",
    "MAA_MANAGED_IDENTITY_CLIENT_ID",
    "MAA_ACCESS_TOKEN",
    "MAA_CLOUD",
    "MAA_AUTHORITY_URL",
)
GRAPH = (*SIGN_IN, "MAA_GRAPH_URL")
BOT = (
    *SIGN_IN,
    "MAA_BOT_CLIENT_ID",
    "MAA_BOT_ACCESS_TOKEN",
    "MAA_BOT_COMMANDS",
    "MAA_REQUESTOR_CHAT",
    "MAA_APPROVER_CHAT",
)
"""The settings that each part is made of."""

_STATE = (*TENANT, "MAA_STATE", "MAA_TABLE_NAME")
_BUSY_SECONDS = 1.0
"""How long to wait for the lock of a state file: longer than a poller holds it that is well."""


class Patient(Struct, frozen=True):
    """The notifier as far as its settings allow.

    Attributes:
        notifier: wired up; a part that is wrong has a stand-in, which fails when it is used.
        mistakes: what is wrong with the settings.
        doubts: what is right in them and deserves a look.
        state: the settings that the state store is made of.
        shared: what to close afterwards.
    """

    notifier: app.App
    mistakes: tuple[Mistake, ...]
    doubts: tuple[str, ...]
    state: tuple[str, ...]
    shared: SharedResources

    def wrong_of(self, names: Sequence[str]) -> list[str]:
        """Which of these settings are wrong."""
        wrong = {mistake.setting for mistake in self.mistakes}
        return [name for name in names if name in wrong]

    def close(self) -> None:
        """Lets go of connections and files."""
        self.notifier.close()
        self.shared.close()


class _NoTokens:
    """Stands for a source of tokens that cannot be made."""

    def __init__(self, error: MaaNotifyError) -> None:
        self._error = error

    def token(self, scope: str) -> Token:  # noqa: ARG002 - as every source has it
        raise self._error

    def invalidate(self) -> None:
        pass


class _NoRows:
    """Stands for a state store that cannot be opened."""

    def __init__(self, error: MaaNotifyError) -> None:
        self._error = error

    def read(self, first: str, end: str) -> Iterator[Row]:  # noqa: ARG002 - as every store has it
        raise self._error

    def get(self, key: str) -> Row | None:  # noqa: ARG002
        raise self._error

    def commit(self, writes: Sequence[Write]) -> list[str]:  # noqa: ARG002
        raise self._error

    def close(self) -> None:
        pass


def examine(environ: Mapping[str, str] = os.environ) -> Patient:
    """Wires up what the settings allow; nothing is sent, but a SQLite file is opened.

    Raises:
        SettingsError: the settings are those of a fleet.
    """
    reading, shared = read_as_far_as_possible(environ), SharedResources()
    settings, mistakes = reading.settings, list(reading.mistakes)
    identity = _identity(settings, shared, mistakes)
    state = _STATE if settings.state.table_endpoint is None else (*_STATE, *SIGN_IN)
    rows = _rows(settings, identity, shared, mistakes, state)
    settings = _without_wrong_bot(settings, mistakes)
    parts = app.Parts(identity, rows, shared)
    doubts = doubts_of(reading.settings, environ)
    return Patient(app.wire(settings, parts), tuple(mistakes), doubts, state, shared)


def _identity(settings: Settings, shared: SharedResources, mistakes: list[Mistake]) -> TokenSource:
    try:
        return app.identity_of(settings, shared)
    except SettingsError as error:
        mistakes += error.mistakes
        return _NoTokens(error)


def _rows(
    settings: Settings,
    identity: TokenSource,
    shared: SharedResources,
    mistakes: list[Mistake],
    names: Sequence[str],
) -> Rows:
    wrong = [each for each in mistakes if each.setting in names]
    if wrong:
        return _NoRows(SettingsError(wrong))  # its default would be another store than the one that is meant
    try:
        return app.rows_of(settings, identity, shared, _BUSY_SECONDS)
    except SettingsError as error:
        mistakes += error.mistakes
        return _NoRows(error)
    except StateError as error:
        return _NoRows(error)


def _without_wrong_bot(settings: Settings, mistakes: Sequence[Mistake]) -> Settings:
    """The settings without destinations that the bot writes to, where its own settings are wrong."""
    if not any(each.setting in BOT for each in mistakes):
        return settings
    kept = tuple(each for each in settings.destinations if not isinstance(each.endpoint, BotAddress))
    return replace(settings, destinations=kept, bot=None)
