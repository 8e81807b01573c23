"""`history`: prints the journal of notifications, for a spreadsheet or a script."""

import argparse
import csv
import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from maa_notify.cards.text import plain
from maa_notify.cli.arguments import add_destination, add_json, add_key, whole_number
from maa_notify.cli.exit_codes import FAILED, OK
from maa_notify.cli.keys import is_meant
from maa_notify.cli.text import complain, print_json, subject_line
from maa_notify.delivery.gaps import Numbers, numbers_of
from maa_notify.domain.event import RequestEvent
from maa_notify.domain.request import Identity
from maa_notify.storage.records import JournalEntry

if TYPE_CHECKING:
    from maa_notify.app import App

COLUMNS = (
    "at",
    "state",
    "key",
    "event",
    "status",
    "subject",
    "policy_types",
    "requestor",
    "approver",
    "destination",
    "request",
    "attempts",
    "run_id",
    "message_id",
)
GAP_COLUMNS = ("destination", "first", "last", "missing")
_MOST_DAYS = 36_500
_NAME_LIMIT = 256
_LONGEST_CELL = 2_000
_STARTS = "=+@\uff0b\uff1d\uff20"
_DASHES = "\\-\uff0d\u2212"
_FORMULA = re.compile(
    rf"""
      (?: ^ | [,;:|^~/\\] ) [\s"']* (?=[{_STARTS}{_DASHES}])  # where any separator may begin a cell
    | \s "* (?= [{_STARTS}] | [{_DASHES}]\S )  # a blank is one too, but a dash between words no formula
    """,
    re.VERBOSE,
)
"""What comes before the beginning of a formula, whose signs spreadsheets take in full width as well."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = "Prints the journal of notifications."
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    add_json(parser, "the same as --format json")
    parser.add_argument(
        "--days", type=whole_number(1, _MOST_DAYS), default=None, metavar="N", help="only the last N days"
    )
    add_key(parser, "only this request or notification, by the key on its card or in the outbox")
    add_destination(parser)
    parser.add_argument(
        "--gaps",
        action="store_true",
        help="only the numbers at the foot of cards that nothing accounts for, by destination",
    )


def run(options: argparse.Namespace) -> int:
    """Prints the journal, oldest first; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store failed.
    """
    from maa_notify import app

    notifier = app.build()
    try:
        notifier.store.requests.read_marks()  # refuses a state that another version wrote
        if options.gaps:
            return _print_gaps(_numbers(notifier), options)
        since = notifier.clock.now() - timedelta(days=options.days) if options.days is not None else None
        sent = [(_receipt_of(entry), entry) for entry in notifier.store.journal.read_sent(since)]
        given_up = [found.value for found in notifier.store.journal.read_dead()]
        dead = [("dead", entry) for entry in given_up if since is None or entry.at >= since]
    finally:
        notifier.close()
    found = [each for each in (*sent, *dead) if _is_asked_for(each[1], options.key, options.destination)]
    rows = sorted((_row(*each) for each in found), key=lambda row: row["at"])
    if options.json or options.format == "json":
        print_json(rows)
    else:
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    if options.key is not None and not rows:
        where = f" for {options.destination}" if options.destination else ""
        complain(
            f"nothing was told or given up under the key {options.key}{where}; what waits is in the outbox"
        )
        return FAILED
    return OK


def _numbers(notifier: "App") -> list[Numbers]:
    """The numbers of each destination, under the name of the first of those at one address."""
    store, leaders = notifier.store, notifier.settings.leaders
    left = [*store.journal.read_sent(), *(each.value for each in store.journal.read_dead())]
    told = [each.notification for each in left] + [each.value for each in store.outbox.read_pending()]
    known: dict[str, list[int]] = {
        each.route.name: [] for each in notifier.settings.destinations if not each.route.to_requestor
    }
    for each in told:
        if not each.recipient:
            known.setdefault(leaders.get(each.destination, each.destination), []).append(each.serial)
    own = {name: numbers for name, numbers in known.items() if name not in leaders}
    last = {name: store.outbox.read_destination(name).value.serial for name in own}
    return [numbers_of(name, numbers, last[name]) for name, numbers in sorted(own.items())]


def _print_gaps(found: Sequence[Numbers], options: argparse.Namespace) -> int:
    rows = [
        {"destination": each.destination, "first": each.first, "last": each.last, "missing": each.told}
        for each in found
        if options.destination in {None, each.destination}
    ]
    if options.json or options.format == "json":
        print_json(rows)
    else:
        writer = csv.DictWriter(sys.stdout, GAP_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(str(value)) for name, value in row.items()} for row in rows)
    return FAILED if any(row["missing"] for row in rows) else OK


def _is_asked_for(entry: JournalEntry, key: str | None, destination: str | None) -> bool:
    notification = entry.notification
    is_there = destination is None or notification.destination == destination
    return is_there and (key is None or is_meant(key, notification))


def _row(state: str, entry: JournalEntry) -> dict[str, str]:
    notification = entry.notification
    event = notification.event
    request = event.request if isinstance(event, RequestEvent) else None
    approver = request.approver if request else Identity()
    values = (
        entry.at.isoformat(timespec="seconds"),
        state,
        event.short_key,
        event.name,
        request.status if request else event.name,
        subject_line(event),
        " ".join(request.policy_types) if request else "",
        _name_of(event.requestor),
        _name_of(approver),
        notification.destination,
        event.subject_id,
        str(notification.attempts),
        entry.run_id,
        entry.message_id,
    )
    # What Graph and Teams wrote goes to terminals and files: no controls, and nothing that turns the text.
    return dict(zip(COLUMNS, (plain(value, _LONGEST_CELL) for value in values), strict=True))


def _receipt_of(entry: JournalEntry) -> str:
    """How much the destination confirmed, in one word.

    `confirmed`: it is in the channel. `accepted`: a flow run took it. `sent`: no receipt at all.
    `unreached`: its recipient could not be written to.
    """
    if entry.unreached:
        return "unreached"
    if entry.message_id:
        return "confirmed"
    return "accepted" if entry.run_id else "sent"


def _name_of(identity: Identity) -> str:
    return identity.upn or plain(identity.name, _NAME_LIMIT) or identity.id


def _cell(value: str) -> str:
    """The value of a cell, with an apostrophe wherever a spreadsheet could take what follows for a formula.

    That may be in the middle: a spreadsheet that parts cells by semicolons does not mind our quotes.
    """
    return _FORMULA.sub(lambda before: f"{before[0]}'", value)
