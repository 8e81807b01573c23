"""What stands around approval in the demo: sound at first, and broken and mended by a visitor."""

from collections.abc import Iterable
from datetime import timedelta

import httpx
import pytest
from msgspec.structs import replace

from maa_notify.cards.notice_samples import posture_mended, posture_opened
from maa_notify.clock import SystemClock
from maa_notify.demo.defence import FAULTS
from maa_notify.demo.entra_api import SCOPE, TENANT_ID
from maa_notify.demo.server import DemoServer
from maa_notify.domain.event import Notice
from maa_notify.graph.posture import PostureReader
from maa_notify.graph.reader import GraphReader
from maa_notify.insight.posture.changes import compare_posture
from maa_notify.insight.posture.checks import assess
from maa_notify.insight.posture.facts import Facts
from maa_notify.insight.posture.rules import Limits
from maa_notify.insight.posture.verdict import Verdict
from maa_notify.insight.posture.ways import summary, ways_around
from tests.demo.support import START
from tests.support.entra import FakeTokens

BESIDE = {"P5": {"P2", "P4"}}
"""What breaks along with a check: a group that leaves its unit is protected by nothing."""
UNTOLD = {"P5": {"P6"}}
"""Without a unit nobody rules one."""


def look(server: DemoServer, *, broken: Iterable[str] = (), mended: Iterable[str] = ()) -> Facts:
    """What the notifier sees of the tenant, after something was broken and mended."""
    for keys, is_broken in ((broken, True), (mended, False)):
        for key in keys:
            server.defence.switch(key, broken=is_broken)
    clock = SystemClock()
    reader = GraphReader(server.url, SCOPE, FakeTokens([server.entra.issue()]), clock)
    try:
        return PostureReader(reader, clock, TENANT_ID, 60).read()
    finally:
        reader.close()


def verdicts(server: DemoServer) -> dict[str, Verdict]:
    """What each check comes to."""
    return {each.check.id: each.verdict for each in assess(look(server), Limits()).judgements}


def others(server: DemoServer) -> dict[str, Verdict]:
    """The checks that did not pass."""
    return {key: each for key, each in verdicts(server).items() if each is not Verdict.PASS}


@pytest.fixture
def now(server: DemoServer) -> DemoServer:
    """The demo at the time of this machine, which the reader's clock tells."""
    server.entra.clock = lambda: SystemClock().now().timestamp()
    return server


def test_a_new_tenant_is_sound(now: DemoServer) -> None:
    """With the permissions that the demo's notifier has, so that the first day is a quiet one."""
    assert others(now) == {}


@pytest.mark.parametrize("key", FAULTS)
def test_a_switch_breaks_its_check_and_mends_it_again(
    now: DemoServer, client: httpx.Client, key: str
) -> None:
    """Its own alone, unless its words say so."""
    check = key.removeprefix("posture-").upper()
    client.post(f"/api/situations/{key}/begin", json={}).raise_for_status()
    broken = others(now)
    shown = [each["key"] for each in client.get("/api/state").json()["situations"] if each["on"]]
    client.post(f"/api/situations/{key}/end", json={}).raise_for_status()

    assert {each for each, verdict in broken.items() if verdict is Verdict.FINDING} == {
        check,
        *BESIDE.get(check, ()),
    }
    assert {each for each, verdict in broken.items() if verdict is Verdict.UNKNOWN} == UNTOLD.get(
        check, set()
    )
    assert shown == [key]
    assert others(now) == {}


def test_everything_can_be_broken_at_once_and_twice(now: DemoServer, client: httpx.Client) -> None:
    """What is broken stays so, and all of it can be mended in the same order."""
    for verb in ("begin", "begin", "end", "end"):
        for key in FAULTS:
            client.post(f"/api/situations/{key}/{verb}", json={}).raise_for_status()
        if verb == "begin":
            assert Verdict.PASS not in verdicts(now).values()

    assert others(now) == {}


def test_the_samples_of_cards_are_what_is_told_of_this_tenant(now: DemoServer) -> None:
    """So that the gallery shows no card that nobody gets."""
    told = [
        look(now, broken=["posture-p12"]),
        look(now, broken=["posture-p11", "posture-p15"], mended=["posture-p12"]),
        look(now, mended=["posture-p15"]),
        look(now, mended=["posture-p11"]),
    ]
    state, notices = None, []
    for day, facts in enumerate(told):
        posture, at = assess(facts, Limits()), START + timedelta(days=day)
        change = compare_posture(state, posture, summary(ways_around(facts)), at)
        state = change.after
        notices.append(change.event)

    for sample, notice in ((posture_opened(START), notices[1]), (posture_mended(START), notices[3])):
        assert isinstance(notice, Notice)
        assert replace(notice, at=START, revision=sample.revision) == sample


def test_the_page_is_what_the_command_writes(now: DemoServer, client: httpx.Client) -> None:
    """By a process of its own, about the tenant as it is at the moment."""
    client.post("/api/situations/posture-p11/begin", json={}).raise_for_status()

    answer = client.get("/posture", timeout=120)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "users may consent to any application for themselves" in answer.text
    assert "14 of 15 checks passed" in answer.text
    assert "Contoso, simulated" in answer.text


def test_the_page_is_only_read(client: httpx.Client) -> None:
    """As the rest of the page."""
    assert client.post("/posture", json={}).status_code == 405
