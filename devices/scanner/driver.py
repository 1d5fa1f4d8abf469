"""Hears what a barcode scanner in serial mode sends. It never speaks to the scanner."""

from __future__ import annotations

import threading
from collections import deque

from devices.scanner.protocol import SILENCE_S, ScanReader
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.device_settings import Suffix
from kiosk.domain.device_status import DeviceCapabilities, DeviceState, DeviceStatus
from kiosk.ports import BarcodeScanner, NotScanned, Scan


class SerialScanner(BarcodeScanner):
    """A scanner on a serial line."""

    def __init__(
        self,
        port: BytePort,
        suffix: Suffix = Suffix.ANY,
        aim_identifier: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._reader = ScanReader(suffix, aim_identifier)
        self._found: deque[Scan | NotScanned] = deque()

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            self._port.open()
        except PortLost as lost:
            return lost_status(lost.fault)
        self._reader.forget()
        self._found.clear()
        return self.status()

    def close(self) -> None:
        """See `DevicePort`."""
        self._port.close()

    def status(self) -> DeviceStatus:
        """See `DevicePort`. A scanner that only sends cannot be asked: online means its port is there."""
        try:
            self._port.check()
        except PortLost as lost:
            return lost_status(lost.fault)
        return DeviceStatus(state=DeviceState.ONLINE)

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return DeviceCapabilities()

    def next_scan(self, timeout_s: float, cancel: threading.Event) -> Scan | NotScanned | None:
        """See `BarcodeScanner`."""
        deadline = self._clock.monotonic() + timeout_s
        try:
            while not self._found:
                now = self._clock.monotonic()
                until = min(deadline, now + SILENCE_S) if self._reader.pending else deadline
                data = self._port.read_some(until, cancel)
                now = self._clock.monotonic()
                self._found += self._reader.feed(data, now) if data else self._reader.quiet(now)
                if now >= deadline:
                    break
        except (Canceled, PortLost):
            return None
        return self._found.popleft() if self._found else None

    def forget(self) -> None:
        """See `BarcodeScanner`."""
        self._reader.forget()
        self._found.clear()
        try:
            self._port.drop_input()
        except PortLost:
            pass  # the device thread notices at its next question
