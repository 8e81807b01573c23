"""A tenant as the watch knows it, and its log as entries."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from maa_notify.domain.alert import Alert
from maa_notify.graph.log_entries import directory_entry
from maa_notify.insight.watch.acts import alerts_in
from maa_notify.insight.watch.ground import Ground, Protected

NOON = datetime(2026, 8, 18, 12, tzinfo=UTC)
GROUP = ("284b3745-0008-4385-bf00-000000000008", "MAA approvers")
UNIT = ("4d7e0000-0000-4000-8000-000000000022", "RAU MAA")
APPROVER = ("a1f40000-0000-4000-8000-000000000001", "theo.brandt@contoso.com")
POWERFUL = (
    "f5180000-0000-4000-8000-000000000005",
    "2c920000-0000-4000-8000-000000000005",
    "fabrikam-release",
)

Alerts = Callable[..., Sequence[Alert]]


@pytest.fixture
def ground() -> Ground:
    """An approver group in a restricted unit, one approver, one app that can go around approval."""
    return Ground(
        approver_groups={GROUP[0]: GROUP[1]},
        members={GROUP[0]: frozenset({APPROVER[0]})},
        units={UNIT[0]: UNIT[1]},
        powerful_apps=frozenset(POWERFUL[:2]),
        protected={"deviceWipe": Protected(datetime(2026, 1, 1, tzinfo=UTC))},
        history_since=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def alerts(ground: Ground) -> Alerts:
    """The alerts that raw entries of Entra's log give rise to."""

    def found(*raw: Any) -> Sequence[Alert]:
        entries = [entry for entry in map(directory_entry, raw) if entry is not None]
        return alerts_in(entries, ground)

    return found
