"""The journal: notifications that were delivered or given up, for people and the daily purge."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec.structs import replace

from maa_notify.domain.alert import AlertState
from maa_notify.domain.compare import RequestState
from maa_notify.domain.event import Event, RequestEvent
from maa_notify.domain.notification import Notification
from maa_notify.storage.records import (
    AUDIT,
    CARD,
    DEAD,
    LAST_PURGE,
    OUTBOX,
    PAST,
    SENT,
    UNREACHED,
    JournalEntry,
    LastPurge,
    StoredCard,
    Unreached,
    Versioned,
    decode,
    encode,
    sent_key,
    versioned_from,
)
from maa_notify.storage.rows import ConflictError, Delete, Put, Row, Write, prefix_end
from maa_notify.storage.versioned import MOST_WRITES, VersionedRows


class Journal:
    """The delivered and given-up notifications of one tenant. Every method may raise `StateError`."""

    def __init__(self, rows: VersionedRows) -> None:
        """Works on the rows of one tenant."""
        self._rows = rows

    def read_sent(self, since: datetime | None = None) -> Iterator[JournalEntry]:
        """The journal of delivered notifications, oldest first."""
        first = SENT + (since.isoformat() if since else "")
        return (decode(row, JournalEntry) for row in self._rows.read(first, prefix_end(SENT)))

    def read_dead(self) -> list[Versioned[JournalEntry]]:
        """The notifications that were given up."""
        return [versioned_from(row, JournalEntry) for row in self._all(DEAD)]

    def find_dead(self, key: str) -> Versioned[JournalEntry] | None:
        """The notification that was given up under this key; None when there is none."""
        row = self._rows.get(DEAD + key)
        return None if row is None else versioned_from(row, JournalEntry)

    def requeue(self, dead: Versioned[JournalEntry], now: datetime) -> None:
        """Puts a notification that was given up back into the outbox, due now and as if new.

        An approver whom nothing newer was told is told the newest news of the request in its place, since a
        card in a chat shows how things are by now. The older ones leave for the journal as passed over. Who
        looks at the request is told as it was told last, so that no card is changed back.
        """
        notification = dead.value.notification
        fresh = self._as_things_are(notification).anew(now)
        moves: list[Write] = [
            Delete(DEAD + notification.key, dead.etag),
            Put(OUTBOX + fresh.key, encode(fresh)),
        ]
        if fresh.key != notification.key:
            passed = JournalEntry(notification, now, outdated=True)
            moves.append(Put(sent_key(passed), encode(passed)))
        # In one transaction: a crash in between would lose the notification or tell it twice.
        self._rows.commit(moves)

    def _as_things_are(self, older: Notification) -> Notification:
        """The notification, marked if newer news were told there; in a chat with an approver the newest."""
        sent = (
            each
            for each in self.read_sent(older.recorded_at)
            if each.notification.event.subject_id == older.event.subject_id
        )
        # Who looks is known to all, though one destination had no card to say it on.
        known = [each for each in sent if each.was_told or each.notification.event.only_changes_cards]
        newer = [each for each in known if each.notification.event.revision > older.event.revision]
        if any(each.was_told and each.notification.line == older.line for each in newer):
            return replace(older, overtaken=True)
        about = [each.notification for each in known]
        # What only changes a card is told once there is one.
        news = [each.notification for each in newer if not each.notification.event.only_changes_cards]
        if not (older.person and news):
            return replace(older, event=_naming(older, about))
        newest = max(news, key=lambda each: each.place)
        return replace(older, event=_naming(newest, about), overtaken=False)

    def discard(self, dead: Versioned[JournalEntry]) -> None:
        """Deletes a notification that was given up."""
        self._rows.commit([Delete(DEAD + dead.value.notification.key, dead.etag)])

    def purge(self, before: datetime) -> int:
        """Deletes what was told, given up or left the list before a time (UTC); returns how many rows."""
        old = [
            *self._rows.read(SENT, f"{SENT}{before.isoformat(timespec='milliseconds')}"),
            *(row for row in self._all(DEAD) if decode(row, JournalEntry).at < before),
            *(row for row in self._all(PAST) if _left_before(decode(row, RequestState), before)),
            *(row for row in self._all(CARD) if decode(row, StoredCard).at < before),
            *(row for row in self._all(AUDIT) if decode(row, AlertState).found_at < before),
            *(row for row in self._all(UNREACHED) if decode(row, Unreached).at < before),
        ]
        for start in range(0, len(old), MOST_WRITES):
            # A row that changed meanwhile is young again; the others are found by the next purge.
            with suppress(ConflictError):
                self._rows.commit([Delete(row.key, row.etag) for row in old[start : start + MOST_WRITES]])
        return len(old)

    def write_last_purge(self, at: datetime) -> None:
        """Notes when old rows were purged (UTC)."""
        self._rows.commit([Put(LAST_PURGE, encode(LastPurge(at)))])

    def _all(self, prefix: str) -> Iterator[Row]:
        return self._rows.read(prefix, prefix_end(prefix))


def _naming(told: Notification, about: Sequence[Notification]) -> Event:
    """What was told, with who looks by what was told of the request since then; nobody where that is over."""
    event = told.event
    since = [each for each in about if each.place > told.place and each.event.revision == event.revision]
    looks = [each for each in since if each.event.only_changes_cards]
    last = max(looks, key=lambda each: each.place).event if looks else None
    if not (isinstance(event, RequestEvent) and isinstance(last, RequestEvent)):
        return event
    return replace(event, look=last.look)


def _left_before(past: RequestState, moment: datetime) -> bool:
    return past.missing_since is None or past.missing_since < moment
