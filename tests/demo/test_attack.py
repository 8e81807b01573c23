"""The attacker in the demo: a step at each press, in order, and one card of the real notifier for each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from maa_notify import app
from maa_notify.demo.attack import STEPS, UNTIL_READ, WIPED
from maa_notify.demo.run import notifier_environment
from maa_notify.demo.server import DemoServer
from maa_notify.domain.alert import Alert
from tests.support.cards import as_read, text

KEYS = tuple(STEPS)
HOUR = timedelta(hours=1)


@pytest.fixture
def notifier(server: DemoServer, tmp_path: Path) -> Iterator[app.App]:
    """Lend the notifier of the demo, polled once, so that the watch has begun."""
    hook = {"MAA_TEAMS_WEBHOOK_URL": f"{server.url}/hook/channel"}
    built = app.build(notifier_environment(server, tmp_path / "state.db", hook, {}), server.clock)
    built.poll()
    yield built
    built.close()


def _take(client: httpx.Client, key: str) -> httpx.Response:
    return client.post(f"/api/attack/{key}", json={})


def _rang(notifier: app.App) -> list[Alert]:
    """Every alert that the notifier knows of, oldest first."""
    return [each.alert for each in notifier.store.alerts.read_since()]


def test_each_step_rings_once_in_order_and_the_last_card_tells_them_all(
    client: httpx.Client, server: DemoServer, notifier: app.App
) -> None:
    """Its own alert, within the polls that follow; nothing comes of it later, and no request is filed."""
    titles = []
    for number, step in enumerate(STEPS.values(), start=1):
        _take(client, step.key).raise_for_status()
        for _ in range(2):
            notifier.poll()
        assert len(server.channels.cards()) == number
        titles.append(_rang(notifier)[-1].title)
        assert titles[-1] in as_read(text(server.channels.cards()[-1].card))
    for _ in range(4):
        server.clock.move(HOUR)
        notifier.poll()
    story = as_read(text(server.channels.cards()[-1].card))

    assert [each.kind for each in _rang(notifier)] == [each.rings for each in STEPS.values()]
    assert len(server.channels.cards()) == len(STEPS)
    assert sorted(titles, key=story.rindex) == titles
    assert server.tenant.requests() == []


def test_the_page_hears_which_steps_were_taken(client: httpx.Client) -> None:
    """And of each what it is and which alert must come of it."""
    _take(client, KEYS[0])
    told = client.get("/api/state").json()["attack"]

    assert [each["key"] for each in told] == list(KEYS)
    assert [each["done"] for each in told] == [True, False, False, False, False]
    assert all(each["about"].endswith(".") and each["rings"] for each in told)


def test_a_step_is_taken_once(client: httpx.Client, server: DemoServer) -> None:
    """Also where two visitors press at once: neither the log nor the clock hears of the second press."""
    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(lambda _: _take(client, KEYS[0]), range(8)))

    assert {each.status_code for each in answers} == {200}
    assert len(server.logs.entra) == 1
    assert server.clock.moved == UNTIL_READ


@pytest.mark.parametrize(
    "taken, key, due", [(0, KEYS[1], KEYS[0]), (1, "nonsense", KEYS[1]), (5, "x", "none")]
)
def test_a_step_waits_for_its_turn(
    client: httpx.Client, server: DemoServer, taken: int, key: str, due: str
) -> None:
    """The refusal names the one that is next, and leaves no trace."""
    for each in KEYS[:taken]:
        _take(client, each)
    before = len(server.logs.entra), len(server.logs.intune), server.clock.moved
    answer = _take(client, key)

    assert answer.status_code == 409
    assert answer.json()["error"].endswith(f"next is {due}.")
    assert (len(server.logs.entra), len(server.logs.intune), server.clock.moved) == before


def test_the_last_step_is_a_burst_by_the_app(client: httpx.Client, server: DemoServer) -> None:
    """Of devices that differ, within a minute, and not by a person."""
    for each in KEYS:
        _take(client, each)
    wipes = server.logs.intune

    assert len({each["resources"][0]["resourceId"] for each in wipes}) == WIPED
    assert {each["actor"]["applicationDisplayName"] for each in wipes} == {"inventory-sync"}
    assert {each["actor"]["userId"] for each in wipes} == {None}
