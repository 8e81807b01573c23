"""The outbox in the state store: waiting notifications, the state of destinations, and outcomes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace

from maa_notify.domain.notification import Notification
from maa_notify.domain.times import unless_later
from maa_notify.errors import StateError
from maa_notify.storage.records import (
    APPROVALS,
    DEAD,
    DESTINATION,
    MARK,
    NEW_DESTINATION,
    OUTBOX,
    UNREACHED,
    DestinationState,
    JournalEntry,
    SourceMark,
    StoredCard,
    Unreached,
    Versioned,
    card_key,
    decode,
    encode,
    sent_key,
    short_of,
    unreached_key,
    versioned_from,
)
from maa_notify.storage.rows import (
    MAX_BYTES,
    MAX_CHANGES,
    ConflictError,
    Delete,
    Insert,
    Put,
    Row,
    Update,
    Write,
    prefix_end,
    wire_size,
)
from maa_notify.storage.versioned import VersionedRows

_MOST_CONFLICTS = 20
"""Each one means that a poll wrote the row; so many in a row, that one would wait for ever."""

_MOST_DISCARDED = 300
"""So many are noted, and all that the mark names."""

_ENTRY_BYTES = 4_000
"""Of a journal entry or a failure beside the notification: ids, times and an error."""

PendingNotification = Versioned[Notification]
"""A notification in the outbox, with the etag that a later write of it needs."""


class Outcome(Struct, frozen=True):
    """What became of a notification that was tried: it stays, or leaves for the journal.

    Attributes:
        pending: the notification as it was read.
        kept: as it waits from now on; None when it leaves.
        entry: what the journal says of it; None when it stays.
        dead: it was given up.
        card: its card as it stands now, or may, at a destination that comes back to it.
        moved: where its card stands in the place of another one, that of the others on it, by their ids.
        unreached: its recipient was found to be out of reach, and is left alone for a day.
    """

    pending: PendingNotification
    kept: Notification | None = None
    entry: JournalEntry | None = None
    dead: bool = False
    card: StoredCard | None = None
    moved: Mapping[str, StoredCard] = {}
    unreached: bool = False


class Outbox:
    """The outbox of one tenant and its destinations. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows

    def read_pending(self) -> list[PendingNotification]:
        """The notifications that wait, in no particular order."""
        return pending_in(self._rows.read(OUTBOX, prefix_end(OUTBOX)))

    def keys(self) -> list[str]:
        """The keys of the notifications that wait, of damaged rows, too."""
        return [row.key.removeprefix(OUTBOX) for row in self._rows.read(OUTBOX, prefix_end(OUTBOX))]

    def find(self, key: str) -> PendingNotification | None:
        """The notification that waits under this key; None when none does."""
        row = self._rows.get(OUTBOX + key)
        return None if row is None else versioned_from(row, Notification)

    def read_destination(self, destination: str) -> Versioned[DestinationState]:
        """What is remembered of one destination; `NEW_DESTINATION` before anything is."""
        row = self._rows.get(DESTINATION + destination)
        return NEW_DESTINATION if row is None else versioned_from(row, DestinationState)

    def write_destination(
        self, destination: str, state: Versioned[DestinationState]
    ) -> Versioned[DestinationState]:
        """Writes what is remembered of a destination, if it is still as it was read; returns it as it is now.

        Raises:
            ConflictError: another poller wrote it first.
        """
        return Versioned(state.value, self._rows.commit([destination_write(destination, state)])[0])

    def commit_outcomes(
        self, destination: str, state: Versioned[DestinationState], outcomes: Sequence[Outcome]
    ) -> tuple[Versioned[DestinationState], list[PendingNotification]]:
        """Writes the outcome of one post: notifications and destination together, or nothing.

        Returns:
            The destination's state and the notifications that stay, as they are now.

        Raises:
            ConflictError: another poller dealt with one of them first.
        """
        # In one transaction: the times of posts, which set the pace, must always agree with the outbox.
        kept = [each.kept for each in outcomes if each.kept is not None]
        in_order = sorted(outcomes, key=lambda each: each.kept is None)
        moves = [write for each in in_order for write in _moves(each)]
        writes = [destination_write(destination, state), *moves, *_remembered(outcomes)]
        first, *others = self._rows.commit(writes)
        staying = [Versioned(value, etag) for value, etag in zip(kept, others, strict=False)]
        return Versioned(state.value, first), staying

    def address(
        self,
        destination: str,
        state: Versioned[DestinationState],
        pending: PendingNotification,
        people: Sequence[str],
    ) -> tuple[Versioned[DestinationState], list[PendingNotification]]:
        """Puts a notification to each of these people in the place of one that is for many.

        As many as one transaction takes; the rest stays with the one for many, so that whatever is killed
        between two of them nobody is left out, and nobody told twice.

        Returns:
            The destination's state, and what waits now in the place of `pending`.

        Raises:
            ConflictError: another poller dealt with it first.
        """
        value = pending.value
        told = [replace(value, recipient=each, people=(), is_rest=False) for each in people]
        puts = [Put(OUTBOX + each.key, encode(each)) for each in told]
        sizes = accumulate(map(wire_size, puts), initial=wire_size(Put("", encode(value))))
        room = sum(size <= MAX_BYTES for size in sizes) - 1
        told = told[: max(1, min(room, MAX_CHANGES - 2))]
        rest = replace(value, people=tuple(people[len(told) :]), is_rest=True)
        own: Write = Update(OUTBOX + value.key, encode(rest), pending.etag)
        if not rest.people:
            own, state = Delete(OUTBOX + value.key, pending.etag), self._without(state, value.key)
        writes = [destination_write(destination, state), own, *puts[: len(told)]]
        first, left, *others = self._rows.commit(writes)
        waiting = [Versioned(each, etag) for each, etag in zip(told, others, strict=True)]
        return Versioned(state.value, first), [*([Versioned(rest, left)] if rest.people else []), *waiting]

    def read_card(self, destination: str, subject_id: str, person: str = "") -> StoredCard | None:
        """The card of a subject that stands at a destination, or in one person's chat; None if none does."""
        row = self._rows.get(card_key(destination, subject_id, person))
        return None if row is None else decode(row, StoredCard)

    def people_with_card(self, destination: str, subject_id: str) -> list[str]:
        """Those in whose chat a card of a subject stands, by the ids as they were told them."""
        prefix = card_key(destination, subject_id) + ":"
        return [row.key.removeprefix(prefix) for row in self._rows.read(prefix, prefix_end(prefix))]

    def is_unreached(self, destination: str, recipient: str, since: datetime, now: datetime) -> bool:
        """Whether a person could not be reached at a time between `since` and `now` (UTC).

        A mark that lies in the future is removed.
        """
        row = self._rows.get(unreached_key(destination, recipient))
        if row is None:
            return False
        at = unless_later(decode(row, Unreached).at, now)
        if at is None:
            # A clock was ahead. Left there, it would count once that time has come.
            with suppress(ConflictError):
                self._rows.commit([Delete(row.key, row.etag)])
        return at is not None and at >= since

    def count_unreached(self, since: datetime, now: datetime) -> int:
        """How many people could not be reached at a time between `since` and `now` (UTC)."""
        rows = self._rows.read(UNREACHED, prefix_end(UNREACHED))
        times = (unless_later(decode(row, Unreached).at, now) for row in rows)
        return sum(at is not None and at >= since for at in times)

    def note_silence(
        self, destination: str, state: Versioned[DestinationState], heartbeat: Notification | None
    ) -> tuple[Versioned[DestinationState], list[PendingNotification]]:
        """Notes since when a destination is quiet, together with the heartbeat that breaks the silence.

        Returns:
            The destination's state and the heartbeat, if there is one, as they are now.

        Raises:
            ConflictError: another poller wrote the destination's row first.
        """
        writes = [destination_write(destination, state)]
        if heartbeat is not None:
            writes.append(Put(OUTBOX + heartbeat.key, encode(heartbeat)))
        etag, *others = self._rows.commit(writes)
        queued = [Versioned(heartbeat, etag) for etag in others if heartbeat is not None]
        return Versioned(state.value, etag), queued

    def make_due(self, pending: PendingNotification) -> None:
        """Makes a waiting notification due now, in its full form."""
        self.keep(pending, pending.value.anew(pending.value.recorded_at))

    def keep(self, pending: PendingNotification, as_it_waits: Notification) -> None:
        """Writes what became of a waiting notification, and nothing else."""
        self._rows.commit([Update(OUTBOX + pending.value.key, encode(as_it_waits), pending.etag)])

    def discard(self, pending: PendingNotification) -> None:
        """Deletes a waiting notification, and notes at its destination that a person did."""
        key = pending.value.key
        state = self.read_destination(pending.value.destination)
        noted = destination_write(pending.value.destination, self._without(state, key))
        self._rows.commit([Delete(OUTBOX + key, pending.etag), noted])

    def call_polls_back(self, destination: str) -> DestinationState:
        """Has each poll under way read the outbox again before its next post there; returns the state.

        Raises:
            StateError: also when polls wrote the row at every try.
        """
        return self._rewrite(destination, lambda state: state)

    def clear_retry_after(self) -> None:
        """Lets every destination and each person's chat be tried again now, whatever `Retry-After` they gave.

        Raises:
            StateError: also when polls wrote the row of a destination at every try.
        """
        for held in self.read_pending():
            if held.value.personal:
                # Whatever a poll noted since then is newer than what the chat asked for before.
                with suppress(ConflictError):
                    self.keep(held, replace(held.value, personal=False, not_before=None))
        for row in self._rows.read(DESTINATION, prefix_end(DESTINATION)):
            if decode(row, DestinationState).retry_after_until is not None:
                name = row.key.removeprefix(DESTINATION)
                self._rewrite(name, lambda state: replace(state, retry_after_until=None))

    def _without(self, state: Versioned[DestinationState], key: str) -> Versioned[DestinationState]:
        """The state of a destination, which says of a notification that it did not vanish by itself."""
        mark = self._rows.get(MARK + APPROVALS)
        named = decode(mark, SourceMark).waiting if mark is not None else ()
        *before, last = *state.value.discarded, short_of(key)
        older, latest = before[:-_MOST_DISCARDED], before[-_MOST_DISCARDED:]
        kept = [each for each in older if each in named]
        return Versioned(replace(state.value, discarded=(*kept, *latest, last)), state.etag)

    def _rewrite(
        self, destination: str, change: Callable[[DestinationState], DestinationState]
    ) -> DestinationState:
        for _ in range(_MOST_CONFLICTS):
            state = self.read_destination(destination)
            try:
                return self.write_destination(destination, Versioned(change(state.value), state.etag)).value
            except ConflictError:
                continue
        raise StateError(
            f"what is remembered of destination {destination!r} changed at each of {_MOST_CONFLICTS} tries:"
            " try again when no poll is under way"
        )


def pending_in(rows: Iterable[Row]) -> list[PendingNotification]:
    """The notifications in rows of the outbox.

    Raises:
        StateCorrupt: one of them is not ours or is damaged.
    """
    return [versioned_from(row, Notification) for row in rows]


def destination_write(destination: str, state: Versioned[DestinationState]) -> Write:
    """The write of a destination's state, which fails unless its row is still as it was read."""
    key, data = DESTINATION + destination, encode(state.value)
    return Update(key, data, state.etag) if state.etag else Insert(key, data)


def outcome_size(notification: Notification) -> int:
    """The most bytes that recording the outcome of a notification takes in its transaction."""
    key = OUTBOX + notification.key
    moved = wire_size(Put(key, encode(notification))) + _ENTRY_BYTES
    # The card of an approver's digest is remembered with what it shows.
    copies = 2 if notification.is_for_approver else 1
    return moved * copies + wire_size(Delete(key, ""))


def card_size(card: StoredCard) -> int:
    """The most bytes that writing where a card stands takes in its transaction."""
    return wire_size(Put("", encode(card)))


def recorded_together(told: Sequence[Outcome], others: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of one message, and as many of the others as its transaction has room for beside them."""
    moves = [_moves(each) for each in (*told, *others)]
    counts = accumulate(len(each) for each in moves)
    sizes = accumulate(sum(map(wire_size, each)) for each in moves)
    cards = _remembered(told)
    # Two writes more: the destination's own, and the version of what is given up or a card that was taken.
    # A digest in a chat has a card for each member; what is given up may have changed its card before.
    has_version = any(each.dead for each in (*told, *others))
    most = MAX_CHANGES - 1 - max(1, len(cards) + has_version)
    largest = MAX_BYTES - sum(map(wire_size, cards))
    room = sum(count <= most and size <= largest for count, size in zip(counts, sizes, strict=True))
    return [*told, *others[: max(0, room - len(told))]]


def _moves(outcome: Outcome) -> list[Write]:
    """The writes that keep a notification in the outbox, or move it to the journal or to those given up."""
    key = outcome.pending.value.key
    if outcome.kept is not None:
        return [Update(OUTBOX + key, encode(outcome.kept), outcome.pending.etag)]
    writes: list[Write] = [Delete(OUTBOX + key, outcome.pending.etag)]
    if outcome.entry is not None:
        writes.append(Put(DEAD + key if outcome.dead else sent_key(outcome.entry), encode(outcome.entry)))
    return writes


def cards_in(outcomes: Sequence[Outcome]) -> dict[tuple[str, str, str], StoredCard]:
    """The cards that these outcomes tell of, by destination, subject and person; each once."""
    found: dict[tuple[str, str, str], StoredCard] = {}
    for outcome in outcomes:
        destination, _, person = outcome.pending.value.line
        found |= {(destination, subject, person): card for subject, card in outcome.moved.items()}
    # What was told now is newer than what only stands beside it.
    return found | {each.pending.value.line: each.card for each in outcomes if each.card is not None}


def _remembered(outcomes: Sequence[Outcome]) -> list[Write]:
    """The writes of what later notifications need: where cards are, and who could not be reached.

    Each is said once, since a transaction takes no key twice: all of one message may be for one person.
    """
    found = {card_key(*line): encode(card) for line, card in cards_in(outcomes).items()}
    for outcome in outcomes:
        notification = outcome.pending.value
        if outcome.unreached and outcome.entry is not None:
            key = unreached_key(notification.destination, notification.recipient)
            found[key] = encode(Unreached(outcome.entry.at))
    return [Put(key, data) for key, data in found.items()]
