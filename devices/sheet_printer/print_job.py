"""One job from its announcement to its end, followed at the printer itself.

Sent straight to the printer, or through a queue of the local print service; in both cases it is the
printer's own job that is watched, because a queue calls a job completed that was lost in a reboot, and
reports a page before it is there (seen with CUPS 2.4).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.sheet_printer.connection import NoAnswer
from devices.sheet_printer.destination import Destination, Order, Refused
from devices.sheet_printer.evidence import judge, short
from devices.sheet_printer.ipp import JobState, Operation, PrinterState, Status
from devices.sheet_printer.line import LinkFault
from devices.sheet_printer.report import FAULT_OF_WAIT, Abilities, JobReport, PrinterReport
from kiosk.clock import Clock
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintProgress, PrintVerdict, PrintWait

_REFUSED_DOCUMENT: Final = frozenset((Status.FORMAT_NOT_SUPPORTED, Status.ATTRIBUTES_NOT_SUPPORTED, 0x0411))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long things may take, in seconds."""

    poll_s: float = 0.5
    ask_s: float = 3.0
    """For one question; a printer that prints answers slowly."""
    lost_s: float = 12.0
    """Without any answer for this long, nothing is known any more."""
    settle_s: float = 1.5
    """After `completed`: some printers finish counting after they finish."""
    standstill_s: float = 1.5
    """Without a new sheet for this long, what the printer complains of is what it waits for: with paper in
    another tray it complains and prints."""
    grace_s: float = 3.0
    """After the queue has ended a job: for it to show up at the printer."""
    give_up_s: float = 3.0
    """For the printer to confirm that it canceled; kept free before the deadline."""
    cancel_s: float = 0.9
    """The same, when somebody wants to leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a job goes."""

    printer: Destination
    spooler: Destination | None
    takes: Abilities
    """Of the one that the job is sent to."""

    @property
    def first(self) -> Destination:
        """Where the job is sent."""
        return self.spooler or self.printer


class PrintJob:
    """Runs once. `expected` is the number of sides of all copies; None when nobody could count them."""

    def __init__(
        self,
        route: Route,
        order: Order,
        expected: int | None,
        clock: Clock,
        timing: Timing,
        deadline: float,
        cancel: threading.Event,
        on_progress: Callable[[PrintProgress], None],
    ) -> None:
        self._route, self._order, self._expected = route, order, expected
        self._clock, self._timing = clock, timing
        self._deadline, self._cancel, self._on_progress = deadline, cancel, on_progress
        self._never = threading.Event()
        self._number: int | None = None
        self._at_printer: int | None = None
        self._begun = False
        self._sheets: int | None = None
        self._wait = PrintWait.NOTHING
        self._started_at = self._moved_at = clock.monotonic()
        self._up_s: int | None = None
        self._lost_at: float | None = None
        self._ended_at: float | None = None
        self._resumed_at = -1e9
        # What is left after it belongs to canceling.
        self._limit = deadline - min(timing.give_up_s, (deadline - self._started_at) * 0.3)

    def run(self) -> PrintOutcome:
        """Print, and say what the printer confirmed."""
        outcome = self._submit() or self._watch()
        if self._route.spooler is not None and self._number is not None:
            self._route.spooler.cancel(self._number, self._soon(1.0), self._never, purge=True)
        return outcome

    @property
    def queued_as(self) -> int | None:
        """Its number in the local queue; None when it went straight to the printer, or nowhere."""
        return None if self._route.spooler is None else self._number

    # -- sending --------------------------------------------------------------------------------------

    def _submit(self) -> PrintOutcome | None:
        """Send the job; an outcome when that was its end."""
        first, limit = self._route.first, self._limit
        # Two questions more: a kept connection may have died since, and a job must not be the first to notice.
        for place in {self._route.printer, first}:
            report = place.describe(min(limit, self._soon()), self._cancel)
            if not isinstance(report, PrinterReport):
                return self._not_begun(report)
            if place is self._route.printer:
                self._up_s = report.up_time_s
        operations = self._route.takes.operations
        if Operation.CREATE_JOB in operations and Operation.SEND_DOCUMENT in operations:
            created = self._create(limit)
            if not isinstance(created, JobReport):
                return self._not_begun(created)
            self._number = created.number
            sent = first.send(created.number, self._order, limit, self._cancel)
        else:
            sent = first.print_at_once(self._order, self._route.takes, limit, self._cancel)
        if isinstance(sent, JobReport):
            self._number = sent.number
            self._at_printer = sent.number if self._route.spooler is None else None
            return None
        if isinstance(sent, Refused) or sent.sent_bytes == 0:
            return self._not_begun(sent)
        self._at_printer = self._number if self._route.spooler is None else None
        return self._give_up(_fault_of(sent))

    def _create(self, limit: float) -> JobReport | Refused | NoAnswer:
        """Announce the job; a printer that is busy with another one is asked again until `limit`."""
        while True:
            created = self._route.first.create(
                self._order, self._route.takes, min(limit, self._soon(self._timing.ask_s)), self._cancel
            )
            busy = isinstance(created, Refused) and created.status == Status.BUSY
            if not busy or self._clock.monotonic() + self._timing.poll_s >= limit:
                return created
            self._tell(PrintWait.TURN)
            if self._clock.wait(self._cancel, self._timing.poll_s):
                return NoAnswer(LinkFault.CANCELED)

    def _not_begun(self, reason: Refused | NoAnswer) -> PrintOutcome:
        """No byte of the document has left, or the printer would not have it: it cannot be on paper."""
        if self._number is not None:
            self._route.first.cancel(self._number, self._soon(1.0), self._never)
        return PrintOutcome(verdict=PrintVerdict.FAILED, fault=_fault_of(reason))

    # -- watching -------------------------------------------------------------------------------------

    def _watch(self) -> PrintOutcome:
        while True:
            if self._cancel.is_set():
                return self._give_up(PrintFault.CANCELED)
            if self._clock.monotonic() >= self._limit:
                return self._give_up(FAULT_OF_WAIT[self._wait])
            if (outcome := self._look()) is not None:
                return outcome
            # Seldom enough for a slow printer, often enough to add no more than a tenth to a quick job.
            pause_s = max((self._clock.monotonic() - self._started_at) / 10, 0.1)
            self._clock.wait(self._cancel, min(pause_s, self._timing.poll_s))

    def _look(self) -> PrintOutcome | None:
        if self._at_printer is None:
            found = self._route.printer.find(self._order.name, self._soon(), self._cancel)
            if isinstance(found, NoAnswer):
                return self._no_answer(found)
            if found is None:
                return self._look_at_queue()
            self._at_printer = found.number
        job = self._route.printer.job(self._at_printer, self._soon(), self._cancel)
        if isinstance(job, NoAnswer):
            return self._no_answer(job)
        if isinstance(job, Refused) or (job.name and job.name != self._order.name):
            # Forgotten by the printer, or its number given to somebody else: it was switched off and on.
            return _unconfirmed(PrintFault.NO_ANSWER)
        self._lost_at = None
        self._note(job)
        if job.final:
            self._ended_at = self._ended_at or self._clock.monotonic()
            waited_s = self._clock.monotonic() - self._ended_at
            if short(job, self._expected) and waited_s < self._timing.settle_s:
                return None
            return judge(job, self._expected, begun=self._begun)
        return self._look_at_printer()

    def _look_at_printer(self) -> PrintOutcome | None:
        """Why nothing moves, if nothing does."""
        printer = self._route.printer.describe(self._soon(), self._cancel)
        if isinstance(printer, NoAnswer):
            return self._no_answer(printer)
        wait = printer.wait if isinstance(printer, PrinterReport) else PrintWait.NOTHING
        stands = self._clock.monotonic() - self._moved_at >= self._timing.standstill_s
        self._tell(wait if stands else PrintWait.NOTHING)
        self._mend_queue(wait)
        return None

    def _look_at_queue(self) -> PrintOutcome | None:
        """The job is not at the printer yet, or will never be."""
        if self._route.spooler is None or self._number is None:
            return _unconfirmed(PrintFault.NO_ANSWER)
        queued = self._route.spooler.job(self._number, self._soon(), self._cancel)
        if isinstance(queued, NoAnswer):
            return self._no_answer(queued)
        self._lost_at = None
        if isinstance(queued, JobReport) and not queued.final:
            return self._look_at_printer()
        self._ended_at = self._ended_at or self._clock.monotonic()
        if self._clock.monotonic() - self._ended_at < self._timing.grace_s:
            return None
        if isinstance(queued, JobReport) and queued.state != JobState.COMPLETED and self._remembers():
            return PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.HARDWARE_ERROR)
        return _unconfirmed(PrintFault.NO_ANSWER)

    def _mend_queue(self, wait: PrintWait) -> None:
        """A queue that was stopped by an error goes on once the printer is well."""
        spooler, now = self._route.spooler, self._clock.monotonic()
        if spooler is None or wait is not PrintWait.NOTHING or now - self._resumed_at < 2.0:
            return
        queue = spooler.describe(self._soon(), self._cancel)
        if isinstance(queue, PrinterReport) and queue.state == PrinterState.STOPPED:
            self._resumed_at = now
            spooler.resume(self._soon(), self._cancel)

    def _no_answer(self, answer: NoAnswer) -> PrintOutcome | None:
        if answer.fault is LinkFault.CANCELED:
            return None
        now = self._clock.monotonic()
        self._lost_at = now if self._lost_at is None else self._lost_at
        self._tell(PrintWait.ANSWER)
        if now - self._lost_at >= self._timing.lost_s:
            return _unconfirmed(PrintFault.NO_ANSWER)
        return None

    def _note(self, job: JobReport) -> None:
        if job.sheets != self._sheets:
            self._sheets, self._moved_at = job.sheets, self._clock.monotonic()
        self._begun = self._begun or bool(job.sheets) or job.state in (JobState.PROCESSING, JobState.STOPPED)

    # -- giving up ------------------------------------------------------------------------------------

    def _give_up(self, fault: PrintFault) -> PrintOutcome:
        """Cancel the job, so that it never comes out before somebody else's eyes, and see what is true."""
        left_s = self._timing.cancel_s if self._cancel.is_set() else self._timing.give_up_s
        end = min(self._clock.monotonic() + left_s, max(self._deadline, self._clock.monotonic() + 0.5))
        printer = self._route.printer
        if self._route.spooler is not None and self._number is not None:
            self._route.spooler.cancel(self._number, end, self._never, purge=True)
        canceled = False
        while True:
            if self._at_printer is None:
                self._at_printer = self._found_late(end)
            if self._at_printer is not None:
                canceled = canceled or printer.cancel(self._at_printer, end, self._never)
                job = printer.job(self._at_printer, end, self._never)
                if isinstance(job, JobReport) and job.name in ("", self._order.name):
                    self._note(job)
                    if job.final:
                        return judge(job, self._expected, fault, self._begun)
            if self._clock.monotonic() + 0.1 >= end:
                break
            self._clock.wait(self._never, 0.1)
        never_came = self._at_printer is None and self._route.spooler is not None and self._remembers()
        return PrintOutcome(verdict=PrintVerdict.FAILED, fault=fault) if never_came else _unconfirmed(fault)

    def _found_late(self, end: float) -> int | None:
        found = self._route.printer.find(self._order.name, end, self._never)
        return found.number if isinstance(found, JobReport) else None

    def _remembers(self) -> bool:
        """Whether the printer has been up since before the job: then what it does not know, it never had."""
        printer = self._route.printer.describe(self._soon(), self._never)
        if not isinstance(printer, PrinterReport) or printer.up_time_s is None or self._up_s is None:
            return False
        return printer.up_time_s >= self._up_s + int(self._clock.monotonic() - self._started_at) - 2

    # -- telling --------------------------------------------------------------------------------------

    def _tell(self, wait: PrintWait) -> None:
        self._wait = wait
        self._on_progress(PrintProgress(sheets=self._sheets, waiting=wait))

    def _soon(self, within_s: float | None = None) -> float:
        """The deadline of one question."""
        soon = self._clock.monotonic() + (self._timing.ask_s if within_s is None else within_s)
        return min(soon, self._deadline + 0.9)


def _unconfirmed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=fault)


def _fault_of(reason: Refused | NoAnswer) -> PrintFault:
    if isinstance(reason, Refused):
        return PrintFault.UNPRINTABLE if reason.status in _REFUSED_DOCUMENT else PrintFault.OFFLINE
    return PrintFault.CANCELED if reason.fault is LinkFault.CANCELED else PrintFault.OFFLINE
