"""Reads the snapshot that a poll compares with, and records the changes that it found."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.alert import AlertState
from maa_notify.domain.change import Change
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import RequestEvent, storage_key
from maa_notify.domain.notification import Notification
from maa_notify.errors import StateCorrupt, StateError
from maa_notify.storage import touched
from maa_notify.storage.outbox import PendingNotification, destination_write
from maa_notify.storage.records import (
    APPROVALS,
    ARCHIVE_NEW,
    AUDIT,
    FINDING,
    LIVE,
    MARK,
    META,
    OUTBOX,
    PAST,
    SENT,
    SETTINGS,
    SNAPSHOT_VERSION,
    WATERMARK,
    DestinationState,
    SettingsRecord,
    SourceMark,
    Versioned,
    Watermark,
    decode,
    encode,
    versioned_from,
)
from maa_notify.storage.rows import (
    MAX_BYTES,
    ConflictError,
    Delete,
    Insert,
    Put,
    Update,
    Write,
    prefix_end,
    wire_size,
)
from maa_notify.storage.snapshot import Snapshot, SnapshotReader, marks_in
from maa_notify.storage.versioned import MOST_WRITES, VersionedRows

Known = Mapping[str, Versioned[Any]]
"""Subjects by id, as they were read."""


class Shelf(Struct, frozen=True):
    """The prefixes of the rows in which the subjects of a source are remembered.

    Attributes:
        present: of those that are there now.
        past: of those that left and may come back; "" where nobody needs to know them any more.
        leaving: of those that left and wait to be put into the archive; "" where there is none.
    """

    present: str
    past: str = ""
    leaving: str = ""


REQUESTS = Shelf(LIVE, PAST, ARCHIVE_NEW)
FINDINGS = Shelf(FINDING)
ALERTS = Shelf(AUDIT)

States = Mapping[str, Versioned[DestinationState]]
"""What is remembered of destinations, by name, as it was read or written."""

_NONE: Known = MappingProxyType({})
NO_STATES: States = MappingProxyType({})

_MOST_AHEAD = 50
"""Filing times ahead of the clock are odd, so that there are few; each costs the row some bytes."""

_MOST_CONFLICTS = 20
"""Each one means that another poller wrote; so many in a row, that something is wrong with the store."""


class Recorded(Struct, frozen=True):
    """What was recorded.

    Attributes:
        changes: those that were, in the order in which they were given.
        pending: their notifications, as they now stand in the outbox.
        states: the destinations that were written along, as they are now.
    """

    changes: Sequence[Change[Any]] = ()
    pending: Sequence[PendingNotification] = ()
    states: States = NO_STATES

    @property
    def events(self) -> int:
        """The number of changes with an event."""
        return sum(each.event is not None for each in self.changes)

    @property
    def alerts(self) -> int:
        """The number of alerts that are new or that more joined."""
        return sum(isinstance(each.after, AlertState) for each in self.changes)

    @property
    def unheard(self) -> int:
        """The number of changes with an event that nobody hears of."""
        return sum(each.is_unheard for each in self.changes)


class _Entry(Struct, frozen=True):
    """A change with the writes that record it.

    Attributes:
        change: to record.
        writes: all of it, or nothing.
        size: bytes of the writes, by `wire_size`.
        key: of the subject's own row.
        etag: of that row as it was read; "" when there was none.
        past: the key of the row that a new subject would have if it had been there and left; "" for others.
    """

    change: Change[Any]
    writes: Sequence[Write]
    size: int
    key: str
    etag: str
    past: str


class RequestStore:
    """The remembered requests of one tenant. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Has read nothing yet."""
        self._rows = rows
        self._snapshot = SnapshotReader(rows)

    def read_snapshot(self) -> Snapshot:
        """Reads what a poll compares with; its cost follows what is listed and new, not the history."""
        return self._snapshot.read()

    def read_past(self, request_ids: Iterable[str]) -> dict[str, Versioned[RequestState]]:
        """Those of these requests that were listed once and then left the list, by id."""
        found = ((each, self._rows.get(PAST + storage_key(each))) for each in request_ids)
        return {each: versioned_from(row, RequestState) for each, row in found if row is not None}

    def read_all_past(self) -> dict[str, Versioned[RequestState]]:
        """All requests that were listed once and then left the list, by id; damaged ones left out.

        They must keep no poll from telling what is new.
        """
        found: dict[str, Versioned[RequestState]] = {}
        for row in self._rows.read(PAST, prefix_end(PAST)):
            with suppress(StateCorrupt):
                held = versioned_from(row, RequestState)
                found[held.value.request.id] = held
        return found

    def raise_watermark(self, requested_at: datetime, ahead: Collection[datetime] = ()) -> None:
        """Notes, before requests leave the list, when the last of them was filed; never lowers it.

        Args:
            requested_at: the newest filing time that is not ahead of the clock (UTC).
            ahead: those that are. As the newest they would make every later request one that may have been
                listed before.

        Raises:
            StateError: also when the row changed at every try, so that nothing may leave the list now.
        """
        for _ in range(_MOST_CONFLICTS):
            row = self._rows.get(WATERMARK)
            known = decode(row, Watermark) if row else Watermark()
            raised = _raised(known, requested_at, ahead)
            if raised == known:
                return
            data = encode(raised)
            try:
                self._rows.commit([Update(WATERMARK, data, row.etag) if row else Insert(WATERMARK, data)])
            except ConflictError:
                continue
            return
        raise StateError(f"row {WATERMARK!r} in the state store changed at each of {_MOST_CONFLICTS} tries")

    def record(
        self,
        changes: Iterable[Change[Any]],
        known: Known = _NONE,
        past: Known = _NONE,
        shelf: Shelf = REQUESTS,
        leases: States = NO_STATES,
    ) -> Recorded:
        """Records each change with its notifications, whole or not at all; returns what was recorded.

        A change is left out when another poller recorded news of the same subject first; what it saw is
        then compared again by the next poll.

        Args:
            changes: what to record, in the order in which it is to be told.
            known: the subjects that were compared, as they were read.
            past: those of them that had left, as they were read.
            shelf: where they are remembered.
            leases: destinations to be leased along with the last of what is told there, where that is
                possible: it saves the first post a transaction of its own.
        """
        parts: list[Recorded] = []
        batches = _batches(_fitting(change, known, past, shelf) for change in changes)
        batch = next(batches, None)
        while batch is not None:
            following = next(batches, None)
            # With the last one, so that no lease runs while there is still something to record.
            parts += self._record_batch(batch, NO_STATES if following else leases)
            batch = following
        return Recorded(
            [each for part in parts for each in part.changes],
            [each for part in parts for each in part.pending],
            {name: state for part in parts for name, state in part.states.items()},
        )

    def write_mark(self, source: str, mark: SourceMark, etag: str = "") -> str:
        """Remembers how a look at a source went; returns the etag of its row.

        Args:
            source: its name.
            mark: how it went.
            etag: of the row as it was read; "" to write whatever is there.

        Raises:
            ConflictError: the row is not as it was read, or gone.
        """
        key, data = MARK + source, encode(mark)
        [written] = self._rows.commit([Update(key, data, etag) if etag else Put(key, data)])
        self._expect(source, mark)
        return written

    def write_mark_of_loss(
        self, source: str, mark: SourceMark, etag: str, alarms: Sequence[Notification]
    ) -> tuple[str, list[PendingNotification]]:
        """Writes a mark with which memory begins anew; returns its etag, and the alarms as they wait.

        From now on the rows count as they were when they were last read, whoever wrote them.

        Args:
            source: its name.
            mark: the mark.
            etag: of the row as it was read; "" where there was none.
            alarms: go into the outbox in the same transaction.

        Raises:
            ConflictError: another poller wrote the row first.
        """
        key, data = MARK + source, encode(mark)
        own = Update(key, data, etag) if etag else Insert(key, data)
        written, *etags = self._rows.commit([own, *map(_queued, alarms)], recount=True)
        self._expect(source, mark)
        return written, [Versioned(*each) for each in zip(alarms, etags, strict=True)]

    def _expect(self, source: str, mark: SourceMark) -> None:
        if source == APPROVALS:
            self._snapshot.expect(mark)

    def write_settings(
        self, record: SettingsRecord, etag: str = "", alarms: Sequence[Notification] = ()
    ) -> list[PendingNotification]:
        """Remembers the settings of a poll; returns the alarms about them, as they now stand in the outbox.

        Args:
            record: the settings.
            etag: of the row as it was read; "" where there was none.
            alarms: go into the outbox in the same transaction.

        Raises:
            ConflictError: another poller wrote the row first.
        """
        data = encode(record)
        own = Update(SETTINGS, data, etag) if etag else Insert(SETTINGS, data)
        _, *etags = self._rows.commit([own, *map(_queued, alarms)])
        return [Versioned(*each) for each in zip(alarms, etags, strict=True)]

    def note_mark(self, number: int) -> None:
        """Notes the number of the approvals' mark for the versions that are written from now on."""
        self._rows.note_mark(number)

    def know_settings(self, record: SettingsRecord | None) -> None:
        """Notes the record with the key of the seals that rows get from now on; None to read it first."""
        if record is None:
            self._rows.forget_settings()
        else:
            self._rows.know_settings(record)

    def seal_anew(self, key: str, now: datetime, *, is_trusted: bool) -> None:
        """Gives a seal to each row that lacks it, as `touched.seal_anew` tells."""
        touched.seal_anew(self._rows, key, now, is_trusted=is_trusted)

    def settled(self, since: datetime | None) -> frozenset[str]:
        """`short_of` the keys of what left the outbox since a time (UTC), in whatever way."""
        return touched.settled(self._rows, since)

    def has_history(self) -> bool:
        """Whether anything was ever told; in a state without a version also whether anything left the list.

        Where there is a version, it says whether there was a mark when something left.
        """
        if next(self._rows.read(SENT, prefix_end(SENT)), None):
            return True
        has_past = next(self._rows.read(PAST, prefix_end(PAST)), None) is not None
        return has_past and self._rows.get(SNAPSHOT_VERSION) is None

    def read_mark(self, source: str) -> SourceMark | None:
        """How the last looks at a source went; None before the first."""
        held = self.find_mark(source)
        return None if held is None else held.value

    def find_mark(self, source: str) -> Versioned[SourceMark] | None:
        """The same, with the etag of its row."""
        row = self._rows.get(MARK + source)
        return None if row is None else versioned_from(row, SourceMark)

    def read_marks(self) -> dict[str, SourceMark]:
        """How the last looks at each source went, by its name.

        Raises:
            StateCorrupt: another version of this program wrote the state; nothing else of it may be read.
        """
        return marks_in({row.key: row for row in self._rows.read(META, prefix_end(META))})

    def _record_batch(self, batch: Sequence[_Entry], leases: States) -> list[Recorded]:
        """Records those changes of a batch that conflict with no other poller's."""
        try:
            return [self._commit(batch, leases)]
        except ConflictError:
            if leases:
                # Perhaps only another poller posts there now, which is no reason to doubt the news.
                return self._record_batch(batch, NO_STATES)
            # Another poller wrote what we had read: the next poll reads everything again.
            self._snapshot.forget()
            unchanged = self._unchanged(batch)
            if len(unchanged) < len(batch):
                return self._record_batch(unchanged, leases) if unchanged else []
            if len(batch) == 1:
                return []
            # The requests are as expected, so another row is not: only one by one can tell whose.
            return [each for entry in batch for each in self._record_batch([entry], leases)]

    def _commit(self, batch: Sequence[_Entry], leases: States) -> Recorded:
        """Records all of it in one transaction, with the leases of its destinations if there is room."""
        writes = [write for entry in batch for write in entry.writes]
        concerned = {each.destination for entry in batch for each in entry.change.notifications}
        along = {name: state for name, state in leases.items() if name in concerned}
        if len(writes) + len(along) > MOST_WRITES:
            along = {}
        leased = map(destination_write, along, along.values())
        # Else what is new to a slow poller would be told again, if it came and left in the meantime.
        fresh = [entry for entry in batch if entry.past]
        unless = partial(self._are_known, fresh) if fresh else None
        etags = iter(self._rows.commit([*writes, *leased], unless=unless))
        pending: list[PendingNotification] = []
        for entry in batch:
            told, own = entry.change.notifications, [next(etags) for _ in entry.writes]
            pending += map(Versioned, told, own[len(own) - len(told) :])
        states = {name: Versioned(state.value, next(etags)) for name, state in along.items()}
        return Recorded([entry.change for entry in batch], pending, states)

    def _are_known(self, fresh: Sequence[_Entry]) -> bool:
        """Whether of these requests, which are new to this poll, the first is there or one has left."""
        # Pollers find the same, so where others have the first one no further try would do.
        if self._rows.get(fresh[0].key) is not None:
            return True
        row = self._rows.get(WATERMARK)
        if row is None:
            return False
        watermark = decode(row, Watermark)
        return any(
            self._rows.get(each.past) is not None
            for each in fresh
            if _may_have_left(each.change.after, watermark)
        )

    def _unchanged(self, batch: Sequence[_Entry]) -> list[_Entry]:
        """The entries whose subject's row is still as it was read."""
        keys = [entry.key for entry in batch]
        found = {row.key: row.etag for row in self._rows.read(min(keys), max(keys) + "~")}
        return [entry for entry in batch if found.get(entry.key, "") == entry.etag]


def _queued(notification: Notification) -> Write:
    """The write that puts a notification into the outbox.

    Put, not Insert: the key is derived from what is told, so recording it twice changes nothing.
    """
    return Put(OUTBOX + notification.key, encode(notification))


def _fitting(change: Change[Any], known: Known, past: Known, shelf: Shelf) -> _Entry:
    """The change with its writes; its notifications without their timeline if they are too many bytes.

    Raises:
        StateError: they are too many for one transaction, and no part of a change may be lost.
    """
    entry = _entry(change, known, past, shelf)
    if entry.size > MAX_BYTES:
        told = tuple(map(_without_timeline, change.notifications))
        entry = _entry(replace(change, notifications=told), known, past, shelf)
    if len(entry.writes) > MOST_WRITES or entry.size > MAX_BYTES:
        raise StateError(
            f"the news of one request for {len(change.notifications)} destinations are more than a"
            " transaction of the state store takes: name fewer in MAA_DESTINATIONS"
        )
    return entry


def _without_timeline(notification: Notification) -> Notification:
    event = notification.event
    if not isinstance(event, RequestEvent):
        return notification
    return replace(notification, event=replace(event, steps=()))


def _may_have_left(state: object, watermark: Watermark) -> bool:
    """Whether the watermark leaves open that a request has left the list."""
    filed_at = state.request.requested_at if isinstance(state, RequestState) else None
    newest = watermark.requested_at
    return filed_at is None or newest is None or filed_at <= newest or bool(watermark.ahead)


def _raised(known: Watermark, requested_at: datetime, ahead: Collection[datetime]) -> Watermark:
    """The watermark raised; of times ahead of the clock those that will come first are kept."""
    newest = requested_at if known.requested_at is None else max(known.requested_at, requested_at)
    times = sorted(each for each in {*known.ahead, *ahead} if each > newest)
    return Watermark(newest, tuple(times[:_MOST_AHEAD]))


def _entry(change: Change[Any], known: Known, past: Known, shelf: Shelf) -> _Entry:
    """The change with the writes of its rows: the subject's own first, then its notifications."""
    key, subject = shelf.present + storage_key(change.subject_id), change.subject_id
    present, left = known.get(subject), past.get(subject)
    etag = present.etag if present else ""
    writes: list[Write] = []
    if change.before is None and change.after is None and left is not None:
        # It left before; its row is written as it is, so that of two pollers one is refused.
        key, etag = shelf.past + storage_key(subject), left.etag
        writes.append(Update(key, encode(left.value), etag))
    elif change.after is None:
        writes.append(Delete(key, etag))
    elif change.before is None:
        writes.append(Insert(key, encode(change.after)))
    else:
        writes.append(Update(key, encode(change.after), etag))
    # Remembered, so that a request that comes back is not told as new.
    is_leaving = change.before is not None and change.after is None
    if is_leaving and shelf.past:
        writes.append(Put(shelf.past + storage_key(subject), encode(change.before)))
    if is_leaving and shelf.leaving:
        writes.append(Put(shelf.leaving + storage_key(subject), encode(change.before)))
    if left is not None and change.after is not None:
        writes.append(Delete(shelf.past + storage_key(subject), left.etag))
    writes += map(_queued, change.notifications)
    is_unknown = change.before is None and left is None and shelf.past
    past_key = shelf.past + storage_key(subject) if is_unknown else ""
    return _Entry(change, writes, sum(map(wire_size, writes)), key, etag, past_key)


def _batches(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    """Groups whole entries into transactions as large as the store takes."""
    batch: list[_Entry] = []
    count = size = 0
    for entry in entries:
        if batch and (count + len(entry.writes) > MOST_WRITES or size + entry.size > MAX_BYTES):
            yield batch
            batch, count, size = [], 0, 0
        batch.append(entry)
        count, size = count + len(entry.writes), size + entry.size
    if batch:
        yield batch
