"""A scanner in keyboard mode that is not there, for `driver = "scanner-keyboard"` with `port = "sim:LINK"`.

An event node cannot be made without the kernel's help (/dev/uinput), so the events come through a named pipe, and
`control` answers what the driver asks of a node: a lock stands for the grab.  Faults count the bytes of the events.
Other than those of the barcode scanner: noise is keys that mean nothing, and a slow one is slow from event to event,
because a node gives whole events only.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from devices.fault_script import Fault
from devices.scanner import key_codes as keys
from devices.scanner.evdev_node import EVIOCGBIT_KEY, EVIOCGRAB
from devices.scanner.keyboard import EVENT
from devices.scanner.keyboard_simulator import REPORT, InputEvent, as_bytes, typed
from devices.scanner.simulator import BarcodeScannerSimulator
from devices.transport.far_end import FarEnd

SIMULATED: Final = "sim:"
_ROOM_BYTES: Final = 1024 * 1024
_NOISE: Final = [InputEvent(keys.EV_KEY, 0x2F0, 1), REPORT, InputEvent(keys.EV_KEY, 0x2F0, 0), REPORT] * 3


def control(descriptor: int, request: int, argument: Any) -> int:
    """What `ioctl` is to a real node. Raises `OSError` where another program has it."""
    if request == EVIOCGRAB:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB if argument else fcntl.LOCK_UN)
    elif request == EVIOCGBIT_KEY:
        for code in (*keys.TYPED, keys.ENTER):
            argument[code // 8] |= 1 << code % 8
    return 0


class _EventPipe(FarEnd):
    """The named pipe at `link`; it never hears anything."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._pipe: int | None = None
        self._never = os.pipe()

    def __str__(self) -> str:
        return f"{SIMULATED}{self.link}"

    @property
    def descriptor(self) -> int | None:
        """See `FarEnd`: something that never has anything to read."""
        return None if self._pipe is None else self._never[0]

    def plug(self) -> None:
        """See `FarEnd`."""
        if self._pipe is not None:
            return
        self.link.unlink(missing_ok=True)
        os.mkfifo(self.link, 0o600)
        self._pipe = os.open(self.link, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _ROOM_BYTES)

    def unplug(self) -> None:
        """See `FarEnd`."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            self.link.unlink(missing_ok=True)
            os.close(pipe)

    def read(self) -> bytes:
        """See `FarEnd`."""
        return b""

    def write(self, data: bytes) -> None:
        """See `FarEnd`."""
        if self._pipe is not None:
            try:
                os.write(self._pipe, data)
            except BlockingIOError:
                pass  # nobody reads

    def close(self) -> None:
        """Leave nothing open."""
        self.unplug()
        for end in self._never:
            os.close(end)


class KeyboardScannerSimulator(BarcodeScannerSimulator):
    """The scanner; what it sees it types."""

    name = "keyboard-scanner"

    def __init__(self, link: Path, **options: Any) -> None:
        self._node = _EventPipe(link)
        super().__init__(self._node, **options)

    def close(self) -> None:
        """See `Simulator`."""
        super().close()
        self._node.close()

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return super().state() | {"types": True}

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "garbage":
            self._port.write(as_bytes(_NOISE))
        elif fault.do == "dribble":
            gap_s = float(fault.options.get("gap_s", 0.05)) / EVENT.size
            super().suffer(replace(fault, options=fault.options | {"gap_s": gap_s}))
        elif fault.do == "flood":
            codes = range(int(fault.options.get("codes", 1000)))
            self.send(b"".join(self._coded(b"flood-%06d" % number, "") for number in codes))
        elif fault.do == "junk":
            self.send(as_bytes(typed("x" * int(fault.options.get("bytes", 5000)), None)))
        else:
            super().suffer(fault)

    def _coded(self, code: bytes, symbology: str) -> bytes:
        return as_bytes(typed(code.decode("utf-8", errors="replace")))
