"""Which alerts can come with which permissions, and in which cloud. Pure."""

from collections.abc import Collection, Iterator

from msgspec import Struct

from maa_notify.domain.capabilities import permissions_named
from maa_notify.domain.event import ALERT_KINDS

_LOG = "AuditLog.Read.All"
_INTUNE_LOG = "DeviceManagementApps.Read.All"
_POLICIES = "DeviceManagementRBAC.Read.All"
_GROUPS = "GroupMember.Read.All"
_UNITS = "AdministrativeUnit.Read.All"
_APPS = "Application.Read.All"
_NEEDS = {
    "B7": (_LOG, _UNITS),
    "B8": (_LOG, _POLICIES, _GROUPS),
    "B11": (_LOG, _POLICIES, _GROUPS),
    "B5": (_LOG, _APPS),
    "B6": (_LOG, _APPS),
    "executed_without_approval": (_INTUNE_LOG, _POLICIES),
    "executed_by_app": (_INTUNE_LOG, _POLICIES),
    "log_gap": (),
}
_NOT_OFFERED_IN = frozenset({"china"})
"""Clouds in which Entra's audit log cannot be read through Graph (Graph documentation, `directoryAudit`)."""


class Coverage(Struct, frozen=True):
    """Whether an alert can come.

    Attributes:
        alert: its kind.
        off: why it cannot; "" where it can.
    """

    alert: str
    off: str = ""


def coverage(roles: Collection[str], cloud: str) -> Iterator[Coverage]:
    """For each kind of alert whether it can come with these permissions in this cloud."""
    for alert in ALERT_KINDS:
        needed = _NEEDS.get(alert, (_LOG,))
        missing = [each.name for each in permissions_named(needed) if not each.is_in(roles)]
        if _LOG in needed and cloud in _NOT_OFFERED_IN:
            yield Coverage(alert, "not in this cloud")
        else:
            yield Coverage(alert, f"{' and '.join(missing)} missing" if missing else "")
