"""`outbox`: lists, retries or discards notifications that wait or were given up."""

import argparse
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from maa_notify.cards.text import plain
from maa_notify.cards.times import TimeFormat
from maa_notify.cli.arguments import add_destination, add_json
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.keys import is_meant
from maa_notify.cli.text import complain, counted, print_json, subject_line
from maa_notify.delivery.lease import is_taken
from maa_notify.domain.notification import Notification
from maa_notify.storage import by_hand
from maa_notify.storage.by_hand import Fate
from maa_notify.storage.records import JournalEntry
from maa_notify.storage.store import StateStore

_FATES = {
    Fate.DELIVERED: "a poll delivered it meanwhile",
    Fate.GONE: "it waits no more: somebody discarded it, or its recipient could not be reached",
    Fate.CONTENDED: "polls changed it at each try; nothing done, run this again",
}
_AS_WANTED = {"retry": Fate.DELIVERED, "discard": Fate.GONE}
"""What somebody else did that comes to the same."""

_KEY_LIMIT = 300


class _Item(Struct, frozen=True):
    """One notification that waits or was given up, as its state says."""

    state: str
    notification: Notification


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = "Lists, retries or discards notifications that wait or were given up."
    parser.add_argument(
        "action",
        choices=("list", "retry", "discard"),
        help="retry makes them due now; the next poll sends them",
    )
    parser.add_argument(
        "keys",
        nargs="*",
        default=[],
        metavar="KEY",
        help="only these: the key on a card (without its last number all news of that request), or the long"
        " one; discard needs them or --all",
    )
    parser.add_argument("--all", action="store_true", help="all of them, at all destinations")
    add_destination(parser)
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
        items = _items(notifier.store)
        chosen = _chosen(items, options.keys, options.destination)
        missing = [key for key in options.keys if not _chosen(chosen, [key], None)]
        for key in missing:
            complain(_why_missing(key, options.destination, notifier.store))
        if options.action != "list":
            code = _change(options, notifier.store, chosen, notifier.clock.now())
            return FAILED if missing and code == OK else code
        if options.json:
            print_json(_as_objects(chosen))
        else:
            print(_as_text(chosen, len(items)))
        return FAILED if missing else OK
    finally:
        notifier.close()


def _change(options: argparse.Namespace, store: StateStore, chosen: Sequence[_Item], now: datetime) -> int:
    """Retries or discards; a discard of what is meant for several destinations has to say which."""
    keys = options.keys
    for key, names in _spread(chosen, () if options.all else keys):
        told = f"{key} waits for {len(names)} destinations ({', '.join(names)})"
        if options.action == "discard":
            complain(f"{told}: say which with --destination NAME, or --all; nothing was discarded")
            return WRONG_SETTINGS
        complain(f"{told}: all of them are meant; --destination NAME means one")
    if keys and not chosen:
        return FAILED
    if options.action == "retry":
        store.outbox.clear_retry_after()
    return _act(store, now, options.action, chosen)


def _spread(chosen: Sequence[_Item], keys: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The keys that mean notifications of several destinations, each with the names of these."""
    for key in keys:
        names = sorted({each.notification.destination for each in _chosen(chosen, [key], None)})
        if len(names) > 1:
            yield key, names


def _chosen(items: Sequence[_Item], keys: Sequence[str], destination: str | None) -> list[_Item]:
    """The items under these keys, or all where none is given, for one destination or all."""
    there = [each for each in items if destination in {None, each.notification.destination}]
    return [each for each in there if not keys or any(is_meant(key, each.notification) for key in keys)]


def _why_missing(key: str, destination: str | None, store: StateStore) -> str:
    """That nothing waits under a key, and what became of it, as far as the journal knows."""
    text = f"nothing waits under the key {plain(key, _KEY_LIMIT)}"
    text += f" for {plain(destination, _KEY_LIMIT)}" if destination else ""
    for entry in reversed(list(store.journal.read_sent())):
        notification = entry.notification
        if destination in {None, notification.destination} and is_meant(key, notification):
            fate = _fate_of(entry)
            at = TimeFormat().format(entry.at)
            return f"{text}: {notification.event.short_key} was {fate} at {at} to {notification.destination}"
    return text


def _fate_of(entry: JournalEntry) -> str:
    if entry.unreached:
        return "passed over, since its recipient could not be reached,"
    return "passed over, since nobody had to be told any more," if entry.outdated else "delivered"


def _items(store: StateStore) -> list[_Item]:
    items = [
        *(_Item("dead", each.value.notification) for each in store.journal.read_dead()),
        *(_Item("pending", each.value) for each in store.outbox.read_pending()),
    ]
    return sorted(items, key=lambda item: item.notification.recorded_at)


def _act(store: StateStore, now: datetime, action: str, chosen: Sequence[_Item]) -> int:
    fates = [(item, _settle(store, now, action, item.notification)) for item in chosen]
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
            complain(f"{item.notification.event.short_key}: {_FATES[fate]}")
    is_as_wanted = all(fate in {Fate.DONE, _AS_WANTED[action]} for _, fate in fates)
    return OK if is_as_wanted else FAILED


def _settle(store: StateStore, now: datetime, action: str, notification: Notification) -> Fate:
    key, since = notification.key, notification.recorded_at
    return by_hand.retry(store, key, since, now) if action == "retry" else by_hand.discard(store, key, since)


def _tell_of_posts(store: StateStore, now: datetime, destinations: Collection[str]) -> None:
    """Keeps polls that read the outbox before from posting what was discarded, and says where one posts."""
    for name in sorted(destinations):
        state = store.outbox.call_polls_back(name)
        if is_taken(state, "", now):
            print(f"a poll is delivering to {name!r} now: a card that is on its way there still comes")


def _as_text(items: Sequence[_Item], in_all: int) -> str:
    if not items:
        return "None of what waits was asked for." if in_all else "The outbox is empty."
    return "\n".join(map(_lines, items))


def _lines(item: _Item) -> str:
    notification = item.notification
    event = notification.event
    error = f", last error: {plain(notification.last_error, 200)}" if notification.last_error else ""
    tries = counted(notification.attempts, "attempt")
    told = ", told by a digest, its card has yet to be changed" if notification.told else ""
    return (
        f"{item.state:8}{event.short_key}  {subject_line(event)}\n"
        f"        {event.name}, for {notification.destination}, {tries}{told}{error}\n"
        f"        recorded {TimeFormat().format(notification.recorded_at)}, long key {notification.key}"
    )


def _as_objects(items: Sequence[_Item]) -> list[dict[str, object]]:
    return [
        {
            "state": item.state,
            "key": item.notification.key,
            "short_key": item.notification.event.short_key,
            "request": item.notification.event.subject_id,
            "subject": subject_line(item.notification.event),
            "event": item.notification.event.name,
            "destination": item.notification.destination,
            "recorded_at": item.notification.recorded_at.isoformat(),
            "attempts": item.notification.attempts,
            "last_error": item.notification.last_error,
            "told": item.notification.told,
        }
        for item in items
    ]
