"""Says whether a frame is worth looking at: on a still counter nothing is decoded.

Every twelfth pixel each way is compared, in blocks, and what a whole block has in common is taken away first:
sensor noise and slowly changing light open nothing, another code in the same place does.  While shut, a
frame is compared with the one that was last looked at, so that nothing can creep in slowly; while open, with
the one before it.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from devices.transport.frame_source import Pixels

_STRIDE = 12
_BLOCK = 7
"""Samples each way: a block is 84 pixels wide."""
_LEAST_CHANGE = 22
"""Grey levels. Slow light stays below once a block's own brightness is taken away."""
_NOISE_FACTOR = 7
"""Times the median change of all samples: a dark scene is noisier."""
_CHANGED_SHARE = 0.1
"""Of a block's samples."""
REST_S = 0.4
"""Still for this long is at rest."""
_REST_FRAMES = 3
LOOK_AGAIN_S = 8.0
"""Even at rest one frame is looked at now and then: no measure of stillness is perfect."""


Samples = NDArray[np.int16]


class Verdict(StrEnum):
    """What a frame is worth."""

    MOVING = "moving"
    """A look."""
    SETTLED = "settled"
    """A thorough look: things have just come to rest."""
    STILL = "still"
    """Nothing."""


class MotionGate:
    """One camera's gate. Open at first."""

    def __init__(self) -> None:
        self._seen: Samples | None = None
        """The samples to compare with: the last frame while open, the last one looked at while shut."""
        self._shut = False
        self._still_since = 0.0
        self._still_frames = 0
        self._looked_at = 0.0

    def open(self) -> None:
        """Look at what comes next, whether it moves or not."""
        self._seen, self._shut, self._still_frames = None, False, 0

    def judge(self, samples: Samples, now: float) -> Verdict:
        """What the frame behind these samples is worth, `now` being monotonic seconds."""
        moved = self._seen is None or self._seen.shape != samples.shape or _differs(samples, self._seen)
        if self._shut:
            if not moved and now - self._looked_at < LOOK_AGAIN_S:
                return Verdict.STILL
            if not moved:
                self._looked_at = now
                return Verdict.MOVING
            self._shut, self._still_frames = False, 0
        if moved:
            self._still_since, self._still_frames = now, 0
        else:
            self._still_frames += 1
        self._seen, self._looked_at = samples, now
        if self._still_frames >= _REST_FRAMES and now - self._still_since >= REST_S:
            self._shut = True
            return Verdict.SETTLED
        return Verdict.MOVING


def sampled(frame: Pixels) -> Samples:
    """Every twelfth pixel each way; of a colour frame its green, which is most of its brightness."""
    grid = frame[::_STRIDE, ::_STRIDE] if frame.ndim == 2 else frame[::_STRIDE, ::_STRIDE, 1]
    return grid.astype(np.int16)


def _differs(samples: Samples, before: Samples) -> bool:
    down, across = samples.shape[0] // _BLOCK, samples.shape[1] // _BLOCK
    if not down or not across:
        return bool(np.abs(samples - before).max() > _LEAST_CHANGE)
    least = _CHANGED_SHARE * _BLOCK * _BLOCK
    change = samples - before
    if np.count_nonzero(np.abs(change) > _LEAST_CHANGE) < least:
        return False  # mostly: too few samples for even one block
    change = change[: down * _BLOCK, : across * _BLOCK]
    blocks = change.reshape(down, _BLOCK, across, _BLOCK)
    common = (blocks.sum(axis=(1, 3), dtype=np.int32) // (_BLOCK * _BLOCK)).astype(np.int16)
    amount = np.abs(blocks - common[:, None, :, None])
    limit = max(_LEAST_CHANGE, _NOISE_FACTOR * int(np.median(amount[::2, ::4, ::2, ::4])))
    # A block that was covered altogether changed in common; where all of them did, it was the light.
    whole = np.abs(common) > 3 * _LEAST_CHANGE
    if whole.any() and not whole.all():
        return True
    above = amount > limit
    return bool((above.sum(axis=(1, 3), dtype=np.int16) >= least).any())
