"""One slip at a time, each job once: asked again, it answers again and does not print again."""

from __future__ import annotations

import threading

import msgspec

from devices.duty import Desk, Duty, Method, text_of
from kiosk.documents.page import Page
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ipc import Params
from kiosk.ports import SlipPrinter

PRINT_TIMEOUT_S = 30.0


class PrinterBusy(ValueError):
    """Another slip is being printed."""


class SlipPrinterDuty(Duty[SlipPrinter]):
    """Holds the one job that is waiting or being printed, and how the last one ended."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lock = threading.Lock()
        self._job: str | None = None
        self._page: Page | None = None
        self._cancel = threading.Event()
        self._last: tuple[str, PrintOutcome] | None = None

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {
            "slip_printer.print": self._print,
            "slip_printer.cancel": lambda params: self._cancel_job(text_of(params, "job")),
        }

    def _print(self, params: Params) -> None:
        """Take a job. Raises `PrinterBusy` while another one is printing."""
        job = text_of(params, "job")
        page = msgspec.convert(params.get("page"), Page)
        if not self.desk.attached:
            outcome = PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.NO_PRINTER)
            self.desk.notify("slip_printer.outcome", {"job": job, "outcome": outcome})
            return
        with self._lock:
            if self._job == job:
                return
            if self._job is not None:
                raise PrinterBusy(f"busy with {self._job}")
            again = self._last[1] if self._last is not None and self._last[0] == job else None
            if again is None:
                self._job, self._page, self._cancel = job, page, threading.Event()
        if again is not None:
            self.desk.notify("slip_printer.outcome", {"job": job, "outcome": again})

    def _cancel_job(self, job: str) -> None:
        """Cancel `job` if it is the one; its outcome says what had happened by then."""
        with self._lock:
            if self._job == job:
                self._cancel.set()

    def cancel(self) -> None:
        """See `Duty`."""
        self._cancel.set()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`: also without a printer, so that the job ends with an outcome instead of waiting."""
        return self._page is not None

    def step(self, driver: SlipPrinter) -> float:
        """See `Duty`: print the waiting slip."""
        with self._lock:
            job, page, cancel = self._job, self._page, self._cancel
            self._page = None
        if job is None or page is None:
            return 0.0
        if cancel.is_set():
            outcome = PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.CANCELED)
        else:
            self.desk.tell_busy()
            outcome = driver.print(page, PRINT_TIMEOUT_S, cancel)
        with self._lock:
            self._job, self._last = None, (job, outcome)
        self.desk.notify("slip_printer.outcome", {"job": job, "outcome": outcome})
        return -1.0
