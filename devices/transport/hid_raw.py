"""A line of 64-byte HID reports (Linux hidraw): the variant that some SAM readers have instead of a serial line.

Out: the bytes, cut into reports and padded with zeros.  In: the reports one after the other, padding and
all, because only the protocol above knows where a frame ends (photographs are full of zeros).
Source: one published program for readers with the ids 2B8B:2721; `hid:` is therefore a setting of its own.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from devices.transport.byte_port import PortFault, PortLost
from devices.transport.descriptor_port import open_fault
from devices.transport.node_port import NodePort
from kiosk.clock import Clock

REPORT_BYTES: Final = 64
_UNNUMBERED: Final = b"\x00"
"""hidraw wants the report's number first, and 0 for devices that number none (kernel documentation, hidraw)."""
_CLASS: Final = Path("/sys/class/hidraw")


def find_hidraw(vendor: int, product: int, bus_path: str | None = None) -> Path | None:
    """The node of the first device with these ids, or of the one in that socket; None when there is none."""
    try:
        nodes = sorted(entry.name for entry in _CLASS.iterdir())
    except OSError:
        return None
    for name in nodes:
        device = _CLASS / name / "device"
        # 0003:00002B8B:00002721: bus type, vendor, product.
        ids = _property(device / "uevent", "HID_ID").split(":")
        if len(ids) != 3 or (int(ids[1], 16), int(ids[2], 16)) != (vendor, product):
            continue
        if bus_path is None or bus_path in os.path.realpath(device).split("/"):
            return Path("/dev") / (_property(_CLASS / name / "uevent", "DEVNAME") or name)
    return None


def _property(uevent: Path, key: str) -> str:
    try:
        lines = uevent.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return ""
    return next((value for name, _, value in (line.partition("=") for line in lines) if name == key), "")


class HidRawPort(NodePort):
    """One HID device by its ids."""

    def __init__(self, vendor: int, product: int, bus_path: str | None, clock: Clock) -> None:
        super().__init__(clock)
        self._ids = (vendor, product, bus_path)

    def open(self) -> None:
        """See `BytePort`."""
        self.close()
        node = find_hidraw(*self._ids)
        if node is None:
            raise PortLost(PortFault.ABSENT)
        descriptor = self._open_node(node, os.O_RDWR)
        try:
            # The kernel lets any number in; this keeps out whoever asks as politely.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise PortLost(open_fault(error)) from error
        self.drop_input()

    def _write(self, descriptor: int, data: bytes) -> int:
        """One report; the kernel takes all of it or none."""
        piece = data[:REPORT_BYTES]
        os.write(descriptor, _UNNUMBERED + piece.ljust(REPORT_BYTES, b"\x00"))
        return len(piece)
