"""Time as the terminal needs it: a monotonic clock for every wait, a wall clock for every paper.

Nothing in Linban sleeps or reads the time directly: it is given a `Clock`, so a test can hand it a
`ManualClock` and a terminal whose battery-backed clock says 1970 still keeps its deadlines.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux's CLOCK_MONOTONIC stands still while the machine sleeps (clock_gettime(2)): a tablet that slept overnight would
take a session, a lease or a scanned code for fresh."""
_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What every part that waits or stamps is given."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment, those asleep included; never goes back.

        All processes of one boot share it. Compare it with no other clock: not with `time.monotonic`.
        """
        ...

    def now(self) -> datetime:
        """The wall clock, in UTC. May be wrong: never order or expire anything by it alone."""
        ...

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait until `event` is set or `timeout_s` has passed awake; True when it was set."""
        ...


class SystemClock:
    """The real clock."""

    def monotonic(self) -> float:
        """See `Clock`."""
        return time.clock_gettime(_STEADY)

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """See `Clock`."""
        return event.wait(timeout_s)


class ManualClock:
    """A clock that moves only when told to; `wait` moves it by the time-out."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
        self._monotonic = 1000.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """See `Clock`."""
        return self._monotonic

    def now(self) -> datetime:
        """See `Clock`."""
        return self._now

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """See `Clock`; never blocks."""
        if event.is_set():
            return True
        self.advance(timeout_s)
        return event.is_set()


def boot_id() -> str:
    """The kernel's identity of this boot: monotonic times of two boots must not be compared."""
    try:
        return _BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
