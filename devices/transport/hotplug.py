"""Notices at once when something is plugged in or pulled out, through udev.

Only a hint to look sooner: every device thread also looks by itself, so that a machine without udev (a
container, a root directory) loses speed and nothing else.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable

_SUBSYSTEMS = ("tty", "usb", "usbmisc", "hidraw", "input", "video4linux")
_SETTLE_S = 0.15
"""One plug makes a dozen events; nodes and permissions are there when they have passed."""

log = logging.getLogger(__name__)


class HotplugWatch:
    """Calls `moved` on its own thread after each burst of udev events. Does nothing where there is no udev."""

    def __init__(self, moved: Callable[[], None]) -> None:
        self._moved = moved
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="hotplug", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening; may be called without `start`."""
        os.close(self._wake_write)
        if self._thread.is_alive():
            self._thread.join(timeout=1)
        os.close(self._wake_read)

    def _run(self) -> None:
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
        seen = False
        while True:
            ready, _, _ = select.select(
                [self._wake_read, monitor.fileno()], [], [], _SETTLE_S if seen else None
            )
            if self._wake_read in ready:
                return
            if ready:
                while monitor.poll(timeout=0) is not None:
                    seen = True
            elif seen:
                seen = False
                self._moved()
