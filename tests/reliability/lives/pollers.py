"""Polls of the real notifier in the small world, one at a time or interleaved at every point of I/O.

Pollers at once run as threads of which one moves at a time; a seeded scheduler decides who goes on. So two
pollers meet in every possible way, and a life can be repeated from its seed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from threading import Semaphore, Thread
from typing import Any

from maa_notify.delivery.delivery import Delivery
from maa_notify.delivery.limits import DeliveryLimits
from maa_notify.domain.change import Change
from maa_notify.domain.event import NoticeKind
from maa_notify.domain.notification import APPROVER_CHAT, Notification
from maa_notify.domain.request import ApprovalRequest, Listing
from maa_notify.errors import GraphUnavailable, MaaNotifyError, StateError
from maa_notify.identity.secret import Secret
from maa_notify.polling.approvals import Approvals
from maa_notify.polling.guard import Guard
from maa_notify.polling.poll import Habits, Poll
from maa_notify.storage.records import DEAD, OUTBOX, SENT, SETTINGS, JournalEntry, decode
from maa_notify.storage.rows import Insert, Put, Row, Rows, Update, Write
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore
from tests.reliability.lives.senders import Cards, Sender
from tests.reliability.lives.teams import HAPPENED, Post, Seen, seen
from tests.reliability.lives.timely import is_against_quiet
from tests.reliability.lives.world import BOTS, Unreached, World


class KilledError(BaseException):
    """The process ends here and now: nothing may catch it."""


@dataclass(slots=True)
class Poller:
    """One poll of the real notifier in this world, and where its faults and kills are decided."""

    world: World
    number: int
    pause: Callable[[], None]
    in_post: bool = False

    def run(self) -> None:
        """Polls once; errors and kills end it as they end a process."""
        rows = self.world.rows if self.world.open_rows is None else self.world.open_rows()
        try:
            self._poll(rows).run()
        except (MaaNotifyError, KilledError):
            self.world.disturbed.add(self.number)
        except Exception as error:  # noqa: BLE001 - whatever else comes out of a poll is a fault of ours
            self.world.flaws.append(f"poll {self.number} ended with {error!r}")
        finally:
            self.in_post = False
            if rows is not self.world.rows:
                rows.close()

    def _poll(self, rows: Rows) -> Poll:
        world, settings = self.world, self.world.settings
        store = StateStore(_Rows(self, rows))
        with_cards = BOTS | {APPROVER_CHAT}
        senders = {name: Sender(self, name, name in with_cards) for name in settings.listed}
        clock = _Clock(self)
        limits = DeliveryLimits(digest_above=settings.digest_above)
        seeded = Random(world.rng.getrandbits(32))
        leaders = {name: first for name, first in settings.leaders.items() if name in settings.routes}
        delivery = Delivery(store.outbox, senders, Cards(), clock, limits, leaders, seeded)
        approvals = Approvals(_Graph(self), store.requests, settings.rules)
        routes = tuple(settings.listed.values())
        guard = Guard({name: Secret(text) for name, text in settings.parts.items()})
        habits, people = Habits(heartbeat=None), _People(self) if world.chances.approvers else None
        return Poll(approvals, (), store, routes, delivery, clock, habits, guard, people)

    def point(self) -> None:
        """A point of I/O: others may go on, and the process may be killed."""
        self.pause()
        if self.world.rng.random() < self.world.chances.kill:
            self.world.disturbed.add(self.number)
            self.world.strikes[self.number] += 1
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
    """Lists the tenant, sometimes not at all, in part, or with one request twice."""

    poller: Poller

    def list_requests(self) -> Listing:
        self.poller.point()
        if self.poller.fails():
            raise GraphUnavailable("a fault")
        listed = self.poller.world.tenant.list_requests()
        rng = self.poller.world.rng
        if listed and self.poller.fails():
            odd = rng.choice(listed)
            partial = [each for each in listed if each is not odd]
            listed = rng.choice((partial, [*listed, odd], listed[: len(listed) // 2]))
        self.poller.point()
        world = self.poller.world
        if world.is_new_to_us():
            # By the list itself: some are closed for no longer than the poll takes.
            world.silent |= {each.id for each in listed if each.is_closed}
        if listed and world.watched_since is None:
            world.watched_since = max(world.tenant.intune_now(), world.clock.now())
        return Listing(tuple(listed))

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        self.poller.point()
        if self.poller.fails():
            raise GraphUnavailable("a fault")
        return self.poller.world.tenant.find_request(request_id)


@dataclass(slots=True)
class _People:
    """Names those who can decide; nobody where that cannot be told."""

    poller: Poller

    def annotated(
        self, changes: Sequence[Change[Any]], snapshot: Snapshot, now: datetime
    ) -> Sequence[Change[Any]]:
        self.poller.point()
        return changes

    def people(self, request: ApprovalRequest, now: datetime) -> tuple[str, ...]:
        return () if self.poller.fails() else tuple(self.poller.world.chats.members)


@dataclass(slots=True)
class _Rows:
    """The shared store, which may be away before or after it has done what it was asked."""

    poller: Poller
    rows: Rows

    def read(self, first: str, end: str) -> Iterator[Row]:
        self._around(lambda: None)
        return self.rows.read(first, end)

    def get(self, key: str) -> Row | None:
        self._around(lambda: None)
        return self.rows.get(key)

    def commit(self, changes: Sequence[Write]) -> list[str]:
        etags: list[str] = self._around(lambda: self._commit(changes))
        return etags

    def close(self) -> None:
        pass

    def _commit(self, changes: Sequence[Write]) -> list[str]:
        etags, world = self.rows.commit(changes), self.poller.world
        self.poller.in_post = False
        rung = sorted(each.destination for each in _recorded(changes) if each.event.kind is NoticeKind.ALARM)
        if any(each.key == SETTINGS for each in changes):
            self._note_settings(rung)
        elif rung:
            self._note_loss(rung)
        for each in changes:
            if world.chats.note(each, self.poller.number):
                continue
            if isinstance(each, Put | Insert):
                self._note(each)
            elif isinstance(each, Update) and each.key.startswith(OUTBOX):
                self._note_told(decode(Row(each.key, each.data, ""), Notification))
        return etags

    def _note_settings(self, rung: Sequence[str]) -> None:
        """Other settings than before ring once in each channel; the first ones, and the same, do not."""
        world, settings = self.poller.world, self.poller.world.settings
        is_other = world.noted_settings not in (None, settings.parts)
        if rung != (settings.channels if is_other else []):
            world.flaws.append(f"settings that changed ({is_other}) rang at {rung}")
        world.noted_settings = settings.parts

    def _note_loss(self, rung: Sequence[str]) -> None:
        """Memory that somebody touched rings once in each channel, and no other does."""
        world = self.poller.world
        if not world.is_touched or rung != world.settings.channels:
            world.flaws.append(f"memory (touched: {world.is_touched}) rang at {rung}")
        world.is_touched = False

    def _note_told(self, notification: Notification) -> None:
        """Remembers what a digest has told, while the card of its request has yet to be changed."""
        told = seen(notification.event, notification.destination)
        if notification.told and not self.poller.world.owed[told].told:
            self.poller.world.owed[told] = notification
            self._post_of(told).recorded.add(told)

    def _note(self, write: Put | Insert) -> None:
        """Remembers what is promised from now on, and what is said to be done."""
        world = self.poller.world
        if write.key.startswith(OUTBOX):
            notification = decode(Row(write.key, write.data, ""), Notification)
            told = seen(notification.event, notification.destination)
            if (told.what == NoticeKind.ALARM or told.is_of_look) and told in world.owed:
                world.early[told] += 1  # at the same second, by a clock that was set back between two changes
            world.owed[told] = notification
            if is_against_quiet(notification.event, world.settings.quiet_hours):
                world.flaws.append(f"rung in quiet hours: {told}")
            is_new = not notification.attempts
            if world.is_ahead and is_new and notification.event.what not in HAPPENED:
                world.early[told] += 1
        elif write.key.startswith((SENT, DEAD)):
            entry = decode(Row(write.key, write.data, ""), JournalEntry)
            told = seen(entry.notification.event, entry.notification.destination)
            if write.key.startswith(DEAD):
                world.dead.add(told)
            elif entry.unreached:
                recipient = entry.notification.recipient
                world.unreached.append(Unreached(told, recipient, world.clock.monotonic()))
            elif entry.outdated:
                world.left_out.add(told)
            elif not (entry.notification.told or told.is_of_look) or self._has_posted(told):
                self._post_of(told).recorded.add(told)

    def _has_posted(self, told: Seen) -> bool:
        """Whether this poll posted it; what a digest told is done without that, once newer news are told."""
        return any(told in each.events for each in self._posts())

    def _post_of(self, told: Seen) -> Post:
        """The last message of this poll that told an event."""
        return next(each for each in reversed(self._posts()) if told in each.events)

    def _posts(self) -> list[Post]:
        return [each for each in self.poller.world.teams.posts if each.poll == self.poller.number]

    def _around(self, action: Callable[[], Any]) -> Any:
        self.poller.point()
        self._may_fail("a fault before")
        result = action()
        self._may_fail("a fault after")
        self.poller.point()
        return result

    def _may_fail(self, text: str) -> None:
        if self.poller.fails():
            self.poller.world.strikes[self.poller.number] += 1
            raise StateError(text)


def _recorded(changes: Sequence[Write]) -> Iterator[Notification]:
    """What a transaction puts into the outbox."""
    for each in changes:
        if isinstance(each, Put) and each.key.startswith(OUTBOX):
            yield decode(Row(each.key, each.data, ""), Notification)


def run_pollers(world: World, count: int) -> None:
    """Lets so many pollers poll at the same time, interleaved by the world's seed."""
    if count == 1:
        world.polls += 1
        Poller(world, world.polls, world.maybe_change).run()
        return
    turn = Semaphore(0)
    workers = [_worker(world, turn) for _ in range(count)]
    for worker in workers:
        worker.thread.start()
    while ready := [worker for worker in workers if not worker.done]:
        world.maybe_change()
        # A post is short: nobody sleeps through the hold of somebody who is posting.
        posting = [worker for worker in ready if worker.poller.in_post]
        world.rng.choice(posting or ready).baton.release()
        turn.acquire()
    for worker in workers:
        worker.thread.join()


@dataclass(slots=True)
class _Worker:
    thread: Thread
    poller: Poller
    baton: Semaphore
    done: bool = False


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

    world.polls += 1
    poller = Poller(world, world.polls, pause)
    worker = _Worker(Thread(target=work, daemon=True), poller, baton)
    return worker
