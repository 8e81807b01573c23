"""Makes text that somebody else wrote safe to show; no other module does.

A requestor chooses the justification, the names of apps and scripts, sometimes a display name. On the screen
of the person who can approve, none of it may become a link, a mention, a macro, or look like our own words.
So such text goes into a `TextRun` only, which no client reads as Markdown, and it is defused first: mobile
clients make links of bare addresses even there, and the JavaScript renderer evaluates `{{DATE()}}`.
"""

import re
import unicodedata

from maa_notify.domain.request import ACCOUNT

BREAK = "\u200b"
"""A zero-width space: invisible, and the end of any address."""

ELLIPSIS = "…"

_SPACES = re.compile(r"\s+")
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\uffa0"
    "\ufff0-\uffff\U000e0000-\U0010ffff]"
)
"""Fillers, variation selectors and non-characters: nothing to see, and not told by their category."""

_ALIVE = re.compile(
    r"""
      [{}$@](?=[{}])                     # a macro: {{DATE()}}
    | <(?=\s*[/!A-Za-z])                 # a tag: <at>, </at>
    | &(?=\#?\w{1,32};)                  # a tag in disguise: &lt;at&gt;
    | [@\uff20\ufe6b]                    # an account, whose host would be an address
    | [.\u2024\u3002\uff0e\uff61](?=[^\W\d_])   # a host, in any script
    | (?<=\d)\.(?=\d+\.\d+\.\d)          # an address in numbers
    | (?<=[\w+.-])(?=:(?:[^\s\d]|\Z))    # a scheme: https://, mailto:x; words of ours may follow
    | (?<=[^\W\d_])(?=:\d)               # tel:112, but not 10:30
    """,
    re.VERBOSE,
)
_MARKS_IN_A_ROW = 3
_WORD = 20
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def safe(text: str, limit: int) -> str:
    """Foreign text for a `TextRun`: one line, at most `limit` characters, without links, mentions or macros.

    Invisible breaks come on top of `limit`: never more than one for each character.
    """
    return safe_and_rest(text, limit)[0]


def safe_and_rest(text: str, limit: int) -> tuple[str, int]:
    """The same as `safe`, and how many characters of the text were left out."""
    tidied = _tidy(text)
    end = _end(tidied, limit)
    shown = tidied if end == len(tidied) else tidied[:end].rstrip() + ELLIPSIS
    return _ALIVE.sub(lambda match: match[0] + BREAK, shown), len(tidied) - end


def safe_account(upn: str, limit: int = 120) -> str:
    """A user principal name as it is, for copying, if it has the form of one; else as any other text."""
    return upn if len(upn) <= limit and ACCOUNT.fullmatch(upn) else safe(upn, limit)


def _tidy(text: str) -> str:
    """The text on one line, without control, direction, invisible and private characters."""
    kept: list[str] = []
    marks = 0
    for character in _UNSEEN.sub("", unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode())):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in {"Cc", "Zl", "Zp", "Zs"}:
            kept.append(" ")
        elif category not in {"Cf", "Cs", "Co"} and marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return _SPACES.sub(" ", "".join(kept)).strip()


def _end(text: str, limit: int) -> int:
    """Where to cut: at a word boundary where one is near, never between a letter and its accents."""
    if len(text) <= limit:
        return len(text)
    end = limit - 1
    while end > 0 and _belongs_to_what_precedes(text[end]):
        end -= 1
    space = text.rfind(" ", max(0, end - _WORD), end + 1)
    return space if space > 0 else end


def _belongs_to_what_precedes(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or ord(character) in _SKIN_TONES
