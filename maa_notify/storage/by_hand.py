"""Retries or discards one notification for a person, while polls may be working on it."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from maa_notify.storage.outbox import PendingNotification
from maa_notify.storage.records import JournalEntry, Versioned
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.store import StateStore

_MOST_CONFLICTS = 20
"""Each one means that a poll wrote the notification; so many in a row, that one would wait for ever."""


class Fate(StrEnum):
    """What became of a notification that somebody wanted to retry or discard."""

    DONE = "done"
    DELIVERED = "delivered"
    GONE = "gone"
    CONTENDED = "contended"


def retry(store: StateStore, key: str, since: datetime, now: datetime) -> Fate:
    """Makes a notification due now, also one that was given up.

    Args:
        store: of its tenant.
        key: of the notification.
        since: when it was recorded (UTC).
        now: the time (UTC).

    Raises:
        StateError: the state store failed.
    """
    return _settle(store, key, since, store.outbox.make_due, lambda dead: store.journal.requeue(dead, now))


def discard(store: StateStore, key: str, since: datetime) -> Fate:
    """Deletes a notification that waits or was given up; the arguments are as for `retry`.

    Raises:
        StateError: the state store failed.
    """
    return _settle(store, key, since, store.outbox.discard, store.journal.discard)


def _settle(
    store: StateStore,
    key: str,
    since: datetime,
    if_waiting: Callable[[PendingNotification], None],
    if_dead: Callable[[Versioned[JournalEntry]], None],
) -> Fate:
    """Does the one or the other, again on what stands there if a poll was faster; says if nothing does."""
    for _ in range(_MOST_CONFLICTS):
        try:
            if (waiting := store.outbox.find(key)) is not None:
                if_waiting(waiting)
                return Fate.DONE
            if (dead := store.journal.find_dead(key)) is not None:
                if_dead(dead)
                return Fate.DONE
        except ConflictError:
            continue
        entries = [each for each in store.journal.read_sent(since) if each.notification.key == key]
        return Fate.DELIVERED if any(each.was_told for each in entries) else Fate.GONE
    return Fate.CONTENDED
