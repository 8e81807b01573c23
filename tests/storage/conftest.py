"""Both state stores, for one suite: what holds for one has to hold for the other."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from maa_notify.storage.rows import Rows
from maa_notify.storage.sqlite import SqliteRows
from maa_notify.storage.store import StateStore
from maa_notify.storage.table import TableRows, connect_with_string
from tests.support.memory import MemoryRows
from tests.support.notifier import TENANT


@pytest.fixture(params=["memory", "sqlite", pytest.param("azurite", marks=pytest.mark.azurite)])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rows]:
    """An empty store: a SQLite file, a table of a real Azurite, and the stand-in of the random lives."""
    store: Rows = MemoryRows()
    if request.param == "sqlite":
        store = SqliteRows(tmp_path / "state.db", TENANT)
    elif request.param == "azurite":
        service = connect_with_string(request.getfixturevalue("azurite").connection_string)
        store = TableRows(service, f"T{uuid4().hex}", TENANT)
    yield store
    store.close()


@pytest.fixture
def store(rows: Rows) -> StateStore:
    """The state of one tenant on it."""
    return StateStore(rows)
