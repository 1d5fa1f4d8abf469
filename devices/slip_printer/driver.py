"""Prints slips on ESC/POS printers, and claims no more than the printer confirmed.

The printer's buffer swallows a whole receipt without paper, so bytes written prove nothing.  A slip goes
out in pieces, each followed by a queued question: at most two stand open, so the buffer never fills,
real-time questions always get through, and it is known how far the printer has come.  A printer that answers
no such question, or answers before its paper can have moved, still prints; each of its slips ends unconfirmed.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Final

from devices.slip_printer.conversation import Conversation, Stopped, Timing
from devices.slip_printer.job import (
    Piece,
    Unprintable,
    bytes_before_last_ink,
    chunks,
    closing,
    compose,
    opening,
)
from devices.slip_printer.models import MODELS, Confirms, Model
from devices.slip_printer.paper_watch import PaperWatch
from devices.slip_printer.printer_state import device_status, print_fault
from devices.slip_printer.protocol import PrinterState
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.documents.page import Page
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ports import SlipPrinter

__all__ = ["EscPosPrinter", "Timing"]

_OPENED: Final = frozenset((DeviceState.ONLINE, DeviceState.BUSY, DeviceState.USER_ERROR))
_UNWATCHED_SLOWNESS: Final = 2.0
"""A printer whose progress is not known is given this much more time for its paper than it needs at its fastest."""
_SLOWEST: Final = 20.0
"""No printer takes so many times longer than it needs at its fastest."""


class EscPosPrinter(SlipPrinter):
    """A receipt printer on any line: serial, USB or the network."""

    def __init__(
        self,
        port: BytePort,
        model: str | Model = "generic-80",
        font_file: Path | None = None,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._model = model if isinstance(model, Model) else MODELS[model]
        self._font = font_file
        self._timing = timing or Timing()
        self._talk = Conversation(port, self._model, self._clock, self._timing)
        self._watch = PaperWatch(self._clock)
        self._half_slip = self._half_image = True
        self._confirming: bool | None = None
        """Whether it answers queued questions; None: not tried yet."""
        self._answers_too_early = False
        self._capabilities = DeviceCapabilities(model=self._model.name)
        self._unproven_until = 0.0
        """Until then the last slip, which nobody confirmed, may still be in the printer's buffer."""
        # Not the same after every start, so that a late answer to an earlier process proves nothing.
        self._last_mark = int(self._clock.monotonic() * 1000) % 10000

    # -- DevicePort ---------------------------------------------------------------------------------

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        # Whoever spoke to the printer before (this process, before a crash) may have left half a slip, and
        # may have stopped inside an image.
        self._half_slip = self._half_image = True
        self._confirming = False if self._model.confirms is Confirms.NONE else None
        try:
            self._port.open()
            status = self._look()
        except PortLost as lost:
            return lost_status(lost.fault)
        if status.state not in _OPENED:
            self._port.close()
        return status

    def close(self) -> None:
        """See `DevicePort`."""
        self._port.close()

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`. Most printers tell nothing of themselves: the model is the configured one."""
        return self._capabilities

    def events(self) -> list[DeviceEvent]:
        """See `DevicePort`."""
        return self._watch.take()

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        was_open = self._port.is_open
        try:
            return self._look()
        except PortLost as lost:
            if not was_open:
                return lost_status(lost.fault)
        try:
            # A printer on the network hangs up on an idle line: no fault of its own.
            self._port.open()
            return self._look()
        except PortLost as lost:
            return lost_status(lost.fault)

    def _look(self) -> DeviceStatus:
        """Ask how it is; while it is well and was not tried yet, also whether it confirms. Raises `PortLost`."""
        self._talk.forget()
        if not self._model.real_time:
            self._port.check()
            return self._told(DeviceStatus(state=DeviceState.ONLINE))
        state = self._talk.ask_state()
        if state is None:
            self._port.close()
            detail = DeviceDetail.WRONG_DEVICE if self._talk.doubt else DeviceDetail.NONE
            return DeviceStatus(state=DeviceState.OFFLINE, detail=detail)
        self._drop_what_is_stuck(state)
        if state.cutter_error or state.mechanical_error:
            # These stay latched after the hand has put them right, until the printer is told to go on.
            self._talk.drop_buffer()
        elif state.clean and self._confirming is None:
            try:
                self._confirming = self._synchronise(self._recovered_by(), threading.Event())
                self._ask_who_it_is()
            except Stopped:
                pass  # it could not be tried: the next look, or the next slip, tries again
        return self._told(device_status(state))

    def _ask_who_it_is(self) -> None:
        if not (self._confirming and self._model.tells_itself):
            return
        never, within_s = threading.Event(), self._timing.answer_s
        told: list[str] = []
        for what in (67, 65, 68):
            told.append(self._talk.identity(what, within_s, self._talk.by_then(within_s), never))
            if not told[0]:
                return  # who does not tell its model tells nothing else either
        self._capabilities = DeviceCapabilities(model=told[0], firmware=told[1], serial_number=told[2])

    def _told(self, status: DeviceStatus) -> DeviceStatus:
        self._watch.saw(status)
        unconfirmed = self._confirming is False or self._answers_too_early
        if unconfirmed and status.state is DeviceState.ONLINE and status.usable:
            return replace(status, detail=DeviceDetail.NO_CONFIRMATION)
        return status

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
            self._prepare_on_a_live_line(deadline, cancel)
        except (Stopped, Canceled, PortLost) as error:
            return _failed(_fault_behind(error))
        return self._print_pieces(pieces, deadline, cancel)

    def _prepare_on_a_live_line(self, deadline: float, cancel: threading.Event) -> None:
        """Prepare, on a new line if the old one turns out to be dead: nothing of the slip has left yet."""
        try:
            self._prepare(deadline, cancel)
        except (Stopped, PortLost):
            if self._port.is_open:
                raise
            self._port.open()
            # What was asked on the old line may be answered on this one, and must not count for the slip.
            self._half_image = True
            self._prepare(deadline, cancel)

    def _prepare(self, deadline: float, cancel: threading.Event) -> None:
        """Look whether a slip can be printed, and clear what an earlier one left. Raises `Stopped`."""
        self._talk.forget()
        if self._model.real_time:
            state = self._talk.ask_state()
            if state is None:
                raise Stopped(PrintFault.OFFLINE)
            self._drop_what_is_stuck(state)
            if not state.clean:
                raise Stopped(print_fault(state))
        limit = min(deadline, self._recovered_by())
        if self._half_image or not self._confirming:
            answered = self._synchronise(limit, cancel)
            if self._confirming and not answered:
                self._confirming = (
                    None  # not this slip; whether the next one goes without is found out by looking
                )
                raise Stopped(PrintFault.NO_ANSWER)
            self._confirming = answered
        if self._half_slip:
            # What is already on the paper gets its own cut: half of one slip never stands above the next.
            self._cut_off_half_slip(limit, cancel)

    def _cut_off_half_slip(self, limit: float, cancel: threading.Event) -> None:
        """Raises `Stopped`, `Canceled`. A print server that hangs up at a cut has cut: on its next line the
        slip follows at once, or it would never be printed.
        """
        self._talk.write(opening(self._model) + closing(self._model).data, limit, cancel)
        self._half_slip = False
        try:
            if self._confirming:
                self._talk.ask_token(limit, cancel)
                self._talk.await_tokens(0, limit, cancel)
            self._talk.await_silence(limit, cancel)
        except (Stopped, Canceled):
            self._half_slip = self._port.is_open
            raise

    def _drop_what_is_stuck(self, state: PrinterState) -> None:
        """The rest of a slip that nobody confirmed must not come out later, before somebody else's eyes."""
        if self._clock.monotonic() < self._unproven_until and not state.clean:
            self._talk.drop_buffer()
            self._half_slip = self._half_image = True
            self._unproven_until = 0.0

    def _synchronise(self, limit: float, cancel: threading.Event) -> bool:
        """Drop what an earlier job left, so that commands are read as commands; whether questions are answered.

        Raises `Stopped`, `Canceled`.
        """
        self._talk.drop_buffer()
        if self._model.confirms is Confirms.NONE:
            self._lead_out_of_image(limit, cancel)
            return False
        answered = self._answers_within(self._timing.answer_s, limit, cancel)
        if not answered and self._half_image:
            self._lead_out_of_image(limit, cancel)
            answered = self._answers_within(self._timing.recover_s, limit, cancel)
        self._half_image = False
        if answered and self._model.confirms is Confirms.MARK:
            answered = self._talk.answers_mark(self._next_mark(), self._timing.answer_s, limit, cancel)
        self._talk.await_silence(self._recovered_by(), cancel)
        return answered

    def _recovered_by(self) -> float:
        """The moment by which a printer that can still be used has come to itself."""
        image_s = self._model.band_bytes / self._timing.wire_bytes_s
        return self._talk.by_then(2 * self._timing.recover_s + image_s)

    def _answers_within(self, seconds: float, limit: float, cancel: threading.Event) -> bool:
        self._talk.forget()
        return self._talk.answers_token(seconds, limit, cancel)

    def _lead_out_of_image(self, limit: float, cancel: threading.Event) -> None:
        """Inside an image everything is taken for dots: as many NULs as one has lead out of it."""
        if self._half_image:
            self._talk.write(bytes(self._model.band_bytes), limit, cancel)
            self._half_image = False

    def _print_pieces(self, pieces: list[Piece], deadline: float, cancel: threading.Event) -> PrintOutcome:
        certain = bytes_before_last_ink(pieces)
        watched = bool(self._confirming) and not self._answers_too_early
        sent = 0
        self._half_slip = self._half_image = True
        try:
            for chunk in chunks(pieces, self._model.chunk_bytes):
                sent += self._talk.write(chunk.data, deadline, cancel, chunk.dots)
                if watched:
                    self._talk.ask_token(deadline, cancel)
                    self._talk.await_tokens(1, deadline, cancel)
                else:
                    self._let_paper_move(chunk.dots, deadline, cancel)
            proven = self._cut_and_confirm(deadline, cancel) if watched else self._cut(deadline, cancel)
        except Stopped as stopped:
            return self._give_up(sent + stopped.sent_bytes <= certain, stopped.fault)
        except (Canceled, PortLost) as error:
            return self._give_up(sent <= certain, _fault_behind(error))
        self._half_slip = self._half_image = False
        if proven:
            return PrintOutcome(verdict=PrintVerdict.PRINTED)
        self._unproven_until = self._clock.monotonic() + self._talk.paper_time.least_s * _SLOWEST
        return PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER)

    def _cut_and_confirm(self, deadline: float, cancel: threading.Event) -> bool:
        """Cut, and wait for the printer's word that everything before is on paper. Raises `Stopped`.

        False: it gave its word, and too early, or after a fault that has passed.
        """
        end = closing(self._model)
        self._talk.write(end.data, deadline, cancel, end.dots)
        self._talk.ask_token(deadline, cancel)
        if self._model.confirms is Confirms.MARK:
            self._talk.ask_mark(self._next_mark(), deadline, cancel)
        self._talk.await_tokens(0, deadline, cancel)
        if self._talk.paper_time.too_early:
            self._answers_too_early = True
            self._let_paper_move(0, deadline, cancel)
        self._look_at_the_end()
        if self._talk.paper_end:
            raise Stopped(PrintFault.PAPER_OUT)
        return not self._answers_too_early and not self._talk.disturbed

    def _cut(self, deadline: float, cancel: threading.Event) -> bool:
        """Cut, and give the paper its time; nothing is proven by that. Raises `Stopped`."""
        end = closing(self._model)
        self._talk.write(end.data, deadline, cancel, end.dots)
        self._let_paper_move(end.dots, deadline, cancel)
        if self._model.real_time:
            self._look_at_the_end()
        return False

    def _look_at_the_end(self) -> None:
        """Raise `Stopped` unless the printer is well after all."""
        state = self._talk.ask_state()
        if state is None or self._talk.doubt:
            raise Stopped(PrintFault.NO_ANSWER)
        if not state.clean:
            raise Stopped(print_fault(state))
        self._watch.saw(device_status(state))

    def _let_paper_move(self, dots: int, deadline: float, cancel: threading.Event) -> None:
        """Wait as long as `dots` (0: the whole slip) may take; then look, where looking is possible."""
        time = self._talk.paper_time
        seconds = (time.seconds_for(dots) if dots else time.least_s) * _UNWATCHED_SLOWNESS
        if self._clock.wait(cancel, max(0.0, min(seconds, deadline - self._clock.monotonic()))):
            raise Canceled
        if self._clock.monotonic() >= deadline:
            raise Stopped(PrintFault.NO_ANSWER)
        if self._model.real_time:
            self._talk.look()
        else:
            self._port.check()

    def _give_up(self, surely_not_whole: bool, fault: PrintFault) -> PrintOutcome:
        """End a slip that went wrong; its rest must not come out later, before somebody else's eyes."""
        if self._port.is_open:
            try:
                self._talk.drop_buffer()
            except PortLost:
                pass
        verdict = PrintVerdict.FAILED if surely_not_whole else PrintVerdict.UNCONFIRMED
        return PrintOutcome(verdict=verdict, fault=fault)

    def _next_mark(self) -> bytes:
        self._last_mark = (self._last_mark + 1) % 10000
        return b"%04d" % self._last_mark


def _failed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.FAILED, fault=fault)


def _fault_behind(error: Exception) -> PrintFault:
    match error:
        case Stopped():
            return error.fault
        case Canceled():
            return PrintFault.CANCELED
        case _:
            return PrintFault.NO_PRINTER
