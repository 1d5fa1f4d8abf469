"""Watches the pictures themselves: a camera can be there, send frames, and yet see nothing."""

from __future__ import annotations

import numpy as np

from devices.camera.motion_gate import Samples
from devices.transport.frame_source import Pixels
from kiosk.domain.device_status import DeviceDetail

FROZEN_AFTER_S = 10.0
"""A sensor has noise: no two of its frames are alike to the last bit, let alone ten seconds of them."""
COVERED_AFTER_S = 3.0
_BLACK_BELOW = 24.0
_FLAT_BELOW = 8.0
"""Standard deviation of a picture that shows nothing but noise."""


class CameraWatch:
    """Looks at every frame that is taken, and remembers since when something is wrong."""

    def __init__(self) -> None:
        self.last: Pixels | None = None
        self._same_since: float | None = None
        self._black_since: float | None = None
        self.detail = DeviceDetail.NONE

    def see(self, frame: Pixels, samples: Samples, now: float) -> None:
        """One more frame, at `now` monotonic seconds. The frame is kept: hand over one that stays as it is."""
        few = samples[::4]
        black = float(few.mean()) < _BLACK_BELOW and float(few.std()) < _FLAT_BELOW
        # A black picture can be compressed to the same bytes over and over: it is dark, not frozen.
        same = not black and self.last is not None and _identical(frame, self.last)
        self.last = frame
        self._black_since = _since(self._black_since, black, now)
        self._same_since = _since(self._same_since, same, now)
        if _for(self._black_since, now) >= COVERED_AFTER_S:
            self.detail = DeviceDetail.LENS_COVERED
        elif _for(self._same_since, now) >= FROZEN_AFTER_S:
            self.detail = DeviceDetail.PICTURE_FROZEN
        elif not black and not same:
            self.detail = DeviceDetail.NONE


def _identical(one: Pixels, other: Pixels) -> bool:
    # Noise shows in the first rows already; only a suspicion pays for the whole comparison.
    return one.shape == other.shape and np.array_equal(one[:4], other[:4]) and np.array_equal(one, other)


def _since(before: float | None, holds: bool, now: float) -> float | None:
    return None if not holds else now if before is None else before


def _for(since: float | None, now: float) -> float:
    return 0.0 if since is None else now - since
