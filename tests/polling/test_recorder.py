"""What becomes of the news of a source: who is told, and who is named for the chats with approvers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from maa_notify.domain.approvers import Decider
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import EventKind, Look, RequestEvent
from maa_notify.domain.notification import APPROVER_CHAT, Notification
from maa_notify.domain.request import ApprovalRequest
from maa_notify.domain.routing import Route
from maa_notify.polling.recorder import Recorder
from maa_notify.polling.source import News
from maa_notify.storage.records import Versioned
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore
from tests.support.approval import approval
from tests.support.clock import START
from tests.support.memory import MemoryRows

CHANNEL, CHATS = Route("default"), Route(APPROVER_CHAT, to_approvers=True, follows=frozenset({"default"}))


@dataclass
class Approvers:
    """Two people can decide everything."""

    asked: list[str] = field(default_factory=list)

    def annotated(
        self, changes: Sequence[Change[Any]], snapshot: Snapshot, now: datetime
    ) -> Sequence[Change[Any]]:
        """Nothing to add."""
        return changes

    def people(self, request: ApprovalRequest, now: datetime) -> tuple[str, ...]:
        """Both of them."""
        self.asked.append(request.status)
        return ("p", "q")


def recorded(status: str, kind: EventKind, approvers: Approvers | None) -> dict[str, tuple[str, ...]]:
    """Whom each destination's notification names."""
    state = RequestState(approval(status, id="a"))
    change = Change("a", None, state, RequestEvent(kind, state.request, 1, START))
    store = StateStore(MemoryRows())
    recorder = Recorder(store, [CHANNEL, CHATS], approvers)

    recorder.record(News([change], is_complete=True), START)

    return {each.value.destination: each.value.people for each in store.outbox.read_pending()}


def test_who_looked_at_a_request_that_is_gone_is_forgotten() -> None:
    """Its id may come again, for another request."""
    store = StateStore(MemoryRows())
    store.looks.write("gone", Versioned(Look(Decider("p"), START), ""))
    recorder = Recorder(store, [CHANNEL], None)

    recorder.forget_looks(News(is_complete=False), store.requests.read_snapshot(), START)
    held = store.requests.read_snapshot()
    recorder.forget_looks(News(is_complete=True), held, START)

    assert (list(held.looks), store.requests.read_snapshot().looks) == (["gone"], {})


@pytest.mark.parametrize(
    "status,kind,people",
    [
        ("needsApproval", EventKind.CREATED, ("p", "q")),
        ("needsApproval", EventKind.REMINDER, ("p", "q")),
        ("approved", EventKind.STATUS_CHANGED, ()),
        ("needsApproval", EventKind.NO_LONGER_LISTED, ()),
    ],
)
def test_chats_with_approvers_get_what_is_theirs_to_decide(
    status: str, kind: EventKind, people: tuple[str, ...]
) -> None:
    """What is settled is for whoever has its card already; nobody new is named for it, nor looked up."""
    approvers = Approvers()

    assert recorded(status, kind, approvers) == {"default": (), APPROVER_CHAT: people}
    assert approvers.asked == ([status] if people else [])


def test_what_is_for_cards_alone_takes_no_reminder_from_those_who_have_none() -> None:
    """Chats that are on again are told that it is open again, in the poll in which a reminder is due."""
    request = approval("needsApproval", id="a")
    again, reminder = (
        RequestEvent(kind, request, 3, START) for kind in (EventKind.STATUS_CHANGED, EventKind.REMINDER)
    )
    welcome = Notification(again, APPROVER_CHAT, START)
    store = StateStore(MemoryRows())
    routes = [replace(CHANNEL, events=frozenset({"reminder"})), CHATS]
    change = Change("a", None, RequestState(request, 3), reminder, (welcome,))

    Recorder(store, routes, Approvers()).record(News([change], is_complete=True), START)

    told = [each.value for each in store.outbox.read_pending() if each.value.is_for_many]
    assert [(each.event.kind, each.people) for each in sorted(told, key=lambda each: each.key)] == [
        (EventKind.REMINDER, ("p", "q")),
        (EventKind.STATUS_CHANGED, ()),
    ]


@pytest.mark.parametrize(
    "status,kind,memory_lost,unheard",
    [
        ("approved", EventKind.CREATED, False, 1),
        ("needsApproval", EventKind.CREATED, False, 1),
        ("approved", EventKind.CREATED, True, 0),
        ("approved", EventKind.STATUS_CHANGED, False, 0),
    ],
)
def test_a_request_that_no_channel_asks_for_is_unheard_though_chats_are_written_to(
    status: str, kind: EventKind, memory_lost: bool, unheard: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Settled when it was first seen, it has no card in a chat; later, or before, there may be one."""
    request = approval(status, id="a")
    event = RequestEvent(kind, request, 1, START, memory_lost=memory_lost)
    routes = [replace(CHANNEL, policy_types=frozenset({"app"})), CHATS]
    recorder = Recorder(StateStore(MemoryRows()), routes, Approvers())

    found = recorder.record(News([Change("a", None, RequestState(request), event)]), START)

    assert found.unheard == unheard
    assert ["poll.unheard" in each for each in caplog.messages] == [True] * unheard


def test_nobody_is_named_where_nobody_wants_to_know_who_can_decide() -> None:
    """What is in chats from another time still learns what became of it."""
    assert recorded("needsApproval", EventKind.CREATED, None) == {"default": (), APPROVER_CHAT: ()}
