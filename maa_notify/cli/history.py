"""`history`: prints the journal of notifications, or all requests, for a spreadsheet or a script."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from heapq import merge
from itertools import chain
from typing import TYPE_CHECKING, Any

from maa_notify.cli.alerts import as_object
from maa_notify.cli.arguments import add_destination, add_json, add_key, whole_number
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.keys import is_meant, is_request_meant
from maa_notify.cli.request_rows import REQUEST_COLUMNS, in_one_line, name_of, request_row
from maa_notify.cli.span import add_span, span_of
from maa_notify.cli.spreadsheet import print_table
from maa_notify.cli.text import complain, print_json, print_json_list, subject_line
from maa_notify.delivery.gaps import Numbers, numbers_of
from maa_notify.domain.alert import AlertState
from maa_notify.domain.event import NoticeKind, RequestEvent
from maa_notify.domain.request import Identity
from maa_notify.storage.records import JournalEntry

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

if TYPE_CHECKING:
    from maa_notify.app import App
    from maa_notify.insight.span import Span
    from maa_notify.storage.store import StateStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Prints the journal of notifications, or with --requests all requests with their times."
    )
    parser.add_argument("--requests", action="store_true", help="one row for each request instead")
    parser.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    add_json(parser, "the same as --format json")
    parser.add_argument(
        "--days", type=whole_number(1, _MOST_DAYS), default=None, metavar="N", help="only the last N days"
    )
    add_span(parser)
    add_key(parser, "only this request or notification, by the key on its card or in the outbox")
    add_destination(parser)
    parser.add_argument(
        "--gaps",
        action="store_true",
        help="only the numbers of cards that are missing from the journal, by destination",
    )


def run(options: argparse.Namespace) -> int:
    """Prints notifications or requests; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store failed.
    """
    from maa_notify import app
    from maa_notify.insight.span import Span

    if problem := _contradiction(options):
        complain(problem)
        return WRONG_SETTINGS
    notifier = app.build()
    try:
        notifier.store.requests.read_marks()  # refuses a state that another version wrote
        if options.gaps:
            return _print_gaps(_numbers(notifier), options)
        span = span_of(options.since, options.until, notifier.cards.times.zone)
        if span is None:
            return WRONG_SETTINGS
        if options.days is not None:
            span = Span(start=notifier.clock.now() - timedelta(days=options.days))
        rows: Iterator[dict[str, Any]] = (_requests if options.requests else _notifications)(
            notifier.store, options, span
        )
        if options.json or options.format == "json":
            rows = _with_alerts(rows, notifier.store)
        columns: Sequence[str] = REQUEST_COLUMNS if options.requests else COLUMNS
        # Looked for before anything is printed, and printed while the rest is read: there may be many.
        first = next(rows, None)
        _print(columns, chain([] if first is None else [first], rows), options)
    finally:
        notifier.close()
    if options.key is None or first is not None:
        return OK
    if options.requests:
        complain(f"no request with the key {options.key} is remembered")
        return FAILED
    where = f" for {options.destination}" if options.destination else ""
    complain(f"nothing was told or given up under the key {options.key}{where}; what waits is in the outbox")
    return FAILED


def _contradiction(options: argparse.Namespace) -> str:
    """What is wrong with options that do not go together; "" for nothing."""
    if options.requests and options.destination is not None:
        return "--destination says where notifications went, and requests go nowhere: leave out one of both"
    if options.days is not None and (options.since or options.until):
        return "--days says since when already: leave it out, or --since and --until"
    return ""


def _print(columns: Sequence[str], rows: Iterable[dict[str, Any]], options: argparse.Namespace) -> None:
    if options.json or options.format == "json":
        print_json_list(rows)
    else:
        print_table(columns, rows)


def _requests(store: "StateStore", options: argparse.Namespace, span: "Span") -> Iterator[dict[str, str]]:
    """The requests to which something happened in the span, by the time of their filing."""
    for record in store.history.read(span.start, span.end):
        is_wanted = options.key is None or is_request_meant(options.key, record.request.id)
        if is_wanted and span.holds_any(record.moments):
            yield request_row(record)


def _notifications(
    store: "StateStore", options: argparse.Namespace, span: "Span"
) -> Iterator[dict[str, str]]:
    """The journal, oldest first."""
    sent = ((_receipt_of(entry), entry) for entry in store.journal.read_sent(span.start))
    given_up = sorted((found.value for found in store.journal.read_dead()), key=lambda entry: entry.at)
    dead = (("dead", entry) for entry in given_up)
    for state, entry in merge(sent, dead, key=lambda each: each[1].at):
        if span.holds(entry.at) and _is_asked_for(entry, options.key, options.destination):
            yield _row(state, entry)


def _with_alerts(rows: Iterable[dict[str, Any]], store: "StateStore") -> Iterator[dict[str, Any]]:
    """The rows, those of alerts with what `alerts --json` says of them; `at` stays when it was told."""
    alerts: dict[str, AlertState] | None = None
    for row in rows:
        if row.get("event") == NoticeKind.ALERT:
            if alerts is None:
                alerts = {each.subject_id: each for each in store.alerts.read_since()}
            state = alerts.get(row["request"])
            found = as_object(state) if state else {}
            yield {**row, **{name: value for name, value in found.items() if name not in row}}
        else:
            yield row


def _numbers(notifier: "App") -> list[Numbers]:
    """The numbers of each destination, under the name of the first of those at one address."""
    store, leaders = notifier.store, notifier.settings.leaders
    left = [*store.journal.read_sent(), *(each.value for each in store.journal.read_dead())]
    told = [each.notification for each in left] + [each.value for each in store.outbox.read_pending()]
    known: dict[str, list[int]] = {
        each.route.name: [] for each in notifier.settings.destinations if not each.route.is_chat
    }
    for each in told:
        if not each.recipient and not each.is_for_many:
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
        print_table(GAP_COLUMNS, ({name: str(value) for name, value in row.items()} for row in rows))
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
        name_of(event.requestor),
        name_of(approver),
        notification.destination,
        event.subject_id,
        str(notification.attempts),
        entry.run_id,
        entry.message_id,
    )
    # What Graph and Teams wrote goes to terminals and files: no controls, and nothing that turns the text.
    return dict(zip(COLUMNS, map(in_one_line, values), strict=True))


def _receipt_of(entry: JournalEntry) -> str:
    """How much the destination confirmed, in one word.

    `confirmed`: it is in the channel. `accepted`: a flow run took it. `sent`: no receipt at all.
    `unreached`: its recipient could not be written to. `outdated`: nobody had to be told any more.
    """
    if entry.unreached:
        return "unreached"
    if entry.outdated:
        return "outdated"
    if entry.message_id:
        return "confirmed"
    return "accepted" if entry.run_id else "sent"
