"""What a card costs in trips to the state store, and that no trip is spared that a promise stands on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from msgspec.structs import replace

from maa_notify.delivery.sender import Message, Receipt, Sender
from maa_notify.demo.access import SimulatedAccess
from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.errors import StateCorrupt, StateError
from maa_notify.graph.client import GraphClient
from maa_notify.storage.records import OUTBOX
from maa_notify.storage.rows import ConflictError, Put, Row, Rows, Write, prefix_end
from maa_notify.storage.store import StateStore
from tests.support.cards import text
from tests.support.graph import FakeGraph, make_request
from tests.support.notifier import Notifier
from tests.support.teams import FakeTeams
from tests.support.wire import reply


@dataclass(slots=True)
class Watched:
    """Rows that tell what is asked of them, and let somebody else act before a transaction."""

    rows: Rows
    teams: FakeTeams
    before_post: list[str] = field(default_factory=list)
    writes: int = 0
    before_commit: Callable[[Sequence[Write]], None] = lambda _: None

    def read(self, first: str, end: str) -> Iterator[Row]:
        """Notes the range."""
        self._note(f"read {first}..{end}")
        return self.rows.read(first, end)

    def get(self, key: str) -> Row | None:
        """Notes the key."""
        self._note(f"get {key}")
        return self.rows.get(key)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Notes the kinds of rows."""
        self._note("write " + " ".join(sorted({each.key.split(":")[0] for each in writes})))
        self.writes += 1
        self.before_commit(writes)
        return self.rows.commit(writes)

    def close(self) -> None:
        """Passes on."""
        self.rows.close()

    def _note(self, trip: str) -> None:
        if not self.teams.calls:
            self.before_post.append(trip)


@pytest.fixture
def rows_of(teams: FakeTeams) -> Callable[[Notifier], Watched]:
    """Watches the rows of a notifier that has polled before, from its next poll on."""

    def watch(notifier: Notifier) -> Watched:
        watched = Watched(notifier.app.store.rows, teams)
        notifier.app.store = StateStore(watched)
        notifier.poll_after(60)
        watched.before_post.clear()
        return watched

    return watch


@pytest.fixture
def rows(graph: FakeGraph, notifier: Notifier, rows_of: Callable[[Notifier], Watched]) -> Watched:
    """The rows of a notifier that has polled before, and knows one request that is over."""
    graph.requests = [make_request(now=notifier.clock.now(), status="completed")]
    notifier.poll()
    return rows_of(notifier)


def test_a_first_card_costs_one_read_and_one_transaction(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, rows: Watched
) -> None:
    """State and outbox in one range; the news, its notification and the lease of the channel together."""
    graph.requests.append(make_request(now=notifier.clock.now()))

    notifier.poll_after(60)

    assert rows.before_post == ["read meta:..outbox;", "write live meta outbox"]
    assert len(teams.cards) == 1
    assert notifier.app.store.outbox.read_destination("default").value.holder == ""


@pytest.fixture
def knowing(graph: FakeGraph, teams: FakeTeams, make_notifier: Callable[..., Notifier]) -> Notifier:
    """A notifier that tells who can decide, and has read that."""
    SimulatedAccess().serve(graph.resources)
    made = make_notifier(MAA_APPROVERS="on")
    graph.requests = [make_request(now=made.clock.now(), status="completed")]
    made.poll()
    return made


def test_who_can_decide_costs_no_trip_more(
    graph: FakeGraph, teams: FakeTeams, knowing: Notifier, rows_of: Callable[[Notifier], Watched]
) -> None:
    """Neither in a quiet poll nor for a first card: the process has it in its memory."""
    watched = rows_of(knowing)
    knowing.poll_after(60)
    quiet = [*watched.before_post]
    watched.before_post.clear()
    graph.requests.append(make_request(now=knowing.clock.now()))
    knowing.poll_after(60)

    assert quiet == ["read meta:..outbox;", "write meta"]
    assert watched.before_post == ["read meta:..outbox;", "write live meta outbox"]
    assert len(teams.cards) == 1


def test_a_quiet_poll_costs_one_read_and_the_mark(notifier: Notifier, rows: Watched) -> None:
    """However many requests are known."""
    notifier.poll_after(60)

    assert rows.before_post == ["read meta:..outbox;", "write meta"]


def test_a_heartbeat_is_posted_without_reading_it_again(
    teams: FakeTeams, notifier: Notifier, rows: Watched
) -> None:
    """Its row and the channel's are known from writing them."""
    notifier.poll_after(timedelta(days=31).total_seconds())

    assert rows.before_post == ["read meta:..outbox;", "write meta outbox", "write meta"]
    assert len(teams.cards) == 1


def test_news_are_recorded_although_another_poller_just_took_the_channel(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, rows: Watched
) -> None:
    """The lease comes along if it can; without it they are recorded all the same, and posted once it ends."""
    until = notifier.clock.now() + timedelta(seconds=90)

    def take(writes: Sequence[Write]) -> None:
        rows.before_commit = lambda _: None
        other = StateStore(rows.rows).outbox
        state = other.read_destination("default")
        taken = replace(state.value, holder="other", lease_expires_at=until)
        other.write_destination("default", replace(state, value=taken))

    rows.before_commit = take
    graph.requests.append(make_request(now=notifier.clock.now()))

    report = notifier.poll_after(60)

    assert (report.events, report.delivered, len(teams.cards)) == (1, 1, 1)
    assert notifier.clock.now() >= until


@pytest.mark.parametrize("is_posted", [False, True], ids=["lease", "outcome"])
def test_a_channel_whose_row_always_changes_ends_the_poll(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, rows: Watched, is_posted: bool
) -> None:
    """It is left to the next poll, or the poll fails where a card was posted; nobody writes for ever."""

    def be_faster(writes: Sequence[Write]) -> None:
        concerns_it = any(each.key == "meta:destination:default" for each in writes)
        if concerns_it and bool(teams.calls) is is_posted:
            raise ConflictError

    rows.before_commit = be_faster
    graph.requests.append(make_request(now=notifier.clock.now()))

    if is_posted:
        with pytest.raises(StateError, match="'default'"):
            notifier.poll_after(60)
    else:
        assert notifier.poll_after(60).pending == 1

    assert rows.writes < 40


def test_what_a_person_discards_during_a_failing_post_does_not_come_back(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, rows: Watched
) -> None:
    """The poll's note of the failure does not put it into the outbox again; other cards are not concerned."""

    def discard_first(writes: Sequence[Write]) -> None:
        if teams.calls:
            rows.before_commit = lambda _: None
            outbox = StateStore(rows.rows).outbox
            [tried] = [each for each in outbox.read_pending() if each.value.event.subject_id == first["id"]]
            outbox.discard(tried)

    rows.before_commit = discard_first
    first = make_request(now=notifier.clock.now(), age=timedelta(minutes=2))
    second = make_request(now=notifier.clock.now())
    graph.requests += [first, second]
    teams.fail_next(reply(404))

    during, after = notifier.poll_after(60), notifier.poll_after(60)

    assert (during.pending, after.delivered, after.pending) == (1, 1, 0)
    assert [second["payloadName"] in text(card) for card in teams.cards] == [True]


def test_a_damaged_row_of_the_outbox_keeps_nobody_from_recording_news(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, rows: Watched
) -> None:
    """The poll stops before it posts and names the row; what is new is told once that is mended."""
    rows.rows.commit([Put(f"{OUTBOX}1", "not json")])
    graph.requests.append(make_request(now=notifier.clock.now()))
    with pytest.raises(StateCorrupt, match=f"'{OUTBOX}1'"):
        notifier.poll_after(60)
    waiting = [row.key for row in rows.rows.read(OUTBOX, prefix_end(OUTBOX))]

    assert (len(waiting), teams.cards) == (2, [])


@dataclass(slots=True)
class SlowGraph:
    """While it lists, somebody else has time to act."""

    graph: GraphClient
    meanwhile: Callable[[], object]

    def list_requests(self) -> Listing:
        """Lists after that."""
        self.meanwhile()
        return self.graph.list_requests()

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """Passes on."""
        return self.graph.find_request(request_id)


def test_what_another_poller_delivered_meanwhile_is_not_posted_again(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, rows: Watched
) -> None:
    """It waited when this poll began and is gone when it would post: the channel's row tells."""
    graph.requests.append(make_request(now=notifier.clock.now()))
    notifier.app.senders, senders = {}, notifier.app.senders
    notifier.poll_after(60)
    notifier.app.senders = senders
    other = notifier.another()
    notifier.app.graph = SlowGraph(notifier.app.graph, other.poll)  # type: ignore[assignment]

    report = notifier.poll_after(60)
    other.close()

    assert (report.delivered, len(teams.cards)) == (0, 1)


def test_a_lease_lasts_for_the_whole_post_however_slow_the_store_is(
    graph: FakeGraph, teams: FakeTeams, notifier: Notifier, rows: Watched
) -> None:
    """It is looked at again right before the post: what is left then is more than a post may take."""
    graph.requests.append(make_request(now=notifier.clock.now()))
    left: list[float] = []

    def be_slow(writes: Sequence[Write]) -> None:
        if not teams.calls:
            notifier.clock.advance(25)
            rows.before_commit = lambda _: notifier.clock.advance(9)

    @dataclass
    class Watching:
        sender: Sender
        updates_cards = False

        def post(self, message: Message) -> Receipt:
            state = StateStore(rows.rows).outbox.read_destination("default").value
            assert state.lease_expires_at is not None
            left.append((state.lease_expires_at - notifier.clock.now()).total_seconds() - message.seconds)
            return self.sender.post(message)

        def answers(self) -> bool:
            return self.sender.answers()

        def close(self) -> None:
            self.sender.close()

    notifier.app.senders = {"default": Watching(notifier.app.senders["default"])}
    rows.before_commit = be_slow
    report = notifier.poll_after(60)

    assert (report.delivered, len(left), left[0] > 0) == (1, 1, True)
