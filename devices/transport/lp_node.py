"""A USB printer's character device (Linux usblp, `/dev/usb/lpN`): bytes both ways, no line settings.

What differs from a serial line: reading nothing is not the end (a printer may end a transfer with zero
bytes), the kernel itself lets one process in (EBUSY), and there is no input queue to flush.
"""

from __future__ import annotations

import os

from devices.transport.byte_port import PortFault, PortLost
from devices.transport.descriptor_port import DescriptorPort, open_fault
from kiosk.clock import Clock

_READ_BYTES = 1024


class LpNode(DescriptorPort):
    """One printer node."""

    def __init__(self, path: str, clock: Clock) -> None:
        super().__init__(clock)
        self.path = path
        self._fd: int | None = None

    @property
    def is_open(self) -> bool:
        """See `BytePort`."""
        return self._fd is not None

    def open(self) -> None:
        """See `BytePort`."""
        self.close()
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            raise PortLost(open_fault(error)) from error
        self.drop_input()

    def close(self) -> None:
        """See `BytePort`."""
        descriptor, self._fd = self._fd, None
        if descriptor is not None:
            try:
                os.close(descriptor)
            except OSError:
                pass  # a vanished printer cannot be closed politely

    def _read(self, descriptor: int) -> bytes:
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            self.check()  # a transfer of nothing, or the printer has gone
        return data

    def _descriptor(self) -> int:
        if self._fd is None:
            raise PortLost(PortFault.LOST)
        return self._fd
