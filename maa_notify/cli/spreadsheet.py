"""CSV that a spreadsheet can open: one header, cells that are never formulas."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence

from maa_notify.cli import streams

_FORMULA_START = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width ones count as well
_BEFORE_A_FORMULA = " \t\r\n\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"
"""Blanks that a spreadsheet may leave out before it looks for a formula."""


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Prints rows as CSV while they come, in UTF-8 where the terminal or pipe has no Unicode encoding."""
    streams.write_unicode()
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})


def cell(value: str) -> str:
    """The value of a cell; with an apostrophe if a spreadsheet would take it for a formula."""
    is_formula = value.lstrip(_BEFORE_A_FORMULA).startswith(_FORMULA_START)
    return f"'{value}" if is_formula or value.startswith(("\t", "\r", "\n")) else value
