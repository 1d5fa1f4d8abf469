"""Locates QR codes by their three finder patterns alone, for what a decoder's own search passes over.

A decoder looks for patterns whose stripes are 1:1:3:1:1 along straight lines, and gives up where a fourth
point does not fit.  A finder pattern is also a dark ring around a light one around a dark core, and stays
that on bent cloth, when blurred, and seen from the side.  Three of one size near a right angle are a code; how
many modules lie between them follows from their size, give or take a version.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.camera.engines import Candidate
from devices.transport.frame_source import Pixels

_WINDOWS_PX = (11, 25, 51)
"""Neighbourhoods that a pixel's brightness is compared with: small codes, middling ones, large ones."""
_MOST_PATTERNS = 14
_MOST_CODES = 3
_LARGEST_VERSION = 25
"""The modules of larger ones are too small for a camera that needs this search."""
_FIRST_CHILD, _NEXT = 2, 0
"""Columns of a contour's relations as OpenCV gives them."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One finder pattern."""

    middle: NDArray[Any]
    size_px: float


def located(grey: Pixels) -> list[Candidate]:
    """Codes that may be there, the likeliest first; each with two or three guesses of its version."""
    patterns: list[_Pattern] = []
    for window in _WINDOWS_PX:
        if window < min(grey.shape):
            binary = cv2.adaptiveThreshold(
                grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, 4
            )
            for found in _rings(binary):
                if all(np.hypot(*(found.middle - each.middle)) > 0.3 * found.size_px for each in patterns):
                    patterns.append(found)
    largest = sorted(patterns, key=lambda each: -each.size_px)[:_MOST_PATTERNS]
    corners = [each for three in itertools.combinations(largest, 3) if (each := _corner(three)) is not None]
    best = sorted(corners, key=lambda each: each.oddness)[:_MOST_CODES]
    return [candidate for corner in best for candidate in corner.candidates()]


def _rings(binary: Any) -> Iterator[_Pattern]:
    """Dark rings with a light ring and a dark core in them, in the proportions of a finder pattern."""
    contours, relations = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if relations is None:
        return
    tree: NDArray[Any] = relations[0]
    child = tree[:, _FIRST_CHILD]
    # Few contours have grandchildren; noise has none.
    has_grandchild = (child >= 0) & (tree[np.maximum(child, 0), _FIRST_CHILD] >= 0)
    for outer in np.flatnonzero(has_grandchild):
        hole = _largest(contours, tree, int(child[outer]))
        first_core = int(tree[hole, _FIRST_CHILD])
        if first_core < 0:
            continue
        core = _largest(contours, tree, first_core)
        ring, light, dark = (cv2.contourArea(contours[index]) for index in (int(outer), hole, core))
        # 49 : 25 : 9 modules, with room for blur; an outline runs through the middle of its pixels.
        if dark < 4 or not 1.3 < ring / max(light, 1.0) < 3.2 or not 1.6 < light / dark < 6.0:
            continue
        sides = cv2.minAreaRect(contours[int(outer)])[1]
        middle, core_middle = _middle(contours[int(outer)]), _middle(contours[core])
        size_px = float(np.sqrt(ring))
        if max(sides) < 2.2 * min(sides) and np.hypot(*(middle - core_middle)) < 0.18 * size_px:
            yield _Pattern(core_middle, size_px)


def _largest(contours: Any, tree: NDArray[Any], first: int) -> int:
    """Among a contour and those beside it: dirt in a ring is a hole as well."""
    best, index = first, first
    while index >= 0:
        if cv2.contourArea(contours[index]) > cv2.contourArea(contours[best]):
            best = index
        index = int(tree[index, _NEXT])
    return best


def _middle(contour: Any) -> NDArray[Any]:
    moments = cv2.moments(contour)
    area = max(moments["m00"], 1e-6)
    return np.array((moments["m10"] / area, moments["m01"] / area))


@dataclass(frozen=True, slots=True)
class _Corner:
    """Three finder patterns that could be those of one code."""

    origin: NDArray[Any]
    """The middle of the pattern at the right angle."""
    across: NDArray[Any]
    down: NDArray[Any]
    modules: float
    oddness: float

    def candidates(self) -> Iterator[Candidate]:
        """The likeliest version, and those beside it."""
        version = (self.modules - 17) / 4
        guesses = {min(max(round(version) + step, 1), _LARGEST_VERSION) for step in (-1, 0, 1)}
        for guess in sorted(guesses, key=lambda each: abs(each - version)):
            side = 17 + 4 * guess
            # From middle to middle it is seven modules less than the whole, three and a half on each side.
            x, y = self.across / (side - 7), self.down / (side - 7)
            top_left = self.origin - 3.5 * (x + y)
            corners = [top_left, top_left + side * x, top_left + side * (x + y), top_left + side * y]
            yield Candidate(corners=np.array(corners, np.float32), side=side)


def _corner(three: tuple[_Pattern, ...]) -> _Corner | None:
    sizes = [each.size_px for each in three]
    if max(sizes) > 1.9 * min(sizes):
        return None
    size_px = sum(sizes) / 3
    found: list[_Corner] = []
    for turn in range(3):
        origin, one, other = (three[(turn + step) % 3].middle for step in range(3))
        across, down = one - origin, other - origin
        if across[0] * down[1] < across[1] * down[0]:
            across, down = down, across
        width, height = float(np.hypot(*across)), float(np.hypot(*down))
        if min(width, height) < 1.2 * size_px or max(width, height) > 2 * min(width, height):
            continue
        slant = abs(float(across @ down)) / (width * height)
        if slant < 0.55:
            oddness = (
                slant + np.log(max(width, height) / min(width, height)) + np.log(max(sizes) / min(sizes))
            )
            modules = (width + height) / 2 / (size_px / 7) + 7
            found.append(_Corner(origin, across, down, modules, float(oddness)))
    return min(found, key=lambda each: each.oddness, default=None)
