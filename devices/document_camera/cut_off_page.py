"""A sheet that reaches beyond the picture: two or three sides are seen, the picture's own edge is the rest.

Nearly everything on a counter reaches beyond the picture, so more is asked here: the paper is of one colour
where the picture ends, another one than outside its sides, and as good as without colour (a hand is not).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from devices.document_camera.page_lines import STEP_PX, Lines
from devices.document_camera.quadrangles import quadrangles, side_support

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_LOOKED_AT = 24
_LEAST_SIDE, _LEAST_MEAN, _LEAST_SEEN_PX = 0.55, 0.72, 120
_LEAST_AREA = 0.05
_INSIDE_PX, _OUTSIDE_PX, _BORDER_PX = 8.0, 6.0, 5.0
_LEAST_DIFFERENCE = 16.0
_MOST_RED, _MOST_YELLOW = 15.0, 30.0
"""How coloured paper may be (a* and b* as `flattened` stretches them); skin and wood are more so."""
_LEAST_ALIKE = 0.7
_LEAST_LIGHT = 60.0


def best_cut_off(flat: Pixels, lines: Lines) -> tuple[Floats, float] | None:
    """Corners from the middle of the picture, and how sure it is; None when no paper is cut off."""
    height, width = flat.shape[:2]
    real = len(lines.rhos)
    framed = _with_frame(lines, width, height)
    quads = quadrangles(framed, width, height)
    if quads is None:
        return None
    corners, sides, area = quads
    own = sides < real
    lit, seen = side_support(framed, corners, sides)
    parts = np.where(own, lit / np.maximum(seen, 1), 1.0).min(axis=1)
    whole = (lit * own).sum(axis=1) / np.maximum((seen * own).sum(axis=1), 1)
    good = (own.sum(axis=1) >= 2) & (own.sum(axis=1) < 4) & (area > _LEAST_AREA)
    good &= (parts >= _LEAST_SIDE) & (whole >= _LEAST_MEAN)
    good &= (seen * own).sum(axis=1) * STEP_PX >= _LEAST_SEEN_PX
    score = np.where(good, whole + 0.15 * own.sum(axis=1) + 0.25 * np.sqrt(area), -1.0)
    for number in np.argsort(-score)[:_LOOKED_AT]:
        if score[number] < 0:
            return None
        if _is_paper(flat, corners[number], own[number]):
            return corners[number], float(whole[number])
    return None


def _with_frame(lines: Lines, width: int, height: int) -> Lines:
    """The lines, and after them the four edges of the picture."""
    normals = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    rhos = np.array([-width / 2, width / 2, -height / 2, height / 2])
    nothing = np.zeros((4, *lines.steps.shape[1:]), np.int32)
    along = np.arange(lines.seen.shape[1]) * STEP_PX - lines.reach
    half = np.array([height, height, width, width])[:, None] / 2
    seen = np.cumsum(np.abs(along) < half, axis=1).astype(np.int32)
    return Lines(
        np.concatenate((lines.normals, normals)),
        np.concatenate((lines.rhos, rhos)),
        lines.reach,
        np.concatenate((lines.steps, nothing)),
        np.concatenate((lines.seen, seen)),
    )


def colours(flat: Pixels, corners: Floats, own: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The usual colour inside and outside the sides that are its own. Side k runs from corner k-1 to corner k."""
    middle = corners.mean(axis=0)
    sides = [(corners[k - 1], corners[k]) for k in range(4) if own[k]]
    paper = np.concatenate([_beside(flat, start, end, middle, _INSIDE_PX) for start, end in sides])
    plate = np.concatenate([_beside(flat, start, end, middle, -_OUTSIDE_PX) for start, end in sides])
    if not len(paper) or not len(plate):
        return np.zeros(3), np.zeros(3)
    return np.median(paper, axis=0), np.median(plate, axis=0)


def _is_paper(flat: Pixels, corners: Floats, own: NDArray[np.bool_]) -> bool:
    """Whether the colours say so."""
    inner, outer = colours(flat, corners, own)
    border = [
        _beside(flat, corners[k - 1], corners[k], corners.mean(axis=0), _BORDER_PX)
        for k in range(4)
        if not own[k]
    ]
    if np.abs(inner - outer).max() < _LEAST_DIFFERENCE or inner[0] < _LEAST_LIGHT:
        return False
    if inner[1] - 128 > _MOST_RED or inner[2] - 128 > _MOST_YELLOW:
        return False
    ends = np.concatenate(border)
    if not len(ends):
        return False
    alike = np.abs(ends - inner).sum(axis=1) < np.abs(ends - outer).sum(axis=1)
    return float(alike.mean()) >= _LEAST_ALIKE


def _beside(flat: Pixels, start: Floats, end: Floats, middle: Floats, inwards: float) -> Floats:
    """Colours along a line that runs beside a side, as far as it is in the picture."""
    height, width = flat.shape[:2]
    along = (end - start) / max(float(np.hypot(*(end - start))), 1e-6)
    normal = np.array([-along[1], along[0]])
    if (middle - start) @ normal < 0:
        normal = -normal
    points = start + np.linspace(0.08, 0.92, 60)[:, None] * (end - start) + inwards * normal
    spots = np.floor(points + np.array([width / 2, height / 2])).astype(int)
    inside = ((spots >= 0) & (spots < (width, height))).all(axis=1)
    return np.asarray(flat[spots[inside, 1], spots[inside, 0]], np.float64)
