"""`who`: who asked for what, who approved it, and when it was done."""

import argparse
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from maa_notify.cli.arguments import add_json, add_key
from maa_notify.cli.exit_codes import OK, WRONG_SETTINGS
from maa_notify.cli.span import add_span, checked_period, span_of
from maa_notify.cli.text import complain, print_json

if TYPE_CHECKING:
    from maa_notify.app import App
    from maa_notify.domain.record import RequestRecord
    from maa_notify.insight.query import Query

_MOST = 1_000
"""Answers at most, the latest ones; the rest is counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Tells who asked for what and who approved it, long after Intune has forgotten: from what polls saw,"
        " and from Intune's audit log where its permission was granted."
    )
    parser.add_argument(
        "text", nargs="?", default="", metavar="TEXT", help="part of the object's name, in any case"
    )
    parser.add_argument("--verb", default="", help="what was done: wipe, delete, create, update, assign, …")
    parser.add_argument(
        "--person", default="", metavar="NAME", help="who asked or decided: part of the name or account"
    )
    parser.add_argument(
        "--type", default=None, metavar="TYPE", type=_policy_type, help="the policy type, such as app"
    )
    add_key(parser, "the request with this key, as on its card, or with this id")
    parser.add_argument(
        "--on",
        type=checked_period,
        metavar="DATE",
        help="on this day, or in this month, quarter or year, in MAA_TIME_ZONE",
    )
    add_span(parser)
    parser.add_argument("--no-audit", action="store_true", help="do not ask Intune's audit log")
    parser.add_argument("--format", choices=("text", "csv", "json"), default="text", help="default: text")
    add_json(parser, "the same as --format json")


def run(options: argparse.Namespace) -> int:
    """Prints the answers, the latest first; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store failed.
    """
    from msgspec.structs import replace

    from maa_notify import app
    from maa_notify.insight.query import Query, is_like_key
    from maa_notify.storage.records import APPROVALS

    if options.on and (options.since or options.until):
        complain("--on says when already: leave it out, or --since and --until")
        return WRONG_SETTINGS
    notifier = app.build()
    try:
        marks = notifier.store.requests.read_marks()  # refuses a state that another version wrote
        span = span_of(options.on or options.since, options.on or options.until, notifier.cards.times.zone)
        if span is None:
            return WRONG_SETTINGS
        query = Query(options.text, options.verb, options.person, options.type or "", span)
        key = options.key
        found, left_out = _found(notifier, query, key)
        if not found and key is None and is_like_key(query.text):
            key = query.text  # as people write it to the bot, too
            found, left_out = _found(notifier, replace(query, text=""), key)
        mark = marks.get(APPROVALS)
        began = mark.outlook.since if mark else None
        is_keyed = options.key is not None or (key is not None and bool(found))
        _print(notifier, query, found, left_out, began, options, is_keyed=is_keyed)
    finally:
        notifier.close()
    return OK


def _print(  # noqa: PLR0913, PLR0917 - all that was found out
    notifier: "App",
    query: "Query",
    found: "Sequence[RequestRecord]",
    left_out: int,
    began: datetime | None,
    options: argparse.Namespace,
    *,
    is_keyed: bool,
) -> None:
    from maa_notify.cli.audit import asked
    from maa_notify.cli.spreadsheet import print_table
    from maa_notify.cli.who_text import print_answers
    from maa_notify.insight.answers import ANSWER_COLUMNS, answers_of, as_object

    told = asked(notifier, query, found, began, is_wanted=not options.no_audit, is_keyed=is_keyed)
    answers = answers_of(found, told.events, query, told.before)
    if options.json or options.format == "json":
        objects = [as_object(each) for each in answers]
        print_json({"answers": objects, "left_out": left_out, "notes": list(told.notes)})
    elif options.format == "csv":
        rows = ({name: _in_cell(name, value) for name, value in as_object(each).items()} for each in answers)
        print_table(ANSWER_COLUMNS, rows)
        more = [f"{left_out} earlier answers are left out: narrow it down"] if left_out else []
        for note in (*more, *told.notes):  # beside the table, which a script reads
            complain(note)
    else:
        print_answers(answers, left_out, told.notes, notifier.cards.times)


def _found(notifier: "App", query: "Query", key: str | None) -> "tuple[list[RequestRecord], int]":
    """The latest requests that are asked for, the latest first, and how many more there are."""
    from maa_notify.cli.keys import is_request_meant

    latest: deque[RequestRecord] = deque(maxlen=_MOST)
    count = 0
    for record in notifier.store.history.read(query.span.start, query.span.end, query.needle):
        if (key is None or is_request_meant(key, record.request.id)) and query.fits(record):
            latest.append(record)
            count += 1
    return list(reversed(latest)), count - len(latest)


def _policy_type(text: str) -> str:
    """A policy type as Graph spells it."""
    from maa_notify.domain.request import POLICY_TYPES, canonical
    from maa_notify.settings.validation import did_you_mean

    found = canonical(text)
    if found not in POLICY_TYPES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no policy type, such as deviceWipe, app or role{did_you_mean(text, POLICY_TYPES)}"
        )
    return found


def _in_cell(name: str, value: object) -> str:
    between = "; " if name == "former_names" else " "
    return between.join(value) if isinstance(value, list) else str(value or "")
