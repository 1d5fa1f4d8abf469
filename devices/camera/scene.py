"""Pictures that a camera above a counter could have taken, for simulators, tests and measurements."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import segno

from devices.transport.frame_source import Pixels

WIDTH_PX, HEIGHT_PX = 1280, 720
_NOISE_TILES = 6


def counter(seed: int = 1, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """An empty counter: a grain, a shadow, a few things with edges; grey, without noise."""
    random = np.random.default_rng(seed)
    rough = random.normal(0, 1, (height_px // 8, width_px // 8)).astype(np.float32)
    grain = cv2.resize(rough, (width_px, height_px), interpolation=cv2.INTER_CUBIC) * 6
    x, y = np.meshgrid(np.linspace(-1, 1, width_px), np.linspace(-1, 1, height_px))
    lean = random.uniform(-25, 25, 2)
    image = np.clip(132 + grain + lean[0] * x + lean[1] * y, 0, 255).astype(np.uint8)
    for _ in range(9):
        at = random.integers((0, 0), (width_px, height_px))
        size = random.integers(20, 220, 2)
        level = int(random.integers(20, 235))
        end = at + size
        cv2.rectangle(image, (int(at[0]), int(at[1])), (int(end[0]), int(end[1])), level, -1)
        for line in range(0, int(size[1]), 14):  # print on it: edges as letters have them
            start = (int(at[0]) + 6, int(at[1]) + line)
            cv2.putText(image, "ABC 0123", start, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255 - level, 1)
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0), np.uint8)


def code_picture(data: str | bytes, module_px: int = 6, **options: Any) -> Pixels:
    """A QR code with its quiet zone, black on white. `options` go to segno."""
    code = segno.make(data, micro=False, **options)
    modules = np.array([list(row) for row in code.matrix_iter(scale=module_px, border=4)], np.uint8)
    return np.where(modules, 0, 255).astype(np.uint8)


def shown(
    scene: Pixels,
    picture: Pixels,
    *,
    turn_deg: float = 8.0,
    width_px: int = 330,
    at: tuple[float, float] = (0.5, 0.5),
    bend: float = 0.0,
) -> Pixels:
    """`picture` held into `scene`, turned, a little from the side, and bent by `bend` of its width."""
    if bend:
        picture = bent(picture, bend)
    height, width = picture.shape[:2]
    scale = width_px / width
    turn = np.deg2rad(turn_deg)
    corners = np.array([(-0.5, -0.5), (0.5, -0.48), (0.47, 0.5), (-0.5, 0.49)], np.float32)
    corners *= np.array((width * scale, height * scale), np.float32)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
    target = (corners @ rotation + np.array(at) * scene.shape[1::-1]).astype(np.float32)
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    plane = cv2.getPerspectiveTransform(source, target)
    size = scene.shape[1::-1]
    layer = cv2.warpPerspective(picture, plane, size, flags=cv2.INTER_AREA)
    where = cv2.warpPerspective(np.full(picture.shape[:2], 255, np.uint8), plane, size)
    held = np.where(where > 127, layer, scene).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(held, (0, 0), 0.8), np.uint8)


def bent(picture: Pixels, amount: float) -> Pixels:
    """As on cloth or a curled slip: waves of `amount` of the width."""
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    wave = amount * width
    from_x = x + wave * np.sin(2 * np.pi * 0.9 * y / height + 0.6)
    from_y = y + wave * np.sin(2 * np.pi * 0.7 * x / width + 2.0)
    waved = cv2.remap(picture, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(waved, np.uint8)


class Sensor:
    """Adds the noise of a sensor: no two frames are the same."""

    def __init__(self, shape: tuple[int, ...], sigma: float = 3.0, seed: int = 7) -> None:
        random = np.random.default_rng(seed)
        self._tiles = [random.normal(0, sigma, shape).round().astype(np.int16) for _ in range(_NOISE_TILES)]
        self._random = random

    def take(self, scene: Pixels) -> Pixels:
        """One frame."""
        tile = self._tiles[int(self._random.integers(len(self._tiles)))]
        rolled = np.roll(tile, int(self._random.integers(1, tile.shape[1])), axis=1)
        frame: Pixels = np.clip(scene.astype(np.int16) + rolled, 0, 255).astype(np.uint8)
        return frame
