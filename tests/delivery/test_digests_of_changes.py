"""Many changes where cards are changed in place: one digest rings, and each card is changed in silence."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.demo.tenant import wire_time
from maa_notify.errors import StateError
from maa_notify.storage.records import OUTBOX
from maa_notify.storage.rows import Delete, Update, Write
from maa_notify.storage.store import StateStore
from tests.delivery.test_digests import burst, told
from tests.support.cards import strip, text
from tests.support.channels import FakeBotChannel
from tests.support.connector import GENERAL, FakeConnector
from tests.support.cut_off import CutOff
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.wire import close_without_answer, reply

Make = Callable[..., Notifier]
MINUTE = 60


@pytest.fixture
def notifier(service: FakeConnector, make_notifier: Make) -> Notifier:
    """One whose only channel is a bot's, and whose digests hold more than five."""
    return make_notifier(**FakeBotChannel(service).settings)


def with_cards(
    count: int, graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> list[dict[str, Any]]:
    """So many requests that wait, each with a card of its own in the channel."""
    patient = make_notifier(**FakeBotChannel(service).settings)
    # Not by the setting, whose change every channel would hear of.
    patient.app.limits = replace(patient.app.limits, digest_above=100)
    known = burst(patient, count)
    graph.requests = list(known)
    patient.poll_each(5 * MINUTE, 1 + count // 20)
    patient.clock.advance(5 * MINUTE)
    assert len(service.cards_in(GENERAL)) == count
    return known


def decide(notifier: Notifier, requests: list[dict[str, Any]], status: str = "rejected") -> None:
    """All of them at once."""
    for request in requests:
        request |= {"status": status, "lastModifiedDateTime": wire_time(notifier.clock.now())}


def replies(service: FakeConnector) -> int:
    """How many replies rang."""
    return sum(each.kind == "reply" for each in service.posts)


def own_cards(service: FakeConnector, known: list[dict[str, Any]]) -> list[str]:
    """The states that the first cards in the channel show, in the order of their requests."""
    own = service.cards_in(GENERAL)[: len(known)]
    found = [next(card for card in own if told([card], [each]) == [1]) for each in known]
    return [strip(card).split(" ·")[0] for card in found]


def test_many_changes_ring_once_and_change_every_card(
    graph: FakeGraph,
    service: FakeConnector,
    notifier: Notifier,
    make_notifier: Make,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Eight decided at once: one digest of eight, no reply, eight cards that show it, and nothing is left."""
    known = with_cards(8, graph, service, make_notifier)
    decide(notifier, known)
    caplog.set_level("INFO", "maa_notify")

    first, second = notifier.poll(), notifier.poll_after(MINUTE)

    assert told(service.cards_in(GENERAL)[8:], known) == [8]
    assert (own_cards(service, known), replies(service)) == (["Rejected"] * 8, 0)
    assert [(each.delivered, each.pending) for each in (first, second)] == [(8, 0), (0, 0)]
    assert caplog.text.count("deliver.sent") == 8


def test_as_many_as_the_limit_ring_one_by_one(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, make_notifier: Make
) -> None:
    """Five are no flood: each thread has its reply, and there is no digest."""
    known = with_cards(5, graph, service, make_notifier)
    decide(notifier, known)

    notifier.poll()

    assert (own_cards(service, known), replies(service)) == (["Rejected"] * 5, 5)
    assert len(service.cards_in(GENERAL)) == 5


def test_new_requests_and_changes_share_no_digest_however_many_wait(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, make_notifier: Make
) -> None:
    """Sixty are decided and a burst is filed: no known one is in it, and each card is right."""
    known = with_cards(60, graph, service, make_notifier)
    decide(notifier, known)
    fresh = burst(notifier, 12)
    graph.requests += fresh

    report = notifier.poll_each(MINUTE, 40)[-1]

    digests = service.cards_in(GENERAL)[60:]
    shares = sorted(zip(told(digests, known), told(digests, fresh), strict=True))
    assert (shares, report.pending) == ([(0, 12), (30, 0), (30, 0)], 0)
    assert (own_cards(service, known), replies(service)) == (["Rejected"] * 60, 0)


@pytest.mark.parametrize("count", [50, 99])
def test_no_last_one_is_left_outside_where_cards_are_changed(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, count: int
) -> None:
    """One more than one digest, or two, can hold: they come in digests of about one size."""
    graph.requests = fresh = burst(notifier, count)

    notifier.poll()

    counts = told(service.cards_in(GENERAL), fresh)
    assert (sum(counts), min(counts) >= 20) == (count, True)


def test_what_is_new_waits_for_no_card_of_what_was_told(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, make_notifier: Make
) -> None:
    """Forty cards take longer to change than the pace allows, and leave room in it for five requests."""
    known = with_cards(40, graph, service, make_notifier)
    decide(notifier, known)
    notifier.poll_each(MINUTE, 2)
    unchanged = own_cards(service, known).count("Needs approval")
    graph.requests += (late := burst(notifier, 5))

    notifier.poll_after(MINUTE)

    assert unchanged == 40 - 19
    assert sum(told(service.cards_in(GENERAL)[41:], late)) == 5
    assert own_cards(service, known).count("Needs approval") == unchanged


def test_a_later_change_is_told_by_itself_and_stays(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, make_notifier: Make
) -> None:
    """One of sixty changes again before its card was changed for the first time: it never goes back."""
    known = with_cards(60, graph, service, make_notifier)
    decide(notifier, known, "approved")
    notifier.poll()
    decide(notifier, known[-1:], "completed")

    notifier.poll_each(5 * MINUTE, 5)

    assert own_cards(service, known) == ["Approved - Needs completion"] * 59 + ["Completed"]
    assert replies(service) == 1


def test_a_digest_of_changes_whose_answer_was_lost_comes_again_and_the_cards_once(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, make_notifier: Make
) -> None:
    """It stays that digest and says so; no card is changed before it is taken, none by a reply."""
    known = with_cards(8, graph, service, make_notifier)
    decide(notifier, known)
    service.fail_next(close_without_answer(), posted=True)

    notifier.poll_each(MINUTE, 3)

    digests = service.cards_in(GENERAL)[8:]
    assert told(digests, known) == [8, 8]
    assert ["Sent again" in text(card) for card in digests] == [False, True]
    assert (own_cards(service, known), replies(service)) == (["Rejected"] * 8, 0)
    assert sum(each.kind == "update" for each in service.posts) == 8


@pytest.mark.parametrize(
    "begins,digests",
    [
        (
            lambda changes: any(isinstance(each, Update) and each.key.startswith(OUTBOX) for each in changes),
            2,
        ),
        (lambda changes: any(isinstance(each, Delete) for each in changes), 1),
    ],
    ids=["after the digest", "after the first card"],
)
def test_a_poll_that_ends_between_digest_and_cards_loses_nothing(  # noqa: PLR0917
    graph: FakeGraph,
    service: FakeConnector,
    notifier: Notifier,
    make_notifier: Make,
    begins: Callable[[Sequence[Write]], bool],
    digests: int,
) -> None:
    """What was not written down is done once more: the digest, or the silent change of one card."""
    known = with_cards(8, graph, service, make_notifier)
    decide(notifier, known)
    well = notifier.app.store
    notifier.app.store = StateStore(CutOff(well.rows, begins))
    with pytest.raises(StateError):
        notifier.poll()
    notifier.app.store = well

    report = notifier.poll_each(MINUTE, 3)[-1]

    assert told(service.cards_in(GENERAL)[8:], known) == [8] * digests
    assert (own_cards(service, known), replies(service), report.pending) == (["Rejected"] * 8, 0, 0)


def test_a_card_that_cannot_be_changed_holds_up_no_other(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, make_notifier: Make
) -> None:
    """The others are changed; it waits, and follows once it can be, with no second card and no bell."""
    known = with_cards(40, graph, service, make_notifier)
    decide(notifier, known)
    notifier.poll()
    ill = own_cards(service, known).index("Needs approval")
    service.answer_those_with(known[ill]["payloadName"], reply(403))
    notifier.poll_each(5 * MINUTE, 5)
    meanwhile = own_cards(service, known)
    service.answer_those_with(known[ill]["payloadName"], None)

    report = notifier.poll_each(10 * MINUTE, 3)[-1]

    assert [index for index, state in enumerate(meanwhile) if state != "Rejected"] == [ill]
    assert (own_cards(service, known), replies(service), report.pending) == (["Rejected"] * 40, 0, 0)
    assert len(service.cards_in(GENERAL)) == 41
