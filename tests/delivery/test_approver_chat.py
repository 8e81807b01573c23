"""The chats with approvers: who is written to, and that no card there goes on showing a request as open."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.storage.rows import Rows, Write
from maa_notify.storage.store import StateStore
from tests.support.approvers import House
from tests.support.cards import strip, text
from tests.support.connector import GENERAL, FakeConnector
from tests.support.graph import FakeGraph
from tests.support.notifier import Notifier
from tests.support.wire import reply

MINUTE, HOUR = 60.0, 3600.0
NAMES = ("Aiko Mori", "Oskar Weiss", "Priya Nandan")

Make = Callable[..., Notifier]


@pytest.fixture
def house(graph: FakeGraph, service: FakeConnector, make_notifier: Make) -> House:
    """Three approvers."""
    return House(graph, service, make_notifier, *NAMES)


def states(cards: list[dict[str, Any]]) -> list[str]:
    """The state that each of these cards tells."""
    return [strip(card).split(" ·")[0] for card in cards]


def test_each_approver_gets_a_card_that_settles(house: House) -> None:
    """Filed and approved: one card in each chat, rung once, which says who decided and when."""
    request = house.file()
    house.notifier.poll()
    filed = states([house.chat(name)[0] for name in NAMES])
    house.approve(request)
    house.notifier.poll_after(41 * MINUTE)

    assert house.chats() == dict.fromkeys(NAMES, 1)
    assert filed == ["Needs approval"] * 3
    assert states([house.chat(name)[0] for name in NAMES]) == ["Approved - Needs completion"] * 3
    assert all("Oskar Weiss" in text(house.chat(name)[0]) for name in NAMES)
    assert Counter(post.kind for post in house.service.posts) == {
        "create": 1,
        "chat": 3,
        "update": 4,
        "reply": 1,
    }


def test_the_channel_has_its_card_first(house: House) -> None:
    """However many people are written to, and whoever's turn it is."""
    house.file()
    house.file()
    house.notifier.poll()

    assert [post.where == GENERAL for post in house.service.posts] == [True] * 2 + [False] * 6


def test_a_card_in_a_chat_is_that_of_the_channel(house: House) -> None:
    """It speaks to those who decide, without a mention, a number or a word to the requestor."""
    house.file()
    house.notifier.poll()

    [card], [in_channel] = house.chat("Aiko Mori"), house.service.cards_in(GENERAL)
    told = text(card)
    assert told == text(in_channel).removesuffix(" · No. 1").rstrip()
    assert "Can decide" in told


@pytest.mark.parametrize("status", ["rejected", "cancelled", "expired", "completed"])
def test_every_end_settles_the_cards(house: House, status: str) -> None:
    """A request that is over looks open in nobody's chat."""
    request = house.file()
    house.notifier.poll()
    request |= {"status": status}
    house.notifier.poll_after(MINUTE)

    assert not any("Needs approval" in text(house.chat(name)[0]) for name in NAMES)
    assert house.chats() == dict.fromkeys(NAMES, 1)


def test_the_end_is_told_to_chats_though_the_channel_hears_of_new_requests_only(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """The words of the channel choose what begins a card, and never leave one open."""
    house = House(graph, service, make_notifier, *NAMES)
    [channel] = json.loads(house.settings["MAA_DESTINATIONS"])
    listed = json.dumps([{**channel, "events": ["created"]}])
    house.notifier = make_notifier(**{**house.settings, "MAA_DESTINATIONS": listed})
    request = house.file()
    house.notifier.poll()
    house.approve(request)
    house.notifier.poll_after(MINUTE)

    assert states(house.chat("Aiko Mori")) == ["Approved - Needs completion"]
    assert states(service.cards_in(GENERAL)) == ["Needs approval"]


def test_a_card_settles_though_the_channel_asks_for_such_requests_no_more(
    house: House, make_notifier: Make
) -> None:
    """Its policy types were changed meanwhile; the card in the channel stays as it is."""
    request = house.file()
    house.notifier.poll()
    [channel] = json.loads(house.settings["MAA_DESTINATIONS"])
    listed = json.dumps([{**channel, "policy_types": ["script"]}])
    house.notifier = make_notifier(**{**house.settings, "MAA_DESTINATIONS": listed})
    house.approve(request)
    report = house.notifier.poll_after(MINUTE)

    assert [states(house.chat(name)) for name in NAMES] == [["Approved - Needs completion"]] * 3
    assert report.pending == 0


@pytest.mark.parametrize(
    "words", [{"policy_types": ["script"]}, {"events": ["approved"]}], ids=["policy type", "event"]
)
def test_chats_go_by_the_words_of_the_channel(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make, words: dict[str, Any]
) -> None:
    """What the bot's channel does not ask for is written to nobody."""
    house = House(graph, service, make_notifier, *NAMES)
    [channel] = json.loads(house.settings["MAA_DESTINATIONS"])
    listed = json.dumps([{**channel, **words}])
    house.notifier = make_notifier(**{**house.settings, "MAA_DESTINATIONS": listed})
    house.file()
    report = house.notifier.poll()

    assert house.chats().total() == 0
    assert report.pending == 0


def test_the_requestor_is_never_written_to(house: House) -> None:
    """An approver's own request goes to the others only, now and when it is settled."""
    own = house.people["Priya Nandan"]
    request = house.file(own)
    house.notifier.poll()
    house.approve(request)
    house.notifier.poll_after(MINUTE)

    assert house.chats() == {"Aiko Mori": 1, "Oskar Weiss": 1, "Priya Nandan": 0}


@pytest.mark.parametrize("doubt", ["requestor", "policy", "role", "group"])
def test_nobody_is_written_to_where_it_is_not_certain_who_can_decide(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make, doubt: str
) -> None:
    """The channel gets its card all the same."""
    house = House(graph, service, make_notifier, *NAMES)
    if doubt == "policy":
        other = house.access.add_group("Others")
        house.access.add_policy("deviceWipe", other)
        house.access.add_person(other, "Jonas Lind")
    if doubt == "role":
        house.access.assignments.clear()
        house.access.add_group("Elsewhere")
    if doubt == "group":
        house.access.remove_group(house.group)
    request = house.file()
    if doubt == "requestor":
        del request["requestor"]
    report = house.notifier.poll()

    assert house.chats().total() == 0
    assert len(service.cards_in(GENERAL)) == 1
    assert report.pending == 0


def test_an_approver_without_the_app_blocks_nobody_and_is_left_alone_for_a_day(house: House) -> None:
    """Looked at twice, then not once more until a day has passed; the others are told as ever."""
    barred = house.people["Oskar Weiss"]
    house.service.bar(barred, "ForbiddenOperationException")
    house.file()
    house.notifier.poll()
    for _ in range(3):
        house.notifier.poll_after(6 * MINUTE)
    tried = opened(house)
    for _ in range(3):
        house.file()
        house.notifier.poll_after(HOUR)
    meanwhile = opened(house) - tried
    house.service.unbar(barred)
    house.file()
    report = house.notifier.poll_after(24 * HOUR)

    assert (tried, meanwhile) == (2, 0)
    assert house.chats() == {"Aiko Mori": 5, "Oskar Weiss": 1, "Priya Nandan": 5}
    assert (report.pending, report.failure) == (0, None)
    assert len(house.service.cards_in(GENERAL)) == 5


def opened(house: House) -> int:
    """How often the chat with Oskar Weiss was to be opened."""
    person = house.people["Oskar Weiss"]
    return sum(
        call.method == "POST" and call.json().get("members") == [{"id": person}]
        for call in house.service.calls
    )


def test_who_joins_later_is_written_to_with_the_next_reminder(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """Not before: a list is no news. From then on their card is changed as all others are."""
    house = House(graph, service, make_notifier, *NAMES[:2])
    house.notifier = make_notifier(**house.settings, MAA_REMINDERS="24h")
    request = house.file()
    house.notifier.poll()
    house.people["Priya Nandan"] = house.access.add_person(house.group, "Priya Nandan")
    house.notifier.poll_after(2 * HOUR)
    before = house.chats()
    house.notifier.poll_each(12 * HOUR, 5)
    reminded = states(house.chat("Priya Nandan"))
    house.approve(request)
    house.notifier.poll_after(MINUTE)

    assert before["Priya Nandan"] == 0
    assert reminded == ["Reminder: needs approval"]
    assert states(house.chat("Priya Nandan")) == ["Approved - Needs completion"]


@pytest.mark.parametrize("before", ["approved", "gone"])
def test_a_card_asks_again_once_its_request_is_open_again(
    house: House, make_notifier: Make, before: str
) -> None:
    """Though no channel asks for that; nobody is rung, and who has no card gets none."""
    [channel] = json.loads(house.settings["MAA_DESTINATIONS"])
    channel["events"] = ["created", "approved"]
    house.notifier = make_notifier(**{**house.settings, "MAA_DESTINATIONS": json.dumps([channel])})
    request = house.file()
    house.notifier.poll()
    if before == "gone":
        house.graph.requests = []
    else:
        house.approve(request)
    house.notifier.poll_each(MINUTE, 4)
    closed = states([house.chat(name)[0] for name in NAMES])
    house.people["Noor Haddad"] = house.access.add_person(house.group, "Noor Haddad")
    house.notifier.poll_after(2 * HOUR)
    request |= {
        "status": "needsApproval",
        "lastModifiedDateTime": f"{house.notifier.clock.now():%Y-%m-%dT%H:%M:%SZ}",
    }
    house.graph.requests = [request]
    house.notifier.poll_each(MINUTE, 2)

    assert closed == [{"gone": "No longer listed", "approved": "Approved - Needs completion"}[before]] * 3
    assert states([house.chat(name)[0] for name in NAMES]) == ["Needs approval"] * 3
    assert house.chats() == {**dict.fromkeys(NAMES, 1), "Noor Haddad": 0}


def test_chats_that_are_on_again_begin_no_card_that_no_channel_asks_for(
    house: House, make_notifier: Make
) -> None:
    """A request that was away meanwhile is listed again: nobody ever had its card."""
    [channel] = json.loads(house.settings["MAA_DESTINATIONS"])
    settings = {**house.settings, "MAA_DESTINATIONS": json.dumps([channel | {"events": ["approved"]}])}
    house.notifier = make_notifier(**settings)
    request = house.file()
    house.notifier.poll_each(MINUTE, 2)
    house.notifier = make_notifier(**settings | {"MAA_APPROVER_CHAT": "false"})
    for listed in ([], [], [request]):
        house.graph.requests = listed
        house.notifier.poll_after(MINUTE)
    house.notifier = make_notifier(**settings)
    house.notifier.poll_each(MINUTE, 3)

    assert house.chats() == dict.fromkeys(NAMES, 0)


def test_who_joins_later_gets_no_card_of_what_is_settled(house: House) -> None:
    """They were never asked, so that there is nothing to take back."""
    request = house.file()
    house.notifier.poll()
    house.people["Noor Haddad"] = house.access.add_person(house.group, "Noor Haddad")
    house.notifier.poll_after(2 * HOUR)
    house.approve(request)
    house.notifier.poll_after(MINUTE)

    assert house.chats() == {**dict.fromkeys(NAMES, 1), "Noor Haddad": 0}


def test_a_card_that_could_not_be_posted_yet_settles_too(house: House) -> None:
    """Decided while the chats failed: what comes afterwards is no card that looks open."""
    house.service.answer_all(reply(503), on="open")
    request = house.file()
    house.notifier.poll()
    house.approve(request)
    house.notifier.poll_after(MINUTE)
    house.service.answer_all(None, on="open")
    house.notifier.poll_each(5 * MINUTE, 3)

    assert house.chats() == dict.fromkeys(NAMES, 1)
    assert states([house.chat(name)[0] for name in NAMES]) == ["Approved - Needs completion"] * 3


@pytest.mark.parametrize("count", [1, 2, 7], ids=["one", "two", "digest"])
def test_nobody_is_rung_for_what_was_settled_before_their_card_came(house: House, count: int) -> None:
    """The first that they get says what became of it; of many it is one digest, as ever."""
    house.service.answer_all(reply(503), on="open")
    requests = burst(house, count)
    house.notifier.poll()
    for request in requests:
        house.approve(request)
    house.notifier.poll_after(MINUTE)
    house.service.answer_all(None, on="open")
    report = house.notifier.poll_each(5 * MINUTE, 3)[-1]

    rung = [post for post in house.service.posts if post.kind == "chat"]
    assert {post.where for post in rung} == set(house.people.values())
    assert not any("eeds approval" in text(post.card) + post.summary for post in rung)
    assert len(rung) == 3 * (count if count < 7 else 1)
    assert (report.pending, report.dead) == (0, 0)
    journal = [each for each in house.notifier.app.store.journal.read_sent() if each.notification.person]
    assert Counter(each.was_told for each in journal) == {True: 3 * count, False: 3 * count}


def test_what_was_given_up_and_is_sent_again_by_hand_shows_how_things_are_by_now(house: House) -> None:
    """A chat failed for a week, and the request was decided: its card comes as decided, and settles."""
    deadline = house.notifier.clock.now() + timedelta(days=20)
    request = house.file(expirationDateTime=f"{deadline:%Y-%m-%dT%H:%M:%SZ}")
    opening = f'"members":[{{"id":"{house.people["Aiko Mori"]}"'
    house.service.answer_those_with(opening, reply(502))
    house.notifier.poll()
    given_up = house.notifier.poll_each(3 * HOUR, 64)[-1].dead
    house.approve(request)
    house.notifier.poll_after(MINUTE)
    house.service.answer_those_with(opening, None)
    journal = house.notifier.app.store.journal
    for held in journal.read_dead():
        journal.requeue(held, house.notifier.clock.now())
    told = house.notifier.poll_after(MINUTE)
    decided = [text(card) for card in house.chat("Aiko Mori")]
    request["status"] = "completed"
    house.notifier.poll_after(MINUTE)

    assert given_up == 1
    assert [("Needs completion" in card, "comes late" in card) for card in decided] == [(True, False)]
    assert states(house.chat("Aiko Mori")) == ["Completed"]
    assert (told.pending, told.dead, told.memory_lost) == (0, 0, False)


def test_a_reminder_that_is_recorded_twice_is_told_once(house: House, make_notifier: Make) -> None:
    """It waits for each of them when it is due, and again for all of them once the clock is right."""
    house.notifier = notifier = make_notifier(**house.settings, MAA_REMINDERS="4h", MAA_DIGEST_ABOVE="1")
    clock = notifier.clock
    requests = [
        house.file(expirationDateTime=f"{clock.now() + timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}")
        for _ in range(3)
    ]
    notifier.poll_each(MINUTE, 2)
    house.service.answer_all(reply(503))
    notifier.poll_after(5 * HOUR)
    clock.set_back(timedelta(hours=5))
    notifier.poll_each(10 * MINUTE, 26)
    for request in requests:
        request |= {"status": "cancelled", "lastModifiedDateTime": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"}
    house.service.answer_all(None)
    *_, last = notifier.poll_each(5 * MINUTE, 5)

    assert last.pending == 0
    for name in NAMES:
        [digest] = house.chat(name)
        assert (text(digest).count("Canceled ·"), text(digest).count("Reminder")) == (3, 0)


def test_who_has_left_the_group_still_sees_the_end(house: House) -> None:
    """Their card was about an open request, and they can ask what became of it."""
    request = house.file()
    house.notifier.poll()
    house.access.remove_member(house.group, house.people["Aiko Mori"])
    house.notifier.poll_after(2 * HOUR)
    house.approve(request)
    house.notifier.poll_after(MINUTE)

    assert states(house.chat("Aiko Mori")) == ["Approved - Needs completion"]


def test_what_is_open_when_the_setting_is_switched_on_is_told_once(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """As to any destination that is new; nothing of what is over."""
    house = House(graph, service, make_notifier, *NAMES)
    quiet = make_notifier(**{**house.settings, "MAA_APPROVER_CHAT": "false"})
    house.file()
    over = house.file()
    quiet.poll()
    house.approve(over)
    over |= {"status": "completed"}
    quiet.poll_after(MINUTE)
    house.notifier.poll_after(MINUTE)
    house.notifier.poll_after(MINUTE)

    assert house.chats() == dict.fromkeys(NAMES, 1)


def burst(house: House, count: int) -> list[dict[str, Any]]:
    """So many requests at once, each by another person."""
    return [
        house.file(f"a1f4c0de-0001-4c1e-8f00-{number:012}", payloadName=f"CONTOSO-{number:03}")
        for number in range(count)
    ]


def test_a_burst_is_one_digest_in_each_chat_and_settles_in_place(house: House) -> None:
    """Eight at once: each person is rung once; whatever becomes of one of them, the digest shows it."""
    requests = burst(house, 8)
    house.notifier.poll()
    rung = house.chats()
    house.approve(requests[3])
    house.notifier.poll_after(MINUTE)
    [card] = house.chat("Aiko Mori")
    first = text(card)
    for request in requests:
        request |= {"status": "rejected"}
    house.notifier.poll_after(MINUTE)
    [card] = house.chat("Aiko Mori")

    assert rung == house.chats() == dict.fromkeys(NAMES, 1)
    assert first.count("Needs approval") == 7 + 1  # and the summary
    assert first.count("Approved - Needs completion") == 1 + 1
    assert text(card).count("Rejected") == 8 + 1
    assert "Needs approval" not in text(card)


def test_a_digest_whose_worker_was_replaced_is_changed_all_the_same(house: House) -> None:
    """What it shows is in the state store, not in memory."""
    requests = burst(house, 7)
    house.notifier.poll()
    twin = house.notifier.another()
    requests[0] |= {"status": "rejected"}
    twin.clock.advance(MINUTE)
    twin.poll()
    twin.close()

    [card] = house.chat("Aiko Mori")
    assert (text(card).count("Rejected"), text(card).count("Needs approval")) == (1 + 1, 6 + 1)


@pytest.mark.parametrize("how", ["deleted", "another chat"])
def test_a_digest_that_is_gone_comes_anew_once(house: House, how: str) -> None:
    """One ring, whichever of its requests has news first; the new one shows all of them, and settles."""
    requests = burst(house, 8)
    house.notifier.poll()
    aiko = house.people["Aiko Mori"]
    [former] = [post for post in house.service.posts if post.where == aiko]
    if how == "deleted":
        house.service.remove_card(former.activity_id)
    else:
        house.service.end_chat(aiko)
    kinds = []
    for request in requests:
        request |= {"status": "rejected"}
        before = len(house.service.posts)
        house.notifier.poll_after(MINUTE)
        kinds += [post.kind for post in house.service.posts[before:] if post.where == aiko]

    assert kinds == ["chat", *["update"] * 7]
    assert (text(house.chat("Aiko Mori")[-1]).count("Rejected"), len(house.chat("Oskar Weiss"))) == (8 + 1, 1)
    assert "Needs approval" not in text(house.chat("Aiko Mori")[-1])


@pytest.mark.parametrize("count", [1, 7], ids=["one", "digest"])
def test_whose_card_is_nobody_knows_where_hears_the_end_on_a_new_one(house: House, count: int) -> None:
    """The answer to it told no id, so that it stays as it is; the next one is changed like any other."""
    requests = burst(house, count)
    house.service.fail_next(reply(201, json={}), on="chat", posted=True)
    house.notifier.poll()
    filed = house.chats()
    requests[0] |= {"status": "approved"}
    house.notifier.poll_after(MINUTE)
    decided = house.chats()
    for request in requests:
        request |= {"status": "rejected"}
    report = house.notifier.poll_after(MINUTE)

    [twice] = [name for name in NAMES if decided[name] == 2]
    assert filed == dict.fromkeys(NAMES, 1)
    assert decided == house.chats() == {**filed, twice: 2}
    assert text(house.chat(twice)[1]).count("Rejected") == count + 1
    assert "Needs" not in text(house.chat(twice)[1])
    assert report.pending == 0


def test_a_few_more_behind_a_digest_are_cards_of_their_own(house: House) -> None:
    """And none of the two forms loses the other."""
    burst(house, 6)
    house.notifier.poll()
    late = house.file()
    house.notifier.poll_after(MINUTE)
    house.approve(late)
    house.notifier.poll_after(MINUTE)

    digest, card = house.chat("Aiko Mori")
    assert text(digest).count("Needs approval") == 6 + 1
    assert states([card]) == ["Approved - Needs completion"]


@pytest.mark.timeout(600)
def test_thirty_approvers_and_a_burst_stay_within_the_limits_of_the_bot(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """50 requests at 30 people: the channel's digest first, then 2 for each person, 40 posts in 30 s."""
    house = House(graph, service, make_notifier, *(f"Person {number:02}" for number in range(30)))
    times = watched(house)
    requests = burst(house, 50)
    began = house.notifier.clock.now()
    reports = [house.notifier.poll(), *house.notifier.poll_each(15, 3)]
    rung = (house.notifier.clock.now() - began).total_seconds()
    posts = list(service.posts)
    for request in requests:
        request |= {"status": "rejected"}
    settled = house.notifier.clock.now()
    while house.notifier.poll_after(15).pending:
        pass
    settling = (house.notifier.clock.now() - settled).total_seconds()

    assert [post.kind for post in posts] == ["create"] * 2 + ["chat"] * 60
    assert house.chats() == dict.fromkeys(house.people, 2)
    assert reports[-1].pending == 0
    assert most_within(times, timedelta(seconds=30)) <= 40
    assert most_within(times, timedelta(seconds=1)) <= 2
    assert (rung, settling) == (75, 60)
    assert not any("Needs approval" in text(card) for name in house.people for card in house.chat(name))


@pytest.mark.timeout(600)
def test_more_people_than_one_transaction_takes_all_get_their_card(
    graph: FakeGraph, service: FakeConnector, make_notifier: Make
) -> None:
    """A hundred: the rest of them is addressed as it is, and those who have theirs are told once."""
    house = House(graph, service, make_notifier, *(f"Person {number:03}" for number in range(100)))
    request = house.file()
    house.notifier.poll()
    reports = house.notifier.poll_each(30, 4)
    rung = house.chats()
    house.approve(request)
    reports += house.notifier.poll_each(30, 5)

    assert rung == house.chats() == dict.fromkeys(house.people, 1)
    assert {states(house.chat(name))[0] for name in house.people} == {"Approved - Needs completion"}
    assert (reports[3].pending, reports[-1].pending) == (0, 0)
    assert Counter(post.kind for post in service.posts if post.where != GENERAL)["update"] == 100


def watched(house: House) -> list[datetime]:
    """The times at which the chats are posted to from now on."""
    times: list[datetime] = []
    before_each_post(house.notifier, lambda: times.append(house.notifier.clock.now()))
    return times


def before_each_post(notifier: Notifier, act: Callable[[], object]) -> None:
    """Lets something happen before each post to a chat."""
    senders = notifier.app.senders
    notifier.app.senders = {**senders, "approver chat": Preceded(senders["approver chat"], act)}


class Preceded:
    """A sender before whose posts something happens."""

    updates_cards = True

    def __init__(self, sender: Sender, act: Callable[[], object]) -> None:
        """Passes all on."""
        self._sender, self._act = sender, act
        self.answers, self.close = sender.answers, sender.close

    def post(self, message: Message) -> Receipt:
        """Posts it, unless what happens before is the end of the process."""
        self._act()
        return self._sender.post(message)


def most_within(times: list[datetime], span: timedelta) -> int:
    """The most of these times within any span."""
    return max(sum(first <= each < first + span for each in times) for first in times)


class KilledError(BaseException):
    """The process ends here, between two steps."""


class Bomb:
    """Ends the process before its n-th write or post."""

    def __init__(self, steps: int) -> None:
        """After so many steps."""
        self.left = steps

    def tick(self) -> None:
        """One step."""
        self.left -= 1
        if self.left < 0:
            raise KilledError


class KillableRows:
    """Rows whose writes the bomb counts."""

    def __init__(self, rows: Rows, bomb: Bomb) -> None:
        """Passes all on."""
        self._rows, self._bomb = rows, bomb
        self.read, self.get, self.close = rows.read, rows.get, rows.close

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Writes, unless the process ends before."""
        self._bomb.tick()
        return self._rows.commit(writes)


def killed_after(steps: int, house: House) -> bool:
    """Polls in a process that ends at that step; whether it got there."""
    twin, bomb = house.notifier.another(), Bomb(steps)
    rows = KillableRows(twin.app.store.rows, bomb)
    twin.app.store = StateStore(rows)
    before_each_post(twin, bomb.tick)
    try:
        twin.poll()
    except KilledError:
        return True
    finally:
        twin.close()
    return False


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [1, 7], ids=["card", "digest"])
def test_killed_between_any_two_steps_each_chat_has_its_card_and_none_stays_open(
    house: House, count: int
) -> None:
    """While it is filed, and again while it is decided; at most one card comes twice for each kill."""
    steps, is_killed = 0, True
    while is_killed:
        house.graph.requests = []
        before = house.chats()
        requests = burst(house, count)
        for request in requests:
            request["id"] = str(uuid4())
        house.notifier.clock.advance(MINUTE)
        is_killed = killed_after(steps, house)
        house.notifier.poll_each(90, 2)
        came = house.chats() - before
        for request in requests:
            request |= {"status": "rejected"}
        house.notifier.clock.advance(MINUTE)
        is_killed = killed_after(steps, house) or is_killed
        report = house.notifier.poll_each(90, 2)[-1]

        assert (report.pending, report.failure) == (0, None), steps
        assert set(came) == set(NAMES), steps
        assert came.total() <= 4, (steps, came)
        cards = [card for name in NAMES for card in house.chat(name)[before[name] :]]
        # Of one that came twice nobody can tell where the first copy stands.
        assert sum("Needs approval" in text(card) for card in cards) <= came.total() - 3, steps
        steps += 1
    assert steps > 10


@pytest.mark.timeout(600)
def test_killed_once_it_has_addressed_what_was_left_memory_counts_as_whole(house: House) -> None:
    """What stood for many is gone from the outbox, which no mark says, nor the journal: no alarm for that."""
    usual = house.notifier.app.limits
    steps, is_killed = 0, True
    while is_killed:
        house.file()
        house.notifier.app.limits = replace(usual, time_budget_s=10.0)  # no time for any chat
        assert house.notifier.poll_after(MINUTE).pending > 0
        house.notifier.app.limits = usual
        house.notifier.clock.advance(MINUTE)
        is_killed = killed_after(steps, house)
        reports = house.notifier.poll_each(90, 2)

        assert not any(each.memory_lost for each in reports), steps
        assert reports[-1].pending == 0, steps
        steps += 1
    assert steps > 5
