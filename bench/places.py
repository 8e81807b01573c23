"""Where state is kept: for each kind of store the notifier's own way in, and the bare one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.floor import BareSqlite, BareStore, BareTable
from maa_notify.storage.rows import Rows
from maa_notify.storage.sqlite import SqliteRows
from maa_notify.storage.table import TableRows, connect_with_string

TABLE = "Bench"


class Place(Protocol):
    """A state store under both views; tenants in it do not see each other."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        ...

    @property
    def state(self) -> str:
        """The value of `MAA_STATE`."""
        ...

    def rows(self, tenant: str) -> Rows:
        """The notifier's way in."""
        ...

    def bare(self, tenant: str) -> BareStore:
        """The bare one."""
        ...


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    """A file."""

    path: Path
    name: str = "SQLite"

    @property
    def state(self) -> str:
        """The value of `MAA_STATE`."""
        return f"sqlite:///{self.path}"

    def rows(self, tenant: str) -> Rows:
        """The notifier's way in."""
        return SqliteRows(self.path, tenant)

    def bare(self, tenant: str) -> BareStore:
        """The standard library."""
        return BareSqlite(self.path, tenant)


@dataclass(frozen=True, slots=True)
class TablePlace:
    """A table in Azurite."""

    connection_string: str
    name: str = "Azurite"

    @property
    def state(self) -> str:
        """The value of `MAA_STATE`."""
        return self.connection_string

    def rows(self, tenant: str) -> Rows:
        """The notifier's way in."""
        return TableRows(connect_with_string(self.connection_string), TABLE, tenant)

    def bare(self, tenant: str) -> BareStore:
        """Microsoft's library."""
        return BareTable(self.connection_string, TABLE, tenant)
