"""CSV that a spreadsheet can open: one header, every cell in quotes, and no cell that holds a formula."""

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence

from maa_notify.cli import streams

_STARTS = "=+@\uff0b\uff1d\uff20"
_DASHES = "\\-\uff0d\u2212"
_FORMULA = re.compile(
    rf"""
      (?: ^ | [,;:|^~/\\] ) [\s"']* (?=[{_STARTS}{_DASHES}])  # where any separator may begin a cell
    | \s "* (?= [{_STARTS}] | [{_DASHES}]\S )  # a blank is one too, but a dash between words no formula
    """,
    re.VERBOSE,
)
"""What comes before the beginning of a formula, whose signs spreadsheets take in full width as well."""


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Prints rows as CSV while they come, in UTF-8 where the terminal or pipe has no Unicode encoding."""
    streams.write_unicode()
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})


def cell(value: str) -> str:
    """The value of a cell, with an apostrophe wherever a spreadsheet could take what follows for a formula.

    That may be in the middle: a spreadsheet that parts cells by semicolons does not mind our quotes.
    """
    return _FORMULA.sub(lambda before: f"{before[0]}'", value)
