"""A receipt printer that is not there: it answers, runs out of paper, jams, and shows what it printed.

It reads into a buffer of 4 KiB and prints from it as fast as its paper moves.  Faults count the bytes that the
printer *prints from its buffer* (`byte N`).  Beyond the common ones: `paper_out`, `cover_open`, `cutter_jam`,
`offline` (each for `for_s`, or until it is put right), and `power_cut` (everything buffered is lost; back after
`for_s`).  Pulling the data cable (`unplug`) leaves the printer its power: what is buffered is printed to the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from devices.fault_script import Fault
from devices.simulator import Simulator
from devices.slip_printer.interpreter import INK, Kind, Operation, next_operation
from devices.slip_printer.paper_motion import PaperMotion
from devices.slip_printer.renderer import render
from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

_BUFFER_BYTES = 4096
_KEPT_SLIPS = 20
_DOTS_PER_MM = 8.0
_SPEED_MM_S = 250.0
"""An ordinary thermal head."""
_CLEAR_BUFFER = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
_CLEARED = b"\x37\x25\x00"


@dataclass(slots=True)
class Firmware:
    """What the printer's program does, and does not."""

    marks: bool = True
    """Answers GS ( H."""
    tokens: bool = True
    """Answers GS r."""
    mute: bool = False
    """Answers nothing at all."""
    hasty: bool = False
    """Answers queued questions as soon as it has read them, with the slip still in its buffer."""
    presenter: str = ""
    """Where it tells of a slip in its mouth: "torn" (DLE EOT 1, bit 7), "mouth" (DLE EOT 4, bit 6), or not."""
    speed_mm_s: float | None = _SPEED_MM_S
    """How fast the paper moves; None: at once."""
    ahead_mm: float = 0.0
    """How far it reads ahead of its paper."""
    identity: tuple[str, str, str] = ("SIM-80", "1.00", "000000")
    """Model, firmware and serial number, as it answers GS I; empty texts are not answered."""


@dataclass(slots=True)
class Hardware:
    """What a hand can change on the printer."""

    paper: str = "full"
    cover: str = "closed"
    cutter: str = "ok"
    online: bool = True


class ReceiptPrinterSimulator(Simulator):
    """The printer, its roll of paper and the slips it has cut."""

    name = "receipt-printer"

    def __init__(
        self,
        link: Path | FarEnd,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        firmware: Firmware | None = None,
        width_dots: int = 576,
    ) -> None:
        super().__init__(link, baud=baud, script=script, clock=clock)
        self.hardware, self.firmware = Hardware(), firmware or Firmware()
        self.slips: list[bytes] = []
        """The bytes of each slip that was cut and had ink on it, the newest last."""
        self._count, self._width = 0, width_dots
        self._taken = True
        self._line = bytearray()
        """What a full buffer has no room for; it stands on the line, real-time questions too."""
        self._buffer = bytearray()
        self._unread = bytearray()
        """What a hasty firmware has not looked through yet."""
        self._slip = bytearray()
        self._slip_has_ink = False
        self._tail = bytes(len(_CLEAR_BUFFER))
        self._auto_status = 0
        self._motion = PaperMotion()
        self._head_free_at = 0.0
        self._will_work = False

    @property
    def paper_so_far(self) -> bytes:
        """What has been printed since the last cut."""
        return bytes(self._slip)

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        hardware = self.hardware
        return {
            "plugged": self._port.plugged,
            "paper": hardware.paper,
            "cover": hardware.cover,
            "cutter": hardware.cutter,
            "online": hardware.online,
            "slips": self._count,
            "taken": self._taken,
            "buffered": len(self._buffer),
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {
            "take_paper": lambda _params: self.take_paper(),
            "set": self._set,
            "last_slip": self._last_slip,
        }

    def take_paper(self) -> None:
        """Tear the slip off."""
        with self.lock:
            self._taken = True
            self.changed()

    def put(self, **changes: Any) -> None:
        """Change the hardware: paper, cover, cutter, online."""
        allowed = {"paper": ("full", "low", "out"), "cover": ("open", "closed"), "cutter": ("ok", "jam")}
        with self.lock:
            for name, value in changes.items():
                if name != "online" and value not in allowed.get(name, ()):
                    raise ValueError(f"{name}={value!r}; possible: {allowed | {'online': (True, False)}}")
                setattr(self.hardware, name, value)
            self._tell_auto_status()
            self._work()
            self.changed()

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        broken = {
            "paper_out": ("paper", "out", "full"),
            "cover_open": ("cover", "open", "closed"),
            "cutter_jam": ("cutter", "jam", "ok"),
            "offline": ("online", False, True),
        }
        if fault.do == "power_cut":
            self._lose_power()
            self.unplug(fault.for_s)
        elif fault.do in broken:
            name, bad, good = broken[fault.do]
            self.put(**{name: bad})
            if fault.for_s is not None:
                self.later(fault.for_s, lambda: self.put(**{name: good}))
        else:
            super().suffer(fault)

    def sent_bytes(self, count: int) -> None:
        """Faults count printed bytes here, not answers."""

    def may_send(self, wanted: int) -> int:
        """See `sent_bytes`."""
        return wanted

    def accepts_input(self) -> bool:
        """A full buffer takes nothing, not even a real-time question: it waits in the line."""
        return not self._line

    def received(self, data: bytes) -> None:
        """See `Simulator`."""
        self._line += data
        self._work()

    def powered_off(self) -> None:
        """See `Simulator`: the data cable only; what was not read yet is lost with it."""
        self._line.clear()

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            super().heal()
            self._will_work = False
            self._work()

    def _read_line(self) -> bool:
        """Move what there is room for into the buffer; whether anything came."""
        room = _BUFFER_BYTES - len(self._buffer)
        data = bytes(self._line[:room])
        del self._line[: len(data)]
        for value in data:
            self._buffer.append(value)
            self._unread.append(value)
            self._tail = self._tail[1:] + bytes((value,))
            self._real_time()
        if self.firmware.hasty:
            self._answer_hastily()
        else:
            self._unread.clear()
        return bool(data)

    def _real_time(self) -> None:
        """Real-time commands act on arrival, wherever they stand: even inside an image."""
        last = self._tail[-3:]
        if last[:2] == b"\x10\x04" and 1 <= last[2] <= 4:
            self._answer(bytes((self._status_byte(last[2]),)))
        elif last == b"\x10\x05\x02":
            self._buffer.clear()
        elif self._tail == _CLEAR_BUFFER:
            self._buffer.clear()
            self._answer(_CLEARED)

    def _answer_hastily(self) -> None:
        while (operation := next_operation(self._unread)) is not None:
            del self._unread[: operation.length]
            self._answer_queued(operation)

    def _answer(self, data: bytes) -> None:
        if not self.firmware.mute:
            self.send(data)

    def _status_byte(self, number: int) -> int:
        hardware, value = self.hardware, 0x12
        stopped = not self._can_print()
        if number == 1:
            value |= 0x08 if stopped else 0
            value |= 0x80 if self.firmware.presenter == "torn" and not self._taken else 0
        elif number == 2:
            value |= 0x04 if hardware.cover == "open" else 0
            value |= 0x20 if hardware.paper == "out" else 0
            value |= 0x40 if hardware.cutter == "jam" else 0
        elif number == 3:
            value |= 0x08 if hardware.cutter == "jam" else 0
        else:
            value |= 0x0C if hardware.paper in ("low", "out") else 0
            value |= 0x60 if hardware.paper == "out" else 0
            if self.firmware.presenter == "mouth":
                value = value & ~0x40 | (0 if self._taken else 0x40)
        return value

    def _can_print(self) -> bool:
        hardware = self.hardware
        return (
            hardware.online
            and hardware.paper != "out"
            and hardware.cover == "closed"
            and hardware.cutter == "ok"
        )

    def _work(self) -> None:
        """Read and print, as far as buffer, paper, cover, cutter, head and faults let it."""
        while self._print_buffer() or self._read_line():
            pass

    def _print_buffer(self) -> bool:
        """Print what is buffered; whether anything was."""
        worked = False
        while self._can_print() and (operation := next_operation(self._buffer)) is not None:
            if self._waits_for_head():
                break
            worked = True
            allowed = self._faults.bytes_until_next()
            if allowed is not None and operation.length > allowed:
                for fault in self._faults.count_bytes(allowed):
                    self.suffer(fault)
                continue
            done = bytes(self._buffer[: operation.length])
            del self._buffer[: operation.length]
            self._slip += done
            for fault in self._faults.count_bytes(operation.length):
                self.suffer(fault)
            self._execute(operation)
        return worked

    def _waits_for_head(self) -> bool:
        """Whether the paper of what was executed before still moves; then work goes on when it stands."""
        firmware = self.firmware
        ahead_s = firmware.ahead_mm / firmware.speed_mm_s if firmware.speed_mm_s else 0.0
        left_s = self._head_free_at - ahead_s - self._clock.monotonic()
        if left_s <= 0:
            return False
        if not self._will_work:
            self._will_work = True
            self.later(left_s, self._work_on)
        return True

    def _work_on(self) -> None:
        self._will_work = False
        self._work()

    def _execute(self, operation: Operation) -> None:
        self._move_paper(self._motion.dots(operation))
        if operation.kind in INK:
            self._slip_has_ink = True
        elif operation.kind is Kind.AUTO_STATUS:
            self._auto_status = operation.data[0]
            self._tell_auto_status()
        elif operation.kind is Kind.CUT:
            self._cut()
        elif not self.firmware.hasty:
            self._answer_queued(operation)

    def _move_paper(self, dots: int) -> None:
        if speed := self.firmware.speed_mm_s:
            started = max(self._head_free_at, self._clock.monotonic())
            self._head_free_at = started + dots / (speed * _DOTS_PER_MM)

    def _answer_queued(self, operation: Operation) -> None:
        if operation.kind is Kind.PAPER_QUERY and self.firmware.tokens:
            self._answer(b"\x03" if self.hardware.paper == "low" else b"\x00")
        elif operation.kind is Kind.CONFIRMATION and self.firmware.marks:
            self._answer(b"\x37\x22" + operation.data + b"\x00")
        elif operation.kind is Kind.IDENTITY and (text := self._identity(operation.data[0])):
            self._answer(b"\x5f" + text.encode("ascii") + b"\x00")

    def _identity(self, what: int) -> str:
        model, firmware, serial_number = self.firmware.identity
        return {67: model, 65: firmware, 68: serial_number}.get(what, "")

    def _cut(self) -> None:
        slip, has_ink = bytes(self._slip), self._slip_has_ink
        self._slip.clear()
        self._slip_has_ink = False
        if has_ink:
            self.slips = [*self.slips[1 - _KEPT_SLIPS :], slip]
            self._count += 1
            self._taken = False
            self.changed()

    def _tell_auto_status(self) -> None:
        if self._auto_status:
            first = (
                0x10 | (0x08 if not self._can_print() else 0) | (0x20 if self.hardware.cover == "open" else 0)
            )
            second = 0x08 if self.hardware.cutter == "jam" else 0
            third = {"full": 0, "low": 0x03, "out": 0x0F}[self.hardware.paper]
            self._answer(bytes((first, second, third, 0)))

    def _lose_power(self) -> None:
        self._buffer.clear()
        self._unread.clear()
        self._tail = bytes(len(_CLEAR_BUFFER))
        self._auto_status = 0
        self._motion = PaperMotion()

    def _set(self, params: Params) -> None:
        """Hardware and firmware, by name."""
        firmware = {name: value for name, value in params.items() if name in Firmware.__slots__}
        self.firmware = msgspec.convert(asdict(self.firmware) | firmware, Firmware)
        self.put(**{name: value for name, value in params.items() if name not in firmware})

    def _last_slip(self, params: Params) -> dict[str, Any]:
        if not self.slips:
            raise ValueError("nothing has been printed yet")
        slip = self.slips[-1]
        if target := params.get("bin"):
            Path(target).write_bytes(slip)
        if target := params.get("png"):
            render(slip, self._width).save(target, "PNG")
        return {"bytes": len(slip), "slips": self._count}
