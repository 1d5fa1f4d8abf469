"""One slip at a time, each job once: asked again, it answers again and does not print again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from kiosk.documents.page import Page
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ports import SlipPrinter

PRINT_TIMEOUT_S = 30.0

Notify = Callable[[str, dict[str, Any]], None]


class PrinterBusy(ValueError):
    """Another slip is being printed."""


class SlipPrinterDuty:
    """Holds the one job that is waiting or being printed, and how the last one ended."""

    def __init__(self, notify: Notify, on_busy: Callable[[], None]) -> None:
        self._notify, self._on_busy = notify, on_busy
        self._lock = threading.Lock()
        self._job: str | None = None
        self._page: Page | None = None
        self._cancel = threading.Event()
        self._last: tuple[str, PrintOutcome] | None = None

    def print(self, job: str, page: Page) -> None:
        """Take a job. Raises `PrinterBusy` while another one is printing."""
        with self._lock:
            if self._job == job:
                return
            if self._job is not None:
                raise PrinterBusy(f"busy with {self._job}")
            again = self._last[1] if self._last is not None and self._last[0] == job else None
            if again is None:
                self._job, self._page, self._cancel = job, page, threading.Event()
        if again is not None:
            self._notify("slip_printer.outcome", {"job": job, "outcome": again})

    def cancel_job(self, job: str) -> None:
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
            self._on_busy()
            outcome = driver.print(page, PRINT_TIMEOUT_S, cancel)
        with self._lock:
            self._job, self._last = None, (job, outcome)
        self._notify("slip_printer.outcome", {"job": job, "outcome": outcome})
        return -1.0
