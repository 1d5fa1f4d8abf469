"""A receipt printer that is not there: it answers, runs out of paper, jams, and shows what it printed.

Faults count the bytes that the printer *prints from its buffer* (`byte N`).  Beyond the common ones:
`paper_out`, `cover_open`, `cutter_jam`, `offline` (each for `for_s`, or until it is put right), and
`power_cut` (everything buffered is lost; back after `for_s`).  Pulling the data cable (`unplug`) leaves
the printer its power: what is buffered is printed to the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.fault_script import Fault
from devices.simulator import Simulator
from devices.slip_printer.interpreter import INK, Kind, Operation, next_operation
from devices.slip_printer.renderer import render
from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

_BUFFER_BYTES = 4096
_KEPT_SLIPS = 20


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
        marks: bool = True,
        presenter: bool = False,
        width_dots: int = 576,
    ) -> None:
        super().__init__(link, baud=baud, script=script, clock=clock)
        self.hardware = Hardware()
        self.slips: list[bytes] = []
        """The bytes of each slip that was cut and had ink on it, the newest last."""
        self._count = 0
        self._marks, self._presenter, self._width = marks, presenter, width_dots
        self._taken = True
        self._buffer = bytearray()
        self._slip = bytearray()
        self._slip_has_ink = False
        self._tail = bytes(3)
        self._auto_status = 0

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
        return len(self._buffer) < _BUFFER_BYTES

    def received(self, data: bytes) -> None:
        """See `Simulator`."""
        for value in data:
            self._buffer.append(value)
            self._tail = self._tail[-2:] + bytes((value,))
            self._real_time()
        self._work()

    def _real_time(self) -> None:
        """Real-time commands act on arrival, wherever they stand: even inside an image."""
        if self._tail[:2] == b"\x10\x04" and 1 <= self._tail[2] <= 4:
            self.send(bytes((self._status_byte(self._tail[2]),)))
        elif self._tail in (b"\x10\x05\x02", b"\x10\x14\x08"):
            self._buffer.clear()

    def _status_byte(self, number: int) -> int:
        hardware, value = self.hardware, 0x12
        stopped = not self._can_print()
        if number == 1:
            value |= 0x08 if stopped else 0
            value |= 0x80 if self._presenter and not self._taken else 0
        elif number == 2:
            value |= 0x04 if hardware.cover == "open" else 0
            value |= 0x20 if hardware.paper == "out" else 0
            value |= 0x40 if hardware.cutter == "jam" else 0
        elif number == 3:
            value |= 0x08 if hardware.cutter == "jam" else 0
        else:
            value |= 0x0C if hardware.paper in ("low", "out") else 0
            value |= 0x60 if hardware.paper == "out" else 0
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
        """Print what is buffered, as far as paper, cover, cutter and faults let it."""
        while self._can_print() and (operation := next_operation(self._buffer)) is not None:
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

    def _execute(self, operation: Operation) -> None:
        if operation.kind in INK:
            self._slip_has_ink = True
        elif operation.kind is Kind.PAPER_QUERY:
            self.send(b"\x03" if self.hardware.paper == "low" else b"\x00")
        elif operation.kind is Kind.CONFIRMATION and self._marks:
            self.send(b"\x37\x22" + operation.data + b"\x00")
        elif operation.kind is Kind.AUTO_STATUS:
            self._auto_status = operation.data[0]
        elif operation.kind is Kind.CUT:
            self._cut()

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
            self.send(bytes((first, second, third, 0)))

    def _lose_power(self) -> None:
        self._buffer.clear()
        self._tail = bytes(3)
        self._auto_status = 0

    def _set(self, params: Params) -> None:
        plain = dict(params)
        self._marks = bool(plain.pop("marks", self._marks))
        self._presenter = bool(plain.pop("presenter", self._presenter))
        self.put(**plain)

    def _last_slip(self, params: Params) -> dict[str, Any]:
        if not self.slips:
            raise ValueError("nothing has been printed yet")
        slip = self.slips[-1]
        if target := params.get("bin"):
            Path(target).write_bytes(slip)
        if target := params.get("png"):
            render(slip, self._width).save(target, "PNG")
        return {"bytes": len(slip), "slips": self._count}
