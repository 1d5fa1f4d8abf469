"""Reads the modules of a code that lies on something bent: cloth, a bottle, a slip held in a hand.

A decoder places its sampling grid by the three finder patterns and, at best, one more point; on anything
that is not flat the grid then misses the modules in between.  Here the grid is bent after the picture.

The modules of a code make a lattice, and its lines are where the brightness changes.  In a view that is
straight but for the bend, the strength of the change times a wave of one module's length, averaged around a
place, has a phase that says how far the lattice is shifted there: the displacement, known but for whole
modules.  The differences of neighbours have no such doubt, and at the finder patterns the shift is known; so
a polynomial is fitted to both (least squares), the view is straightened by it, and the rest is measured again
with a higher order.  Every round yields the modules as they look by then; error correction says whether
they are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.transport.frame_source import Pixels

Floats = NDArray[Any]
Modules = NDArray[np.bool_]
"""Side × side; True is dark."""

_PX = 6
"""Pixels a module in the straightened view."""
_MARGIN = 3
"""Modules around the code that the view shows, so that a bent edge is still in it."""
_BLUR_MODULES = 1.4
"""Over how many modules a phase is averaged: more is surer, less follows a sharper bend."""
_DIFFERENCE_WEIGHT = 4.0
_ROUNDS = ((2, True), (3, True), (5, True), (5, True), (6, True), (7, False))
"""Order of the polynomial; whether differences are fitted or, once no doubt is left, the shifts themselves."""
_FIRST_WORTHWHILE = 3
"""From this order on the modules are worth a look."""
_SHARP_PX, _SHARP_AMOUNT = 4.0, 3.0
_LIKENESS = 0.75
"""Finder patterns and timing lines have to look like themselves at least this much."""


def straightened(grey: Pixels, corners: Floats, side: int) -> Iterator[Modules]:
    """The modules of the code between `corners` (top left, top right, bottom right, bottom left; in pixels).

    Several guesses, the first ones cheaper; a guess that does not even show its finder patterns is left out.
    """
    lattice = _lattice(side)
    flat = corners.copy()
    flat[2] = (
        corners[1] + corners[3] - corners[0]
    )  # the fourth corner has no finder pattern and may be a wild guess
    for start in (corners, flat):
        for order, view in _rounds(grey, start, lattice):
            if order >= _FIRST_WORTHWHILE:
                for dark in (_sampled_sharp(view, side), _sampled(view, side)):
                    like = likeness(dark)
                    if like >= _LIKENESS:
                        yield dark
                    elif like <= 1 - _LIKENESS:
                        yield ~dark  # light on dark


def portrait(dark: Modules) -> Pixels:
    """A clean picture of the modules, with the patterns that are the same in every code put right."""
    side = len(dark)
    known = _fixed_patterns(side)
    clean = np.where(known < 0, dark, known == 1)
    image = np.full((side + 8, side + 8), 255, np.uint8)
    image[4:-4, 4:-4][clean] = 0
    return np.kron(image, np.ones((4, 4), np.uint8))


def likeness(dark: Modules) -> float:
    """How much of the finder patterns and timing lines is as it must be: 0.5 is chance."""
    known = _fixed_patterns(len(dark))
    return float((dark[known >= 0] == (known[known >= 0] == 1)).mean())


@dataclass(frozen=True, slots=True)
class _Lattice:
    """What depends on the number of modules only."""

    nodes: int
    """Modules in the view, margin included, each way."""
    bases: dict[int, Floats]
    """Order → nodes × nodes × terms."""
    cosine: Floats
    sine: Floats
    x: Floats
    y: Floats
    anchors: Modules


@lru_cache(maxsize=8)
def _lattice(side: int) -> _Lattice:
    nodes = side + 2 * _MARGIN
    place = (np.arange(nodes, dtype=np.float32) + 0.5 - nodes / 2) / (nodes / 2)
    across, down = np.meshgrid(place, place)
    bases = {
        order: np.stack(
            [across**i * down**j for i in range(order + 1) for j in range(order + 1 - i)], axis=-1
        )
        for order, _ in _ROUNDS
    }
    pixel = np.arange(nodes * _PX, dtype=np.float32) + 0.5
    wave = 2 * np.pi * pixel / _PX
    x, y = np.meshgrid(pixel, pixel)
    anchors = np.zeros((side, side), np.bool_)
    anchors[1:6, 1:6] = anchors[1:6, -6:-1] = anchors[-6:-1, 1:6] = True
    cosine, sine = np.cos(wave).astype(np.float32), -np.sin(wave).astype(np.float32)
    return _Lattice(nodes, bases, cosine, sine, x, y, anchors)


def _rounds(grey: Pixels, corners: Floats, lattice: _Lattice) -> Iterator[tuple[int, Pixels]]:
    inner = slice(_MARGIN, -_MARGIN)
    low, high = _MARGIN * _PX, (lattice.nodes - _MARGIN) * _PX
    square = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
    plane = cv2.getPerspectiveTransform(square, corners.astype(np.float32))
    shift_x = np.zeros((lattice.nodes, lattice.nodes), np.float32)
    shift_y = shift_x.copy()
    view = _view(grey, plane, lattice, shift_x, shift_y)
    for order, by_differences in _ROUNDS:
        basis = lattice.bases[order]
        phases = _phases(view, lattice)
        for phase, shift in zip(phases, (shift_x, shift_y), strict=True):
            terms = _fit(
                phase[inner, inner], basis[inner, inner], lattice.anchors if by_differences else None
            )
            shift += (basis @ terms) * _PX
        view = _view(grey, plane, lattice, shift_x, shift_y)
        yield order, view


def _view(grey: Pixels, plane: Floats, lattice: _Lattice, shift_x: Floats, shift_y: Floats) -> Pixels:
    size = lattice.x.shape[::-1]
    x = lattice.x + cv2.resize(shift_x, size)
    y = lattice.y + cv2.resize(shift_y, size)
    (a, b, c), (d, e, f), (g, h, i) = plane
    depth = g * x + h * y + i
    depth[np.abs(depth) < 1e-6] = 1e-6
    from_x = np.clip((a * x + b * y + c) / depth - 0.5, -1e4, 1e4).astype(np.float32)
    from_y = np.clip((d * x + e * y + f) / depth - 0.5, -1e4, 1e4).astype(np.float32)
    return cv2.remap(grey, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def _phases(view: Pixels, lattice: _Lattice) -> tuple[Floats, Floats]:
    """For each node a complex number each way: its phase is the shift, its size how sure that is."""
    smooth = cv2.GaussianBlur(view, (3, 3), 0)
    across = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0))
    down = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1))

    def around(values: Floats) -> Floats:
        small = cv2.resize(values, (lattice.nodes, lattice.nodes), interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(small, (0, 0), _BLUR_MODULES)

    whole = around(across + down) + 1.0
    cosine, sine = lattice.cosine, lattice.sine
    return (
        (around(across * cosine) + 1j * around(across * sine)) / whole,
        (around(down * cosine[:, None]) + 1j * around(down * sine[:, None])) / whole,
    )


def _fit(phase: Floats, basis: Floats, anchors: Modules | None) -> Floats:
    """The polynomial of the shift, in modules."""
    shift, sure = -np.angle(phase) / (2 * np.pi), np.abs(phase)
    count = basis.shape[-1]
    if anchors is None:
        return _least_squares(basis.reshape(-1, count), shift.ravel(), sure.ravel())
    rows, values, weights = [basis[anchors]], [shift[anchors]], [sure[anchors]]
    for here, there in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
    ):
        step = shift[here] - shift[there]
        rows.append((basis[here] - basis[there]).reshape(-1, count))
        values.append((step - np.round(step)).ravel())
        weights.append(np.minimum(sure[here], sure[there]).ravel() * _DIFFERENCE_WEIGHT)
    return _least_squares(np.concatenate(rows), np.concatenate(values), np.concatenate(weights))


def _least_squares(rows: Floats, values: Floats, weights: Floats) -> Floats:
    weighted = rows.astype(np.float64) * (weights * weights)[:, None]
    square = weighted.T @ rows
    # A picture without a single edge leaves the terms free: they stay at nothing.
    square += np.eye(len(square)) * (1e-7 * np.trace(square) / len(square) + 1e-12)
    return np.linalg.solve(square, weighted.T @ values).astype(np.float32)


def _sampled_sharp(view: Pixels, side: int) -> Modules:
    """Dark or light, beside the mean around it; what a blurred neighbour adds is taken away first."""
    soft = cv2.GaussianBlur(view, (0, 0), _SHARP_PX)
    sharp = cv2.blur(cv2.addWeighted(view, 1 + _SHARP_AMOUNT, soft, -_SHARP_AMOUNT, 0), (3, 3))
    middles = sharp[_PX // 2 :: _PX, _PX // 2 :: _PX][1 : side + 5, 1 : side + 5].astype(np.float32)
    dark: Modules = middles < cv2.blur(middles, (9, 9))
    return dark[2:-2, 2:-2]


def _sampled(view: Pixels, side: int) -> Modules:
    """Dark or light at the middle of each module, beside what is dark and light around it."""
    middles = cv2.blur(view, (3, 3))[_PX // 2 :: _PX, _PX // 2 :: _PX]
    middles = middles[1 : side + 5, 1 : side + 5]  # the code and two modules around it
    window = np.ones((7, 7), np.uint8)
    brightest = cv2.dilate(middles, window).astype(np.float32)
    darkest = cv2.erode(middles, window).astype(np.float32)
    threshold = cv2.blur((brightest + darkest) / 2, (7, 7))
    dark: Modules = middles < threshold
    return dark[2:-2, 2:-2]


@lru_cache(maxsize=8)
def _fixed_patterns(side: int) -> NDArray[np.int8]:
    """1 dark, 0 light, -1 unknown: the finder patterns with their separators, and the timing lines."""
    known = np.full((side, side), -1, np.int8)
    finder = np.zeros((8, 8), np.int8)
    finder[:7, :7] = 1
    finder[1:6, 1:6] = 0
    finder[2:5, 2:5] = 1
    known[:8, :8], known[:8, -8:], known[-8:, :8] = finder, finder[:, ::-1], finder[::-1]
    known[6, 8:-8] = known[8:-8, 6] = (np.arange(8, side - 8) + 1) % 2
    return known
