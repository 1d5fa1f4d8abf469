"""A board that is not there: lights to look at, a button to press, a door to open, somebody to come and leave.

It answers with the bytes of pymodbus' server.  Faults count the bytes that the board sends (`byte N`) or the
requests (`command N`).  Beyond the common ones: `exception` (`code`, for one request), `bad_sum` (one answer),
`late` (one answer, `for_s` seconds), `answer` (`bytes_hex` instead of one answer), `bounce` (`input` changes
`times` times, `gap_s` apart).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from devices.board.modbus_server import BITS, Memory, ModbusServer
from devices.fault_script import Fault
from devices.simulator import Simulator
from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.ipc import Method, Params
from kiosk.ports import Input, LightPosition

LIGHTS = {position: coil for coil, position in enumerate(LightPosition)}
INPUTS = {name: address for address, name in enumerate(Input)}
WATCHDOG_REGISTER = 0
"""Tenths of a second without a request until the coils fall off; 0: never."""
_TENTH_S = 0.1


class IoBoardSimulator(Simulator):
    """The board; lights on coils 0 to 6 in the order of `LightPosition`, inputs 0 to 2 in that of `Input`."""

    name = "io-board"

    def __init__(
        self,
        link: Path | FarEnd,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        unit: int = 1,
    ) -> None:
        super().__init__(link, baud=baud, script=script, clock=clock)
        self._unit = unit
        self.memory = Memory()
        self._server = ModbusServer(unit, self.memory, self.lock, self._answered, self.changed)
        self._tamper: Fault | None = None
        self._last_request_at = self._clock.monotonic()
        self.requests = 0

    def start(self) -> None:
        """See `Simulator`."""
        self._server.start()
        super().start()

    def close(self) -> None:
        """See `Simulator`."""
        super().close()
        self._server.close()

    def feel(self, name: Input, active: bool) -> None:
        """Press or release, open or close, come or leave."""
        with self.lock:
            bit = 1 << INPUTS[name]
            self.memory.inputs = self.memory.inputs | bit if active else self.memory.inputs & ~bit
            self.changed()

    def lit(self, position: LightPosition) -> bool:
        """Whether a light shines."""
        with self.lock:
            return bool(self.memory.coils >> LIGHTS[position] & 1)

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {
            "plugged": self._port.plugged,
            "lights": {position.value: self.lit(position) for position in LightPosition},
            "lit_since": [
                position.value for position, coil in LIGHTS.items() if self.memory.ever_lit >> coil & 1
            ],
            "coils": f"{self.memory.coils:0{BITS}b}",
            "inputs": {
                name.value: bool(self.memory.inputs >> address & 1) for name, address in INPUTS.items()
            },
            "watchdog_s": self.memory.registers.get(WATCHDOG_REGISTER, 0) * _TENTH_S,
            "requests": self.requests,
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        hands = {
            "press_help": (Input.HELP_BUTTON, True),
            "release_help": (Input.HELP_BUTTON, False),
            "open_door": (Input.DOOR_OPEN, True),
            "close_door": (Input.DOOR_OPEN, False),
            "come": (Input.PRESENCE, True),
            "leave": (Input.PRESENCE, False),
        }
        return {name: partial(self._hand, *what) for name, what in hands.items()} | {"forget": self._forget}

    def received(self, data: bytes) -> None:
        """See `Simulator`: what is for another unit on the line is not heard."""
        if data[0] != self._unit:
            return
        self.requests += 1
        self._last_request_at = self._clock.monotonic()
        self.command_arrived()
        self._server.put(data)
        if tenths := self.memory.registers.get(WATCHDOG_REGISTER, 0):
            self.later(tenths * _TENTH_S, self._watchdog)

    def powered_off(self) -> None:
        """See `Simulator`."""
        self.memory.coils = 0
        self.memory.registers.clear()

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "exception":
            self.memory.refuse_with = int(fault.options.get("code", 4))
        elif fault.do in ("bad_sum", "late", "answer"):
            self._tamper = fault
        elif fault.do == "bounce":
            name = Input(fault.options["input"])
            gap_s = float(fault.options.get("gap_s", 0.005))
            for number in range(int(fault.options.get("times", 8))):
                self.later(number * gap_s, partial(self.feel, name, number % 2 == 0))
        else:
            super().suffer(fault)

    def _answered(self, data: bytes) -> None:
        """What the server says, spoiled if a fault says so; on the server's thread."""
        with self.lock:
            fault, self._tamper = self._tamper, None
            if fault is None:
                self.send(data)
            elif fault.do == "bad_sum":
                self.send(data[:-1] + bytes((data[-1] ^ 1,)))
            elif fault.do == "late":
                self.later(fault.for_s or 1.0, partial(self.send, data))
            else:
                self.send(bytes.fromhex(fault.options["bytes_hex"]))

    def _watchdog(self) -> None:
        tenths = self.memory.registers.get(WATCHDOG_REGISTER, 0)
        # Half a tenth less: the timer of the last request must not come too early for its own request.
        if tenths and self._clock.monotonic() - self._last_request_at >= (tenths - 0.5) * _TENTH_S:
            self.memory.coils = 0
            self.changed()

    def _hand(self, name: Input, active: bool, _params: Params) -> None:
        self.feel(name, active)

    def _forget(self, _params: Params) -> None:
        self.memory.ever_lit = 0
