"""Charts as inline SVG, whose colours the page's style sheet decides: light, dark, print. Pure.

Each has a title for those who hear it; its numbers stand beside it or in a table below. Everything that is
put into it is escaped.
"""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 400, 190
_LEFT, _BOTTOM, _TOP = 34, 22, 8
_MOST_LABELS = 6
_TICKS = 4


def columns(title: str, labels: Sequence[str], stacks: Sequence[Mapping[str, int]]) -> str:
    """Columns, each a stack of counts by a word that is its colour's class, `c-` and the word."""
    top = _nice(max((sum(stack.values()) for stack in stacks), default=0))
    room, height = _WIDTH - _LEFT, _HEIGHT - _BOTTOM - _TOP
    step = room / max(1, len(stacks))
    every = -(-len(labels) // _MOST_LABELS) or 1
    parts = [_grid(top, height)]
    for place, (label, stack) in enumerate(zip(labels, stacks, strict=True)):
        left, foot = _LEFT + place * step, float(_TOP + height)
        for word, count in stack.items():
            tall = count / top * height
            foot -= tall
            size = (
                f'x="{left + step * 0.12:.1f}" y="{foot:.1f}" width="{step * 0.76:.1f}" height="{tall:.1f}"'
            )
            parts.append(f'<rect class="c-{escape(word)}" {size}/>')
        if place % every == 0:
            at = f'x="{left + step / 2:.1f}" y="{_HEIGHT - 6}" text-anchor="middle"'
            parts.append(f'<text class="tick" {at}>{escape(label)}</text>')
    return _drawing(f'class="columns" viewBox="0 0 {_WIDTH} {_HEIGHT}"', title, "".join(parts))


def bar(title: str, stack: Mapping[str, int], most: int) -> str:
    """One bar, whose length is its sum as a share of `most`."""
    left, parts = 0.0, []
    for word, count in stack.items():
        wide = 100 * count / max(1, most)
        parts.append(f'<rect class="c-{escape(word)}" x="{left:.2f}" y="0" width="{wide:.2f}" height="10"/>')
        left += wide
    box = 'class="bar" viewBox="0 0 100 10" preserveAspectRatio="none"'
    return _drawing(box, title, "".join(parts))


def _grid(top: int, height: int) -> str:
    lines = []
    for number in range(_TICKS + 1):
        value = top * number / _TICKS
        if value != int(value):
            continue
        at = _TOP + height * (1 - number / _TICKS)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>')
        lines.append(
            f'<text class="tick" x="{_LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{int(value)}</text>'
        )
    return "".join(lines)


def _nice(most: int) -> int:
    """The next round number, or the number itself."""
    scale = 1
    while True:
        for factor in (1, 2, 4, 6, 8):
            if factor * scale >= most:
                return max(_TICKS, factor * scale)
        scale *= 10


def _drawing(box: str, title: str, content: str) -> str:
    return f'<svg {box} role="img" aria-label="{escape(title)}">{content}</svg>'
