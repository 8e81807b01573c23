"""The bot: one card for each request that keeps itself up to date, and a chat with each requestor."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from maa_notify.demo.tenant import wire_time
from maa_notify.storage.rows import Delete
from tests.support.cards import strip, text
from tests.support.channels import FakeBotChannel
from tests.support.connector import GENERAL, FakeConnector
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.wire import close_without_answer, reply

Make = Callable[..., Notifier]
MIRA = "a1f4c0de-0001-4c1e-8f00-000000000001"
JONAS = "a1f4c0de-0001-4c1e-8f00-000000000002"
MINUTE = 60


@pytest.fixture
def notifier(make_notifier: Make, service: FakeConnector) -> Notifier:
    """A channel of the bot, and chats."""
    return make_notifier(**FakeBotChannel(service).settings, MAA_REQUESTOR_CHAT="true")


def filed_by(object_id: str, notifier: Notifier, **fields: Any) -> dict[str, Any]:
    """A raw request of a person who is known by object id."""
    requestor = {"user": {"id": object_id, "displayName": "Mira Holt", "Upn": "mira.holt@contoso.com"}}
    return make_request(now=notifier.clock.now(), requestor=requestor, **fields)


def strips(cards: list[dict[str, Any]]) -> list[str]:
    """The state that each of these cards tells."""
    return [strip(card).split(" ·")[0] for card in cards]


def test_a_whole_life_is_one_card_its_thread_and_two_chats(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """Filed, approved, forgotten, completed, counted on the wire: one card, three replies, two messages."""
    chats = {"MAA_REQUESTOR_CHAT": "true", "MAA_COMPLETE_REMINDERS": "4h"}
    notifier = make_notifier(**FakeBotChannel(service).settings, **chats)
    request = filed_by(MIRA, notifier)
    graph.requests = [request]
    for status, hours in (("needsApproval", 1), ("approved", 1), ("approved", 5), ("completed", 1)):
        request["status"] = status
        notifier.poll_after(hours * 3_600)
        notifier.poll_after(MINUTE)

    [card], [first, *_] = service.cards_in(GENERAL), service.posts
    nudge = "Reminder: approved, not completed"
    states = ["Needs approval", "Approved - Needs completion", nudge, "Completed"]
    assert strips([card]) == ["Completed"]
    assert strips(service.versions_of(first.activity_id)) == states
    assert strips(service.replies_to(first.activity_id)) == states[1:]
    assert strips(service.chat_with(MIRA)) == ["Approved - Needs completion", nudge]
    assert len(service.posts) == 1 + 2 * 3 + 2


def test_a_changed_card_shows_its_number_and_that_of_its_last_news(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """The channel has no gap where a card was changed; chats have no numbers, each would see gaps."""
    request = filed_by(MIRA, notifier)
    graph.requests = [request]
    notifier.poll()
    request["status"] = "approved"
    notifier.poll_after(MINUTE)

    [card], [first, *_] = service.cards_in(GENERAL), service.posts
    [reply_card] = service.replies_to(first.activity_id)
    assert text(card).endswith("No. 1, changed by no. 2")
    assert text(reply_card).endswith("No. 2")
    assert not any("No. " in text(each) for each in service.chat_with(MIRA))


def test_a_reply_says_who_has_to_do_what(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """It is what people are rung by: the news, the request, the next step and the key, without the rest."""
    request = filed_by(MIRA, notifier)
    graph.requests = [request]
    notifier.poll()
    request["status"] = "approved"
    notifier.poll_after(MINUTE)

    [answer] = service.replies_to(service.posts[0].activity_id)
    told = text(answer)
    assert "Requestor: approved is not done." in told
    assert request["payloadName"] in told
    assert "Key " in told
    assert request["requestJustification"] not in told
    assert service.posts[-1].summary.startswith(
        f"Approved - Needs completion: Wipe device “{request['payloadName']}” · asked by “Mira Holt” · "
    )


def test_a_reminder_is_a_reply_and_no_new_card(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """The channel does not fill up with cards of one request."""
    notifier = make_notifier(**FakeBotChannel(service).settings, MAA_REMINDERS="24h,4h")
    request = filed_by(MIRA, notifier)
    graph.requests = [request]
    for _ in range(71):
        notifier.poll_after(3_600)

    assert len(service.cards_in(GENERAL)) == 1
    replies = service.replies_to(service.posts[0].activity_id)
    assert strips(replies) == ["Reminder: needs approval"] * 2
    assert "Last reminder: less than 4 h left." in text(replies[1])


@pytest.mark.parametrize("loss", ["card", "row"])
def test_a_card_that_is_gone_is_posted_anew_once(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, loss: str
) -> None:
    """Deleted in Teams, or forgotten with its row: the next news begin a card, later ones change that."""
    request = filed_by(JONAS, notifier)
    graph.requests = [request]
    notifier.poll()
    if loss == "card":
        service.remove_card(service.posts[0].activity_id)
    else:
        rows = notifier.app.store.rows
        [place] = list(rows.read("card:", "card;"))
        rows.commit([Delete(place.key, place.etag)])
    for status in ("approved", "completed"):
        request["status"] = status
        notifier.poll_after(MINUTE)

    channel = [post.kind for post in service.posts if post.where == GENERAL]
    assert channel == ["create", "create", "update", "reply"]


def test_a_card_whose_answer_was_lost_comes_at_most_twice_and_says_so(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """Nobody can tell whether it arrived: it is posted again, marked, and that one is kept up to date."""
    request = filed_by(JONAS, notifier)
    graph.requests = [request]
    service.fail_next(close_without_answer(), on="create", posted=True)
    for _ in range(4):
        notifier.poll_after(MINUTE)
    request["status"] = "rejected"
    notifier.poll_after(MINUTE)

    first, second = service.cards_in(GENERAL)
    assert "Sent again" not in text(first)
    assert "Sent again" in text(service.versions_of(service.posts[1].activity_id)[0])
    assert strips([first, second]) == ["Needs approval", "Rejected"]


def test_a_change_whose_answer_was_lost_is_repeated_in_place(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """Changing a card twice shows one card, and rings once."""
    request = filed_by(JONAS, notifier)
    graph.requests = [request]
    notifier.poll()
    request["status"] = "expired"
    service.fail_next(close_without_answer(), on="update", posted=True)
    for _ in range(3):
        notifier.poll_after(MINUTE)

    assert strips(service.cards_in(GENERAL)) == ["Expired"]
    assert len(service.replies_to(service.posts[0].activity_id)) == 1


@pytest.mark.parametrize(
    "code", ["ForbiddenOperationException", "MessageWritesBlocked", "BotNotInConversationRoster"]
)
def test_a_requestor_who_may_not_be_written_to_holds_up_nobody_and_is_left_alone_for_a_day(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, code: str
) -> None:
    """A second look, then none for a day; the channel and other requestors hear everything meanwhile."""
    service.bar(MIRA, code)
    requests = [filed_by(each, notifier) for each in (MIRA, JONAS)]
    graph.requests = requests
    notifier.poll()
    for request in requests:
        request["status"] = "approved"
    first = notifier.poll_after(MINUTE)
    report, health = notifier.poll_after(5 * MINUTE), notifier.app.health()
    opened = [call for call in service.calls if MIRA in call.body.decode() and "members" in call.json()]
    requests[0]["status"] = "rejected"
    notifier.clock.advance(timedelta(hours=25))
    notifier.poll()
    opened_later = [call for call in service.calls if MIRA in call.body.decode() and "members" in call.json()]

    assert (first.pending, first.unreached, first.refused) == (1, 0, ())
    assert (report.pending, report.unreached, report.dead, report.refused) == (0, 1, 0, ())
    assert health.unreached == 1
    assert strips(service.chat_with(JONAS)) == ["Approved - Needs completion"]
    assert len(service.cards_in(GENERAL)) == 2
    assert (len(opened), len(opened_later)) == (2, 3)


def test_a_person_with_news_every_few_hours_is_tried_again_after_a_day(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """What is passed over within the day does not put off the next try: the app is back, and so are they."""
    service.bar(MIRA, "BotNotInConversationRoster")
    graph.requests = [filed_by(MIRA, notifier, status="approved")]
    notifier.poll()
    notifier.poll_after(5 * MINUTE)
    service.unbar(MIRA)
    for _ in range(9):
        graph.requests.append(filed_by(MIRA, notifier, status="approved"))
        notifier.poll_after(6 * 60 * MINUTE)

    told = [text(card) for card in service.chat_with(MIRA)]
    assert [any(each["payloadName"] in card for card in told) for each in graph.requests[-5:]] == [True] * 5


def test_a_person_is_given_up_only_after_a_second_look(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """Barred for a moment: the message waits for some minutes and comes."""
    service.bar(MIRA, "MessageWritesBlocked")
    graph.requests = [filed_by(MIRA, notifier, status="approved")]
    first = notifier.poll()
    service.unbar(MIRA)

    report = notifier.poll_after(5 * MINUTE)

    assert (first.pending, first.unreached) == (1, 0)
    assert (report.delivered, report.pending, len(service.chat_with(MIRA))) == (1, 0, 1)


@pytest.mark.parametrize("code", ["Forbidden", "NeverHeardOf", "Throttled", "BotDisabledByAdmin", ""])
def test_a_403_that_blames_no_person_drops_nothing_and_holds_up_nobody(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier, code: str
) -> None:
    """One person's message waits; another gets theirs, and so does the first as soon as it is over."""
    service.bar(MIRA, code)
    graph.requests = [filed_by(each, notifier, status="approved") for each in (MIRA, JONAS)]
    reports = [notifier.poll(), *(notifier.poll_after(5 * MINUTE) for _ in range(5))]
    told = strips(service.chat_with(JONAS))
    service.unbar(MIRA)
    reports += [notifier.poll_after(15 * MINUTE) for _ in range(2)]

    assert told == strips(service.chat_with(MIRA)) == ["Approved - Needs completion"]
    assert sum(each.unreached + each.dead for each in reports) == 0
    assert reports[-1].pending == 0


def test_history_tells_who_was_not_reached(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """What nobody was told is on record as that, and not as sent."""
    service.bar(MIRA, "MessageWritesBlocked")
    request = filed_by(MIRA, notifier, status="approved")
    graph.requests = [request]
    notifier.poll()
    notifier.poll_after(5 * MINUTE)

    entries = {entry.notification.destination: entry for entry in notifier.app.store.journal.read_sent()}
    assert (entries["requestor chat"].unreached, entries["approvers"].unreached) == (True, False)


def test_a_burst_of_new_requests_is_one_digest_and_known_ones_keep_their_cards(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """Eight new ones do not fill the channel; whatever has a card is changed there, however much there is."""
    known = [filed_by(JONAS, notifier) for _ in range(3)]
    graph.requests = list(known)
    notifier.poll()
    fresh = [filed_by(JONAS, notifier) for _ in range(8)]
    graph.requests += fresh
    for request in known:
        request["status"] = "completed"
    notifier.poll_after(MINUTE)
    fresh[0]["status"] = "rejected"
    notifier.poll_after(MINUTE)

    told = strips(service.cards_in(GENERAL))
    assert told == ["Completed"] * 3 + ["Multi Admin Approval", "Rejected"]


def test_a_request_with_a_card_is_in_no_digest_even_when_new_ones_come_first(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """Its news are on its own card alone, not on the card of the burst as well or instead."""
    known = filed_by(JONAS, notifier)
    graph.requests = [known]
    notifier.poll()
    notifier.clock.advance(MINUTE)
    fresh = [filed_by(JONAS, notifier) for _ in range(8)]
    graph.requests += fresh
    known |= {"status": "rejected", "lastModifiedDateTime": wire_time(notifier.clock.now())}

    report = notifier.poll()

    own, burst = service.cards_in(GENERAL)
    assert report.pending == 0
    assert strips([own, burst]) == ["Rejected", "Multi Admin Approval"]
    shown = [each["payloadName"] in text(burst) for each in [*fresh, known]]
    assert shown == [True] * 8 + [False]


def test_a_channel_that_throttles_is_waited_for(
    graph: FakeGraph, service: FakeConnector, notifier: Notifier
) -> None:
    """`Retry-After` of the Bot Connector counts as any other."""
    graph.requests = [filed_by(JONAS, notifier)]
    service.fail_next(reply(429, headers={"Retry-After": "300"}))
    reports = [notifier.poll(), notifier.poll_after(MINUTE), notifier.poll_after(5 * MINUTE)]

    assert [report.delivered for report in reports] == [0, 0, 1]
    assert len(service.calls) == 2
