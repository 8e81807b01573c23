"""How large a card can get: the worst text in all fields at once, as the table that docs/cards.md shows."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from msgspec.structs import replace

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.mentions import MOST, is_person
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.approvers import MOST_TOLD, Decider, Deciders, Obstacle
from maa_notify.domain.event import EventKind, Fact, Look, Notice, NoticeKind, RequestEvent, Step
from maa_notify.domain.request import (
    APPROVED,
    INTENTS,
    NEEDS_APPROVAL,
    PLATFORMS,
    STATUSES,
    ApprovalRequest,
    Identity,
)
from maa_notify.domain.risk import Risk
from maa_notify.domain.routing import EVENT_NAMES
from maa_notify.domain.signs import Sign, SignKind
from maa_notify.domain.tickets import TicketLinks
from maa_notify.graph.requests import parse_request
from tests.cards.judge import MAX_BYTES, MAX_BYTES_KEPT, URL, Card, bytes_kept, bytes_posted
from tests.support.approval import NOW
from tests.support.cards import text

PAGE = Path(__file__).parents[2] / "docs" / "cards.md"
BEGIN, END = "<!-- bytes -->", "<!-- /bytes -->"

LONGEST = 1_024
"""Characters in each field: what Intune lets a person type as a justification."""

DIGEST_OF = 49
"""Notifications that a delivery puts together at most."""

FILLERS = ("\U0001f512", "界", '"', "\\", '\\"', "{", "a.", "@", "W", "ش.", "aа", "ක්\u200dෂ")
"""Four bytes, three bytes, what JSON doubles or doubles twice, what gets a break of three bytes, what is set
apart for its direction or its mixed letters, and what is spelled with joiners."""

TICKETS = TicketLinks(f"https://{'t' * 240}.example/{{}}", "#{20}#{20}#{7}[0-9]")
"""The longest address with the longest numbers."""

PEOPLE: Sequence[tuple[str, ...]] = (
    (),
    tuple(f"{number:08}-0000-4000-8000-000000000000" for number in range(MOST)),
    tuple(f"{number:064}@{'c' * 32}.onmicrosoft.com" for number in range(MOST)),
)
"""Nobody, the most that one card can mention by id, and the same with the longest accounts."""

_KINDS = (
    "groupAssignmentTarget",
    "exclusionGroupAssignmentTarget",
    "allDevicesAssignmentTarget",
    "allLicensedUsersAssignmentTarget",
    "other",
)
_ASSIGNED = [
    {"intent": intent, "target": {"@odata.type": f"x.{kind}"}}
    for kind, intent in product(_KINDS, (*INTENTS, "new", None))
] * 10
"""Every kind of target with every intent."""

Make = Callable[[TeamsCards, RequestEvent], Card]
Sizes = tuple[int, int]


def _full(kind: EventKind) -> Make:
    return lambda cards, event: cards.card(_of_kind(kind, event.request), "ops", NOW)


def _of_kind(kind: EventKind, request: ApprovalRequest) -> RequestEvent:
    """An event with every part at its longest, at the end of a long story."""
    step = Step(APPROVED, NOW, request.approver)
    taken_back = Step(NEEDS_APPROVAL, NOW, Identity())
    steps = (taken_back, step) * 4
    event = RequestEvent(kind, request, 99_999, NOW, request.status, "9999m", NOW, steps)
    look = Look(_deciders(request).people[0], NOW)
    return replace(event, deciders=_deciders(request), signs=SIGNS, look=look)


def _deciders(request: ApprovalRequest) -> Deciders:
    """Guests with the longest names, of a list that is old, and a doubt, which is told beside them."""
    name, obstacle = request.requestor.name, Obstacle.NO_ROLE
    people = tuple(Decider(f"{number:08}-0000-4000-8000-1", name, name, True) for number in range(MOST_TOLD))
    return Deciders(NOW - timedelta(hours=5), people, 99_999, 9_999, obstacle, name, name, False)


SIGNS = tuple(Sign(kind, NOW, NOW, 60, "6f0c2a4e") for kind in SignKind)
"""All that can stand out about an approval at once."""


def _digest(cards: TeamsCards, event: RequestEvent) -> Card:
    requests = [replace(event.request, id=str(number)) for number in range(DIGEST_OF)]
    return cards.digest([_of_kind(event.kind, request) for request in requests], "ops", NOW)[0]


def _notice(request: ApprovalRequest) -> Notice:
    """More facts than a card shows, each with the longest value, under the longest texts of ours."""
    facts = (Fact("A label of ours, as long as any", request.approval_notes),) * 40
    ours = "A sentence of ours. " * 30
    return Notice(NoticeKind.FINDING, request.id, 99_999, NOW, ours[:120], ours, facts, ours, Risk.HIGH)


KINDS: dict[str, Make] = {
    **{kind.replace("_", " "): _full(kind) for kind in EventKind},
    "test card": lambda cards, event: cards.sample(event, "ops", NOW),
    "sent again": lambda cards, event: cards.card(event, "ops", NOW, again=True),
    "reply": lambda cards, event: cards.reply(event, "ops", NOW, again=True),
    "plain": lambda cards, event: cards.plain(event, NOW, again=True),
    "digest": _digest,
    "notice": lambda cards, event: cards.card(_notice(event.request), "ops", NOW, again=True),
}


def worst_requests(statuses: Sequence[str]) -> Iterator[ApprovalRequest]:
    """Each filler in every field at once, in each status, by a person, by an application, for one device."""
    for filler, status, kind in product(FILLERS, statuses, ("user", "application", "device")):
        request = parse_request(_raw((filler * LONGEST)[:LONGEST], status, kind))
        assert bool(request.target.device_id) == (kind == "device")
        yield request


def _raw(text: str, status: str, kind: str) -> dict[str, Any]:
    is_device = kind == "device"
    asker = "user" if is_device else kind
    somebody = {asker: dict.fromkeys(("displayName", "userPrincipalName", "id"), text)}
    times = ("requestDateTime", "lastModifiedDateTime")
    return {
        "id": text[:64],
        "status": status,
        **{name: f"2026-08-1{day}T07:42:10Z" for day, name in enumerate(times, 5)},
        "expirationDateTime": "2026-08-20T07:42:10Z",
        "requestor": somebody,
        "approver": somebody,
        "requestJustification": " ".join(["#" * 47 + str(number) for number in range(3)] + [text])[:LONGEST],
        "approvalJustification": text,
        "requiredOperationApprovalPolicyTypes": [chr(97 + each) + "Bc" * 31 for each in range(8)],
        **dict.fromkeys(("payloadName", "payloadOperation", "payloadSubtype", "actionName"), text),
        "payloadType": "x.ManagedDevice" if is_device else "x.OperationApprovalPolicy",
        "payloadId": "6f0c2a4e-51d7-4d5b-9a53-0b8f3f1e7a01",
        "displayPayload": [{"serialNumber": text, "primaryUser": text}] * (1 if is_device else 9),
        "addedAssignments": _ASSIGNED,
        "removedAssignments": _ASSIGNED,
        "payload": {"policyType": "operationApprovalPolicy", "policyPlatform": PLATFORMS[0]},
    }


def _maker(people: Sequence[str]) -> TeamsCards:
    """Rings these people at every event, tells times in the zone with the longest name, and may be asked."""
    zone = ZoneInfo(max(available_timezones(), key=len))
    ringing = {"ops": dict.fromkeys(EVENT_NAMES, people)}
    return TeamsCards(URL, ringing, TimeFormat(zone), tickets=TICKETS, asking={"ops"})


def largest(name: str) -> Sizes:
    """The most bytes that a card of this kind takes as posted, and the most that Workflows keeps of one."""
    makers = [_maker(people) for people in PEOPLE]
    # A digest is put together until it fits, which takes its time: there the longest state is enough.
    statuses = (NEEDS_APPROVAL,) if name == "digest" else (*STATUSES, "waitingForMoon")
    events = [_of_kind(EventKind.REMINDER, request) for request in worst_requests(statuses)]
    cards = [KINDS[name](maker, event) for maker, event in product(makers, events)]
    return max(map(bytes_posted, cards)), max(map(bytes_kept, cards))


def shown() -> list[str]:
    """The rows of the table in the documentation."""
    assert PAGE.is_file(), "docs/cards.md is missing"
    _, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    table, end, _ = rest.partition(END)
    assert (begin, end) == (BEGIN, END), f"docs/cards.md needs the markers {BEGIN} and {END}"
    return table.strip().splitlines()


ALIKE = {"status changed", "complete reminder", "no longer listed", "test card", "sent again"}
"""Cards made like that of a new request; each takes ten seconds, so they are measured by `make soak`."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.soak) if each in ALIKE else each for each in KINDS]
)
def test_the_largest_card_is_within_the_limits(name: str) -> None:
    """Teams and Workflows refuse what is larger, so nobody would hear; the documentation tells the bytes."""
    posted, kept = largest(name)

    assert posted <= MAX_BYTES
    assert kept <= MAX_BYTES_KEPT
    assert f"| {name} | {posted:,} | {kept:,} |" in shown()


def test_no_text_makes_a_full_card_plain() -> None:
    """However bad the text, an approver is still told why, how risky, until when and what to do."""
    told = [
        text(_full(EventKind.CREATED)(_maker(()), _of_kind(EventKind.CREATED, request)))
        for request in worst_requests((NEEDS_APPROVAL,))
    ]

    assert all("The requestor's own words" in each and "Approver: open Intune" in each for each in told)


def test_the_worst_people_are_people() -> None:
    """Otherwise the table would speak of mentions that the settings refuse."""
    assert all(is_person(person) for people in PEOPLE for person in people)
    assert max(len(person) for people in PEOPLE for person in people) == 113


def test_the_page_shows_every_kind() -> None:
    """Under the heads of the table, and the limits below them."""
    head, line, *rows, limits = shown()

    assert (head, line) == ("| card | bytes posted | bytes kept |", "|---|---|---|")
    assert [row.split("|")[1].strip() for row in rows] == list(KINDS)
    assert limits == f"| limit | {MAX_BYTES:,} | {MAX_BYTES_KEPT:,} |"
