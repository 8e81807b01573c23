"""`doctor`: checks everything that has to work, and says what to mend."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, REFUSED, WRONG_SETTINGS
from maa_notify.cli.text import print_json
from maa_notify.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Checks everything that has to work and says what to correct. Sends nothing without --send."
    )
    parser.add_argument("--send", action="store_true", help="post a sample card to each destination")
    parser.add_argument(
        "--permissions", action="store_true", help="only say which permissions there are, and what for"
    )
    add_json(parser, "print the findings as JSON")


def run(options: argparse.Namespace) -> int:
    """Runs all checks and returns the exit code of the gravest finding.

    Raises:
        SettingsError: the settings are those of a fleet.
    """
    from maa_notify.cli.checks import checks_of
    from maa_notify.cli.finding import Finding
    from maa_notify.cli.patient import examine

    if options.permissions:
        return _tell_permissions(is_json=options.json)

    progress = Progress(sys.stderr, is_shown=not (options.json or options.quiet))
    patient = examine()
    found: list[Finding] = []
    try:
        for check in checks_of(patient, send=options.send):
            with progress.during(check.name):
                finding = check.run()
            found.append(finding)
            if not options.json:
                print(f"{finding.result.upper():8}{finding.check}: {finding.text}", flush=True)
    finally:
        patient.close()
    if options.json:
        print_json([finding.as_object() for finding in found])
    codes = {finding.exit_code for finding in found}
    return next((code for code in (WRONG_SETTINGS, FAILED, REFUSED) if code in codes), OK)


def _tell_permissions(*, is_json: bool) -> int:
    """Prints what each capability takes, and whether the present token has it.

    Raises:
        MaaNotifyError: there is no token, or the settings to sign in with are wrong.
    """
    from maa_notify.cli.patient import SIGN_IN, examine
    from maa_notify.cli.permissions import permission_rows, table

    patient = examine()
    try:
        if wrong := patient.wrong_of(SIGN_IN):
            raise SettingsError([each for each in patient.mistakes if each.setting in wrong])
        rows = permission_rows(patient.notifier)
    finally:
        patient.close()
    if is_json:
        print_json([each.as_object() for each in rows])
    else:
        print("\n".join(table(rows)))
    return OK


class Progress:
    """A line on a terminal that says what is waited for, and that goes when the answer is there."""

    def __init__(self, stream: TextIO, *, is_shown: bool) -> None:
        """A file or a pipe is told nothing, since nobody waits in front of it."""
        self._stream = stream
        self._is_shown = is_shown and stream.isatty()
        self._line = ""

    @contextmanager
    def during(self, check: str) -> Iterator[None]:
        """Shows the line for as long as the block takes."""
        self.show(f"checking {check} ...")
        try:
            yield
        finally:
            self.show("")

    def show(self, line: str) -> None:
        """Shows a line in place of the one before."""
        if self._line:
            self._write("\r" + " " * len(self._line) + "\r")
        self._line = line
        self._write(line)

    def _write(self, text: str) -> None:
        if self._is_shown:
            with suppress(OSError):
                print(text, end="", file=self._stream, flush=True)
