"""`outbox`: lists, retries or discards notifications that wait or were given up."""

import argparse
import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from maa_notify.cards.text import safe
from maa_notify.cards.times import TimeFormat
from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.text import complain, counted
from maa_notify.delivery.lease import is_taken
from maa_notify.domain.notification import Notification
from maa_notify.storage import by_hand
from maa_notify.storage.by_hand import Fate
from maa_notify.storage.store import StateStore

_FATES = {
    Fate.DELIVERED: "a poll delivered it meanwhile",
    Fate.GONE: "it waits no more: somebody discarded it, or its recipient could not be reached",
    Fate.CONTENDED: "polls changed it at each try; nothing done, run this again",
}
_AS_WANTED = {"retry": Fate.DELIVERED, "discard": Fate.GONE}
"""What somebody else did that comes to the same."""


class _Item(Struct, frozen=True):
    """One notification in the outbox, with what can be done to it."""

    state: str
    notification: Notification
    retry: Callable[[], Fate]
    discard: Callable[[], Fate]


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
        return _act(notifier.store, notifier.clock.now(), options.action, chosen, options.keys)
    finally:
        notifier.close()


def _items(store: StateStore, now: datetime) -> list[_Item]:
    found = [
        *(("dead", each.value.notification) for each in store.journal.read_dead()),
        *(("pending", each.value) for each in store.outbox.read_pending()),
    ]
    items = [
        _Item(
            state,
            each,
            partial(by_hand.retry, store, each.key, each.recorded_at, now),
            partial(by_hand.discard, store, each.key, each.recorded_at),
        )
        for state, each in found
    ]
    return sorted(items, key=lambda item: item.notification.recorded_at)


def _act(store: StateStore, now: datetime, action: str, chosen: Sequence[_Item], keys: Sequence[str]) -> int:
    fates = [(item, item.retry() if action == "retry" else item.discard()) for item in chosen]
    done = [item for item, fate in fates if fate is Fate.DONE]
    them = "it" if len(done) == 1 else "them"
    outcome = f"due now; the next poll sends {them}" if action == "retry" else "discarded"
    print(f"{counted(len(done), 'notification')} {outcome}")
    if action == "discard":
        _tell_of_posts(
            store, now, {each.notification.destination for each in done if each.state == "pending"}
        )
    for item, fate in fates:
        if fate is not Fate.DONE:
            complain(f"{item.notification.key}: {_FATES[fate]}")
    unknown = set(keys) - {item.notification.key for item in chosen}
    for key in sorted(unknown):
        complain(f"nothing waits under the key {key}")
    is_as_wanted = all(fate in {Fate.DONE, _AS_WANTED[action]} for _, fate in fates)
    return OK if is_as_wanted and not unknown else FAILED


def _tell_of_posts(store: StateStore, now: datetime, destinations: Collection[str]) -> None:
    """Keeps polls that read the outbox before from posting what was discarded, and says where one posts."""
    for name in sorted(destinations):
        state = store.outbox.call_polls_back(name)
        if is_taken(state, "", now):
            print(f"a poll is delivering to {name!r} now: a card that is on its way there still comes")


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
