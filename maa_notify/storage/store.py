"""What a poll and a delivery ask of the state store, in their own words, on top of plain rows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.compare import Change, RequestState
from maa_notify.domain.event import storage_key
from maa_notify.domain.notification import CardLocation, Notification
from maa_notify.storage import records as codec
from maa_notify.storage import rows
from maa_notify.storage.records import (
    DestinationState,
    JournalEntry,
    LastPurge,
    PollMark,
    StoredCard,
    Unreached,
    Watermark,
)
from maa_notify.storage.rows import (
    MAX_BYTES,
    MAX_CHANGES,
    ConflictError,
    Delete,
    Insert,
    Put,
    Row,
    Rows,
    Update,
    wire_size,
)
from maa_notify.storage.snapshot import (
    DESTINATION,
    LAST_PURGE,
    MARK,
    WATERMARK,
    Snapshot,
    SnapshotReader,
    Versioned,
    prefix_end,
    versioned_from,
    with_snapshot_version,
)

_PROBE = codec.META + "probe"
_MOST_CHANGES = MAX_CHANGES - 1
"""In a transaction of ours: one more is the edition of the board."""

NEW_DESTINATION = Versioned(DestinationState(), "")
"""A destination of which nothing is remembered yet; its etag says that there is no row."""


class Record(Struct, frozen=True):
    """A change with the notifications it causes, and the etags of the rows it replaces."""

    change: Change
    notifications: tuple[Notification, ...] = ()
    live_etag: str = ""
    past_etag: str = ""


_Batch = Sequence[tuple[Record, list[rows.Write]]]
"""Entries with the changes that record them."""


class Outcome(Struct, frozen=True):
    """What became of a notification that was tried: it stays (`kept`), or leaves for the journal.

    `place` is where its card stands now, at a destination that comes back to it.
    """

    held: Versioned[Notification]
    kept: Notification | None = None
    entry: JournalEntry | None = None
    dead: bool = False
    place: CardLocation | None = None


class StateStore:
    """The state of one tenant. Every method may raise `StateError`."""

    def __init__(self, store: Rows) -> None:
        """Works on the rows of one tenant."""
        self._rows = store
        self._snapshot = SnapshotReader(store)

    def read_snapshot(self) -> Snapshot:
        """Reads what a poll compares with; its cost follows what is listed and new, not the history."""
        return self._snapshot.read()

    def read_past(self, request_ids: Iterable[str]) -> dict[str, Versioned[RequestState]]:
        """Of these requests, the ones that were listed once and then left the list."""
        found = ((each, self._rows.get(codec.PAST + storage_key(each))) for each in request_ids)
        return {each: versioned_from(row, RequestState) for each, row in found if row is not None}

    def raise_watermark(self, requested_at: datetime) -> None:
        """Notes, before a request leaves the list, that one filed at this time did; never lowers it."""
        while True:
            row = self._rows.get(WATERMARK)
            known = codec.decode(row, Watermark).requested_at if row else None
            if known is not None and known >= requested_at:
                return
            data = codec.encode(Watermark(requested_at))
            with suppress(ConflictError):
                self._commit([Update(WATERMARK, data, row.etag) if row else Insert(WATERMARK, data)])

    def record(self, entries: Sequence[Record]) -> list[Record]:
        """Records each entry whole or not at all; returns those that were recorded.

        An entry is left out when another poller recorded news of the same request first; what it saw is
        then compared again by the next poll.
        """
        recorded: list[Record] = []
        for batch in _batches(entries):
            recorded += self._record_batch(batch)
        return recorded

    def read_pending(self) -> list[Versioned[Notification]]:
        """The outbox, in no particular order."""
        return [versioned_from(row, Notification) for row in self._all(codec.PENDING)]

    def read_destination(self, destination: str) -> Versioned[DestinationState]:
        """What is remembered of one destination; `NEW_DESTINATION` before anything is."""
        row = self._rows.get(DESTINATION + destination)
        return NEW_DESTINATION if row is None else versioned_from(row, DestinationState)

    def write_destination(
        self, destination: str, lane: Versioned[DestinationState]
    ) -> Versioned[DestinationState]:
        """Writes what is remembered of a destination, if it is still as it was read.

        Raises:
            ConflictError: another poller wrote it first.
        """
        return Versioned(lane.value, self._commit([_destination_write(destination, lane)])[0])

    def commit_outcomes(
        self, destination: str, lane: Versioned[DestinationState], outcomes: Sequence["Outcome"]
    ) -> tuple[Versioned[DestinationState], list[Versioned[Notification]]]:
        """Writes the outcome of one post: notifications and destination together, or nothing.

        Returns:
            The destination's row and the notifications that stay, as they are now.

        Raises:
            ConflictError: another poller dealt with one of them first.
        """
        changes = [_destination_write(destination, lane)]
        kept = [(each.kept, _kept_change(each.held, each.kept)) for each in outcomes if each.kept is not None]
        changes += [change for _, change in kept]
        changes += [change for each in outcomes if each.kept is None for change in _leaving_changes(each)]
        changes += _remembered_changes(outcomes)
        etags = self._commit(changes)
        staying = [Versioned(value, etag) for (value, _), etag in zip(kept, etags[1:], strict=False)]
        return Versioned(lane.value, etags[0]), staying

    def read_card_locations(self, destination: str, request_ids: Iterable[str]) -> dict[str, CardLocation]:
        """Where the cards of these requests stand at a destination, as far as they have any there."""
        found = ((each, self._rows.get(_card_key(destination, each))) for each in request_ids)
        return {each: codec.decode(row, StoredCard).place for each, row in found if row is not None}

    def is_unreached(self, destination: str, recipient: str, since: datetime) -> bool:
        """Whether a person could not be written to at a time after `since`."""
        row = self._rows.get(_unreached_key(destination, recipient))
        return row is not None and codec.decode(row, Unreached).at >= since

    def note_silence(
        self, destination: str, lane: Versioned[DestinationState], heartbeat: Notification | None
    ) -> None:
        """Notes since when a destination is quiet, together with the heartbeat that breaks the silence.

        Raises:
            ConflictError: another poller wrote the destination's row first.
        """
        pending = [] if heartbeat is None else [Put(codec.PENDING + heartbeat.key, codec.encode(heartbeat))]
        self._commit([_destination_write(destination, lane), *pending])

    def purge(self, before: datetime) -> int:
        """Forgets what was told, given up or left the list before a time; returns the number of rows."""
        old = [
            *self._rows.read(codec.SENT, f"{codec.SENT}{before.isoformat(timespec='milliseconds')}"),
            *(row for row in self._all(codec.DEAD) if codec.decode(row, JournalEntry).at < before),
            *(row for row in self._all(codec.PAST) if _left_before(codec.decode(row, RequestState), before)),
            *(row for row in self._all(codec.CARD) if codec.decode(row, StoredCard).at < before),
            *(row for row in self._all(codec.UNREACHED) if codec.decode(row, Unreached).at < before),
        ]
        for start in range(0, len(old), _MOST_CHANGES):
            with suppress(ConflictError):
                self._commit([Delete(row.key, row.etag) for row in old[start : start + _MOST_CHANGES]])
        return len(old)

    def write_last_purge(self, at: datetime) -> None:
        """Notes when old rows were purged."""
        self._commit([Put(LAST_PURGE, codec.encode(LastPurge(at)))])

    def write_mark(self, mark: PollMark) -> None:
        """Remembers how the poll went."""
        self._commit([Put(MARK, codec.encode(mark))])

    def read_mark(self) -> PollMark | None:
        """How the last polls went; None before the first."""
        row = self._rows.get(MARK)
        return None if row is None else codec.decode(row, PollMark)

    def check_writable(self) -> None:
        """Writes and removes a row, for a check by hand."""
        etag = self._commit([Put(_PROBE, "{}")])[0]
        self._commit([Delete(_PROBE, etag)])

    def read_dead(self) -> list[Versioned[JournalEntry]]:
        """The notifications that were given up."""
        return [versioned_from(row, JournalEntry) for row in self._all(codec.DEAD)]

    def read_sent(self, since: datetime | None = None) -> Iterator[JournalEntry]:
        """The journal of what was delivered, oldest first."""
        first = codec.SENT + (since.isoformat() if since else "")
        return (codec.decode(row, JournalEntry) for row in self._rows.read(first, prefix_end(codec.SENT)))

    def requeue(self, held: Versioned[JournalEntry], now: datetime) -> None:
        """Puts a notification that was given up back into the outbox, due now and as if new."""
        notification = held.value.notification
        fresh = replace(
            notification, recorded_at=now, attempts=0, not_before=None, plain=False, overtakable=False
        )
        self._commit(
            [
                Delete(codec.DEAD + notification.key, held.etag),
                Put(codec.PENDING + fresh.key, codec.encode(fresh)),
            ]
        )

    def make_due(self, held: Versioned[Notification]) -> None:
        """Makes a waiting notification due now."""
        fresh = replace(held.value, not_before=None, plain=False, overtakable=False)
        self._commit([Update(codec.PENDING + fresh.key, codec.encode(fresh), held.etag)])

    def clear_retry_after(self) -> None:
        """Lets every destination be tried again now, whatever `Retry-After` it gave."""
        for name, held in self.read_snapshot().states.items():
            if held.value.retry_after_until is not None:
                self.write_destination(name, replace(held, value=replace(held.value, retry_after_until=None)))

    def discard_pending(self, held: Versioned[Notification]) -> None:
        """Forgets a waiting notification."""
        self._commit([_removal(held)])

    def discard_dead(self, held: Versioned[JournalEntry]) -> None:
        """Forgets a notification that was given up."""
        self._commit([Delete(codec.DEAD + held.value.notification.key, held.etag)])

    def close(self) -> None:
        """Lets go of files and connections."""
        self._rows.close()

    def _commit(self, changes: Sequence[rows.Write]) -> list[str]:
        """Does all changes or none; the only way to a write, so that no change of the board is missed."""
        return self._rows.commit(with_snapshot_version(changes))

    def _all(self, prefix: str) -> Iterator[Row]:
        return self._rows.read(prefix, prefix_end(prefix))

    def _record_batch(self, batch: _Batch) -> list[Record]:
        try:
            self._commit([change for _, changes in batch for change in changes])
        except ConflictError:
            self._snapshot.forget()
            standing = self._standing(batch)
            if len(standing) < len(batch):
                return self._record_batch(standing) if standing else []
            # The list is as expected, so another row is not: only one by one can tell whose.
            return [entry for each in batch for entry in self._record_batch([each])] if batch[1:] else []
        return [entry for entry, _ in batch]

    def _standing(self, batch: _Batch) -> _Batch:
        """The entries whose request is still remembered as it was read."""
        keys = [codec.LIVE + storage_key(entry.change.request_id) for entry, _ in batch]
        found = {row.key: row.etag for row in self._rows.read(min(keys), max(keys) + "~")}
        return [
            each for each, key in zip(batch, keys, strict=True) if found.get(key, "") == each[0].live_etag
        ]


def sent_key(entry: JournalEntry) -> str:
    """Journal keys begin with the time, so that reading or purging a span is one range."""
    return f"{codec.SENT}{entry.at.isoformat(timespec='milliseconds')}:{entry.notification.key}"


def _left_before(past: RequestState, moment: datetime) -> bool:
    return past.missing_since is None or past.missing_since < moment


def _removal(held: Versioned[Notification]) -> Delete:
    return Delete(codec.PENDING + held.value.key, held.etag)


def _destination_write(destination: str, lane: Versioned[DestinationState]) -> rows.Write:
    key, data = DESTINATION + destination, codec.encode(lane.value)
    return Update(key, data, lane.etag) if lane.etag else Insert(key, data)


def _kept_change(held: Versioned[Notification], after: Notification) -> rows.Write:
    return Update(codec.PENDING + held.value.key, codec.encode(after), held.etag)


def _leaving_changes(outcome: Outcome) -> list[rows.Write]:
    if outcome.entry is None:
        return [_removal(outcome.held)]
    key = codec.DEAD + outcome.held.value.key if outcome.dead else sent_key(outcome.entry)
    return [_removal(outcome.held), Put(key, codec.encode(outcome.entry))]


def _remembered_changes(outcomes: Iterable[Outcome]) -> list[rows.Write]:
    """What is kept for later news: where cards stand, and who could not be written to, each said once."""
    found: dict[str, str] = {}
    for place, entry in ((each.place, each.entry) for each in outcomes if each.entry is not None):
        notification = entry.notification
        if place is not None:
            key = _card_key(notification.destination, notification.event.subject_id)
            found[key] = codec.encode(StoredCard(place, entry.at))
        if entry.unreached:
            key = _unreached_key(notification.destination, notification.recipient)
            found[key] = codec.encode(Unreached(entry.at))
    return [Put(key, data) for key, data in found.items()]


def _card_key(destination: str, request_id: str) -> str:
    return f"{codec.CARD}{destination}:{storage_key(request_id)}"


def _unreached_key(destination: str, recipient: str) -> str:
    return f"{codec.UNREACHED}{destination}:{storage_key(recipient)}"


def _row_changes(entry: Record) -> list[rows.Write]:
    """The request's rows and its notifications, for one transaction."""
    changes = [_live_change(entry)]
    key = codec.PAST + storage_key(entry.change.request_id)
    if entry.past_etag:
        changes.append(Delete(key, entry.past_etag))
    if entry.change.after is None:
        changes.append(Put(key, codec.encode(entry.change.before)))
    return [*changes, *(Put(codec.PENDING + each.key, codec.encode(each)) for each in entry.notifications)]


def _live_change(entry: Record) -> rows.Write:
    change, key = entry.change, codec.LIVE + storage_key(entry.change.request_id)
    if change.after is None:
        return Delete(key, entry.live_etag)
    if change.before is None:
        return Insert(key, codec.encode(change.after))
    return Update(key, codec.encode(change.after), entry.live_etag)


def _batches(entries: Sequence[Record]) -> Iterator[_Batch]:
    """Groups whole entries into transactions as large as the store takes."""
    batch: list[tuple[Record, list[rows.Write]]] = []
    count = size = 0
    for entry in entries:
        changes = _row_changes(entry)
        needed = sum(map(wire_size, changes))
        if batch and (count + len(changes) > _MOST_CHANGES or size + needed > MAX_BYTES):
            yield batch
            batch, count, size = [], 0, 0
        batch.append((entry, changes))
        count, size = count + len(changes), size + needed
    if batch:
        yield batch
