"""What is special about Table Storage: it can be away, refuse us, or hold somebody else's rows."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient

from maa_notify.demo.loopback import free_port
from maa_notify.errors import StateCorrupt, StateError
from maa_notify.storage.rows import Insert
from maa_notify.storage.store import StateStore, check_writable
from maa_notify.storage.table import TableRows, connect_with_string
from tests.support.azurite import Azurite
from tests.support.notifier import TENANT
from tests.support.wire import HttpResponse, ScriptedServer, reply

pytestmark = pytest.mark.azurite

WRONG_KEY = "d3Jvbmcta2V5LXdyb25nLWtleS13cm9uZy1rZXk="


def refused(status: int, code: str) -> HttpResponse:
    """An error as Table Storage words it."""
    return reply(status, json={"odata.error": {"code": code, "message": {"lang": "en-US", "value": code}}})


def test_a_store_that_is_away_is_named_with_its_setting(caplog: pytest.LogCaptureFixture) -> None:
    """No traceback, no key, and what it means for the cards."""
    caplog.set_level(logging.DEBUG)
    address = f"http://127.0.0.1:{free_port()}/devstoreaccount1"
    text = f"AccountName=devstoreaccount1;AccountKey={WRONG_KEY};TableEndpoint={address};"
    rows = TableRows(connect_with_string(text), "MaaNotify", TENANT)

    with pytest.raises(StateError, match=r"cannot be reached.*MAA_STATE.*nothing was posted") as caught:
        rows.commit([Insert("live:1", "{}")])

    assert WRONG_KEY not in caplog.text + str(caught.value) + repr(rows)


def test_many_tenants_share_one_way_to_the_table(azurite: Azurite, caplog: pytest.LogCaptureFixture) -> None:
    """As many at once as the Functions host hands out: no connection is dropped, and no warning told."""
    service, table, at_once = connect_with_string(azurite.connection_string), f"T{uuid4().hex}", 24
    tenants = [TableRows(service, table, f"tenant-{number}") for number in range(at_once)]
    gate = Barrier(at_once)

    def read(rows: TableRows) -> None:
        for _ in range(3):
            gate.wait(20)
            list(rows.read("live:", "live:~"))

    tenants[0].commit([Insert("live:1", "{}")])
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(read, tenants))
    service.close()

    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_wrong_key_is_said_to_be_one(azurite: Azurite, caplog: pytest.LogCaptureFixture) -> None:
    """Names what to mend for both ways to sign in, and never shows the key."""
    caplog.set_level(logging.DEBUG)
    text = f"AccountName=devstoreaccount1;AccountKey={WRONG_KEY};TableEndpoint={azurite.url};"
    rows = TableRows(connect_with_string(text), "MaaNotify", TENANT)

    with pytest.raises(StateError, match=r"403.*Storage Table Data Contributor") as caught:
        StateStore(rows).requests.read_snapshot()

    assert WRONG_KEY not in caplog.text + str(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.requests.read_snapshot(),
        lambda store: store.requests.read_mark("approvals"),
        lambda store: check_writable(store.rows),
    ],
    ids=["snapshot", "mark", "probe"],
)
def test_a_table_that_is_being_deleted_is_no_empty_one(ask: Callable[[StateStore], object]) -> None:
    """For some time after somebody deleted it the service lets nobody make it anew: that is a failure."""
    with ScriptedServer(refused(409, "TableBeingDeleted")) as service:
        service.script(refused(404, "TableNotFound"))
        text = f"AccountName=a;AccountKey={WRONG_KEY};TableEndpoint={service.url}/a;"
        rows = TableRows(connect_with_string(text), "MaaNotify", TENANT)

        with pytest.raises(StateError, match=r"409 TableBeingDeleted.*created again"):
            ask(StateStore(rows))
        rows.close()


def test_a_foreign_row_in_our_place_is_named(azurite: Azurite) -> None:
    """Another program's entity under one of our keys stops the poll with its key."""
    table = f"T{uuid4().hex}"
    with TableServiceClient.from_connection_string(azurite.connection_string) as service:
        entity = {"PartitionKey": TENANT, "RowKey": "live:7", "Colour": "blue"}
        service.create_table(table).create_entity(entity)
        rows = TableRows(service, table, TENANT)

        with pytest.raises(StateCorrupt, match="'live:7'"):
            StateStore(rows).requests.read_snapshot()


def test_tenants_do_not_see_each_other(azurite: Azurite) -> None:
    """One table may serve many tenants."""
    table = f"T{uuid4().hex}"
    with connect_with_string(azurite.connection_string) as service:
        TableRows(service, table, "tenant-a").commit([Insert("live:1", "{}")])

        assert list(TableRows(service, table, "tenant-b").read(" ", "~")) == []
