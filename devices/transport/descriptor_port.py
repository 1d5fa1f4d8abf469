"""The part that all lines with a file descriptor share: waiting against a deadline, given up when cancelled.

Reading and writing go to the descriptor itself, so that it is known exactly how many bytes left the process.
"""

from __future__ import annotations

import errno
import os
import select
import threading
from abc import abstractmethod

from devices.transport.byte_port import BytePort, Canceled, PortFault, PortLost
from kiosk.clock import Clock

_SLICE_S = 0.05
"""The longest wait before `cancel` is looked at again: an event has no descriptor to wait on."""
_READ_BYTES = 8192
_DROP_ROUNDS = 64
_AFTER_NOTHING_S = 0.002
"""A device that is for ever ready with nothing must not keep a processor busy."""
_NEVER = threading.Event()


class DescriptorPort(BytePort):
    """A line behind a non-blocking descriptor."""

    io_errors: tuple[type[Exception], ...] = (OSError,)
    """What a call on a line may raise that has gone away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @abstractmethod
    def _descriptor(self) -> int:
        """The open descriptor. Raises `PortLost` when closed."""

    def _read(self, descriptor: int) -> bytes:
        """One read of a descriptor that is ready; b"" means "nothing yet"."""
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            raise OSError(errno.EIO, "end of file")
        return data

    def _write(self, descriptor: int, data: bytes) -> int:
        """One write to a descriptor that is ready."""
        return os.write(descriptor, data)

    def read_some(self, deadline: float, cancel: threading.Event | None = None) -> bytes:
        """See `BytePort`."""
        descriptor = self._descriptor()
        while True:
            if cancel is not None and cancel.is_set():
                raise Canceled
            left = deadline - self._clock.monotonic()
            try:
                ready, _, _ = select.select([descriptor], [], [], max(0.0, min(left, _SLICE_S)))
                if ready:
                    if data := self._read(descriptor):
                        return data
                    self._clock.wait(cancel or _NEVER, _AFTER_NOTHING_S)
            except BlockingIOError:
                pass
            except self.io_errors as error:
                raise self._lose() from error
            if left <= 0:
                return b""

    def write_some(self, data: bytes, deadline: float, cancel: threading.Event | None = None) -> int:
        """See `BytePort`."""
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
                    sent += self._write(descriptor, data[sent:])
                    continue
            except BlockingIOError:
                pass
            except self.io_errors as error:
                raise self._lose() from error
            if left <= 0:
                break
        return sent

    def drop_input(self) -> None:
        """See `BytePort`: read until nothing is left, or for so long that it will never end."""
        for _ in range(_DROP_ROUNDS):
            if not self.read_some(0.0):
                return

    def check(self) -> None:
        """See `BytePort`; costs one system call."""
        poll = select.poll()
        poll.register(self._descriptor(), select.POLLIN)
        for _descriptor, events in poll.poll(0):
            if events & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                raise self._lose()

    def _lose(self) -> PortLost:
        self.close()
        return PortLost(PortFault.LOST)


def open_fault(error: Exception) -> PortFault:
    """What an error on opening means."""
    code = getattr(error, "errno", None)
    if code in (errno.EAGAIN, errno.EBUSY):
        return PortFault.IN_USE
    # EIO and ENXIO: the node of a device that is just being unplugged.
    if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        return PortFault.ABSENT
    return PortFault.REFUSED
