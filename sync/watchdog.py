"""Feeds the watchdog while every thread moves, and forgives them that the machine slept.

A wait stands still while the machine sleeps (CLOCK_MONOTONIC), the time by which a thread promised to be heard of again
does not (`kiosk.clock`).  So after a sleep every one of them is overdue until it has woken, and the watchdog, which
slept as well, would end a process that has nothing wrong with it.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from kiosk import notify
from kiosk.clock import Clock

log = logging.getLogger(__name__)

_LATE_S = 2.0
"""A wait that took so much longer than it was to take: the machine slept, or this process was stopped."""
_PATIENCE_S = 120.0
"""What was asked of the platform before the sleep waits for its own deadline afterwards."""


class Watched(Protocol):
    """What moves, or does not."""

    @property
    def healthy(self) -> bool:
        """Whether every thread moves."""
        ...

    def woken(self) -> None:
        """The machine slept: whatever waits should look at once."""
        ...


def feed(watched: Watched, clock: Clock, ended: threading.Event, every_s: float) -> None:
    """Feed the watchdog every so many seconds as long as `watched` is healthy, until `ended`."""
    since_s, patient_until_s = clock.monotonic(), 0.0
    while not clock.wait(ended, every_s):
        now_s = clock.monotonic()
        if now_s - since_s > every_s + _LATE_S:
            log.info("this machine slept for %.0f s", now_s - since_s - every_s)
            patient_until_s = now_s + _PATIENCE_S
            watched.woken()
        since_s = now_s
        if watched.healthy or now_s < patient_until_s:
            notify.alive()
        else:
            log.error("a thread stands still; leaving the watchdog to it")
