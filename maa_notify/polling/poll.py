"""One poll: asks each source for changes, routes, records and delivers them.

State is read before Graph is asked: what another poller recorded meanwhile then shows as a conflict
instead of an old listing overwriting newer news. `now` is read once and passed down. A poll is safe to
repeat, to kill at any point and to run twice at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.delivery.delivery import Delivery, DeliveryResult
from maa_notify.domain.alarm import Loss, memory_alarm
from maa_notify.domain.heartbeat import heartbeat
from maa_notify.domain.notification import APPROVER_CHAT
from maa_notify.domain.quiet import QuietHours
from maa_notify.domain.routing import Route
from maa_notify.domain.times import DAWN
from maa_notify.domain.visibility import Outlook
from maa_notify.errors import GraphDenied, GraphError, GraphUnavailable, SourceFault, StateError
from maa_notify.polling.guard import Guard, Guarded, alarms_for
from maa_notify.polling.heartbeats import queue_heartbeats
from maa_notify.polling.marks import (
    is_due,
    log_failure_or_recovery,
    next_mark,
    wait_asked_for,
    wait_until,
    write_mark,
)
from maa_notify.polling.recorder import Recorder
from maa_notify.polling.report import Report
from maa_notify.polling.retention import purge_expired
from maa_notify.polling.source import Annotator, News, Source
from maa_notify.polling.welcome import (
    Arrivals,
    arrivals,
    attended,
    heard_before,
    with_welcome,
    without_departed,
)
from maa_notify.storage.outbox import pending_in
from maa_notify.storage.records import APPROVALS, SourceMark, Versioned, short_of
from maa_notify.storage.requests import Known, Recorded
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore

_LOG = logs.logger(__name__)

_LAST_BEGIN = 90.0
"""Seconds of a poll after which no source is begun: each may take a minute, and the host allows four."""

_MOST_NAMED = 300
"""Notifications that wait are named in the mark; a row of a table has room for so many."""

_OVER = 210.0
"""Seconds of a poll after which its last post has to be over, so that its outcome is written down in time."""


class Habits(Struct, frozen=True):
    """How often a poll does what need not be done each time.

    Attributes:
        heartbeat: how long a destination is quiet before a heartbeat goes there; None for never.
        retention: how long journal, given-up notifications and past requests are kept.
        quiet: when heartbeats are held.
    """

    heartbeat: timedelta | None = timedelta(days=30)
    retention: timedelta = timedelta(days=365)
    quiet: QuietHours = QuietHours()

    def heartbeat_at(self, now: datetime) -> timedelta | None:
        """How long a destination is quiet before a heartbeat goes there now; None in quiet hours, too."""
        return None if self.quiet.until(now) else self.heartbeat


class _Told(Struct, frozen=True):
    """What a poll has told so far.

    Attributes:
        outlook: what can be seen of the requests.
        result: what the deliveries did.
        end: when the last of them ends, by the clock's monotonic seconds.
        events: news that were recorded.
        unheard: of these, those that no destination takes.
        alerts: of these, alerts that are new or that more joined.
    """

    outlook: Outlook
    result: DeliveryResult
    end: float
    events: int
    unheard: int
    alerts: int = 0

    def with_more(self, found: Recorded, result: DeliveryResult) -> "_Told":
        """The same after one more source, with all deliveries up to now."""
        return replace(
            self,
            result=result,
            events=self.events + found.events,
            unheard=self.unheard + found.unheard,
            alerts=self.alerts + found.alerts,
        )


@dataclass(slots=True)
class Poll:
    """Everything one poll of one tenant needs.

    Attributes:
        approvals: the source that the report and health speak of; its news go out before others are asked.
        others: further sources, each at its own rhythm.
        store: what is remembered.
        routes: which events each destination gets.
        delivery: brings to the destinations what waits for them.
        clock: the time.
        habits: what is done now and then.
        guard: looks after the notifier itself.
        approvers: tells who can decide; None where nobody wants to know.
    """

    approvals: Source
    others: Sequence[Source]
    store: StateStore
    routes: Sequence[Route]
    delivery: Delivery
    clock: Clock
    habits: Habits = Habits()
    guard: Guard = field(default_factory=Guard)
    approvers: Annotator | None = None
    _recorder: Recorder = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._recorder = Recorder(self.store, self.routes, self.approvers)

    def run(self) -> Report:
        """Polls once. When Graph fails, what waits in the outbox is delivered all the same.

        Raises:
            StateError: the state store failed; nothing was posted that could not be recorded.
        """
        now, begun = self.clock.now(), self.clock.monotonic()
        # Before Graph is asked: what another poller records meanwhile then makes our write fail. Read
        # afterwards, its etags would let an old listing overwrite newer news.
        snapshot = self.store.requests.read_snapshot()
        guarded = self.guard.look(self.store.requests, snapshot, self._channels(), now)
        snapshot = self._without_departed(guarded.snapshot, now)
        guarded = replace(guarded, snapshot=snapshot)
        news, failure = self._look(self.approvals, snapshot, now)
        told = self._tell(news, failure, guarded, now, begun)
        # After the approvals' cards are posted, so that a slow source delays none of them.
        told = self._tell_others(told, snapshot, now, begun)
        seen = replace(news.seen, hidden=told.outlook.hidden)
        report = Report.of(seen, told.events, told.result, failure, dead_before=snapshot.dead)
        return replace(
            report,
            unheard=told.unheard,
            settings=guarded.fingerprint,
            memory_lost=guarded.is_memory_lost,
            settings_changed=guarded.is_changed,
            alerts=told.alerts,
        )

    def _without_departed(self, snapshot: Snapshot, now: datetime) -> Snapshot:
        """The snapshot, after it was noted which destinations left the settings.

        Before anything is recorded without them: they come back to it even if this poll is killed.
        """
        name = self.approvals.name
        mark = snapshot.marks.get(name)
        if mark is None or set(mark.destinations) <= set(self._names):
            return snapshot
        mark = without_departed(mark, self._names, now)
        try:
            etag = self.store.requests.write_mark(name, mark, snapshot.mark_etags.get(name, ""))
        except ConflictError:
            return snapshot  # another poller ended just now, and noted who was there
        return snapshot.with_mark(name, mark, etag)

    def _tell(
        self, news: News, failure: GraphError | None, guarded: Guarded, now: datetime, begun: float
    ) -> _Told:
        """Records the news of the approvals, delivers all that waits, and marks the look as done."""
        snapshot = guarded.snapshot
        # Recorded with the news, so that the first card needs no transaction of its own for the lease.
        leases = self.delivery.leases(snapshot.states)
        news, missed = self._with_arrivals(news, snapshot, now)
        recorded = self._recorder.record(news, now, leases)
        self._recorder.forget_looks(news, snapshot, now)
        held = self._begin(self.approvals, news, snapshot, now)
        met = attended(held.value, self._names, missed, now)
        held = replace(held, value=replace(met, settings=guarded.fingerprint or met.settings))
        states = {**snapshot.states, **recorded.states}
        outlook = _outlook(news, failure, held.value.outlook)
        beat = heartbeat(outlook, now, is_listed=failure is None)
        left_alone = {*missed, *self.delivery.leaders, APPROVER_CHAT}
        quiet = [name for name in self._names if name not in left_alone]
        queued = queue_heartbeats(self.store.outbox, quiet, states, beat, self.habits.heartbeat_at(now))
        waiting = [*pending_in(snapshot.outbox), *guarded.pending, *recorded.pending, *queued.pending]
        # By key, since what was recorded once more has another etag than it had in the snapshot.
        pending = {each.value.key: each for each in waiting}.values()
        # One end for all deliveries of a poll, so that it stays within what the host allows.
        end = self.delivery.end()
        result = self.delivery.run({**states, **queued.states}, pending, end, begun + _OVER)
        self._purge(snapshot, now)
        # Health is judged by this mark, so a poll that died before must not look like a good one.
        self._mark(self.approvals, news, failure, _with_what_is_left(held, snapshot, self.delivery.left), now)
        return _Told(outlook, result, end, recorded.events, recorded.unheard)

    def _with_arrivals(self, news: News, snapshot: Snapshot, now: datetime) -> tuple[News, Arrivals]:
        """The news, with what new destinations missed and who looks and can decide; and who is to be told."""
        arrived: Arrivals = {}
        # In a first run there are none, for it tells everybody what is open.
        if snapshot.was_polled(self.approvals.name):
            mark, leaders = snapshot.marks[self.approvals.name], self.delivery.leaders
            arrived = arrivals(mark, self._names, snapshot.states, leaders, now)
            if news.is_complete and arrived:
                past = self._past(news, snapshot)
                left = {request_id: each.value for request_id, each in past.items()}
                changes = with_welcome(
                    news.changes,
                    snapshot,
                    left,
                    self.routes,
                    arrived,
                    leaders,
                    heard_before(snapshot, left, self.store.outbox.keys(), self.store.journal),
                    now,
                    with_closed=mark.retell_since is not None,
                )
                news, arrived = replace(news, changes=changes, past=past), {}
        return replace(news, changes=self._recorder.annotated(news, snapshot, now)), arrived

    def _past(self, news: News, snapshot: Snapshot) -> Known:
        """All requests that left the list; those that were compared as they were then."""
        compared = {*snapshot.tracked, *(each.subject_id for each in news.changes)}
        found = self.store.requests.read_all_past()
        others = {request_id: each for request_id, each in found.items() if request_id not in compared}
        return {**others, **news.past}

    def _tell_others(self, told: _Told, snapshot: Snapshot, now: datetime, begun: float) -> _Told:
        """Asks the further sources that are due, and delivers their news at once."""
        for source in _longest_unseen_first(self.others, snapshot):
            if self.clock.monotonic() - begun > _LAST_BEGIN:
                break  # the host ends a run that takes too long; the others come first next time
            found = self._visit(source, snapshot, now)
            result = told.result
            if found.events:
                present = self.store.requests.read_snapshot()
                waiting = pending_in(present.outbox)
                later = self.delivery.run(present.states, waiting, told.end, begun + _OVER)
                result = result.followed_by(later)
            told = told.with_more(found, result)
        return told

    def _purge(self, snapshot: Snapshot, now: datetime) -> None:
        is_purged = purge_expired(self.store, snapshot, self.habits.retention, now)
        if is_purged and self.approvers is None:
            self.store.roll.forget()  # of a time when somebody wanted to know

    @property
    def _names(self) -> list[str]:
        """The destinations that are in the settings."""
        return [each.name for each in self.routes]

    def _channels(self) -> list[str]:
        """The destinations that alarms go to: each address once, and nobody's chat."""
        leaders = self.delivery.leaders
        return [each.name for each in self.routes if not each.is_chat and each.name not in leaders]

    def _visit(self, source: Source, snapshot: Snapshot, now: datetime) -> Recorded:
        """Asks a further source if it is due; returns what was recorded."""
        mark = snapshot.marks.get(source.name)
        if not is_due(mark, source.rhythm, now) or wait_until(mark, now):
            return Recorded()
        failure: GraphError | None
        try:
            news, failure = self._look(source, snapshot, now)
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one source must not end the others
            kind = type(error).__name__  # its text may hold anything
            news, failure = News(), SourceFault(f"a fault of maa-notify itself ({kind}): please report it")
        recorded = self._recorder.record(news, now)
        held = self._begin(source, news, snapshot, now)
        self._mark(source, news, failure, held, now)
        return recorded

    def _look(self, source: Source, snapshot: Snapshot, now: datetime) -> tuple[News, GraphError | None]:
        """The news of a source and what was wrong with it; none if Graph fails or asked to be left alone."""
        until = wait_until(snapshot.marks.get(source.name), now)
        if until is not None:
            text = f"Graph asked to be left alone until {until:%H:%M:%S} UTC, and was not asked"
            return News(not_before=until), GraphUnavailable(text)
        try:
            news = source.news(snapshot, now)
        except GraphError as error:
            return News(not_before=wait_asked_for(error, self.clock.now())), error
        return news, news.problem

    def _begin(self, source: Source, news: News, snapshot: Snapshot, now: datetime) -> Versioned[SourceMark]:
        """Marks the first good look as done; returns the mark of before, with the etag that its row has now.

        Before anything is posted: a poll that is killed now must not be the first one once more.
        """
        before = snapshot.marks.get(source.name) or SourceMark()
        if not news.is_complete or snapshot.was_polled(source.name):
            return Versioned(before, snapshot.mark_etags.get(source.name, ""))
        mark = next_mark(before, None, news.outlook or Outlook(), now)
        if source is self.approvals:
            # Whoever comes or leaves before a poll ends well is told apart from those that were there.
            mark = attended(mark, self._names, {}, now)
        return Versioned(before, self.store.requests.write_mark(source.name, mark))

    def _mark(
        self,
        source: Source,
        news: News,
        failure: GraphError | None,
        held: Versioned[SourceMark],
        now: datetime,
    ) -> None:
        log_failure_or_recovery(source.name, held.value, failure)
        outlook = _outlook(news, failure, held.value.outlook)
        mark = next_mark(held.value, failure, outlook, now, news.not_before)
        mark = replace(mark, cursor=news.cursor or mark.cursor)
        alarms = alarms_for(memory_alarm(Loss.GONE, now), self._channels())
        write_mark(self.store.requests, source.name, mark, held, now, alarms)


def _with_what_is_left(
    held: Versioned[SourceMark], snapshot: Snapshot, left: Sequence[str]
) -> Versioned[SourceMark]:
    """The approvals' mark, which also says what of other rows the next poll should find."""
    others = {name: each.number for name, each in snapshot.marks.items() if name != APPROVALS}
    waiting = tuple(map(short_of, left[:_MOST_NAMED]))
    return replace(held, value=replace(held.value, others=others, waiting=waiting))


def _longest_unseen_first(sources: Sequence[Source], snapshot: Snapshot) -> list[Source]:
    """The sources, so that one that is slow at each poll keeps no other from its turn."""
    tried = {each.name: mark.tried_at for each in sources if (mark := snapshot.marks.get(each.name))}
    return sorted(sources, key=lambda each: tried.get(each.name) or DAWN)


def _outlook(news: News, failure: GraphError | None, before: Outlook) -> Outlook:
    """What can be seen: as listed now, else as before, with the permissions of a token that was refused."""
    if news.outlook is not None:
        return news.outlook
    if isinstance(failure, GraphDenied) and failure.roles is not None:
        return replace(before, roles=failure.roles)
    return before
