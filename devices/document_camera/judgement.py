"""Whether a picture of a sheet is worth keeping, and if not, what the person can do about it.

Every figure here was chosen on rendered scenes (`scene`): the tests say how often each verdict is right.
Where a paper is as bright as the camera can see, a mirrored lamp cannot be told from it, and nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.document_camera.corner_refinement import refine
from devices.document_camera.page_finder import PageSeen, find_page, scale_of, shrink
from kiosk.ports.document_camera import CaptureRemark

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_NOTHING_SEEN = 26.0
"""Below this nothing in the picture is lit: a lens that is covered, or a room without light."""
_DARK = 88.0
"""White paper below this is seen with more noise than its print has contrast."""
_MOST_SPREAD_PX, _AT_WIDTH_PX = 1.6, 2592
"""A step this soft makes strokes of small print (0.2 mm) run together where the plate is seen at 7 px a millimetre."""
_LEAST_LIMIT_PX = 1.4
"""Nothing that a pixel sees is sharper than about one of them: in a smaller picture the pixels are the limit."""
_SOFT = 0.8
_TILE_SMALL_PX, _LEAST_TILE_PX, _TILES = 24, 40, 14
_LEAST_CONTRAST, _LEAST_INK = 32.0, 0.03
_CLIPPED, _ABOVE_PAPER, _WHITEST = 243, 9, 238
_FAR_ABOVE_PAPER, _LARGEST_PART = 45, 0.25
"""So much brighter than the paper, but not clipped: print is washed out there. Sunlight on half the page is not."""
_EDGE_PART = 0.15
_GLARE_PART, _GLARE_LEAST_PX = 0.0010, 70
_GLARE_TEXTURE = 26.0
_GLARE_FILL = 0.35
_PRINT = np.ones((5, 5), np.uint8)
_MOVED_GREY, _MOVED_PART, _EDGE_PX = 16, 0.006, 5


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One frame, looked at."""

    page: PageSeen | None
    """In pixels of the small picture."""
    corners: Floats | None
    """In pixels of the frame."""
    remarks: tuple[CaptureRemark, ...]
    """What is wrong with it, the first thing to put right first."""
    spread_px: float
    """How soft its edges are: of two good frames the one with less is better."""
    grey: Pixels
    """The small picture, for comparing the next one with."""

    @property
    def remark(self) -> CaptureRemark | None:
        """The one thing to tell the person."""
        return self.remarks[0] if self.remarks else None


def look(frame: Pixels, before: Sight | None) -> Sight:
    """Find the sheet and judge it; `before` is the frame that came before this one, as far as there was one."""
    return look_small(frame, shrink(frame), before)


def look_small(frame: Pixels, small: Pixels, before: Sight | None) -> Sight:
    """The same, for who has the small picture already."""
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    page = find_page(small)
    if page is None:
        dark = float(np.percentile(grey, 99)) < _NOTHING_SEEN
        return Sight(None, None, (CaptureRemark.TOO_DARK if dark else CaptureRemark.NO_PAGE,), 0.0, grey)
    scale = scale_of(frame, small)
    refined = refine(frame, page.corners, scale)
    if page.cut_off:
        return Sight(page, refined.corners, (CaptureRemark.CUT_OFF,), 0.0, grey)
    mask = page_mask(page.corners, grey.shape)
    spread = spread_of_print(frame, grey, mask)
    if spread is None:
        spread = refined.edge_px or 0.0
    found = (
        (CaptureRemark.TOO_DARK, paper_white(small, mask) < _DARK),
        (CaptureRemark.MOVING, before is not None and has_moved(grey, page, before)),
        (CaptureRemark.GLARE, has_glare(small, mask)),
        (CaptureRemark.BLURRED, spread > spread_limit(frame.shape[1])),
    )
    remarks = tuple(remark for remark, holds in found if holds)
    return Sight(page, refined.corners, remarks, spread, grey)


def page_mask(corners: Floats, shape: tuple[int, ...], within_px: int = 4) -> NDArray[np.bool_]:
    """The page's inside, a little smaller than the page; a little larger if `within_px` is negative."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1)
    square = np.ones((2 * abs(within_px) + 1,) * 2, np.uint8)
    sized = cv2.erode(mask, square, borderValue=0) if within_px > 0 else cv2.dilate(mask, square)
    return sized.astype(bool)


def paper_white(small: Pixels, mask: NDArray[np.bool_]) -> float:
    """How bright the paper itself is."""
    bright = small.max(axis=2)[mask]
    return float(np.percentile(bright, 85)) if bright.size else 0.0


# -- blur -------------------------------------------------------------------------------------------------


def spread_limit(frame_width: int) -> float:
    """The softest that is still good, in pixels of a frame so wide."""
    return max(_MOST_SPREAD_PX * frame_width / _AT_WIDTH_PX, _LEAST_LIMIT_PX)


def spread_of_print(frame: Pixels, grey: Pixels, mask: NDArray[np.bool_]) -> float | None:
    """Standard deviation of the steps from paper to ink, in pixels of the frame; None where little is written.

    The steepest slope of a step is its height by (spread · √2π), whatever its contrast.
    """
    scale = frame.shape[1] / grey.shape[1]
    side = max(round(_TILE_SMALL_PX * scale), _LEAST_TILE_PX)
    strokes = cv2.blur(np.abs(cv2.Laplacian(grey, cv2.CV_32F)) * mask, (23, 23))
    full = cv2.blur(mask.astype(np.float32), (23, 23))
    strokes[full < 0.98] = 0
    spreads: list[float] = []
    for _ in range(_TILES):
        _, most, _, (x, y) = cv2.minMaxLoc(strokes)
        if most <= 0.5:
            break
        cv2.circle(strokes, (x, y), 20, 0.0, -1)
        left = int(np.clip((x + 0.5) * scale - side / 2, 0, frame.shape[1] - side))
        top = int(np.clip((y + 0.5) * scale - side / 2, 0, frame.shape[0] - side))
        spread = _tile_spread(frame[top : top + side, left : left + side])
        if spread is not None:
            spreads.append(spread)
    return float(np.median(spreads)) if len(spreads) >= 3 else None


def _tile_spread(tile: Pixels) -> float | None:
    grey = cv2.GaussianBlur(cv2.cvtColor(tile, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), _SOFT)
    # The paper without its print: what is left of a shadow's edge is not taken for soft print.
    paper = cv2.morphologyEx(
        cv2.resize(grey, None, fx=0.5, fy=0.5), cv2.MORPH_CLOSE, np.ones((19, 19), np.uint8)
    )
    ink = cv2.resize(paper, (grey.shape[1], grey.shape[0])) - grey
    contrast = float(np.percentile(ink, 98))
    if contrast < _LEAST_CONTRAST or float((ink > contrast / 2).mean()) < _LEAST_INK:
        return None
    across = np.abs(grey[:, 2:] - grey[:, :-2])[1:-1] / 2
    down = np.abs(grey[2:] - grey[:-2])[:, 1:-1] / 2
    # What was smeared along one direction is soft in that direction only.
    slope = min(float(np.percentile(across, 99.3)), float(np.percentile(down, 99.3)))
    whole = contrast / (max(slope, 0.1) * np.sqrt(2 * np.pi))
    return float(np.sqrt(max(whole**2 - _SOFT**2, 0.01)))


# -- glare --------------------------------------------------------------------------------------------------


def has_glare(small: Pixels, mask: NDArray[np.bool_]) -> bool:
    """Whether a lamp is mirrored in the page: brighter than its paper, without texture, soft-edged, compact."""
    # Without what is printed: a line through a mirrored lamp does not make two of it.
    low = np.asarray(cv2.morphologyEx(small.min(axis=2), cv2.MORPH_CLOSE, _PRINT), np.uint8)
    values = low[mask]
    if values.size < 500:
        return False
    paper = _paper_level(values)
    if paper > _WHITEST:
        return False
    return _has_blob(low, mask, max(_CLIPPED, paper + _ABOVE_PAPER), paper, 1.0) or _has_blob(
        low, mask, paper + _FAR_ABOVE_PAPER, paper, _LARGEST_PART
    )


def _has_blob(low: Pixels, mask: NDArray[np.bool_], threshold: float, paper: float, most: float) -> bool:
    """Whether something compact is at least so bright, and covers at most a part of the page."""
    page_px = int(mask.sum())
    blobs = ((low >= threshold) & mask).astype(np.uint8)
    blobs = cv2.morphologyEx(blobs, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.uint8, copy=False)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(blobs)
    least = max(_GLARE_PART * page_px, _GLARE_LEAST_PX)
    for number in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[number])
        if area < least or area > most * page_px or area < _GLARE_FILL * width * height:
            continue
        around = (slice(max(y - 6, 0), y + height + 6), slice(max(x - 6, 0), x + width + 6))
        blob = labels[around] == number
        if most < 1 and _at_edge(blob, mask[around]):
            continue
        if _mirrored(low[around], blob, mask[around], paper):
            return True
    return False


def _at_edge(blob: NDArray[np.bool_], mask: NDArray[np.bool_]) -> bool:
    """Whether much of its outline is the page's: what the shadow across a page leaves is lit, not mirrored."""
    outline = cv2.dilate(blob.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~blob
    return float((outline & ~mask).sum()) > _EDGE_PART * float(outline.sum())


def _paper_level(values: NDArray[np.uint8]) -> float:
    """The commonest brightness of the upper half: the paper's own."""
    counts = np.bincount(values, minlength=256)[:_CLIPPED].astype(np.float64)
    counts = np.convolve(counts, np.ones(9), "same")
    middle = int(np.percentile(values, 30))
    return float(middle + counts[middle:].argmax()) if middle < _CLIPPED else 255.0


def _mirrored(low: Pixels, blob: NDArray[np.bool_], mask: NDArray[np.bool_], paper: float) -> bool:
    """A lamp's picture fades; a white patch that is printed ends."""
    if float(low[blob].std()) > _GLARE_TEXTURE:
        return False
    grown = cv2.dilate(blob.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    ring = grown & ~blob & mask
    if ring.sum() < 12:
        return True
    return float(np.percentile(low[ring], 40)) > paper + 3


# -- motion ---------------------------------------------------------------------------------------------------


def has_moved(grey: Pixels, page: PageSeen, before: Sight) -> bool:
    """Whether the page, its edge, or something on it is elsewhere than in the frame before."""
    if before.grey.shape != grey.shape:
        return True
    mask = page_mask(page.corners, grey.shape, -_EDGE_PX)
    now, then = grey[mask].astype(np.float32), before.grey[mask].astype(np.float32)
    # Light that flickers is no movement.
    then = then * (now.mean() / max(float(then.mean()), 1.0))
    return float((np.abs(now - then) > _MOVED_GREY).mean()) > _MOVED_PART
