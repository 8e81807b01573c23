"""People rung by name: those of the settings, when a decision is asked for, and nobody else."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maa_notify.cards.builder import TeamsCards
from maa_notify.cards.mentions import DECISION_WANTED, MOST, is_person, mentioned_people
from maa_notify.cards.samples import sample_event
from maa_notify.domain.event import Event
from tests.cards.judge import URL, assert_sound
from tests.support.approval import (
    NOW,
    approval,
    changed,
    complete_reminder,
    created,
    no_longer_listed,
    reminder,
)
from tests.support.clock import START

PEOPLE = ("aiko.mori@contoso.com", "oskar_weiss@contoso.com", "173a2634-0007-4274-af00-000000000007")
CARDS = TeamsCards(URL, {"ops": dict.fromkeys(DECISION_WANTED, PEOPLE)})
AIKO, OSKAR, THIRD = PEOPLE


@pytest.mark.parametrize("word", ["needsApproval", "reminder"])
def test_whoever_has_to_decide_is_mentioned(word: str) -> None:
    """Each mention in the text has its entity with the very same text, in the order of the settings."""
    card = CARDS.card(sample_event(word, START), "ops", START)

    assert_sound({**card, "msteams": {"width": "full"}})
    entities = card["msteams"]["entities"]
    line = card["body"][1]["text"]
    assert [entity["mentioned"]["id"] for entity in entities] == list(PEOPLE)
    assert line == "<at>aiko.mori</at> <at>oskar weiss</at> <at>Person 3</at>"
    assert [entity["text"] for entity in entities] == line.replace("> <", ">|<").split("|")
    assert [entity["text"] for entity in entities] == [
        f"<at>{entity['mentioned']['name']}</at>" for entity in entities
    ]


@pytest.mark.parametrize("word", ["approved", "completed", "rejected", "cancelled", "expired"])
def test_nobody_is_rung_when_nothing_is_to_be_decided(word: str) -> None:
    """A decision taken is no reason to ring the approvers."""
    assert "<at>" not in json.dumps(CARDS.card(sample_event(word, START), "ops", START))


def test_other_channels_mention_nobody() -> None:
    """The list belongs to its destination."""
    assert "<at>" not in json.dumps(CARDS.card(sample_event("needsApproval", START), "lobby", START))


def test_a_digest_mentions_them_once_when_something_waits() -> None:
    """One ring for many requests, and none for a digest of outcomes."""
    waiting = [sample_event(word, START) for word in ("approved", "needsApproval")]
    decided = [sample_event(word, START) for word in ("approved", "rejected")]

    assert len(CARDS.digest(waiting, "ops", START)[0]["msteams"]["entities"]) == len(PEOPLE)
    assert "entities" not in CARDS.digest(decided, "ops", START)[0]["msteams"]


def test_an_approval_taken_back_rings_as_a_new_request_does() -> None:
    """It waits for a decision again, although it is not new."""
    card = CARDS.card(changed(approval(), "approved"), "ops", NOW)

    assert len(card["msteams"]["entities"]) == len(PEOPLE)


def test_a_request_that_is_gone_rings_nobody() -> None:
    """Its last known status asks for a decision, but there is nothing left to decide."""
    assert "<at>" not in json.dumps(CARDS.card(no_longer_listed(), "ops", NOW))


@pytest.mark.parametrize(
    "event,expected",
    [
        (created(), [AIKO]),
        (created(approval("rejected")), [AIKO, OSKAR]),
        (changed(approval("rejected")), [OSKAR]),
        (changed(approval("approved")), []),
        (reminder(), []),
        (reminder(more=False), [OSKAR, AIKO]),
        (complete_reminder(), [THIRD]),
    ],
    ids=["new", "new and rejected", "rejected", "approved", "reminder", "last reminder", "not completed"],
)
def test_each_event_rings_its_own_people(event: Event, expected: list[str]) -> None:
    """Approvers for what is new, the help desk for what was rejected; each person once."""
    mentions = {
        "created": [AIKO],
        "rejected": [OSKAR],
        "expiring": [OSKAR, AIKO],
        "complete_reminder": [THIRD],
    }
    card = TeamsCards(URL, {"ops": mentions}).card(event, "ops", NOW)

    assert [each["mentioned"]["id"] for each in card["msteams"].get("entities", [])] == expected


def test_a_digest_mentions_all_that_any_of_its_events_rings() -> None:
    """Once each, in the order of the settings, and never more than Teams takes."""
    mentions = {"rejected": [OSKAR], "created": [AIKO, OSKAR], "expired": [THIRD]}
    news = [created(), changed(approval("rejected", id="2")), changed(approval("approved", id="3"))]

    card, _ = TeamsCards(URL, {"ops": mentions}).digest(news, "ops", NOW)

    assert [each["mentioned"]["id"] for each in card["msteams"]["entities"]] == [OSKAR, AIKO]
    assert (
        len(mentioned_people(news, {"created": [f"p{number}@contoso.com" for number in range(99)]})) == MOST
    )


@pytest.mark.parametrize(
    "text", ["everybody", "<at>x</at>@contoso.com", "a b@contoso.com", "", "@contoso.com"]
)
def test_only_an_account_or_an_id_is_a_person(text: str) -> None:
    """Anything else would be shown, and ring nobody."""
    assert not is_person(text)


def names_of(*people: str) -> list[str]:
    """What the card shows for these people."""
    card = TeamsCards(URL, {"ops": {"created": people}}).card(created(), "ops", NOW)
    entities = card["msteams"]["entities"]
    assert [each["text"] for each in entities] == [
        f"<at>{each['mentioned']['name']}</at>" for each in entities
    ]
    return [each["mentioned"]["name"] for each in entities]


def test_two_people_with_one_name_are_told_apart() -> None:
    """Teams goes by the text: with the same one twice it would ring one of them twice."""
    people = ("ana@contoso.com", "ana@fabrikam.com", "a_b@contoso.com", "A.B@contoso.com", "ANA@contoso.net")
    told = names_of(*people, "a-b@contoso.com", "a+b@contoso.com", THIRD, "Person_8@contoso.com")

    assert len({each.lower() for each in told}) == len(told) == 9
    assert told[:2] == ["ana contoso", "ana fabrikam"] or told[1] == "ana fabrikam"


_LOCAL = st.lists(
    st.sampled_from(["ana", "a", "2", "_", "+", "Person", "contoso", "1"]), min_size=1, max_size=6
)
_ACCOUNTS = st.builds(
    "{}@{}.{}".format,
    _LOCAL.map("".join),
    st.sampled_from(["a", "contoso", "1"]),
    st.sampled_from(["com", "org", "net"]),
)


@settings(max_examples=300)
@given(st.lists(_ACCOUNTS | st.just(THIRD), min_size=1, max_size=8, unique_by=str.lower))
@example(["ana@a.com", "ana@a.org", "ana_a_2@b.com"])
def test_no_two_people_ever_share_a_text(people: list[str]) -> None:
    """Not even where a name looks as if we had numbered it."""
    told = names_of(*people)

    assert len({each.lower() for each in told}) == len(people)


def test_one_person_in_two_cases_is_rung_once() -> None:
    """Entra tells no upper from lower case in accounts and ids."""
    assert names_of(AIKO, AIKO.upper(), THIRD, THIRD.upper()) == ["aiko.mori", "Person 2"]
