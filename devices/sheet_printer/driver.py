"""Prints A4 on IPP printers, and claims no more than the printer itself said of the job.

Where the printer takes PDF or a raster format, it needs no print service beside it.  One that takes
neither gets its jobs through a queue of the local service (`spooler_uri`), which converts them; what came
out is asked of the printer all the same.
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from devices.sheet_printer import pdf_file
from devices.sheet_printer.connection import NoAnswer
from devices.sheet_printer.destination import JOB_PREFIX, PDF, Destination, Order, Refused
from devices.sheet_printer.fonts import NoFont
from devices.sheet_printer.ipp import PrinterState
from devices.sheet_printer.line import LinkFault
from devices.sheet_printer.pdf import Document, Unprintable, compose
from devices.sheet_printer.print_job import PrintJob, Route, Timing
from devices.sheet_printer.raster import PWG, URF, rasterize
from devices.sheet_printer.report import Abilities, PrinterReport
from kiosk.clock import Clock, SystemClock
from kiosk.documents.page import Page
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintProgress, PrintVerdict
from kiosk.ports import SheetPrinter

_STATUS_S: Final = 1.0
_OPEN_S: Final = 3.0
_CLEAR_S: Final = 3.0
_DPI: Final = 300
_LEAST_DPI: Final = 100
"""Below that 16-point Chinese is not read."""
_MOST_DPI: Final = 1200
"""A page takes 140 MB there; a printer that wants more than that says nonsense."""
MAX_COPIES: Final = 20

_NO_ANSWER_STATUS: Final = {
    LinkFault.NOT_IPP: DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.WRONG_DEVICE),
    LinkFault.NOT_TRUSTED: DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.WRONG_DEVICE),
    LinkFault.REFUSED: DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.NOT_LICENSED),
}
_OFFLINE: Final = DeviceStatus(state=DeviceState.OFFLINE)


class IppPrinter(SheetPrinter):
    """An A4 printer on the network, or on USB behind ipp-usb. Raises `ValueError` for an impossible address."""

    def __init__(
        self,
        uri: str,
        spooler_uri: str = "",
        certificate_sha256: str = "",
        font_file: Path | None = None,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._printer = Destination(uri, self._clock, certificate_sha256)
        self._spooler = Destination(spooler_uri, self._clock) if spooler_uri else None
        self._font = font_file
        self._timing = timing or Timing()
        self._never = threading.Event()
        self._told = DeviceCapabilities()
        self._takes: Abilities | None = None
        self._traces = False
        self._queued_as: int | None = None
        """The last job of ours, for a queue that does not tell which jobs it has."""

    # -- DevicePort ---------------------------------------------------------------------------------

    def open(self) -> DeviceStatus:
        """See `DevicePort`. What an earlier process left in the queue is canceled."""
        self.close()
        deadline = self._clock.monotonic() + _OPEN_S
        own = self._printer.abilities(deadline, self._never)
        takes = own if self._spooler is None else self._spooler.abilities(deadline, self._never)
        if not isinstance(own, Abilities) or not isinstance(takes, Abilities):
            self.close()
            return _unanswered(takes if isinstance(own, Abilities) else own)
        if not _takes_ours(takes):
            # Better not offered than refused after somebody has chosen to print.
            self.close()
            return _NO_ANSWER_STATUS[LinkFault.NOT_IPP]
        self._told, self._takes = own.told, takes
        self.clear()
        return self.status()

    def close(self) -> None:
        """See `DevicePort`."""
        self._takes = None
        self._printer.close()
        if self._spooler is not None:
            self._spooler.close()

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return self._told

    def status(self) -> DeviceStatus:
        """See `DevicePort`. A queue that has been stopped goes on when the printer is well."""
        deadline = self._clock.monotonic() + _STATUS_S
        report = self._printer.describe(deadline, self._never)
        if not isinstance(report, PrinterReport):
            self.close()
            return _unanswered(report)
        status = report.status
        if status.state is DeviceState.OFFLINE:
            self.close()
            return status
        if not report.accepting:
            return replace(status, state=DeviceState.USER_ERROR)
        if self._spooler is None:
            return status
        queue = self._spooler.describe(deadline, self._never)
        if not isinstance(queue, PrinterReport):
            self.close()
            return _unanswered(queue)
        if queue.state == PrinterState.STOPPED and status.usable:
            self._spooler.resume(deadline, self._never)
        if self._traces:
            # CUPS removes a document with its job, but writes the job down once more when its backend ends.
            self._traces = False
            self._wipe(self._spooler, deadline)
        return status

    # -- SheetPrinter ----------------------------------------------------------------------------------

    def print(
        self,
        document: Page | Path,
        copies: int,
        timeout_s: float,
        cancel: threading.Event,
        on_progress: Callable[[PrintProgress], None],
    ) -> PrintOutcome:
        """See `SheetPrinter`."""
        deadline = self._clock.monotonic() + timeout_s
        takes = self._takes
        if takes is None:
            return _failed(PrintFault.NO_PRINTER)
        if cancel.is_set():
            return _failed(PrintFault.CANCELED)
        try:
            if not 1 <= copies <= MAX_COPIES:
                raise Unprintable("copies")
            finished = (
                compose(document, self._font) if isinstance(document, Page) else pdf_file.load(document)
            )
            order = _order(finished, takes, copies)
        except (Unprintable, NoFont):
            return _failed(PrintFault.UNPRINTABLE)
        if cancel.is_set():
            return _failed(PrintFault.CANCELED)
        job = PrintJob(
            Route(printer=self._printer, spooler=self._spooler, takes=takes),
            order,
            None if finished.sheets is None else finished.sheets * copies,
            self._clock,
            self._timing,
            deadline,
            cancel,
            on_progress,
        )
        self._traces = True
        outcome = job.run()
        self._queued_as = job.queued_as
        return outcome

    def clear(self) -> int:
        """See `SheetPrinter`. The local queue is the terminal's own and is emptied; at the printer, which others
        may use as well, only jobs that bear our name are canceled.
        """
        deadline = self._clock.monotonic() + _CLEAR_S
        left = 0
        if self._spooler is not None:
            queued = self._spooler.jobs("not-completed", deadline, self._never)
            left += 0 if isinstance(queued, NoAnswer) else len(queued)
            self._wipe(self._spooler, deadline)
        waiting = self._printer.jobs("not-completed", deadline, self._never)
        for job in [] if isinstance(waiting, NoAnswer) else waiting:
            if job.name.startswith(JOB_PREFIX) and self._printer.cancel(job.number, deadline, self._never):
                left += 0 if self._spooler is not None else 1
        return left

    def _wipe(self, spooler: Destination, deadline: float) -> None:
        """Remove all jobs of the queue with their documents; where only an administrator may, all that are ours."""
        if spooler.purge(deadline, self._never):
            return
        ours = set() if self._queued_as is None else {self._queued_as}
        for which in ("not-completed", "completed"):
            jobs = spooler.jobs(which, deadline, self._never)
            ours |= set() if isinstance(jobs, NoAnswer) else {job.number for job in jobs}
        for number in sorted(ours):
            spooler.cancel(number, deadline, self._never, purge=True)


def _order(finished: Document, takes: Abilities, copies: int) -> Order:
    """The document in the best format that is taken. Raises `Unprintable`."""
    kind, data = PDF, finished.pdf
    if PDF not in takes.formats:
        kind, dpi = _raster_kind(takes)
        data = rasterize(finished.pdf, kind, dpi).data
    return Order(name=JOB_PREFIX + secrets.token_hex(6), kind=kind, document=data, copies=copies)


def _takes_ours(takes: Abilities) -> bool:
    """Whether a page can be sent there at all."""
    if PDF in takes.formats:
        return True
    try:
        _raster_kind(takes)
    except Unprintable:
        return False
    return shutil.which("pdftoppm") is not None


def _raster_kind(takes: Abilities) -> tuple[str, int]:
    """A raster format and a resolution that the printer takes in 8-bit grey. Raises `Unprintable`."""
    if PWG in takes.formats and "sgray_8" in takes.raster_types and takes.raster_dpi:
        return PWG, _best(takes.raster_dpi)
    if URF in takes.formats and "W8" in takes.urf:
        named = [
            found[1] for each in takes.urf if (found := re.fullmatch(r"RS([0-9]{2,4}(?:-[0-9]{2,4})*)", each))
        ]
        dpis = frozenset(int(dpi) for dpi in "-".join(named).split("-") if dpi)
        if dpis:
            return URF, _best(dpis)
    raise Unprintable("format")


def _best(dpis: frozenset[int]) -> int:
    """As fine as type needs, no finer than it must be. Raises `Unprintable` when all are absurd."""
    sane = [dpi for dpi in dpis if _LEAST_DPI <= dpi <= _MOST_DPI]
    if not sane:
        raise Unprintable("resolution")
    return min((dpi for dpi in sane if dpi >= _DPI), default=max(sane))


def _unanswered(reason: Abilities | PrinterReport | Refused | NoAnswer) -> DeviceStatus:
    if isinstance(reason, NoAnswer):
        return _NO_ANSWER_STATUS.get(reason.fault, _OFFLINE)
    # It speaks IPP, and there is no printer at this path, or not for us.
    return _NO_ANSWER_STATUS[LinkFault.NOT_IPP]


def _failed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.FAILED, fault=fault)
