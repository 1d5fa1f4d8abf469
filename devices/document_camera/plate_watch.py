"""Watches the document camera's pictures by a few thousand samples of the last frame, never by a frame."""

from __future__ import annotations

from typing import Final

import numpy as np

from devices.transport.frame_source import Pixels
from devices.transport.picture_watch import PictureWatch

_EVERY_PX: Final = 23


class PlateWatch(PictureWatch):
    """Looks at every frame that is taken, and keeps some of its samples."""

    frozen_after_s = 5.0

    def __init__(self) -> None:
        super().__init__()
        self._last: Pixels | None = None

    def see(self, frame: Pixels, now: float) -> None:
        """One more frame, at `now` monotonic seconds."""
        alike = self.is_last(frame)
        self._last = _few(frame).copy()
        self.judge(self._last, alike, now)

    def is_last(self, frame: Pixels) -> bool:
        """Whether this is the last frame once more."""
        return self._last is not None and np.array_equal(_few(frame), self._last)


def _few(frame: Pixels) -> Pixels:
    return frame[::_EVERY_PX, ::_EVERY_PX]
