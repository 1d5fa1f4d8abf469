"""A SAM reader that is not there: the same frames, a plate, and cards to lay on it.

Faults count the bytes that the reader sends (`byte N`) or the commands it gets (`command N`).  Beyond the
common ones: `lift` (at a byte: the answer breaks off there and 41 follows), `answer` with `sw3: "60"`
(every answer, for `for_s`), `bad_checksum` (the next answer), `delay` (hold answers back for `for_s`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from devices.fault_script import Fault
from devices.id_card.practice_cards import DEFAULT_CARD, PRACTICE_CARDS, Card, custom_card
from devices.id_card.protocol import PREAMBLE, Command, Verdict, checksum, reply_frame
from devices.simulator import Simulator
from devices.transport.far_end import FarEnd
from kiosk.clock import Clock
from kiosk.ipc import Method, Params

_SPEEDS_BAUD = (115200, 57600, 38400, 19200, 9600)
"""By the parameter of the command that sets them."""
_SAM_ID = bytes.fromhex("0500010070B6320112CF0F00C1353411")
_BAUD_COMMAND, _RF_COMMAND, _NUMBERS_COMMAND = 0x60, 0x61, bytes.fromhex("3005")


class IdCardReaderSimulator(Simulator):
    """The reader and its plate."""

    name = "id-card-reader"

    def __init__(
        self,
        link: Path | FarEnd,
        *,
        baud: int | None = None,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        repeats: bool = True,
    ) -> None:
        super().__init__(link, baud=baud, script=script, clock=clock)
        self._buffer = bytearray()
        self._card: Card | None = None
        self._repeats = repeats
        """Whether a card that was read is found again while it stays (both kinds are in the field)."""
        self._was_read = False
        self._found = self._selected = False
        self._forced: int | None = None
        self._spoil_next = False
        self._held = False
        self.commands: list[bytes] = []
        self.speed_baud: int | None = None
        """The speed it was told to take; None: whatever the line has."""

    def place_card(self, card: Card) -> None:
        """Lay a card on the plate."""
        with self.lock:
            self._card, self._was_read = card, False
            self._found = self._selected = False
            self.changed()

    def lift_card(self) -> None:
        """Take it away; an answer that is being sent breaks off."""
        with self.lock:
            self._card, self._was_read = None, False
            if self._outgoing and self._selected:
                self._outgoing.clear()
                self._outgoing += reply_frame(Verdict.READ_FAILED)
            self._found = self._selected = False
            self.changed()

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {
            "plugged": self._port.plugged,
            "card": self._card.label if self._card else None,
        }

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {"place_card": self._place, "lift_card": lambda _params: self.lift_card(), "set": self._set}

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "lift":
            self.lift_card()
        elif fault.do == "answer":
            self._forced = int(str(fault.options["sw3"]), 16)
            if fault.for_s is not None:
                self.later(fault.for_s, self._answer_truly)
        elif fault.do == "bad_checksum":
            self._spoil_next = True
        elif fault.do == "delay":
            self._held = True
            self.later(fault.for_s or 1.0, self._release)
        else:
            super().suffer(fault)

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self._answer_truly()
            self._spoil_next = self._held = False
            super().heal()

    def powered_off(self) -> None:
        """See `Simulator`."""
        self._buffer.clear()
        self._found = self._selected = self._was_read = False
        self.speed_baud = None

    def received(self, data: bytes) -> None:
        """See `Simulator`."""
        if self.speed_baud is not None and self._port.speed_baud not in (None, self.speed_baud):
            return  # at another speed than it was told to take, nothing makes a frame
        self._buffer += data
        while (start := self._buffer.find(PREAMBLE)) >= 0:
            del self._buffer[:start]
            length = int.from_bytes(self._buffer[5:7], "big")
            if len(self._buffer) < 7 or len(self._buffer) < 7 + length:
                return
            counted, check = bytes(self._buffer[5 : 6 + length]), self._buffer[6 + length]
            del self._buffer[: 7 + length]
            self.command_arrived()
            if checksum(counted) != check:
                self._answer(reply_frame(Verdict.BAD_CHECKSUM))
            else:
                self.commands.append(counted[2:])
                self._answer(self._execute(counted[2:]))

    def _answer(self, reply: bytes) -> None:
        if self._forced is not None:
            reply = reply_frame(self._forced)
        if self._spoil_next:
            reply, self._spoil_next = reply[:-1] + bytes([reply[-1] ^ 0xFF]), False
        if self._held:
            self.later(_HOLD_S, partial(self._answer_later, reply))
        else:
            self.send(reply)

    def _answer_later(self, reply: bytes) -> None:
        if self._held:
            self.later(_HOLD_S, partial(self._answer_later, reply))
        else:
            self.send(reply)

    def _execute(self, body: bytes) -> bytes:
        if body == Command.RESET.value:
            self._found = self._selected = self._was_read = False
            return reply_frame(Verdict.OK)
        if body[0] == _BAUD_COMMAND:
            return self._change_speed(body[1])
        if body[0] == _RF_COMMAND or body == Command.SAM_STATUS.value:
            return reply_frame(Verdict.OK)
        if body == Command.SAM_ID.value:
            return reply_frame(Verdict.OK, _SAM_ID)
        if body == Command.FIND.value:
            return self._find()
        if body == Command.SELECT.value:
            return self._select()
        if body in (Command.READ.value, Command.READ_WITH_FINGERPRINT.value):
            return self._read(with_fingerprint=body == Command.READ_WITH_FINGERPRINT.value)
        if body == Command.READ_ADDITIONAL_ADDRESS.value:
            return self._read_address()
        if body == _NUMBERS_COMMAND:
            return reply_frame(Verdict.NO_SUCH_ITEM)
        return reply_frame(Verdict.BAD_COMMAND)

    def _change_speed(self, number: int) -> bytes:
        """Answered at the old speed, in force after it (which of the two, no document says)."""
        if number >= len(_SPEEDS_BAUD):
            return reply_frame(Verdict.BAD_COMMAND)
        self.after_sending(partial(self._set_speed, _SPEEDS_BAUD[number]))
        return reply_frame(Verdict.OK)

    def _set_speed(self, baud: int) -> None:
        self.speed_baud = baud
        if self._bytes_a_second is not None:
            self._bytes_a_second = baud / 10

    def _find(self) -> bytes:
        self._selected = False
        self._found = self._card is not None and (self._repeats or not self._was_read)
        return reply_frame(Verdict.FOUND, bytes(4)) if self._found else reply_frame(Verdict.NO_CARD)

    def _select(self) -> bytes:
        if not self._found or self._card is None:
            return reply_frame(Verdict.SELECT_FAILED)
        if self._card.select_verdict != Verdict.OK:
            return reply_frame(self._card.select_verdict)
        self._selected = True
        return reply_frame(Verdict.OK, bytes(8))

    def _read(self, with_fingerprint: bool) -> bytes:
        if not self._selected or self._card is None:
            return reply_frame(Verdict.READ_FAILED)
        card = self._card
        if card.read_verdict != Verdict.OK:
            return reply_frame(card.read_verdict)
        self._was_read = True
        blocks = [card.text, card.photo] + ([card.fingerprint] if with_fingerprint else [])
        header = b"".join(len(block).to_bytes(2, "big") for block in blocks)
        return reply_frame(Verdict.OK, header + b"".join(blocks))

    def _read_address(self) -> bytes:
        if not self._selected or self._card is None:
            return reply_frame(Verdict.READ_FAILED)
        if self._card.additional_address is None:
            return reply_frame(Verdict.NO_SUCH_ITEM)
        return reply_frame(Verdict.OK, self._card.additional_address)

    def _answer_truly(self) -> None:
        self._forced = None

    def _release(self) -> None:
        self._held = False

    def _place(self, params: Params) -> dict[str, str]:
        fields = params.get("fields")
        name = str(params.get("card", DEFAULT_CARD))
        if fields:
            self.place_card(custom_card(fields))
        elif name in PRACTICE_CARDS:
            self.place_card(PRACTICE_CARDS[name])
        else:
            raise ValueError(f"no practice card {name!r}; there are {', '.join(PRACTICE_CARDS)}")
        assert self._card is not None
        return {"card": self._card.label}

    def _set(self, params: Params) -> None:
        self._repeats = bool(params.get("repeats", self._repeats))


_HOLD_S = 0.01
"""How often a held answer looks whether it may go."""
