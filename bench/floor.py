"""The bare calls: a list by `httpx` and `json`, rows by the store's own library, and nothing else."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import httpx
from azure.data.tables import TableServiceClient

from maa_notify.graph.client import COLLECTION
from maa_notify.storage.records import DEAD, OUTBOX
from maa_notify.storage.rows import MAX_CHANGES, Row

READS = (DEAD, OUTBOX + "~")
"""The range of keys that a poll reads."""

_HEADERS = {"Authorization": "Bearer a-token", "Accept": "application/json", "Accept-Encoding": "identity"}


def read_list(client: httpx.Client, origin: str) -> int:
    """Reads all pages, and lets each one go before it asks for the next; returns the number of requests."""
    url, count = origin + COLLECTION, 0
    while url:
        page = json.loads(client.get(url, headers=_HEADERS).content)
        count += len(page["value"])
        url = page.get("@odata.nextLink", "")
        del page
    return count


def post_card(client: httpx.Client, webhook: str, card: bytes) -> None:
    """Posts one card."""
    client.post(webhook, content=card, headers={"Content-Type": "application/json"})


class BareStore(Protocol):
    """The rows of one tenant, by bare calls."""

    def read(self) -> int:
        """Reads what a poll reads; returns the number of rows."""
        ...

    def write(self, rows: Sequence[Row]) -> None:
        """Writes rows in transactions as large as they may be."""
        ...


class BareSqlite:
    """By the standard library."""

    def __init__(self, path: Path, partition: str) -> None:
        """In a file that the notifier made."""
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._partition = partition

    def read(self) -> int:
        """Reads what a poll reads."""
        query = "SELECT key, data, etag FROM rows WHERE partition = ? AND key >= ? AND key < ? ORDER BY key"
        return len(self._connection.execute(query, (self._partition, *READS)).fetchall())

    def write(self, rows: Sequence[Row]) -> None:
        """Writes rows."""
        for batch in batches(rows):
            self._connection.execute("BEGIN IMMEDIATE")
            values = [(self._partition, row.key, row.data, row.etag) for row in batch]
            self._connection.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", values)
            self._connection.execute("COMMIT")


class BareTable:
    """By Microsoft's library."""

    def __init__(self, connection_string: str, table: str, partition: str) -> None:
        """In a table that the notifier made."""
        service = TableServiceClient.from_connection_string(connection_string)
        self._table = service.get_table_client(table)
        self._partition = partition

    def read(self) -> int:
        """Reads what a poll reads."""
        query = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end"
        first, end = READS
        named = {"partition": self._partition, "first": first, "end": end}
        return len(list(self._table.query_entities(query, parameters=named)))

    def write(self, rows: Sequence[Row]) -> None:
        """Writes rows."""
        for batch in batches(rows):
            self._table.submit_transaction(
                [
                    ("upsert", {"PartitionKey": self._partition, "RowKey": row.key, "Data": row.data})
                    for row in batch
                ]
            )


def batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows in the largest groups that one transaction takes."""
    for start in range(0, len(rows), MAX_CHANGES):
        yield rows[start : start + MAX_CHANGES]
