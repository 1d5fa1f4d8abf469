"""What a simulated document camera sees: papers on a plate, through a lens, with every mishap of a counter.

Millimetres on the plate, from its middle, x to the right and y towards the person; pixels in the picture.
The camera is a pinhole above the plate, a little out of true.  Light is added and blurred in the space of
the pixels, which is not how light adds; the shapes that matter here (edges, clipping, noise) come out alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.document_camera.papers import PX_PER_MM, Sheet

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

FULL_SIZE = (2592, 1944)
_NOISE_TILES = 512


class Plate(StrEnum):
    """What the papers lie on."""

    DARK = "dark"
    GREY = "grey"
    WOOD = "wood"
    """Light wood with its grain."""
    MARKED = "marked"
    """A dark mat with white guide lines for A4 and A5."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """One sheet on the plate."""

    sheet: Sheet
    x_mm: float = 0.0
    y_mm: float = 0.0
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Glare:
    """A lamp mirrored in something glossy."""

    x_mm: float
    y_mm: float
    radius_mm: float
    strength: float = 200.0
    """Grey levels added in its middle."""
    slim: float = 1.0
    """Its height as a part of its width: a tube is slim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that makes a picture what it is."""

    placed: tuple[Placed, ...] = ()
    plate: Plate = Plate.DARK
    field_mm: float = 360.0
    """How much of the plate is seen across."""
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    focal: float = 1.15
    """Focal length in widths of the picture: about 47 degrees across."""
    light: float = 0.92
    """White paper keeps this part of its brightness."""
    lamp: float = 0.0
    """How much darker it is on one side than on the other."""
    warm: float = 0.0
    shadow: float = 0.0
    """Depth of the shadow of an arm across the plate."""
    hand: tuple[float, float] | None = None
    """Where the fingertips are, in millimetres; the hand comes from the person's side."""
    glares: tuple[Glare, ...] = ()
    defocus_px: float = 0.0
    """Radius of the disc that a point becomes."""
    smear_px: float = 0.0
    """How far the paper moved while the shutter was open."""
    noise: float = 2.0
    jpeg: int = 88
    """Quality of the camera's own compression; 0: none."""
    seed: int = 0


@dataclass(slots=True)
class View:
    """The camera above the plate: where a point of the plate is in the picture."""

    size: tuple[int, int] = FULL_SIZE
    field_mm: float = 360.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    focal: float = 1.15
    matrix: NDArray[np.float64] = field(init=False)
    """Homography, millimetres to pixels."""

    def __post_init__(self) -> None:
        width, height = self.size
        focal = self.focal * width
        turn, _ = cv2.Rodrigues(np.radians([self.tilt_deg[0], self.tilt_deg[1], 0.0]))
        inner = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
        away = np.array([0, 0, self.focal * self.field_mm])
        self.matrix = inner @ np.column_stack((turn[:, 0], turn[:, 1], away))

    def project(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the plate (n × 2, millimetres) in the picture."""
        there = np.column_stack((points_mm, np.ones(len(points_mm)))) @ self.matrix.T
        seen: NDArray[np.float64] = there[:, :2] / there[:, 2:]
        return seen


def _sheet_to_plate(placed: Placed) -> NDArray[np.float64]:
    """Matrix from the sheet's millimetres (from its top left corner) to the plate's."""
    angle = np.radians(placed.turn_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    move = np.array([[1, 0, -placed.sheet.width_mm / 2], [0, 1, -placed.sheet.height_mm / 2], [0, 0, 1]])
    turn = np.array([[cosine, -sine, placed.x_mm], [sine, cosine, placed.y_mm], [0, 0, 1]])
    product: NDArray[np.float64] = turn @ move
    return product


def corners_of(placed: Placed, view: View) -> NDArray[np.float64]:
    """Where the sheet's corners are in the picture: its own top left first, clockwise."""
    width, height = placed.sheet.width_mm, placed.sheet.height_mm
    own = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float)
    return view.project((own @ _sheet_to_plate(placed).T)[:, :2])


def _wood(size: tuple[int, int], dice: np.random.Generator) -> Floats:
    width, height = size
    grain = dice.normal(0, 1, (height // 3, 24)).astype(np.float32)
    fibre = cv2.GaussianBlur(grain, (0, 0), sigmaX=3, sigmaY=1.2)
    grain = np.asarray(cv2.resize(fibre, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    bands = cv2.resize(
        dice.normal(0, 1, (12, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    shade = 1 + 0.13 * grain / max(float(grain.std()), 1e-6) * 0.4 + 0.05 * bands
    return shade[:, :, None] * np.array([150, 184, 210], np.float32) * np.float32(dice.uniform(0.8, 1.08))


@lru_cache(maxsize=2)
def _plate(plate: Plate, size: tuple[int, int], field_mm: float, seed: int) -> Floats:
    width, height = size
    dice = np.random.default_rng(seed)
    if plate is Plate.WOOD:
        return _wood(size, dice)
    level = {Plate.DARK: 38.0, Plate.GREY: 112.0, Plate.MARKED: 46.0}[plate]
    ground = np.empty((height, width, 3), np.float32)
    ground[:] = level + np.array([2, 0, -2], np.float32)
    cloth = cv2.resize(dice.normal(0, 2.2, (height // 2, width // 2)).astype(np.float32), (width, height))
    ground += cloth[:, :, None]
    if plate is Plate.MARKED:
        scale = width / field_mm
        for a, b in ((297, 210), (210, 148)):
            half_w, half_h = a / 2 * scale, b / 2 * scale
            corner = (round(width / 2 - half_w), round(height / 2 - half_h))
            other = (round(width / 2 + half_w), round(height / 2 + half_h))
            cv2.rectangle(ground, corner, other, (190, 190, 190), max(round(0.8 * scale), 1), cv2.LINE_AA)
    return ground


def _lay(canvas: Floats, placed: Placed, view: View) -> None:
    """Put one sheet, with the shadow that its edge throws, onto the canvas."""
    sheet, (width, height) = placed.sheet, view.size
    scale = sheet.pixels.shape[1] / sheet.width_mm
    # Pixel centres stand half a pixel in.
    own = np.array([[1 / scale, 0, 0.5 / scale], [0, 1 / scale, 0.5 / scale], [0, 0, 1]])
    centre = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    matrix = centre @ view.matrix @ _sheet_to_plate(placed) @ own
    mask = np.full(sheet.pixels.shape[:2], 255, np.uint8)
    if sheet.corner_mm:
        mask[:] = 0
        radius = round(sheet.corner_mm * scale)
        high, wide = sheet.pixels.shape[:2]
        mask[radius:-radius, :] = 255
        mask[:, radius:-radius] = 255
        for x in (radius, wide - radius - 1):
            for y in (radius, high - radius - 1):
                cv2.circle(mask, (x, y), radius, 255, -1)
    flags = cv2.INTER_AREA if scale > PX_PER_MM else cv2.INTER_LINEAR
    seen = cv2.warpPerspective(
        sheet.pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    covered = cv2.warpPerspective(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)
    cover = np.asarray(covered, np.float32) / np.float32(255)
    canvas *= (1 - 0.25 * _cast(cover, 4, 1.5))[:, :, None]
    canvas += cover[:, :, None] * (seen.astype(np.float32) - canvas)


def _cast(cover: Floats, away_px: int, soft: float) -> Floats:
    """The shadow of what covers the plate, to the lower right of it."""
    height, width = cover.shape
    shade = np.zeros_like(cover)
    shade[away_px:, away_px:] = cover[: height - away_px, : width - away_px]
    soft_shade = cv2.GaussianBlur(shade[::4, ::4], (0, 0), soft)
    return np.asarray(cv2.resize(soft_shade, (width, height)), np.float32)


def _light(scene: Scene, size: tuple[int, int], dice: np.random.Generator) -> Floats:
    """How much light falls where, on a coarse grid."""
    width, height = size
    ys, xs = np.mgrid[0 : height // 16, 0 : width // 16].astype(np.float32)
    xs, ys = xs / (width // 16) - 0.5, ys / (height // 16) - 0.5
    angle = dice.uniform(0, 2 * np.pi)
    light = scene.light * (1 - scene.lamp * (0.5 + xs * np.cos(angle) + ys * np.sin(angle)))
    if scene.shadow:
        angle = dice.uniform(-0.6, 0.6)
        across = (xs - dice.uniform(-0.3, 0.3)) * np.cos(angle) + ys * np.sin(angle)
        half, soft = dice.uniform(0.05, 0.12), dice.uniform(0.01, 0.03)
        light *= 1 - scene.shadow / (1 + np.exp((np.abs(across) - half) / soft))
    tint = np.array([1 - scene.warm, 1.0, 1 + scene.warm * 0.6], np.float32)
    return np.asarray(cv2.resize(light.astype(np.float32), size)[:, :, None] * tint, np.float32)


def _hand(canvas: Floats, tip_mm: tuple[float, float], view: View, dice: np.random.Generator) -> None:
    """Fingers that come from below and end at `tip_mm`."""
    scale = view.size[0] / view.field_mm
    skin = np.array([118, 148, 196], np.float32) * dice.uniform(0.75, 1.1)
    layer = np.zeros(canvas.shape[:2], np.uint8)
    lean = dice.uniform(-0.35, 0.35)
    for finger in range(4):
        start = np.array([tip_mm[0] + (finger - 1.5) * 19, tip_mm[1] + abs(finger - 1.3) * 9])
        end = start + np.array([-lean * 190, 190])
        (x1, y1), (x2, y2) = view.project(np.array([start, end]))
        cv2.line(layer, (round(x1), round(y1)), (round(x2), round(y2)), 255, round(17 * scale), cv2.LINE_AA)
    cover = np.asarray(cv2.GaussianBlur(layer, (0, 0), 2), np.float32) / np.float32(255)
    canvas *= (1 - 0.35 * _cast(cover, round(3 * scale), 5.0))[:, :, None]
    canvas += cover[:, :, None] * (skin - canvas)


def _shine(canvas: Floats, glare: Glare, view: View) -> None:
    (x, y) = view.project(np.array([[glare.x_mm, glare.y_mm]]))[0]
    radius = glare.radius_mm * view.size[0] / view.field_mm
    reach = int(radius * 2) + 2
    top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
    part = canvas[top : int(y) + reach, left : int(x) + reach]
    if part.size:
        ys, xs = np.mgrid[0 : part.shape[0], 0 : part.shape[1]].astype(np.float32)
        away = np.hypot((xs + left - x) / radius, (ys + top - y) / (radius * glare.slim))
        part += (glare.strength * np.exp(-(away**3)))[:, :, None]


def _blurred(canvas: Floats, scene: Scene) -> Floats:
    if scene.defocus_px > 0.3:
        reach = int(np.ceil(scene.defocus_px)) + 1
        ys, xs = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        disc = np.clip(scene.defocus_px + 0.5 - np.hypot(xs, ys), 0, 1).astype(np.float32)
        canvas = np.asarray(cv2.filter2D(canvas, -1, disc / disc.sum()), np.float32)
    if scene.smear_px > 1:
        canvas = np.asarray(cv2.blur(canvas, (round(scene.smear_px), 1)), np.float32)
    # No lens of such a camera resolves a single pixel.
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 0.6), np.float32)


def still(scene: Scene, size: tuple[int, int] = FULL_SIZE) -> Pixels:
    """The scene without the camera's noise."""
    view = View(size, scene.field_mm, scene.tilt_deg, scene.focal)
    dice = np.random.default_rng(scene.seed)
    canvas = _plate(scene.plate, size, scene.field_mm, scene.seed % 7).copy()
    for placed in scene.placed:
        _lay(canvas, placed, view)
    if scene.hand is not None:
        _hand(canvas, scene.hand, view, dice)
    canvas *= _light(scene, size, dice)
    for glare in scene.glares:
        _shine(canvas, glare, view)
    seen = _blurred(np.minimum(canvas, 400.0), scene)
    return np.clip(seen, 0, 255).astype(np.uint8)


def exposed(picture: Pixels, noise: float, jpeg: int, seed: int) -> Pixels:
    """What the camera makes of a still picture: noise (none where it is clipped) and JPEG."""
    if noise:
        height, width = picture.shape[:2]
        down, right = (int(value) for value in np.random.default_rng(seed).integers(0, _NOISE_TILES, 2))
        grain = _grain(noise, height + _NOISE_TILES, width + _NOISE_TILES)
        noisy = cv2.add(picture, grain[down : down + height, right : right + width], dtype=cv2.CV_8U)
        cv2.copyTo(picture, np.where(picture >= 254, np.uint8(255), np.uint8(0)), noisy)
        picture = np.asarray(noisy, np.uint8)
    if jpeg:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, jpeg])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR).astype(np.uint8)  # type: ignore[union-attr]
    return picture


@lru_cache(maxsize=2)
def _grain(noise: float, height: int, width: int) -> NDArray[np.int8]:
    """Noise for a whole picture and more, made of one tile; a frame takes its part of it."""
    tile = np.random.default_rng(1).normal(0, noise, (_NOISE_TILES, _NOISE_TILES, 3)).astype(np.int8)
    return np.tile(tile, (height // _NOISE_TILES + 1, width // _NOISE_TILES + 1, 1))[:height, :width]


def shoot(scene: Scene, size: tuple[int, int] = FULL_SIZE, frame: int = 0) -> Pixels:
    """One frame; another `frame` of the same scene differs in its noise only."""
    return exposed(still(scene, size), scene.noise, scene.jpeg, scene.seed * 1000 + frame)


def true_corners(scene: Scene, size: tuple[int, int] = FULL_SIZE, which: int = 0) -> NDArray[np.float64]:
    """The corners of one placed sheet in the picture."""
    return corners_of(scene.placed[which], View(size, scene.field_mm, scene.tilt_deg, scene.focal))


def moved(scene: Scene, x_mm: float, y_mm: float, which: Sequence[int] = (0,)) -> Scene:
    """The same with some sheets moved."""
    return replace(
        scene,
        placed=tuple(
            replace(one, x_mm=one.x_mm + x_mm, y_mm=one.y_mm + y_mm) if number in which else one
            for number, one in enumerate(scene.placed)
        ),
    )
