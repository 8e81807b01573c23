"""Marks on letters: as many as words are spelled with, and none that reaches into another line.

A tower of marks, or of letters joined below each other, would blot out what stands above or below it. How
many are too many was seen in the pixels of the cards (`tests/rendering/test_hostile_pixels.py`).
"""

import unicodedata

JOINERS = "\u200c\u200d"

_MARKS = {"ARABIC": 2, "MYANMAR": 5}
"""Marks on one letter in scripts that need more than `_FEW_MARKS`, or whose marks stand on each other."""
_FEW_MARKS = 3
_VOWELS_OF_HEBREW = range(10, 21)
"""The combining classes of marks of which a letter has one."""
_LOW_IN_TIBETAN = frozenset("\u0f71\u0fb1\u0fb2\u0fb3")
"""A long vowel, and the letters that end a pile: it has one of them."""
_VIRAMA = 9
"""The combining class of a virama: it puts the next letter below or beside the one that has it."""
_ASAT = "\u103a"
"""Myanmar's sign that a letter is not joined, in the same class."""
SIDE_BY_SIDE = (
    "DEVANAGARI",
    "BENGALI",
    "GURMUKHI",
    "GUJARATI",
    "ORIYA",
    "TAMIL",
    "TELUGU",
    "KANNADA",
    "MALAYALAM",
    "SINHALA",
)
"""Scripts that mostly put a letter that is joined to another beside it."""
_JOINED = dict.fromkeys(SIDE_BY_SIDE, 4)
"""Letters joined to one letter in these scripts."""
_FEW_JOINED = 2
"""The same in all others: Khmer and Tibetan put each below the last."""
_FLOATING_MARKS = 2
"""Accents that belong to no script: they stack, and a third would reach into the line above or below."""


def script_of(character: str) -> str:
    """The script of a letter or mark by the first word of its name, such as `LATIN`; "" for all else."""
    is_of_script = unicodedata.category(character)[0] in "LM"
    return unicodedata.name(character, "").partition(" ")[0] if is_of_script else ""


def with_few_marks(text: str) -> str:
    """The text with as many marks on each letter as a language needs, and none of them twice.

    Nothing that was left out before, and no joiner, begins a new letter. A mark without a letter of its own
    script is left out: it would stand on a character of ours, or on a circle in place of the letter.
    """
    kept: list[str] = []
    marks: list[str] = []
    joined, letter = 0, " "
    for character in text:
        if character in JOINERS:
            kept.append(character)
        elif not unicodedata.category(character).startswith("M"):
            joined = joined if marks and _joins_letters(marks[-1]) else 0
            marks, letter = [], character
            kept.append(character)
        elif _can_stand_on(letter, character) and _has_room_for(character, marks, joined):
            joined += _joins_letters(character)
            marks.append(character)
            kept.append(character)
    return "".join(kept)


def _can_stand_on(letter: str, mark: str) -> bool:
    return letter != " " if _is_floating(mark) else script_of(letter) == script_of(mark)


def _has_room_for(mark: str, marks: list[str], joined: int) -> bool:
    if mark in marks or any(is_one(mark) and any(map(is_one, marks)) for is_one in _ONE_A_LETTER):
        return False
    if _is_floating(mark):
        return sum(map(_is_floating, marks)) < _FLOATING_MARKS
    script = script_of(mark)
    if _joins_letters(mark) and joined >= _JOINED.get(script, _FEW_JOINED):
        return False
    return len(marks) < _MARKS.get(script, _FEW_MARKS)


def _joins_letters(mark: str) -> bool:
    """Whether a mark puts a further letter below or beside this one, or is such a letter."""
    is_virama = unicodedata.combining(mark) == _VIRAMA and mark != _ASAT
    return is_virama or "SUBJOINED" in unicodedata.name(mark, "")


def _is_vowel_of_hebrew(mark: str) -> bool:
    return unicodedata.combining(mark) in _VOWELS_OF_HEBREW


def _is_low_in_tibetan(mark: str) -> bool:
    return mark in _LOW_IN_TIBETAN


def _is_around(mark: str) -> bool:
    return unicodedata.category(mark) == "Me"


_ONE_A_LETTER = (_is_around, _is_vowel_of_hebrew, _is_low_in_tibetan)


def _is_floating(mark: str) -> bool:
    return script_of(mark) == "COMBINING"
