"""Both state stores, for one suite: what holds for one has to hold for the other."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from maa_notify.state.rows import Rows
from maa_notify.state.sqlite import SqliteRows
from maa_notify.state.table import TableRows, connect_with_string
from tests.support.notifier import TENANT


@pytest.fixture(params=["sqlite", pytest.param("azurite", marks=pytest.mark.azurite)])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rows]:
    """An empty store: a SQLite file, and a table of a real Azurite."""
    if request.param == "sqlite":
        store: Rows = SqliteRows(tmp_path / "state.db", TENANT)
    else:
        service = connect_with_string(request.getfixturevalue("azurite").connection_string)
        store = TableRows(service, f"T{uuid4().hex}", TENANT)
    yield store
    store.close()
