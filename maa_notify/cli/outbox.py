"""`outbox`: lists, retries or discards notifications that wait or were given up."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from maa_notify.cards.text import safe
from maa_notify.cards.times import TimeFormat
from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.text import complain, counted
from maa_notify.domain.notification import Notification
from maa_notify.storage.rows import ConflictError
from maa_notify.storage.store import StateStore


class _Item(Struct, frozen=True):
    """One notification in the outbox, with what can be done to it."""

    state: str
    notification: Notification
    retry: Callable[[], None]
    discard: Callable[[], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = "Lists, retries or discards notifications that wait or were given up."
    parser.add_argument(
        "action",
        choices=("list", "retry", "discard"),
        help="retry makes them due now; the next poll sends them",
    )
    parser.add_argument(
        "keys", nargs="*", metavar="KEY", help="only these (as listed); discard needs them or --all"
    )
    parser.add_argument("--all", action="store_true", help="all of them")
    add_json(parser, "print the list as JSON")


def run(options: argparse.Namespace) -> int:
    """Lists, retries or discards; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store failed.
    """
    from maa_notify import app

    if options.action == "discard" and not options.keys and not options.all:
        complain("discard needs the keys of notifications, or --all")
        return WRONG_SETTINGS
    notifier = app.build()
    try:
        notifier.store.requests.read_marks()  # refuses a state that another version wrote
        items = _items(notifier.store, notifier.clock.now())
        chosen = [item for item in items if not options.keys or item.notification.key in options.keys]
        if options.action == "list":
            print(_as_json(chosen) if options.json else _as_text(chosen))
            return OK
        if options.action == "retry":
            notifier.store.outbox.clear_retry_after()
        return _act(options.action, chosen, options.keys)
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
    them = "it" if done == 1 else "them"
    outcome = f"due now; the next poll sends {them}" if action == "retry" else "discarded"
    print(f"{counted(done, 'notification')} {outcome}")
    unknown = set(keys) - {item.notification.key for item in chosen}
    for key in sorted(unknown):
        complain(f"nothing waits under the key {key}")
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
            f" {counted(notification.attempts, 'attempt')}"
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
