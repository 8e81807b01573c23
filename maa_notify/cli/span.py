"""`--since`, `--until` and their like: spans of time, in the time zone in which people are told times."""

import argparse
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from maa_notify.cli.text import complain

if TYPE_CHECKING:
    from maa_notify.insight.span import Span


def add_span(parser: argparse.ArgumentParser) -> None:
    """Adds `--since` and `--until`."""
    parser.add_argument(
        "--since",
        type=checked_period,
        metavar="DATE",
        help="only from the beginning of this day, month, quarter (2026-Q1) or time on, in MAA_TIME_ZONE",
    )
    parser.add_argument(
        "--until", type=checked_period, metavar="DATE", help="only to the end of it; the end is included"
    )


def checked_period(text: str) -> str:
    """The text, if it names a period."""
    from maa_notify.insight.span import period

    try:
        period(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def span_of(since: str | None, until: str | None, zone: tzinfo | None) -> "Span | None":
    """The span that the options ask for, in UTC without a zone; None, and a complaint, if it is none."""
    from maa_notify.insight.span import between

    try:
        return between(since, until, zone or UTC)
    except ValueError as error:
        complain(f"--since {since} --until {until}: {error}")
        return None
