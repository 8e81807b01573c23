"""A quote: somebody else's words, boxed and labelled, with their line breaks."""

from maa_notify.cards import strings
from maa_notify.cards.elements import Element, container, rich, run, trusted_text
from maa_notify.cards.text import safe_and_rest

_LINES = 12
_MARK = "│ "


def quote(label: str, text: str, limit: int) -> Element:
    """The words in a box; each of several lines begins with a mark, so that none looks like ours.

    Lines after the twelfth follow each other in that one.
    """
    lines, left_out = _lines(text, limit)
    if not lines:
        shown = [rich(run(strings.NOTHING_SAID, isSubtle=True), spacing="Small")]
    else:
        mark = _MARK if len(lines) > 1 else ""
        runs = [[run(f"{mark}{line}")] for line in lines]
        runs[-1] += [run(strings.more_characters(left_out), isSubtle=True)] if left_out else []
        shown = [rich(*each, spacing="None" if index else "Small") for index, each in enumerate(runs)]
    return container("emphasis", trusted_text(label, size="Small", isSubtle=True), *shown)


def _lines(text: str, limit: int) -> tuple[list[str], int]:
    """The lines made safe, at most `limit` characters together, and how many characters were left out."""
    told = [line for line in text.splitlines() if safe_and_rest(line, limit)[0]]
    told = [*told[: _LINES - 1], " ".join(told[_LINES - 1 :])] if len(told) > _LINES else told
    shown: list[str] = []
    room, left_out = limit, 0
    for line in told:
        made, rest = safe_and_rest(line, room) if room > 0 else ("", len(line))
        shown += [made] if made else []
        room -= len(line) - rest
        left_out += rest
        room = 0 if rest else room
    return shown, left_out
