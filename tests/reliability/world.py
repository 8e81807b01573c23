"""A small world for random lives: a tenant, channels, a state store, and faults at every point of I/O.

Pollers run as threads of which one moves at a time; at each point of I/O a seeded scheduler decides who goes
on. So two pollers meet in every possible way, and a life can be repeated from its seed.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Semaphore, Thread
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.delivery.delivery import Delivery
from maa_notify.delivery.sender import Card, Message, Receipt
from maa_notify.domain.compare import Rules
from maa_notify.domain.event import Event, RequestEvent
from maa_notify.domain.notification import CardLocation
from maa_notify.domain.reminders import parse_plan
from maa_notify.domain.request import STATUSES, ApprovalRequest, Identity, Listing
from maa_notify.domain.routing import Route
from maa_notify.errors import (
    CardRefused,
    DestinationRefused,
    DestinationUnavailable,
    GraphUnavailable,
    MaaNotifyError,
    StateError,
)
from maa_notify.polling.approvals import Approvals
from maa_notify.polling.poll import Habits, Poll
from maa_notify.storage.records import OUTBOX, SENT
from maa_notify.storage.rows import Delete, Put, Row, Write
from maa_notify.storage.store import StateStore
from tests.support.clock import START, FakeClock
from tests.support.memory import MemoryRows

ROUTES = (
    Route("everything", catch_all=True),
    Route("devices", policy_types=frozenset({"deviceWipe"})),
    Route("audit", events=frozenset({"approved", "completed", "created"})),
    Route("chat", to_requestor=True),
)
PEOPLE = (
    Identity("user", upn="mira.holt@contoso.com"),
    Identity("user", upn="jonas.lind@contoso.com"),
    Identity("application", "fabrikam-release-pipeline"),
    Identity(),
)
RULES = Rules(reminders=parse_plan("50%,24h,4h"), complete_reminders=parse_plan("4h,24h"))
TYPES = ("deviceWipe", "app", "script")


class KilledError(BaseException):
    """The process ends here and now: nothing may catch it."""


class Seen(Struct, frozen=True):
    """An event as it arrived in a channel: `what` is its kind and, for a reminder, the stage."""

    destination: str
    request_id: str
    revision: int
    what: str
    status: str


@dataclass(slots=True)
class Post:
    """One card that arrived: by which poll, with what, for whom, and whether the poll could record it.

    `readers` is "" for a channel; in a chat whoever it was sent to and everybody whose requests it holds.
    """

    poll: int
    events: tuple[Seen, ...]
    readers: frozenset[str]
    recorded: bool = False


@dataclass(slots=True)
class Chances:
    """How likely something happens at one point of I/O: a fault, a kill, or a change in the tenant."""

    fault: float = 0.0
    kill: float = 0.0
    change: float = 0.0


@dataclass(slots=True)
class World:
    """Everything outside the notifier, and what it can tell of what happened."""

    rng: random.Random
    chances: Chances = field(default_factory=Chances)
    clock: FakeClock = field(default_factory=FakeClock)
    rows: MemoryRows = field(default_factory=MemoryRows)
    listed: dict[str, ApprovalRequest] = field(default_factory=dict)
    dropped: list[ApprovalRequest] = field(default_factory=list)
    history: dict[str, list[str]] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    disturbed: set[int] = field(default_factory=set)
    polls: int = 0
    overtakable: set[tuple[str, str]] = field(default_factory=set)

    def intune_now(self) -> datetime:
        """The time of Intune, which nobody sets back with the clock of a notifier."""
        return START + timedelta(seconds=self.clock.monotonic())

    def create(self) -> None:
        """Somebody files a request."""
        now = self.intune_now()
        number = self.rng.getrandbits(64)
        request = ApprovalRequest(
            id=f"{number:016x}",
            status=self.rng.choice(("needsApproval", "needsApproval", "needsApproval", *STATUSES)),
            policy_types=(self.rng.choice(TYPES),),
            requested_at=now,
            expires_at=now + timedelta(hours=self.rng.choice((1, 72, 720))),
            modified_at=now,
            requestor=PEOPLE[number % len(PEOPLE)],
        )
        self._list(request)

    def change(self) -> None:
        """A request takes any other status, legal or not; its modification time may lag."""
        if not self.listed:
            return
        request = self.rng.choice(list(self.listed.values()))
        status = self.rng.choice([*STATUSES, "neverHeardOf"])
        modified_at = self.rng.choice((request.modified_at, self.intune_now()))
        self._list(replace(request, status=status, modified_at=modified_at))

    def _list(self, request: ApprovalRequest) -> None:
        self.listed[request.id] = request
        self.history.setdefault(request.id, []).append(request.status)

    def drop(self) -> None:
        """A request leaves the list; it may come back."""
        if self.listed:
            gone = self.rng.choice(list(self.listed))
            self.dropped.append(self.listed.pop(gone))

    def relist(self) -> None:
        """A request that had left is listed again, which is news where it was told as gone."""
        if self.dropped:
            self._list(self.dropped.pop())

    def is_new_to_us(self) -> bool:
        """Whether no poll has ended well yet, so that closed requests are not told."""
        mark = StateStore(self.rows).requests.read_mark("approvals")
        return mark is None or mark.last_good is None

    def poller(self, pause: Callable[[], None]) -> "Poller":
        """A new poll; `pause` is called at every point of I/O."""
        self.polls += 1
        return Poller(self, self.polls, pause)

    def told(self) -> dict[tuple[str, str], list[Seen]]:
        """What arrived, first arrivals only, by destination and request."""
        told: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        for post in self.posts:
            for seen in post.events:
                line = told[seen.destination, seen.request_id]
                if seen not in line:
                    line.append(seen)
        return told


@dataclass(slots=True)
class Poller:
    """One poll of the real notifier in this world, and where its faults and kills are decided."""

    world: World
    number: int
    pause: Callable[[], None]
    in_post: bool = False

    def run(self) -> None:
        """Polls once; errors and kills end it as they end a process."""
        try:
            self._poll().run()
        except (MaaNotifyError, KilledError):
            self.world.disturbed.add(self.number)
        finally:
            self.in_post = False

    def _poll(self) -> Poll:
        store = StateStore(_Rows(self))
        senders = {route.name: _Channel(self, route.name, route.name == "devices") for route in ROUTES}
        clock = _Clock(self)
        seeded = random.Random(self.world.rng.getrandbits(32))
        delivery = Delivery(store.outbox, senders, _Cards(), clock, random=seeded)
        approvals = Approvals(_Graph(self), store.requests, RULES)
        return Poll(approvals, (), store, ROUTES, delivery, clock, Habits(heartbeat=None))

    def point(self) -> None:
        """A point of I/O: others may go on, and the process may be killed."""
        self.pause()
        if self.world.rng.random() < self.world.chances.kill:
            self.world.disturbed.add(self.number)
            raise KilledError

    def fails(self) -> bool:
        """Whether this operation goes wrong."""
        if self.world.rng.random() >= self.world.chances.fault:
            return False
        self.world.disturbed.add(self.number)
        return True


@dataclass(slots=True)
class _Clock:
    poller: Poller

    def now(self) -> datetime:
        return self.poller.world.clock.now()

    def monotonic(self) -> float:
        return self.poller.world.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.poller.pause()
        self.poller.world.clock.sleep(seconds)


@dataclass(slots=True)
class _Graph:
    """Lists the tenant, sometimes not at all, with one request missing, or with one twice."""

    poller: Poller

    def list_requests(self) -> Listing:
        self.poller.point()
        if self.poller.fails():
            raise GraphUnavailable("a fault")
        listed = list(self.poller.world.listed.values())
        rng = self.poller.world.rng
        if listed and self.poller.fails():
            odd = rng.choice(listed)
            listed = [each for each in listed if each is not odd] if rng.random() < 0.5 else [*listed, odd]
        self.poller.point()
        return Listing(tuple(listed))

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        self.poller.point()
        if self.poller.fails():
            raise GraphUnavailable("a fault")
        return self.poller.world.listed.get(request_id)


@dataclass(slots=True)
class _Rows:
    """The shared store, which may be away before or after it has done what it was asked."""

    poller: Poller

    def read(self, first: str, end: str) -> Iterator[Row]:
        self._around(lambda: None)
        return self.poller.world.rows.read(first, end)

    def get(self, key: str) -> Row | None:
        self._around(lambda: None)
        return self.poller.world.rows.get(key)

    def commit(self, changes: Sequence[Write]) -> list[str]:
        etags: list[str] = self._around(lambda: self._commit(changes))
        return etags

    def close(self) -> None:
        pass

    def _commit(self, changes: Sequence[Write]) -> list[str]:
        etags = self.poller.world.rows.commit(changes)
        self._note(changes)
        return etags

    def _note(self, changes: Sequence[Write]) -> None:
        """Remembers that a post of this poll is now in the journal."""
        journalled = any(isinstance(each, Put) and each.key.startswith(SENT) for each in changes)
        if journalled and any(isinstance(each, Delete) and each.key.startswith(OUTBOX) for each in changes):
            mine = [post for post in self.poller.world.posts if post.poll == self.poller.number]
            mine[-1].recorded = True
            self.poller.in_post = False

    def _around(self, action: Callable[[], Any]) -> Any:
        self.poller.point()
        if self.poller.fails():
            raise StateError("a fault before")
        result = action()
        if self.poller.fails():
            raise StateError("a fault after")
        self.poller.point()
        return result


@dataclass(slots=True)
class _Channel:
    """A Teams channel, which may refuse, be away, or take a card and lose the answer."""

    poller: Poller
    name: str
    updates_cards: bool = False

    def answers(self) -> bool:
        """A quiet question is answered."""
        return True

    def post(self, message: Message) -> Receipt:
        card = message.card
        poller, rng = self.poller, self.poller.world.rng
        poller.in_post = True
        poller.point()
        if poller.fails():
            poller.in_post = False
            raise self._fault(card, rng)
        events = tuple(_seen(each, self.name) for each in card["events"])
        readers = {each.request.requestor.upn for each in card["events"]} if self.name == "chat" else {""}
        poller.world.posts.append(Post(poller.number, events, frozenset({message.recipient, *readers})))
        if poller.fails():
            raise DestinationUnavailable("the answer was lost")
        poller.point()
        return Receipt(location=CardLocation("thread", "card") if self.updates_cards else None)

    def _fault(self, card: Card, rng: random.Random) -> MaaNotifyError:
        wait = rng.choice((None, 0.0, 5.0, 400.0))
        fault: MaaNotifyError = rng.choice(
            (DestinationRefused("gone"), CardRefused("too odd"), DestinationUnavailable("busy", wait))
        )
        if isinstance(fault, CardRefused):
            self.poller.world.overtakable |= {(self.name, each.request.id) for each in card["events"]}
        return fault

    def close(self) -> None:
        pass


class _Cards:
    """Cards that say what they are about, for the oracle to read."""

    def card(
        self, event: Event, destination: str, now: datetime, *, again: bool = False, late: bool = False
    ) -> Card:
        return {"events": [event]}

    def reply(self, event: Event, destination: str, now: datetime) -> Card:
        return {"events": [event]}

    def plain(self, event: Event, now: datetime) -> Card:
        return {"events": [event]}

    def digest(
        self, events: Sequence[Event], destination: str, now: datetime, *, again: bool = False
    ) -> tuple[Card, int]:
        return {"events": list(events[:7])}, min(7, len(events))


def _seen(event: Event, destination: str) -> Seen:
    assert isinstance(event, RequestEvent)
    return Seen(destination, event.request.id, event.revision, event.what, event.request.status)


@dataclass(slots=True)
class _Worker:
    thread: Thread
    poller: Poller
    baton: Semaphore
    done: bool = False


def run_together(world: World, count: int) -> None:
    """Lets so many pollers poll at the same time, interleaved by the world's seed."""
    turn = Semaphore(0)
    workers = [_worker(world, turn) for _ in range(count)]
    for worker in workers:
        worker.thread.start()
    while ready := [worker for worker in workers if not worker.done]:
        if world.rng.random() < world.chances.change:
            world.change()
        # A post is short: nobody sleeps through the hold of somebody who is posting.
        posting = [worker for worker in ready if worker.poller.in_post]
        chosen = world.rng.choice(posting or ready)
        chosen.baton.release()
        turn.acquire()
    for worker in workers:
        worker.thread.join()


def _worker(world: World, turn: Semaphore) -> _Worker:
    baton = Semaphore(0)

    def pause() -> None:
        turn.release()
        baton.acquire()

    def work() -> None:
        baton.acquire()
        try:
            poller.run()
        finally:
            worker.done = True
            turn.release()

    poller = world.poller(pause)
    worker = _Worker(Thread(target=work, daemon=True), poller, baton)
    return worker


def flaws(world: World, silent: set[str]) -> list[str]:
    """What broke the promise, in words; empty when it was kept.

    `silent` are the requests that were closed when the first poll found them, of which nothing needs telling.
    """
    return [
        *_not_empty(world),
        *_doubled(world),
        *_mixed(world),
        *_out_of_order(world),
        *_lost(world, silent),
        *_untrue(world),
    ]


def _not_empty(world: World) -> list[str]:
    left = [row.key for row in world.rows.read(OUTBOX, OUTBOX + "~")]
    return [f"still pending: {left}"] if left else []


def _doubled(world: World) -> list[str]:
    recorded = Counter(seen for post in world.posts if post.recorded for seen in post.events)
    twice = [f"recorded twice: {seen}" for seen, count in recorded.items() if count > 1]
    lost_hold = [
        f"posted by an undisturbed poll and not recorded: {post.events}"
        for post in world.posts
        if not post.recorded and post.poll not in world.disturbed
    ]
    return twice + lost_hold


def _mixed(world: World) -> list[str]:
    return [f"not for one reader alone: {post.events}" for post in world.posts if len(post.readers) > 1]


def _out_of_order(world: World) -> list[str]:
    return [
        f"out of order at {line[0]}: {[(seen.revision, seen.what) for seen in seens]}"
        for line, seens in world.told().items()
        if line not in world.overtakable
        and [seen.revision for seen in seens] != sorted(seen.revision for seen in seens)
    ]


def _lost(world: World, silent: set[str]) -> list[str]:
    told = _by_request(world)
    found = []
    for request in world.listed.values():
        events = told.get(request.id, [])
        if not events and request.id in silent:
            continue
        if not events or events[-1].status != request.status:
            found.append(f"{request.id} is {request.status}, told were {[seen.status for seen in events]}")
        told_revisions = {seen.revision for seen in events}
        whole = set(range(min(told_revisions, default=0), max(told_revisions, default=0)))
        found += [f"{request.id}: revision {gap} was never told" for gap in whole - told_revisions]
    return found


def _untrue(world: World) -> list[str]:
    """What was told of a request has to be what happened to it, in that order, though not all of it."""
    found = []
    for request_id, events in _by_request(world).items():
        told = [seen.status for seen in events if seen.what in {"created", "status_changed"}]
        happened = iter(world.history[request_id])
        if not all(status in happened for status in told):
            found.append(f"{request_id} was {world.history[request_id]}, told were {told}")
    return found


def _by_request(world: World) -> dict[str, list[Seen]]:
    """What was told of each request, wherever it was told, each event once and in its order."""
    told: dict[str, set[Seen]] = defaultdict(set)
    for (_, request_id), line in world.told().items():
        told[request_id] |= {replace(seen, destination="") for seen in line}
    return {
        request_id: sorted(events, key=lambda seen: (seen.revision, seen.what))
        for request_id, events in told.items()
    }
