"""The source of the weekly summary: due once a week, and told once however many pollers run."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo

from msgspec.structs import replace

from maa_notify.clock import Clock
from maa_notify.domain.change import Change
from maa_notify.domain.event import Notice, NoticeKind
from maa_notify.domain.finding import FindingState
from maa_notify.domain.record import RequestRecord
from maa_notify.domain.request import ApprovalRequest
from maa_notify.insight.figures import figures
from maa_notify.insight.span import Span
from maa_notify.insight.summary import SUBJECT, weekly_summary
from maa_notify.insight.weekly import WeeklyTime
from maa_notify.polling.source import News
from maa_notify.storage.records import APPROVALS
from maa_notify.storage.requests import FINDINGS
from maa_notify.storage.snapshot import Snapshot
from maa_notify.storage.store import StateStore

_LATE = timedelta(days=1)
"""After this a summary that nobody could send says nothing that the next one will not."""
_NEXT = timedelta(days=7, hours=2)
"""After one summary the next one is due, wherever clocks change meanwhile."""
_SELDOM = timedelta(hours=1)


class Summary:
    """The weekly summary of one tenant.

    That one was told stands in the state store beside findings, and is written in the transaction that puts
    it into the outbox: of two pollers one is refused.
    """

    name = "summary"

    def __init__(self, due: WeeklyTime, store: StateStore, clock: Clock, zone: tzinfo | None) -> None:
        """Has told nothing yet."""
        self._due = due
        self._store = store
        self._clock = clock
        self._zone = zone
        self._settled: datetime | None = None

    @property
    def rhythm(self) -> timedelta:
        """At each poll while one is due, as far as this process knows; else seldom, to spare the writes."""
        return _SELDOM if self._settled == self._due.latest(self._clock.now(), self._zone) else timedelta()

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """The summary, if one is due and was not told.

        Raises:
            StateError: the state store failed.
        """
        due = self._due.latest(now, self._zone)
        known = snapshot.findings_of(self.name)
        held = known.get(SUBJECT)
        before = held.value if held else None
        self._settled = due
        revision = int(due.timestamp())
        told = before.notice.revision if before else 0
        # The next one may be told already, by a clock that is ahead; a later one was noted by a wrong one.
        is_wrong = told > (due + _NEXT).timestamp()
        if told >= revision and not is_wrong:
            return News(is_complete=True)
        # One that is new begins with the next time that was set, and nobody asks for one that is long over.
        is_silent = before is None or is_wrong or now - due > _LATE
        notice = _mark(revision, now) if is_silent else self._made(snapshot, due, now)
        after = FindingState(replace(notice, facts=()), before.since if before else now)
        change = Change(SUBJECT, before, after, None if is_silent else notice)
        return News([change], known, shelf=FINDINGS, is_complete=True)

    def _made(self, snapshot: Snapshot, due: datetime, now: datetime) -> Notice:
        # Seven days of people: where clocks change, not of 168 hours.
        week = Span(self._due.latest(due - datetime.resolution, self._zone), due)
        listed: list[ApprovalRequest] = []
        # Read anew: this poll recorded what it found after the snapshot was taken.
        records = _noting(listed, self._store.history.read(week.start, week.end))
        found = figures(records, week, now, self._zone, names=False)
        mark = self._store.requests.read_marks().get(APPROVALS)
        new = [
            each.value.notice.title
            for each in snapshot.findings.values()
            if each.value.subject_id != SUBJECT and week.holds(each.value.since)
        ]
        return weekly_summary(found, listed, new, now, self._zone, mark.failing_since if mark else None)


def _noting(listed: list[ApprovalRequest], records: Iterable[RequestRecord]) -> Iterator[RequestRecord]:
    """The records; the requests that Graph lists are noted while they pass."""
    for record in records:
        if record.is_listed:
            listed.append(record.request)
        yield record


def _mark(revision: int, now: datetime) -> Notice:
    """What is remembered of a week that nothing is told of."""
    return Notice(NoticeKind.SUMMARY, SUBJECT, revision, now, "")
