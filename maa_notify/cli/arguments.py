"""Arguments that several commands have."""

import argparse


def add_json(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Adds `--json`, which may also stand before the name of the command."""
    # Without a default, so that the parser of the command does not undo what stood before its name.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=meaning)
    parser.set_defaults(takes_json=True)
