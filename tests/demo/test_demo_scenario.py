"""The tour that plays by itself."""

import threading

import pytest

from maa_notify.demo.scenario import STEPS, ScenarioPlayer, Step, play
from maa_notify.demo.tenant import SimulatedTenant


def _never(_seconds: float) -> bool:
    return False


def test_the_tour_shows_six_requests_and_every_status(tenant: SimulatedTenant) -> None:
    """At the end one request is left to decide and the others have ended."""
    play(tenant, STEPS, _never)
    listed = tenant.requests()

    assert sorted(raw["status"] for raw in listed) == [
        "cancelled",
        "completed",
        "completed",
        "expired",
        "needsApproval",
        "rejected",
    ]


def test_the_tour_takes_a_little_over_a_minute() -> None:
    """Long enough to follow, short enough to watch, and never two steps within one poll."""
    assert 60 <= sum(step.after for step in STEPS) <= 90
    assert all(step.after > 2 for step in STEPS[1:])


def test_every_status_passes_by(tenant: SimulatedTenant) -> None:
    """A visitor who only watches sees all six statuses."""
    seen: set[str] = set()
    play(tenant, STEPS, _never, lambda _number: seen.update(raw["status"] for raw in tenant.requests()))

    assert seen == {"needsApproval", "approved", "completed", "rejected", "cancelled", "expired"}


@pytest.mark.parametrize("verb", ["approve", "reject", "cancel", "expire"])
def test_a_visitor_never_breaks_it(tenant: SimulatedTenant, verb: str) -> None:
    """A visitor who is quicker than the tour, whatever they press, does not stop it."""
    played: list[int] = []

    def press(number: int) -> None:
        played.append(number)
        newest = tenant.requests()[-1]
        if newest["status"] == "needsApproval":
            tenant.act(verb, newest["id"], by="aiko")

    play(tenant, STEPS, _never, press)

    assert played == list(range(1, len(STEPS) + 1))


def test_a_removed_request_does_not_break_it(tenant: SimulatedTenant) -> None:
    """A step on a request that is gone is skipped."""
    steps = [Step(0, "submit", "wipe"), Step(0, "approve", "wipe", by="aiko"), Step(0, "submit", "app")]
    play(
        tenant,
        steps,
        _never,
        lambda number: tenant.remove(tenant.requests()[0]["id"]) if number == 1 else None,
    )

    assert [raw["status"] for raw in tenant.requests()] == ["needsApproval"]


def test_it_stops_where_it_is(tenant: SimulatedTenant) -> None:
    """When the pause says stop, nothing more happens."""
    pauses: list[float] = []

    def stop_at_third(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) == 3

    play(tenant, STEPS, stop_at_third)

    assert len(tenant.requests()) == 2


def test_the_player_starts_stops_and_starts_anew(tenant: SimulatedTenant) -> None:
    """Pressing the button twice plays it once; stopped, it can be played again from the start."""
    rang = threading.Event()
    player = ScenarioPlayer(
        tenant, [Step(0, "submit", "wipe"), Step(60, "submit", "app")], on_change=rang.set
    )

    def wait_for(requests: int) -> None:
        while len(tenant.requests()) < requests or player.progress != (1, 2):
            assert rang.wait(5)
            rang.clear()

    player.start()
    player.start()
    wait_for(1)
    was_running = player.running
    player.stop()
    ran_on = player.running
    player.start()
    wait_for(2)
    player.stop()

    assert (was_running, ran_on) == (True, False)
    assert [raw["payloadName"] for raw in tenant.requests()] == ["CONTOSO-LT-0417"] * 2
