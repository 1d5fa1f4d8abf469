"""Notices at once when something is plugged in or pulled out, through udev.

Only a hint to look sooner: every device thread also looks by itself, so that a machine without udev (a
container, a root directory) loses speed and nothing else.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import threading
from collections.abc import Callable
from typing import Any, Final

from kiosk.clock import Clock, SystemClock

_SUBSYSTEMS: Final = ("tty", "usb", "usbmisc", "hidraw", "input", "video4linux")
_SETTLE_S: Final = 0.15
"""One plug makes a dozen events; nodes and permissions are there when they have passed."""
_AT_LATEST_S: Final = 0.5
"""A loose plug or a talkative hub never falls silent: look all the same."""

log = logging.getLogger(__name__)


class HotplugWatch:
    """Calls `moved` on its own thread after each burst of udev events. Does nothing where there is no udev."""

    def __init__(self, moved: Callable[[], None], clock: Clock | None = None) -> None:
        self._moved = moved
        self._clock = clock or SystemClock()
        self._wake_read, self._wake_write = os.pipe()
        self._closed = False
        self._monitor: Any = None
        self._thread = threading.Thread(target=self._run, name="hotplug", daemon=True)

    def start(self) -> None:
        """Listen from here on: what is plugged in after this returns is told, so look for devices after it."""
        try:
            import pyudev

            # udev's own messages, not the kernel's: by those the node and its permissions need not exist yet.
            monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source="udev")
            for subsystem in _SUBSYSTEMS:
                monitor.filter_by(subsystem)
            monitor.start()
        except (ImportError, OSError) as error:
            log.info("no udev here: devices are looked for by polling", extra={"cause": str(error)})
            return
        self._monitor = monitor
        self._thread.start()

    def close(self) -> None:
        """Stop listening; may be called without `start`, and twice."""
        if self._closed:
            return
        self._closed = True
        os.close(self._wake_write)
        if self._thread.is_alive():
            self._thread.join(timeout=1)
        os.close(self._wake_read)

    def _run(self) -> None:
        try:
            self._listen()
        except OSError:
            log.warning("udev is not heard any more: devices are looked for by polling", exc_info=True)

    def _listen(self) -> None:
        look_at: float | None = None
        latest = 0.0
        while True:
            now = self._clock.monotonic()
            wait_s = None if look_at is None else max(0.0, look_at - now)
            ready, _, _ = select.select([self._wake_read, self._monitor.fileno()], [], [], wait_s)
            if self._wake_read in ready:
                return
            now = self._clock.monotonic()
            if ready and self._something_came():
                latest = now + _AT_LATEST_S if look_at is None else latest
                look_at = min(now + _SETTLE_S, latest)
            if look_at is not None and now >= look_at:
                look_at = None
                self._moved()

    def _something_came(self) -> bool:
        """Take what has been told; True when it concerns us."""
        came = False
        try:
            while self._monitor.poll(timeout=0) is not None:
                came = True
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            return True  # so many that the kernel dropped some: whatever they were, look
        return came
