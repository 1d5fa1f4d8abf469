"""A card reader's slot that is not there, and the cards to put into it.

It stands behind one of two lines.  A local socket is the slot itself, for `reader = "sim:SOCKET"`; no PC/SC
service is needed.  `tcp:HOST:PORT` puts the card into vpcd, the virtual reader of vsmartcard, so that the real
service reads it; vpcd listens on every address of the machine, so that belongs into a network namespace:

    unshare -n -m sh -c 'mount -t tmpfs none /run/pcscd && ip link set lo up && exec pcscd -f'
    nsenter -n -m -t PID kiosk simulate social-card-reader --link tcp:127.0.0.1:35963 --control /tmp/card.sock

Faults count the command APDUs (`command N`) or the bytes of the response APDUs, each with two bytes of length
before it (`byte N`).  Beyond the common ones: `lift` (the card is pulled there), `answer` with `sw: "6982"`
(every answer, for `for_s`), `garbage` with `bytes_hex` (instead of the next answer).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from devices.chip_card.chip import Chip, ChipAtWork, Manner
from devices.fault_script import Fault
from devices.simulator import Simulator
from devices.transport.address import TcpAddress, parse_address
from devices.transport.simulated_slot import POWER_ON, RESET, SAY_ATR, SAY_STATE, message
from devices.transport.slot_socket import SlotSocket
from devices.transport.vpcd_line import VpcdLine
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

_TRY_AGAIN_S = 0.1
"""How often a card that lies in a reader whose service is down looks for it."""
_NOISE = bytes.fromhex("00")


class SlotSimulator(Simulator):
    """The slot and what lies in it."""

    cards: Mapping[str, Chip]
    """By name: what there is to put in."""
    default_card: str

    def __init__(
        self,
        link: Path,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
    ) -> None:
        self._line = _line_at(link)
        super().__init__(self._line, baud=baud, script=script, clock=clock)
        self._line.on_hang_up = self._hung_up
        self._buffer = bytearray()
        self._card: ChipAtWork | None = None
        self._placings = 0
        self._powered = False
        self._connection = 0
        """Counts them: a late answer belongs to the one in which it was asked for."""
        self._delay_s = 0.0
        self._manner, self._missing = Manner.PLAIN, frozenset[int]()
        self._forced = b""
        self._noise: bytes | None = None
        self.commands: list[bytes] = []

    @abstractmethod
    def custom_card(self, fields: dict[str, Any]) -> Chip:
        """A card made from the fields of a control message. Raises `ValueError`."""

    def place_card(self, chip: Chip) -> None:
        """Put a card in."""
        with self.lock:
            self._leave()
            self._card = ChipAtWork(chip, self._manner, self._missing)
            self._placings += 1
            self._insert()
            self.changed()

    def lift_card(self) -> None:
        """Pull it out, whatever is under way."""
        with self.lock:
            self._leave()
            self.changed()

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {
            "plugged": self._port.plugged,
            "card": self._card.chip.label if self._card else None,
            "commands": len(self.commands),
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {"place_card": self._place, "lift_card": lambda _params: self.lift_card(), "set": self._set}

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "lift":
            self.lift_card()
        elif fault.do == "answer":
            self._forced = bytes.fromhex(str(fault.options["sw"]))
            if fault.for_s is not None:
                self.later(fault.for_s, self._answer_truly)
        elif fault.do == "garbage":
            self._noise = bytes.fromhex(fault.options.get("bytes_hex", _NOISE.hex()))
        else:
            super().suffer(fault)

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._answer_truly()
            self._noise = None
            super().heal()
            self._insert()

    def plug(self) -> None:
        """See `Simulator`."""
        with self.lock:
            super().plug()
            self._insert()

    def powered_off(self) -> None:
        """See `Simulator`."""
        self._hung_up()

    def received(self, data: bytes) -> None:
        """See `Simulator`: orders of one byte, and commands for the chip."""
        self._buffer += data
        while len(self._buffer) >= 2:
            length = int.from_bytes(self._buffer[:2], "big")
            if len(self._buffer) < 2 + length:
                return
            payload = bytes(self._buffer[2 : 2 + length])
            del self._buffer[: 2 + length]
            if length > 1:
                self._execute(payload)
            else:
                self._obey(payload)

    def _obey(self, order: bytes) -> None:
        # Told at once and not counted: a service asks for the ATR whenever it likes.
        if order == SAY_ATR:
            self._port.write(message(self._card.chip.atr if self._card else b""))
        elif order == SAY_STATE:
            present = 1 if self._card else 0
            self._port.write(message(bytes([present]) + (self._placings & 0xFFFF).to_bytes(2, "big")))
        elif order in (POWER_ON, RESET) and self._card is not None:
            self._powered = True
            self._card.power_up()

    def _execute(self, command: bytes) -> None:
        self.commands.append(command)
        self.command_arrived()
        if self._card is None:
            return
        answer = self._forced or self._card.answer(command)
        if self._noise is not None:
            answer, self._noise = self._noise, None
        if self._delay_s:
            self.later(self._delay_s, partial(self._answer_late, self._connection, answer))
        else:
            self.send(message(answer))

    def _answer_late(self, connection: int, answer: bytes) -> None:
        if connection == self._connection:
            self.send(message(answer))

    def _insert(self) -> None:
        """Into vpcd, or again into it when its service comes back."""
        if self._card is None or self._closing or not isinstance(self._line, VpcdLine):
            return
        if not self._line.insert():
            self.later(_TRY_AGAIN_S, self._insert)

    def _leave(self) -> None:
        if self._card is not None:
            self._placings += 1
        self._card = None
        self._outgoing.clear()
        if isinstance(self._line, VpcdLine):
            self._line.remove()
        elif self._powered:
            self._line.hang_up()
        self._hung_up()

    def _hung_up(self) -> None:
        self._buffer.clear()
        self._outgoing.clear()
        self._powered = False
        self._connection += 1
        if isinstance(self._line, VpcdLine) and self._card is not None and self._line.plugged:
            self.later(_TRY_AGAIN_S, self._insert)

    def _answer_truly(self) -> None:
        self._forced = b""

    def _place(self, params: Params) -> dict[str, str]:
        fields = params.get("fields")
        name = str(params.get("card", self.default_card))
        if fields:
            self.place_card(self.custom_card(fields))
        elif name in self.cards:
            self.place_card(self.cards[name])
        else:
            raise ValueError(f"no practice card {name!r}; there are {', '.join(self.cards)}")
        return {"card": name}

    def _set(self, params: Params) -> None:
        self._manner = Manner(params.get("answers", self._manner))
        self._missing = frozenset(params.get("missing", self._missing))
        self._delay_s = float(params.get("delay_s", self._delay_s))
        if self._card is not None:
            self._card.manner, self._card.missing = self._manner, self._missing


def _line_at(link: Path) -> SlotSocket | VpcdLine:
    """Raises `ConfigError`."""
    address = parse_address(str(link), "link")
    if isinstance(address, TcpAddress):
        return VpcdLine(address.host, address.port)
    return SlotSocket(link)
