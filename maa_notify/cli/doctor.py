"""`doctor`: checks everything that has to work, and says what to mend."""

import argparse
import json

from maa_notify.cli.arguments import add_json
from maa_notify.cli.exit_codes import FAILED, OK, REFUSED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Checks everything that has to work and says what to mend. Sends nothing unless told to."
    )
    parser.add_argument("--send", action="store_true", help="post a sample card to each destination")
    add_json(parser, "print the findings as JSON")


def run(options: argparse.Namespace) -> int:
    """Runs all checks and returns the exit code of the gravest finding.

    Raises:
        SettingsError: a setting is wrong.
        StateError: the state store cannot be opened.
    """
    from maa_notify import app
    from maa_notify.cli.checks import Finding, findings_of

    notifier = app.build()
    found: list[Finding] = []
    try:
        for finding in findings_of(notifier, send=options.send):
            found.append(finding)
            if not options.json:
                print(f"{finding.result.upper():8}{finding.check}: {finding.text}", flush=True)
    finally:
        notifier.close()
    if options.json:
        print(json.dumps([finding.as_object() for finding in found], indent=2))
    codes = {finding.exit_code for finding in found}
    return next((code for code in (FAILED, REFUSED) if code in codes), OK)
