"""What a card, a digest and a toast say of an alert, whatever the things that it is about are called."""

import pytest
from msgspec.structs import replace

from maa_notify.cards.builder import TeamsCards
from maa_notify.demo.audit_events import member_added, permission_granted, person
from maa_notify.domain.alert import Actor, ActorKind, AlertState, Part
from maa_notify.insight.watch.notices import notice_of
from tests.cards.judge import URL, seen
from tests.insight.watch.conftest import GROUP, NOON, Alerts
from tests.insight.watch.test_rules import MALLORY, OTHER_APP, PUPPET, WIPES
from tests.support.cards import text, texts
from tests.support.hostile import FORGERIES

CARDS = TeamsCards(URL)


def told_of(alerts: Alerts, name: str) -> AlertState:
    """An alert whose group, member, doer and story all have this name."""
    [alert] = alerts(member_added(NOON, MALLORY, GROUP, PUPPET))
    facts = tuple(replace(each, value=name) for each in alert.facts)
    by_app = replace(alert, actor=Actor(ActorKind.APPLICATION, "a1", name), object_name=name, facts=facts)
    return AlertState(by_app, NOON, story=(Part(NOON, "approved request KTDWXW", name),))


@pytest.mark.parametrize("name", FORGERIES)
def test_no_name_passes_for_words_of_ours(alerts: Alerts, name: str) -> None:
    """Each stands between quotation marks that it cannot end, so what it claims is part of it."""
    notice = notice_of(told_of(alerts, name), NOON)
    card, digest = CARDS.card(notice, "ops", NOON), CARDS.digest([notice, notice], "ops", NOON)[0]

    for told, names in ((seen(text(card)), 4), (seen(text(digest)), 4), (seen(card["fallbackText"]), 2)):
        assert told.count("“") == told.count("”") == names
        outside = [part.partition("”")[2] for part in told.split("“")[1:]]
        assert not [part for part in outside if "Aiko" in part or "Eve" in part or "security" in part]


def test_a_toast_says_how_bad_it_is_about_what_and_by_whom(alerts: Alerts) -> None:
    """What a lock screen shows has to be enough to get up for."""
    [alert] = alerts(member_added(NOON, MALLORY, GROUP, PUPPET))
    spoken = seen(CARDS.card(notice_of(AlertState(alert, NOON), NOON), "ops", NOON)["fallbackText"])

    what = f"Somebody was added to an approver group · about “{GROUP[1]}”"
    assert spoken.startswith(f"Critical: {what} · done by “mal.lory@contoso.com”")


def test_an_app_is_called_one(alerts: Alerts) -> None:
    """An app with the name of a person is none."""
    [alert] = alerts(permission_granted(NOON, person(*PUPPET), *WIPES, OTHER_APP))
    by_app = replace(alert, actor=Actor(ActorKind.APPLICATION, "a1", "Mira Halloran"))
    lines = texts(CARDS.card(notice_of(AlertState(by_app, NOON), NOON), "ops", NOON))

    assert "Done by the app" in "\n".join(lines)
    assert "Done by the app" not in text(CARDS.card(notice_of(AlertState(alert, NOON), NOON), "ops", NOON))


def test_a_log_that_names_nobody_is_said_to(alerts: Alerts) -> None:
    """In words of ours, so without quotation marks."""
    [alert] = alerts(member_added(NOON, MALLORY, GROUP, PUPPET))
    told = text(CARDS.card(notice_of(AlertState(replace(alert, actor=Actor()), NOON), NOON), "ops", NOON))

    assert "the log does not tell" in told
    assert "“the log" not in told
