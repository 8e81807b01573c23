"""A delivery by itself, on rows in memory and with senders that do as they are told: no wire, no poll."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery.delivery import Delivery, DeliveryResult
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.event import EventKind
from maa_notify.domain.notification import APPROVER_CHAT, CardLocation
from maa_notify.errors import (
    CardRefused,
    DeliveryError,
    DestinationRefused,
    DestinationUnavailable,
    RecipientUnreachable,
    StateError,
)
from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import (
    OUTBOX,
    SENT,
    DestinationState,
    StoredCard,
    Unreached,
    Versioned,
    card_key,
    encode,
    unreached_key,
)
from maa_notify.storage.rows import Delete, Put, Row, Write
from maa_notify.storage.store import StateStore
from tests.delivery.postbox import Asked, Postbox
from tests.delivery.waiting import DAY, HOUR, MINUTE, SECOND, PlainCards, news
from tests.support.clock import START, FakeClock
from tests.support.memory import MemoryRows

GONE = DestinationRefused("404")
DOWN = DestinationUnavailable("503")
SILENT = DestinationUnavailable("no answer", in_doubt=True)
REFUSED = CardRefused("400")
UNREACHABLE = RecipientUnreachable("not installed")


class Rows(MemoryRows):
    """Rows of a store that may be slow, and where somebody else may be faster."""

    def __init__(self, clock: FakeClock) -> None:
        """Quick, and nobody else is there."""
        super().__init__()
        self.clock = clock
        self.delays: list[float] = []
        self.slow_reads: dict[str, float] = {}
        self.commits = 0
        self.before: Callable[[], object] = lambda: None
        self.takes_journal = True

    def refuse_journal(self) -> None:
        """Takes no outcome of a post any more."""
        self.takes_journal = False

    def get(self, key: str) -> Row | None:
        """One row, which may take its time, once."""
        self.clock.advance(self.slow_reads.pop(key, 0.0))
        return super().get(key)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Lets somebody else act, once, and takes its time."""
        self.commits += 1
        act, self.before = self.before, lambda: None
        act()
        self.clock.advance(self.delays.pop(0) if self.delays else 0.0)
        if not self.takes_journal and any(each.key.startswith(SENT) for each in writes):
            raise StateError("the state store refuses it")
        return super().commit(writes)


class House:
    """A delivery with one destination `default` and what it stands on."""

    def __init__(self, **limits: Any) -> None:
        """Nothing waits yet."""
        self.clock = FakeClock()
        self.rows = Rows(self.clock)
        self.store = StateStore(self.rows)
        self.box = Postbox(self.clock)
        self.senders = {"default": self.box}
        self.leaders: dict[str, str] = {}
        self.limits = DeliveryLimits(**limits)

    def put(self, *items: PendingNotification, **state: Any) -> None:
        """Lets these wait, and what is remembered of the destination be so."""
        for each in items:
            self.rows.commit([Put(OUTBOX + each.value.key, encode(each.value))])
        if state:
            before = self.store.outbox.read_destination("default")
            self.store.outbox.write_destination(
                "default", Versioned(replace(before.value, **state), before.etag)
            )

    @property
    def state(self) -> DestinationState:
        """What is remembered of the destination."""
        return self.store.outbox.read_destination("default").value

    @property
    def left(self) -> dict[str, Any]:
        """What waits, by request."""
        return {each.value.event.subject_id: each.value for each in self.store.outbox.read_pending()}

    def delivery(self) -> Delivery:
        """A new one, as each poll has."""
        senders = {name: Asked(box) for name, box in self.senders.items()}
        cards, random = PlainCards(), Random(1)
        return Delivery(self.store.outbox, senders, cards, self.clock, self.limits, self.leaders, random)

    def run(self) -> DeliveryResult:
        """Delivers what waits."""
        states = {name: self.store.outbox.read_destination(name) for name in self.senders}
        return self.delivery().run(states, self.store.outbox.read_pending())


def test_what_is_taken_is_told_once_and_the_lease_is_given_back() -> None:
    """The next poll need not wait for anybody; it costs two writes, one before the post and one after."""
    house = House()
    house.put(news("a"), failing_since=START - HOUR, last_error="503")
    before = house.rows.commits

    first, second = house.run(), house.run()

    assert house.rows.commits - before == 2

    assert (first, second) == (DeliveryResult(delivered=1), DeliveryResult())
    assert (house.box.told, house.left) == (["a"], {})
    assert house.state == DestinationState(
        posts=(START.timestamp(),), last_accepted=START, heard_at=START, serial=1
    )
    assert [each.run_id for each in house.store.journal.read_sent()] == ["run"]


def test_a_number_that_may_be_there_is_not_given_again() -> None:
    """The card in doubt has it, though the poll that gave it could not note it at the destination."""
    house = House()
    house.put(news("a", serial=7, attempts=1, doubts=1, tried_at=START, not_before=START + HOUR), news("b"))
    house.run()

    assert [(each.card["of"], each.serial) for each in house.box.posted] == [("b", 8)]


def test_a_pause_is_no_longer_than_its_bound() -> None:
    """Half of it at least, so that pollers come back at different times."""
    house = House(time_budget_s=0.5)
    house.put(news("a"))
    house.box.answers = [DOWN]
    house.run()

    assert START + SECOND <= house.left["a"].not_before <= START + 2 * SECOND


def test_cards_keep_their_pace() -> None:
    """A second between two; what is not due in the time of a poll waits for the next one."""
    house = House(min_interval=20 * SECOND, time_budget_s=40.0)
    house.put(*[news(each) for each in "abcd"])

    assert house.run() == DeliveryResult(delivered=3, pending=1)
    assert house.clock.sleeps == [20.0, 20.0]
    assert house.state.holder == ""


def test_two_destinations_are_served_side_by_side() -> None:
    """Whichever can take a card first; the one that failed comes after those that work."""
    house = House(min_interval=41 * SECOND)
    house.senders["other"] = Postbox(house.clock)
    house.put(news("a"), news("b"), failing_since=START)
    house.put(*[news(each, destination="other") for each in "cd"])
    order: list[str] = []
    for name, box in house.senders.items():
        box.meanwhile = partial(order.append, name)

    assert house.run().delivered == 4
    assert order[0] == "other"
    assert house.clock.sleeps == [41.0]


def test_destinations_of_one_address_share_pace_and_lease() -> None:
    """Under the name of the first; each still posts with its own sender."""
    house = House()
    house.senders["twin"] = Postbox(house.clock)
    house.leaders["twin"] = "default"
    house.put(news("a"), news("b", destination="twin"))

    assert house.run().delivered == 2
    assert (house.box.told, house.senders["twin"].told) == (["a"], ["b"])
    assert house.clock.sleeps == [1.0]
    assert set(house.delivery().leases({})) == {"default"}


def test_what_waits_for_a_destination_that_is_gone_is_kept_and_named() -> None:
    """It counts as refused, and as overdue once it has waited for long."""
    house = House()
    house.put(news("a", destination="old", recorded_at=START - HOUR), news("b"))

    assert house.run() == DeliveryResult(delivered=1, pending=1, refused=("old",), overdue=1)


def test_a_lease_is_offered_where_a_card_can_be_taken_now() -> None:
    """Not where another poll posts, nor before the time that was asked for; under the etag that was read."""
    house = House()
    house.senders |= {name: Postbox(house.clock) for name in ("taken", "told", "over")}
    minute = START + MINUTE
    states = {
        "taken": DestinationState("theirs", minute),
        "told": DestinationState(retry_after_until=minute),
        "over": DestinationState("theirs", START),
    }

    found = house.delivery().leases({name: Versioned(each, "7") for name, each in states.items()})

    assert {name: each.etag for name, each in found.items()} == {"default": "", "over": "7"}
    assert {each.value.lease_expires_at for each in found.values()} == {START + 44 * SECOND}
    assert all(each.value.holder for each in found.values())


def test_a_lease_of_the_chats_with_approvers_is_offered_by_their_own_pace() -> None:
    """Two messages in a second are as much as a channel takes, and not as much as all chats take."""
    house = House()
    house.senders |= {name: Postbox(house.clock) for name in (APPROVER_CHAT, "ops")}
    just_now = DestinationState(posts=((START - 0.6 * SECOND).timestamp(),))
    states = {name: Versioned(just_now, "1") for name in house.senders}

    assert set(house.delivery().leases(states)) == {APPROVER_CHAT}


def test_both_deliveries_of_a_poll_count() -> None:
    """What waits is what waits after the second."""
    first = DeliveryResult(1, 9, 2, 3, ("a",), 9)

    assert first.followed_by(DeliveryResult(4, 5, 6, 7, ("b",), 8)) == DeliveryResult(5, 5, 8, 10, ("b",), 8)


@pytest.mark.parametrize("is_failing", [False, True])
def test_chats_with_approvers_let_a_channel_go_first_unless_it_fails(is_failing: bool) -> None:
    """Each of them tells many people, and the channel tells all; what fails delays nobody."""
    house = House()
    house.senders[APPROVER_CHAT] = Postbox(house.clock, meanwhile=lambda: order.append("chats"))
    house.box.meanwhile = lambda: order.append("channel")
    order: list[str] = []
    since = START - HOUR if is_failing else None
    house.put(news("a", destination=APPROVER_CHAT, recipient="p"), news("b"), failing_since=since)

    house.run()

    assert order == (["chats", "channel"] if is_failing else ["channel", "chats"])


def test_chats_with_many_leave_a_failing_channel_its_turn() -> None:
    """They come one after the other for as long as a poll goes on, and the channel may be mended."""
    house = House()
    house.senders[APPROVER_CHAT] = Postbox(house.clock, seconds=3.0)
    house.put(*[news("a", destination=APPROVER_CHAT, recipient=f"p{each}") for each in range(20)])
    house.put(news("b"), failing_since=START - HOUR)

    house.run()

    assert house.box.told == ["b"]


@pytest.mark.parametrize("error", [DOWN, GONE, SILENT], ids=["down", "refused", "silent"])
@pytest.mark.parametrize("mended", ["c3", APPROVER_CHAT])
def test_what_is_mended_has_its_turn_among_others_that_fail_slowly(mended: str, error: DeliveryError) -> None:
    """Of those that fail whoever was not tried for longest is first, though a poll has no time for all."""
    house = House()
    house.senders = {f"c{each}": Postbox(house.clock) for each in range(3)} | {mended: Postbox(house.clock)}
    for name, box in house.senders.items():
        box.seconds, box.failing = 15.5, {"ill": error}
        house.put(news("ill", destination=name, recipient="p" if name == APPROVER_CHAT else ""))
    poll_each_minute(house, 8)
    box = house.senders[mended]
    box.failing = {}

    poll_each_minute(house, 4 if error is not SILENT else 60)

    assert box.told.count("ill") > 1
    assert [each for each in house.store.outbox.read_pending() if each.value.destination == mended] == []


def test_questions_to_what_is_mute_leave_others_that_fail_their_turn() -> None:
    """Each takes its time without a word, and what they tell is not due for long."""
    house = House()
    house.senders = {f"m{each}": Questioned(house.clock, is_up=False) for each in range(4)}
    house.senders["z"] = box = Postbox(house.clock)
    later: dict[str, Any] = {"not_before": START + DAY, "attempts": 1, "doubts": 1, "tried_at": START}
    for name in house.senders:
        house.put(news("a", destination=name, **({} if name == "z" else later)))
        state = DestinationState(failing_since=START, is_mute=name != "z", failed_at=START)
        house.store.outbox.write_destination(name, Versioned(state, ""))

    poll_each_minute(house, 2)

    assert box.told == ["a"]


class Questioned(Postbox):
    """A postbox that takes 15.5 seconds to say nothing to a question."""

    def answers_(self) -> bool:
        """As it is, late."""
        self.clock.advance(15.5)
        return super().answers_()


def poll_each_minute(house: House, polls: int) -> None:
    """Delivers once a minute, however long a delivery takes of it."""
    for _ in range(polls):
        until = house.clock.monotonic() + 60.0
        house.run()
        house.clock.advance(max(0.0, until - house.clock.monotonic()))


def test_what_somebody_changes_while_people_are_named_is_told_all_the_same() -> None:
    """Once to each person, in the same poll."""
    house = House()
    house.senders[APPROVER_CHAT] = chats = Postbox(house.clock)
    item = news("a", destination=APPROVER_CHAT, people=("p", "q"))
    house.put(item)
    changed = Put(OUTBOX + item.value.key, encode(replace(item.value, last_error="by hand")))

    def after_the_lease() -> None:
        house.rows.before = lambda: MemoryRows.commit(house.rows, [changed])

    house.rows.before = after_the_lease
    result = house.run()

    assert [each.recipient for each in chats.posted] == ["p", "q"]
    assert (result.delivered, house.left) == (2, {})


def test_another_polls_lease_is_waited_for() -> None:
    """It was killed, so its lease ends; then what it left is told, each once."""
    house = House()
    house.put(news("a"), holder="killed", lease_expires_at=START + 3 * SECOND)

    assert house.run() == DeliveryResult(delivered=1)
    assert house.clock.sleeps == [2.0, 1.0]


def test_another_poll_that_shows_life_is_left_alone() -> None:
    """It renewed its lease meanwhile, so it delivers what waits."""
    house = House()
    house.put(news("a"), holder="busy", lease_expires_at=START + 30 * SECOND)
    sleep = house.clock.sleep

    def renewed(seconds: float) -> None:
        house.put(lease_expires_at=START + 60 * SECOND)
        sleep(seconds)

    house.clock.sleep = renewed  # type: ignore[method-assign]

    assert house.run() == DeliveryResult(pending=1)
    assert (house.box.told, house.state.holder) == ([], "busy")
    assert house.clock.sleeps == [2.0]


def test_what_another_poll_may_be_posting_is_not_left_out() -> None:
    """It has the lease, and would not find what it posted."""
    house = House(time_budget_s=5.0)
    reminder, decided = news("a", kind=EventKind.REMINDER), news("a", 2, EventKind.STATUS_CHANGED)
    house.put(reminder, decided, holder="theirs", lease_expires_at=START + 40 * SECOND)

    house.run()
    while_held = {each.value.key for each in house.store.outbox.read_pending()}
    house.clock.advance(41.0)
    house.run()

    assert while_held == {reminder.value.key, decided.value.key}
    assert (house.box.told, house.left) == (["a"], {})
    assert [each.outdated for each in house.store.journal.read_sent()] == [True, False]


def test_what_another_poll_told_meanwhile_is_not_told_again() -> None:
    """It took the lease between our reading and our writing: state and outbox are read again."""
    house = House()
    house.put(news("a"), news("b"))
    [held] = [each for each in house.store.outbox.read_pending() if each.value.event.subject_id == "a"]

    def be_faster() -> None:
        house.store.outbox.discard(held)
        house.put(last_error="seen")

    house.rows.before = be_faster

    assert house.run() == DeliveryResult(delivered=1)
    assert house.box.told == ["b"]


def test_a_delivery_whose_work_another_poll_did_ends() -> None:
    """Nothing waits any more, and nobody's lease is touched."""
    house = House()
    house.put(news("a"))
    [held] = house.store.outbox.read_pending()

    def be_faster() -> None:
        house.store.outbox.discard(held)
        house.put(holder="theirs", lease_expires_at=START, is_mute=True)

    house.rows.before = be_faster

    assert house.run() == DeliveryResult()
    assert (house.box.told, house.state.holder, house.clock.sleeps) == ([], "theirs", [])


def test_a_card_that_another_poll_posted_meanwhile_is_changed() -> None:
    """It stood nowhere when we looked, and the lease that we had was theirs in between."""
    house = House()
    house.box.updates_cards = True
    house.put(news("a", 2), is_slow=True)
    place = CardLocation("t", "9")

    def post() -> None:
        house.rows.commit([Put(card_key("default", "a"), encode(StoredCard(place, START, 1)))])
        house.put(holder="", lease_expires_at=None)

    house.rows.before = lambda: setattr(house.rows, "before", post)

    assert house.run() == DeliveryResult(delivered=1)
    assert [each.location for each in house.box.posted] == [place]


def test_a_post_never_outlasts_its_lease() -> None:
    """The store was slow to give it: it is taken again, and only then the card is posted."""
    house = House()
    house.put(news("a"))
    house.rows.delays = [43.0]
    leases: list[timedelta] = []

    def note() -> None:
        until = house.state.lease_expires_at
        assert until is not None
        leases.append(until - house.clock.now())

    house.box.meanwhile = note

    assert house.run() == DeliveryResult(delivered=1)
    assert leases == [44 * SECOND]


def test_a_lease_that_ran_out_while_a_person_was_looked_up_is_taken_again() -> None:
    """The store was slow to say whether they could be reached: a post under that lease would outlast it."""
    house = House()
    house.put(news("a", recipient="mira"))
    house.rows.slow_reads = {unreached_key("default", "mira"): 20.0}
    house.box.seconds = 29.0
    held: list[Any] = []
    house.box.meanwhile = lambda: held.append(house.state.lease_expires_at)

    assert house.run() == DeliveryResult(delivered=1)
    assert held[0] > house.clock.now()


@pytest.mark.parametrize(
    "fields,state,seconds",
    [
        ({}, {}, 30.0),
        ({}, {"is_slow": True}, 130.0),
        ({"doubts": 1}, {}, 130.0),
        ({"doubts": 1}, {"is_slow": True, "is_mute": True}, 30.0),
    ],
    ids=["as a rule", "slow", "in doubt", "mute"],
)
def test_an_answer_is_waited_for_as_long_as_it_can_take(
    fields: dict[str, Any], state: dict[str, Any], seconds: float
) -> None:
    """Where one came late or never, as long as Workflows goes on; not where nothing is answered at all."""
    house = House()
    house.put(news("a", **fields), **state)
    until: list[Any] = []
    house.box.meanwhile = lambda: until.append(house.state.lease_expires_at)

    house.run()

    assert [each.seconds for each in house.box.posted] == [seconds]
    assert until == [START + timedelta(seconds=seconds + 14)]


def test_a_digest_is_waited_for_as_long_as_its_doubtful_member_needs() -> None:
    """One that went ahead without an answer is told once more with the others."""
    house = House()
    house.put(news("a", digest="d"), news("b", digest="d", doubts=1, attempts=1, tried_at=START - HOUR))

    house.run()

    assert [(each.card["of"], each.seconds) for each in house.box.posted] == [(["a", "b"], 130.0)]


@pytest.mark.parametrize(
    "ago,is_tried", [(HOUR, False), (DAY, False), (DAY + SECOND, True)], ids=["now", "a day", "longer"]
)
def test_a_person_out_of_reach_is_left_alone_for_a_day(ago: timedelta, is_tried: bool) -> None:
    """Their news leave, and are told as such."""
    house = House()
    house.put(news("a", recipient="mira"))
    house.rows.commit([Put(unreached_key("default", "mira"), encode(Unreached(START - ago)))])

    assert house.run() == (DeliveryResult(delivered=1) if is_tried else DeliveryResult(unreached=1))
    assert len(house.box.posted) == int(is_tried)


def test_a_person_out_of_reach_gets_a_second_look_and_others_their_cards(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing has left after the first look; after the second their news do, with a line in the log."""
    caplog.set_level("INFO")
    house = House()
    house.put(news("a", recipient="mira"), news("b", recipient="jonas"))
    house.box.failing = {"a": UNREACHABLE}

    first = house.run()
    waiting = house.left
    house.clock.advance(5 * MINUTE)
    second = house.run()

    assert (first, second) == (DeliveryResult(delivered=1, pending=1), DeliveryResult(unreached=1))
    assert set(waiting) == {"a"}
    assert [line.split()[0] for line in caplog.messages] == ["deliver.sent", "deliver.unreached"]
    assert house.store.outbox.is_unreached("default", "mira", START, house.clock.now())


def test_a_destination_that_refuses_is_tried_once() -> None:
    """A second try now could only fail again; what waits is kept."""
    house = House()
    house.put(news("a"), news("b"))
    house.box.failing = {"a": GONE, "b": GONE}

    result = house.run()

    assert result == DeliveryResult(pending=2, refused=("default",))
    assert house.box.told == ["a"]
    assert (house.state.failing_since, house.state.last_error, house.state.holder) == (START, "404", "")


def test_destinations_that_refuse_are_named_in_order() -> None:
    """Whichever was tried first, so that two reports can be compared."""
    house = House()
    house.senders = {name: Postbox(house.clock, failing={"a": GONE}) for name in "hgfedcba"}
    house.put(*[news("a", destination=name) for name in "fbadhceg"])

    assert house.run().refused == tuple("abcdefgh")


@pytest.mark.parametrize("since,tries", [(None, 3), (START - HOUR, 1)], ids=["works", "failed"])
def test_a_destination_that_is_down_is_tried_three_times_in_a_poll(since: Any, tries: int) -> None:
    """Once where it failed before, so that a long outage is no storm of calls."""
    house = House()
    house.put(*[news(each) for each in "abcde"], failing_since=since)
    house.box.failing = dict.fromkeys("abcde", DOWN)

    assert house.run().pending == 5
    assert house.box.told == list("abcde")[:tries]


def test_a_card_that_is_taken_gives_back_all_tries() -> None:
    """Only failures in a row end the work at a destination."""
    house = House()
    house.put(*[news(each) for each in "abcde"])
    house.box.answers = [DOWN, DOWN, None, DOWN, DOWN]

    house.run()

    assert len(house.box.posted) > 5


def test_cards_refused_for_their_own_sake_use_up_no_tries_of_others() -> None:
    """Each in both forms, one after the other: more often than what is down is tried."""
    house = House(max_ill=5)
    house.put(*[news(each) for each in "abc"])
    house.box.failing = dict.fromkeys("ab", REFUSED)
    result = house.run()

    assert (result.delivered, result.pending) == (1, 2)
    assert house.box.told == ["a", "a", "b", "b", "c"]


def test_no_more_than_so_many_refused_cards_are_tried_in_a_poll() -> None:
    """Else a burst of them would take all its time."""
    house = House(max_ill=2)
    house.put(*[news(each) for each in "abc"])
    house.box.failing = dict.fromkeys("abc", REFUSED)

    house.run()

    assert len(house.box.posted) == 2
    assert (house.state.failing_since, house.state.last_error) == (None, "")


def test_what_failed_for_a_week_is_given_up() -> None:
    """It is counted, and waits no more."""
    house = House()
    house.put(
        news("a", attempts=9, tried_at=START - MINUTE, failing_since=START - 7 * DAY, failing_for=604_800.0)
    )
    house.box.failing = {"a": GONE}

    assert house.run() == DeliveryResult(dead=1)
    assert [each.value.notification.last_error for each in house.store.journal.read_dead()] == ["404"]


def test_a_copy_without_an_answer_is_noted_where_it_counts() -> None:
    """A first try is none; nothing is mute that answers to a question."""
    house = House()
    house.put(news("a"))
    house.box.failing = {"a": SILENT}
    house.run()
    first = house.state
    house.clock.advance(MINUTE)
    house.run()

    assert (first.is_slow, first.is_mute, first.heard_at, first.repeats) == (True, False, None, ())
    assert house.state.repeats == ((START + MINUTE).timestamp(),)
    assert house.left["a"].doubts == 2


def test_a_digest_of_which_one_was_in_doubt_counts_as_a_copy() -> None:
    """The address gets only so many of these a day."""
    house = House()
    tried: dict[str, Any] = {"digest": "d", "attempts": 1, "tried_at": START - HOUR}
    house.put(news("a", doubts=1, **tried), news("b", **tried))
    house.box.answers = [SILENT]

    house.run()

    assert len(house.state.repeats) == 1


def test_what_was_posted_and_could_not_be_recorded_is_in_doubt() -> None:
    """A store that refuses the outcome may take that alone; so the copies are marked, and bounded."""
    house = House()
    house.put(news("a"))
    house.box.meanwhile = house.rows.refuse_journal

    with pytest.raises(StateError):
        house.run()

    assert (house.left["a"].doubts, house.left["a"].serial) == (1, 1)


def test_the_number_of_a_copy_that_may_be_there_is_not_given_again() -> None:
    """Also when what it told does not wait any more."""
    house = House()
    house.put(news("a"))
    house.box.failing = {"a": SILENT}
    house.run()
    [doubtful] = house.store.outbox.read_pending()
    house.rows.commit([Delete(OUTBOX + doubtful.value.key, doubtful.etag)])
    house.put(news("b"))
    house.run()

    assert [(each.card["of"], each.serial) for each in house.box.posted] == [("a", 1), ("b", 2)]


def test_the_number_that_a_changed_card_shows_is_not_given_again() -> None:
    """Its reply was refused, and comes with that number later."""
    house = House()
    house.box.updates_cards = True
    house.put(news("a", 2), news("b"))
    place = CardLocation("t", "9")
    house.rows.commit([Put(card_key("default", "a"), encode(StoredCard(place, START, 1, serial=7)))])
    house.put(serial=7)
    house.box.answers = [DestinationUnavailable("503", may_show=True)]
    house.run()

    told = [(each.card["of"], each.serial) for each in house.box.posted]
    assert sorted(told) == [("a", 8), ("a", 8), ("b", 9)]
    card = house.store.outbox.read_card("default", "a")
    assert card is not None
    assert (card.revision, card.serial) == (2, 7)


def test_what_a_digest_in_a_chat_may_show_is_remembered() -> None:
    """So that the next change of another request on it does not undo it."""
    house = House()
    house.box.updates_cards = True
    house.senders = {APPROVER_CHAT: house.box}
    chat: dict[str, Any] = {"destination": APPROVER_CHAT, "recipient": "p"}
    changed, other = news("a", 2, **chat), news("b", **chat)
    place, beside = CardLocation("t", "9"), ("a", "b")
    for each in (news("a", **chat), other):
        on_it = StoredCard(place, START, 1, beside=beside, event=each.value.event)
        house.rows.commit([Put(card_key(*each.value.line), encode(on_it))])
    house.put(changed)
    house.box.failing = {"['a', 'b']": DestinationUnavailable("502", may_show=True)}
    house.run()

    cards = [house.store.outbox.read_card(APPROVER_CHAT, each, "p") for each in beside]
    assert [each.event for each in cards if each is not None] == [changed.value.event, other.value.event]
    assert house.left["a"].doubts == 0


def test_an_ill_card_without_an_answer_says_nothing_of_its_address() -> None:
    """Others were taken since it failed, so the address is not asked."""
    house = House()
    since = START - HOUR
    house.put(news("a", attempts=3, tried_at=since, failing_since=since), last_accepted=START - MINUTE)
    house.box.failing, house.box.is_up = {"a": SILENT}, False
    house.run()

    assert (house.left["a"].doubts, house.state.is_mute, house.box.questions) == (1, False, 0)


def test_an_address_that_is_mute_is_asked_once_a_poll_until_it_answers() -> None:
    """Then what waits long since it is in doubt is tried again."""
    house = House()
    house.put(news("a"))
    house.box.failing, house.box.is_up = {"a": SILENT}, False
    house.run()
    mute, questions = house.state.is_mute, house.box.questions
    house.clock.advance(10 * SECOND)
    house.run()
    still, asked, posts = house.state.is_mute, house.box.questions - questions, len(house.box.posted)
    house.box.failing, house.box.is_up = {}, True

    assert (mute, still, asked, posts) == (True, True, 1, 1)
    assert house.run() == DeliveryResult(delivered=1)
    assert (house.box.questions - questions, house.state.is_mute) == (2, False)


def test_an_address_that_is_mute_is_not_asked_where_a_try_will_tell() -> None:
    """Nor where nothing waits."""
    house = House()
    house.put(is_mute=True)
    house.run()
    house.put(news("a", doubts=1))

    assert house.run() == DeliveryResult(delivered=1)
    assert house.box.questions == 0


def test_an_address_that_is_mute_is_asked_once_however_long_it_is_waited_for() -> None:
    """Another poll had its lease for some seconds."""
    house = House()
    house.box.is_up = False
    later: dict[str, Any] = {"doubts": 1, "attempts": 1, "tried_at": START, "not_before": START + HOUR}
    lease = {"holder": "killed", "lease_expires_at": START + 5 * SECOND}
    house.put(news("a", **later), news("b"), is_mute=True, **lease)
    at_post: list[int] = []
    house.box.meanwhile = lambda: at_post.append(house.box.questions)

    house.run()

    assert at_post[0] == 1


def test_what_another_poll_heard_while_this_one_asked_ends_the_wait_at_once() -> None:
    """What waits long since it is in doubt is due again, for this poll as well."""
    house = House()
    house.box.is_up = False
    later: dict[str, Any] = {"doubts": 1, "attempts": 1, "tried_at": START, "not_before": START + HOUR}
    house.put(news("a", **later), is_mute=True)
    house.rows.before = lambda: house.put(is_mute=False, heard_at=START + SECOND)
    house.clock.advance(2.0)

    assert house.run() == DeliveryResult(delivered=1)
    assert house.box.questions == 1


def test_a_card_that_stands_is_changed_by_later_news() -> None:
    """Also by news of the same delivery."""
    house = House()
    house.box.updates_cards = True
    house.put(news("a"), news("a", 2), news("b"))

    house.run()

    own = [each.location for each in house.box.posted if each.card["of"] == "a"]
    assert own == [None, CardLocation("thread", str(1 + house.box.told.index("a")))]
    assert [each.location for each in house.box.posted if each.card["of"] == "b"] == [None]


def test_older_news_that_are_only_replied_take_no_card_away() -> None:
    """The card that stands is changed by the newer ones that follow in the same delivery."""
    house = House()
    house.box.updates_cards = True
    house.put(news("a", 2), news("a", 4))
    place = CardLocation("t", "9")
    house.rows.commit([Put(card_key("default", "a"), encode(StoredCard(place, START, 3)))])

    house.run()

    assert [(each.location, each.changes_card) for each in house.box.posted] == [
        (place, False),
        (place, True),
    ]


@pytest.mark.parametrize("updates_cards", [True, False])
def test_a_request_with_a_card_is_in_no_digest_where_cards_are_changed(updates_cards: bool) -> None:
    """Nor one of which older news wait for later, which will be its card; elsewhere that is no matter."""
    house = House(digest_above=1)
    house.box.updates_cards = updates_cards
    later: dict[str, Any] = {"doubts": 1, "not_before": START + HOUR, "tried_at": START, "attempts": 1}
    house.put(news("a"), news("b"), news("d"), news("e", **later), news("e", 2))
    house.rows.commit([Put(card_key("default", "d"), encode(StoredCard(CardLocation("t", "9"), START, 1)))])

    house.run()

    digests = [each for each in house.box.told if isinstance(each, list)]
    assert digests == ([["a", "b"]] if updates_cards else [["a", "b", "d", "e"]])


@pytest.mark.parametrize("updates_cards", [True, False])
def test_what_a_digest_told_is_done_where_no_card_is_to_be_changed(updates_cards: bool) -> None:
    """Its row is gone, or the destination is a webhook now: nothing is posted, which would ring again.

    Nor is it where somebody only looks at a request, which nobody is told then.
    """
    house = House()
    house.box.updates_cards = updates_cards
    house.put(news("a", 2, told=True), news("b"), news("c", 1, EventKind.LOOKING))

    house.run()

    assert (house.box.told, house.left) == (["b"], {})
    left = {each.notification.event.subject_id: each.was_told for each in house.store.journal.read_sent()}
    assert left == {"a": True, "b": True, "c": False}


def test_older_news_that_wait_know_that_they_were_overtaken() -> None:
    """They come later, marked as late, and change no card."""
    house = House()
    house.put(
        news("a", overtakable=True, attempts=2, tried_at=START - MINUTE, not_before=START + 10 * SECOND),
        news("a", 2),
    )

    assert house.run().delivered == 2
    assert [each.card["late"] for each in house.box.posted] == [False, True]


def test_what_a_person_discards_during_a_post_is_not_written_again() -> None:
    """The others of the same digest are."""
    house = House(digest_above=1)
    house.put(news("a"), news("b"), news("c"))
    [gone] = [each for each in house.store.outbox.read_pending() if each.value.event.subject_id == "b"]
    house.box.answers = [GONE]
    house.box.meanwhile = lambda: house.store.outbox.discard(gone)

    assert house.run() == DeliveryResult(pending=2, refused=("default",))
    assert {name: each.attempts for name, each in house.left.items()} == {"a": 1, "c": 1}


def test_what_a_person_makes_due_during_its_post_is_told_once() -> None:
    """Its row is another one by then, and leaves all the same."""
    house = House()
    house.put(news("a"))
    [waiting] = house.store.outbox.read_pending()
    house.box.meanwhile = lambda: house.store.outbox.make_due(waiting)

    assert house.run().delivered == 1
    assert (len(house.box.posted), house.left) == (1, {})
