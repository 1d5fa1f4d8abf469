"""A serial line: opened exclusively, read against a deadline, given up at once when cancelled.

pyserial opens and configures the line.  Works on real ports and on ptys (which have no modem lines
and no parity: `termios.error` there is as ordinary as `SerialException`).
"""

from __future__ import annotations

import termios

import serial

from devices.transport.byte_port import PortFault, PortLost
from devices.transport.descriptor_port import DescriptorPort, open_fault
from kiosk.clock import Clock

_IO_ERRORS = (serial.SerialException, OSError, termios.error)
"""A closed far end shows as any of the three, depending on the call."""


class SerialPort(DescriptorPort):
    """One serial line."""

    io_errors = _IO_ERRORS

    def __init__(self, path: str, baud: int, clock: Clock) -> None:
        super().__init__(clock)
        self.path, self.baud = path, baud
        self._serial: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        """See `BytePort`."""
        return self._serial is not None

    def open(self) -> None:
        """See `BytePort`."""
        self.close()
        try:
            self._serial = serial.Serial(
                self.path, self.baud, timeout=0, write_timeout=0, exclusive=True, rtscts=False, xonxoff=False
            )
        except ValueError as error:  # a speed that this adapter's driver does not take
            raise PortLost(PortFault.REFUSED) from error
        except _IO_ERRORS as error:
            raise PortLost(_open_fault(error)) from error

    def close(self) -> None:
        """See `BytePort`."""
        port, self._serial = self._serial, None
        if port is not None:
            try:
                port.close()
            except _IO_ERRORS:
                pass  # a vanished port cannot be closed politely

    def drop_input(self) -> None:
        """See `BytePort`."""
        try:
            termios.tcflush(self._descriptor(), termios.TCIFLUSH)
        except _IO_ERRORS as error:
            raise self._lose() from error

    def _descriptor(self) -> int:
        if self._serial is None:
            raise PortLost(PortFault.LOST)
        return int(self._serial.fileno())


def _open_fault(error: Exception) -> PortFault:
    # flock() on the open port fails without an errno on the exception pyserial raises.
    if getattr(error, "errno", None) is None and "exclusive" in str(error).lower():
        return PortFault.IN_USE
    return open_fault(error)
