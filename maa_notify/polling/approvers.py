"""The source that knows who can decide, and adds that to the events of requests.

All of it is read at a rhythm, after the cards of a poll are out. Before a card only what it cannot do without
is read, within `BEFORE_CARDS` in all: everything once, where nothing is known yet; the members of its groups
for an approval, since who joined since the last look matters there; everything anew before it is said that
nobody can decide. Where that fails the card goes out all the same, and says less.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from msgspec.structs import replace

from maa_notify import logs
from maa_notify.clock import Clock
from maa_notify.domain.approvers import OLDEST, Deciders, KnownGroup, Roll, surely_can_decide, who_can_decide
from maa_notify.domain.change import Change
from maa_notify.domain.event import Event, RequestEvent
from maa_notify.domain.request import APPROVED, COMPLETED, GUID, ApprovalRequest
from maa_notify.domain.signs import groups_that_may_decide, signs_of
from maa_notify.errors import GraphError, StateCorrupt, StateError
from maa_notify.graph.access import AccessReader
from maa_notify.polling.marks import is_due, wait_until
from maa_notify.polling.roll_reader import RollReader
from maa_notify.polling.source import News
from maa_notify.storage.roll import RollStore
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.snapshot import Snapshot

APPROVERS = "approvers"
"""The name of the source."""
BEFORE_CARDS = 10.0
"""Seconds in all that reading may hold up the cards of one poll."""
_AFTER_CARDS = 60.0
FRESH = timedelta(minutes=5)
"""So old at most is the list by which a card says that nobody can decide."""
MOST_CHATS = 100
"""People whom the bot writes to about one request; of more, the first by name."""

_DECIDED = frozenset({APPROVED, COMPLETED})
_LOG = logs.logger(__name__)


class ApproverRoll:
    """Who can decide the requests of one tenant. Keep it between polls, since it remembers what it read."""

    name = APPROVERS

    def __init__(self, access: AccessReader, store: RollStore, clock: Clock, rhythm: timedelta) -> None:
        """Has read nothing yet."""
        self.rhythm = rhythm
        self._reader = RollReader(access)
        self._store = store
        self._clock = clock
        self._roll: Roll | None = None
        self._looked_at: datetime | None = None
        self._problem: GraphError | None = None

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """No changes; reads everything, unless that was done for the cards of this poll."""
        if self._roll is None or self._roll.read_at != now:
            self._recall(snapshot)
            self._looked_at = now
            self._read_all(now, self._clock.monotonic() + _AFTER_CARDS)
        return News(is_complete=True, problem=self._problem)

    def read_now(self) -> tuple[Roll, GraphError | None]:
        """All of it as Graph tells it now, for a check by hand, and what could not be read.

        Raises:
            GraphError: the policies could not be read.
        """
        end = self._clock.monotonic() + _AFTER_CARDS
        return self._reader.everything({}, self._clock.now(), end)

    def annotated(
        self, changes: Sequence[Change[Any]], snapshot: Snapshot, now: datetime
    ) -> Sequence[Change[Any]]:
        """The changes, whose events tell who can decide and what stands out about an approval."""
        events = [event for change in changes for event in _concerned(change)]
        if not events:
            return changes
        try:
            self._prepare(events, snapshot, now)
            requests = _requests(changes, snapshot)
            return [self._annotated(each, requests, now) for each in changes]
        except StateError as error:
            _LOG.warning("approvers.unknown", code=error.code, text=str(error))
        except Exception as error:  # noqa: BLE001 - a fault in here must not hold back a card
            _LOG.error("approvers.unknown", code="fault", text=type(error).__name__)
        return changes

    def people(self, request: ApprovalRequest, now: datetime) -> tuple[str, ...]:
        """Whom the bot may write to about a request, by what was read for its events: at most `MOST_CHATS`.

        Nobody who may have filed it, and nobody where anything is in doubt.
        """
        found = surely_can_decide(self._roll, request, now) if self._roll else ()
        ids = (each.id.lower() for each in found if GUID.fullmatch(each.id))
        return tuple(islice(ids, MOST_CHATS))

    def _prepare(self, events: Sequence[RequestEvent], snapshot: Snapshot, now: datetime) -> None:
        """Reads what these events cannot do without, within `BEFORE_CARDS`."""
        self._recall(snapshot)
        end = self._clock.monotonic() + BEFORE_CARDS
        try:
            if self._is_wanted(events, snapshot, now):
                self._read_all(now, end)
            elif self._roll is not None:
                self._read_groups(_groups_to_read(self._roll, events), now, end)
        except GraphError as error:
            _LOG.warning("approvers.unread", code=error.code, text=str(error))

    def _is_wanted(self, events: Sequence[RequestEvent], snapshot: Snapshot, now: datetime) -> bool:
        """Whether everything has to be read for these events."""
        mark = snapshot.marks.get(self.name)
        if wait_until(mark, now):
            return False
        roll = self._roll
        if roll is None or abs(now - roll.read_at) >= self.rhythm:
            return is_due(mark, self.rhythm, now)
        told = (who_can_decide(roll, each.request) for each in events if each.wants_decision)
        return any(each and each.obstacle and abs(now - each.read_at) > FRESH for each in told)

    def _recall(self, snapshot: Snapshot) -> None:
        """What is remembered, read from the state store if another process may have read Graph since."""
        mark = snapshot.marks.get(self.name)
        tried_at = mark.tried_at if mark else None
        if self._looked_at is None or (tried_at is not None and tried_at > self._looked_at):
            self._looked_at = tried_at
            self._roll = self._remembered()

    def _remembered(self) -> Roll | None:
        try:
            return self._store.read()
        except StateCorrupt as error:
            _LOG.warning("approvers.damaged", text=f"{error}; it is read from Graph anew")
            return None

    def _read_all(self, now: datetime, end: float) -> None:
        """Reads policies, role assignments and groups; what cannot be read of them stays as it was known.

        Raises:
            GraphError: the policies could not be read; nothing changed.
        """
        before = self._roll.groups if self._roll else {}
        self._roll, self._problem = self._reader.everything(before, now, end)
        self._looked_at = now
        self._remember()

    def _read_groups(self, wanted: Sequence[str], now: datetime, end: float) -> None:
        """Reads the members of some groups anew."""
        roll = self._roll
        if roll is None or not wanted:
            return
        read, problem = self._reader.groups(wanted, roll.groups, now, end)
        self._problem = problem or self._problem
        is_changed = any(_ids(each) != _ids(roll.groups.get(each.id)) for each in read)
        self._roll = replace(roll, groups={**roll.groups, **{each.id: each for each in read}})
        if is_changed:
            self._remember()

    def _remember(self) -> None:
        if self._roll is None:
            return
        try:
            is_kept = self._store.write(self._roll)
        except ConflictError:
            return  # another poller has just remembered what it read
        if not is_kept:
            _LOG.warning("approvers.too_many", text="too many to be remembered; each process reads its own")

    def _annotated(
        self, change: Change[Any], requests: Mapping[str, ApprovalRequest], now: datetime
    ) -> Change[Any]:
        notifications = tuple(
            replace(each, event=self._told(each.event, requests, now)) for each in change.notifications
        )
        event = None if change.event is None else self._told(change.event, requests, now)
        return replace(change, event=event, notifications=notifications)

    def _told(self, event: Event, requests: Mapping[str, ApprovalRequest], now: datetime) -> Event:
        if not isinstance(event, RequestEvent):
            return event
        if event.wants_decision:
            return replace(event, deciders=self._deciders(event.request, now))
        return replace(event, signs=signs_of(event.request, self._roll, requests.values()))

    def _deciders(self, request: ApprovalRequest, now: datetime) -> Deciders | None:
        """Who can decide, as far as that is known well enough."""
        found = who_can_decide(self._roll, request) if self._roll else None
        if found is None or abs(now - found.read_at) > (FRESH if found.obstacle else OLDEST):
            return None
        return found.shortened()


def _ids(known: KnownGroup | None) -> frozenset[str]:
    return frozenset(each.member.id for each in known.members or ()) if known else frozenset()


def _groups_to_read(roll: Roll, events: Iterable[RequestEvent]) -> list[str]:
    """The groups whose members decided just now."""
    ids = (
        group_id
        for each in events
        if each.request.status in _DECIDED and not each.is_reminder
        for group_id in groups_that_may_decide(roll, each.request)
    )
    return list(dict.fromkeys(ids))


def _concerned(change: Change[Any]) -> list[RequestEvent]:
    """The events of a change that tell who can decide, or that somebody did."""
    own = [] if change.event is None else [change.event]
    told = [*own, *(each.event for each in change.notifications)]
    requests = (each for each in told if isinstance(each, RequestEvent))
    return [each for each in requests if each.wants_decision or each.request.status in _DECIDED]


def _requests(changes: Iterable[Change[Any]], snapshot: Snapshot) -> dict[str, ApprovalRequest]:
    """All requests that are known, as they are now."""
    known = {key: each.value.request for key, each in snapshot.tracked.items()}
    return known | {each.subject_id: each.after.request for each in changes if each.after is not None}
