"""Watches the pictures themselves: a camera can be there, send frames, and yet see nothing.

Keeps a few thousand samples of the last frame, never a frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiosk.domain.device_status import DeviceDetail

Pixels = NDArray[np.uint8]

FROZEN_AFTER_S = 5.0
"""A sensor has noise: no two of its frames are alike at thousands of places, let alone seconds of them."""
COVERED_AFTER_S = 3.0
_EVERY_PX = 23
_BLACK_BELOW, _FLAT_BELOW = 24.0, 8.0


class PictureWatch:
    """Looks at every frame that is taken, and remembers since when something is wrong."""

    def __init__(self) -> None:
        self._last: Pixels | None = None
        self._same_since: float | None = None
        self._black_since: float | None = None
        self.same = False
        """Whether the last two frames were one."""
        self.detail = DeviceDetail.NONE

    def see(self, frame: Pixels, now: float) -> None:
        """One more frame, at `now` monotonic seconds."""
        few = frame[::_EVERY_PX, ::_EVERY_PX].copy()
        black = float(few.mean()) < _BLACK_BELOW and float(few.std()) < _FLAT_BELOW
        # A black picture can be compressed to the same bytes over and over: it is dark, not frozen.
        self.same = not black and self._last is not None and np.array_equal(few, self._last)
        self._last = few
        self._black_since = (self._black_since or now) if black else None
        self._same_since = (self._same_since or now) if self.same else None
        if self._black_since is not None and now - self._black_since >= COVERED_AFTER_S:
            self.detail = DeviceDetail.LENS_COVERED
        elif self._same_since is not None and now - self._same_since >= FROZEN_AFTER_S:
            self.detail = DeviceDetail.PICTURE_FROZEN
        elif not black and not self.same:
            self.detail = DeviceDetail.NONE

    def is_last(self, frame: Pixels) -> bool:
        """Whether this is the last frame once more."""
        return self._last is not None and np.array_equal(frame[::_EVERY_PX, ::_EVERY_PX], self._last)
