"""The straight edges of a picture that may be sides of a sheet: where each lies, and where light paper begins.

A side is a step, not a stroke: what is printed has the same paper on both sides of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

STEP_PX = 2
"""Distance of two samples along a line."""
MAX_LINES = 18
_CANDIDATES = 56
_CLOSING = np.ones((9, 9), np.uint8)
"""Larger than a line of text: what is written on the paper disappears, its edge stays where it is."""
_OPENING = np.ones((5, 5), np.uint8)
"""Larger than the guide lines on a mat."""
_EDGE_LOW, _EDGE_HIGH = 16, 40
_SAME_LINE_DEG, _SAME_LINE_PX = 4.0, 4.0
_CROWD_DEG, _CROWD = 8.0, 9
"""The grain of wood has many lines of one direction; a page needs two."""
_GAP_COST = 1.0
_LEAST_PX = 20
_TWIN_DEG, _TWIN_PX = 1.0, 1.5
_SEARCH_PX = 4
_OFFSETS_PX = (-7.0, -4.5, -2.0, 2.0, 4.5, 7.0)
"""Where beside a line one looks: paper is paper near the edge and further in, or it is a stroke of a pen or a
guide line; the plate is seen close by, or behind a guide line that runs along the edge."""
_SUDDEN = 0.55
_COLOUR_GAIN = 1.6
_LIGHTER, _OTHER_COLOUR = 7.0, 10.0
"""Least step in lightness and in colour, of 255."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """n lines: n · p = rho, p from the picture's middle; and what lies beside each, sample by sample."""

    normals: Floats
    rhos: Floats
    reach: float
    """Samples run from -reach to reach along the line."""
    steps: NDArray[np.int32]
    """n × 2 × (samples + 1): running count of samples where paper begins on the side against (0) and along (1)
    the normal."""
    seen: NDArray[np.int32]
    """n × (samples + 1): running count of samples inside the picture."""

    @property
    def along(self) -> Floats:
        """The directions of the lines."""
        return np.column_stack((-self.normals[:, 1], self.normals[:, 0]))


def flattened(small: Pixels) -> Pixels:
    """Lightness and two colours, without what is written."""
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2Lab)
    light = cv2.morphologyEx(lab[:, :, 0], cv2.MORPH_OPEN, _OPENING)
    light = cv2.morphologyEx(light, cv2.MORPH_CLOSE, _CLOSING)
    colour = cv2.medianBlur(np.ascontiguousarray(lab[:, :, 1:]), 5)
    # Wood differs from paper in colour more surely than in lightness.
    colour = cv2.convertScaleAbs(colour, alpha=_COLOUR_GAIN, beta=128 * (1 - _COLOUR_GAIN))
    return np.dstack((light, colour))


def find_lines(flat: Pixels) -> Lines:
    """The lines along which steps were found, the best first."""
    height, width = flat.shape[:2]
    reach = float(np.hypot(width, height) / 2)
    normals, rhos, extents = _merged(_segments(flat), width, height)
    for _ in range(2):
        normals, rhos = _settled(flat, normals, rhos, extents, reach)
    lines = _measured(flat, normals, rhos, reach)
    best = _longest(lines)
    order = np.argsort(-best)
    order = _distinct(lines, order[best[order] * STEP_PX >= _LEAST_PX])
    return Lines(normals[order], rhos[order], reach, lines.steps[order], lines.seen[order])


def _distinct(lines: Lines, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Without those that have settled on the same edge as a better one, and not too many of one direction."""
    kept: list[int] = []
    for number in order:
        turn = lines.normals[kept] @ lines.normals[number]
        apart = np.abs(lines.rhos[kept] * np.sign(turn) - lines.rhos[number])
        twin = (np.abs(turn) > np.cos(np.radians(_TWIN_DEG))) & (apart < _TWIN_PX)
        crowd = np.abs(turn) > np.cos(np.radians(_CROWD_DEG))
        if not twin.any() and crowd.sum() < _CROWD:
            kept.append(int(number))
    return np.array(kept[:MAX_LINES], np.intp)


def _longest(lines: Lines) -> Floats:
    """The longest stretch of each line with paper beside it, small gaps allowed: a grain is broken everywhere."""
    gains = np.diff(lines.steps, axis=2) * (1 + _GAP_COST) - _GAP_COST
    total = np.cumsum(np.concatenate((np.zeros((*gains.shape[:2], 1)), gains), axis=2), axis=2)
    runs: Floats = (total - np.minimum.accumulate(total, axis=2)).max(axis=(1, 2))
    return runs


def _segments(flat: Pixels) -> Floats:
    """x1 y1 x2 y2 of straight pieces of edges, the longest first."""
    smooth = cv2.GaussianBlur(flat, (0, 0), 1.0)
    across = cv2.Sobel(smooth, cv2.CV_16S, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_16S, 0, 1)
    # The channel with the strongest edge speaks for the pixel.
    strength = np.abs(across) + np.abs(down)
    loudest = strength.argmax(axis=2)[:, :, None]
    dx = np.take_along_axis(across, loudest, 2)[:, :, 0]
    dy = np.take_along_axis(down, loudest, 2)[:, :, 0]
    edges = cv2.Canny(
        np.ascontiguousarray(dx), np.ascontiguousarray(dy), _EDGE_LOW, _EDGE_HIGH, L2gradient=True
    )
    found = cv2.HoughLinesP(edges, 1, np.pi / 180, 22, minLineLength=24, maxLineGap=6)
    if found is None:
        return np.empty((0, 4))
    pieces = found.reshape(-1, 4).astype(np.float64)
    lengths = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    return pieces[np.argsort(-lengths)][:240]


def _merged(pieces: Floats, width: int, height: int) -> tuple[Floats, Floats, Floats]:
    """Pieces on one straight line are one line: normals, distances from the middle, extents along it."""
    middle = np.array([width / 2, height / 2, width / 2, height / 2])
    normals: list[Floats] = []
    rhos: list[float] = []
    extents: list[tuple[float, float]] = []
    left = pieces - middle
    while len(left) and len(normals) < _CANDIDATES:
        x1, y1, x2, y2 = left[0]
        length = np.hypot(x2 - x1, y2 - y1)
        normal = np.array([-(y2 - y1), x2 - x1]) / length
        rho = float(normal @ np.array([x1, y1]))
        ends = left.reshape(-1, 2, 2)
        off = np.abs(ends @ normal - rho).max(axis=1)
        turn = (ends[:, 1] - ends[:, 0]) / np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)[:, None]
        same = (off < _SAME_LINE_PX) & (np.abs(turn @ normal) < np.sin(np.radians(_SAME_LINE_DEG)))
        same[0] = True
        at = ends[same] @ np.array([-normal[1], normal[0]])
        normals.append(normal)
        rhos.append(rho)
        extents.append((float(at.min()), float(at.max())))
        left = left[~same]
    return np.array(normals).reshape(-1, 2), np.array(rhos), np.array(extents).reshape(-1, 2)


def _samples(
    flat: Pixels, normals: Floats, rhos: Floats, reach: float, offsets: Floats
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """N × samples × offsets × 3 values beside the lines, and n × samples whether the place is in the picture."""
    height, width = flat.shape[:2]
    at = np.arange(-reach, reach, STEP_PX)
    along = np.column_stack((-normals[:, 1], normals[:, 0]))
    points = (rhos[:, None] * normals)[:, None, :] + at[None, :, None] * along[:, None, :]
    points = points + np.array([width / 2, height / 2])
    inside = ((points >= 0) & (points < (width, height))).all(axis=2)
    spots = points[:, :, None, :] + offsets[None, None, :, None] * normals[:, None, None, :]
    xs = np.clip(spots[..., 0].astype(np.int32), 0, width - 1)
    ys = np.clip(spots[..., 1].astype(np.int32), 0, height - 1)
    return flat[ys, xs].astype(np.int16), inside


def _settled(
    flat: Pixels, normals: Floats, rhos: Floats, extents: Floats, reach: float
) -> tuple[Floats, Floats]:
    """Lines moved onto the steps next to them."""
    if not len(normals):
        return normals, rhos
    offsets = np.arange(-_SEARCH_PX - 2, _SEARCH_PX + 3, dtype=np.float64)
    values, inside = _samples(flat, normals, rhos, reach, offsets)
    change = np.abs(values[:, :, 4:] - values[:, :, :-4]).max(axis=3)  # n × samples × (2·search + 1)
    at = np.arange(-reach, reach, STEP_PX)
    where = change.argmax(axis=2)
    # A step is a plateau in the differences: its middle is where the step is.
    top = change.max(axis=2, keepdims=True)
    weights = np.where(change >= top * 0.8, 1.0, 0.0) * (np.abs(np.arange(9) - where[:, :, None]) <= 3)
    shift = (weights * (np.arange(9) - _SEARCH_PX)).sum(axis=2) / np.maximum(weights.sum(axis=2), 1)
    good = inside & (top[:, :, 0] > 2 * _LIGHTER)
    good &= (at >= extents[:, :1] - 10) & (at <= extents[:, 1:] + 10)
    new_normals, new_rhos = normals.copy(), rhos.copy()
    for number in range(len(normals)):
        t, o = at[good[number]], shift[number][good[number]]
        if len(t) < 10:
            continue
        slope, base = 0.0, float(np.median(o))
        for _ in range(3):
            near = np.abs(o - base - slope * t) < 2.0
            if near.sum() < 8:
                break
            slope, base = np.polyfit(t[near], o[near], 1)
        turned = normals[number] - slope * np.array([-normals[number][1], normals[number][0]])
        size = float(np.hypot(*turned))
        new_normals[number], new_rhos[number] = turned / size, (rhos[number] + base) / size
    return new_normals, new_rhos


def _measured(flat: Pixels, normals: Floats, rhos: Floats, reach: float) -> Lines:
    """Where along each line there is paper on one side only."""
    values, inside = _samples(flat, normals, rhos, reach, np.array(_OFFSETS_PX))
    counts = np.zeros((len(normals), 2, inside.shape[1] + 1), np.int32)
    for side, (far, near, plate, behind, opposite) in enumerate(((0, 2, 3, 4, 5), (5, 3, 2, 1, 0))):
        paper = np.minimum(values[:, :, near, 0], values[:, :, far, 0])
        lighter = paper - np.minimum(values[:, :, plate, 0], values[:, :, behind, 0])
        colour = np.minimum(
            np.abs(values[:, :, near, 1:] - values[:, :, plate, 1:]).max(axis=2),
            np.abs(values[:, :, far, 1:] - values[:, :, plate, 1:]).max(axis=2),
        )
        # A shadow comes on slowly, the edge of a sheet at once.
        whole = values[:, :, far, 0] - values[:, :, opposite, 0]
        here = ((lighter > _LIGHTER) & (lighter > _SUDDEN * whole)) | (
            (colour > _OTHER_COLOUR) & (lighter > -_LIGHTER)
        )
        counts[:, side, 1:] = np.cumsum(here & inside, axis=1)
    seen = np.zeros((len(normals), inside.shape[1] + 1), np.int32)
    seen[:, 1:] = np.cumsum(inside, axis=1)
    return Lines(normals, rhos, reach, counts, seen)
