"""A source that reads an audit log: overlapping spans, each alert once, and a gap is told."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from maa_notify.clock import Clock
from maa_notify.domain.alert import Actor, Alert, AlertState, Severity, family_of
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Fact
from maa_notify.domain.times import unless_later
from maa_notify.errors import GraphError, GraphUnavailable
from maa_notify.graph.audit_logs import LogTooLong
from maa_notify.insight.watch.allow import Allowed
from maa_notify.insight.watch.differences import differences
from maa_notify.insight.watch.ground import Ground
from maa_notify.insight.watch.log import LogEntry
from maa_notify.insight.watch.news import Telling, alert_changes
from maa_notify.insight.watch.stories import WITHIN
from maa_notify.polling.marks import wait_asked_for
from maa_notify.polling.source import News
from maa_notify.storage.alerts import AlertStore
from maa_notify.storage.records import APPROVALS, Versioned
from maa_notify.storage.requests import ALERTS
from maa_notify.storage.snapshot import Snapshot

OVERLAP = timedelta(hours=1)
"""How far each look goes back behind the last one: entries may come a quarter of an hour late."""
_LOOK_AGAIN = timedelta(hours=1)
"""The time between two looks at groups, units and apps."""
_RETRY = timedelta(minutes=15)
"""The same after one that could not read all of it."""
_SECONDS = 45.0
"""For reading one log in one poll."""
_SHORTEST, _WIDEST = 4, 7_200
"""Seconds that a look reaches back and forth in a flood, and from which on there is no limit."""
_UNDECIDED = 20
_LONGEST = 28_000
"""Characters of a cursor: a property of a table holds 32,768, and the mark has others beside it."""
_BEHIND = timedelta(hours=1)
_READ_AGAIN = timedelta(days=1)
"""So far back, where how far it was read is forgotten."""


class ReadsLog(Protocol):
    """An audit log."""

    def read(self, start: datetime, end: datetime) -> list[LogEntry]:
        """The entries of a span (UTC)."""
        ...


class ReadsGround(Protocol):
    """What the rules must know of the tenant."""

    def read(self, before: Ground, now: datetime) -> Ground:
        """What is known now; what cannot be read is as it was before."""
        ...


class Reads(Struct, frozen=True):
    """The log, and what must be known beside it."""

    log: ReadsLog
    ground: ReadsGround


class Cursor(Struct, frozen=True):
    """How far a log was read, and what was known of the tenant then.

    Attributes:
        since: when the watch began (UTC); what happened earlier is history and no news.
        horizon: all that happened before is read (UTC).
        reach_s: how far a look goes back and forth from the horizon, in seconds; 0 without a limit.
        looked_at: when the tenant was last looked at (UTC).
        ground: what was known of it.
        undecided: entries that are to be judged again; in a flood no later look would read them.
    """

    since: datetime
    horizon: datetime
    reach_s: int = 0
    looked_at: datetime | None = None
    ground: Ground = Ground()
    undecided: tuple[LogEntry, ...] = ()


class Judged(Struct, frozen=True):
    """What entries give rise to: alerts, and the entries of which a later look decides."""

    alerts: Sequence[Alert] = ()
    undecided: Sequence[LogEntry] = ()


Rules = Callable[[Sequence[LogEntry], Sequence[RequestState], Ground, datetime], Judged]
"""Judges entries by the requests and the tenant that are known, at a time (UTC)."""


class LogHabits(Struct, frozen=True):
    """How a log is watched.

    Attributes:
        name: of the source.
        kept: how long the log keeps its entries, at least.
        rhythm: the least time between two looks.
        allowed: alerts that are muted.
        tells_low: whether any destination asks for alerts of low severity.
        compares: whether two looks at the tenant are compared, too.
    """

    name: str
    kept: timedelta
    rhythm: timedelta
    allowed: Sequence[Allowed] = ()
    tells_low: bool = False
    compares: bool = False


class LogSource:
    """Reads one audit log for alerts."""

    def __init__(
        self, habits: LogHabits, reads: Reads, rules: Rules, alerts: AlertStore, clock: Clock
    ) -> None:
        """Reads nothing yet."""
        self._habits = habits
        self._log = reads.log
        self._ground = reads.ground
        self._clock = clock
        self._rules = rules
        self._alerts = alerts

    @property
    def name(self) -> str:
        """One word, for its mark in the state store, logs and health."""
        return self._habits.name

    @property
    def rhythm(self) -> timedelta:
        """The least time between two looks."""
        return self._habits.rhythm

    def news(self, snapshot: Snapshot, now: datetime) -> News:
        """The alerts since the last look; the problem where the log could not be read, which costs no alert.

        Raises:
            GraphError: there is no token.
            StateError: the state store failed.
        """
        mark = snapshot.marks.get(self.name)
        before = _cursor_in(mark.cursor if mark else "", now)
        lost_at = unless_later(mark.memory_lost_at, now) if mark else None
        if before is None and lost_at is not None:
            # Not a first look: how far the log was read is forgotten. What was told of it is known by itself.
            before = Cursor(lost_at - _READ_AGAIN, lost_at - _READ_AGAIN)
        cursor, found = self._looked_around(before or Cursor(now, now), snapshot, now)
        if before is None:  # the first look: what is in the log is history
            return News(shelf=ALERTS, is_complete=True, cursor=_written(cursor))
        found += self._gap(before, now)
        read = self._read(cursor, now)
        requests = [each.value for each in snapshot.tracked.values()]
        fresh = [*cursor.undecided, *(each for each in read.entries if each.at >= cursor.since)]
        judged = self._rules(fresh, requests, cursor.ground, now)
        cursor = replace(read.cursor, undecided=tuple(judged.undecided[:_UNDECIDED]))
        found += [*judged.alerts, *read.gaps]
        return self._news(found, snapshot, cursor, now, read.problem or _behind(cursor, now))

    def _read(self, cursor: Cursor, now: datetime) -> "_Read":
        """The entries from the horizon on, as many as there is time for."""
        ends = self._clock.monotonic() + _SECONDS
        entries: list[LogEntry] = []
        gaps: list[Alert] = []
        while True:
            start, end = _span(cursor, now)
            try:
                entries += self._log.read(start, end)
                cursor = replace(cursor, horizon=end, reach_s=_wider(cursor.reach_s))
            except LogTooLong as error:
                entries += error.entries
                if error.until is not None and error.until > cursor.horizon:
                    cursor = replace(cursor, horizon=error.until)
                elif cursor.reach_s == _SHORTEST:
                    gaps.append(self._unread(start, end, now))
                    cursor = replace(cursor, horizon=end)
                cursor = replace(cursor, reach_s=max(_SHORTEST, (cursor.reach_s or _WIDEST) // 2))
            except GraphError as error:
                # What was found so far, also by comparing, is told; the next look takes the rest along.
                return _Read(cursor, entries, gaps, error)
            if cursor.horizon >= now or self._clock.monotonic() >= ends:
                return _Read(cursor, entries, gaps)

    def _looked_around(self, cursor: Cursor, snapshot: Snapshot, now: datetime) -> tuple[Cursor, list[Alert]]:
        """The cursor with what is known of the tenant, read anew once an hour, and what changed there."""
        since = snapshot.outlook(APPROVALS).since
        looked_at = unless_later(cursor.looked_at, now)
        wait = _LOOK_AGAIN if cursor.ground.is_whole else _RETRY
        if looked_at is not None and now - looked_at < wait:
            return replace(cursor, ground=replace(cursor.ground, history_since=since)), []
        ground = replace(self._ground.read(cursor.ground, now), history_since=since)
        is_first = cursor.looked_at is None
        changed = (
            [] if is_first or not self._habits.compares else list(differences(cursor.ground, ground, now))
        )
        return replace(cursor, ground=ground, looked_at=now), changed

    def _gap(self, cursor: Cursor, now: datetime) -> list[Alert]:
        """An alert where entries may have left the log before anybody read them."""
        if now - cursor.horizon <= self._habits.kept:
            return []
        return [self._unread(cursor.horizon, now - self._habits.kept, now)]

    def _unread(self, start: datetime, end: datetime, now: datetime) -> Alert:
        return Alert(
            "log_gap",
            Severity.HIGH,
            now,
            Actor(),
            self.name,
            self.name,
            "Part of an audit log was never read",
            (Fact("Not read", f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"),),
            "Look through that time in the portal; find out why the notifier could not read it.",
            (f"gap-{start:%Y%m%d%H%M%S}",),
        )

    def _news(
        self,
        found: Sequence[Alert],
        snapshot: Snapshot,
        cursor: Cursor,
        now: datetime,
        problem: GraphError | None,
    ) -> News:
        known: dict[str, Versioned[AlertState]] = {}
        families: dict[tuple[str, datetime], list[Versioned[AlertState]]] = {}
        requests = [each.value for each in snapshot.tracked.values()]

        def told(alert: Alert) -> Sequence[AlertState]:
            family = family_of(alert), alert.at
            if family not in families:
                families[family] = self._alerts.read_family(*family)
                known.update({each.value.subject_id: each for each in families[family]})
            return [each.value for each in families[family]]

        def recent() -> Sequence[AlertState]:
            found = self._alerts.read_versioned(now - WITHIN)
            for each in found:  # what was compared keeps the version in which it was read
                known.setdefault(each.value.subject_id, each)
            return [each.value for each in found]

        habits = self._habits
        # One of the sources is enough to follow the stories; it is the one that compares, too.
        telling = Telling(habits.allowed, habits.tells_low, requests, follows=habits.compares)
        changes = alert_changes(found, told, recent, telling, now)
        return News(
            changes,
            known,
            shelf=ALERTS,
            is_complete=True,
            problem=problem,
            not_before=None if problem is None else wait_asked_for(problem, self._clock.now()),
            cursor=_written(cursor),
        )


class _Read(Struct, frozen=True):
    """What one look read, how far it came, and what ended it before its time."""

    cursor: Cursor
    entries: Sequence[LogEntry]
    gaps: Sequence[Alert]
    problem: GraphError | None = None


def _span(cursor: Cursor, now: datetime) -> tuple[datetime, datetime]:
    """What is to be read (UTC): from before the horizon to now, or as far as a flood lets be read."""
    if not cursor.reach_s:
        return cursor.horizon - OVERLAP, now
    reach = timedelta(seconds=cursor.reach_s)
    return cursor.horizon - min(OVERLAP, reach), min(now, cursor.horizon + reach)


def _wider(reach_s: int) -> int:
    return 0 if reach_s * 2 >= _WIDEST else reach_s * 2


def _behind(cursor: Cursor, now: datetime) -> GraphUnavailable | None:
    if now - cursor.horizon <= _BEHIND:
        return None
    return LogTooLong(f"the log is read up to {cursor.horizon:%Y-%m-%d %H:%M} UTC; the rest follows")


def _cursor_in(text: str, now: datetime) -> Cursor | None:
    """The cursor, without times ahead of the clock; None before the first look."""
    if not text:
        return None
    cursor = msgspec.json.decode(text, type=Cursor)
    return replace(
        cursor,
        since=unless_later(cursor.since, now) or now,
        horizon=unless_later(cursor.horizon, now) or now,
    )


def _written(cursor: Cursor) -> str:
    """The cursor as text that a row of a table holds; what is too long for it is read or judged anew."""
    shorter = replace(cursor, undecided=())
    shortest = replace(shorter, ground=Ground(), looked_at=None)
    texts = (msgspec.json.encode(each).decode() for each in (cursor, shorter, shortest))
    return next(text for text in texts if len(text) <= _LONGEST)
