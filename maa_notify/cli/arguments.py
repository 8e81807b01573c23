"""Arguments that several commands have."""

import argparse
import re
from collections.abc import Callable


def add_json(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Adds `--json`, which may also stand before the name of the command."""
    # Without a default, so that the parser of the command does not undo what stood before its name.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=meaning)
    parser.set_defaults(takes_json=True)


def add_key(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Adds `--key`, which takes the forms that `keys.is_meant` knows."""
    parser.add_argument("--key", metavar="KEY", default=None, help=meaning)


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Adds `--destination`."""
    parser.add_argument(
        "--destination", metavar="NAME", default=None, help="only what is for the destination of this name"
    )


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A parser of whole numbers, both ends included."""

    def parse(text: str) -> int:
        if not (re.fullmatch("[0-9]{1,9}", text) and lowest <= int(text) <= highest):
            raise argparse.ArgumentTypeError(f"must be a whole number from {lowest} to {highest}")
        return int(text)

    return parse
