"""Makes text that somebody else wrote safe to show; no other module does.

A requestor chooses the justification, the names of apps and scripts, sometimes a display name. On the screen
of the person who can approve, none of it may become a link, a mention, a macro, or look like our own words.
So such text goes into a `TextRun` only, which no client reads as Markdown, and it is defused first: mobile
clients make links of bare addresses even there, and the JavaScript renderer evaluates `{{DATE()}}`.

What defuses a text is invisible, and for cards only: `plain` is the same text for history, logs and exports,
where people search for what was written.
"""

import re
import unicodedata

from maa_notify.cards.marks import JOINERS, SIDE_BY_SIDE, script_of, with_few_marks
from maa_notify.domain.request import ACCOUNT

BREAK = "\u200b"
"""A zero-width space: invisible, and the end of any address."""

ELLIPSIS = "…"

ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
"""Around text that runs from right to left: it takes its own direction, and none of ours with it."""

_JOINER = re.compile(f"[{JOINERS}]+")
_SPELLED_WITH_JOINERS = frozenset(
    {
        "ARABIC",
        "SYRIAC",
        "MANDAIC",
        "NKO",
        "MONGOLIAN",
        "KHMER",
        "MYANMAR",
        *SIDE_BY_SIDE,
    }
)
"""Scripts whose words can need a joiner or a non-joiner, by the first word of their letters' names."""

_SPACES = re.compile(r"\s+")
_RECITED = (
    "\u0591-\u05af\u05bd\u05bf\u05c4\u05c5\ufb1e"
    "\u0610-\u061a\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u08d3-\u08e1\u08e3-\u08e9\u08f0-\u08f3"
)
"""How Hebrew and Arabic scripture is recited: marks that stand on each other, up to three lines high."""
_UNSEEN = re.compile(
    f"[{_RECITED}\u034f\u0f77\u0f79\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164"
    "\ufdd0-\ufdef\ufe00-\ufe0f\uffa0\ufff0-\uffff\U000e0000-\U0010ffff]"
)
"""Fillers, variation selectors, non-characters, what is recited: their category does not tell them."""

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
_WORD = 20
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})

_TOO_TALL = re.compile(
    "[\u0f00\u1886\u23b7\U00011300-\U0001137f\U00011580-\U000115ff\U00011a00-\U00011aaf\U00011c70-\U00011cbf"
    "\U00012000-\U0001254f\U0001cf00-\U0001d24f]"
)
"""Cuneiform, musical notation and a few more: signs that reach out of their line, and no name needs.

Grantha, Siddham, Zanabazar Square, Soyombo and Marchen among them, whose letters stand below each other.
"""
_IN_THEIR_PLACE = "□"


def plain(text: str, limit: int) -> str:
    """Foreign text to read and to search in, not for cards: one line of what can be seen, without breaks."""
    return _cut(_tidy(text), limit)[0]


def visible(text: str) -> str:
    """Foreign text of any length to compare with what people see: one line without invisible characters."""
    if text.isprintable() and _UNSEEN.search(text) is None:
        return _SPACES.sub(" ", text).strip()
    return _tidy(text)


def safe(text: str, limit: int) -> str:
    """Foreign text for a `TextRun`: one line, at most `limit` characters, without links, mentions or macros.

    Invisible breaks come on top of `limit`, never more than one for each character, and two isolates.
    """
    return safe_and_rest(text, limit)[0]


def safe_and_rest(text: str, limit: int) -> tuple[str, int]:
    """The same as `safe`, and how many characters of the text were left out."""
    shown, left_out = _cut(_tidy(text), limit)
    return isolated(_ALIVE.sub(lambda match: match[0] + BREAK, shown)), left_out


def safe_account(upn: str, limit: int = 120) -> str:
    """A user principal name as it is, for copying, if it has the form of one; else as any other text."""
    return upn if len(upn) <= limit and ACCOUNT.fullmatch(upn) else safe(upn, limit)


def isolated(text: str) -> str:
    """A text that takes its own direction and none of ours with it, if it runs from right to left."""
    runs_left = not text.isascii() and any(
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text
    )
    return f"{ISOLATE}{text}{END_OF_ISOLATE}" if runs_left else text


def _tidy(text: str) -> str:
    """The text on one line, without control, direction, invisible and private characters."""
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text).strip()
    known = _TOO_TALL.sub(_IN_THEIR_PLACE, text.encode("utf-8", "ignore").decode())
    kept = unicodedata.normalize("NFC", "".join(map(_visible, _UNSEEN.sub("", known))))
    spelled = unicodedata.normalize("NFC", _JOINER.sub(_joiner, with_few_marks(kept)))
    return _SPACES.sub(" ", spelled).strip()


def _visible(character: str) -> str:
    """The character, a blank for what separates, and nothing for what cannot be seen."""
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    return "" if category in {"Cf", "Cs", "Co"} and character not in JOINERS else character


def _joiner(match: re.Match[str]) -> str:
    """One joiner between two letters of a script that spells with them, and none elsewhere."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    scripts = {script_of(each) if each else "" for each in (before, after)}
    return match[0][0] if len(scripts) == 1 and scripts <= _SPELLED_WITH_JOINERS else ""


def _cut(text: str, limit: int) -> tuple[str, int]:
    """The text, at most so long, and how many characters were left out."""
    end = _end(text, limit)
    shown = text if end == len(text) else text[:end].rstrip(" " + JOINERS) + ELLIPSIS
    return shown, len(text) - end


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
    is_mark = unicodedata.category(character).startswith("M")
    return is_mark or character in JOINERS or ord(character) in _SKIN_TONES
