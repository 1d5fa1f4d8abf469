"""A serial line: opened exclusively, read against a deadline, given up at once when cancelled.

pyserial opens and configures the line; reading and writing go to the descriptor, so that it is known
exactly how many bytes left the process.  Works on real ports and on ptys (which have no modem lines
and no parity: `termios.error` there is as ordinary as `SerialException`).
"""

from __future__ import annotations

import errno
import os
import select
import termios
import threading
from enum import StrEnum

import serial

from kiosk.clock import Clock
from kiosk.errors import LinbanError

_SLICE_S = 0.05
"""The longest wait before `cancel` is looked at again: an event has no descriptor to wait on."""
_READ_BYTES = 8192

_IO_ERRORS = (serial.SerialException, OSError, termios.error)
"""A closed far end shows as any of the three, depending on the call."""


class PortFault(StrEnum):
    """Why a port cannot be used."""

    ABSENT = "absent"
    """No such node: never plugged in, or unplugged."""
    IN_USE = "in_use"
    """Another program holds it."""
    REFUSED = "refused"
    """The node is there and may not be opened, or takes no such settings."""
    LOST = "lost"
    """It was open, and went away under a call."""


class PortLost(LinbanError):
    """The port cannot be used (any more); it is closed by the time this is raised."""

    def __init__(self, fault: PortFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class Canceled(LinbanError):
    """The caller's `cancel` was set while waiting."""


class SerialPort:
    """One serial line. Not thread-safe: it belongs to the thread of its device."""

    def __init__(self, path: str, baud: int, clock: Clock) -> None:
        self.path, self.baud = path, baud
        self._clock = clock
        self._serial: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        """Whether the line is open, as far as anybody noticed."""
        return self._serial is not None

    def open(self) -> None:
        """Open the line for this process alone and drop what had piled up. Raises `PortLost`."""
        self.close()
        try:
            self._serial = serial.Serial(
                self.path, self.baud, timeout=0, write_timeout=0, exclusive=True, rtscts=False, xonxoff=False
            )
        except _IO_ERRORS as error:
            raise PortLost(_open_fault(error)) from error

    def close(self) -> None:
        """Release the line; may be called at any time."""
        port, self._serial = self._serial, None
        if port is not None:
            try:
                port.close()
            except _IO_ERRORS:
                pass  # a vanished port cannot be closed politely

    def read_some(self, deadline: float, cancel: threading.Event | None = None) -> bytes:
        """Whatever arrives first, as soon as it arrives; b"" when nothing came by `deadline` (monotonic).

        Raises `Canceled` or `PortLost`.
        """
        descriptor = self._descriptor()
        while True:
            if cancel is not None and cancel.is_set():
                raise Canceled
            left = deadline - self._clock.monotonic()
            try:
                ready, _, _ = select.select([descriptor], [], [], max(0.0, min(left, _SLICE_S)))
                if ready:
                    data = os.read(descriptor, _READ_BYTES)
                    if not data:
                        raise OSError(errno.EIO, "end of file")
                    return data
            except BlockingIOError:
                pass
            except _IO_ERRORS as error:
                raise self._lose() from error
            if left <= 0:
                return b""

    def write_some(self, data: bytes, deadline: float, cancel: threading.Event | None = None) -> int:
        """Write as much of `data` as the line takes by `deadline`; returns how many bytes left.

        Raises `Canceled` only while not a byte has left, and `PortLost`.
        """
        descriptor = self._descriptor()
        sent = 0
        while sent < len(data):
            if cancel is not None and cancel.is_set():
                if sent:
                    break
                raise Canceled
            left = deadline - self._clock.monotonic()
            try:
                _, ready, _ = select.select([], [descriptor], [], max(0.0, min(left, _SLICE_S)))
                if ready:
                    sent += os.write(descriptor, data[sent:])
                    continue
            except BlockingIOError:
                pass
            except _IO_ERRORS as error:
                raise self._lose() from error
            if left <= 0:
                break
        return sent

    def drop_input(self) -> None:
        """Throw away what has arrived and was not read. Raises `PortLost`."""
        try:
            termios.tcflush(self._descriptor(), termios.TCIFLUSH)
        except _IO_ERRORS as error:
            raise self._lose() from error

    def check(self) -> None:
        """Raise `PortLost` if the far end has hung up; reads nothing, costs one system call."""
        poll = select.poll()
        poll.register(self._descriptor(), select.POLLIN)
        for _descriptor, events in poll.poll(0):
            if events & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                raise self._lose()

    def _descriptor(self) -> int:
        if self._serial is None:
            raise PortLost(PortFault.LOST)
        return int(self._serial.fileno())

    def _lose(self) -> PortLost:
        self.close()
        return PortLost(PortFault.LOST)


def _open_fault(error: Exception) -> PortFault:
    code = getattr(error, "errno", None)
    if code in (errno.EAGAIN, errno.EBUSY):
        return PortFault.IN_USE
    # EIO and ENXIO: the node of a device that is just being unplugged.
    if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        return PortFault.ABSENT
    # flock() on the open port fails without an errno on the exception pyserial raises.
    if code is None and "exclusive" in str(error).lower():
        return PortFault.IN_USE
    return PortFault.REFUSED
