"""`outbox`: what waits or was given up, and what to do about it."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from maa_notify import app
from maa_notify.cards.text import safe
from maa_notify.cards.times import TimeFormat
from maa_notify.domain.notification import Notification
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.store import StateStore

OK, FAILED, WRONG_ARGUMENTS = 0, 1, 2


class _Item(Struct, frozen=True):
    """One notification in the outbox, with what can be done to it."""

    state: str
    notification: Notification
    retry: Callable[[], None]
    discard: Callable[[], None]


def outbox(action: str, keys: Sequence[str], *, everything: bool, as_json: bool) -> int:
    """Lists, retries or discards; returns the exit code."""
    if action == "discard" and not keys and not everything:
        print("maa-notify: discard needs the keys of notifications, or --all", file=sys.stderr)
        return WRONG_ARGUMENTS
    notifier = app.build()
    try:
        items = _items(notifier.store, notifier.clock.now())
        chosen = [item for item in items if not keys or item.notification.key in keys]
        if action == "list":
            print(_as_json(chosen) if as_json else _as_text(chosen))
            return OK
        if action == "retry":
            notifier.store.outbox.clear_retry_after()
        return _act(action, chosen, keys)
    finally:
        notifier.close()


def _items(store: StateStore, now: datetime) -> list[_Item]:
    waiting = [
        _Item(
            "pending", held.value, partial(store.outbox.make_due, held), partial(store.outbox.discard, held)
        )
        for held in store.outbox.read_pending()
    ]
    given_up = [
        _Item(
            "dead",
            held.value.notification,
            partial(store.journal.requeue, held, now),
            partial(store.journal.discard, held),
        )
        for held in store.journal.read_dead()
    ]
    return sorted([*given_up, *waiting], key=lambda item: item.notification.recorded_at)


def _act(action: str, chosen: Sequence[_Item], keys: Sequence[str]) -> int:
    done = sum(_try(item.retry if action == "retry" else item.discard, item) for item in chosen)
    word = "due now; the next poll sends them" if action == "retry" else "discarded"
    print(f"{done} notification{'' if done == 1 else 's'} {word}")
    unknown = set(keys) - {item.notification.key for item in chosen}
    for key in sorted(unknown):
        print(f"maa-notify: nothing waits under the key {key}", file=sys.stderr)
    return FAILED if unknown else OK


def _try(action: Callable[[], None], item: _Item) -> bool:
    try:
        action()
    except ConflictError:
        print(f"{item.notification.key}: a poll was faster; nothing done", file=sys.stderr)
        return False
    return True


def _as_text(items: Sequence[_Item]) -> str:
    if not items:
        return "The outbox is empty."
    lines = []
    for item in items:
        notification = item.notification
        lines.append(
            f"{item.state:8}{notification.key}\n"
            f"        recorded {TimeFormat().format(notification.recorded_at)},"
            f" {notification.attempts} attempts"
            + (f", last error: {safe(notification.last_error, 200)}" if notification.last_error else "")
        )
    return "\n".join(lines)


def _as_json(items: Sequence[_Item]) -> str:
    return json.dumps(
        [
            {
                "state": item.state,
                "key": item.notification.key,
                "short_key": item.notification.event.short_key,
                "request": item.notification.event.subject_id,
                "event": item.notification.event.name,
                "destination": item.notification.destination,
                "recorded_at": item.notification.recorded_at.isoformat(),
                "attempts": item.notification.attempts,
                "last_error": item.notification.last_error,
            }
            for item in items
        ],
        indent=2,
    )
