"""State stores to measure on, each with the notifier's own adapter and with the bare library."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.floor import BareSqlite, BareStore, BareTable
from maa_notify.storage.rows import Rows
from maa_notify.storage.sqlite import SqliteRows
from maa_notify.storage.table import TableRows, connect_with_string

TABLE = "Bench"


class Backend(Protocol):
    """A state store, opened with either; tenants in it do not see each other."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        ...

    @property
    def state(self) -> str:
        """The value of `MAA_STATE`."""
        ...

    def rows(self, tenant: str) -> Rows:
        """The rows of a tenant, through the notifier's adapter."""
        ...

    def bare(self, tenant: str) -> BareStore:
        """The rows of a tenant, through the bare library."""
        ...


@dataclass(frozen=True, slots=True)
class SqliteBackend:
    """A SQLite file."""

    path: Path
    name: str = "SQLite"

    @property
    def state(self) -> str:
        """The value of `MAA_STATE`."""
        return f"sqlite:///{self.path}"

    def rows(self, tenant: str) -> Rows:
        """The rows of a tenant, through the notifier's adapter."""
        return SqliteRows(self.path, tenant)

    def bare(self, tenant: str) -> BareStore:
        """The rows of a tenant, through the standard library."""
        return BareSqlite(self.path, tenant)


@dataclass(frozen=True, slots=True)
class TableBackend:
    """A table in Azurite."""

    connection_string: str
    name: str = "Azurite"

    @property
    def state(self) -> str:
        """The value of `MAA_STATE`."""
        return self.connection_string

    def rows(self, tenant: str) -> Rows:
        """The rows of a tenant, through the notifier's adapter."""
        return TableRows(connect_with_string(self.connection_string), TABLE, tenant)

    def bare(self, tenant: str) -> BareStore:
        """The rows of a tenant, through Microsoft's library."""
        return BareTable(self.connection_string, TABLE, tenant)
