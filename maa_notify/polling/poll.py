"""One poll: list, compare, route, record, deliver.

State is read before Graph is asked: what another poller recorded meanwhile then shows as a conflict
instead of an old listing overwriting newer news. `now` is read once and passed down. A poll is safe to
repeat, to kill at any point and to run twice at once.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.delivery.delivery import Delivery, DeliveryResult
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState, Rules, compare
from maa_notify.domain.log_fields import log_fields
from maa_notify.domain.notification import Notification
from maa_notify.domain.request import NEEDS_APPROVAL, ApprovalRequest, Listing, latest_of_each
from maa_notify.domain.routing import Route, route
from maa_notify.errors import GraphError, MaaNotifyError
from maa_notify.polling.maintenance import Maintenance
from maa_notify.storage.outbox import pending_in
from maa_notify.storage.records import PollMark
from maa_notify.storage.requests import Recorded
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore

_LOG = logs.logger(__name__)

_LOOK_UPS = 20
_DAWN = datetime.min.replace(tzinfo=UTC)


class RequestSource(Protocol):
    """Where requests are listed."""

    def list_requests(self) -> Listing:
        """All of them, or a `GraphError`."""
        ...

    def find_request(self, request_id: str) -> ApprovalRequest | None:
        """One of them; None when it is gone; a `GraphError` when nobody can tell."""
        ...


class Report(Struct, frozen=True):
    """What a poll did; the numbers of notifications are those after it.

    Attributes:
        listed: requests that Graph listed.
        events: things that happened to them.
        delivered: notifications that destinations took.
        pending: notifications that wait in the outbox.
        dead: notifications that were given up and not discarded.
        malformed: entries of Graph's list that could not be read.
        refused: the destinations that did not take what waits for them.
        failure: why the poll failed; None for a good one.
        overdue: of those that wait in the outbox, the ones that have waited for long.
        waiting: listed requests that need approval.
        oldest_waiting_s: the age of the oldest of these, in seconds; 0 when there is none.
    """

    listed: int = 0
    events: int = 0
    delivered: int = 0
    pending: int = 0
    dead: int = 0
    malformed: int = 0
    refused: tuple[str, ...] = ()
    failure: MaaNotifyError | None = None
    overdue: int = 0
    waiting: int = 0
    oldest_waiting_s: int = 0

    @property
    def is_eventful(self) -> bool:
        """Whether anything happened, waits or is wrong."""
        return self.failure is not None or any(
            (self.events, self.delivered, self.pending, self.dead, self.malformed)
        )

    def as_json(self) -> str:
        """What `poll --json` prints and `POST /api/poll` answers, in one line."""
        denied = self.failure if isinstance(self.failure, GraphError) else GraphError()
        issued_at = denied.token_issued_at
        return json.dumps(
            {
                "listed": self.listed,
                "events": self.events,
                "delivered": self.delivered,
                "pending": self.pending,
                "dead": self.dead,
                "malformed": self.malformed,
                "refused": list(self.refused),
                "error": self.failure.code if self.failure else None,
                "missing_permission": denied.missing_permission or None,
                "token_issued_at": issued_at.isoformat() if issued_at else None,
            }
        )


@dataclass(slots=True)
class Poll:
    """Everything one poll of one tenant needs."""

    source: RequestSource
    store: StateStore
    routes: Sequence[Route]
    rules: Rules
    delivery: Delivery
    clock: Clock
    maintenance: Maintenance
    _events: int = field(default=0, init=False)

    def run(self) -> Report:
        """Polls once. When Graph fails, what waits in the outbox is delivered all the same.

        Raises:
            StateError: the state store failed; nothing was posted that could not be recorded.
        """
        now = self.clock.now()
        snapshot = self.store.requests.read_snapshot()
        listing, failure = self._list()
        latest = latest_of_each(listing.requests) if listing else {}
        recorded = Recorded() if listing is None else self._record(dict(latest), snapshot, now)
        states = {**snapshot.states, **recorded.states}
        names = [route.name for route in self.routes]
        queued = self.maintenance.queue_heartbeats(self.store.outbox, names, states, now)
        waiting = [*pending_in(snapshot.outbox), *recorded.pending, *queued.pending]
        # By key, since what was recorded once more has another etag than it had in the snapshot.
        pending = {each.value.key: each for each in waiting}.values()
        result = self.delivery.run({**states, **queued.states}, pending)
        self.maintenance.purge_expired(self.store, snapshot.purged_at, now)
        self._mark(snapshot.mark or PollMark(), failure, now)
        return _with_waiting(self._report(listing, failure, snapshot, result), latest.values(), now)

    def _list(self) -> tuple[Listing | None, GraphError | None]:
        try:
            return self.source.list_requests(), None
        except GraphError as error:
            return None, error

    def _record(self, listed: dict[str, ApprovalRequest], snapshot: Snapshot, now: datetime) -> Recorded:
        known = {request_id: held.value for request_id, held in snapshot.tracked.items()}
        gone = self._look_up(known, listed)
        past = self.store.requests.read_past(self._doubtful(listed, snapshot))
        rules = replace(self.rules, first_run=snapshot.mark is None or snapshot.mark.last_good is None)
        changes = compare(known, {key: held.value for key, held in past.items()}, listed, gone, now, rules)
        self._raise_watermark(changes, snapshot)
        told = [replace(each, notifications=self._notifications(each, now)) for each in changes]
        leases = self.delivery.leases(snapshot.states)
        recorded = self.store.requests.record(told, snapshot.tracked, past, leases)
        for change in recorded.changes:
            self._count(change)
        if rules.first_run:
            self.store.requests.write_mark(PollMark(last_good=now))
        return recorded

    def _look_up(self, known: Mapping[str, RequestState], listed: dict[str, ApprovalRequest]) -> list[str]:
        """Asks by id for open requests that the list omits; adds those found, returns those gone."""
        missing = [each.request for each in known.values() if each.request.id not in listed]
        gone = [request.id for request in missing if request.is_closed]
        open_ones = [request.id for request in missing if not request.is_closed]
        try:
            for request_id in open_ones[:_LOOK_UPS]:
                found = self.source.find_request(request_id)
                if found is None or found.id != request_id:
                    gone.append(request_id)
                else:
                    listed[request_id] = found
        except GraphError as error:
            _LOG.warning("poll.unsure", missing=len(open_ones), text=f"{error}; the next poll asks again")
        return gone

    def _doubtful(self, listed: Mapping[str, ApprovalRequest], snapshot: Snapshot) -> list[str]:
        """Requests new to us that may have been listed before, for which the past has to be asked."""
        if snapshot.watermark is None:
            return []
        unknown = (request for request in listed.values() if request.id not in snapshot.tracked)
        return [
            each.id
            for each in unknown
            if each.requested_at is None or each.requested_at <= snapshot.watermark
        ]

    def _raise_watermark(self, changes: Sequence[Change[RequestState]], snapshot: Snapshot) -> None:
        leaving = (each.before.request.requested_at for each in changes if each.before and not each.after)
        newest = max((moment or _DAWN for moment in leaving), default=None)
        if newest is not None and (snapshot.watermark is None or newest > snapshot.watermark):
            self.store.requests.raise_watermark(newest)

    def _notifications(self, change: Change[RequestState], now: datetime) -> tuple[Notification, ...]:
        event = change.event
        if event is None:
            return ()
        hearing = route(event, self.routes)
        if not hearing:
            _LOG.warning(
                "poll.unheard", key=event.short_key, **log_fields(event), text="no destination takes it"
            )
        return tuple(
            Notification(event, each.destination, recorded_at=now, recipient=each.recipient)
            for each in hearing
        )

    def _count(self, change: Change[RequestState]) -> None:
        event = change.event
        if event is not None:
            self._events += 1
            _LOG.info("poll.event", key=event.short_key, **log_fields(event), request=event.subject_id)

    def _mark(self, before: PollMark, failure: GraphError | None, now: datetime) -> None:
        """Remembers how it went, and says so once when it turns bad and once when it is well again."""
        if failure is None:
            if before.failing_since is not None:
                _LOG.warning("poll.recovered", failing_since=before.failing_since)
            self.store.requests.write_mark(PollMark(now))
            return
        if before.failing_since is None:
            _LOG.error("poll.failing", code=failure.code, text=str(failure))
        self.store.requests.write_mark(
            PollMark(
                before.last_good,
                before.failing_since or now,
                failure.code,
                failure.missing_permission,
                failure.token_issued_at,
            )
        )

    def _report(
        self, listing: Listing | None, failure: GraphError | None, snapshot: Snapshot, result: DeliveryResult
    ) -> Report:
        return Report(
            listed=len(listing.requests) if listing else 0,
            events=self._events,
            delivered=result.delivered,
            pending=result.pending,
            dead=snapshot.dead + result.dead,
            malformed=listing.malformed if listing else 0,
            refused=result.refused,
            failure=failure,
            overdue=result.overdue,
        )


def _with_waiting(report: Report, latest: Iterable[ApprovalRequest], now: datetime) -> Report:
    """The report, with what still waits for an approver."""
    waiting = [each for each in latest if each.status == NEEDS_APPROVAL]
    oldest = min((each.requested_at or now for each in waiting), default=now)
    age = max(0, int((now - oldest).total_seconds()))
    return replace(report, waiting=len(waiting), oldest_waiting_s=age)
