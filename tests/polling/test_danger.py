"""Three hundred harmless requests before one wipe, from Graph's list to the cards."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from maa_notify.demo.tenant import SimulatedTenant
from tests.support.cards import strip, text, texts
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

MINUTE = timedelta(minutes=1)


def flood(clock: FakeClock) -> list[dict[str, Any]]:
    """Requests to change a policy, each filed after the one before, the last ten minutes ago."""
    last = clock.now() - 10 * MINUTE
    tenant = SimulatedTenant(lambda: last)
    harmless = tenant.get(tenant.submit("settings"))
    return [
        make_request(now=last - number * timedelta(seconds=1)) | named(harmless, number)
        for number in range(300)
    ]


def named(request: dict[str, Any], number: int) -> dict[str, Any]:
    """What such a request asks for, under a name of its own; its id and times are another's."""
    own = {"id", "requestDateTime", "expirationDateTime", "lastModifiedDateTime"}
    rest = {key: value for key, value in request.items() if key not in own}
    return {**rest, "actionName": None, "displayPayload": None, "payloadName": f"Baseline {number:03}"}


@pytest.mark.parametrize("limit", ["5", "1000"], ids=["digests", "single cards"])
def test_the_wipe_behind_three_hundred_is_told_first(
    graph: FakeGraph,
    teams: FakeTeams,
    clock: FakeClock,
    make_notifier: Callable[..., Notifier],
    limit: str,
) -> None:
    """In one list, filed last: the first card tells it, and a digest is red and has it on top."""
    notifier = make_notifier(MAA_DIGEST_ABOVE=limit)
    graph.requests = []
    notifier.poll()
    wipe = make_request(now=clock.now(), payloadName="CONTOSO-LT-0417", displayPayload=None)
    graph.requests = [*flood(clock), wipe]
    report = notifier.poll()

    first = teams.cards[0]
    lines = texts(first)
    harmless = [place for place, line in enumerate(lines) if "Baseline" in line]
    [told, *_] = [place for place, line in enumerate(lines) if "CONTOSO-LT-0417" in line]
    assert report.delivered == (301 if limit == "5" else 25)
    assert all(told < place for place in harmless)
    assert bool(harmless) is (limit == "5")
    assert first["body"][0]["style"] == "attention"
    assert all("CONTOSO-LT-0417" not in text(card) for card in teams.cards[1:])


def test_the_wipe_that_comes_during_the_flood_is_told_next(
    graph: FakeGraph, teams: FakeTeams, clock: FakeClock, make_notifier: Callable[..., Notifier]
) -> None:
    """In single cards 275 are still to come; it waits for the pace of five minutes alone."""
    notifier = make_notifier(MAA_DIGEST_ABOVE="1000")
    graph.requests = flood(clock)
    notifier.poll()
    told = len(teams.cards)
    graph.requests.append(make_request(now=clock.now(), payloadName="CONTOSO-LT-0417", displayPayload=None))
    filed = clock.now()
    while len(teams.cards) == told:
        notifier.poll_after(30)

    assert "CONTOSO-LT-0417" in text(teams.cards[told])
    assert clock.now() - filed <= 5 * MINUTE + 45 * timedelta(seconds=1)


def test_the_news_of_a_wipe_stay_in_order(
    graph: FakeGraph, teams: FakeTeams, clock: FakeClock, make_notifier: Callable[..., Notifier]
) -> None:
    """Teams was down while it was filed and approved: both come before the flood, the request first.

    But for one card of the flood, which was tried less often: it shows that Teams takes cards again.
    """
    notifier = make_notifier(MAA_DIGEST_ABOVE="1000")
    wipe = make_request(now=clock.now())
    graph.requests = [*flood(clock)[:30], wipe]
    teams.answer_all(reply(503))
    notifier.poll()
    wipe.update(status="approved", lastModifiedDateTime=(clock.now() + MINUTE).isoformat())
    notifier.poll_after(120)
    teams.answer_all(None)
    notifier.poll_after(120)

    of_wipe = [place for place, card in enumerate(teams.cards) if wipe["payloadName"] in text(card)]
    told = [strip(teams.cards[place]).split(" · ")[0] for place in of_wipe]
    assert told == ["Needs approval", "Approved - Needs completion"]
    assert of_wipe == [1, 2]
