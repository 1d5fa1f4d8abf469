"""Speaks Modbus RTU to a board of lights and switches.

pymodbus plays the board in the simulator, not here: its client takes the answer to another question (a read
of coils for one of inputs) as the answer to this one, loses a good reply behind noise, and waits by the wall
clock without a way to call it off.
"""

from __future__ import annotations

import threading

from devices.board.protocol import (
    ExceptionCode,
    Refusal,
    Reply,
    ReplyReader,
    Request,
    read_coils,
    read_inputs,
    write_coil,
    write_register,
)
from devices.board.wiring import Wiring
from devices.transport.byte_port import BytePort, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import (
    CompletionCode,
    DeviceCapabilities,
    DeviceDetail,
    DeviceState,
    DeviceStatus,
)
from kiosk.ports import BoardReading, FlashRate, Input, IoBoard, LightPosition

BLINK_S = 0.5
_TURNAROUND_S = 0.25
"""The longest that a board may think. Ordinary ones take 5 to 50 ms."""
_LONGEST_EXCHANGE_BYTES = 32
_BITS_A_BYTE = 10
_GAP_BYTES = 3.5
_SHORTEST_GAP_S = 0.00175
"""Silence between frames: 3.5 characters, and no less than this above 19200 baud (Serial Line 2.5.1.1)."""
_SETTLE_S = 0.02
"""Longer than contacts bounce: what is felt twice, this far apart, is so."""
_EVENTS = {
    Input.HELP_BUTTON: (DeviceEvent.HELP_RELEASED, DeviceEvent.HELP_PRESSED),
    Input.DOOR_OPEN: (DeviceEvent.DOOR_CLOSED, DeviceEvent.DOOR_OPENED),
    Input.PRESENCE: (DeviceEvent.PERSON_LEFT, DeviceEvent.PERSON_CAME),
}


class ModbusBoard(IoBoard):
    """A board on a serial line. The lights that are wired are put off at opening and at closing; no other coil is touched.

    Without a watchdog in the board, lights that shone when the process was killed shine until it is back.
    """

    def __init__(
        self, port: BytePort, unit: int, wiring: Wiring, clock: Clock | None = None, *, baud: int = 9600
    ) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._unit, self._wiring = unit, wiring
        self._reply_s = _TURNAROUND_S + _LONGEST_EXCHANGE_BYTES * _BITS_A_BYTE / baud
        self._gap_s = max(_GAP_BYTES * _BITS_A_BYTE / baud, _SHORTEST_GAP_S)
        self._free_at = 0.0
        self._pause = threading.Event()
        self._wanted = dict.fromkeys(wiring.lights, FlashRate.OFF)
        self._shown: dict[LightPosition, bool | None] = dict.fromkeys(wiring.lights)
        self._refused: set[LightPosition] = set()
        self._felt = dict.fromkeys(wiring.inputs, False)
        self._events: list[DeviceEvent] = []
        self._noise = False

    def open(self) -> DeviceStatus:
        """See `DevicePort`. Lights that were wanted before a loss shine again at the next `read`."""
        try:
            self._port.open()
            status = self._greet()
        except PortLost as lost:
            return lost_status(lost.fault)
        if status.state is not DeviceState.ONLINE:
            self._port.close()
        return status

    def close(self) -> None:
        """See `DevicePort`. Lights go out, if the board still listens."""
        self._wanted = dict.fromkeys(self._wanted, FlashRate.OFF)
        try:
            if self._port.is_open:
                self._all_off()
        except PortLost:
            pass  # nobody there to listen: the board's own watchdog puts them off, if it has one
        self._port.close()

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            status = self._judge(self._ask(self._question(), attempts=2))
        except PortLost as lost:
            return lost_status(lost.fault)
        if status.state is not DeviceState.ONLINE:
            self._port.close()
        return status

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`. Boards of this kind do not tell."""
        return DeviceCapabilities()

    def events(self) -> list[DeviceEvent]:
        """See `DevicePort`."""
        happened, self._events = self._events, []
        return happened

    def set_light(self, position: LightPosition, rate: FlashRate) -> CompletionCode:
        """See `IoBoard`. What could not be shown now is shown when the board is back."""
        if position not in self._wanted:
            return CompletionCode.UNSUPPORTED_DATA
        self._wanted[position] = rate
        if not self._port.is_open:
            return CompletionCode.DEVICE_NOT_READY
        try:
            return self._show(position, self._lit(rate))
        except PortLost:
            return CompletionCode.HARDWARE_ERROR

    def read(self) -> BoardReading | None:
        """See `IoBoard`."""
        try:
            felt = self._feel()
            if felt is None:
                return None
            for position, rate in self._wanted.items():
                lit = self._lit(rate)
                if self._shown[position] is not lit and position not in self._refused:
                    self._show(position, lit)
        except PortLost:
            return None
        return BoardReading(inputs=felt)

    # -- what is asked ---------------------------------------------------------------------------------

    def _greet(self) -> DeviceStatus:
        self._shown = dict.fromkeys(self._wanted)
        self._refused.clear()
        status = self._judge(self._ask(self._question(), attempts=2))
        wiring = self._wiring
        if status.state is DeviceState.ONLINE and wiring.watchdog_register is not None:
            request = write_register(self._unit, wiring.watchdog_register, wiring.watchdog_value)
            status = self._judge(self._ask(request, attempts=2))
        if status.state is DeviceState.ONLINE and not self._all_off():
            return DeviceStatus(state=DeviceState.OFFLINE)
        return status

    def _question(self) -> Request:
        """What every look asks: the inputs; on a board without them, the coils."""
        first, count = self._span()
        ask = read_inputs if self._wiring.inputs else read_coils
        return ask(self._unit, first, count)

    def _span(self) -> tuple[int, int]:
        addresses = self._wiring.inputs.values() or self._wiring.lights.values()
        first = min(addresses)
        return first, max(addresses) - first + 1

    def _judge(self, answer: Reply | Refusal | None) -> DeviceStatus:
        if isinstance(answer, Reply):
            return DeviceStatus(state=DeviceState.ONLINE)
        if answer is None:
            detail = DeviceDetail.WRONG_DEVICE if self._noise else DeviceDetail.NONE
            return DeviceStatus(state=DeviceState.OFFLINE, detail=detail)
        if answer.names_no_such_thing:
            return DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.WRONG_DEVICE)
        return DeviceStatus(state=DeviceState.HARDWARE_ERROR)

    def _ask(self, request: Request, attempts: int = 1) -> Reply | Refusal | None:
        """The answer; every question here may be asked twice without doing anything twice. Raises `PortLost`."""
        answer: Reply | Refusal | None = None
        for _ in range(attempts):
            answer = self._ask_once(request)
            busy = isinstance(answer, Refusal) and answer.code in (
                ExceptionCode.ACKNOWLEDGE,
                ExceptionCode.DEVICE_BUSY,
            )
            if answer is not None and not busy:
                return answer
        return answer

    def _ask_once(self, request: Request) -> Reply | Refusal | None:
        if (left := self._free_at - self._clock.monotonic()) > 0:
            self._clock.wait(self._pause, left)
        deadline = self._clock.monotonic() + self._reply_s
        reader = ReplyReader(request)
        self._port.drop_input()
        frame = request.frame
        answer: Reply | Refusal | None = None
        if self._port.write_some(frame, deadline) == len(frame):
            while answer is None and (data := self._port.read_some(deadline)):
                answer = reader.feed(data)
                if self._clock.monotonic() >= deadline:
                    break
        self._noise = answer is None and reader.heard_something
        self._free_at = self._clock.monotonic() + self._gap_s
        if answer is None:
            # It may have been off in between: what it shows is not known any more.
            self._shown = dict.fromkeys(self._shown)
        return answer

    # -- inputs ----------------------------------------------------------------------------------------

    def _feel(self) -> dict[Input, bool] | None:
        raw = self._look()
        if raw is not None and raw != self._felt:
            self._clock.wait(self._pause, _SETTLE_S)
            again = self._look()
            if again is None:
                return None
            # Where the two differ the contact still bounces: it stays what it was until the next look.
            raw = {name: value if again[name] is value else self._felt[name] for name, value in raw.items()}
        if raw is None:
            return None
        for name, value in raw.items():
            if value is not self._felt[name]:
                self._events.append(_EVENTS[name][value])
        self._felt = raw
        return dict(raw)

    def _look(self) -> dict[Input, bool] | None:
        answer = self._ask(self._question())
        if not isinstance(answer, Reply):
            return None
        first, _ = self._span()
        if not self._wiring.inputs:
            for position, coil in self._wiring.lights.items():
                self._shown[position] = answer.bits[coil - first]
        return {
            name: answer.bits[address - first] is not (name in self._wiring.inverted)
            for name, address in self._wiring.inputs.items()
        }

    # -- lights ----------------------------------------------------------------------------------------

    def _lit(self, rate: FlashRate) -> bool:
        if rate is FlashRate.SLOW:
            return int(self._clock.monotonic() / BLINK_S) % 2 == 0
        return rate is FlashRate.CONTINUOUS

    def _show(self, position: LightPosition, lit: bool) -> CompletionCode:
        answer = self._ask(write_coil(self._unit, self._wiring.lights[position], lit), attempts=2)
        if isinstance(answer, Reply):
            self._shown[position] = lit
            return CompletionCode.SUCCESS
        if answer is None:
            return CompletionCode.TIMED_OUT
        if answer.names_no_such_thing:
            self._refused.add(position)
            return CompletionCode.UNSUPPORTED_DATA
        return CompletionCode.HARDWARE_ERROR

    def _all_off(self) -> bool:
        """Put off every light that may shine; False at the first one that brought no answer."""
        return all(
            self._show(position, False) is not CompletionCode.TIMED_OUT
            for position, shown in list(self._shown.items())
            if shown is not False and position not in self._refused
        )
