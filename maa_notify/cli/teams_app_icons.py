"""The two icons of the Teams app, drawn from their shapes: a bell with a check mark on it."""

import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, hypot, pi, sin

ACCENT = "#5b5fc7"

_Point = tuple[float, float]
_Shape = Callable[[_Point], float]
"""How far a point is outside of a shape; less than zero within. Units are those of a canvas of 32 by 32."""

_CANVAS = 32.0
_ROUNDING = 0.9
_LINE = 0.9

_DOME = [(16 + 5.7 * cos(pi + step * pi / 12), 13.1 + 5.7 * sin(pi + step * pi / 12)) for step in range(13)]
_BELL = [*_DOME, (21.7, 17.5), (23.7, 21.0), (8.3, 21.0), (10.3, 17.5)]
_CHECK = [(12.7, 14.3), (15.0, 16.6), (19.4, 12.1)]
_CLAPPER = (16.0, 23.6)
_CLAPPER_SIZE = 2.4


def color_icon() -> bytes:
    """192 by 192 pixels: white on the accent colour, within the part that Teams never cuts off."""
    red, green, blue = bytes.fromhex(ACCENT[1:])

    def pixel(white: float) -> bytes:
        return bytes(round(part + (255 - part) * white) for part in (red, green, blue))

    return _png(192, 2, pixel, lambda at: max(min(_bell(at), _clapper(at)), 1.0 - _check(at)))


def outline_icon() -> bytes:
    """32 by 32 pixels: white lines, transparent elsewhere."""
    return _png(
        32,
        6,
        lambda white: bytes((255, 255, 255, round(255 * white))),
        lambda at: min(abs(_bell(at)) - _LINE, _clapper(at), _check(at) - _LINE),
    )


def _png(size: int, kind: int, pixel: Callable[[float], bytes], shape: _Shape) -> bytes:
    """A square picture; `pixel` turns how much of it is covered, from 0 to 1, into its bytes."""
    unit = _CANVAS / size
    rows = (
        b"\0"
        + b"".join(
            pixel(min(1.0, max(0.0, 0.5 - shape(((x + 0.5) * unit, (y + 0.5) * unit)) / unit)))
            for x in range(size)
        )
        for y in range(size)
    )
    header = struct.pack(">2I5B", size, size, 8, kind, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _bell(at: _Point) -> float:
    nearest = min(_to_line(at, *side) for side in pairwise([*_BELL, _BELL[0]]))
    return (-nearest if _is_within(at, _BELL) else nearest) - _ROUNDING


def _clapper(at: _Point) -> float:
    """The lower half of a disc."""
    return max(hypot(at[0] - _CLAPPER[0], at[1] - _CLAPPER[1]) - _CLAPPER_SIZE, _CLAPPER[1] - at[1])


def _check(at: _Point) -> float:
    return min(_to_line(at, *side) for side in pairwise(_CHECK))


def _to_line(at: _Point, start: _Point, end: _Point) -> float:
    """The distance to a line between two points."""
    (x, y), (x0, y0), (x1, y1) = at, start, end
    dx, dy = x1 - x0, y1 - y0
    along = min(1.0, max(0.0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)))
    return hypot(x - x0 - along * dx, y - y0 - along * dy)


def _is_within(at: _Point, corners: Sequence[_Point]) -> bool:
    """Whether a ray to the right crosses the border an odd number of times."""
    x, y = at
    crossed = (
        x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
        for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]])
        if (y0 > y) != (y1 > y)
    )
    return sum(crossed) % 2 == 1
