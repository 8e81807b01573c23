"""A second source of news beside the approvals: the same road, its own rhythm, and its own faults."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from maa_notify.domain.event import Notice, NoticeKind
from maa_notify.domain.finding import compare_findings
from maa_notify.errors import GraphDenied
from maa_notify.polling.source import News
from maa_notify.storage.requests import FINDINGS
from maa_notify.storage.snapshot import Snapshot
from tests.support.approval import notice
from tests.support.cards import strip, text
from tests.support.clock import FakeClock
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply

MINUTE = 60.0


class Lock:
    """Says what a test lets it find; fails while it has a fault."""

    def __init__(self, rhythm: timedelta = timedelta(), name: str = "lock") -> None:
        """Finds nothing yet."""
        self.name = name
        self.rhythm = rhythm
        self.found: list[Notice] = []
        self.fault: Exception | None = None
        self.looks = 0

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """What changed of the findings."""
        self.looks += 1
        if self.fault is not None:
            raise self.fault
        known = snapshot.findings_of(self.name)
        changes = compare_findings({key: each.value for key, each in known.items()}, self.found, now)
        return News(changes, known, shelf=FINDINGS, is_complete=True)


class SlowLock(Lock):
    """A source that takes eighty seconds for a look."""

    def __init__(self, clock: FakeClock, name: str) -> None:
        """Finds nothing."""
        super().__init__(name=name)
        self._clock = clock

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """Nothing, some time later."""
        self._clock.advance(80)
        return super().news(snapshot, now)


@pytest.fixture
def lock(notifier: Notifier) -> Lock:
    """A source that the notifier asks beside the approvals."""
    source = Lock()
    notifier.app.sources = [source]
    return source


def test_a_finding_is_told_once_however_often_teams_fails(
    teams: FakeTeams, notifier: Notifier, lock: Lock
) -> None:
    """Three times 503, then the card; after that it is no news that it is still so."""
    lock.found = [notice()]
    teams.fail_next(reply(503), reply(503), reply(503))
    for _ in range(6):
        notifier.poll_after(10 * MINUTE)

    assert [strip(card) for card in teams.cards] == ["Nobody can approve"]


def test_a_finding_is_resolved_once(teams: FakeTeams, notifier: Notifier, lock: Lock) -> None:
    """Whoever read the first card learns that it is over, and hears of it anew when it comes back."""
    lock.found = [notice()]
    notifier.poll()
    lock.found = []
    for _ in range(3):
        notifier.poll_after(MINUTE)
    resolved = list(notifier.app.store.journal.read_sent())
    lock.found = [notice()]
    notifier.poll_after(MINUTE)

    assert [entry.notification.event.name for entry in resolved] == ["finding", "resolved"]
    assert len(teams.cards) == 3


def test_a_finding_that_changes_is_told_again(teams: FakeTeams, notifier: Notifier, lock: Lock) -> None:
    """Other facts or another risk are news; another wording of the meaning is none."""
    lock.found = [notice()]
    notifier.poll()
    lock.found = [replace(notice(), text="Said in other words.")]
    notifier.poll_after(MINUTE)
    unchanged = len(teams.cards)
    lock.found = [replace(notice(), facts=())]
    notifier.poll_after(MINUTE)

    assert (unchanged, len(teams.cards)) == (1, 2)


def test_news_of_both_sources_come_in_order(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, lock: Lock
) -> None:
    """A request's card first, then the finding of the same poll, then what came later."""
    first = make_request(now=notifier.clock.now(), payloadName="LT-1")
    graph.requests, lock.found = [first], [notice()]
    notifier.poll()
    graph.requests = [first, make_request(now=notifier.clock.now(), payloadName="LT-2")]
    notifier.poll_after(MINUTE)

    told = [text(card) for card in teams.cards]
    assert ["LT-1" in told[0], "Nobody can approve" in told[1], "LT-2" in told[2]] == [True] * 3


def test_a_source_that_fails_delays_nobody_and_is_told_once(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, lock: Lock, caplog: pytest.LogCaptureFixture
) -> None:
    """The approvals are listed and told as ever; the poll counts as good; the log says which source it is."""
    caplog.set_level(logging.INFO)
    lock.fault = GraphDenied("Graph refused (403)", missing_permission="Policy.Read.All")
    graph.requests = [make_request(now=notifier.clock.now())]
    reports = [notifier.poll_after(MINUTE) for _ in range(3)]
    lock.fault = None
    notifier.poll_after(MINUTE)

    assert [report.failure for report in reports] == [None] * 3
    assert len(teams.cards) == 1
    about_lock = [line for line in caplog.messages if "source=lock" in line]
    assert [line.split()[0] for line in about_lock] == ["poll.failing", "poll.recovered"]


def test_approvals_that_fail_hold_back_no_other_source(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, lock: Lock
) -> None:
    """A finding is told although Graph cannot list the requests, and the poll still counts as failed."""
    graph.fail_next(*[reply(503)] * 10)
    lock.found = [notice()]

    report = notifier.poll()

    assert report.failure is not None
    assert [strip(card) for card in teams.cards] == ["Nobody can approve"]


def test_slow_sources_take_turns_within_the_time_of_a_poll(notifier: Notifier) -> None:
    """The host ends a run after four minutes: what does not fit comes first in the next poll."""
    slow = [SlowLock(notifier.clock, f"lock{number}") for number in range(3)]
    notifier.app.sources = slow

    begun = notifier.clock.monotonic()
    notifier.poll()
    took = notifier.clock.monotonic() - begun
    looks = [each.looks for each in slow]
    notifier.poll_after(MINUTE)

    assert took < 4 * MINUTE
    assert looks == [1, 1, 0]
    assert slow[2].looks == 1


def test_a_card_is_sent_before_another_source_is_asked(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, lock: Lock
) -> None:
    """A source that answers slowly costs no request's card a second."""
    cards_before: list[int] = []
    look = lock.news

    class Slow(Lock):
        def news(self, snapshot: Snapshot, now: datetime) -> News:
            cards_before.append(len(teams.cards))
            return look(snapshot, now)

    notifier.app.sources = [Slow()]
    graph.requests = [make_request(now=notifier.clock.now())]
    notifier.poll()

    assert cards_before == [1]


def test_each_source_has_its_own_rhythm(make_notifier: Callable[..., Notifier], graph: FakeGraph) -> None:
    """Asked every five minutes while polls come each minute, and at once after a clock was set back."""
    notifier, source = make_notifier(), Lock(timedelta(minutes=5))
    notifier.app.sources = [source]
    for _ in range(11):
        notifier.poll_after(MINUTE)
    looks = source.looks
    notifier.poll_after(-timedelta(days=1).total_seconds())

    assert (looks, source.looks) == (3, 4)
    assert len(graph.calls) == 12


def test_a_source_fails_at_its_own_rhythm_too(make_notifier: Callable[..., Notifier]) -> None:
    """A log without its permission is not asked sixty times an hour."""
    notifier, source = make_notifier(), Lock(timedelta(minutes=5))
    source.fault = GraphDenied("Graph refused (403)")
    notifier.app.sources = [source]
    for _ in range(10):
        notifier.poll_after(MINUTE)

    assert source.looks == 2


def test_health_names_a_source_that_fails(notifier: Notifier, lock: Lock) -> None:
    """The approvals are polled well, so nothing rings; whoever looks sees what is missing."""
    lock.fault = GraphDenied("Graph refused (403)")
    notifier.poll()
    failing = notifier.app.health()
    lock.fault = None
    notifier.poll_after(MINUTE)

    assert (failing.status, failing.is_well) == ("degraded", True)
    assert failing.sources == {"approvals": "ok", "lock": "graph_denied"}
    assert notifier.app.health().sources == {"approvals": "ok", "lock": "ok"}


def test_a_resolved_notice_says_so_by_its_kind() -> None:
    """What is over is green and asks for nothing new."""
    [opened] = compare_findings({}, [notice()], notice().at)
    assert opened.after is not None
    [closed] = compare_findings({opened.subject_id: opened.after}, [], notice().at + timedelta(hours=1))

    assert isinstance(closed.event, Notice)
    assert closed.event.kind is NoticeKind.RESOLVED
    assert closed.after is None


def test_two_sources_leave_each_others_findings_alone(teams: FakeTeams, notifier: Notifier) -> None:
    """What one finds the other does not resolve."""
    lock, key = Lock(name="lock"), Lock(name="key")
    lock.found, key.found = [notice()], [notice(subject_id="key:lost", title="A key is lost")]
    notifier.app.sources = [lock, key]
    for _ in range(4):
        notifier.poll_after(MINUTE)

    assert sorted(strip(card) for card in teams.cards) == ["A key is lost", "Nobody can approve"]


def test_a_fault_of_our_own_in_one_source_ends_no_other(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, caplog: pytest.LogCaptureFixture
) -> None:
    """The next source is asked, the approvals' mark is written, and health names the one that is broken."""
    broken, sound = Lock(name="broken"), Lock(name="key")
    broken.fault, sound.found = KeyError("secret"), [notice(subject_id="key:lost", title="A key is lost")]
    notifier.app.sources = [broken, sound]

    report = notifier.poll()

    assert report.failure is None
    assert [strip(card) for card in teams.cards] == ["A key is lost"]
    assert notifier.app.health().sources == {"approvals": "ok", "broken": "fault", "key": "ok"}
    assert "secret" not in "".join(line for line in caplog.messages if "poll.failing" in line)


def test_what_is_resolved_comes_after_what_was_found_even_with_a_clock_set_back() -> None:
    """Otherwise the last card of a mended fault would be the one that says it is there."""
    [opened] = compare_findings({}, [notice()], notice().at)
    assert opened.after is not None
    [closed] = compare_findings({opened.subject_id: opened.after}, [], notice().at - timedelta(hours=1))

    assert opened.event is not None
    assert closed.event is not None
    assert closed.event.revision > opened.event.revision
