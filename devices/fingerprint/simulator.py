"""A fingerprint module that is not there, and fingers to press on it.

A finger is a name; pressed twice it gives two templates that differ and match, as real ones do.  Faults count
the bytes that the module sends (`byte N`) or the commands (`command N`).  Beyond the common ones: `bad_image`
(the next press is not clear), `code` (`code`, hexadecimal, instead of one acknowledgement), `bad_sum` (one
packet), `late` (one acknowledgement, `for_s` seconds).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from devices.fault_script import Fault
from devices.fingerprint.protocol import (
    PACKET_BYTES,
    Code,
    Command,
    Kind,
    Packet,
    PacketReader,
    data_packets,
    packet,
)
from devices.simulator import Simulator
from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

TEMPLATE_BYTES = 512
_PRESS_BYTES = 16
"""The part of a template that is of this pressing, not of the finger."""
_SYSTEM = 9
_PACKET_SIZE_CODE = 2
_SCORE = 120


class FingerprintReaderSimulator(Simulator):
    """The module: a window, an image, two buffers."""

    name = "fingerprint-reader"

    def __init__(
        self,
        link: Path | FarEnd,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        password: int = 0,
    ) -> None:
        super().__init__(link, baud=baud, script=script, clock=clock)
        self._password = password
        self._reader = PacketReader()
        self._finger: str | None = None
        self._presses = itertools.count(1)
        self._image: bytes | None = None
        self._image_is_bad = False
        self._buffers: dict[int, bytes] = {}
        self._taking: tuple[int, bytearray] | None = None
        self._spoil: list[Fault] = []
        self.commands: list[int] = []

    def place_finger(self, finger: str = "测试甲", *, clear: bool = True) -> None:
        """Press a finger on the window."""
        with self.lock:
            self._finger = finger
            self._image_is_bad = not clear
            self.changed()

    def lift_finger(self) -> None:
        """Take it away."""
        with self.lock:
            self._finger = None
            self.changed()

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._spoil.clear()
            self._image_is_bad = False
            super().heal()

    def state(self) -> dict[str, Any]:
        """See `Simulator`. What a template holds is not shown."""
        return {
            "plugged": self._port.plugged,
            "finger": self._finger,
            "buffers_filled": sorted(self._buffers),
            "commands": len(self.commands),
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {"place_finger": self._place, "lift_finger": lambda _params: self.lift_finger()}

    def received(self, data: bytes) -> None:
        """See `Simulator`."""
        for found in self._reader.feed(data):
            if found.kind == Kind.COMMAND:
                self.commands.append(found.content[0])
                self.command_arrived()
                self._do(found.content)
            else:
                self._take(found)

    def powered_off(self) -> None:
        """See `Simulator`."""
        self._reader.forget()
        self._buffers.clear()
        self._image = self._taking = None

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "bad_image":
            self._image_is_bad = True
        elif fault.do in ("code", "bad_sum", "late"):
            self._spoil.append(fault)
        else:
            super().suffer(fault)

    # -- commands --------------------------------------------------------------------------------------

    def _do(self, content: bytearray) -> None:
        asked, arguments = content[0], content[1:]
        if asked == Command.VERIFY_PASSWORD:
            right = int.from_bytes(arguments, "big") == self._password
            self._acknowledge(Code.OK if right else Code.WRONG_PASSWORD)
        elif asked == Command.READ_PARAMETERS:
            words = (0, _SYSTEM, 300, 3, 0xFFFF, 0xFFFF, _PACKET_SIZE_CODE, 6)
            self._acknowledge(Code.OK, b"".join(word.to_bytes(2, "big") for word in words))
        elif asked == Command.GET_IMAGE:
            self._look()
        elif asked == Command.MAKE_TEMPLATE:
            self._make(arguments[0])
        elif asked == Command.MATCH:
            self._match()
        elif asked == Command.SEND_TEMPLATE:
            self._give(arguments[0])
        elif asked == Command.TAKE_TEMPLATE:
            self._taking = (arguments[0], bytearray())
            self._acknowledge(Code.OK)
        else:
            self._acknowledge(Code.PACKET_ERROR)

    def _look(self) -> None:
        if self._finger is None:
            self._acknowledge(Code.NO_FINGER)
            return
        self._image = b"" if self._image_is_bad else _template(self._finger, next(self._presses))
        self._acknowledge(Code.OK)

    def _make(self, buffer: int) -> None:
        if self._image is None:
            self._acknowledge(Code.NO_IMAGE)
        elif not self._image:
            self._acknowledge(Code.IMAGE_MESSY)
        else:
            self._buffers[buffer] = self._image
            self._acknowledge(Code.OK)

    def _match(self) -> None:
        first, second = self._buffers.get(1), self._buffers.get(2)
        alike = first is not None and second is not None and first[:-_PRESS_BYTES] == second[:-_PRESS_BYTES]
        self._acknowledge(Code.OK if alike else Code.NO_MATCH, (_SCORE if alike else 0).to_bytes(2, "big"))

    def _give(self, buffer: int) -> None:
        held = self._buffers.get(buffer)
        if held is None:
            self._acknowledge(Code.NO_IMAGE)
            return
        self._acknowledge(Code.OK)
        for one in data_packets(held, PACKET_BYTES[_PACKET_SIZE_CODE]):
            self._out(one, of_data=True)

    def _take(self, part: Packet) -> None:
        if self._taking is None:
            return
        buffer, gathered = self._taking
        gathered += part.content
        if part.kind == Kind.LAST_DATA:
            self._buffers[buffer] = bytes(gathered)
            self._taking = None

    # -- answers ---------------------------------------------------------------------------------------

    def _acknowledge(self, code: Code, more: bytes = b"") -> None:
        fault = next((fault for fault in self._spoil if fault.do == "code"), None)
        if fault is not None:
            self._spoil.remove(fault)
            self._out(packet(Kind.ACKNOWLEDGE, bytes((int(str(fault.options["code"]), 16),))))
        else:
            self._out(packet(Kind.ACKNOWLEDGE, bytes((code,)) + more))

    def _out(self, data: bytes, of_data: bool = False) -> None:
        for fault in list(self._spoil):
            if fault.options.get("data", False) is not of_data:
                continue
            self._spoil.remove(fault)
            if fault.do == "late":
                self.later(fault.for_s or 1.0, partial(self.send, data))
                return
            data = data[:-1] + bytes((data[-1] ^ 1,))
        self.send(data)

    def _place(self, params: Params) -> None:
        self.place_finger(str(params.get("finger", "测试甲")), clear=bool(params.get("clear", True)))


def _template(finger: str, press: int) -> bytes:
    """Bytes that stand for a finger, and a few for this pressing of it."""
    steps = (hashlib.sha256(f"{finger} {step}".encode()).digest() for step in itertools.count())
    body = b"".join(itertools.islice(steps, TEMPLATE_BYTES // 32))[: TEMPLATE_BYTES - _PRESS_BYTES]
    return body + press.to_bytes(_PRESS_BYTES, "big")
