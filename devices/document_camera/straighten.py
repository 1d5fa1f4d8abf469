"""A sheet seen askew becomes a page: flat, of its true proportions, evenly lit, its lines lying level.

Which end is up cannot be known without reading: a page may come out upside down, never on its side.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

LONGEST_PX = 2600
_MOST_PX_PER_MM = 8.0
"""About 200 dots an inch: more than these cameras see."""
_NOMINAL_FOCAL = 1.15
"""In widths of the picture, where the picture itself does not tell; matters little near the middle."""
_LEAST_PERSPECTIVE = 0.12
_MM_AN_INCH = 25.4


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSize:
    """A size that papers have, upright."""

    name: str
    width_mm: float
    height_mm: float

    @property
    def long_mm(self) -> float:
        """Its long side."""
        return max(self.width_mm, self.height_mm)

    @property
    def aspect(self) -> float:
        """Long side by short side."""
        return self.long_mm / min(self.width_mm, self.height_mm)


A4 = PaperSize(name="A4", width_mm=210, height_mm=297)
A5 = PaperSize(name="A5", width_mm=148, height_mm=210)
ID_1 = PaperSize(name="ID-1", width_mm=85.6, height_mm=53.98)
"""ISO/IEC 7810."""
REGISTER = PaperSize(name="register", width_mm=143, height_mm=105)
"""A page of a household register."""
SIZES = (A4, ID_1, REGISTER, A5)
_SAME_ASPECT, _SAME_LENGTH = 0.022, 0.06
_SURELY_A4 = 0.66


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """A straightened page."""

    pixels: Pixels
    size: PaperSize | None
    """The size it was taken for; None: another one."""
    dpi: float | None
    """Dots an inch; None where nothing tells how large the paper is."""


def aspect_of(corners: Floats, frame_width: int, frame_height: int) -> float:
    """Width by height of the rectangle that is seen at `corners` (clockwise from its top left).

    The camera is a pinhole with square pixels and its axis through the middle (Zhang and He, Whiteboard
    scanning and image enhancement, 2007, section 3.3).
    """
    middle = np.array([frame_width / 2, frame_height / 2])
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, ((corners - middle) / frame_width).astype(np.float32))
    across, down = matrix[:, 0], matrix[:, 1]
    focal = _NOMINAL_FOCAL
    if min(abs(across[2]), abs(down[2])) > _LEAST_PERSPECTIVE:
        square = -(across[0] * down[0] + across[1] * down[1]) / (across[2] * down[2])
        if 0.5 < square < 6.0:
            focal = float(np.sqrt(square))
    scale = np.array([1 / focal, 1 / focal, 1.0])
    return float(np.linalg.norm(across * scale) / np.linalg.norm(down * scale))


def size_of(aspect: float, long_mm: float | None, long_part: float = 0.0) -> PaperSize | None:
    """The known size that has this aspect, and this length where it is known; else None.

    A4 and A5 differ in nothing but their length.  Where that is not known, what fills most of the picture
    (`long_part` of its width) is A4: no such camera sees two A4 lengths across.
    """
    ratio = max(aspect, 1 / aspect)
    near = [size for size in SIZES if abs(size.aspect / ratio - 1) < _SAME_ASPECT]
    if long_mm is not None:
        near = [size for size in near if abs(size.long_mm / long_mm - 1) < _SAME_LENGTH]
    elif long_part > _SURELY_A4:
        near = [size for size in near if size is not A5]
    else:
        near = [size for size in near if size not in (A4, A5)]
    return min(near, key=lambda size: abs(size.aspect / ratio - 1), default=None)


def straighten(frame: Pixels, corners: Floats, px_per_mm: float | None = None) -> Page:
    """The sheet at `corners` of the full picture; `px_per_mm` of the plate where it is known."""
    height, width = frame.shape[:2]
    aspect = aspect_of(corners, width, height)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    longest = max(across, down)
    size = size_of(aspect, longest / px_per_mm if px_per_mm else None, longest / width)
    if size is not None:
        aspect = size.aspect if aspect > 1 else 1 / size.aspect
    # As many pixels as were seen, in the true proportions.
    tall = max(across / aspect, down)
    limit = LONGEST_PX
    if size is not None:
        limit = min(limit, round(size.long_mm * _MOST_PX_PER_MM))
    tall = min(tall, limit, limit / aspect)
    wide_px, tall_px = max(round(tall * aspect), 8), max(round(tall), 8)
    target = np.array([[0, 0], [wide_px, 0], [wide_px, tall_px], [0, tall_px]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform((corners - 0.5).astype(np.float32), target)
    flat = cv2.warpPerspective(
        frame, matrix, (wide_px, tall_px), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
    if lines_run_down(flat):
        flat = cv2.rotate(flat, cv2.ROTATE_90_CLOCKWISE).astype(np.uint8, copy=False)
    return Page(
        pixels=evenly_lit(flat, whiten=size not in (ID_1, REGISTER)),
        size=size,
        dpi=_dpi(flat, size, px_per_mm),
    )


def _dpi(flat: Pixels, size: PaperSize | None, px_per_mm: float | None) -> float | None:
    if size is not None:
        return float(max(flat.shape[:2])) / size.long_mm * _MM_AN_INCH
    return px_per_mm * _MM_AN_INCH if px_per_mm else None


# -- which way the lines run --------------------------------------------------------------------------

_LOOK_PX = 900
_CLEARLY = 1.3
_STROKE = np.ones((9, 9), np.uint8)


def lines_run_down(page: Pixels) -> bool:
    """Whether lines of writing run from top to bottom: then the page lies on its side."""
    scale = min(_LOOK_PX / max(page.shape[:2]), 1.0)
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, _STROKE)
    _, ink = cv2.threshold(ink, 28, 1, cv2.THRESH_BINARY)
    # Ruled lines say nothing: a table has them both ways.
    for shape in ((1, 25), (25, 1)):
        ruled = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        ink = cv2.subtract(ink, cv2.dilate(ruled, np.ones((3, 3), np.uint8)))
    edge = max(ink.shape) // 60
    ink = ink[edge:-edge, edge:-edge]
    if ink.sum() < 150:
        return False
    return _striped(ink.sum(axis=0)) > _CLEARLY * _striped(ink.sum(axis=1))


def _striped(profile: NDArray[np.integer]) -> float:
    """How much a profile goes up and down between neighbours: lines of writing have empty gaps between them."""
    values = profile.astype(np.float64)
    short = cv2.blur(values.reshape(1, -1), (3, 1)).ravel()
    broad = cv2.blur(values.reshape(1, -1), (41, 1)).ravel()
    return float(((short - broad) ** 2).sum() / max(float((broad**2).sum()), 1.0))


# -- light ----------------------------------------------------------------------------------------------

_TARGET = 238.0
_MOST_GAIN, _MOST_TINT = 1.7, 0.2


def evenly_lit(page: Pixels, whiten: bool = True) -> Pixels:
    """Paper of one brightness; with `whiten` without a tint. Gentle: a smooth surface, nothing printed is lost."""
    high, wide = page.shape[:2]
    scale = 96 / max(high, wide)
    small = cv2.resize(
        page, (max(round(wide * scale), 8), max(round(high * scale), 8)), interpolation=cv2.INTER_AREA
    )
    light = cv2.dilate(small.max(axis=2), np.ones((3, 3), np.uint8)).astype(np.float64)
    rows, columns = np.mgrid[-1 : 1 : complex(small.shape[0]), -1 : 1 : complex(small.shape[1])]
    terms = np.stack((np.ones_like(rows), rows, columns, rows * columns, rows**2, columns**2), axis=-1)
    paper = light > np.percentile(light, 40)
    surface = np.full_like(light, np.percentile(light, 80))
    for _ in range(4):
        if paper.sum() < 60:
            break
        factors, *_ = np.linalg.lstsq(terms[paper], light[paper], rcond=None)
        surface = terms @ factors
        paper = np.abs(light - surface) < 16
    surface = np.clip(surface, np.percentile(light, 90) / _MOST_GAIN, 255)
    gain = np.clip(_TARGET / np.maximum(surface, 1), 1.0, _MOST_GAIN).astype(np.float32)
    tint = _tint(np.asarray(small, np.uint8), paper) if whiten else np.ones(3, np.float32)
    gains = gain[:, :, None] * np.asarray(tint, np.float32)
    whole = cv2.resize(gains, (wide, high), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(page, whole, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def _tint(small: Pixels, paper: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What makes paper white, a factor a colour; coloured paper stays coloured."""
    if paper.sum() < 60:
        return np.ones(3, np.float32)
    colour = np.median(small[paper], axis=0)
    wanted = colour.mean() / np.maximum(colour, 1)
    if np.abs(wanted - 1).max() > _MOST_TINT:
        return np.ones(3, np.float32)
    return np.asarray(wanted, np.float32)
