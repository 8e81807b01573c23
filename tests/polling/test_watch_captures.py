"""Entries in the forms of public captures, played against real polls."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from maa_notify.demo.samples import Json
from maa_notify.domain.alert import Severity
from tests.insight.watch.capture_shapes import WIPES, Capture, Tenant
from tests.insight.watch.captures import BYPASSES, DAILY_LIFE
from tests.polling.test_watch import Watched, told
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams

PAGE = Path(__file__).parents[2] / "docs" / "watch.md"
LOOKS = (6, 6, 14, 30, 7, 2, 40)
"""Minutes between polls: within a rhythm, beyond the patience with requests, and as the window leaves."""


@pytest.fixture
def tenant(graph: FakeGraph, make_notifier: Callable[..., Notifier]) -> tuple[Watched, Tenant]:
    """A tenant with an app that can go around approval, watched for two hours."""
    watched = Watched(graph, make_notifier(MAA_WATCH="on", MAA_DIGEST_ABOVE="50"))
    principal, app_id, registration = (str(uuid.uuid4()) for _ in range(3))
    watched.powerful.append({"id": "1", "appRoleId": WIPES[0], "principalId": principal})
    for path, found in (
        (rf"/v1\.0/servicePrincipals/{principal}", {"id": principal, "appId": app_id}),
        (rf"/v1\.0/applications\(appId='{app_id}'\)", {"id": registration, "appId": app_id}),
    ):
        graph.resources.add(path, ("Application.Read.All",), partial(served, found))
    watched.notifier.poll()
    watched.after(120)
    approver = watched.access.members[watched.group[0]][0]["id"]
    spelled = (watched.group[0].upper(), watched.units[0]["id"].upper(), approver.upper())
    return watched, Tenant(*spelled, (principal.upper(), app_id.upper(), registration.upper()))


def served(found: Json, *_: object) -> Json:
    """An object, whatever is asked of it."""
    return found


def play(tenant: tuple[Watched, Tenant], capture: Capture) -> list[str]:
    """The kinds of alerts that reached the channel, in alphabetical order."""
    watched, ids = tenant
    logged = capture.logged(ids, watched.clock.now() + timedelta(minutes=1))
    watched.logs.log_entra(*logged.entra)
    watched.logs.log_intune(*logged.intune)
    for minutes in LOOKS:
        watched.after(minutes)
    alerts = watched.notifier.app.store.alerts.read_since()
    return sorted(each.alert.kind for each in alerts if each.alert.severity is not Severity.LOW)


@pytest.mark.parametrize("capture", BYPASSES.values(), ids=list(BYPASSES))
def test_a_bypass_rings_once(tenant: tuple[Watched, Tenant], teams: FakeTeams, capture: Capture) -> None:
    """However it is spelled, and however often its window is read."""
    kinds = play(tenant, capture)

    cards = told(teams)
    assert kinds == list(capture.cards)
    assert len(cards) == len(capture.cards), cards
    assert all(any(word in card for card in cards) for word in capture.words)


def test_the_page_tells_how_many_there_are() -> None:
    """As they are listed in the tables."""
    page = PAGE.read_text(encoding="utf-8")

    assert f"| together | {len(BYPASSES)} | {len(BYPASSES)} |" in page
    assert f"none of {len(DAILY_LIFE)} kinds of daily life" in page


@pytest.mark.parametrize("capture", DAILY_LIFE.values(), ids=list(DAILY_LIFE))
def test_daily_life_rings_nowhere(tenant: tuple[Watched, Tenant], teams: FakeTeams, capture: Capture) -> None:
    """Not in a channel."""
    assert (play(tenant, capture), told(teams)) == ([], [])
