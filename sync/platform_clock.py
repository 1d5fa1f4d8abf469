"""The platform's clock as this terminal knows it: from signed answers, carried on by the monotonic clock.

The wall clock of a terminal may say 1970 or be ten years ahead.  What is dropped, what is reported and what a
certificate's dates are held against goes by the platform's word instead; before it has spoken, nobody knows
what time it is, and nothing is dropped.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from kiosk.clock import Clock

CLOSE_S = 120.0
"""A wall clock within this of the platform's is good enough for paper."""
_PLAINLY_WRONG_S = 6 * 3600.0
_NEVER_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)
"""When this program was written: a clock that shows less is wrong."""
_LONGEST_SILENCE = timedelta(days=2 * 365)
"""No terminal runs so long without its platform; a clock that far ahead of what was last heard is wrong."""
_WORST_ROUND_TRIP_S = 10.0


class PlatformClock:
    """Remembers the platform's clock. May be called from any thread."""

    def __init__(self, clock: Clock, last_heard: datetime | None = None) -> None:
        """`last_heard` is what the platform's clock said in an earlier run."""
        self._clock = clock
        self._lock = threading.Lock()
        self._last_heard = last_heard
        self._heard: tuple[datetime, float] | None = None
        """The platform's clock, and ours (monotonic) at that moment."""

    def heard(self, said: datetime, asked_s: float) -> None:
        """A signed answer to a question asked at `asked_s` (monotonic) carried this time."""
        now_s = self._clock.monotonic()
        round_trip_s = max(now_s - asked_s, 0.0)
        with self._lock:
            if self._heard is not None and round_trip_s > _WORST_ROUND_TRIP_S:
                return  # it may have been written anywhere on that way
            self._heard = said.astimezone(UTC) + timedelta(seconds=round_trip_s / 2), now_s
            self._last_heard = self._heard[0]

    def remember(self, last_heard: datetime) -> None:
        """What an earlier run heard; counts only until the platform is heard in this one."""
        with self._lock:
            self._last_heard = self._last_heard or last_heard

    def now(self) -> datetime | None:
        """The platform's clock now; None before it was heard since this process started."""
        with self._lock:
            if self._heard is None:
                return None
            said, at_s = self._heard
        return said + timedelta(seconds=self._clock.monotonic() - at_s)

    @property
    def offset_s(self) -> float | None:
        """The platform's clock minus our wall clock; None before it was heard."""
        now = self.now()
        return None if now is None else (now - self._clock.now()).total_seconds()

    @property
    def wall_clock_trusted(self) -> bool:
        """Whether our wall clock may be shown and printed: known to be close, or at least not known to be wrong."""
        offset_s = self.offset_s
        return not self.wall_clock_looks_wrong if offset_s is None else abs(offset_s) <= CLOSE_S

    @property
    def wall_clock_looks_wrong(self) -> bool:
        """Whether our wall clock, rather than a certificate, is to blame for dates that do not fit."""
        wall = self._clock.now()
        offset_s = self.offset_s
        if offset_s is not None:
            return abs(offset_s) > _PLAINLY_WRONG_S
        with self._lock:
            last_heard = self._last_heard
        if wall < max(last_heard or _NEVER_BEFORE, _NEVER_BEFORE):
            return True
        return last_heard is not None and wall > last_heard + _LONGEST_SILENCE
