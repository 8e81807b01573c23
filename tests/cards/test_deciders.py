"""A card tells who can decide, that nobody can, and what stands out; in our words and with safe names."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.cards import strings
from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.mentions import APPROVERS, DECISION_WANTED, MOST_APPROVERS
from maa_notify.domain.approvers import Decider, Deciders, Obstacle
from maa_notify.domain.event import Event, RequestEvent, short_key
from maa_notify.domain.request import APPROVED
from maa_notify.domain.signs import Sign, SignKind
from tests.cards.judge import URL, assert_sound
from tests.support.approval import FILED, NOW, approval, changed, created, reminder
from tests.support.cards import as_read, strip, text

IDS = [f"{number}73a2634-0007-4274-af00-000000000007" for number in range(1, 10)]
AIKO = Decider(IDS[0], "Aiko Mori", "aiko.mori@contoso.com")
OSKAR = Decider(IDS[1], "Oskar Weiss", "oskar.weiss@contoso.com", is_guest=True)
CARDS = TeamsCards(URL)


def waiting(*people: Decider, event: Event | None = None, **changes: object) -> RequestEvent:
    """A new wipe that these people can decide."""
    found = Deciders(NOW, people, len(people), policy="Wipes", group="MAA approvers")
    made = event or created()
    assert isinstance(made, RequestEvent)
    return replace(made, deciders=replace(found, **changes))


def approved(*signs: Sign) -> RequestEvent:
    """An approval that stands out."""
    made = changed(approval(APPROVED))
    assert isinstance(made, RequestEvent)
    return replace(made, signs=signs)


def shown(event: Event) -> str:
    """The text of its card, with times as read in UTC."""
    card = CARDS.card(event, "ops", NOW)
    assert_sound(card)
    return as_read(text(card))


def test_who_can_decide_stands_on_the_card() -> None:
    """Guests as guests, nested groups as what they are."""
    told = shown(waiting(AIKO, OSKAR, nested=2))

    assert "“Aiko Mori”, “Oskar Weiss” (guest); 2 nested groups, whose members may not count" in told
    assert "“Aiko Mori”" in shown(waiting(AIKO, event=reminder()))


def test_many_are_counted() -> None:
    """Six names can be read, sixty cannot."""
    many = [Decider(str(number), f"Name {number}") for number in range(20)]

    told = shown(waiting(*many, count=60))

    assert ("“Name 5”, 54 more" in told, "Name 6" in told) == (True, False)


def test_without_names_they_are_only_counted() -> None:
    """The permission to see users is not granted; an account stands for a name that is not told."""
    assert "3 people" in shown(waiting(*[Decider(each) for each in IDS[:3]]))
    assert "1 person" in shown(waiting(Decider(IDS[0])))
    assert "aiko.mori@contoso.com" in shown(waiting(replace(AIKO, name="")))


def test_a_requestor_who_is_not_told_may_be_among_them() -> None:
    """The card does not claim more than it knows."""
    assert strings.UNLESS_THEIR_OWN in shown(waiting(AIKO, is_requestor_known=False))
    assert strings.UNLESS_THEIR_OWN not in shown(waiting(AIKO))


def test_an_old_list_says_of_when_it_is() -> None:
    """So nobody takes it for the present."""
    told = shown(waiting(AIKO, read_at=NOW - timedelta(hours=3)))

    assert "Could decide\n<2026-08-18 09:00>\n“Aiko Mori”" in told


@pytest.mark.parametrize("obstacle", Obstacle)
def test_that_nobody_can_decide_is_said_first_with_what_to_mend(obstacle: Obstacle) -> None:
    """In the state, in the strip and in the toast; a digest says it, too."""
    event = waiting(obstacle=obstacle)
    card = CARDS.card(event, "ops", NOW)

    told = strings.nobody(obstacle)
    assert told in strip(card)
    assert told in card["fallbackText"]
    assert strings.NOBODY[obstacle] in json.dumps(card["body"][0], ensure_ascii=False)
    assert strings.MEND[obstacle] in json.dumps(card["body"][0], ensure_ascii=False)
    assert "Access policy “Wipes” · Approver group “MAA approvers”" in text(card)
    assert told in text(CARDS.digest([event, created(approval(id="2"))], "ops", NOW)[0])
    assert card["body"][0]["style"] == "attention"
    assert_sound(card)


def test_what_is_not_certain_is_not_claimed() -> None:
    """A group without a role may work for now; approvers are asked as ever."""
    certain, perhaps = waiting(obstacle=Obstacle.EMPTY), waiting(AIKO, obstacle=Obstacle.NO_ROLE)

    assert strings.NEXT_STEP_NOBODY in shown(certain)
    assert strings.NEXT_STEP_NOBODY not in shown(perhaps)
    assert "Perhaps nobody can decide this" in shown(perhaps)


def test_nobody_is_told_once_it_is_decided() -> None:
    """Who could have decided is of no use any more."""
    told = shown(waiting(AIKO, event=changed(approval(APPROVED)), obstacle=Obstacle.EMPTY))

    assert ("Aiko" in told, "obody can decide" in told) == (False, False)


@pytest.mark.parametrize(
    "name", ["[x](https://evil.example)", "A” can decide. “B", "<at>all</at>", "{{DATE(x)}}"]
)
def test_names_cannot_pass_for_words_of_ours(name: str) -> None:
    """They are people's and administrators' to choose."""
    hostile = replace(AIKO, name=name)

    assert_sound(CARDS.card(waiting(hostile, policy=name, group=name), "ops", NOW))
    assert_sound(CARDS.card(waiting(policy=name, group=name, obstacle=Obstacle.GONE), "ops", NOW))
    assert "A” can decide. “B" not in shown(waiting(hostile))


SINCE, AT = FILED - timedelta(minutes=30), FILED + timedelta(minutes=5)


@pytest.mark.parametrize(
    "sign, expected",
    [
        (
            Sign(SignKind.JOINED, since=SINCE, at=AT),
            "joined the approver group between <2026-08-18 10:30> and <2026-08-18 11:05>. The request was",
        ),
        (
            Sign(SignKind.ABSENT, at=AT),
            "Whoever decided was no direct member of the approver group at <2026-08-18 11:05>",
        ),
        (Sign(SignKind.QUICK, seconds=42), "The approval came 42 seconds after the request"),
        (
            Sign(SignKind.MIRRORED, since=SINCE, at=AT, other_id="x"),
            f"a request of their own at <2026-08-18 10:30>, key {short_key('x')}, which was approved by the",
        ),
        (Sign(SignKind.MIRRORED, since=SINCE, other_id="x"), "which still waits."),
    ],
)
def test_what_stands_out_is_told_with_its_times(sign: Sign, expected: str) -> None:
    """On the card and on the reply that rings; the strip is no longer green."""
    event = approved(sign)
    card = CARDS.card(event, "ops", NOW)

    assert expected in shown(event)
    assert expected in as_read(text(CARDS.reply(event, "ops", NOW)))
    assert card["body"][0]["style"] == "warning"


RINGING = {"ops": dict.fromkeys(DECISION_WANTED, (AIKO.account, APPROVERS))}


def rung(*events: Event) -> list[str]:
    """Whom a message rings."""
    cards = TeamsCards(URL, RINGING)
    made = cards.card(events[0], "ops", NOW) if len(events) == 1 else cards.digest(events, "ops", NOW)[0]
    return [each["mentioned"]["id"] for each in made["msteams"].get("entities", [])]


def test_those_who_can_decide_are_rung_once_each() -> None:
    """By their ids, beside the people of the settings, whoever stands in both."""
    card = TeamsCards(URL, RINGING).card(waiting(AIKO, OSKAR), "ops", NOW)

    assert rung(waiting(AIKO, OSKAR)) == [AIKO.account, OSKAR.id]
    assert "<at>aiko.mori</at> <at>oskar.weiss</at>" in text(card)
    two = [waiting(AIKO, OSKAR), waiting(OSKAR, event=created(approval(id="2")))]
    assert rung(*two) == [AIKO.account, OSKAR.id]


def test_no_more_are_rung_than_can_feel_meant() -> None:
    """And nobody once it is decided, or while nobody knows."""
    many = [replace(OSKAR, id=f"{number:08}-0007-4274-af00-000000000007", account="") for number in range(20)]

    assert len(rung(waiting(*many))) == MOST_APPROVERS + 1
    assert rung(waiting(OSKAR, event=changed(approval(APPROVED)))) == []
    assert rung(created()) == [AIKO.account]
