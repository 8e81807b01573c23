"""A burst as one card: everything in it, what needs somebody first."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.bursts import BURST_COUNT, BURST_SPAN
from maa_notify.domain.approvers import Deciders, Obstacle
from maa_notify.domain.event import Event, EventKind, Fact, NoticeKind, RequestEvent
from maa_notify.domain.request import Assignment, Identity, Target
from maa_notify.domain.risk import Risk
from maa_notify.domain.signs import Sign, SignKind
from tests.cards.judge import URL, Card, assert_sound, seen
from tests.support.approval import FILED, NOW, approval, changed, created, no_longer_listed, notice, reminder
from tests.support.cards import as_read, strip, text, texts

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
    assert list(map(as_read, texts(card)))[:4] == [
        "Multi Admin Approval · 3 in one card · 3 of high risk to decide",
        "News of 3 requests",
        "Needs approval:\N{NO-BREAK SPACE}3",
        "The first to decide expires <2026-08-21 11:00> (2 d 23 h left)",
    ]
    assert texts(card)[4:6] == [
        "Wipe device “LT-1”",
        "Needs approval · High risk · “Mira Holt” (account not told) · 2 d 23 h left · "
        + created(request).short_key,
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
    left, numbers = burst(size, filler, 500), []
    while left:
        card, count = CARDS.digest(left, "ops", NOW)
        assert_sound(card)
        numbers += sorted(map(int, re.findall(r"“LT-(\d{3})", seen(text(card)))))
        assert count > 0
        left = left[count:]

    assert numbers == list(range(size))


def test_a_digest_has_a_short_foot() -> None:
    """Teams itself says when the message came."""
    card, _ = CARDS.digest(burst(2), "ops", NOW + timedelta(hours=3))

    assert texts(card)[-1] == "MAA Notify only reads"
    assert strip(card).startswith("Multi Admin Approval")


MIRA = Identity("user", "Mira Holt", "mira.holt@contoso.com", "a1")


def wipes(count: int, **changes: Any) -> list[RequestEvent]:
    """So many wipes by one account, three seconds after each other."""
    fields: dict[str, Any] = {"requestor": MIRA, **changes}
    requests = [
        approval(
            id=f"wipe-{number}",
            requested_at=NOW - timedelta(minutes=3) + timedelta(seconds=2.4 * number),
            target=Target(f"STORE-{number:03}"),
            **fields,
        )
        for number in range(1, count + 1)
    ]
    return [RequestEvent(EventKind.CREATED, request, 1, NOW) for request in requests]


def style(card: Card) -> str:
    """The colour of the strip."""
    return str(card["body"][0]["style"])


SENTENCE = "49 requests to wipe devices, all by one account, within 2 min"


def test_a_burst_is_named_and_counted_everywhere() -> None:
    """Who sees only the toast or the strip learns that one account asks for very much at once."""
    card, count = CARDS.digest(wipes(49), "ops", NOW)

    assert count == 49
    assert style(card) == "attention"
    assert texts(card)[1] == "49 requests to wipe devices"
    assert strip(card) == "Multi Admin Approval · 49 in one card · 49 of high risk to decide"
    assert texts(card)[2] == "Needs approval:\N{NO-BREAK SPACE}49"
    assert texts(card)[4:7] == [
        f"{SENTENCE}.",
        "Requested by: “Mira Holt” (mira.holt@contoso.com)",
        "Speak to this account's owner in person before anybody approves one of them.",
    ]
    assert card["body"][1]["style"] == "attention"
    assert card["fallbackText"].startswith(f"49 of high risk to decide. {SENTENCE} (“Mira Holt”). ")


def test_a_burst_in_two_cards_is_named_as_one() -> None:
    """Fifty are told in two cards; already the first, and its toast, tell of all fifty."""
    fifty = wipes(50)
    card, count = CARDS.digest(fifty[:25], "ops", NOW, beside=fifty[25:])

    assert count == 25
    assert strip(card) == "Multi Admin Approval · 25 of 50 in one card · 50 of high risk to decide"
    assert "50 requests to wipe devices, all by one account, within 2 min." in text(card)
    assert card["fallbackText"].startswith("50 of high risk to decide. 50 requests to wipe devices, all by")
    assert "and 21 more: “STORE-005” to “STORE-025”" in text(card)


def test_many_alike_are_folded() -> None:
    """Four stand there in full, the others by the range of their names, with the way to all of them."""
    card, _ = CARDS.digest(wipes(49), "ops", NOW)
    told = texts(card)

    assert [each for each in told if each.startswith("Wipe")] == [
        f"Wipe device “STORE-{number:03}”" for number in range(1, 5)
    ]
    assert "and 45 more: “STORE-005” to “STORE-049”" in told
    assert "All of them, one by one: maa-notify history." in told
    assert len(told) < 25


def test_names_that_are_no_series_are_all_told() -> None:
    """Only names that count up without a gap are told as a range, in whatever order they came."""
    names = ["TILL", "KIOSK-7", "A", "STORE-2", *(f"STORE-00{number}" for number in (9, 8, 7, 5, 4))]
    events = [
        replace(event, request=replace(event.request, target=Target(name)))
        for event, name in zip(wipes(9), names, strict=True)
    ]
    card, _ = CARDS.digest(events, "ops", NOW)

    assert "and 5 more: “STORE-005”, “STORE-007” to “STORE-009”, “TILL”" in texts(card)


def test_what_has_no_name_is_folded_by_its_key() -> None:
    """Nothing that a digest holds is without a trace on it."""
    bulk = Target("LT-1, LT-2", device_count=2)
    events = [replace(each, request=replace(each.request, target=bulk)) for each in wipes(9)]
    told = text(CARDS.digest(events, "ops", NOW)[0])

    assert "Wipe 2 devices" in told
    assert all(each.short_key in told for each in events)


def test_what_differs_is_not_folded_away() -> None:
    """Another requestor, another state or another reach among many keeps its own entry."""
    other = wipes(1, requestor=Identity("user", "Oskar"))[0]
    other = replace(other, request=replace(other.request, id="other", target=Target("SERVER-1")))
    decided = changed(approval("rejected", id="decided", target=Target("SERVER-2"), requestor=MIRA))
    card, _ = CARDS.digest([*wipes(20), other, decided], "ops", NOW)

    assert "Wipe device “SERVER-1”" in texts(card)
    assert "Wipe device “SERVER-2”" in texts(card)
    assert "and 16 more: “STORE-005” to “STORE-020”" in texts(card)


def test_few_are_never_folded() -> None:
    """Eight entries can be read."""
    assert "more:" not in text(CARDS.digest(wipes(8), "ops", NOW)[0])


def test_a_burst_has_a_least_count() -> None:
    """Five are a burst, four are a busy day."""
    assert "all by one account" in text(CARDS.digest(wipes(BURST_COUNT), "ops", NOW)[0])
    assert "all by one account" not in text(CARDS.digest(wipes(BURST_COUNT - 1), "ops", NOW)[0])


@pytest.mark.parametrize("apart,is_burst", [(BURST_SPAN / 4, True), (BURST_SPAN / 3.9, False)])
def test_a_burst_has_a_longest_span(apart: timedelta, is_burst: bool) -> None:
    """What one account asks for over a whole morning is no burst, even if it is told at once."""
    events = [
        replace(each, request=replace(each.request, requested_at=FILED + number * apart))
        for number, each in enumerate(wipes(5))
    ]
    told = text(CARDS.digest(events, "ops", NOW)[0])

    assert ("5 requests to wipe devices, all by one account, within 10 min." in told) == is_burst


def test_a_burst_within_a_long_day_is_found() -> None:
    """Thirty in two minutes stand out of those of the hours before."""
    early = [
        replace(
            each,
            request=replace(each.request, id=f"early-{number}", requested_at=FILED - timedelta(hours=number)),
        )
        for number, each in enumerate(wipes(5), 1)
    ]
    told = text(CARDS.digest([*early, *wipes(30)], "ops", NOW)[0])

    assert "30 requests to wipe devices, all by one account, within 2 min." in told
    assert "35 of high risk to decide" in told


def test_a_burst_that_goes_on_is_told_as_a_whole() -> None:
    """Whoever files one a minute for most of an hour has not asked for eleven."""
    events = [
        replace(each, request=replace(each.request, requested_at=FILED + timedelta(minutes=number)))
        for number, each in enumerate(wipes(45))
    ]
    card, _ = CARDS.digest(events, "ops", NOW)

    assert texts(card)[1] == "45 requests to wipe devices"
    assert "45 requests to wipe devices, all by one account, within 44 min." in texts(card)


def test_bursts_of_two_accounts_are_both_told() -> None:
    """The title counts them together, and the toast names both: neither hides behind the other."""
    other = Identity("user", "Oskar", "oskar@contoso.com", "o1")
    second = [
        replace(each, request=replace(each.request, id=f"second-{number}", requestor=other))
        for number, each in enumerate(wipes(20))
    ]
    card, _ = CARDS.digest([*wipes(25), *second], "ops", NOW)

    assert texts(card)[1] == "45 requests to wipe devices"
    assert "25 requests to wipe devices, all by one account, within 1 min." in texts(card)
    assert "20 requests to wipe devices, all by one account, within 1 min." in texts(card)
    assert card["fallbackText"].startswith(
        "45 of high risk to decide."
        " 25 requests to wipe devices, all by one account, within 1 min (“Mira Holt”)."
        " 20 requests to wipe devices, all by one account, within 1 min (“Oskar”). "
    )


def test_a_burst_of_bulk_requests_counts_the_devices() -> None:
    """Five requests for a hundred devices each are five hundred wipes, in the title and in the toast, too."""
    events = [
        replace(each, request=replace(each.request, target=Target(f"LT-{number}", device_count=100)))
        for number, each in enumerate(wipes(5))
    ]
    card, _ = CARDS.digest(events, "ops", NOW)
    sentence = "5 requests to wipe devices, 500 devices in all"

    assert texts(card)[1] == sentence
    assert f"{sentence}, all by one account, within 1 min." in texts(card)
    assert card["fallbackText"].startswith(f"5 of high risk to decide. {sentence}, all by one account")


def test_a_deadline_of_its_own_is_not_folded_away() -> None:
    """What expires in minutes does not stand unseen among what has days, and it stands above that."""
    events = wipes(20)
    last = replace(events[-1].request, expires_at=NOW + timedelta(minutes=14))
    card, _ = CARDS.digest([*events[:-1], replace(events[-1], request=last)], "ops", NOW)
    told = texts(card)

    assert next(each for each in told if each.startswith("Wipe")) == "Wipe device “STORE-020”"
    assert "· 14 min left ·" in text(card)
    assert "and 15 more: “STORE-005” to “STORE-019”" in told


def test_a_burst_of_several_kinds_is_one_burst() -> None:
    """Whoever wipes, retires and deletes at once does not hide behind small numbers."""
    kinds = ("deviceWipe", "deviceRetire", "script")
    events = [
        replace(each, request=replace(each.request, policy_types=(kinds[number % 3],)))
        for number, each in enumerate(wipes(9))
    ]
    told = text(CARDS.digest(events, "ops", NOW)[0])

    assert (
        "9 requests of high risk (3 to wipe devices, 3 to retire devices, 3 for scripts),"
        " all by one account, within 1 min." in told
    )


def test_a_burst_of_nobody_is_named_too() -> None:
    """Where Intune does not tell who asks, no account is claimed."""
    told = text(CARDS.digest(wipes(6, requestor=Identity()), "ops", NOW)[0])

    assert "6 requests to wipe devices within 1 min." in told
    assert "Intune does not tell who asks." in told
    assert "one account" not in told


def test_many_accounts_are_no_burst() -> None:
    """Six people who ask for one wipe each are not one account."""
    events = [
        replace(each, request=replace(each.request, requestor=Identity("user", f"P{number}")))
        for number, each in enumerate(wipes(6))
    ]

    assert "one account" not in text(CARDS.digest(events, "ops", NOW)[0])


def test_what_is_decided_or_harmless_is_no_burst() -> None:
    """A card that is red at every busy hour would be read by nobody."""
    apps, _ = CARDS.digest(wipes(9, policy_types=("app",)), "ops", NOW)
    done, _ = CARDS.digest(
        [changed(replace(each.request, status="completed")) for each in wipes(9)], "ops", NOW
    )

    assert (style(apps), style(done)) == ("warning", "accent")
    assert "one account" not in text(apps) + text(done)
    assert "high risk" not in text(apps) + text(done) + apps["fallbackText"]


QUICK = Sign(SignKind.QUICK, NOW, NOW, 60, "")
BLOCKED = replace(
    created(approval(policy_types=("app",))),
    deciders=Deciders(NOW, (), 0, 0, Obstacle.EMPTY, "Apps", "Approvers", True),
)


@pytest.mark.parametrize(
    "event,colour",
    [
        (created(), "attention"),
        (changed(approval("approved", approver=Identity("application", "pipe"))), "attention"),
        (notice(), "attention"),
        (created(approval(policy_types=("app",))), "warning"),
        (no_longer_listed(), "warning"),
        (changed(approval("onHold")), "warning"),
        (notice(NoticeKind.ALERT), "attention"),
        (BLOCKED, "attention"),
        (notice(risk=Risk.MEDIUM), "warning"),
        (notice(NoticeKind.ALERT, risk=Risk.MEDIUM), "warning"),
        (replace(changed(approval("approved")), signs=(QUICK,)), "warning"),
        (changed(approval("approved")), "accent"),
        (notice(NoticeKind.RESOLVED, risk=None), "accent"),
    ],
)
def test_a_digest_is_as_loud_as_the_loudest_in_it(event: Event, colour: str) -> None:
    """One red thing among thirty grey ones makes the card red."""
    grey = [changed(approval("completed", id=str(number))) for number in range(30)]

    assert style(CARDS.digest([*grey, event], "ops", NOW)[0]) == colour


def test_alerts_are_counted_and_told_apart() -> None:
    """Who sees the toast or the strip alone learns of them; each says what it is about."""
    alerts = [
        notice(
            NoticeKind.ALERT, subject_id=f"B5-{name}", title="Somebody joined", facts=(Fact("About", name),)
        )
        for name in ("Approvers", "Eve · Low risk", "https://evil.example")
    ]
    low = notice(subject_id="low", risk=Risk.LOW, title="A small thing")
    card, _ = CARDS.digest([low, *alerts, created()], "ops", NOW)
    told = seen(text(card))

    assert strip(card).endswith(" · 3 notices of high risk · 1 of high risk to decide")
    assert card["fallbackText"].startswith(
        "3 notices of high risk · 1 of high risk to decide. Somebody joined. "
    )
    assert {"About: Approvers", "About: Eve · Low risk"} <= set(told.splitlines())
    assert told.index("Somebody joined") < told.index("A small thing")
    assert_sound(card)


def test_what_stands_out_about_an_approval_is_told_in_a_digest() -> None:
    """Whoever reads nothing but the digest looks at that request's own card or at Intune."""
    approved = replace(changed(approval("approved", id="quick")), signs=(QUICK,))
    told = text(CARDS.digest([approved, created()], "ops", NOW)[0])

    assert "Approved - Needs completion · something stands out about the approval" in told


def test_a_wrong_approver_stands_on_top_of_a_digest() -> None:
    """Above what waits, counted in the strip and the toast, with nobody told to press Complete."""
    odd = changed(
        approval("approved", id="odd", target=Target("LT-9"), approver=Identity("application", "pipe"))
    )
    card, _ = CARDS.digest([*wipes(3), odd], "ops", NOW)
    told = text(card)

    assert told.index("LT-9") < told.index("STORE-001")
    assert strip(card).endswith(" · 1 decided by the wrong identity · 3 of high risk to decide")
    assert card["fallbackText"].startswith("1 decided by the wrong identity · 3 of high risk")
    assert "Administrator: find out who decided" in told
    assert "press Complete" not in told
