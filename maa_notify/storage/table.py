"""The state store in Azure Table Storage (or Azurite, which speaks the same protocol)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar, assert_never

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity, TableServiceClient, UpdateMode

from maa_notify.errors import StateCorrupt, StateError
from maa_notify.net.requests_session import EnvironmentSession, failure_kind
from maa_notify.storage.rows import MAX_CHANGES, ConflictError, Delete, Insert, Put, Row, Update, Write

if TYPE_CHECKING:
    from azure.core.pipeline.transport import RequestsTransport

_DATA = "Data"
_CLIENT_OPTIONS: dict[str, Any] = {
    "retry_total": 3,
    "retry_backoff_factor": 0.3,
    "permit_redirects": False,
}
_PATIENCE = {"connection_timeout": 5, "read_timeout": 20}
_CONNECTIONS = 32
"""Kept open at most: in a fleet as many polls share them as the host hands out at once, and some more."""

_CONFLICTS = frozenset({404, 409, 412})
_NO_TABLE = frozenset({"TableNotFound", "TableBeingDeleted"})

_Result = TypeVar("_Result")


def connect_with_string(connection_string: str) -> TableServiceClient:
    """A client from a storage connection string, which may be `UseDevelopmentStorage=true`.

    Raises:
        ValueError: the connection string cannot be read.
    """
    return TableServiceClient.from_connection_string(
        connection_string, transport=_transport(), **_CLIENT_OPTIONS
    )


def connect_with_identity(endpoint: str, credential: TokenCredential, audience: str) -> TableServiceClient:
    """A client for `https://ACCOUNT.table.…` that signs in with an Entra identity."""
    return TableServiceClient(
        endpoint, credential=credential, audience=audience, transport=_transport(), **_CLIENT_OPTIONS
    )


def _transport() -> "RequestsTransport":
    """The library's own transport, with our proxies and certificates, and more than ten connections."""
    from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415 - loaded with the first client

    return RequestsTransport(session=EnvironmentSession(_CONNECTIONS), **_PATIENCE)


class TableRows:
    """Rows of one tenant in a table, which is made on first use when it is not there."""

    def __init__(self, service: TableServiceClient, table: str, partition: str) -> None:
        """Makes no request yet."""
        self._service = service
        self._table: TableClient = service.get_table_client(table)
        self._partition = partition

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows with `first <= key < end`, in the order of their keys."""
        # Read to the end in here: a later page can fail as well, and must then raise a `StateError`.
        return iter(self._attempt(lambda: list(self._query(first, end))))

    def get(self, key: str) -> Row | None:
        """One row, or None."""
        try:
            return self._attempt(lambda: self._row(self._table.get_entity(self._partition, key)))
        except ConflictError:
            return None

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Does all writes or none, as one entity group transaction."""
        if len(writes) > MAX_CHANGES:
            raise ValueError(f"{len(writes)} writes are more than the {MAX_CHANGES} of one transaction")
        if not writes:
            return []
        operations = [self._operation(each) for each in writes]
        outcome = self._attempt(lambda: self._table.submit_transaction(operations))
        return [str(each.get("etag") or "") for each in outcome]

    def close(self) -> None:
        """Closes the connections."""
        self._service.close()

    def _query(self, first: str, end: str) -> Iterator[Row]:
        entities = self._table.query_entities(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end",
            parameters={"partition": self._partition, "first": first, "end": end},
        )
        return map(self._row, entities)

    def _row(self, entity: TableEntity) -> Row:
        key = str(entity.get("RowKey"))
        data: object = entity.get(_DATA)
        if not isinstance(data, str):
            raise StateCorrupt(f"row {key!r} in {self._where} is not ours: remove it or name another table")
        return Row(key, data, str(entity.metadata["etag"]))

    def _operation(self, write: Write) -> tuple[str, dict[str, str], dict[str, Any]]:
        match write:
            case Insert(key, data):
                return "create", self._entity(key, data), {}
            case Put(key, data):
                return "upsert", self._entity(key, data), {"mode": UpdateMode.REPLACE}
            case Update(key, data, etag):
                return "update", self._entity(key, data), {"mode": UpdateMode.REPLACE} | _only_if(etag)
            case Delete(key, etag):
                return "delete", self._entity(key, ""), _only_if(etag)
            case _:
                assert_never(write)

    def _entity(self, key: str, data: str) -> dict[str, str]:
        return {"PartitionKey": self._partition, "RowKey": key, _DATA: data}

    def _attempt(self, action: Callable[[], _Result]) -> _Result:
        try:
            return self._with_table(action)
        except HttpResponseError as error:
            if error.status_code in _CONFLICTS and _code(error) not in _NO_TABLE:
                raise ConflictError from None
            raise self._refused(error) from None
        except (AzureError, OSError, HTTPException) as error:
            raise StateError(
                f"{self._where} cannot be reached ({failure_kind(error)}):"
                " see MAA_STATE and the network; nothing was posted that could not be recorded"
            ) from None

    def _with_table(self, action: Callable[[], _Result]) -> _Result:
        try:
            return action()
        except HttpResponseError as error:
            if _code(error) != "TableNotFound":
                raise
        # Created only when it is missed: a look at each start would cost each start a request.
        with suppress(ResourceExistsError):
            self._table.create_table()
        return action()

    def _refused(self, error: HttpResponseError) -> StateError:
        hint = "see MAA_STATE and MAA_TABLE_NAME"
        if _code(error) in _NO_TABLE:
            hint = "the table was deleted, and is made anew as soon as the service allows it"
        if error.status_code in {401, 403}:
            hint = (
                "the key in MAA_STATE is wrong, or the identity lacks the role Storage Table Data Contributor"
            )
        return StateError(f"{self._where} refused the request ({error.status_code} {_code(error)}): {hint}")

    @property
    def _where(self) -> str:
        return f"the table {self._table.table_name}"


def _only_if(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _code(error: HttpResponseError) -> str:
    """The service's error code; "" for errors of the library that carry none."""
    code = getattr(error, "error_code", None)
    if code is None and isinstance(error, ResourceNotFoundError):
        return "ResourceNotFound"
    return str(getattr(code, "value", code) or "")
