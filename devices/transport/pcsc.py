"""A reader of the machine's PC/SC service (pcsc-lite), and a card in it held for one driver alone.

Two drivers may share one reader (social-security cards and badges): each holds the card only while it reads,
and within this process they take turns.  A service that was restarted has forgotten its clients: the
context is thrown away with the first fault that says so, and `open` makes another.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from ctypes import byref, c_long, c_ulong
from typing import Final

from devices.transport.card_slot import GONE, CardSlot, HeldCard, SlotFault, SlotLost, SlotState
from devices.transport.pcsc_library import (
    LEAVE_CARD,
    SHARE_EXCLUSIVE,
    STATE_CHANGED,
    STATE_EXCLUSIVE,
    STATE_MUTE,
    STATE_PRESENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    T0_OR_T1,
    UNPOWER_CARD,
    Context,
    IoRequest,
    ReaderState,
)
from kiosk.clock import Clock

_SLICE_S: Final = 0.2
"""The longest wait for a change before `cancel` is looked at again."""
_TURN_S: Final = 0.05
_MOST_NAMES_BYTES: Final = 16 * 128
"""pcsc-lite knows at most 16 readers, with names of at most 128 bytes."""
_MOST_ANSWER_BYTES: Final = 264
_STATUS_WORD_BYTES: Final = 2
_LET_GO_S: Final = 0.5
_LATE_S: Final = 0.5
"""How long after the end of a wait its answer may come."""
_SETTLE_S: Final = 0.25
"""How long somebody may seem to hold the card before it is believed."""

_turns: dict[bytes, threading.Lock] = {}
"""By the reader's name: who of this process holds its card."""


class PcscSlot(CardSlot):
    """The reader whose name begins with `wanted`; the first one when that is empty."""

    def __init__(self, wanted: str, clock: Clock) -> None:
        self._wanted = wanted.encode()
        self._clock = clock
        self._context: Context | None = None
        self._reader = b""

    @property
    def name(self) -> str:
        """See `CardSlot`."""
        return self._reader.decode("utf-8", "replace")

    def open(self, deadline: float) -> None:
        """See `CardSlot`."""
        self.close()
        self._context = Context(self._left_s(deadline))
        names = self._reader_names(deadline)
        self._reader = next((name for name in names if name.startswith(self._wanted)), b"")
        if not self._reader:
            self.close()
            raise SlotLost(SlotFault.NO_READER)
        self.state(deadline)

    def close(self) -> None:
        """See `CardSlot`."""
        context, self._context, self._reader = self._context, None, b""
        if context is not None:
            context.close()

    def state(self, deadline: float) -> SlotState:
        """See `CardSlot`."""
        state = self._ask_state(None, 0.0, deadline)
        settled = min(deadline, self._clock.monotonic() + _SETTLE_S)
        while state.held_by_others and (left_s := self._left_s(settled)) > 0:
            # Perhaps only the other driver of this process, which has just let go.
            state = self._ask_state(state, min(left_s, _SLICE_S), deadline)
        return state

    def wait(self, known: SlotState, deadline: float, cancel: threading.Event) -> SlotState:
        """See `CardSlot`."""
        while True:
            if cancel.is_set():
                raise SlotLost(SlotFault.CANCELED)
            left_s = self._left_s(deadline)
            state = self._ask_state(known, min(left_s, _SLICE_S), deadline + _LATE_S)
            if state.mark != known.mark or left_s <= 0:
                return state

    def hold(self, deadline: float, cancel: threading.Event, *, stay_powered: bool = False) -> HeldCard:
        """See `CardSlot`."""
        turn = _turns.setdefault(self._reader, threading.Lock())
        while not turn.acquire(timeout=_TURN_S):
            self._check(deadline, cancel)
        try:
            handle, protocol = self._connect(deadline, cancel)
        except SlotLost:
            turn.release()
            raise
        return PcscCard(self.call, self._clock, handle, protocol, turn, deadline, cancel, stay_powered)

    def call(
        self, name: str, *arguments: object, deadline: float, cancel: threading.Event | None = None
    ) -> bool:
        """One call of the library; closes the slot when it tells that the reader or the service has gone."""
        if self._context is None:
            raise SlotLost(SlotFault.NO_SERVICE)
        try:
            return self._context.call(name, *arguments, limit_s=self._left_s(deadline), cancel=cancel)
        except SlotLost as lost:
            # CANCELED comes from in here only when the call had to be cut off, which ends the context.
            if lost.fault in GONE or lost.fault is SlotFault.CANCELED:
                self.close()
            raise

    def _connect(self, deadline: float, cancel: threading.Event) -> tuple[c_long, int]:
        handle, protocol = c_long(0), c_ulong(0)
        while True:
            context = self._context.handle if self._context else c_long(0)
            where = (context, self._reader, SHARE_EXCLUSIVE, T0_OR_T1, byref(handle), byref(protocol))
            try:
                self.call("SCardConnect", *where, deadline=deadline, cancel=cancel)
            except SlotLost as lost:
                if lost.fault is not SlotFault.IN_USE:
                    raise
            else:
                return handle, protocol.value
            self._check(deadline, cancel)
            self._clock.wait(cancel, _TURN_S)

    def _check(self, deadline: float, cancel: threading.Event) -> None:
        if cancel.is_set():
            raise SlotLost(SlotFault.CANCELED)
        if self._left_s(deadline) <= 0:
            raise SlotLost(SlotFault.IN_USE)

    def _left_s(self, deadline: float) -> float:
        return max(deadline - self._clock.monotonic(), 0.0)

    def _reader_names(self, deadline: float) -> list[bytes]:
        length = c_ulong(_MOST_NAMES_BYTES)
        buffer = ctypes.create_string_buffer(_MOST_NAMES_BYTES)
        context = self._context.handle if self._context else c_long(0)
        self.call("SCardListReaders", context, None, buffer, byref(length), deadline=deadline)
        return [name for name in buffer.raw[: min(length.value, _MOST_NAMES_BYTES)].split(b"\0") if name]

    def _ask_state(self, known: SlotState | None, wait_s: float, deadline: float) -> SlotState:
        """The slot's state when it differs from `known`, or after `wait_s`."""
        asked = ReaderState(reader=self._reader, current_state=known.mark if known else 0)
        context = self._context.handle if self._context else c_long(0)
        wait_ms = int(wait_s * 1000)
        if (
            not self.call("SCardGetStatusChange", context, wait_ms, byref(asked), 1, deadline=deadline)
            and known
        ):
            return known
        event = int(asked.event_state)
        if event & (STATE_UNKNOWN | STATE_UNAVAILABLE):
            self.close()
            raise SlotLost(SlotFault.NO_READER)
        turn = _turns.get(self._reader)
        return SlotState(
            present=bool(event & STATE_PRESENT),
            placing=event >> 16,
            mute=bool(event & STATE_MUTE),
            held_by_others=bool(event & STATE_EXCLUSIVE) and not (turn is not None and turn.locked()),
            mark=event & ~STATE_CHANGED,
        )


class PcscCard(HeldCard):
    """A card that is connected exclusively."""

    def __init__(
        self,
        call: Callable[..., bool],
        clock: Clock,
        handle: c_long,
        protocol: int,
        turn: threading.Lock,
        deadline: float,
        cancel: threading.Event,
        stay_powered: bool,
    ) -> None:
        self._call, self._clock, self._handle, self._turn = call, clock, handle, turn
        self._request = IoRequest(protocol=protocol, length=ctypes.sizeof(IoRequest))
        self._deadline, self._cancel = deadline, cancel
        self._disposition = LEAVE_CARD if stay_powered else UNPOWER_CARD
        self._held = True

    def transmit(self, command: bytes) -> bytes:
        """See `HeldCard`."""
        if self._cancel.is_set():
            raise SlotLost(SlotFault.CANCELED)
        answer = ctypes.create_string_buffer(_MOST_ANSWER_BYTES)
        length = c_ulong(_MOST_ANSWER_BYTES)
        limits = {"deadline": self._deadline, "cancel": self._cancel}
        sent = (self._handle, byref(self._request), command, len(command))
        self._call("SCardTransmit", *sent, None, answer, byref(length), **limits)
        if length.value < _STATUS_WORD_BYTES:
            raise SlotLost(SlotFault.FAILED)
        return answer.raw[: min(length.value, _MOST_ANSWER_BYTES)]

    def release(self) -> None:
        """See `HeldCard`."""
        if not self._held:
            return
        self._held = False
        deadline = self._clock.monotonic() + _LET_GO_S
        try:
            self._call("SCardDisconnect", self._handle, self._disposition, deadline=deadline)
        except SlotLost:
            pass  # the card, the reader or the service has gone: nothing is held any more
        finally:
            self._turn.release()
