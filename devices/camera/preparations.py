"""What is done to a picture before it is looked at again, in the order of what it finds for its cost.

The order was measured on photographs and on the same photographs made worse (bent, blurred, dim, noisy,
glaring, small, dirty, badly compressed); each one stands here because it read something that the ones
before it did not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from devices.transport.frame_source import Pixels

cv2.setNumThreads(1)  # a second core's worth of threads would be taken from the screen


@dataclass(frozen=True, slots=True)
class Preparation:
    """One rung of the ladder: a changed picture, and who looks at it."""

    name: str
    apply: Callable[[Pixels], Pixels]
    scale: float = 1.0
    by_zbar: bool = False
    histogram: bool = False
    """zxing-cpp with one threshold for the whole picture."""
    max_pixels: int = 1 << 30
    """A larger picture is not worth it: enlarged, it would cost more than it finds."""


def _resized(factor: float) -> Callable[[Pixels], Pixels]:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC

    def apply(image: Pixels) -> Pixels:
        return cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)  # type: ignore[return-value]

    return apply


def _as_it_is(image: Pixels) -> Pixels:
    return image


def _sharpened(image: Pixels, sigma: float = 1.0, amount: float = 2.0) -> Pixels:
    soft = cv2.GaussianBlur(image, (0, 0), sigma)
    return cv2.addWeighted(image, 1 + amount, soft, -amount, 0)  # type: ignore[return-value]


def _fixed(image: Pixels) -> Pixels:
    return cv2.threshold(image, 127, 255, cv2.THRESH_BINARY)[1]  # type: ignore[return-value]


def _local(image: Pixels) -> Pixels:
    return cv2.adaptiveThreshold(  # type: ignore[return-value]
        image, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 31, 5
    )


def _evened(image: Pixels) -> Pixels:
    return cv2.createCLAHE(2.0, (8, 8)).apply(image)  # type: ignore[return-value]


def _soft3(image: Pixels) -> Pixels:
    return cv2.GaussianBlur(image, (3, 3), 0)  # type: ignore[return-value]


def _soft5(image: Pixels) -> Pixels:
    return cv2.GaussianBlur(image, (5, 5), 0)  # type: ignore[return-value]


def _median(image: Pixels) -> Pixels:
    return cv2.medianBlur(image, 3)  # type: ignore[return-value]


def _opened(image: Pixels) -> Pixels:
    return cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))  # type: ignore[return-value]


_twice = _resized(2.0)

LOCATED = (
    Preparation("sharp", _sharpened),
    Preparation("histogram", _as_it_is, histogram=True),
    Preparation("fixed", _fixed),
    Preparation("local", _local),
    Preparation("median", _median),
    Preparation("evened", _evened),
    Preparation("twice-evened", lambda image: _evened(_twice(image)), 2.0, max_pixels=500_000),
    Preparation("twice-sharp", lambda image: _sharpened(_twice(image), 3.0), 2.0, max_pixels=500_000),
    Preparation("zbar", _as_it_is, by_zbar=True),
    Preparation("zbar-soft", _soft3, by_zbar=True),
    Preparation("half", _resized(0.5), 0.5),
)
"""For the surroundings of a code that was located and not read."""

UNSEEN = (
    Preparation("soft", _soft3),
    Preparation("zbar-half", _resized(0.5), 0.5, by_zbar=True),
    Preparation("fixed", _fixed),
    Preparation("evened", _evened),
    Preparation("sharp", _sharpened),
    Preparation("median", _median),
    Preparation("half", _resized(0.5), 0.5),
    Preparation("twice-soft", lambda image: _soft5(_twice(image)), 2.0, max_pixels=1_000_000),
    Preparation("histogram", _as_it_is, histogram=True),
    Preparation("twice-histogram", _twice, 2.0, histogram=True, max_pixels=1_000_000),
    Preparation("softer", _soft5),
    Preparation("local", _local),
    Preparation("twice-evened", lambda image: _evened(_twice(image)), 2.0, max_pixels=1_000_000),
    Preparation("zbar-soft", _soft3, by_zbar=True),
    Preparation("zbar", _as_it_is, by_zbar=True),
    Preparation("opened", _opened),
    Preparation("thrice", _resized(3.0), 3.0, max_pixels=300_000),
    Preparation("twice-sharp", lambda image: _sharpened(_twice(image), 3.0), 2.0, max_pixels=500_000),
)
"""For a whole picture in which nothing was located."""

BY_FINDERS = (
    Preparation("twice-sharp", lambda image: _sharpened(_twice(image), 3.0), 2.0, max_pixels=500_000),
    Preparation("softer", _soft5),
    # A large picture that was sharpened is noise, and every speck of it has an outline.
    Preparation("sharp", _sharpened, max_pixels=150_000),
)
"""For a search by finder patterns alone (see `finder_patterns`), last of all."""
