"""What a terminal shows: colours where it has them, and lines that are broken before its edge.

These few lines stand in place of a library for terminals, which would be loaded and deployed for one page.
"""

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TextIO

from msgspec import Struct

_RESET = "\x1b[0m"
TONES: Mapping[str, str] = {
    "good": "\x1b[32m",
    "doubtful": "\x1b[33m",
    "bad": "\x1b[1;31m",
    "strong": "\x1b[1m",
    "faint": "\x1b[2m",
}
"""The escapes of the colours (ECMA-48, 8.3.117)."""

_NARROWEST = 30
_LABEL = 10


class Screen(Struct, frozen=True):
    """Where text is shown.

    Attributes:
        width: in cells; 0 for a file or a pipe, whose lines stay whole.
        has_colour: whether escapes are shown as colours.
    """

    width: int = 0
    has_colour: bool = False

    def toned(self, text: str, tone: str) -> str:
        """A text of ours in a tone; as it is where there are no colours or the tone is ""."""
        return f"{TONES[tone]}{text}{_RESET}" if self.has_colour and tone else text

    def item(self, label: str, tone: str, text: str, *others: str) -> str:
        """A line with a label before it; what does not fit goes on below, as do the other texts, faint."""
        first, *rest = self._broken(text)
        lines = [self.toned(label.ljust(_LABEL), tone) + first, *(" " * _LABEL + each for each in rest)]
        below = [line for each in others for line in self._broken(each)]
        return "\n".join([*lines, *(" " * _LABEL + self.toned(each, "faint") for each in below)])

    def _broken(self, text: str) -> list[str]:
        if not self.width:
            return [text]
        return list(_lines(text, max(self.width, _NARROWEST) - _LABEL)) or [""]


def screen_of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Screen:
    """The screen behind a stream. `NO_COLOR` (no-color.org) and `TERM=dumb` are honoured."""
    if not stream.isatty():
        return Screen()
    width = shutil.get_terminal_size().columns
    is_plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    # Older consoles of Windows show escapes as they are; those that do not say who they are.
    is_able = sys.platform != "win32" or bool({"WT_SESSION", "TERM", "ConEmuANSI"} & set(environ))
    return Screen(width, has_colour=is_able and not is_plain)


def _lines(text: str, width: int) -> Iterator[str]:
    """The text in lines of so many cells at most, broken between words where that can be."""
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cells(joined) <= width:
            line = joined
            continue
        if line:
            yield line
        *full, line = _pieces(word, width)
        yield from full
    if line:
        yield line


def _pieces(word: str, width: int) -> list[str]:
    """A word in pieces of so many cells at most; never empty."""
    pieces, used = [""], 0
    for character in word:
        size = cells(character)
        if used + size > width:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += size
    return pieces


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: two for what is wide in East Asia, none for marks."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
