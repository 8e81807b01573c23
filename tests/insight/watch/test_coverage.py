"""Which alerts can come is told before one is missed."""

import pytest

from maa_notify.domain.capabilities import CAPABILITIES
from maa_notify.domain.event import ALERT_KINDS
from maa_notify.insight.watch.coverage import coverage

ALL = [permission.name for capability in CAPABILITIES for permission in capability.permissions]


def off(roles: list[str], cloud: str = "global") -> dict[str, str]:
    """The alerts that cannot come, with the reason."""
    return {each.alert: each.off for each in coverage(roles, cloud) if each.off}


def test_with_all_permissions_every_alert_can_come() -> None:
    """Each kind is told of, in the order of the contract."""
    assert [each.alert for each in coverage(ALL, "global")] == list(ALERT_KINDS)
    assert off(ALL) == {}


@pytest.mark.parametrize(
    "permission, alerts",
    [
        ("Application.Read.All", {"B5", "B6"}),
        ("GroupMember.Read.All", {"B8", "B11"}),
        ("AdministrativeUnit.Read.All", {"B7"}),
        ("DeviceManagementApps.Read.All", {"executed_without_approval", "executed_by_app"}),
    ],
)
def test_a_missing_permission_is_named(permission: str, alerts: set[str]) -> None:
    """Beside the alerts that cannot come without it, or not in full."""
    roles = [each for each in ALL if each != permission]

    assert off(roles) == dict.fromkeys(alerts, f"{permission} missing")


def test_a_log_that_a_cloud_does_not_offer_is_named_as_that() -> None:
    """No grant would help; what Intune's log tells comes all the same."""
    found = off(ALL, "china")

    assert set(found.values()) == {"not in this cloud"}
    assert {"executed_without_approval", "executed_by_app", "log_gap"}.isdisjoint(found)
