"""Reads the audit logs of Entra and Intune, by spans of time.

`GET /v1.0/auditLogs/directoryAudits` and `GET /beta/deviceManagement/auditEvents`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from maa_notify import logs
from maa_notify.errors import GraphUnavailable
from maa_notify.graph.listing import read_entries
from maa_notify.graph.log_entries import directory_entry, intune_entry
from maa_notify.graph.reader import GraphReader
from maa_notify.graph.refusals import Surface
from maa_notify.insight.watch.log import LogEntry

_LOG = logs.logger(__name__)

DIRECTORY_LOG = Surface(("AuditLog.Read.All",), licence="Entra", pause=2.0)
"""It may be asked five times in ten seconds, all apps of the tenant together with the sign-ins."""
INTUNE_LOG = Surface(("DeviceManagementApps.Read.All",))
"""This permission alone opens it, though Microsoft's reference names others as well."""

_MOST_PAGES = 25
_ORDER = "&$orderby=activityDateTime%20asc"


class LogTooLong(GraphUnavailable):
    """More entries in a span than can be read in time.

    `entries` are those that were read; `until` is the time up to which they are whole (UTC), None where the
    log keeps no order.
    """

    code = "log_too_long"

    def __init__(self, message: str, entries: Sequence[LogEntry] = (), until: datetime | None = None) -> None:
        super().__init__(message)
        self.entries = entries
        self.until = until


class AuditLog:
    """One audit log, read by spans of time."""

    def __init__(
        self,
        reader: GraphReader,
        path: str,
        surface: Surface,
        parse: Callable[[object], LogEntry | None],
        *,
        in_order: bool,
    ) -> None:
        """Reads through `reader`; `in_order` asks for the oldest first, where that can be relied on."""
        self._reader = reader
        self._path = path
        self._surface = surface
        self._parse = parse
        self._in_order = in_order

    @property
    def permission(self) -> str:
        """The permission that opens it."""
        return self._surface.permissions[0]

    def read(self, start: datetime, end: datetime) -> list[LogEntry]:
        """The entries from `start` to `end` (UTC), both included, in any order.

        Raises:
            LogTooLong: they are more than can be read in time.
            GraphError: Graph could not tell all of them.
        """
        raw: list[object] = []
        is_whole = True
        pages = self._reader.pages(
            f"{self._path}{_span(start, end)}{_ORDER if self._in_order else ''}", self._surface, read_entries
        )
        for number, (page, _) in enumerate(pages, 1):
            is_whole = number <= _MOST_PAGES
            if not is_whole:
                break
            raw += page.entries
        read = [self._parse(each) for each in raw]
        if malformed := sum(each is None for each in read):
            _LOG.warning("watch.malformed", entries=malformed)
        # The filter is Graph's to apply; what it lets through besides is not of this span.
        entries = [each for each in read if each is not None and start <= each.at <= end]
        if not is_whole:
            until = entries[-1].at if self._in_order and entries else None
            raise LogTooLong(f"the log has more than {_MOST_PAGES} pages in one span", entries, until)
        return entries


def directory_log(reader: GraphReader) -> AuditLog:
    """Entra's audit log."""
    return AuditLog(reader, "/v1.0/auditLogs/directoryAudits", DIRECTORY_LOG, directory_entry, in_order=True)


def intune_log(reader: GraphReader) -> AuditLog:
    """Intune's audit log."""
    return AuditLog(reader, "/beta/deviceManagement/auditEvents", INTUNE_LOG, intune_entry, in_order=False)


def _span(start: datetime, end: datetime) -> str:
    """The query for a span."""
    first, last = (quote(f"{each:%Y-%m-%dT%H:%M:%SZ}") for each in (start, end + timedelta(seconds=1)))
    return f"?$filter=activityDateTime%20ge%20{first}%20and%20activityDateTime%20le%20{last}&$top=999"
