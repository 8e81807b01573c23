"""`poll`: one poll, with its report."""

import argparse
from typing import TYPE_CHECKING

from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, REFUSED
from maa_notify.cli.text import complain, counted

if TYPE_CHECKING:
    from maa_notify.polling.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = "Lists the requests once and tells Teams what is new."
    add_json(parser, "print a report as one JSON object on the last line")


def run(options: argparse.Namespace) -> int:
    """Polls once and prints the report; returns the exit code.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store cannot be opened.
    """
    from maa_notify import app
    from maa_notify.polling.run import poll_once

    notifier = app.build_to_poll()
    try:
        report = poll_once(lambda: notifier, "command")
    finally:
        notifier.close()
    if report.failure is not None:
        complain(str(report.failure))
    print(report.as_json() if options.json else _as_text(report))
    if report.failure is not None:
        return FAILED
    return REFUSED if report.refused or report.dead else OK


def _as_text(report: "Report") -> str:
    text = f"{report.listed} listed, {counted(report.events, 'event')}"
    text += f", {report.delivered} delivered, {report.pending} pending"
    if report.alerts:
        text += f", {counted(report.alerts, 'alert')} (maa-notify alerts)"
    if report.dead:
        text += f", {report.dead} given up (maa-notify outbox list)"
    if report.malformed:
        text += f", {report.malformed} could not be read"
    if report.stale:
        text += f", {report.stale} older than known and ignored"
    if report.hidden:
        text += f"; may be hidden: {', '.join(report.hidden)} (maa-notify doctor says why)"
    if report.refused:
        text += f"; refused by: {', '.join(report.refused)}"
    return text
