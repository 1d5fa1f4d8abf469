"""A pair of USB bulk pipes, spoken to through libusb: SAM readers (0400:C35A) and receipt printers without a driver.

The pipes are found in the device's own descriptors, never assumed.  The interface is claimed, which the
kernel grants to one process; a kernel driver that holds it is detached for as long and given back after.
libusb learns from udev what was plugged in since this process began: without udev (in a container) a device
that was away is found again only by a new process.  Transfers run in slices, so that `cancel` is seen; a slice that times out has moved exactly the bytes it says.
"""

from __future__ import annotations

import errno
import functools
import logging
import threading
from pathlib import Path
from typing import Any, Final

import usb.core
import usb.util

from devices.transport.byte_port import BytePort, Canceled, PortFault, PortLost
from devices.transport.usb_endpoints import BulkPair, choose_pair
from kiosk.clock import Clock

log = logging.getLogger(__name__)

_SLICE_S: Final = 0.05
_LEAST_MS: Final = 3
"""To libusb 0 is "for ever", and what a full-speed device holds ready needs up to two frames of 1 ms."""
_READ_BYTES: Final = 4096
"""A whole number of packets at every speed, or a device that sends more than was asked for is cut off."""
_WRITE_BYTES: Final = 4096
_DROP_ROUNDS: Final = 64
_SYS_DEVICES: Final = Path("/sys/bus/usb/devices")


class UsbBulkPort(BytePort):
    """One USB device by its ids, or the one in a certain socket. `backend` is libusb where none is given."""

    def __init__(
        self, vendor: int, product: int, bus_path: str | None, clock: Clock, backend: Any = None
    ) -> None:
        self._ids, self._bus_path = (vendor, product), bus_path
        self._clock, self._backend = clock, backend
        self._device: Any = None
        self._pair: BulkPair | None = None
        self._detached = False
        self._in_sysfs = False
        """Whether the device could be seen there while it was certainly plugged in."""

    @property
    def is_open(self) -> bool:
        """See `BytePort`."""
        return self._pair is not None

    def open(self) -> None:
        """See `BytePort`."""
        self.close()
        try:
            self._device = self._find()
            if self._device is None:
                raise PortLost(PortFault.ABSENT)
            self._claim()
            self.drop_input()
        except usb.core.NoBackendError as error:
            _say_that_libusb_is_missing()
            raise PortLost(PortFault.REFUSED) from error
        except (usb.core.USBError, NotImplementedError) as error:
            self.close()
            raise PortLost(_open_fault(error)) from error

    def _find(self) -> Any:
        vendor, product = self._ids
        found = usb.core.find(find_all=True, idVendor=vendor, idProduct=product, backend=self._backend)
        return next((d for d in found if self._bus_path in (None, bus_path_of(d))), None)

    def _claim(self) -> None:
        """Take the interface with the best pair of pipes. Raises `PortLost`, `USBError`."""
        device = self._device
        try:
            configuration = device.get_active_configuration()
        except usb.core.USBError as error:
            if error.errno in _GONE:
                raise
            device.set_configuration()
            configuration = device.get_active_configuration()
        pair = choose_pair(configuration)
        if pair is None:
            self.close()
            raise PortLost(PortFault.REFUSED)
        try:
            self._detached = bool(device.is_kernel_driver_active(pair.interface))
            if self._detached:
                device.detach_kernel_driver(pair.interface)
        except NotImplementedError:
            self._detached = False  # a system without kernel drivers for it has none in the way
        usb.util.claim_interface(device, pair.interface)
        if pair.alternate:
            device.set_interface_altsetting(pair.interface, pair.alternate)
        self._pair = pair
        self._in_sysfs = self._is_in_sysfs()

    def close(self) -> None:
        """See `BytePort`: the interface is released, and its kernel driver has it again."""
        device, pair, detached = self._device, self._pair, self._detached
        self._device, self._pair, self._detached = None, None, False
        if device is None:
            return
        try:
            if pair is not None:
                usb.util.release_interface(device, pair.interface)
                if detached:
                    device.attach_kernel_driver(pair.interface)
        except (usb.core.USBError, NotImplementedError):
            pass  # a vanished device cannot be released politely
        usb.util.dispose_resources(device)

    def read_some(self, deadline: float, cancel: threading.Event | None = None) -> bytes:
        """See `BytePort`."""
        stalled = False
        while True:
            pair = self._open_pair()
            if cancel is not None and cancel.is_set():
                raise Canceled
            left_s = deadline - self._clock.monotonic()
            try:
                data = self._device.read(pair.read_from, _READ_BYTES, _slice_ms(left_s))
                if len(data):
                    return bytes(data)
            except usb.core.USBTimeoutError:
                pass
            except usb.core.USBError as error:
                stalled = self._after(error, pair.read_from, stalled)
            if left_s <= 0:
                return b""

    def write_some(self, data: bytes, deadline: float, cancel: threading.Event | None = None) -> int:
        """See `BytePort`."""
        sent, stalled = 0, False
        while sent < len(data):
            pair = self._open_pair()
            if cancel is not None and cancel.is_set():
                if sent:
                    break
                raise Canceled
            left_s = deadline - self._clock.monotonic()
            piece = data[sent : sent + _WRITE_BYTES]
            try:
                sent += self._device.write(pair.write_to, piece, _slice_ms(left_s))
                continue
            except usb.core.USBTimeoutError:
                pass
            except usb.core.USBError as error:
                stalled = self._after(error, pair.write_to, stalled)
            if left_s <= 0:
                break
        return sent

    def drop_input(self) -> None:
        """See `BytePort`."""
        for _ in range(_DROP_ROUNDS):
            if not self.read_some(0.0):
                return

    def check(self) -> None:
        """See `BytePort`: the socket's own entry in sysfs goes, or another device gets a new number there."""
        self._open_pair()
        if self._in_sysfs and not self._is_in_sysfs():
            raise self._lose()

    def _is_in_sysfs(self) -> bool:
        try:
            number = int((_SYS_DEVICES / bus_path_of(self._device) / "devnum").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return False
        return number == int(self._device.address)

    def _after(self, error: usb.core.USBError, pipe: int, stalled: bool) -> bool:
        """Clear a stall once, give up on everything else. Raises `PortLost`; returns that there was a stall."""
        if error.errno != errno.EPIPE or stalled:
            raise self._lose() from error
        try:
            self._device.clear_halt(pipe)
        except (usb.core.USBError, NotImplementedError) as worse:
            raise self._lose() from worse
        return True

    def _open_pair(self) -> BulkPair:
        if self._pair is None:
            raise PortLost(PortFault.LOST)
        return self._pair

    def _lose(self) -> PortLost:
        self.close()
        return PortLost(PortFault.LOST)


@functools.cache
def _say_that_libusb_is_missing() -> None:
    """Once, not at every try."""
    log.warning("no device on usb: can be used: libusb 1.0 is missing")


def bus_path_of(device: Any) -> str:
    """The socket a device is in, as sysfs names it: `1-2.3`."""
    return f"{device.bus}-{'.'.join(str(number) for number in device.port_numbers or (0,))}"


_GONE: Final = (errno.ENODEV, errno.ENOENT, errno.ENXIO, errno.EIO)


def _slice_ms(left_s: float) -> int:
    return max(_LEAST_MS, int(min(left_s, _SLICE_S) * 1000))


def _open_fault(error: Exception) -> PortFault:
    code = getattr(error, "errno", None)
    if code == errno.EBUSY:
        return PortFault.IN_USE
    return PortFault.ABSENT if code in _GONE else PortFault.REFUSED
