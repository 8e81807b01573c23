"""`report`: figures about the requests of a month, a quarter or any span, as text, JSON or a page."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, WRONG_SETTINGS
from maa_notify.cli.span import add_span, checked_period, span_of
from maa_notify.cli.text import complain, print_json, reason_of

if TYPE_CHECKING:
    from maa_notify.app import App
    from maa_notify.insight.figures import Figures
    from maa_notify.insight.span import Span


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Tells how the requests that were filed in a span fared: outcomes, waiting, who decides, and what is"
        " worth a look. By default of the last month."
    )
    parser.add_argument(
        "--month", type=checked_period, metavar="YYYY-MM", help="a month, or a quarter (2026-Q1) or year"
    )
    add_span(parser)
    parser.add_argument("--html", metavar="FILE", help="writes one self-contained page with charts")
    parser.add_argument("--no-names", action="store_true", help="counts people without naming them")
    add_json(parser, "prints the figures as JSON")


def run(options: argparse.Namespace) -> int:
    """Makes the report; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store failed.
    """
    from maa_notify import app
    from maa_notify.insight.figures import figures

    if options.month and (options.since or options.until):
        complain("--month says when already: leave it out, or --since and --until")
        return WRONG_SETTINGS
    notifier = app.build()
    try:
        notifier.store.requests.read_marks()  # refuses a state that another version wrote
        span = _span(options, notifier)
        if span is None:
            return WRONG_SETTINGS
        records = notifier.store.history.read(span.start, span.end)
        zone = notifier.cards.times.zone
        found = figures(records, span, notifier.clock.now(), zone, names=not options.no_names)
        return _tell(found, notifier, options)
    finally:
        notifier.close()


def _span(options: argparse.Namespace, notifier: "App") -> "Span | None":
    """The span that is asked for; the last whole month where none is."""
    from maa_notify.insight.when import span_in

    zone = notifier.cards.times.zone
    if options.month or options.since or options.until:
        return span_of(options.month or options.since, options.month or options.until, zone)
    today = notifier.clock.now().astimezone(zone or UTC).date()
    return span_in(["last", "month"], today, zone or UTC)


def _tell(found: "Figures", notifier: "App", options: argparse.Namespace) -> int:
    from msgspec import to_builtins

    if options.html is not None:
        from maa_notify.insight.page import page_of

        times, now = notifier.cards.times, notifier.clock.now()
        title = _title(found, notifier)
        page = page_of(found, title, notifier.settings.tenant_name, now, times)
        try:
            Path(options.html).write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            complain(f"{options.html} cannot be written: {reason_of(error)}")
            return FAILED
    if options.json:
        print_json(to_builtins(found))
    elif options.html is None:
        from maa_notify.cli.report_text import lines_of

        print("\n".join(lines_of(found, _title(found, notifier))))
    return OK


def _title(found: "Figures", notifier: "App") -> str:
    """The span for people, by its first and last day."""
    zone = notifier.cards.times.zone or UTC

    def day(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d}"

    first = day(found.since) if found.since else "the beginning"
    last = day(found.until - datetime.resolution) if found.until else day(notifier.clock.now())
    return f"{first} to {last}"
