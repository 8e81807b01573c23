"""The state store in Azure Table Storage (or Azurite, which speaks the same protocol)."""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar, assert_never

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import (
    TableClient,
    TableEntity,
    TableErrorCode,
    TableServiceClient,
    TableTransactionError,
    UpdateMode,
)

from maa_notify.errors import StateCorrupt, StateError
from maa_notify.net.client import proxy_refusal
from maa_notify.net.environment import ConnectionSettingError
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

# The status alone says nothing: a proxy or another server may answer 404 or 409 as well. Source of the codes:
# "Table Storage error codes" in Microsoft's REST reference.
_CODE = re.compile(r"[A-Za-z]{1,64}")
_ABSENT = frozenset({"ResourceNotFound", "EntityNotFound"})
_CONFLICTS = _ABSENT | {"EntityAlreadyExists", "UpdateConditionNotSatisfied", "ConditionNotMet"}
_NO_TABLE = frozenset({"TableNotFound", "TableBeingDeleted"})
_ROW_STATUSES = frozenset({404, 409, 412})
_TOLD = frozenset(each.value for each in TableErrorCode) | {
    "AccountRequiresHttps",
    "AuthorizationPermissionMismatch",
    "AuthorizationProtocolMismatch",
    "AuthorizationResourceTypeMismatch",
    "AuthorizationServiceMismatch",
    "AuthorizationSourceIPMismatch",
    "CommandsInBatchActOnDifferentPartitions",
    "KeyBasedAuthenticationNotPermitted",
    "PublicAccessNotPermitted",
}
"""Codes that are repeated to people. Whoever answers in the service's place writes what they like there.

The others are of "Common REST API error codes", in the same reference.
"""
_NOT_THE_SERVICE = (
    "perhaps a proxy or another server did: see MAA_STATE and the network; the next poll tries again"
)
_NOT_REACHED = (ServiceRequestError, ServiceResponseError, OSError, HTTPException)
_PAUSES = (0.5, 1.0, 2.0)
"""In seconds, before each further try to write after an answer that is not the service's own."""
_MOST_SECONDS = 8.0
"""After the first try, within which another may begin."""
_TRIED_AGAIN = frozenset({500, 503, 504})
"""The library itself has tried these again when it raises them, for a transaction too."""
_TRY_AGAIN = frozenset({408, 429})
_MOST_EMPTY_PAGES = 100
"""One after the other; the service may cut a range there, but an answer that never ends is none."""

_Result = TypeVar("_Result")


def connect_with_string(connection_string: str) -> TableServiceClient:
    """A client from a storage connection string, which may be `UseDevelopmentStorage=true`.

    Raises:
        ValueError: the connection string cannot be read.
    """
    try:
        return TableServiceClient.from_connection_string(
            connection_string, transport=_transport(), **_CLIENT_OPTIONS
        )
    except (AttributeError, IndexError, TypeError):  # the library's own, for an endpoint without a host
        raise ValueError("the connection string names no endpoint") from None


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

    def __init__(
        self,
        service: TableServiceClient,
        table: str,
        partition: str,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Makes no request yet; `pause` waits for so many seconds."""
        self._pause = pause
        self._service = service
        self._table: TableClient = service.get_table_client(table)
        self._partition = partition

    def read(self, first: str, end: str) -> Iterator[Row]:
        """The rows with `first <= key < end`, in the order of their keys; a page at a time is in memory."""
        pages = self._table.query_entities(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end",
            parameters={"partition": self._partition, "first": first, "end": end},
            # Not the time stamp, whose parsing is a third of the work for a row.
            select=["PartitionKey", "RowKey", _DATA],
            raw_response_hook=self._check_answer,
        ).by_page()
        empty = 0
        # A later page can fail as well, and must then raise a `StateError`.
        while (rows := self._attempt(partial(self._page, pages, first, end))) is not None:
            yield from rows
            first = rows[-1].key + "\0" if rows else first
            empty = 0 if rows else empty + 1
            if empty > _MOST_EMPTY_PAGES:
                raise self._odd("a list without an end")

    def get(self, key: str) -> Row | None:
        """One row, or None."""
        try:
            entity = self._attempt(
                lambda: self._table.get_entity(self._partition, key, raw_response_hook=self._check_answer),
                _ABSENT,
            )
        except ConflictError:
            return None
        return self._row(entity, key, key + "\0")

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Does all writes or none, as one entity group transaction."""
        if len(writes) > MAX_CHANGES:
            raise ValueError(f"{len(writes)} writes are more than the {MAX_CHANGES} of one transaction")
        if not writes:
            return []
        operations = [self._operation(each) for each in writes]
        return self._attempt(lambda: self._patiently(lambda: self._submit(operations, writes)), _CONFLICTS)

    def close(self) -> None:
        """Closes the connections."""
        self._service.close()

    def _patiently(self, action: Callable[[], _Result]) -> _Result:
        """Does it, again where something else than the service answered: a card may wait for being recorded.

        Raises:
            StateError: the service refuses a further try, so that an earlier one may have been done.
        """
        ends, pauses, is_first = time.monotonic() + _MOST_SECONDS, iter(_PAUSES), True
        while True:
            try:
                return action()
            except Exception as error:
                if not is_first and _is_told(error, _CONFLICTS):
                    raise self._odd("an answer that was lost") from None
                pause = next(pauses, math.inf)
                if not _may_pass(error) or time.monotonic() + pause > ends:
                    raise
            is_first = False
            self._pause(pause)

    def _submit(self, operations: list[Any], writes: Sequence[Write]) -> list[str]:
        outcome = self._table.submit_transaction(operations, raw_response_hook=self._check_answer)
        etags = [str(each.get("etag") or "") for each in outcome]
        has_all = all(etag or isinstance(each, Delete) for each, etag in zip(writes, etags, strict=False))
        if len(etags) != len(writes) or not has_all:
            raise self._odd("an answer with parts missing")
        return etags

    def _page(self, pages: Iterator[Iterable[TableEntity]], first: str, end: str) -> list[Row] | None:
        """The rows of the next page, each with a later key than the one before; None after the last page."""
        page = next(pages, None)
        if page is None:
            return None
        rows: list[Row] = []
        for entity in page:
            rows.append(self._row(entity, rows[-1].key + "\0" if rows else first, end))
        return rows

    def _row(self, entity: TableEntity, first: str, end: str) -> Row:
        """The row in an entity, which must be one that was asked for: `first <= key < end`."""
        key, data, etag = entity.get("RowKey"), entity.get(_DATA), entity.metadata.get("etag")
        is_ours = entity.get("PartitionKey") == self._partition
        if not isinstance(key, str) or not isinstance(etag, str) or not is_ours or not first <= key < end:
            raise self._odd("rows that were not asked for")
        if not isinstance(data, str):
            raise StateCorrupt(f"row {key!r} in {self._where} is not ours: remove it or name another table")
        return Row(key, data, etag)

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

    def _attempt(self, action: Callable[[], _Result], conflicts: frozenset[str] = frozenset()) -> _Result:
        """Does it; whatever goes wrong is a `StateError`, or a `ConflictError` for one of these codes."""
        try:
            return self._with_table(action)
        except StateError:
            raise
        except HttpResponseError as error:
            if _is_told(error, conflicts):
                raise ConflictError from None
            raise self._refused(error) from None
        except _NOT_REACHED as error:
            raise StateError(
                f"{self._where} cannot be reached ({failure_kind(error)}):"
                " see MAA_STATE and the network; nothing was posted that could not be recorded"
            ) from None
        except Exception as error:  # noqa: BLE001 - the library raises anything at an answer it does not expect
            raise self._odd(failure_kind(error)) from None

    def _with_table(self, action: Callable[[], _Result]) -> _Result:
        try:
            return action()
        except HttpResponseError as error:
            if _code(error) != "TableNotFound":
                raise
        # Created only when it is missed: a look at each start would cost each start a request.
        try:
            self._table.create_table()
        except HttpResponseError as error:
            if _code(error) != "TableAlreadyExists":
                raise
        return action()

    def _check_answer(self, response: Any) -> None:  # noqa: ANN401 - the library names no public type
        """Refuses what the library would take for no rows at all, such as a page in XML, or choke on."""
        answer = response.http_response
        kind = str(answer.headers.get("Content-Type", "")).lower()
        is_list = answer.status_code != HTTPStatus.OK or kind.startswith("application/json")
        is_receipt = answer.status_code != HTTPStatus.ACCEPTED or "boundary=" in kind
        if not (is_list and is_receipt):
            # One that is read piece by piece the library would leave open.
            if hasattr(answer, "close"):
                answer.close()
            raise self._odd("another kind of content")

    def _refused(self, error: HttpResponseError) -> StateError:
        code, status = _code(error), error.status_code
        if isinstance(error, ClientAuthenticationError) and error.response is None:
            return StateError(f"{self._where} cannot be asked, there is no token for it: {error.message}")
        if status is None or HTTPStatus(200) <= status < HTTPStatus(300):
            return self._odd(failure_kind(error))
        hint = "see MAA_STATE and MAA_TABLE_NAME"
        if code in _NO_TABLE:
            hint = "the table was deleted, and is created again as soon as the service allows it"
        elif code == "AuthorizationFailure":
            hint = (
                "the storage account's firewall may keep this network out (see its networking), or the key in"
                " MAA_STATE lacks the right, or the identity the role Storage Table Data Contributor"
            )
        elif status in {401, 403} and (code or status == HTTPStatus.UNAUTHORIZED):
            hint = (
                "the key in MAA_STATE is wrong, or the identity lacks the role Storage Table Data Contributor"
            )
        elif status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and not code:
            hint = f"{proxy_refusal(str(status))}; see the network"
        elif not code:
            hint = f"it gave no code of Table Storage, so {_NOT_THE_SERVICE}"
        told = code if code in _TOLD or not code else "with a code that is not known"
        return StateError(f"{self._where} refused the request ({f'{status} {told}'.strip()}): {hint}")

    def _odd(self, what: str) -> StateError:
        return StateError(f"{self._where} did not answer as Table Storage does ({what}): {_NOT_THE_SERVICE}")

    @property
    def _where(self) -> str:
        return f"the table {self._table.table_name}"


def _only_if(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _may_pass(error: Exception) -> bool:
    """Whether another try may have a better answer than this, which is not the service's own refusal."""
    if isinstance(error, ClientAuthenticationError) and error.response is None:
        return False
    if not isinstance(error, HttpResponseError):
        return not isinstance(error, ConnectionSettingError)
    is_of_service = bool(_code(error)) and (
        isinstance(error, TableTransactionError) or _code(error) not in _ABSENT
    )
    return error.status_code in _TRY_AGAIN or not (is_of_service or error.status_code in _TRIED_AGAIN)


def _is_told(error: Exception, codes: frozenset[str]) -> bool:
    """Whether the service says by one of these codes how a row stands."""
    if not isinstance(error, HttpResponseError):
        return False
    code = _code(error)
    if code not in codes or error.status_code not in _ROW_STATUSES:
        return False
    # Of a whole transaction it would mean that there is no such service, not that there is no such row.
    return codes is _ABSENT or code not in _ABSENT or isinstance(error, TableTransactionError)


def _code(error: HttpResponseError) -> str:
    """The service's error code; "" for an answer without one, and for errors of the library."""
    code = getattr(error, "error_code", None)
    text = str(getattr(code, "value", code) or "")
    return text if _CODE.fullmatch(text) else ""
