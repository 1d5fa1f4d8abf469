"""The share of the line that sending may take: bytes leave no faster than was set, whoever sends them."""

from __future__ import annotations

import io
import threading

from kiosk.clock import Clock

UNPACED_BYTES = 4096
"""Up to this size a body leaves at once: a heartbeat and a resident's look-up must not wait behind a batch."""
_BURST_S = 0.25


class Pace:
    """A budget of bytes that fills up with time. Shared by all senders of a process."""

    def __init__(self, bytes_per_s: int | None, clock: Clock) -> None:
        self.bytes_per_s = bytes_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at_s = clock.monotonic()

    def wait_for(self, size_bytes: int, cut: threading.Event) -> None:
        """Wait until so many bytes may leave; `cut` ends the wait."""
        if self.bytes_per_s is None:
            return
        with self._lock:
            now_s = self._clock.monotonic()
            starts_s = max(self._free_at_s, now_s - _BURST_S)
            self._free_at_s = starts_s + size_bytes / self.bytes_per_s
        wait_s = starts_s - now_s
        if wait_s > 0:
            self._clock.wait(cut, wait_s)


class PacedBody(io.BytesIO):
    """A request's body that is read no faster than the pace allows."""

    def __init__(self, body: bytes, pace: Pace, cut: threading.Event) -> None:
        super().__init__(body)
        self._pace, self._cut = pace, cut
        self._paced = len(body) > UNPACED_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        """See `io.BytesIO`; the HTTP library asks for 16 KiB at a time."""
        piece = super().read(size)
        if self._paced and piece:
            self._pace.wait_for(len(piece), self._cut)
        return piece
