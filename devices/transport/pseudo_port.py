"""A pty that looks like a serial port under a fixed name: the plug that a simulator can pull."""

from __future__ import annotations

import contextlib
import os
import termios
import tty
from pathlib import Path

from devices.transport.far_end import FarEnd


class PseudoPort(FarEnd):
    """The far end of a line. `link` points at the near end, as /dev/serial/by-path does.

    The near end is kept open here too, so that the terminal may close and open it as often as it likes;
    only `unplug` hangs up on it, and `plug` afterwards makes a new line under the same link.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master: int | None = None
        self._slave: int | None = None

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`."""
        return self._master

    @property
    def speed_baud(self) -> int | None:
        """See `FarEnd`: a pty moves bytes at any speed, and remembers which one was set."""
        if self._slave is None:
            return None
        try:
            return _SPEEDS.get(termios.tcgetattr(self._slave)[4])
        except termios.error:
            return None

    def plug(self) -> None:
        """See `FarEnd`."""
        if self._master is not None:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._master, self._slave = master, slave
        self.link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(slave))
        fresh.replace(self.link)

    def unplug(self) -> None:
        """See `FarEnd`."""
        for descriptor in (self._master, self._slave):
            if descriptor is not None:
                os.close(descriptor)
        if self._master is not None:
            self.link.unlink(missing_ok=True)
        self._master = self._slave = None

    def read(self) -> bytes:
        """See `FarEnd`."""
        if self._master is None:
            return b""
        try:
            return os.read(self._master, 65536)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """See `FarEnd`."""
        if self._master is not None:
            with contextlib.suppress(OSError):
                os.write(self._master, data)


_SPEEDS = {
    termios.B9600: 9600,
    termios.B19200: 19200,
    termios.B38400: 38400,
    termios.B57600: 57600,
    termios.B115200: 115200,
}
