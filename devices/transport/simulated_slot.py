"""A slot behind a local socket, played by `kiosk simulate social-card-reader` (address `sim:SOCKET`).

The messages are those of vpcd, the virtual reader of vsmartcard (its doc/api.rst), from the reader's side:
two bytes of length, most significant first, then the payload.  One byte is an order (00 power off, 01 power
on, 04 say the ATR), anything longer a command APDU.  Our own addition is 05, "what lies in you": one byte
(01 a card, 00 none) and two that count cards in and out.  An answer without a byte means: no card.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Final, Self

from devices.transport.card_slot import CardSlot, HeldCard, SlotFault, SlotLost, SlotState
from kiosk.clock import Clock

POWER_OFF: Final = b"\x00"
POWER_ON: Final = b"\x01"
RESET: Final = b"\x02"
SAY_ATR: Final = b"\x04"
SAY_STATE: Final = b"\x05"

_SLICE_S: Final = 0.05
_POLL_S: Final = 0.1


def message(payload: bytes) -> bytes:
    """A payload as it goes over the line."""
    return len(payload).to_bytes(2, "big") + payload


class SimulatedSlot(CardSlot):
    """The socket is connected only while something is asked: who is connected holds the reader."""

    def __init__(self, path: str, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._name = ""

    @property
    def name(self) -> str:
        """See `CardSlot`."""
        return self._name

    def open(self, deadline: float) -> None:
        """See `CardSlot`."""
        self.state(deadline)
        self._name = f"Linban simulated slot {self._path}"

    def close(self) -> None:
        """See `CardSlot`."""
        self._name = ""

    def state(self, deadline: float) -> SlotState:
        """See `CardSlot`."""
        with self._line(deadline, threading.Event()) as line:
            answer = line.ask(SAY_STATE)
        if len(answer) != 3:
            raise SlotLost(SlotFault.FAILED)
        placing = int.from_bytes(answer[1:], "big")
        return SlotState(present=answer[0] == 1, placing=placing, mark=int.from_bytes(answer, "big"))

    def wait(self, known: SlotState, deadline: float, cancel: threading.Event) -> SlotState:
        """See `CardSlot`."""
        while True:
            left_s = deadline - self._clock.monotonic()
            state = self.state(max(deadline, self._clock.monotonic() + 0.5))
            if state.mark != known.mark or left_s <= 0:
                return state
            if self._clock.wait(cancel, min(left_s, _POLL_S)):
                raise SlotLost(SlotFault.CANCELED)

    def hold(self, deadline: float, cancel: threading.Event, *, stay_powered: bool = False) -> HeldCard:
        """See `CardSlot`."""
        line = self._line(deadline, cancel)
        try:
            line.send(POWER_ON)
            atr = line.ask(SAY_ATR)
            if not atr:
                raise SlotLost(SlotFault.NO_CARD)
            if len(atr) < 2:
                raise SlotLost(SlotFault.MUTE)
        except SlotLost:
            line.close()
            raise
        return SimulatedCard(line)

    def _line(self, deadline: float, cancel: threading.Event) -> _Line:
        return _Line(self._path, self._clock, deadline, cancel)


class SimulatedCard(HeldCard):
    """The card behind one connection."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def transmit(self, command: bytes) -> bytes:
        """See `HeldCard`."""
        answer = self._line.ask(command)
        if not answer:
            raise SlotLost(SlotFault.NO_CARD)
        return answer

    def release(self) -> None:
        """See `HeldCard`."""
        with contextlib.suppress(SlotLost):
            self._line.send(POWER_OFF)
        self._line.close()


class _Line:
    """One connection. Raises `SlotLost` from every method but `close`."""

    def __init__(self, path: str, clock: Clock, deadline: float, cancel: threading.Event) -> None:
        self._clock, self._deadline, self._cancel = clock, deadline, cancel
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect(path)
        except BlockingIOError:
            self._socket.close()
            raise SlotLost(SlotFault.IN_USE) from None
        except (OSError, ValueError):
            self._socket.close()
            raise SlotLost(SlotFault.NO_READER) from None

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, payload: bytes) -> None:
        try:
            self._socket.send(message(payload))  # 264 bytes at most: a fresh socket takes them whole
        except BlockingIOError:
            raise SlotLost(SlotFault.TIMED_OUT) from None
        except OSError:
            raise SlotLost(SlotFault.FAILED) from None

    def ask(self, payload: bytes) -> bytes:
        self.send(payload)
        return self._receive(int.from_bytes(self._receive(2), "big"))

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            if self._cancel.is_set():
                raise SlotLost(SlotFault.CANCELED)
            left_s = self._deadline - self._clock.monotonic()
            ready, _, _ = select.select([self._socket], [], [], max(0.0, min(left_s, _SLICE_S)))
            if not ready:
                if left_s <= 0:
                    raise SlotLost(SlotFault.TIMED_OUT)
                continue
            try:
                more = self._socket.recv(count - len(data))
            except OSError:
                more = b""
            if not more:
                # The card or the plug was pulled; which of the two, the next question will tell.
                raise SlotLost(SlotFault.FAILED)
            data += more
        return data
