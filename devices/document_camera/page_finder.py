"""Where a sheet of paper lies in a picture: four straight sides with light paper inside, or none.

The picture is looked at small; the corners are then put right where the pixels are (`corner_refinement`).
Papers that are darker than what they lie on are not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.document_camera.cut_off_page import best_cut_off, colours
from devices.document_camera.page_lines import Lines, find_lines, flattened
from devices.document_camera.quadrangles import quadrangles, side_support, support

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

SMALL_WIDTH_PX = 640
"""About so wide is the picture in which a sheet is looked for."""
_LEAST_WIDTH_PX = 160
"""In less than that nothing is straight."""
_LEAST_SIDE, _LEAST_MEAN = 0.36, 0.62
_SURE_SIDE = 0.75
_LEAST_DIFFERENCE = 7.0
"""Between paper and plate, in lightness or in colour, of 255."""
_EDGE_PX = 1.5
"""A corner this far outside the small picture is cut off."""


@dataclass(frozen=True, slots=True, eq=False)
class PageSeen:
    """A sheet in the picture."""

    corners: Floats
    """4 × 2 pixels, clockwise from the top left one as it lies."""
    confidence: float
    """0 to 1: how much of its sides was seen."""
    cut_off: bool
    """It reaches beyond the picture."""


def shrink(frame: Pixels) -> Pixels:
    """The picture small: by a whole number, which takes a quarter of the time that any other does."""
    factor = max(round(frame.shape[1] / SMALL_WIDTH_PX), 1)
    if factor == 1:
        return frame
    height, width = frame.shape[0] // factor, frame.shape[1] // factor
    whole = frame[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def scale_of(frame: Pixels, small: Pixels) -> float:
    """How much larger the frame is than the picture that was made of it."""
    return float(round(frame.shape[1] / small.shape[1]))


def find_page(small: Pixels) -> PageSeen | None:
    """The sheet in a small picture, in its pixels; the largest well-seen one where there are several."""
    height, width = small.shape[:2]
    if width < _LEAST_WIDTH_PX:
        return None
    flat = flattened(small)
    lines = find_lines(flat)
    best = _best_whole(lines, width, height)
    if best is not None:
        inner, outer = colours(flat, best[0], np.ones(4, bool))
        if np.abs(inner - outer).max() < _LEAST_DIFFERENCE:
            best = None  # a pattern has steps everywhere, and is the same on both sides of them
    cut_off = False
    if best is None or best[2] < _SURE_SIDE:
        # A fold, or a shadow across the page, may pass for the side that is beyond the picture.
        other = best_cut_off(flat, lines)
        if other is not None and (best is None or other[1] > best[1]):
            best, cut_off = (*other, 1.0), True
    if best is None:
        return None
    corners, confidence, _ = best
    found = _clockwise(corners + np.array([width / 2, height / 2]))
    outside = (found < -_EDGE_PX) | (found > np.array([width, height]) + _EDGE_PX)
    return PageSeen(found, confidence, cut_off or bool(outside.any()))


def _best_whole(lines: Lines, width: int, height: int) -> tuple[Floats, float, float] | None:
    """The best quadrangle of four seen sides, from the middle; how much was seen of all, and of the worst."""
    quads = quadrangles(lines, width, height)
    if quads is None:
        return None
    corners, sides, area = quads
    whole, least = support(*side_support(lines, corners, sides))
    score = whole + 0.35 * np.minimum(least, 0.8) + 0.25 * np.sqrt(np.minimum(area, 1.0))
    score[(least < _LEAST_SIDE) | (whole < _LEAST_MEAN)] = -1
    best = int(score.argmax())
    return None if score[best] < 0 else (corners[best], float(whole[best]), float(least[best]))


def _clockwise(corners: Floats) -> Floats:
    """Clockwise on the screen, from the corner that is furthest to the top left."""
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    ordered = corners[np.argsort(angles)]
    return np.roll(ordered, -int(ordered.sum(axis=1).argmin()), axis=0)
