"""What a look at the approval requests finds, on rows in memory and with a Graph of our own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState, Rules
from maa_notify.domain.event import RequestEvent
from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.domain.times import SKEW
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import GraphError, GraphUnavailable
from maa_notify.polling.approvals import Approvals
from maa_notify.polling.source import News
from maa_notify.storage.records import SourceMark, Versioned
from maa_notify.storage.store import StateStore
from tests.support.approval import FILED, NOW, approval
from tests.support.clock import FakeClock
from tests.support.memory import MemoryRows

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OPEN = approval(id="open")
MARK = SourceMark(last_good=NOW - MINUTE, outlook=Outlook(since=NOW - 99 * HOUR))


@dataclass
class Graph:
    """Lists `listed` and finds `found`; an error in place of a request is raised."""

    listed: tuple[ApprovalRequest, ...] = ()
    found: dict[str, ApprovalRequest | GraphError] = field(default_factory=dict)
    roles: tuple[str, ...] | None = None
    malformed: int = 0
    asked: list[str] = field(default_factory=list)

    def list_requests(self) -> Listing:
        """The list."""
        return Listing(self.listed, self.malformed, self.roles)

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """One of them."""
        self.asked.append(request_id)
        answer = self.found.get(request_id)
        if isinstance(answer, GraphError):
            raise answer
        return answer


def look(
    graph: Graph,
    *known: RequestState,
    mark: SourceMark | None = MARK,
    watermark: datetime | None = None,
    ahead: tuple[datetime, ...] = (),
    store: StateStore | None = None,
    **rules: Any,
) -> News:
    """What a poll finds that remembers these requests."""
    store = store or StateStore(MemoryRows())
    snapshot = replace(
        store.requests.read_snapshot(),
        tracked={each.request.id: Versioned(each, "1") for each in known},
        marks={} if mark is None else {"approvals": mark},
        watermark=watermark,
        left_ahead=ahead,
    )
    source = Approvals(graph, store.requests, Rules(**rules), FakeClock(NOW))
    return source.news(snapshot, NOW)


def told(news: News) -> list[tuple[str, str]]:
    """The events, by request."""
    return [(each.subject_id, each.event.name) for each in news.changes if each.event is not None]


def test_what_was_looked_at_is_counted() -> None:
    """How many were listed, how many wait for an approver, and the oldest of these."""
    waiting = [approval(id=name, requested_at=at) for name, at in (("a", FILED), ("b", None), ("c", NOW))]
    graph = Graph((*waiting, approval("rejected", id="d", requested_at=NOW - 9 * HOUR)), malformed=2)

    seen = look(graph).seen

    assert (seen.listed, seen.malformed, seen.waiting, seen.oldest_waiting_s) == (4, 2, 3, 3_600)
    assert look(Graph((approval(requested_at=NOW + HOUR),))).seen.oldest_waiting_s == 0
    assert look(Graph()).seen.oldest_waiting_s == 0


def test_a_request_that_is_listed_too_old_counts_as_it_is_known() -> None:
    """It is counted as stale, and is no news."""
    known = RequestState(approval("approved", modified_at=NOW))

    news = look(Graph((approval(modified_at=FILED),)), known)

    assert (told(news), news.seen.stale, news.seen.waiting) == ([], 1, 0)
    assert news.outlook is not None
    assert news.outlook.stale == 1


@pytest.mark.parametrize(
    "answer,expected,missing",
    [
        (OPEN, [], False),
        (approval("approved", id="open", modified_at=NOW), [("open", "approved")], False),
        (None, [], True),
        (approval("approved", id="another"), [], False),
        (GraphUnavailable("busy"), [], False),
    ],
    ids=["there", "news", "gone", "another request", "no answer"],
)
def test_an_open_request_that_the_list_omits_is_asked_for(
    answer: Any, expected: list[tuple[str, str]], missing: bool
) -> None:
    """Only what Graph does not know any more is missing, and nobody is told at once."""
    graph = Graph(found={} if answer is None else {"open": answer})

    news = look(graph, RequestState(OPEN))

    assert (told(news), graph.asked) == (expected, ["open"])
    assert {each.after.overruled for each in news.changes if each.after} <= {()}
    assert [each.after.missing_since for each in news.changes if each.after and not each.event] == (
        [NOW] if missing else []
    )


@pytest.mark.parametrize(
    "count,error,asked,in_turn",
    [
        (20, None, 20, 0),
        (21, None, 20, 20),
        (21, GraphUnavailable("busy"), 20, 20),
        (5, GraphUnavailable("busy", 30.0), 2, 2),
        (2, GraphUnavailable("busy", 30.0), 2, 0),
    ],
    ids=["all", "too many", "too many fail", "asked to wait", "asked to wait, and all were asked"],
)
def test_those_that_were_asked_for_wait_for_the_others(
    count: int, error: GraphError | None, asked: int, in_turn: int
) -> None:
    """Their turn is remembered where somebody had none; two pleas to wait in a row end the look-ups."""
    known = [RequestState(approval(id=f"{number:02}")) for number in range(count)]
    graph = Graph(found={each.request.id: error or each.request for each in known})

    news = look(graph, *known)

    assert len(graph.asked) == asked
    assert [each.after.looked_up_at for each in news.changes if each.after] == [NOW] * in_turn


def test_pleas_to_wait_between_answers_end_no_look_ups() -> None:
    """A service that answers others is not overloaded."""
    known = [RequestState(approval(id=f"{number:02}")) for number in range(5)]
    plea = GraphUnavailable("busy", 30.0)
    answers: dict[str, ApprovalRequest | GraphError] = dict.fromkeys(("00", "02", "04"), plea)
    graph = Graph(found=answers | {each: approval(id=each) for each in ("01", "03")})

    look(graph, *known)

    assert len(graph.asked) == 5


def test_a_look_up_that_another_request_answers_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """It tells nothing of the one that was asked for, which is asked for again."""
    news = look(Graph(found={"asked": OPEN}), RequestState(approval(id="asked")))

    assert (news.changes, len(caplog.messages)) == ([], 1)
    assert "Graph answered with another request; a later poll asks again" in caplog.messages[0]


@pytest.mark.parametrize("count,text", [(1, "busy; a later"), (2, "busy (2 look-ups failed); a later")])
def test_look_ups_that_fail_are_said_in_one_line(
    count: int, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With how many they were."""
    known = [RequestState(approval(id=f"{number:02}")) for number in range(count)]
    busy = GraphUnavailable("busy")

    look(Graph(found={each.request.id: busy for each in known}), *known)

    [line] = caplog.messages
    assert text in line


@pytest.mark.parametrize("before,is_said", [({}, True), ({"stale": 1}, False)])
def test_outdated_answers_are_said_when_they_begin(
    before: dict[str, int], is_said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, however long Graph goes on."""
    mark = replace(MARK, outlook=replace(MARK.outlook, **before))

    look(
        Graph((approval(modified_at=FILED),)), RequestState(approval("approved", modified_at=NOW)), mark=mark
    )

    assert [line.split()[0] for line in caplog.messages] == ["graph.stale"] * is_said


def test_the_newest_of_those_that_leave_sets_the_watermark() -> None:
    """None that was filed later ever left."""
    store = StateStore(MemoryRows())
    times = (FILED - HOUR, FILED, FILED - 2 * HOUR)
    known = [RequestState(approval("completed", id=f"{at:%H}", requested_at=at)) for at in times]

    look(Graph(), *known, store=store)

    assert store.requests.read_snapshot().watermark == FILED


def test_a_look_at_which_nothing_leaves_writes_no_watermark() -> None:
    """It costs no transaction, also where none ever left."""
    rows = MemoryRows()

    look(Graph((OPEN,)), store=StateStore(rows))

    assert list(rows.read("", "~")) == []


def test_a_closed_request_leaves_without_being_asked_for() -> None:
    """Its filing time becomes the mark that tells new requests from known ones."""
    store = StateStore(MemoryRows())
    graph = Graph()

    news = look(graph, RequestState(approval("completed")), store=store)

    assert [each.after for each in news.changes] == [None]
    assert (graph.asked, store.requests.read_snapshot().watermark) == ([], FILED)


@pytest.mark.parametrize(
    "filed,watermark,expected,ahead",
    [
        (FILED, None, FILED, ()),
        (FILED, FILED - HOUR, FILED, ()),
        (FILED, NOW, None, ()),
        (NOW + SKEW, FILED, NOW + SKEW, ()),
        (NOW + HOUR, FILED, datetime.min.replace(tzinfo=NOW.tzinfo), (NOW + HOUR,)),
    ],
    ids=["first", "higher", "lower", "another clock", "ahead"],
)
def test_the_watermark_follows_what_leaves(
    filed: datetime, watermark: datetime | None, expected: datetime | None, ahead: tuple[datetime, ...]
) -> None:
    """It is written only where it rises; times ahead of the clock are remembered by themselves."""
    store = StateStore(MemoryRows())

    look(Graph(), RequestState(approval("completed", requested_at=filed)), watermark=watermark, store=store)

    after = store.requests.read_snapshot()
    assert (after.watermark, after.left_ahead) == (expected, ahead)


@pytest.mark.parametrize(
    "filed,watermark,ahead,is_read",
    [
        (FILED, FILED, (), True),
        (FILED, FILED - SECOND, (), False),
        (FILED, None, (), False),
        (None, FILED, (), True),
        (NOW + SKEW, FILED, (), False),
        (NOW + SKEW + SECOND, FILED, (), True),
        (NOW, FILED, (NOW,), True),
    ],
    ids=["as old", "newer", "nothing left", "no time", "another clock", "ahead", "left ahead"],
)
def test_a_request_that_may_have_been_listed_before_is_known_again(
    filed: datetime | None, watermark: datetime | None, ahead: tuple[datetime, ...], is_read: bool
) -> None:
    """The past is read only for these, since it grows for ever."""
    store = StateStore(MemoryRows())
    past = RequestState(approval("approved", requested_at=filed), revision=3, missing_since=FILED)
    _left(store, past)
    graph = Graph((approval("completed", requested_at=filed, modified_at=NOW),))

    news = look(graph, watermark=watermark, ahead=ahead, store=store)

    assert [each.event.revision for each in news.changes if each.event] == [4 if is_read else 1]
    assert set(news.past) == ({past.request.id} if is_read else set())


def _left(store: StateStore, past: RequestState) -> None:
    """Lets the store remember a request that left the list."""
    store.requests.record([Change(past.request.id, None, past)])
    known = store.requests.read_snapshot().tracked
    store.requests.record([Change(past.request.id, past, None)], known)


@pytest.mark.parametrize(
    "mark,ended,is_told",
    [
        (None, NOW, False),
        (replace(MARK, last_good=None), NOW, False),
        (MARK, NOW - 100 * HOUR, False),
        (MARK, NOW - 98 * HOUR, True),
        (replace(MARK, outlook=Outlook()), NOW - 100 * HOUR, True),
        (replace(MARK, memory_lost_at=NOW - 9 * HOUR), NOW - 98 * HOUR, True),
        (replace(MARK, outlook=Outlook(since=NOW)), NOW - SECOND, False),
        (replace(MARK, outlook=Outlook(since=NOW, listed={"apps": NOW})), NOW - SECOND, True),
        (replace(MARK, outlook=Outlook(since=NOW, listed={"apps": NOW})), NOW - SKEW - SECOND, False),
        (replace(MARK, outlook=Outlook(since=NOW + 99 * HOUR)), NOW - SECOND, True),
        (
            replace(MARK, outlook=Outlook(since=NOW + 99 * HOUR), memory_lost_at=NOW - HOUR),
            NOW - SECOND,
            False,
        ),
    ],
    ids=[
        "first run",
        "no good look yet",
        "before the first",
        "after the first",
        "nobody noted the first",
        "since memory was lost",
        "history not seen",
        "history seen",
        "history seen, too old",
        "clock set back",
        "clock set back, memory lost",
    ],
)
def test_what_ended_before_we_watched_is_no_news(
    mark: SourceMark | None, ended: datetime, is_told: bool
) -> None:
    """A first run, or one after lost memory, tells what is open only."""
    closed = approval("completed", id="closed", modified_at=ended)

    news = look(Graph((closed, OPEN)), mark=mark)

    assert dict(told(news)) == {"open": "created"} | ({"closed": "created"} if is_told else {})


@pytest.mark.parametrize(
    "lost_at,is_repeat",
    [(None, False), (NOW, True), (FILED, False), (NOW + 99 * HOUR, False)],
    ids=["never", "since it was filed", "before", "clock set back"],
)
def test_what_was_filed_before_memory_was_lost_may_be_told_again(
    lost_at: datetime | None, is_repeat: bool
) -> None:
    """Its card says so."""
    [change] = look(Graph((OPEN,)), mark=replace(MARK, memory_lost_at=lost_at)).changes

    assert isinstance(change.event, RequestEvent)
    assert change.event.memory_lost is is_repeat


def test_statuses_that_graph_tells_for_one_moment_are_one_piece_of_news() -> None:
    """The other one is remembered as overruled; by id Graph was asked for this very request."""
    copies = (approval("approved"), approval())
    listed = look(Graph(copies), RequestState(approval("approved")))
    asked = look(Graph(found={"open": approval("approved", id="open")}), RequestState(OPEN))

    assert told(listed) == []
    assert [each.after.overruled for each in listed.changes if each.after] == [("needsApproval",)]
    assert told(asked) == [("open", "approved")]
    assert [each.after.overruled for each in asked.changes if each.after] == [("needsApproval",)]


def test_a_list_that_agrees_with_itself_again_overrules_nothing() -> None:
    """What counted no more may be news of a later moment."""
    known = RequestState(approval("approved"), overruled=("needsApproval",))

    news = look(Graph((approval("approved"),)), known)

    assert [each.after.overruled for each in news.changes if each.after] == [()]


def test_a_hidden_request_is_neither_asked_for_nor_called_gone() -> None:
    """The poll is not good, and names the permission; what Intune would list no more leaves in silence."""
    roles = ("DeviceManagementManagedDevices.Read.All",)
    mark = replace(MARK, outlook=Outlook(since=FILED, roles=roles, last_roles=roles))
    old = approval(id="old", expires_at=NOW - timedelta(days=31))
    graph = Graph(roles=())

    news = look(graph, RequestState(OPEN), RequestState(old), mark=mark)

    assert (graph.asked, told(news)) == ([], [])
    assert news.problem is not None
    assert news.problem.missing_permission == roles[0]
    assert "1 known requests" in str(news.problem)
    assert [each.subject_id for each in news.changes] == ["old"]
    assert news.outlook is not None
    assert news.outlook.lost == roles
