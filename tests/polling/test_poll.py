"""A poll by itself: sources, senders and a store that do as they are told, with no wire."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.delivery.delivery import Delivery
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, Notice, NoticeKind, RequestEvent
from maa_notify.domain.finding import FindingState, compare_findings
from maa_notify.domain.routing import Route
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import DestinationUnavailable, GraphDenied, GraphError, GraphUnavailable, StateError
from maa_notify.polling.poll import Habits, Poll
from maa_notify.polling.report import Report
from maa_notify.polling.source import News, Seen
from maa_notify.storage.records import MARK, DestinationState, SourceMark, Versioned, decode
from maa_notify.storage.requests import FINDINGS
from maa_notify.storage.rows import Delete, Row, Write
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore
from tests.delivery.postbox import Asked, Postbox
from tests.delivery.waiting import PlainCards, news
from tests.support.approval import approval
from tests.support.clock import START, FakeClock
from tests.support.memory import MemoryRows

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
OUTLOOK = Outlook(since=START - HOUR)
FOUND = Notice(NoticeKind.FINDING, "lock:1", 1, START, "Found")


def filed(name: str, status: str = "needsApproval") -> Change[RequestState]:
    """A request that is new."""
    state = RequestState(approval(status, id=name))
    return Change(name, None, state, RequestEvent(EventKind.CREATED, state.request, 1, START))


def rejected(name: str) -> Change[RequestState]:
    """The same request, decided."""
    before = RequestState(approval(id=name))
    after = RequestState(approval("rejected", id=name), revision=2)
    event = RequestEvent(EventKind.STATUS_CHANGED, after.request, 2, START, "needsApproval")
    return Change(name, before, after, event)


@dataclass
class Source:
    """Tells its changes once; an error is raised as long as it is there."""

    name: str = "approvals"
    rhythm: timedelta = timedelta()
    changes: Sequence[Change[Any]] = ()
    outlook: Outlook | None = OUTLOOK
    problem: GraphError | None = None
    error: Exception | None = None
    looks: int = 0
    meanwhile: Callable[[], object] = lambda: None

    def news(self, snapshot: Snapshot, now: Any) -> News:
        """The changes."""
        self.looks += 1
        self.meanwhile()
        if self.error is not None:
            raise self.error
        changes, self.changes = self.changes, ()
        seen = Seen(7, 1, 2, 3)
        return News(
            changes,
            snapshot.tracked,
            seen=seen,
            is_complete=True,
            problem=self.problem,
            outlook=self.outlook,
        )


@dataclass
class Lock:
    """A further source, of findings."""

    found: Sequence[Notice] = (FOUND,)
    name: str = "lock"
    rhythm: timedelta = HOUR
    looks: int = 0
    error: Exception | None = None

    def news(self, snapshot: Snapshot, now: Any) -> News:
        """What is new of the findings."""
        self.looks += 1
        if self.error is not None:
            raise self.error
        known = snapshot.findings_of(self.name)
        values: dict[str, FindingState] = {key: each.value for key, each in known.items()}
        return News(compare_findings(values, list(self.found), now), known, shelf=FINDINGS, is_complete=True)


@dataclass
class Tenant:
    """Polls of one tenant with a destination `default`."""

    approvals: Source = field(default_factory=Source)
    others: list[Lock] = field(default_factory=list)
    routes: list[Route] = field(default_factory=lambda: [Route("default")])
    clock: FakeClock = field(default_factory=FakeClock)
    leaders: dict[str, str] = field(default_factory=dict)
    store: StateStore = field(default_factory=lambda: StateStore(MemoryRows()))
    heartbeat: timedelta | None = None

    def __post_init__(self) -> None:
        """Its destinations take everything."""
        self.boxes = {name: Postbox(self.clock) for name in ("default", "new")}

    def poll(self, after: timedelta = timedelta()) -> Report:
        """Polls once, so much later."""
        self.clock.advance(after)
        senders = {each.name: Asked(self.boxes[each.name]) for each in self.routes}
        delivery = Delivery(self.store.outbox, senders, PlainCards(), self.clock, leaders=self.leaders)
        habits = Habits(heartbeat=self.heartbeat)
        made = Poll(self.approvals, self.others, self.store, self.routes, delivery, self.clock, habits)
        return made.run()

    @property
    def mark(self) -> SourceMark | None:
        """How the last look at the requests went."""
        return self.store.requests.read_mark("approvals")


def test_news_are_recorded_and_told_and_the_look_is_marked() -> None:
    """The report tells what was seen and done; the same once more is no news."""
    tenant = Tenant(Source(changes=[filed("a")]))

    first, second = tenant.poll(), tenant.poll(MINUTE)

    assert first == Report(7, 1, 1, malformed=1, waiting=2, oldest_waiting_s=3)
    assert (second.events, second.delivered) == (0, 0)
    assert tenant.boxes["default"].told == ["a"]
    at = START + MINUTE
    assert tenant.mark == SourceMark(
        last_good=at, tried_at=at, outlook=OUTLOOK, destinations=("default",), left={}, number=2
    )


def test_a_first_look_is_marked_before_anything_is_posted() -> None:
    """A poll that is killed while it posts must not be the first one once more; later ones need not."""
    tenant = Tenant(Source(changes=[filed("a")]))
    marks: list[Any] = []
    tenant.boxes["default"].meanwhile = lambda: marks.append(tenant.mark)
    tenant.poll()
    tenant.approvals.changes = [filed("b")]
    tenant.poll(MINUTE)

    assert [(each.last_good, each.outlook) for each in marks] == [(START, OUTLOOK)] * 2


def test_a_destination_that_was_away_before_any_poll_ended_well_hears_what_it_missed() -> None:
    """The first look was marked, and every poll since then ended in its delivery."""
    tenant = Tenant(Source(changes=[filed("a")]), routes=[Route("default"), Route("new")])

    def fail() -> None:
        raise StateError("away")

    tenant.boxes["default"].meanwhile = fail
    with pytest.raises(StateError):
        tenant.poll()
    tenant.routes = [Route("default")]
    tenant.approvals.changes = [rejected("a")]
    with pytest.raises(StateError):
        tenant.poll(MINUTE)
    tenant.routes = [Route("default"), Route("new")]
    tenant.boxes["default"].meanwhile = lambda: None
    tenant.poll(MINUTE)

    assert tenant.boxes["new"].told == ["a", "a"]


def test_a_look_that_failed_is_marked_as_no_first_one() -> None:
    """A poll that is killed while it posts what waits has still seen nothing."""
    tenant = Tenant(Source(error=GraphUnavailable("down")))
    tenant.store.requests.record([replace(filed("a"), notifications=(news("a").value,))])
    marks: list[Any] = []
    tenant.boxes["default"].meanwhile = lambda: marks.append(tenant.mark)
    tenant.poll()

    assert marks == [None]


@pytest.mark.parametrize("took_s,seconds", [(0, [130.0]), (79, [130.0]), (150, [60.0]), (185, [])])
def test_a_poll_is_over_before_the_host_ends_it(took_s: float, seconds: list[float]) -> None:
    """A slow list, and a flow that answers late: of 240 seconds some are left to write a post down."""
    tenant = Tenant(Source(changes=[filed("a")]))
    slow = Versioned(DestinationState(is_slow=True), "")
    tenant.store.outbox.write_destination("default", slow)
    tenant.approvals.meanwhile = lambda: tenant.clock.advance(took_s)

    report = tenant.poll()

    assert [each.seconds for each in tenant.boxes["default"].posted] == seconds
    assert report.pending == 1 - len(seconds)


def test_a_look_that_fails_keeps_nothing_from_being_delivered() -> None:
    """It is reported and marked, with the wait that was asked for; until then Graph is not asked."""
    tenant = Tenant(Source(changes=[filed("a")]))
    tenant.boxes["default"].answers = [DestinationUnavailable("503", 50.0)]
    tenant.poll()
    tenant.approvals.error = busy = GraphUnavailable("busy", 90.0)

    failed, alone = tenant.poll(MINUTE), tenant.poll(MINUTE)
    tenant.approvals.error = None
    good = tenant.poll(MINUTE)

    assert (failed.failure, failed.delivered) == (busy, 1)
    assert isinstance(alone.failure, GraphUnavailable)
    assert "was not asked" in str(alone.failure)
    assert (tenant.approvals.looks, good.failure) == (3, None)


def test_a_look_with_a_problem_tells_its_news_and_is_not_good() -> None:
    """Requests that may be hidden are no reason to keep others back."""
    denied = GraphDenied("hidden")
    tenant = Tenant(Source(changes=[filed("a")], problem=denied))

    report = tenant.poll()

    assert (report.failure, report.delivered) == (denied, 1)
    assert tenant.mark is not None
    assert (tenant.mark.failure, tenant.mark.failing_since) == ("graph_denied", START)


@pytest.mark.parametrize("roles,hidden", [(None, 0), ((), 6)])
def test_a_refused_token_shows_what_may_be_hidden(roles: Any, hidden: int) -> None:
    """As far as it tells its permissions; what was known stays so."""
    tenant = Tenant(Source(error=GraphDenied("no", roles=roles)))

    assert len(tenant.poll().hidden) == hidden


def test_news_that_nobody_hears_are_said(caplog: pytest.LogCaptureFixture) -> None:
    """They are recorded, so that they are no news once more."""
    tenant = Tenant(Source(changes=[filed("a")]), routes=[Route("default", events=frozenset({"expired"}))])

    report = tenant.poll()

    assert (report.events, report.delivered) == (1, 0)
    assert [line.split()[0] for line in caplog.messages] == ["poll.unheard"]


def test_news_of_all_sources_that_nobody_hears_count() -> None:
    """A request and a finding, where the only channel is for something else."""
    routes = [Route("default", policy_types=frozenset({"deviceWipe"}), events=frozenset({"completed"}))]
    tenant = Tenant(Source(changes=[filed("a")]), others=[Lock()], routes=routes)

    assert (tenant.poll().unheard, tenant.boxes["default"].told) == (2, [])


def test_a_further_source_is_told_in_the_same_poll_and_in_its_rhythm() -> None:
    """Its numbers are added."""
    tenant = Tenant(Source(changes=[filed("a")]), [Lock()])

    first = tenant.poll()
    reports = [tenant.poll(MINUTE), tenant.poll(HOUR)]

    assert (first.events, first.delivered) == (2, 2)
    assert tenant.boxes["default"].told == ["a", "lock:1"]
    assert ([each.events for each in reports], tenant.others[0].looks) == ([0, 0], 2)
    mark = tenant.store.requests.read_mark("lock")
    assert mark is not None
    assert (mark.last_good, mark.outlook) == (tenant.clock.now(), Outlook())


class Noted(MemoryRows):
    """Rows that keep all that was ever written under a key."""

    def __init__(self) -> None:
        """Nothing yet."""
        super().__init__()
        self.written: list[Row] = []

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Keeps it."""
        self.written += [Row(each.key, each.data, "") for each in writes if not isinstance(each, Delete)]
        return super().commit(writes)


def test_a_poll_that_is_killed_leaves_a_mark_that_can_be_read() -> None:
    """Also the first one of a source that tells nothing of what could be seen."""
    rows = Noted()
    Tenant(others=[Lock()], store=StateStore(rows)).poll()

    marks = [decode(row, SourceMark) for row in rows.written if row.key.startswith(MARK)]

    assert len(marks) == 4
    assert {each.last_good for each in marks} == {START}


def test_a_fault_in_a_further_source_ends_no_other() -> None:
    """It is marked as one of our own; what the fault was may hold anything and is not told."""
    tenant = Tenant(others=[Lock(error=ValueError("secret"), name="ill"), Lock()])

    report = tenant.poll()

    assert (report.events, report.failure) == (1, None)
    mark = tenant.store.requests.read_mark("ill")
    assert mark is not None
    assert (mark.failure, mark.last_good) == ("fault", None)


def test_a_further_source_waits_as_it_was_asked_to() -> None:
    """Longer than its rhythm, if it must be."""
    busy = GraphUnavailable("busy", 3_600.0)
    tenant = Tenant(others=[Lock(rhythm=MINUTE, error=busy)])
    tenant.poll()
    tenant.poll(30 * MINUTE)
    tenant.poll(31 * MINUTE)

    assert tenant.others[0].looks == 2


def test_a_store_that_fails_ends_the_poll() -> None:
    """Nothing may be posted that cannot be recorded."""
    tenant = Tenant(others=[Lock(error=StateError("full"))])

    with pytest.raises(StateError, match="full"):
        tenant.poll()


def told_new(tenant: Tenant) -> list[Any]:
    """What a destination that is new is told at its first poll and the one after."""
    tenant.routes.append(Route("new"))
    tenant.poll(MINUTE)
    tenant.poll(MINUTE)
    return tenant.boxes["new"].told


def test_a_new_destination_is_told_what_is_open_once() -> None:
    """Nobody else is told again, and closed ones are history."""
    tenant = Tenant(Source(changes=[filed("a"), filed("b"), filed("c", "rejected")]))
    tenant.poll()

    assert told_new(tenant) == [["a", "b"]]
    assert tenant.boxes["default"].told == ["a", "b", "c"]


def test_a_destination_at_a_known_address_is_not_new() -> None:
    """What is open has been told there."""
    tenant = Tenant(Source(changes=[filed("a")]), leaders={"new": "default"})
    tenant.poll()

    assert told_new(tenant) == []


def test_a_new_destination_waits_for_a_look_that_tells_what_is_open() -> None:
    """While Graph fails it stays new, and gets no heartbeat before."""
    tenant = Tenant(Source(changes=[filed("a")]), heartbeat=HOUR)
    tenant.poll()
    tenant.approvals.error = GraphUnavailable("busy")
    tenant.routes.append(Route("new"))
    tenant.poll(2 * HOUR)
    tenant.poll(2 * HOUR)
    before = list(tenant.boxes["new"].told)
    tenant.approvals.error = None
    tenant.poll(MINUTE)

    assert (before, tenant.boxes["new"].told) == ([], ["a"])
    assert "heartbeat" in tenant.boxes["default"].told


@pytest.mark.parametrize(
    "error,title",
    [(None, "No news"), (GraphUnavailable("busy"), "requests cannot be listed")],
    ids=["well", "blind"],
)
def test_a_heartbeat_claims_no_more_than_the_poll_saw(error: Exception | None, title: str) -> None:
    """While requests cannot be listed it does not say that there were none."""
    tenant = Tenant(heartbeat=HOUR)
    tenant.poll()
    tenant.approvals.error = error
    tenant.poll(2 * HOUR)

    [told] = [each.notification.event for each in tenant.store.journal.read_sent()]
    assert isinstance(told, Notice)
    assert title in told.title


def test_a_process_whose_memory_is_gone_says_so_for_good() -> None:
    """The mark tells when; the poll after knows it still."""
    tenant = Tenant()
    tenant.poll()
    store = tenant.store
    store.rows.commit([Delete(each.key, each.etag) for each in store.rows.read(" ", "~")])
    tenant.poll(MINUTE)
    tenant.poll(MINUTE)

    assert tenant.mark is not None
    assert tenant.mark.memory_lost_at == START + MINUTE
