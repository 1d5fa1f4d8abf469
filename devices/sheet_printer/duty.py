"""One document at a time, each job once: asked again, it answers again and does not print again."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from devices.duty import Desk, Duty, Method, text_of
from kiosk.documents.page import Page
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintProgress, PrintVerdict
from kiosk.ipc import Params
from kiosk.ports import SheetPrinter

PRINT_TIMEOUT_S: Final = 180.0
"""With the time that somebody needs to fetch paper."""
MAX_COPIES: Final = 20
"""In one go; more is for an office."""


class PrinterBusy(ValueError):
    """Another document is being printed."""


@dataclass(kw_only=True)
class _Job:
    name: str
    document: Page | Path
    copies: int
    cancel: threading.Event = field(default_factory=threading.Event)


class SheetPrinterDuty(Duty[SheetPrinter]):
    """Holds the one job that is waiting or being printed, and how the last one ended."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lock = threading.Lock()
        self._job: _Job | None = None
        self._begun = False
        self._clear = False
        self._last: tuple[str, PrintOutcome] | None = None

    def methods(self) -> dict[str, Method]:
        """See `Duty`."""
        return {
            "sheet_printer.print": self._print,
            "sheet_printer.cancel": lambda params: self._cancel_job(text_of(params, "job")),
            "sheet_printer.clear": lambda _params: self._ask_to_clear(),
        }

    def _print(self, params: Params) -> None:
        """Take a job. Raises `PrinterBusy` while another one is printing, `ValueError` for a bad request."""
        name = text_of(params, "job")
        job = _Job(name=name, document=self._document(params), copies=_copies(params))
        if not self.desk.attached:
            self._tell(name, PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.NO_PRINTER))
            return
        with self._lock:
            if self._job is not None and self._job.name == name:
                return
            if self._job is not None:
                raise PrinterBusy(f"busy with {self._job.name}")
            again = self._last[1] if self._last is not None and self._last[0] == name else None
            if again is None:
                self._job, self._begun = job, False
        if again is not None:
            self._tell(name, again)

    def _document(self, params: Params) -> Page | Path:
        """The page, or the PDF in the run directory, and nowhere else: a link out of it is none of ours."""
        if (name := params.get("pdf_file")) is None:
            return msgspec.convert(params.get("page"), Page)
        run_dir = self.desk.run_dir.resolve()
        path = (run_dir / text_of(params, "pdf_file")).resolve()
        if not path.is_relative_to(run_dir) or not path.is_file():
            raise ValueError(f"pdf_file: no such file in the run directory: {name}")
        return path

    def _cancel_job(self, name: str) -> None:
        """Cancel `name` if it is the one; its outcome says what had happened by then."""
        with self._lock:
            if self._job is not None and self._job.name == name:
                self._job.cancel.set()

    def _ask_to_clear(self) -> None:
        self._clear = True

    def cancel(self) -> None:
        """See `Duty`."""
        job = self._job
        if job is not None:
            job.cancel.set()

    def wanted(self, is_open: bool) -> bool:
        """See `Duty`: a job also without a printer, so that it ends with an outcome instead of waiting."""
        return (self._job is not None and not self._begun) or (self._clear and is_open)

    def step(self, driver: SheetPrinter) -> float:
        """See `Duty`: print the waiting document, or empty the queue."""
        with self._lock:
            job = None if self._begun else self._job
            self._begun = self._begun or job is not None
        if job is None:
            self._clear = False
            driver.clear()
            return 0.0
        if job.cancel.is_set():
            outcome = PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.CANCELED)
        else:
            self.desk.tell_busy()
            teller = _Teller(self.desk, job.name)
            outcome = driver.print(job.document, job.copies, PRINT_TIMEOUT_S, job.cancel, teller.tell)
        with self._lock:
            self._job, self._begun, self._last = None, False, (job.name, outcome)
        self._tell(job.name, outcome)
        return -1.0

    def _tell(self, name: str, outcome: PrintOutcome) -> None:
        self.desk.notify("sheet_printer.outcome", {"job": name, "outcome": outcome})


class _Teller:
    """Passes progress on when it differs, and lets the device thread know that the job is alive."""

    def __init__(self, desk: Desk, job: str) -> None:
        self._desk, self._job = desk, job
        self._last: PrintProgress | None = None

    def tell(self, progress: PrintProgress) -> None:
        self._desk.tell_busy()
        if progress != self._last:
            self._last = progress
            self._desk.notify("sheet_printer.progress", {"job": self._job, "progress": progress})


def _copies(params: Params) -> int:
    copies = params.get("copies", 1)
    if not isinstance(copies, int) or isinstance(copies, bool) or not 1 <= copies <= MAX_COPIES:
        raise ValueError(f"copies: 1 to {MAX_COPIES}")
    return copies
