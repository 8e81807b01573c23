"""Names that somebody else chose, in quotation marks that no name can end: none passes for words of ours.

What looks like our own quotation marks, like the dot between our fields, or like a bracket is replaced within
a name; letters of several alphabets that resemble each other are said to be that.
"""

import re

from maa_notify.cards import strings
from maa_notify.cards.marks import script_of
from maa_notify.cards.text import plain, safe
from maa_notify.domain.names import unquoted

_LIKE_DOTS = re.compile("[·᛫•‣․‧∘∙⋅⏺●○◦⦁⦿・･ꞏᐧ⸰⸱⸳𐄁⚫⬤🞄]")  # noqa: RUF001 - what is meant
_DOTS_OF_SPELLING = re.compile(
    "(?<=[lL])·(?=[lL])|(?<=[\u30a1-\u30fe\uff66-\uff9f])[・･](?=[\u30a1-\u30fe\uff66-\uff9f])"
)
"""Catalan spells with it, and Japanese puts it between the words of a foreign name."""
_LIKE_OPENING = re.compile("[(（﹙❨❪⦅⸨⁽₍﴾︵⟮⦗｟]")  # noqa: RUF001 - what is meant
_LIKE_CLOSING = re.compile("[)）﹚❩❫⦆⸩⁾₎﴿︶⟯⦘｠]")  # noqa: RUF001 - what is meant

_LOOK_ALIKE = frozenset(
    {
        "LATIN",
        "CYRILLIC",
        "GREEK",
        "ARMENIAN",
        "CHEROKEE",
        "COPTIC",
        "LISU",
        "OSAGE",
        "CANADIAN",
        "CARIAN",
        "CAUCASIAN",
        "ELBASAN",
        "GLAGOLITIC",
        "GOTHIC",
        "LYCIAN",
        "LYDIAN",
        "MIAO",
        "OLD",
        "RUNIC",
        "TIFINAGH",
        "VAI",
        "WARANG",
        "DOUBLE-STRUCK",
        "BLACK-LETTER",
        "DESERET",
        "FULLWIDTH",
        "MATHEMATICAL",
    }
)
"""Alphabets with letters that look like those of another, by the first word of their letters' names."""


def quoted(name: str, limit: int, *, brackets: str = "()") -> str:
    """A name for a `TextRun`, safe and in quotation marks, with what is odd about its letters; "" for none.

    `brackets` stand for all that look like round ones. Where ours follow a name, it must have others.
    """
    shown = plain(name, limit)
    if not shown:
        return ""
    marks = strings.mixed_scripts(scripts) if (scripts := mixed_scripts(shown)) else ""
    return f"“{tamed(name, limit, brackets=brackets)}”{marks}"


def tamed(text: str, limit: int, *, brackets: str = "[]") -> str:
    """Text for a `TextRun` that stands in a line with words of ours, safe, without what looks like those."""
    shown = plain(text, limit)
    spelling = {match.start() for match in _DOTS_OF_SPELLING.finditer(shown)}
    undotted = _LIKE_DOTS.sub(lambda dot: dot[0] if dot.start() in spelling else "-", shown)
    bare = unquoted(undotted)
    return safe(_LIKE_CLOSING.sub(brackets[1], _LIKE_OPENING.sub(brackets[0], bare)), limit)


def mixed_scripts(name: str) -> list[str]:
    """The look-alike alphabets that a name mixes, in the order of their names; empty for those of one."""
    if name.isascii():
        return []
    found = sorted({script_of(letter) for letter in name if letter.isalpha()} & _LOOK_ALIKE)
    return [script.capitalize() for script in found] if len(found) > 1 else []
