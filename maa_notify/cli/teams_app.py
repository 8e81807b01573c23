"""`teams-app`: writes the package that an administrator uploads to the app catalogue."""

import argparse
import os
import re
from pathlib import Path

from maa_notify import __version__
from maa_notify.cli.exit_codes import FAILED, OK
from maa_notify.cli.text import complain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Builds the package that an administrator uploads to the organisation's app catalogue."
        " It reads MAA_BOT_CLIENT_ID, else MAA_CLIENT_ID, and MAA_BOT_COMMANDS."
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="the zip file to write")
    parser.add_argument(
        "--website",
        type=_https,
        default="https://intune.microsoft.com",
        metavar="URL",
        help="the website that the app's page in Teams links to; default: %(default)s",
    )
    parser.add_argument(
        "--app-version",
        type=_version,
        default=__version__,
        metavar="N.N.N",
        help="Teams takes an update only with a higher one; default: %(default)s",
    )


def run(options: argparse.Namespace) -> int:
    """Writes the package; returns the exit code.

    Raises:
        SettingsError: no setting tells the bot's client id.
    """
    from maa_notify.cli.teams_app_package import TeamsApp
    from maa_notify.settings.reader import read_bot_client_id
    from maa_notify.settings.startup import commands_wanted

    client_id, commands = read_bot_client_id(os.environ), commands_wanted(os.environ)
    app = TeamsApp(client_id, commands, options.website, options.app_version)
    try:
        Path(options.output).write_bytes(app.package())
    except OSError as error:
        complain(f"{options.output} cannot be written: {error.strerror}")
        return FAILED
    print(f"{options.output} written: app {app.manifest()['id']}, version {app.version}, bot {app.client_id}")
    return OK


def _https(text: str) -> str:
    if not re.fullmatch(r"https://[!-~]{1,2000}", text):
        raise argparse.ArgumentTypeError("must begin with https://")
    return text


def _version(text: str) -> str:
    if not re.fullmatch(r"(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}", text, re.ASCII):
        raise argparse.ArgumentTypeError("must be three numbers, such as 1.0.2")
    return text
