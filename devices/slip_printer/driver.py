"""Prints slips on ESC/POS printers, and claims no more than the printer confirmed.

The printer's buffer swallows a whole receipt without paper, so bytes written prove nothing.  A slip goes
out in pieces, each followed by a queued question (GS r 1): at most two stand open, so the buffer never
fills, real-time questions always get through, and it is known how far the printer has come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from devices.slip_printer import protocol
from devices.slip_printer.job import MAX_BAND_BYTES, Piece, Unprintable, closing, compose, opening
from devices.slip_printer.models import MODELS, Confirms, Model
from devices.slip_printer.protocol import (
    Answer,
    AnswerReader,
    Confirmation,
    Noise,
    PaperToken,
    PrinterState,
    RealTimeByte,
    StateBuilder,
)
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.documents.page import Page
from kiosk.domain.device_status import (
    DeviceCapabilities,
    DeviceDetail,
    DeviceState,
    DeviceStatus,
    MediaState,
    SupplyState,
)
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ports import SlipPrinter

_CHUNK_BYTES: Final = 512
"""Two of these are under way at most: far below every printer's 4 KiB buffer, and when paper runs out
early in a slip its end has not left yet, so that it is certainly not whole and may be printed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long the printer may take, in seconds."""

    answer_s: float = 0.5
    """To a real-time question."""
    look_s: float = 0.3
    """Without progress for this long: ask in real time what is wrong."""
    recover_s: float = 3.0
    settle_s: float = 0.1
    """Silence after which nothing of an earlier job is on its way any more."""


class _Stopped(Exception):
    """The slip cannot go on."""

    def __init__(self, fault: PrintFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class EscPosPrinter(SlipPrinter):
    """A receipt printer on any line: serial, USB or the network."""

    def __init__(
        self,
        port: BytePort,
        model: str = "generic-80",
        font_file: Path | None = None,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._model: Model = MODELS[model]
        self._font = font_file
        self._timing = timing or Timing()
        self._answers = AnswerReader(self._model.real_time_mask)
        self._real_time: list[int] = []
        self._marks: set[bytes] = set()
        self._open_tokens = 0
        self._paper_end = self._doubt = False
        self._half_slip = True
        self._asking = False
        # Not the same after every start, so that a late answer to an earlier process proves nothing.
        self._next_mark = int(self._clock.monotonic() * 1000) % 10000

    # -- DevicePort ---------------------------------------------------------------------------------

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        # Whoever spoke to the printer before (this process, before a crash) may have left half a slip.
        self._half_slip = True
        try:
            self._port.open()
            self._forget_answers()
            status = self.status()
        except PortLost as lost:
            return lost_status(lost.fault)
        if status.state not in (DeviceState.ONLINE, DeviceState.BUSY, DeviceState.USER_ERROR):
            self._port.close()
        return status

    def close(self) -> None:
        """See `DevicePort`."""
        self._port.close()

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`. Most printers tell nothing of themselves: the model is the configured one."""
        return DeviceCapabilities(model=self._model.name)

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            self._port.drop_input()
            self._forget_answers()
            state = self._ask_state()
            if state is not None and (state.cutter_error or state.mechanical_error):
                # These stay latched after the hand has put them right, until the printer is told to go on.
                self._port.write_some(protocol.RECOVER_DROPPING, self._clock.monotonic() + 0.1)
        except PortLost as lost:
            return lost_status(lost.fault)
        if state is None:
            self._port.close()
            detail = DeviceDetail.WRONG_DEVICE if self._doubt else DeviceDetail.NONE
            return DeviceStatus(state=DeviceState.OFFLINE, detail=detail)
        return _device_status(state)

    # -- SlipPrinter ----------------------------------------------------------------------------------

    def print(self, page: Page, timeout_s: float, cancel: threading.Event) -> PrintOutcome:
        """See `SlipPrinter`."""
        deadline = self._clock.monotonic() + timeout_s
        if not self._port.is_open:
            return _failed(PrintFault.NO_PRINTER)
        try:
            pieces = compose(page, self._model, self._font)
        except Unprintable:
            return _failed(PrintFault.UNPRINTABLE)
        try:
            self._prepare(deadline, cancel)
        except (_Stopped, _PartlySent, Canceled, PortLost) as error:
            return _failed(_fault_behind(error))
        return self._print_pieces(pieces, deadline, cancel)

    def _prepare(self, deadline: float, cancel: threading.Event) -> None:
        """Look whether a slip can be printed, and clear what an earlier one left. Raises `_Stopped`."""
        self._port.drop_input()
        self._forget_answers()
        state = self._ask_state()
        if state is None:
            raise _Stopped(PrintFault.OFFLINE)
        if not state.clean:
            raise _Stopped(_print_fault(state))
        if not self._half_slip:
            return
        # Out with the rest of the old job; NULs complete an image that broke off; what is already on the
        # paper gets its own cut, so that half of one slip never stands above the next.
        flush = (
            protocol.RECOVER_DROPPING + bytes(MAX_BAND_BYTES) + opening(self._model) + closing(self._model)
        )
        limit = min(deadline, self._clock.monotonic() + self._timing.recover_s)
        self._write(flush + protocol.PAPER_QUERY, limit, cancel)
        self._open_tokens = 1
        self._await_tokens(0, limit, cancel)
        # Answers to the old job's questions may still come in; they must not count for the new one.
        while self._port.read_some(self._clock.monotonic() + self._timing.settle_s, cancel):
            if self._clock.monotonic() >= limit:
                raise _Stopped(PrintFault.OFFLINE)
        self._forget_answers()
        self._half_slip = False

    def _print_pieces(self, pieces: list[Piece], deadline: float, cancel: threading.Event) -> PrintOutcome:
        certain = _bytes_before_last_ink(pieces)
        sent = 0
        self._half_slip = True
        try:
            for chunk in _chunks(pieces):
                sent += self._write(chunk, deadline, cancel)
                self._write(protocol.PAPER_QUERY, deadline, cancel)
                self._open_tokens += 1
                self._await_tokens(1, deadline, cancel)
            self._confirm(deadline, cancel)
        except _PartlySent as partly:
            return self._give_up(sent + partly.count <= certain, partly.fault)
        except (_Stopped, Canceled, PortLost) as error:
            return self._give_up(sent <= certain, _fault_behind(error))
        self._half_slip = False
        return PrintOutcome(verdict=PrintVerdict.PRINTED)

    def _confirm(self, deadline: float, cancel: threading.Event) -> None:
        """Cut, and wait for the printer's word that everything before is on paper. Raises `_Stopped`."""
        self._next_mark = (self._next_mark + 1) % 10000
        mark = b"%04d" % self._next_mark
        if self._model.confirms is Confirms.MARK:
            self._write(closing(self._model) + protocol.confirmation_query(mark), deadline, cancel)
            self._await(lambda: mark in self._marks, deadline, cancel)
        else:
            self._write(closing(self._model) + protocol.PAPER_QUERY, deadline, cancel)
            self._open_tokens += 1
        self._await_tokens(0, deadline, cancel)
        state = self._ask_state()
        if state is None or self._doubt:
            raise _Stopped(PrintFault.NO_ANSWER)
        if not state.clean:
            raise _Stopped(_print_fault(state))
        if self._paper_end:
            raise _Stopped(PrintFault.PAPER_OUT)

    def _give_up(self, surely_not_whole: bool, fault: PrintFault) -> PrintOutcome:
        """End a slip that went wrong; its rest must not come out later, before somebody else's eyes."""
        if self._port.is_open:
            try:
                self._port.write_some(protocol.RECOVER_DROPPING, self._clock.monotonic() + 0.1)
            except PortLost:
                pass
        verdict = PrintVerdict.FAILED if surely_not_whole else PrintVerdict.UNCONFIRMED
        return PrintOutcome(verdict=verdict, fault=fault)

    # -- talking --------------------------------------------------------------------------------------

    def _write(self, data: bytes, deadline: float, cancel: threading.Event) -> int:
        """Write all of `data`. Raises `_PartlySent`, `Canceled`, `PortLost`."""
        try:
            sent = self._port.write_some(data, deadline, cancel)
        except PortLost:
            # How much of it left is unknown: count all of it, so that nothing is called certain.
            raise _PartlySent(len(data), PrintFault.NO_PRINTER) from None
        if sent < len(data):
            raise _PartlySent(sent, PrintFault.CANCELED if cancel.is_set() else PrintFault.NO_ANSWER)
        return sent

    def _await_tokens(self, open_at_most: int, deadline: float, cancel: threading.Event) -> None:
        self._await(lambda: self._open_tokens <= open_at_most, deadline, cancel)

    def _await(self, done: Callable[[], bool], deadline: float, cancel: threading.Event) -> None:
        """Wait until `done`; ask in real time what is wrong when nothing moves. Raises `_Stopped`."""
        while not done():
            now = self._clock.monotonic()
            if now >= deadline:
                raise _Stopped(PrintFault.NO_ANSWER)
            data = self._port.read_some(min(deadline, now + self._timing.look_s), cancel)
            if data:
                self._take(data)
                continue
            state = self._ask_state()
            if state is None:
                raise _Stopped(PrintFault.NO_ANSWER)
            if not state.clean:
                raise _Stopped(_print_fault(state))

    def _ask_state(self) -> PrinterState | None:
        """DLE EOT 1 to 4, one at a time; None when one stays without an answer."""
        builder = StateBuilder(self._model.masks)
        for number in (1, 2, 3, 4):
            value = self._ask(number)
            if value is None:
                return None
            builder.add(number, value)
        return builder.state

    def _ask(self, number: int) -> int | None:
        deadline = self._clock.monotonic() + self._timing.answer_s
        self._real_time.clear()
        self._asking = True
        query = protocol.real_time_query(number)
        if self._port.write_some(query, deadline) < len(query):
            return None
        while not self._real_time:
            data = self._port.read_some(deadline)
            if not data:
                return None
            self._take(data)
        self._asking = False
        # Two answers to one question: one of them belongs to something else.
        return self._real_time[0] if len(self._real_time) == 1 else None

    def _take(self, data: bytes) -> None:
        for answer in self._answers.feed(data):
            self._sort(answer)

    def _sort(self, answer: Answer) -> None:
        match answer:
            case RealTimeByte(value):
                self._real_time.append(value)
                self._doubt = self._doubt or not self._asking  # nobody asked: it may be noise
            case Confirmation(mark):
                self._marks.add(mark)
            case PaperToken():
                self._open_tokens -= 1
                self._paper_end = answer.paper_end
                # More answers than questions: line noise looks like an answer, so none proves anything.
                self._doubt = self._doubt or self._open_tokens < 0
            case Noise():
                self._doubt = True

    def _forget_answers(self) -> None:
        self._answers.clear()
        self._real_time.clear()
        self._marks.clear()
        self._open_tokens, self._doubt, self._asking, self._paper_end = 0, False, False, False


class _PartlySent(Exception):
    """Only `count` bytes of a write left."""

    def __init__(self, count: int, fault: PrintFault) -> None:
        self.count, self.fault = count, fault
        super().__init__(fault.value)


def _chunks(pieces: list[Piece]) -> Iterator[bytes]:
    chunk = b""
    for piece in pieces:
        if chunk and len(chunk) + len(piece.data) > _CHUNK_BYTES:
            yield chunk
            chunk = b""
        chunk += piece.data
    if chunk:
        yield chunk


def _bytes_before_last_ink(pieces: list[Piece]) -> int:
    """As long as no byte beyond these has left, the slip is certainly not whole on paper."""
    last = max((number for number, piece in enumerate(pieces) if piece.ink), default=0)
    return sum(len(piece.data) for piece in pieces[:last])


def _failed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.FAILED, fault=fault)


def _fault_behind(error: Exception) -> PrintFault:
    match error:
        case _Stopped():
            return error.fault
        case _PartlySent():
            return error.fault
        case Canceled():
            return PrintFault.CANCELED
        case _:
            return PrintFault.NO_PRINTER


def _print_fault(state: PrinterState) -> PrintFault:
    if state.cover_open:
        return PrintFault.COVER_OPEN
    if state.paper_out:
        return PrintFault.PAPER_OUT
    if state.cutter_error:
        return PrintFault.CUTTER_ERROR
    if state.mechanical_error:
        return PrintFault.PAPER_JAMMED
    if state.unrecoverable:
        return PrintFault.HARDWARE_ERROR
    if state.too_hot:
        return PrintFault.HEAD_TOO_HOT
    return PrintFault.HARDWARE_ERROR if state.in_error else PrintFault.OFFLINE


def _device_status(state: PrinterState) -> DeviceStatus:
    paper = SupplyState.OUT if state.paper_out else SupplyState.LOW if state.paper_low else SupplyState.FULL
    media = MediaState.UNKNOWN
    if state.taken is not None:
        media = MediaState.NOT_PRESENT if state.taken else MediaState.PRESENT
    status = DeviceStatus(state=DeviceState.ONLINE, media=media, paper=paper)
    if state.cover_open:
        return replace(status, state=DeviceState.USER_ERROR, detail=DeviceDetail.COVER_OPEN)
    if state.cutter_error:
        return replace(status, state=DeviceState.HARDWARE_ERROR, detail=DeviceDetail.CUTTER_ERROR)
    if state.unrecoverable:
        return replace(status, state=DeviceState.HARDWARE_ERROR)
    if state.mechanical_error:
        return replace(status, state=DeviceState.USER_ERROR, media=MediaState.JAMMED)
    if state.paper_out:
        return status
    if state.too_hot:
        return replace(status, state=DeviceState.BUSY, detail=DeviceDetail.HEAD_TOO_HOT)
    return replace(status, state=DeviceState.USER_ERROR) if state.offline or state.in_error else status
