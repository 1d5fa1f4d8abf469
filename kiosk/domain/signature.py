"""A signature as it was written: strokes of points, with times. What is kept is the writing, not a picture of it.

As an answer it is one line of JSON: sizes and places in tenths of a millimetre, times in milliseconds since
the pen first came down.  Times are part of it: they tell writing from a pasted picture.
"""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
from msgspec import Struct

MAX_POINTS = 4000
"""A minute of writing; more is a child at play."""
LEAST_INK_MM = 15.0
"""Less is a slip of the finger, not a name."""

Point = tuple[int, int, int]
"""x and y in tenths of a millimetre from the pad's top left corner, milliseconds since the first touch."""


class Signature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signature on a pad of `size`."""

    size: tuple[int, int]
    """Width and height of the pad in tenths of a millimetre."""
    strokes: tuple[tuple[Point, ...], ...] = ()

    @property
    def ink_mm(self) -> float:
        """How long the line is, all strokes together."""
        return (
            sum(math.hypot(b[0] - a[0], b[1] - a[1]) for stroke in self.strokes for a, b in pairwise(stroke))
            / 10
        )

    @property
    def seconds(self) -> float:
        """From the first touch to the last."""
        return self.strokes[-1][-1][2] / 1000 if self.strokes and self.strokes[-1] else 0.0

    @property
    def is_written(self) -> bool:
        """Whether this can be somebody's name."""
        return self.ink_mm >= LEAST_INK_MM

    def to_text(self) -> str:
        """As an answer."""
        return msgspec.json.encode(self).decode("ascii")


def parse_signature(text: str) -> Signature | None:
    """The signature in an answer; None when it is none, or not one that a hand could have written on the pad."""
    try:
        signature = msgspec.json.decode(text, type=Signature)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    points = [point for stroke in signature.strokes for point in stroke]
    width, height = signature.size
    on_the_pad = all(0 <= x <= width and 0 <= y <= height for x, y, _ in points)
    in_order = all(a[2] <= b[2] for a, b in pairwise(points))
    if not on_the_pad or not in_order or len(points) > MAX_POINTS or any(not s for s in signature.strokes):
        return None
    return signature if not points or points[0][2] == 0 else None


def to_svg(signature: Signature, line_mm: float = 0.7) -> str:
    """A picture for paper: black on nothing, cropped to the pad."""
    width, height = signature.size
    lines = "".join(
        '<polyline points="{}"/>'.format(" ".join(f"{x},{y}" for x, y, _ in _visible(stroke)))
        for stroke in signature.strokes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width / 10}mm" height="{height / 10}mm" fill="none" stroke="#000" '
        f'stroke-width="{line_mm * 10:g}" stroke-linecap="round" stroke-linejoin="round">{lines}</svg>'
    )


def _visible(stroke: tuple[Point, ...]) -> tuple[Point, ...]:
    """A dot is a stroke too: a line of no length is not drawn by everybody."""
    if len(stroke) > 1:
        return stroke
    x, y, t = stroke[0]
    return (x, y, t), (x + 1, y, t)
