"""A barcode scanner that is not there: it sends what it is told to have seen.

With a `trigger` it speaks that family's command language and sees a code only while it was told to look,
as the real ones do; without one it looks always.

Faults count the bytes that the scanner sends (`byte N`) or the commands and codes (`command N`).  Beyond
the common ones: `split` (the next code comes in two halves, `gap_s` apart), `double` (the next code comes
twice), `flood` (`codes` different codes at once), `junk` (`bytes` bytes without an end), `refuse` (commands
are answered with a no), `unsupported` (with "I do not know that"), `mute` (commands are not answered, codes
are sent), `bad_sum` (the next packet or reply carries a wrong sum).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from devices.fault_script import Fault
from devices.scanner import ssi
from devices.scanner import trigger as words
from devices.simulator import Simulator
from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.device_settings import Suffix, Trigger
from kiosk.ipc import Method, Params

_SUFFIXES = {Suffix.CR: b"\r", Suffix.LF: b"\n", Suffix.CRLF: b"\r\n", Suffix.ANY: b"\r\n", Suffix.NONE: b""}
_AIM = {"qr": "]Q1", "code128": "]C0", "ean": "]E0", "datamatrix": "]d1", "pdf417": "]L0", "code39": "]A0"}
_SSI_TYPES = {name: number for number, name in ssi.SYMBOLOGIES.items()}
_MAX_COMMAND_BYTES = 64
_LOOK_S = 0.03
"""Between the command and the first picture."""


class BarcodeScannerSimulator(Simulator):
    """The scanner and its trigger."""

    name = "barcode-scanner"

    def __init__(
        self,
        link: Path | FarEnd,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        suffix: Suffix = Suffix.CRLF,
        aim_identifier: bool = False,
        trigger: Trigger = Trigger.NONE,
    ) -> None:
        super().__init__(link, baud=baud, script=script, clock=clock)
        self._suffix, self._aim, self._trigger = suffix, aim_identifier, trigger
        self._looking = False
        self._commands = bytearray()
        self._held: tuple[bytes, str] | None = None
        self._split_gap_s: float | None = None
        self._double = self._mute = self._bad_sum = False
        self._status = words.ACK
        self._scans = self._starts = self._stops = self._acknowledged = 0
        self._unacknowledged: list[bytes] = []

    def scan(self, code: bytes, symbology: str = "qr", hold: bool = False) -> bool:
        """Pass a code before the scanner; False when it was not looking. `hold` it there until it does."""
        with self.lock:
            self.command_arrived()
            if self._trigger is not Trigger.NONE and not self._looking:
                self._held = (code, symbology) if hold else None
                return False
            self._held = None
            self._scans += 1
            self._looking = False
            data = self._coded(code, symbology)
            if self._split_gap_s is not None:
                half, gap_s, self._split_gap_s = len(data) // 2, self._split_gap_s, None
                self.send(data[:half])
                self.later(gap_s, partial(self.send, data[half:]))
            else:
                self.send(data * (2 if self._double else 1))
            self._double = False
            self.changed()
            return True

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {
            "plugged": self._port.descriptor is not None,
            "scans": self._scans,
            "looking": self._trigger is Trigger.NONE or self._looking,
            "starts": self._starts,
            "stops": self._stops,
            "acknowledged": self._acknowledged,
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {"scan": self._scan, "set": self._set}

    def received(self, data: bytes) -> None:
        """See `Simulator`: whole commands are obeyed; a scanner without a trigger listens to nobody."""
        if self._trigger is Trigger.NONE:
            return
        self._commands += data
        while self._commands and (size := self._first_command()):
            command = bytes(self._commands[:size])
            del self._commands[:size]
            self._obey(command)
        del self._commands[: max(0, len(self._commands) - _MAX_COMMAND_BYTES)]

    def powered_off(self) -> None:
        """See `Simulator`."""
        self._looking = False
        self._commands.clear()
        self._unacknowledged.clear()

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
        elif fault.do in ("refuse", "unsupported"):
            self._status = words.NAK if fault.do == "refuse" else words.ENQ
            if fault.for_s is not None:
                self.later(fault.for_s, self._agree_again)
        elif fault.do == "mute":
            self._mute = True
            if fault.for_s is not None:
                self.later(fault.for_s, self._answer_again)
        elif fault.do == "bad_sum":
            self._bad_sum = True
        else:
            super().suffer(fault)

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._agree_again()
            self._answer_again()
            super().heal()

    # -- the command languages -----------------------------------------------------------------------

    def _first_command(self) -> int:
        """The size of the command at the beginning; 0 while it is not whole. Noise is a command of one byte."""
        held = self._commands
        match self._trigger:
            case Trigger.NEWLAND if held[0] == words.NEWLAND_HEAD[0]:
                return (
                    held.find(words.NEWLAND_TAIL) + len(words.NEWLAND_TAIL)
                    if words.NEWLAND_TAIL in held
                    else 0
                )
            case Trigger.HONEYWELL if held[:3] == words.HONEYWELL_MENU:
                return held.find(b".") + 1
            case Trigger.HONEYWELL if held[0] == words.HONEYWELL_MENU[0]:
                return 3 if len(held) >= 3 else 0
            case Trigger.ZEBRA_SSI:
                return held[0] + 2 if len(held) >= held[0] + 2 else 0
            case Trigger.GM65 if held[0] == words.GM65_HEAD[0]:
                return 9 if len(held) >= 9 else 0
            case _:
                return 1

    def _obey(self, command: bytes) -> None:
        self.command_arrived()
        match self._trigger:
            case Trigger.NEWLAND if command.startswith(words.NEWLAND_HEAD):
                tag = command[len(words.NEWLAND_HEAD) + 1 : -len(words.NEWLAND_TAIL)]
                self._turn(tag == b"SCNTRG1", tag == b"SCNTRG0")
                self._answer(words.newland_reply(tag, self._status))
            case Trigger.HONEYWELL if command.startswith(words.HONEYWELL_MENU):
                self._answer(command[3:-2] + b"0" + self._status + b".")
            case Trigger.HONEYWELL:
                self._turn(command == b"\x16T\r", command == b"\x16U\r")
            case Trigger.ZEBRA_SSI:
                self._obey_packet(command)
            case Trigger.GM65 if command[:4] == words.GM65_HEAD + b"\x08\x01":
                self._obey_gm65(command)
            case _:
                pass

    def _obey_packet(self, command: bytes) -> None:
        if command[-2:] != ssi.check_sum(command[:-2]):
            self._answer(ssi.packet(ssi.NAK, bytes((ssi.NAK_RESEND,)), source=ssi.DECODER))
            return
        match command[1]:
            case ssi.ACK:
                self._acknowledged += 1
                if self._unacknowledged:
                    self._unacknowledged.pop(0)
            case ssi.NAK:
                if self._unacknowledged:
                    self.send(self._unacknowledged[0])
            case ssi.START_SESSION | ssi.STOP_SESSION:
                self._turn(command[1] == ssi.START_SESSION, command[1] == ssi.STOP_SESSION)
                agreed = self._status == words.ACK
                data = b"" if agreed else bytes((ssi.NAK_DENIED,))
                self._answer(ssi.packet(ssi.ACK if agreed else ssi.NAK, data, source=ssi.DECODER))

    def _obey_gm65(self, command: bytes) -> None:
        if command[7:] not in (words.gm65_crc(command[2:7]), b"\xab\xcd"):
            return  # it says nothing to a command that it cannot trust
        if command[4:6] == b"\x00\x02":
            self._turn(command[6] == 1, command[6] == 0)
        self._answer(words.gm65_reply(status=0 if self._status == words.ACK else 1))

    def _turn(self, start: bool, stop: bool) -> None:
        self._starts += start
        self._stops += stop
        if self._status == words.ACK and (start or stop):
            self._looking = start
            if start and self._held is not None:
                self.later(_LOOK_S, self._see_what_is_held)
            self.changed()

    def _see_what_is_held(self) -> None:
        if self._held is not None and self._looking:
            self.scan(*self._held)

    def _answer(self, reply: bytes) -> None:
        if not self._mute:
            self.send(self._spoiled(reply))

    def _coded(self, code: bytes, symbology: str) -> bytes:
        """The code as this scanner sends it."""
        prefix = _AIM.get(symbology, "").encode("ascii") if self._aim else b""
        text = prefix + code + _SUFFIXES[self._suffix]
        if self._trigger is not Trigger.ZEBRA_SSI:
            return text
        kind = bytes((_SSI_TYPES.get(symbology, 0),))
        room = ssi.MAX_DATA_BYTES - 1
        parts = [text[at : at + room] for at in range(0, len(text), room)]
        packets = [
            ssi.packet(
                ssi.DECODE_DATA, kind + part, source=ssi.DECODER, status=0x02 if number < len(parts) else 0
            )
            for number, part in enumerate(parts, start=1)
        ]
        self._unacknowledged = packets.copy()
        return self._spoiled(b"".join(packets))

    def _spoiled(self, data: bytes) -> bytes:
        if not self._bad_sum:
            return data
        self._bad_sum = False
        return data[:-1] + bytes((data[-1] ^ 0xFF,))

    def _agree_again(self) -> None:
        self._status = words.ACK

    def _answer_again(self) -> None:
        self._mute = False

    # -- hands ---------------------------------------------------------------------------------------

    def _scan(self, params: Params) -> dict[str, Any]:
        if "bytes_hex" in params:
            code = bytes.fromhex(str(params["bytes_hex"]))
        elif "text" in params:
            code = str(params["text"]).encode(str(params.get("encoding", "utf-8")))
        else:
            raise ValueError("scan needs `text` or `bytes_hex`")
        return {"seen": self.scan(code, str(params.get("symbology", "qr")), bool(params.get("hold", False)))}

    def _set(self, params: Params) -> None:
        self._suffix = Suffix(params.get("suffix", self._suffix))
        self._aim = bool(params.get("aim_identifier", self._aim))
        self._trigger = Trigger(params.get("trigger", self._trigger))
