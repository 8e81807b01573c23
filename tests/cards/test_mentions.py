"""People rung by name: those of the settings, when a decision is asked for, and nobody else."""

import json

import pytest

from maa_notify.cards.maker import TeamsCards
from maa_notify.cards.mentions import is_person
from maa_notify.commands.samples import sample_event
from tests.cards.judge import URL, assert_sound
from tests.support.clock import START

PEOPLE = ("aiko.mori@contoso.com", "oskar_weiss@contoso.com", "173a2634-0007-4274-af00-000000000007")
CARDS = TeamsCards(URL, {"ops": PEOPLE})


@pytest.mark.parametrize("word", ["needsApproval", "reminder"])
def test_whoever_has_to_decide_is_mentioned(word: str) -> None:
    """Each mention in the text has its entity with the very same text, in the order of the settings."""
    card = CARDS.card(sample_event(word, START), "ops", START)

    assert_sound({**card, "msteams": {"width": "full"}})
    entities = card["msteams"]["entities"]
    line = card["body"][1]["text"]
    assert [entity["mentioned"]["id"] for entity in entities] == list(PEOPLE)
    assert line == "<at>aiko.mori</at> <at>oskar weiss</at> <at>Approver 3</at>"
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


@pytest.mark.parametrize(
    "text", ["everybody", "<at>x</at>@contoso.com", "a b@contoso.com", "", "@contoso.com"]
)
def test_only_an_account_or_an_id_is_a_person(text: str) -> None:
    """Anything else would be shown, and ring nobody."""
    assert not is_person(text)
