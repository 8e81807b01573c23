"""Folds the entries of a digest that are all alike but for a name."""

import re
from collections.abc import Iterable

from maa_notify.cards import strings
from maa_notify.cards.names import quoted

FOLD_ABOVE = 8
"""More entries than this that differ in their names alone are folded,"""
SHOWN = 4
"""and so many of them stand there in full."""

_NAME_LIMIT = 60
_SHORTEST_RANGE = 3
_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})", re.DOTALL)


def place_of(name: str) -> tuple[str, int]:
    """The sort key that puts names with a number at their end in the order of their numbers."""
    match = _NUMBERED.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, -1)


def names_in_short(names: Iterable[str]) -> str:
    """All the names, with `“STORE-005” to “STORE-050”` in place of those that count up without a gap."""
    runs: list[list[str]] = []
    for name in sorted(names, key=place_of):
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(told for run in runs for told in _told(run))


def _follows(before: str, name: str) -> bool:
    (prefix, number), (other, following) = place_of(before), place_of(name)
    return number >= 0 and (other, following) == (prefix, number + 1)


def _told(run: list[str]) -> list[str]:
    if len(run) < _SHORTEST_RANGE:
        return [quoted(name, _NAME_LIMIT) for name in run]
    return [strings.name_range(quoted(run[0], _NAME_LIMIT), quoted(run[-1], _NAME_LIMIT))]
