"""A page as a JPEG file: small enough to send over a thin line, large enough to read, and nothing else in it."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

MOST_BYTES = 400_000
_QUALITIES = (86, 80, 74, 68, 62)
"""Below the last one print of 2 mm begins to fray; then fewer pixels are the lesser loss."""
_SMALLER = 0.85
_LEAST_PX = 600


def encode_page(pixels: Pixels, dpi: float | None) -> tuple[bytes, int, int, int]:
    """JPEG, width, height and dots an inch (0: unknown) of a page, blue green red, at most `MOST_BYTES`."""
    while True:
        data = b""
        for quality in _QUALITIES:
            data = _jpeg(pixels, quality, dpi)
            if len(data) <= MOST_BYTES:
                break
        height, width = pixels.shape[:2]
        if len(data) <= MOST_BYTES or max(height, width) * _SMALLER < _LEAST_PX:
            return data, width, height, round(dpi) if dpi else 0
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=_SMALLER, fy=_SMALLER, interpolation=cv2.INTER_AREA), np.uint8
        )
        # What was rounded is the number of pixels; what the paper measures stays.
        dpi = dpi * pixels.shape[1] / width if dpi else None


def _jpeg(pixels: Pixels, quality: int, dpi: float | None) -> bytes:
    out = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]))
    density = {"dpi": (round(dpi), round(dpi))} if dpi else {}
    image.save(out, "JPEG", quality=quality, subsampling="4:2:0", **density)
    return out.getvalue()
