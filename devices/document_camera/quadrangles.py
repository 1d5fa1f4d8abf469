"""Quadrangles that lines make, and how much of their sides is the edge of a paper."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from devices.document_camera.page_lines import STEP_PX, Lines

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_LEAST_AREA = 0.02
"""Of the picture; an identity card on an A4 plate covers five parts in a hundred."""
_MOST_OUTSIDE = 0.6
"""How far a corner may be outside the picture, in parts of its size."""
_LEAST_SIDE_PX = 12


def quadrangles(lines: Lines, width: int, height: int) -> tuple[Floats, Indices, Floats] | None:
    """All quadrangles that two pairs of lines make: corners from the middle, their lines, areas as parts."""
    count = len(lines.rhos)
    if count < 4:
        return None
    first, second = np.triu_indices(count, 1)
    turn = (lines.normals[first] * lines.normals[second]).sum(axis=1)
    apart = np.abs(lines.rhos[first] - np.sign(turn) * lines.rhos[second])
    pairs = (np.abs(turn) > np.cos(np.radians(25))) & (apart > 0.08 * height)
    first, second = first[pairs], second[pairs]
    one, other = np.triu_indices(len(first), 1)
    crossing = (lines.normals[first[one]] * lines.normals[first[other]]).sum(axis=1)
    square = np.abs(crossing) < np.sin(np.radians(32))
    one, other = one[square], other[square]
    if not len(one):
        return None
    # Side k runs from corner k-1 to corner k.
    sides = np.column_stack((first[one], first[other], second[one], second[other]))
    corners = np.stack([_crossing(lines, sides[:, k], sides[:, (k + 1) % 4]) for k in range(4)], axis=1)
    x, y = corners[:, :, 0], corners[:, :, 1]
    area = np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(axis=1)) / 2
    limit = np.array([width, height]) * (0.5 + _MOST_OUTSIDE)
    good = (
        _convex(corners) & (area > _LEAST_AREA * width * height) & (np.abs(corners) < limit).all(axis=(1, 2))
    )
    if not good.any():
        return None
    return corners[good], sides[good], area[good] / (width * height)


def _crossing(lines: Lines, a: Indices, b: Indices) -> Floats:
    n, m = lines.normals[a], lines.normals[b]
    r, s = lines.rhos[a], lines.rhos[b]
    det = n[:, 0] * m[:, 1] - n[:, 1] * m[:, 0]
    det = np.where(np.abs(det) < 1e-6, 1e-6, det)
    return np.column_stack((r * m[:, 1] - n[:, 1] * s, n[:, 0] * s - r * m[:, 0])) / det[:, None]


def _convex(corners: Floats) -> NDArray[np.bool_]:
    edges = np.roll(corners, -1, axis=1) - corners
    after = np.roll(edges, -1, axis=1)
    turns = edges[:, :, 0] * after[:, :, 1] - edges[:, :, 1] * after[:, :, 0]
    return np.asarray((turns > 0).all(axis=1) | (turns < 0).all(axis=1), np.bool_)


def side_support(lines: Lines, corners: Floats, sides: Indices) -> tuple[Floats, Floats]:
    """Of each side the samples beside which paper begins, and those inside the picture; n × 4 each."""
    middle = corners.mean(axis=1)
    along = lines.along
    last = lines.seen.shape[1] - 1
    lit = np.zeros(sides.shape)
    seen = np.zeros(sides.shape)
    for k in range(4):
        line = sides[:, k]
        ends = np.stack(
            [(corners[:, (k - 1) % 4] * along[line]).sum(1), (corners[:, k] * along[line]).sum(1)]
        )
        places = np.clip(((ends + lines.reach) / STEP_PX).round().astype(int), 0, last)
        low, high = places.min(axis=0), places.max(axis=0)
        inward = ((middle * lines.normals[line]).sum(1) > lines.rhos[line]).astype(int)
        lit[:, k] = lines.steps[line, inward, high] - lines.steps[line, inward, low]
        seen[:, k] = lines.seen[line, high] - lines.seen[line, low]
    return lit, seen


def support(lit: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """The part of the sides that is a paper's edge: of all four together, and of the worst one."""
    parts = lit / np.maximum(seen, 1)
    parts[seen * STEP_PX < _LEAST_SIDE_PX] = 0
    return lit.sum(axis=1) / np.maximum(seen.sum(axis=1), 1), parts.min(axis=1)
