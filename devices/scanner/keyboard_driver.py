"""Hears a barcode scanner that types like a keyboard, from its event node and from nowhere else.

Whatever is typed outside a session is thrown away like any other code; nothing of it ever reaches a field.
"""

from __future__ import annotations

import threading
from collections import deque

from devices.scanner.evdev_node import EvdevNode, NotAKeyboard
from devices.scanner.keyboard import Dropped, KeyReader, Spoilt, Typed
from devices.scanner.protocol import SILENCE_S, ScanReader
from devices.transport.byte_port import Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.device_settings import Suffix
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ports import BarcodeScanner, NotScanned, Scan

_FORGET_ROUNDS = 64
"""More than the kernel keeps for a keyboard."""


class KeyboardScanner(BarcodeScanner):
    """A scanner in keyboard mode."""

    def __init__(
        self,
        node: EvdevNode,
        suffix: Suffix = Suffix.ANY,
        aim_identifier: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._node = node
        self._keys = KeyReader()
        # Every end that can be typed arrives as one and the same.
        typed_end = suffix if suffix in (Suffix.ANY, Suffix.NONE) else Suffix.CR
        self._reader = ScanReader(typed_end, aim_identifier)
        self._found: deque[Scan | NotScanned] = deque()

    def open(self) -> DeviceStatus:
        """See `DevicePort`. A keyboard that cannot be had for ourselves alone is not online."""
        self._keys = KeyReader()  # half an event of the keyboard that was pulled out belongs to no key
        try:
            self._node.open()
            self._ask_for_keys()
        except NotAKeyboard:
            return DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.WRONG_DEVICE)
        except PortLost as lost:
            return lost_status(lost.fault)
        self._reader.forget()
        self._found.clear()
        return self.status()

    def close(self) -> None:
        """See `DevicePort`."""
        self._node.close()

    def status(self) -> DeviceStatus:
        """See `DevicePort`. A keyboard cannot be asked: online means that it is there and grabbed."""
        try:
            self._node.check()
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
                self._take(self._node.read_some(until, cancel))
                if self._clock.monotonic() >= deadline:
                    break
        except (Canceled, PortLost):
            return None
        return self._found.popleft() if self._found else None

    def forget(self) -> None:
        """See `BarcodeScanner`."""
        try:
            # Read and followed, not flushed: a shift that is let go of meanwhile must be noticed.
            for _ in range(_FORGET_ROUNDS):
                if not (data := self._node.read_some(0.0)):
                    break
                self._take(data)
        except PortLost:
            pass  # the device thread notices at its next question
        self._keys.forget()
        self._reader.forget()
        self._found.clear()

    def _take(self, data: bytes) -> None:
        now = self._clock.monotonic()
        if not data:
            self._found += self._reader.quiet(now)
            return
        for stroke in self._keys.feed(data):
            match stroke:
                case Typed(typed):
                    self._found += self._reader.feed(typed, now)
                case Spoilt():
                    self._reader.spoil(now)
                case Dropped():
                    self._reader.spoil(now)
                    self._ask_for_keys()

    def _ask_for_keys(self) -> None:
        self._keys.keys_are(self._node.keys_held(), self._node.caps_lock())
