"""The ways around approval as a drawing: who stands on the left, what they lead to on the right."""

from collections.abc import Iterator, Sequence
from html import escape

from maa_notify.insight.posture.names import listed, sentence
from maa_notify.insight.posture.ways import Way

_WIDTH = 760
_BOX, _GOAL = 370, 250
_HEIGHT, _GAP = 50, 14
_LINE_LIMIT, _GOAL_LIMIT = 52, 34
_NAMED, _NAME_LIMIT = 2, 22


def drawing_of(ways: Sequence[Way]) -> str:
    """An SVG with a box for each way, a box for each place that ways lead to, and a line for each way."""
    goals = list(dict.fromkeys(each.to for each in ways))
    ways = sorted(ways, key=lambda each: goals.index(each.to))  # so that few lines cross
    height = max(len(ways), len(goals)) * (_HEIGHT + _GAP) + _GAP
    tops = _tops(len(ways), height)
    goal_tops = dict(zip(goals, _tops(len(goals), height), strict=True))
    count = f"{len(ways)} ways" if len(ways) != 1 else "One way"
    label = f"{count} around approval; the table below tells each"
    return "\n".join(
        [
            f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{label}">',
            *(_line(way, top, goal_tops[way.to]) for way, top in zip(ways, tops, strict=True)),
            *(line for way, top in zip(ways, tops, strict=True) for line in _way(way, top)),
            *(line for goal, top in goal_tops.items() for line in _goal(goal, top)),
            "</svg>",
        ]
    )


def _tops(count: int, height: float) -> list[float]:
    """The upper edges of so many boxes, spread over the height."""
    step = height / count
    return [step * number + (step - _HEIGHT) / 2 for number in range(count)]


def _line(way: Way, top: float, goal_top: float) -> str:
    kind = "" if way.is_sure else ' class="maybe"'
    start, end = top + _HEIGHT / 2, goal_top + _HEIGHT / 2
    left, right = _BOX, _WIDTH - _GOAL
    middle = (left + right) / 2
    tip = f"M{right - 8:g} {end - 5:g} L{right:g} {end:g} L{right - 8:g} {end + 5:g} Z"
    curve = f"M{left} {start:g} C{middle:g} {start:g} {middle:g} {end:g} {right - 6:g} {end:g}"
    return f'<path{kind} d="{curve}"/><path class="tip" d="{tip}"/>'


def _way(way: Way, top: float) -> Iterator[str]:
    yield f'<rect x="1" y="{top:g}" width="{_BOX - 1}" height="{_HEIGHT}" rx="6"/>'
    yield _text(12, top + 21, way.by, _LINE_LIMIT)
    yield _text(12, top + 39, _who(way), _LINE_LIMIT, kind="who")


def _who(way: Way) -> str:
    told = listed(way.who(_NAME_LIMIT), _NAMED)
    if way.is_whole:
        return told
    return f"{told} and perhaps others" if told else "not known who"


def _goal(goal: str, top: float) -> Iterator[str]:
    left = _WIDTH - _GOAL
    yield f'<rect class="goal" x="{left}" y="{top:g}" width="{_GOAL - 1}" height="{_HEIGHT}" rx="6"/>'
    yield _text(left + 12, top + 30, goal, _GOAL_LIMIT)


def _text(left: float, base: float, text: str, limit: int, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{left:g}" y="{base:g}">{escape(sentence(text, limit))}</text>'
