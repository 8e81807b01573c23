"""Writes the scripts with which shells complete the words of the command line: `make completions`.

shtab makes them of the real parser. They are kept, so that nothing of it is deployed.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import shtab

from maa_notify.cli.completion import SHELLS
from maa_notify.cli.main import COMMANDS, parser_for

FOLDER = Path(__file__).parents[1] / "maa_notify" / "cli" / "completions"


def scripts() -> dict[str, str]:
    """The script of each shell, by the name of its file."""
    parser = parser_for(COMMANDS)
    for action in _actions(parser):
        if action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return {f"maa-notify.{shell}": shtab.complete(parser, shell).rstrip() + "\n" for shell in SHELLS}


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All arguments, those of the commands too."""
    for action in parser._actions:  # noqa: SLF001 - argparse shows them in no other way
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for each in action.choices.values():
                yield from _actions(each)


def main() -> None:
    """Writes them all."""
    for name, text in scripts().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{FOLDER / name} written")


if __name__ == "__main__":
    main()
