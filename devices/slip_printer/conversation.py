"""Questions and answers on the printer's line: what was asked, what came back, and whether to believe it.

Real-time questions (DLE EOT) get through past everything buffered and are asked one at a time.  Queued ones
(GS r 1, GS ( H) are answered when the printer has come as far as they stand; each is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from devices.slip_printer import protocol
from devices.slip_printer.models import Model
from devices.slip_printer.paper_time import PaperTime
from devices.slip_printer.printer_state import print_fault
from devices.slip_printer.protocol import (
    Answer,
    AnswerReader,
    AutoStatus,
    Confirmation,
    Identity,
    Noise,
    PaperToken,
    PrinterState,
    RealTimeByte,
    StateBuilder,
)
from devices.transport.byte_port import BytePort, PortLost
from kiosk.clock import Clock
from kiosk.domain.printing import PrintFault

_BITS_A_BYTE = 10
"""Start bit, 8 data bits, stop bit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long the printer may take, in seconds."""

    answer_s: float = 0.5
    """To a real-time question, and to a queued one when nothing stands before it."""
    look_s: float = 0.3
    """Without progress for this long: ask in real time what is wrong."""
    recover_s: float = 3.0
    settle_s: float = 0.1
    """Silence after which nothing of an earlier job is on its way any more."""
    wire_bytes_s: float = 11520.0
    """What the line carries in a second: a question waits behind the bytes before it."""

    @classmethod
    def at_baud(cls, baud: int) -> Timing:
        """For a serial line; USB and the network are faster than any."""
        return cls(wire_bytes_s=baud / _BITS_A_BYTE)


class Stopped(Exception):
    """The slip cannot go on. `sent_bytes` of the last write had left."""

    def __init__(self, fault: PrintFault, sent_bytes: int = 0) -> None:
        self.fault, self.sent_bytes = fault, sent_bytes
        super().__init__(fault.value)


class Conversation:
    """One printer on one line. Every call may raise `PortLost`, those with a `cancel` also `Canceled`."""

    def __init__(self, port: BytePort, model: Model, clock: Clock, timing: Timing) -> None:
        self._port, self._model, self._clock, self._timing = port, model, clock, timing
        self._answers = AnswerReader(model.real_time_mask)
        self._real_time: list[int] = []
        self._marks: set[bytes] = set()
        self._identities: list[str] = []
        self._open_tokens = 0
        self._asking = False
        self._alarm = False
        self._line_free_at = 0.0
        self.paper_end = False
        """The last queued answer said that the paper had ended."""
        self.doubt = False
        """Something answered that nobody had asked: no answer proves anything any more."""
        self.disturbed = False
        """The printer told of a fault by itself, even if it has passed since: a line may be missing."""
        self.paper_time = PaperTime(model)

    def forget(self) -> None:
        """Begin anew: nothing was asked, and nothing that arrived belongs to what follows."""
        self._port.drop_input()
        self._answers.clear()
        self._real_time.clear()
        self._marks.clear()
        self._open_tokens = 0
        self._asking = self._alarm = self.paper_end = self.doubt = self.disturbed = False
        self.paper_time = PaperTime(self._model)

    def write(self, data: bytes, deadline: float, cancel: threading.Event, dots: int = 0) -> int:
        """Write all of `data`, which moves the paper by `dots`. Raises `Stopped`, `Canceled`."""
        self.paper_time.sending(self._clock.monotonic(), dots)
        try:
            sent = self._send(data, deadline, cancel)
        except PortLost:
            # How much of it left is unknown: count all of it, so that nothing is called certain.
            raise Stopped(PrintFault.NO_PRINTER, len(data)) from None
        if sent < len(data):
            raise Stopped(PrintFault.CANCELED if cancel.is_set() else PrintFault.NO_ANSWER, sent)
        return sent

    def drop_buffer(self) -> None:
        """Tell the printer to forget what it has not printed."""
        self._send(bytes.fromhex(self._model.drop_buffer), self._clock.monotonic() + 0.1)

    def by_then(self, seconds: float) -> float:
        """The moment `seconds` after everything written so far has passed the line."""
        return max(self._line_free_at, self._clock.monotonic()) + seconds

    def _send(self, data: bytes, deadline: float, cancel: threading.Event | None = None) -> int:
        self._line_free_at = self.by_then(len(data) / self._timing.wire_bytes_s)
        return self._port.write_some(data, deadline, cancel)

    # -- queued questions -------------------------------------------------------------------------------

    def ask_token(self, deadline: float, cancel: threading.Event) -> None:
        """Put a question behind everything written so far."""
        self.write(protocol.PAPER_QUERY, deadline, cancel)
        self.paper_time.asked()
        self._open_tokens += 1

    def await_tokens(self, open_at_most: int, deadline: float, cancel: threading.Event) -> None:
        """Wait until no more than so many questions stand open. Raises `Stopped`."""
        self._await(lambda: self._open_tokens <= open_at_most, deadline, cancel)

    def ask_mark(self, mark: bytes, deadline: float, cancel: threading.Event) -> None:
        """Ask for `mark` when everything written so far is on paper, and wait for it. Raises `Stopped`."""
        self.write(protocol.confirmation_query(mark), deadline, cancel)
        self._await(lambda: mark in self._marks, deadline, cancel)

    def answers_token(self, within_s: float, limit: float, cancel: threading.Event) -> bool:
        """Ask one question with nothing to print before it; whether it was answered soon."""
        self.ask_token(limit, cancel)
        return self._comes(lambda: self._open_tokens <= 0, within_s, limit, cancel)

    def answers_mark(self, mark: bytes, within_s: float, limit: float, cancel: threading.Event) -> bool:
        """The same, with a mark."""
        self.write(protocol.confirmation_query(mark), limit, cancel)
        return self._comes(lambda: mark in self._marks, within_s, limit, cancel)

    def _comes(
        self, done: Callable[[], bool], within_s: float, limit: float, cancel: threading.Event
    ) -> bool:
        limit = min(limit, self.by_then(within_s))
        while not done():
            if not (data := self._port.read_some(limit, cancel)):
                return False
            self._take(data)
        return True

    def identity(self, what: int, within_s: float, limit: float, cancel: threading.Event) -> str:
        """What the printer tells of itself; "" when it tells nothing."""
        self._identities.clear()
        self.write(protocol.identity_query(what), limit, cancel)
        return (
            self._identities[0]
            if self._comes(lambda: bool(self._identities), within_s, limit, cancel)
            else ""
        )

    def await_silence(self, limit: float, cancel: threading.Event) -> None:
        """Let late answers to an earlier job come in; they must not count for the next. Raises `Stopped`."""
        quiet_at = self._clock.monotonic() + self._timing.settle_s
        while data := self._port.read_some(quiet_at, cancel):
            # Some printers repeat XON for as long as they are ready: that is silence.
            if data.translate(None, protocol.XON_XOFF):
                quiet_at = self._clock.monotonic() + self._timing.settle_s
            if self._clock.monotonic() >= limit:
                raise Stopped(PrintFault.OFFLINE)
        self.forget()

    def _await(self, done: Callable[[], bool], deadline: float, cancel: threading.Event) -> None:
        """Wait until `done`; ask in real time what is wrong when nothing moves or the printer says so."""
        while not done():
            now = self._clock.monotonic()
            if now >= deadline:
                raise Stopped(PrintFault.NO_ANSWER)
            look_at = now if self._alarm else min(deadline, self.by_then(self._timing.look_s))
            if data := self._port.read_some(look_at, cancel):
                self._take(data)
                continue
            self._alarm = False
            if self._model.real_time:
                self.look()

    # -- real-time questions ----------------------------------------------------------------------------

    def look(self) -> None:
        """Raise `Stopped` with what is wrong, if anything is."""
        state = self.ask_state()
        if state is None:
            raise Stopped(PrintFault.NO_ANSWER)
        if not state.clean:
            raise Stopped(print_fault(state))

    def ask_state(self) -> PrinterState | None:
        """DLE EOT 1 to 4, one at a time; None when one stays without an answer."""
        builder = StateBuilder(self._model.masks)
        for number in (1, 2, 3, 4):
            value = self._ask(number)
            if value is None:
                return None
            builder.add(number, value)
        return builder.state

    def _ask(self, number: int) -> int | None:
        self._real_time.clear()
        self._asking = True
        query = protocol.real_time_query(number)
        deadline = self.by_then(self._timing.answer_s)
        if self._send(query, deadline) < len(query):
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
                self.doubt = self.doubt or not self._asking  # nobody asked: it may be noise
            case Confirmation(mark):
                self._marks.add(mark)
            case PaperToken():
                self._open_tokens -= 1
                self.paper_end = answer.paper_end
                self.paper_time.answered(self._clock.monotonic())
                # More answers than questions: line noise looks like an answer, so none proves anything.
                self.doubt = self.doubt or self._open_tokens < 0
            case AutoStatus():
                self._alarm = self._alarm or answer.trouble
                self.disturbed = self.disturbed or answer.trouble
            case Identity(text):
                self._identities.append(text)
            case Noise():
                self.doubt = True
