"""What hands can do to peers that are not ours: the PC/SC service, CUPS, NUT."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any, Final

from devices.conformance.hands import SimulatorHands
from devices.contract import Hands, NotRun
from devices.fault_script import parse_fault
from devices.sheet_printer.destination import Destination
from devices.sheet_printer.ipp import PrinterState
from devices.sheet_printer.report import PrinterReport
from devices.simulator import Simulator
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.clock import SystemClock
from kiosk.errors import IpcError
from kiosk.ipc import Method
from tests.devices.nut_world import RealNut
from tests.devices.pcsc_world import PcscWorld
from tests.devices.print_world import PrivateCups

_TOLD_S: Final = 20.0
"""Until `upsd` calls a supply stale, hears it again, or tells what its driver has read."""
_ANSWER_S: Final = 0.3
_IDLE_S: Final = 3.0


class PcscHands(Hands):
    """Cards go in and out through vpcd; the plug is the service: killed, and started again.

    What happens at a byte or a command happens to the card: `unplug` there is a card that loses its contacts.
    """

    simulated = True

    def __init__(self, world: PcscWorld, card: str) -> None:
        self._world, self._card = world, card

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        if action == "unplug":
            self._world.stop_service()
        elif action == "plug":
            self._world.revive_service()
        elif action == "lift_card":
            self._world.lift()
        else:
            return self._to_the_card(action, details)
        return {}

    def _to_the_card(self, action: str, details: dict[str, Any]) -> dict[str, Any]:
        if action == "place_card":
            details = {"card": self._card} | details
        try:
            answer = self._world.hand(action, **details)
        except IpcError as error:
            raise NotRun(f"this card does not do {action}: {error}") from error
        if action == "heal":
            self._world.revive_service()
        return answer if isinstance(answer, dict) else {}


class QueueHands(SimulatorHands):
    """The printer's own hands; each returns when the printer has told its new state and is idle again.

    The simulator tells it by a little job of its own.  CUPS that finds the printer busy with that waits ten
    seconds before it asks again (its `ipp` backend, server-error-busy); hands are not so quick.
    """

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        answer = super().do(action, **details)
        if action in ("set", "heal", "plug"):
            self._let_it_tell()
        return answer

    def _let_it_tell(self) -> None:
        clock, never = SystemClock(), threading.Event()
        until = clock.monotonic() + _IDLE_S
        state = super().do("state")
        printer = Destination(state["uri"], clock)
        while state["plugged"] and not state["printing"] and clock.monotonic() < until:
            report = printer.describe(until, never)
            if isinstance(report, PrinterReport) and report.state == PrinterState.IDLE:
                break
            clock.wait(never, 0.05)
            state = super().do("state")
        printer.close()


class SpoolerHands(QueueHands):
    """The printer's own hands, but the plug is the spooler: killed, and started again."""

    def __init__(self, control: Path, cups: PrivateCups) -> None:
        super().__init__(control)
        self._cups = cups
        # It writes a new queue down within half a minute, or when it ends in order.
        cups.stop(in_order=True)
        cups.start()

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        if action == "unplug":
            self._cups.stop()
            return {}
        if action in ("plug", "heal"):
            self._cups.start()
        return {} if action == "plug" else super().do(action, **details)


class SwitchedNut(RealNut):
    """A private NUT whose supply is what was last written, until something else is."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._writings = 0
        conf = folder / "ups.conf"
        conf.write_text(conf.read_text().replace("dummy-loop", "dummy-once"), encoding="ascii")
        self.put("OL", 100)

    def put(self, status: str, charge: int) -> None:
        """What the supply says from now on; its driver looks at the file's time, in whole seconds."""
        self.status, self.charge = status, charge
        self.script("", **{status.replace(" ", "_"): charge})
        self._writings += 10
        at = time.time() + self._writings
        os.utime(self.folder / "kiosk.dev", (at, at))

    def until_told(self, wanted: str) -> None:
        """Wait until `upsd` answers so, or begins so. Raises `AssertionError`."""
        deadline, pause = time.monotonic() + _TOLD_S, threading.Event()
        while not (told := self.ask(b"GET VAR kiosk ups.status\n")).startswith(wanted.encode()):
            assert time.monotonic() < deadline, f"upsd says {told!r}, not {wanted!r}"
            pause.wait(0.05)

    def ask(self, question: bytes) -> bytes:
        """What `upsd` answers, up to the end of its last line; nothing when it does not."""
        answer = b""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=_ANSWER_S) as line:
                line.sendall(question)
                while not _whole(answer):
                    part = line.recv(65536)
                    if not part:
                        break
                    answer += part
        except OSError:
            return b""
        return answer


def _whole(answer: bytes) -> bool:
    if answer.startswith(b"BEGIN"):
        return b"\nEND" in answer and answer.endswith(b"\n")
    return answer.endswith(b"\n")


class NutHands(Hands):
    """The mains are a file that `dummy-ups` reads; the plug is `upsd`: killed, and started again."""

    simulated = True

    def __init__(self, nut: SwitchedNut) -> None:
        self.nut = nut
        self._running = {"dummy-ups", "upsd"}
        self._ill = False
        nut.start("dummy-ups", "upsd")
        self._well()

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        if action == "state":
            return {"status": self.nut.status, "charge_percent": self.nut.charge}
        if action == "fault":
            self._suffer(details)
        elif action == "cut_mains":
            self._put("OB DISCHRG", 60)
        elif action == "mains_back":
            self._put("OL", 100)
        elif action == "unplug":
            self._end("upsd")
        elif action == "plug":
            self._well()
        elif action == "heal":
            self._well()
            self._put("OL", 100)
        else:
            raise NotRun(f"NUT does not do {action}")
        return {}

    def _put(self, status: str, charge: int) -> None:
        if self.nut.status != status:
            self.nut.put(status, charge)
            self.nut.until_told(_says(status))

    def _end(self, name: str) -> None:
        if name in self._running:
            self._running.discard(name)
            self.nut.kill(name)
        self._ill = True

    def _well(self) -> None:
        if missing := {"dummy-ups", "upsd"} - self._running:
            self.nut.start(*missing)
            self._running |= missing
        for name in ("dummy-ups", "upsd"):
            self.nut.signal(name, signal.SIGCONT)
        self.nut.until_told(_says(self.nut.status))

    def _suffer(self, fault: dict[str, Any]) -> None:
        if "at" in fault:
            raise NotRun("nothing is counted on NUT's own line")
        if fault["do"] == "silence":
            self.nut.signal("upsd", signal.SIGSTOP)
        elif fault["do"] == "stale":
            self.nut.signal("dummy-ups", signal.SIGSTOP)
            self.nut.until_told("ERR DATA-STALE")
        elif fault["do"] == "driver_gone":
            self._end("dummy-ups")
            self.nut.until_told("ERR")
        else:
            raise NotRun(f"upsd does not do {fault['do']}")


def _says(status: str) -> str:
    return f'VAR kiosk ups.status "{status}"'


class TamperedLine(Simulator):
    """A line to the real `upsd` on which bytes are counted, spoiled and cut: the answers are `upsd`'s own."""

    name = "upsd-line"

    def __init__(self, nut: SwitchedNut) -> None:
        self.far_end = TcpFarEnd()
        super().__init__(self.far_end)
        self._nut = nut
        self._heard = b""

    def received(self, data: bytes) -> None:
        """See `Simulator`."""
        *questions, self._heard = (self._heard + data).split(b"\n")
        for question in questions:
            self.command_arrived()
            self.send(self._nut.ask(question + b"\n"))

    def powered_off(self) -> None:
        """See `Simulator`."""
        self._heard = b""

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {"plugged": self._port.plugged}

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {}


class TamperingNutHands(NutHands):
    """What goes wrong goes wrong on the line; the mains are NUT's."""

    def __init__(self, nut: SwitchedNut, line: TamperedLine) -> None:
        super().__init__(nut)
        self._line = line

    def do(self, action: str, **details: Any) -> dict[str, Any]:
        """See `Hands`."""
        if action in ("unplug", "plug"):
            (self._line.unplug if action == "unplug" else self._line.plug)()
            return {}
        if action == "heal":
            self._line.heal()
        return super().do(action, **details)

    def _suffer(self, fault: dict[str, Any]) -> None:
        try:
            self._line.arm(parse_fault(fault))
        except ValueError as error:
            raise NotRun(str(error)) from error
