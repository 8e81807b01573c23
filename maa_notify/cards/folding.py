"""Folds the entries of a digest that are all alike but for a name."""

import re
from collections.abc import Sequence

from maa_notify.cards import strings
from maa_notify.cards.subject import quoted

FOLD_ABOVE = 8
"""More entries than this that differ in their names alone are folded,"""
SHOWN = 4
"""and so many of them stand there in full."""

_SHORTEST_RANGE = 3
_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})", re.DOTALL)


def names_in_short(names: Sequence[str]) -> str:
    """`“STORE-005” to “STORE-050”` for names that count up without a gap; else all of them."""
    if len(names) >= _SHORTEST_RANGE and _counts_up(names):
        ordered = sorted(names, key=_number)
        return strings.name_range(quoted(ordered[0]), quoted(ordered[-1]))
    return ", ".join(map(quoted, names))


def _counts_up(names: Sequence[str]) -> bool:
    found = [_NUMBERED.fullmatch(name) for name in names]
    if not all(found) or len({each[1] for each in found if each}) > 1:
        return False
    numbers = {_number(name) for name in names}
    return len(numbers) == len(names) == max(numbers) - min(numbers) + 1


def _number(name: str) -> int:
    match = _NUMBERED.fullmatch(name)
    return int(match[2]) if match else 0
