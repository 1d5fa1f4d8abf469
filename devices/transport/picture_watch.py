"""Watches the pictures themselves: a camera can be there, send frames, and yet see nothing."""

from __future__ import annotations

from typing import Any, Final

from numpy.typing import NDArray

from kiosk.domain.device_status import DeviceDetail

_BLACK_BELOW: Final = 24.0
_FLAT_BELOW: Final = 8.0
"""Standard deviation of a picture that shows nothing but noise."""


class PictureWatch:
    """Remembers since when something is wrong. What two frames have to share to be one is for the class to say."""

    frozen_after_s: float = 10.0
    """A sensor has noise: no two of its frames are alike, let alone seconds of them."""
    covered_after_s: float = 3.0

    def __init__(self) -> None:
        self.same = False
        """Whether the last two frames were one."""
        self.detail = DeviceDetail.NONE
        self._same_since: float | None = None
        self._black_since: float | None = None

    def judge(self, samples: NDArray[Any], alike: bool, now: float) -> None:
        """One more frame, at `now` monotonic seconds; `alike`, when it is the one before it once more."""
        black = float(samples.mean()) < _BLACK_BELOW and float(samples.std()) < _FLAT_BELOW
        # A black picture can be compressed to the same bytes over and over: it is dark, not frozen.
        self.same = alike and not black
        self._black_since = _since(self._black_since, black, now)
        self._same_since = _since(self._same_since, self.same, now)
        if _for(self._black_since, now) >= self.covered_after_s:
            self.detail = DeviceDetail.LENS_COVERED
        elif _for(self._same_since, now) >= self.frozen_after_s:
            self.detail = DeviceDetail.PICTURE_FROZEN
        elif not black and not self.same:
            self.detail = DeviceDetail.NONE


def _since(before: float | None, holds: bool, now: float) -> float | None:
    return None if not holds else now if before is None else before


def _for(since: float | None, now: float) -> float:
    return 0.0 if since is None else now - since
