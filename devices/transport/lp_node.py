"""A USB printer's character device (Linux usblp, `/dev/usb/lpN`): bytes both ways, no line settings.

What differs from a serial line: reading nothing is not the end (a printer may end a transfer with zero
bytes), the kernel itself lets one process in (EBUSY), and there is no input queue to flush.
"""

from __future__ import annotations

import os

from devices.transport.node_port import NodePort
from kiosk.clock import Clock

_READ_BYTES = 1024


class LpNode(NodePort):
    """One printer node."""

    def __init__(self, path: str, clock: Clock) -> None:
        super().__init__(clock)
        self.path = path

    def open(self) -> None:
        """See `BytePort`."""
        self._open_node(self.path, os.O_RDWR)
        self.drop_input()

    def _read(self, descriptor: int) -> bytes:
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            self.check()  # a transfer of nothing, or the printer has gone
        return data
