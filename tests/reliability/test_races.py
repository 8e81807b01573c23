"""Many pollers at once on one state store: a thousand requests, each told once."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from maa_notify import app
from maa_notify.delivery.limits import DeliveryLimits
from tests.support.cards import text
from tests.support.channels import FakeChannel
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import TENANT

REQUESTS = 1_000
# As long as a busy machine needs.
UNPACED = replace(DeliveryLimits(), min_interval=timedelta(), rate_limit=10_000, time_budget_s=600.0)


@pytest.fixture(params=["sqlite", pytest.param("azurite", marks=pytest.mark.azurite)])
def settings(
    request: pytest.FixtureRequest, graph: FakeGraph, channel: FakeChannel, tmp_path: Path
) -> dict[str, str]:
    """Settings of an installation that several pollers share."""
    state = f"sqlite:///{tmp_path / 'state.db'}"
    if request.param == "azurite":
        state = request.getfixturevalue("azurite").connection_string
    return {
        "MAA_TENANT_ID": TENANT,
        "MAA_ACCESS_TOKEN": "x",
        "MAA_GRAPH_URL": graph.url,
        **channel.settings,
        "MAA_STATE": state,
        "MAA_TABLE_NAME": f"T{uuid4().hex}",
    }


def filed(number: int) -> dict[str, Any]:
    """One of so many requests, each of somebody else, so that no card folds their names."""
    requestor = {"user": {"displayName": f"Person {number}", "userPrincipalName": f"p{number}@contoso.com"}}
    return make_request(payloadName=f"NAME-{number:04d}", requestor=requestor)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pollers", [2, 8])
def test_pollers_at_once_tell_each_request_once(
    settings: dict[str, str], graph: FakeGraph, channel: FakeChannel, pollers: int
) -> None:
    """No duplicate, no loss, no deadlock; what one leaves to another is delivered by the other."""
    graph.page_size = 500
    graph.requests = [filed(number) for number in range(REQUESTS)]
    apps = [app.build(settings, limits=UNPACED) for _ in range(pollers)]
    with ThreadPoolExecutor(pollers) as pool:
        reports = list(pool.map(lambda each: each.poll(), apps))
    last = apps[0].poll()
    for each in apps:
        each.close()

    shown = Counter(name for card in channel.rings for name in re.findall(r"NAME-\d{4}", text(card)))
    assert sum(report.events for report in reports) == REQUESTS
    assert sum(report.delivered for report in reports) + last.delivered == REQUESTS
    assert (last.pending, last.events) == (0, 0)
    assert (len(shown), shown.total()) == (REQUESTS, REQUESTS)
