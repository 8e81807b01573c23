"""Which of the bot's cards a message has to change, and as what they count."""

from collections.abc import Sequence
from typing import Any

import pytest

from maa_notify.delivery.compose import MOST_TOGETHER
from maa_notify.delivery.places import Places
from maa_notify.domain.event import EventKind
from maa_notify.domain.notification import APPROVER_CHAT, CardLocation
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import StoredCard, card_key, encode
from maa_notify.storage.rows import Put
from maa_notify.storage.store import StateStore
from tests.delivery.waiting import news
from tests.support.clock import START
from tests.support.memory import MemoryRows

PLACE = CardLocation("19:abc", "1")


def places_with(cards: dict[str, StoredCard], destination: str = "default", person: str = "") -> Places:
    """The cards of these subjects stand there."""
    rows = MemoryRows()
    for subject, card in cards.items():
        rows.commit([Put(card_key(destination, subject, person), encode(card))])
    return Places(StateStore(rows).outbox)


def shown(places: Places, waiting: Sequence[PendingNotification]) -> dict[str, int]:
    """The revision that each card counts as showing, where all that waits is due."""
    return {subject: card.revision for subject, card in places.of(waiting, waiting).items()}


def test_a_card_that_was_read_once_is_known_however_many_come_before_it() -> None:
    """As `apart` knows it: else it would share a digest with requests that have no card."""
    places = places_with({"zz": StoredCard(PLACE, START, 1)})
    last = news("zz", 2)
    others = [news(f"{number:03}") for number in range(2 * MOST_TOGETHER)]

    assert shown(places, [last]) == {"zz": 1}
    assert shown(places, [*others, last]) == {"zz": 1}
    assert "zz" not in places.apart([*others, last], [*others, last])


def test_what_nobody_has_looked_for_is_apart() -> None:
    """More than two digests hold: their cards are looked for when it is their turn."""
    places = places_with({"zz": StoredCard(PLACE, START, 1)})
    others = [news(f"{number:03}") for number in range(2 * MOST_TOGETHER)]
    due = [*others, news("zz", 2)]

    assert shown(places, due) == {}
    assert places.apart(due, due) == {"zz"}


@pytest.mark.parametrize(
    "fields,revision",
    [({"doubts": 1}, 3), ({}, 2), ({"doubts": 1, "destination": "other"}, 2)],
    ids=["without an answer", "not tried", "elsewhere"],
)
def test_a_change_without_an_answer_counts_as_there(fields: dict[str, Any], revision: int) -> None:
    """So that an older one, which comes again before it, does not undo it."""
    places = places_with({"a": StoredCard(PLACE, START, 1)})
    older, newer = news("a", 2, doubts=1), news("a", 3, **fields)

    assert places.of([older], [older, newer])["a"].revision == revision


def test_a_digest_that_may_have_changed_goes_on_showing_that() -> None:
    """When another request on it changes; and never older news than it is known to show."""
    first = news("a", 1).value.event
    cards = {each: StoredCard(PLACE, START, 2, beside=("a", "b"), event=first) for each in "ab"}
    places = places_with(cards, APPROVER_CHAT, "p")
    chat: dict[str, Any] = {"destination": APPROVER_CHAT, "recipient": "p"}
    newer, older = news("a", 3, doubts=1, **chat), news("a", 1, doubts=1, **chat)

    assert places.of([news("b", 3, **chat)], [newer])["a"].event == newer.value.event
    reminder = news("a", 2, EventKind.REMINDER, doubts=1, **chat)
    assert places.of([news("b", 3, **chat)], [reminder])["a"].event == reminder.value.event
    assert places.of([news("b", 3, **chat)], [older])["a"].event == first
    somebody_elses = news("a", 3, doubts=1, destination=APPROVER_CHAT, recipient="q")
    assert places.of([news("b", 3, **chat)], [somebody_elses])["a"].revision == 2
