r"""Ticket numbers in other people's text, and where they lead: the operator's own host and pattern. Pure.

A pattern is a small part of the language of regular expressions: letters, digits, `#`, `_`, `-`, `/` and
blanks for themselves, `\d`, classes such as `[A-Z0-9]`, the repetitions `{n}`, `{n,m}`, `?`, `+` and `*`, and
`|` between whole patterns. There are no groups, and no repetition is longer than `MOST_REPEATED`. So the time
for a search is bounded whatever the text, and what is found is plain ASCII.
"""

import re
from urllib.parse import quote

from msgspec import Struct

MOST_TICKETS = 3
"""Links on one card."""

MOST_REPEATED = 20
_LONGEST_PATTERN = 100
_MOST_PATTERNS = 4
_SHORTEST, _LONGEST = 2, 48
"""Characters of a ticket number."""
_MOST_WAYS = 420
"""In which the repetitions of one pattern can share a text."""

_ATOM = re.compile(
    r"(?P<what>\\d|[A-Za-z0-9#_/ -]|\[(?:[A-Za-z]-[A-Za-z]|0-9|[A-Za-z0-9_]|-(?=\]))+\])"
    r"(?P<often>\{(?P<least>[0-9]{1,2})(?:,(?P<most>[0-9]{1,2}))?\}|[?+*])?"
)
_REPETITIONS = {"": (1, 1), "?": (0, 1), "+": (1, MOST_REPEATED), "*": (0, MOST_REPEATED)}


class TicketLinks(Struct, frozen=True):
    """Finds ticket numbers and makes links of them.

    Attributes:
        address: with `{}` where the number goes; scheme and host stand before it.
        pattern: as `expression_of` takes it.
    """

    address: str
    pattern: str

    def found_in(self, *texts: str) -> list[tuple[str, str]]:
        """The first ticket numbers of these texts, once each, and where each of them leads."""
        expression = re.compile(expression_of(self.pattern))
        numbers = (match[0] for text in texts for match in expression.finditer(text))
        found = list(dict.fromkeys(numbers))[:MOST_TICKETS]
        return [(number, self.address.replace("{}", quote(number, safe=""))) for number in found]


def expression_of(pattern: str) -> str:
    """The regular expression for a pattern: whole words only, and no repetition without an end.

    Raises:
        ValueError: what is wrong with the pattern, as the rest of a sentence.
    """
    patterns = pattern.split("|")
    if len(pattern) > _LONGEST_PATTERN or len(patterns) > _MOST_PATTERNS:
        raise ValueError(f"must have at most {_LONGEST_PATTERN} characters and {_MOST_PATTERNS} patterns")
    return rf"(?<!\w)(?:{'|'.join(map(_bounded, patterns))})(?!\w)"


def _bounded(pattern: str) -> str:
    made, place, ways, shortest, longest = "", 0, 1, 0, 0
    while place < len(pattern):
        atom = _ATOM.match(pattern, place)
        if atom is None:
            raise ValueError(
                r"must be made of letters, digits, # _ - /, \d, [A-Z] and {2,8}, such as INC-\d{4,8}:"
                f" it cannot be read from character {place + 1} on"
            )
        least, most = _repetition(atom)
        ways *= most - least + 1
        shortest, longest = shortest + least, longest + most
        made += f"{_without_other_scripts(atom['what'])}{{{least},{most}}}"
        place = atom.end()
    if shortest < _SHORTEST or longest > _LONGEST or ways > _MOST_WAYS:
        raise ValueError(
            f"must match {_SHORTEST} to {_LONGEST} characters, and repeat at most two parts freely"
        )
    return made


def _repetition(atom: re.Match[str]) -> tuple[int, int]:
    """How often a part may be repeated: at least and at most."""
    often = atom["often"] or ""
    least, most = _REPETITIONS.get(often) or (int(atom["least"]), int(atom["most"] or atom["least"]))
    if not least <= most <= MOST_REPEATED:
        raise ValueError(f"must not repeat anything more than {MOST_REPEATED} times")
    return least, most


def _without_other_scripts(what: str) -> str:
    return "[0-9]" if what == r"\d" else what
