"""`completion`: prints a script that completes commands and options in a shell."""

import argparse
from importlib.resources import files

from maa_notify.cli.exit_codes import OK

SHELLS = ("bash", "zsh", "fish", "powershell")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the description and the arguments."""
    parser.description = (
        "Prints a script that completes commands and options; docs/commands.md says where to."
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete them")


def run(options: argparse.Namespace) -> int:
    """Prints the script; returns the exit code."""
    # They are made beforehand, by tools/completions.py: what makes them is no part of a deployment.
    script = files("maa_notify.cli") / "completions" / f"maa-notify.{options.shell}"
    print(script.read_text(encoding="utf-8"), end="")
    return OK
