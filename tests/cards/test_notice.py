"""Cards about what is no request: sound, in words of ours, and never mistaken for a request."""

import pytest

from maa_notify.cards.builder import TeamsCards
from maa_notify.domain.event import Fact, NoticeKind
from maa_notify.domain.heartbeat import heartbeat
from maa_notify.domain.risk import Risk
from maa_notify.domain.visibility import Outlook
from tests.cards.judge import URL, alive_in, assert_sound
from tests.support.approval import NOW, created, notice
from tests.support.cards import text, texts

CARDS = TeamsCards(URL)


def test_a_finding_says_what_it_means_and_what_to_do() -> None:
    """Title, meaning, facts, next step and key, in this order."""
    told = text(CARDS.card(notice(), "ops", NOW))

    parts = ["Nobody can approve", "has no member", "Wipe devices", "Administrator:", notice().short_key]
    places = [told.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "kind,risk,colour",
    [
        (NoticeKind.FINDING, Risk.HIGH, "attention"),
        (NoticeKind.FINDING, Risk.MEDIUM, "warning"),
        (NoticeKind.FINDING, Risk.LOW, "accent"),
        (NoticeKind.FINDING, None, "emphasis"),
        (NoticeKind.RESOLVED, Risk.HIGH, "good"),
    ],
)
def test_the_strip_is_as_loud_as_the_finding(kind: NoticeKind, risk: Risk | None, colour: str) -> None:
    """Red for great harm; green once it is resolved, however bad it was."""
    assert CARDS.card(notice(kind, risk=risk), "ops", NOW)["body"][0]["style"] == colour


def test_values_of_others_come_alive_nowhere() -> None:
    """The name of a group in Entra is text that an attacker can choose."""
    hostile = "[click](https://evil.example) <at>All</at> {{DATE(2026-01-01)}} \u202egnp.exe"
    card = CARDS.card(notice(facts=(Fact("Group", hostile),)), "ops", NOW)

    assert_sound(card)
    assert [alive for line in texts(card) for alive in alive_in(line)] == []


def test_a_long_list_of_facts_is_cut_and_counted() -> None:
    """A group with a thousand guests still makes a card that Teams takes."""
    facts = tuple(Fact("Guest", f"guest-{number}") for number in range(1_000))

    told = text(CARDS.card(notice(facts=facts), "ops", NOW))

    assert "guest-11" in told
    assert "guest-12" not in told
    assert "and 988 more" in told


def test_a_refused_notice_is_sent_without_its_facts() -> None:
    """The least that still rings: what is wrong, and what to do."""
    told = text(CARDS.plain(notice(), NOW))

    assert "Nobody can approve" in told
    assert "Wipe devices" not in told


def test_a_digest_tells_notices_above_requests() -> None:
    """What was found out about the tenant is not lost in a burst of requests."""
    card, count = CARDS.digest([created(), notice(), created()], "ops", NOW)

    assert count == 3
    assert "1 notice · News of 1 request" in texts(card)[1]
    told = text(card)
    assert told.index("Nobody can approve") < told.index(created().short_key)
    assert notice().short_key in told


def test_only_notices_make_a_digest_without_counts_of_requests() -> None:
    """No line speaks of requests where there are none."""
    card, _ = CARDS.digest([notice(), notice(subject_id="posture:other")], "ops", NOW)

    assert "2 notices" in text(card)
    assert "request" not in text(card)


def test_a_digest_of_alerts_is_loud_and_says_who() -> None:
    """A title alone would send everybody to the portal to find out what it is about."""
    facts = (Fact("About", "MAA approvers"), Fact("Done by", "[mal](https://evil.example)"), Fact("Who", "x"))
    alert = notice(NoticeKind.ALERT, risk=Risk.HIGH, facts=facts)

    card, _ = CARDS.digest(
        [alert, notice(NoticeKind.ALERT, subject_id="other", risk=Risk.LOW, facts=())], "ops", NOW
    )

    assert_sound(card)
    assert card["body"][0]["style"] == "attention"
    assert "MAA approvers" in text(card)
    assert [alive_in(each) for each in texts(card)] == [[]] * len(texts(card))


def test_no_heartbeat_shares_a_card_with_news() -> None:
    """`No news` among news would be untrue."""
    assert not heartbeat(Outlook(), NOW).shares_cards
    assert notice().shares_cards
