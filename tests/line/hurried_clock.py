"""A clock that runs faster than the world, so that a test need not wait out the pauses of the field.

Every deadline and every pause of the sync process goes through its clock, so with one that runs twenty times as
fast a back-off of ten seconds lasts half a second; only what the kernel times by itself stays as it is.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class HurriedClock:
    """See `kiosk.clock.Clock`; `pace` seconds pass in one. Its wall clock can be set to any time."""

    def __init__(self, pace: float = 20.0) -> None:
        self.pace = pace
        self._skipped_s = 0.0
        self._wall_began, self._began_s = datetime.now(UTC), self.monotonic()
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """See `Clock`."""
        return time.monotonic() * self.pace + self._skipped_s

    def now(self) -> datetime:
        """See `Clock`."""
        return self._wall_began + timedelta(seconds=self.monotonic() - self._began_s)

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """See `Clock`."""
        return event.wait(timeout_s / self.pace)

    def set_wall(self, now: datetime) -> None:
        """Set the wall clock, as a dead battery, a person or a time server does."""
        with self._lock:
            self._wall_began, self._began_s = now, self.monotonic()

    def skip(self, seconds: float) -> None:
        """Let time pass for both clocks at once. Who waits meanwhile waits on: wake it."""
        self._skipped_s += seconds
