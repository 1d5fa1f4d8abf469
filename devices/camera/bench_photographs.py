"""The photographs that a camera bench reads: a folder of people's, or rendered ones of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np

from devices.camera import scene
from devices.transport.frame_source import Pixels

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Photograph:
    """One picture and what its code says."""

    name: str
    grey: Pixels
    text: str


class _Entry(msgspec.Struct):
    file: str
    text: str


def photographs(folder: Path) -> list[Photograph]:
    """Those of a folder's manifest, `[{"file": …, "text": …}, …]`. Raises `ValueError` saying what is wrong."""
    manifest = folder / MANIFEST
    try:
        entries = msgspec.json.decode(manifest.read_bytes(), type=list[_Entry])
    except OSError as error:
        raise ValueError(f"{manifest} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ValueError(f'{manifest} is not a list of {{"file", "text"}}: {error}') from error
    if not entries:
        raise ValueError(f"{manifest} names no photograph")
    return [_photograph(folder, entry) for entry in entries]


def _photograph(folder: Path, entry: _Entry) -> Photograph:
    file = folder / entry.file
    try:
        grey = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    except (OSError, cv2.error) as error:
        raise ValueError(f"{file} cannot be read") from error
    if grey is None:
        raise ValueError(f"{file} is no image")
    return Photograph(entry.file, np.asarray(grey, np.uint8), entry.text)


def _levels(image: object) -> Pixels:
    levels: Pixels = np.clip(np.asarray(image, np.float64), 0, 255).astype(np.uint8)
    return levels


def _blurred(image: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _glare(image: Pixels, random: np.random.Generator) -> Pixels:
    height, width = image.shape
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    middle_x, middle_y = random.uniform(0.42, 0.58, 2) * (width, height)
    spot = np.exp(-((x - middle_x) ** 2 + (y - middle_y) ** 2) / (2 * (0.06 * width) ** 2))
    return _levels(image * 0.7 + spot * random.uniform(120, 260))


_KINDS: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "plain": lambda image, _random: image,
    "blurred": lambda image, random: _blurred(image, random.uniform(0.8, 2.0)),
    "dim": lambda image, random: _levels(image * random.uniform(0.08, 0.3)),
    "glare": _glare,
    "noisy": lambda image, random: _levels(image + random.normal(0, random.uniform(15, 40), image.shape)),
    "small": lambda image, random: np.asarray(
        cv2.resize(image, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA), np.uint8
    ),
}


def rendered(count: int = 72) -> list[Photograph]:
    """Codes on a counter: straight and bent, sharp and not, in good light and bad."""
    random = np.random.default_rng(20)
    empty = scene.counter(3, 640, 480)
    sensor = scene.Sensor(empty.shape)
    made = []
    for number, kind in zip(range(count), list(_KINDS) * count, strict=False):
        text = f"https://example.cn/r/{410722360815 + number}"
        bend = (0.0, 0.012, 0.025)[number // len(_KINDS) % 3]
        held = scene.shown(
            empty,
            scene.code_picture(text.encode()),
            turn_deg=float(random.uniform(-40, 40)),
            width_px=int(random.uniform(180, 330)),
            bend=bend,
        )
        grey = sensor.take(_KINDS[kind](held, random) if kind != "small" else held)
        grey = _KINDS["small"](grey, random) if kind == "small" else grey
        made.append(Photograph(f"{kind}-bend{bend}-{number}", grey, text))
    return made
