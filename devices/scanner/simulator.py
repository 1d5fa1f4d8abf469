"""A barcode scanner that is not there: it sends what it is told to have seen.

Faults count the bytes that the scanner sends (`byte N`) or the codes (`command N`).  Beyond the common
ones: `split` (the next code comes in two halves, `gap_s` apart), `double` (the next code comes twice),
`flood` (`codes` different codes at once), `junk` (`bytes` bytes without an end).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from devices.fault_script import Fault
from devices.simulator import Simulator
from kiosk.clock import Clock
from kiosk.device_settings import Suffix
from kiosk.ipc import Method, Params

_SUFFIXES = {Suffix.CR: b"\r", Suffix.LF: b"\n", Suffix.CRLF: b"\r\n", Suffix.ANY: b"\r\n", Suffix.NONE: b""}
_AIM = {"qr": "]Q1", "code128": "]C0", "ean": "]E0", "datamatrix": "]d1", "pdf417": "]L0", "code39": "]A0"}


class BarcodeScannerSimulator(Simulator):
    """The scanner and its trigger."""

    name = "barcode-scanner"

    def __init__(
        self,
        link: Path,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        suffix: Suffix = Suffix.CRLF,
        aim_identifier: bool = False,
    ) -> None:
        super().__init__(link, baud=baud, script=script, clock=clock)
        self._suffix, self._aim = suffix, aim_identifier
        self._split_gap_s: float | None = None
        self._double = False
        self._scans = 0

    def scan(self, code: bytes, symbology: str = "qr") -> None:
        """See a code."""
        with self.lock:
            self._scans += 1
            self.command_arrived()
            prefix = _AIM.get(symbology, "").encode("ascii") if self._aim else b""
            data = prefix + code + _SUFFIXES[self._suffix]
            if self._split_gap_s is not None:
                half, gap_s, self._split_gap_s = len(data) // 2, self._split_gap_s, None
                self.send(data[:half])
                self.later(gap_s, partial(self.send, data[half:]))
            else:
                self.send(data * (2 if self._double else 1))
            self._double = False
            self.changed()

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {"plugged": self._port.descriptor is not None, "scans": self._scans}

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {"scan": self._scan, "set": self._set}

    def received(self, data: bytes) -> None:
        """Whatever the terminal says: this scanner is set to listen to nobody."""

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "split":
            self._split_gap_s = float(fault.options.get("gap_s", 0.02))
        elif fault.do == "double":
            self._double = True
        elif fault.do == "flood":
            codes = int(fault.options.get("codes", 1000))
            self.send(b"".join(b"flood-%06d" % number + _SUFFIXES[self._suffix] for number in range(codes)))
        elif fault.do == "junk":
            self.send(b"\x07" * int(fault.options.get("bytes", 5000)))
        else:
            super().suffer(fault)

    def _scan(self, params: Params) -> None:
        if "bytes_hex" in params:
            code = bytes.fromhex(str(params["bytes_hex"]))
        elif "text" in params:
            code = str(params["text"]).encode("utf-8")
        else:
            raise ValueError("scan needs `text` or `bytes_hex`")
        self.scan(code, str(params.get("symbology", "qr")))

    def _set(self, params: Params) -> None:
        self._suffix = Suffix(params.get("suffix", self._suffix))
        self._aim = bool(params.get("aim_identifier", self._aim))
