"""The audit logs of the simulated tenant, served as Graph serves them: by time, in pages."""

import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from maa_notify.demo.graph_resources import Resources
from maa_notify.demo.samples import Json

ENTRA_PERMISSIONS: Final = ("AuditLog.Read.All",)
INTUNE_PERMISSIONS: Final = ("DeviceManagementApps.Read.All",)
_BOUND: Final = re.compile(r"activityDateTime (ge|gt|le|lt) (\S+)")


class SimulatedLogs:
    """What happened in the tenant; every method may be called from any thread."""

    def __init__(self) -> None:
        """Begin with empty logs."""
        self._lock = threading.RLock()
        self.entra: list[Any] = []
        self.intune: list[Any] = []

    def log_entra(self, *entries: Json) -> None:
        """Add entries to Entra's log."""
        with self._lock:
            self.entra += entries

    def log_intune(self, *entries: Json) -> None:
        """Add entries to Intune's log."""
        with self._lock:
            self.intune += entries

    def serve(self, resources: Resources) -> None:
        """Let Graph serve both logs."""
        resources.add(
            r"/v1\.0/auditLogs/directoryAudits",
            ENTRA_PERMISSIONS,
            lambda _, query: self._within(self.entra, query),
        )
        resources.add(
            r"/beta/deviceManagement/auditEvents",
            INTUNE_PERMISSIONS,
            lambda _, query: self._within(self.intune, query),
        )

    def _within(self, entries: Sequence[Any], query: Mapping[str, str]) -> list[Any]:
        bounds = [(word, _time(text)) for word, text in _BOUND.findall(query.get("$filter", ""))]
        with self._lock:
            found = [each for each in entries if all(_holds(each, *bound) for bound in bounds)]
        is_ordered = query.get("$orderby") == "activityDateTime asc"
        return sorted(found, key=lambda each: str(each["activityDateTime"])) if is_ordered else found


def _holds(entry: Any, word: str, bound: datetime) -> bool:  # noqa: ANN401 - a test may log anything
    at = _time(entry["activityDateTime"])
    return at >= bound if word in {"ge", "gt"} else at <= bound


def _time(text: str) -> datetime:
    return datetime.fromisoformat(
        text[:26].rstrip("Z") + "+00:00" if "." in text else text.replace("Z", "+00:00")
    )
