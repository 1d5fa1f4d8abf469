"""Corners put right in the full picture: each side again, where its step is, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_PLACES = 120
"""Where along a side one looks."""
_MARGIN = 0.05
"""Of a side, near its corners: they may be round, or bent up."""
_FINE_PX = 0.5
_SOFTEN = 1.2
_LEAST_STEP = 6.0
_MOST_MOVED = 2.5
"""How far a corner may move, in pixels of the small picture: more means that another edge was found."""


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """Corners in the full picture, and how sharp the paper's own edges are."""

    corners: Floats
    edge_px: float | None
    """Spread of the paper's edge (standard deviation of the step), None when too few of it were seen."""


def refine(frame: Pixels, corners: Floats, scale: float) -> Refined:
    """`corners` of the small picture, which is `scale` times smaller, in the frame's own pixels."""
    rough = corners * scale
    reach = max(2.0 * scale, 3.0)
    lines: list[tuple[Floats, float] | None] = []
    spreads: list[float] = []
    for k in range(4):
        line, found = _side(frame, rough[k], rough[(k + 1) % 4], reach)
        lines.append(line)
        spreads += found
    moved = rough.copy()
    for k in range(4):
        one, other = lines[k - 1], lines[k]
        if one is None or other is None:
            continue
        matrix = np.array([one[0], other[0]])
        if abs(np.linalg.det(matrix)) > 0.2:
            corner = np.linalg.solve(matrix, np.array([one[1], other[1]]))
            if np.abs(corner - rough[k]).max() < _MOST_MOVED * scale:
                moved[k] = corner
    return Refined(moved, float(np.median(spreads)) if len(spreads) >= _PLACES // 2 else None)


def _side(
    frame: Pixels, start: Floats, end: Floats, reach: float
) -> tuple[tuple[Floats, float] | None, list[float]]:
    """The line of one side, (normal, distance) with normal · p = distance, and the spreads of its steps."""
    length = float(np.hypot(*(end - start)))
    if length < 20:
        return None, []
    along = (end - start) / length
    normal = np.array([-along[1], along[0]])  # inwards, for corners that run clockwise on the screen
    at = np.linspace(_MARGIN, 1 - _MARGIN, _PLACES) * length
    across = np.arange(-reach, reach + _FINE_PX / 2, _FINE_PX)
    points = start + at[:, None, None] * along + across[None, :, None] * normal - 0.5
    profile = cv2.remap(
        frame,
        points[:, :, 0].astype(np.float32),
        points[:, :, 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float64)
    third = len(across) // 3
    # The mixture of colours in which paper and plate differ most, along this side.
    difference = np.median(profile[:, -third:], axis=(0, 1)) - np.median(profile[:, :third], axis=(0, 1))
    if np.abs(difference).sum() < _LEAST_STEP:
        return None, []
    values = profile @ (difference / np.linalg.norm(difference))
    values = np.asarray(cv2.GaussianBlur(values, (0, 0), sigmaX=_SOFTEN / _FINE_PX, sigmaY=0.8), np.float64)
    slope = np.gradient(values, _FINE_PX, axis=1)
    inside = (points[:, :, 0] > 0) & (points[:, :, 0] < frame.shape[1] - 1)
    inside &= (points[:, :, 1] > 0) & (points[:, :, 1] < frame.shape[0] - 1)
    slope[~inside] = 0
    peak = slope[:, 1:-1].argmax(axis=1) + 1
    rows = np.arange(_PLACES)
    top, before, after = slope[rows, peak], slope[rows, peak - 1], slope[rows, peak + 1]
    bend = before - 2 * top + after
    offset = across[peak] + np.where(bend < 0, 0.5 * (before - after) / np.minimum(bend, -1e-9), 0) * _FINE_PX
    strong = top > 0.4 * np.percentile(top, 80)
    strong &= top > 0.5
    if strong.sum() < _PLACES // 4:
        return None, []
    tilt, base, good = _robust(at[strong], offset[strong])
    if good.sum() < _PLACES // 5:
        return None, []
    turned = normal - tilt * along
    size = float(np.hypot(*turned))
    turned = turned / size
    on_line = start + base * normal
    return (turned, float(turned @ on_line)), _spreads(values[strong][good], top[strong][good])


def _robust(at: Floats, offset: Floats) -> tuple[float, float, NDArray[np.bool_]]:
    """Offset = base + tilt · at, for most of them."""
    base, tilt = float(np.median(offset)), 0.0
    good = np.ones(len(at), bool)
    for limit in (4.0, 2.0, 1.2, 1.0):
        near = np.abs(offset - base - tilt * at) < limit
        if near.sum() < 8:
            break
        good = near
        tilt, base = (float(value) for value in np.polyfit(at[near], offset[near], 1))
    return tilt, base, good


def _spreads(values: Floats, top: Floats) -> list[float]:
    """Standard deviation of a step from its height and steepest slope, without what was softened here."""
    height = np.percentile(values, 92, axis=1) - np.percentile(values, 8, axis=1)
    whole = height / (np.maximum(top, 1e-6) * np.sqrt(2 * np.pi))
    spreads: list[float] = np.sqrt(np.maximum(whole**2 - _SOFTEN**2, 0.0)).tolist()
    return spreads
