"""A burst as one card: everything in it, what needs somebody first."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.cards.builder import TeamsCards
from maa_notify.domain.event import Event
from maa_notify.domain.request import Assignment, Identity, Target
from tests.cards.judge import URL, assert_sound, seen
from tests.support.approval import NOW, approval, changed, created, no_longer_listed, reminder
from tests.support.cards import strip, text, texts

CARDS = TeamsCards(URL)


def burst(count: int, filler: str = "", long: int = 0) -> list[Event]:
    """So many new requests, with as much text in each as wanted."""
    name = filler * long
    return [
        created(
            approval(
                id=f"request-{number}",
                target=Target(f"LT-{number:03}{name}"),
                requestor=Identity("user", f"Ana{name}", f"ana@contoso.com{name}"),
            )
        )
        for number in range(count)
    ]


def test_a_burst_is_told_request_by_request() -> None:
    """Each line says what, in which state, how risky, by whom, until when, and the key."""
    request = approval(target=Target("LT-1"), requestor=Identity("user", "Mira Holt"))
    card, count = CARDS.digest([created(request), *burst(2)], "ops", NOW)

    assert count == 3
    assert texts(card)[:3] == [
        "Multi Admin Approval · 3 in one card",
        "News of 3 requests",
        "Needs approval:\N{NO-BREAK SPACE}3",
    ]
    assert texts(card)[3:5] == [
        "Wipe device “LT-1”",
        "Needs approval · High risk · “Mira Holt” (account not told) · "
        "expires 2026-08-21 11:00 UTC (2 d 23 h left) · " + created(request).short_key,
    ]


def test_what_waits_stands_above_what_is_over() -> None:
    """An approver reads from the top: first what to decide, the riskiest of it first; closed ones last."""
    events = [
        changed(approval("completed", id="1", target=Target("over"))),
        changed(approval("approved", id="2", target=Target("approved"))),
        created(approval(id="3", policy_types=("app",), target=Target("medium"))),
        no_longer_listed(approval(id="4", target=Target("gone"))),
        created(approval(id="5", target=Target("high"))),
    ]

    told = text(CARDS.digest(events, "ops", NOW)[0])

    places = [told.index(f"“{name}”") for name in ("high", "medium", "approved", "gone", "over")]
    assert places == sorted(places)


def test_one_request_is_one_entry_with_its_whole_story() -> None:
    """A request that moved on before anybody was told does not stand there as waiting and as approved."""
    waiting, approved = created(), changed(approval("approved"))
    again = replace(changed(approval("completed"), "approved"), revision=3)
    card, count = CARDS.digest([waiting, approved, again], "ops", NOW)
    told = text(card)

    assert count == 3
    assert "News of 1 request\n" in told
    assert "Needs approval → Approved → Completed · requestor not told by Intune" in told
    assert all(event.short_key in told for event in (waiting, approved, again))
    assert "Approvers:" not in told


def test_reminders_and_their_requests_share_an_entry() -> None:
    """The key of both is the same and stands there once."""
    told = text(CARDS.digest([created(), reminder()], "ops", NOW)[0])

    assert told.count(created().short_key) == 1
    assert "Needs approval → Reminder: needs approval · High risk" in told


@pytest.mark.parametrize(
    "event,approvers,requestors",
    [
        (created(), True, False),
        (changed(approval("approved")), False, True),
        (changed(approval("rejected")), False, False),
        (no_longer_listed(), False, False),
    ],
    ids=["waits", "approved", "rejected", "gone"],
)
def test_the_next_step_is_told_to_whom_it_concerns(event: Event, approvers: bool, requestors: bool) -> None:
    """A digest asks for decisions only if there are any to take, and for Complete only where it is due."""
    told = text(CARDS.digest([event], "ops", NOW)[0])

    assert ("Approvers: open Intune yourself" in told, "press Complete" in told) == (approvers, requestors)


@pytest.mark.parametrize("others", [0, 1])
def test_what_applications_filed_has_a_next_step_of_its_own(others: int) -> None:
    """Nobody is sent to My requests for what only an application can complete."""
    by_application = approval("approved", requestor=Identity("application", "pipe"))
    by_people = [changed(approval("approved", id=str(number))) for number in range(others)]
    told = text(CARDS.digest([changed(by_application), *by_people], "ops", NOW)[0])

    assert "only that application can complete it" in told
    assert told.count("My requests") == told.count("press Complete") == others


def test_an_entry_tells_the_assignments_after_the_change() -> None:
    """Who reads the digest alone still sees that an app goes from all devices."""
    target = Target("VPN", "Assign", "MobileApp", assignments=(Assignment("all devices", "uninstall"),))
    told = text(CARDS.digest([created(approval(policy_types=("app",), target=target))], "ops", NOW)[0])

    assert "· High risk · requestor not told by Intune · after the change Uninstall: all devices · " in told


def test_an_ordinary_burst_is_one_card() -> None:
    """As many as a delivery ever puts together fit when names are as long as names are."""
    card, count = CARDS.digest(burst(49), "ops", NOW)

    assert_sound(card)
    assert count == 49


@pytest.mark.parametrize("filler", ["\U0001f512", '"', "a.", "{", "W"])
@pytest.mark.parametrize("size", [1, 7, 49])
def test_a_burst_that_is_too_large_is_told_in_several_cards(size: int, filler: str) -> None:
    """At worst-case names a digest holds fewer, from the first on, and every request is in exactly one."""
    left, keys = burst(size, filler, 500), []
    while left:
        card, count = CARDS.digest(left, "ops", NOW)
        assert_sound(card)
        told = seen(text(card))
        keys += [event.short_key for event in left if event.short_key in told]
        assert count > 0
        left = left[count:]

    assert keys == [event.short_key for event in burst(size)]


def test_a_digest_tells_when_it_was_made() -> None:
    """Times left count from there."""
    card, _ = CARDS.digest(burst(2), "ops", NOW + timedelta(hours=3))

    assert texts(card)[-1].startswith("2026-08-18 15:00 UTC · sent by MAA Notify")
    assert strip(card).startswith("Multi Admin Approval")
