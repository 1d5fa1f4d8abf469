"""An A4 printer that is not there: a real `ippeveprinter` with mechanics that run out of paper, jam and die.

Hands: `set {paper, cover, jam, toner, seconds_a_sheet, counts}`, `last_sheet {png?, document?}`.
Beyond the common faults: `paper_out`, `cover_open`, `jam`, `toner_out` (each for `for_s`, or
until it is put right), `abort` (the job that is printed, or the next one), `power_cut` (all jobs and
their history are lost; back after `for_s`) and `no_count` (it completes jobs and never counts a sheet).
`silence` lets it hang with its connections open.  `at: "command N"` counts the jobs that begin; there are no
bytes to count here.  Pulling the plug is a power cut.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from devices.fault_script import Fault
from devices.sheet_printer.connection import IppConnection
from devices.sheet_printer.ipp import Attribute, Operation, Response, Tag
from devices.sheet_printer.print_engine import (
    HARDWARE,
    PRINTED,
    PROGRESS,
    STATE_JOB,
    read_json,
    reasons_of,
    write_json,
)
from devices.sheet_printer.printer_process import PrinterProcess
from devices.sheet_printer.raster_reader import read_pages
from devices.simulator import Simulator
from kiosk.clock import Clock, SystemClock
from kiosk.ipc import Method, Params

_LOOK_S: Final = 0.1
_KEPT: Final = 20
_DPI: Final = 100
_NOTHING_WRONG: Final = reasons_of({}, idle=True)
_GOOD: Final = {
    "paper": "full",
    "cover": "closed",
    "jam": False,
    "toner": "ok",
    "seconds_a_sheet": 0.5,
    "counts": True,
    "abort": False,
}
_POSSIBLE: Final = {
    "paper": ("full", "low", "out"),
    "cover": ("open", "closed"),
    "jam": (True, False),
    "toner": ("ok", "low", "out"),
    "counts": (True, False),
    "abort": (True, False),
}
_FAULTS: Final = {
    "paper_out": ("paper", "out"),
    "cover_open": ("cover", "open"),
    "jam": ("jam", True),
    "toner_out": ("toner", "out"),
    "abort": ("abort", True),
    "no_count": ("counts", False),
}


class SheetPrinterSimulator(Simulator):
    """The printer, its trays and the sheets that came out. It listens on this machine only; 0 is a free port."""

    name = "sheet-printer"

    def __init__(
        self,
        port: int = 0,
        *,
        script: Sequence[Fault] = (),
        clock: Clock | None = None,
        formats: str = "application/pdf,image/pwg-raster,image/urf",
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="linban-a4-"))
        self.process = PrinterProcess(port or _free_port(), self._folder, clock or SystemClock(), formats)
        super().__init__(self.process, script=script, clock=clock)
        self.hardware: dict[str, Any] = dict(_GOOD)
        self._progress: dict[str, Any] = {}
        self._sheets = 0
        self._told = _NOTHING_WRONG
        write_json(self._folder / HARDWARE, self.hardware)

    @property
    def uri(self) -> str:
        """For the settings of the terminal."""
        return self.process.uri

    def start(self) -> None:
        """See `Simulator`."""
        super().start()
        self.later(0, self._watch)

    def close(self) -> None:
        """See `Simulator`."""
        super().close()
        self.process.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def state(self) -> dict[str, Any]:
        """See `Simulator`."""
        return {
            "plugged": self._port.plugged,
            "uri": self.uri,
            "sheets": self.sheets,
            "printing": bool(self._progress.get("printing")),
            **self.hardware,
        }

    @property
    def sheets(self) -> int:
        """How many came out, of all jobs."""
        self._take_progress()
        return self._sheets

    def control_methods(self) -> dict[str, Method]:
        """See `Simulator`."""
        return {"set": lambda params: self.put(**params), "last_sheet": self._last_sheet}

    def put(self, **changes: Any) -> None:
        """Change the hardware; what it can be stands at the top of this file."""
        with self.lock:
            for name, value in changes.items():
                if name == "seconds_a_sheet":
                    value = min(max(float(value), 0.0), 60.0)
                elif name not in _POSSIBLE or value not in _POSSIBLE[name]:
                    raise ValueError(
                        f"{name}={value!r}; possible: {_POSSIBLE | {'seconds_a_sheet': 'seconds'}}"
                    )
                self.hardware[name] = value
            write_json(self._folder / HARDWARE, self.hardware)
            self._tell_state()
            self.changed()

    def suffer(self, fault: Fault) -> None:
        """See `Simulator`."""
        if fault.do == "power_cut":
            self.unplug(fault.for_s)
        elif fault.do == "silence":
            self.process.freeze(True)
            if fault.for_s is not None:
                self.later(fault.for_s, lambda: self.process.freeze(False))
        elif fault.do in _FAULTS:
            name, bad = _FAULTS[fault.do]
            self.put(**{name: bad})
            if fault.for_s is not None:
                self.later(fault.for_s, lambda: self.put(**{name: _GOOD[name]}))
        else:
            super().suffer(fault)

    def heal(self) -> None:
        """See `Simulator`."""
        with self.lock:
            self.process.freeze(False)
            super().heal()
            self.put(**{name: _GOOD[name] for name in _POSSIBLE})
            self.later(0, self._watch)

    def plug(self) -> None:
        """See `Simulator`: a printer that was switched on knows its paper, and no job."""
        with self.lock:
            self._told = _NOTHING_WRONG
            super().plug()
            self._tell_state()

    def received(self, data: bytes) -> None:
        """See `Simulator`; nothing comes this way."""

    def last_document(self) -> Path | None:
        """The document that was printed, or begun, last."""
        documents = sorted((self._folder / PRINTED).glob("*"))
        return documents[-1] if documents else None

    def last_sheet(self) -> Image.Image:
        """The last sheet that came out, as it looks. Raises `ValueError` when there is none, or no poppler."""
        document = self.last_document()
        self._take_progress()
        sheets = int(self._progress.get("sheets", 0))
        if document is None or not sheets:
            raise ValueError("nothing has been printed yet")
        if document.suffix != ".pdf":
            pages = list(read_pages(document.read_bytes()))
            return pages[(sheets - 1) % len(pages)]
        return _drawn(document, sheets)

    def _last_sheet(self, params: Params) -> dict[str, Any]:
        image = self.last_sheet()
        document = self.last_document()
        if target := params.get("png"):
            image.save(target, "PNG")
        if document is not None and (target := params.get("document")):
            shutil.copyfile(document, target)
        return {"sheets": self.sheets, "format": "" if document is None else document.suffix[1:]}

    # -- watching the mechanics -----------------------------------------------------------------------

    def _watch(self) -> None:
        before = dict(self._progress)
        self._take_progress()
        if self._progress.get("document") != before.get("document"):
            self.command_arrived()
            for old in sorted((self._folder / PRINTED).glob("*"))[:-_KEPT]:
                old.unlink(missing_ok=True)
        elif not self._progress.get("printing") and before.get("printing") and self.hardware["abort"]:
            self.put(abort=False)
        if self._progress != before:
            self.changed()
        self._tell_state()
        self.later(_LOOK_S, self._watch)

    def _take_progress(self) -> None:
        progress = read_json(self._folder / PROGRESS)
        same = progress.get("document") == self._progress.get("document")
        earlier = int(self._progress.get("sheets", 0)) if same else 0
        self._sheets += max(int(progress.get("sheets", 0)) - earlier, 0)
        self._progress = progress

    def _tell_state(self) -> None:
        """Let an idle printer tell how it is; one that prints looks by itself."""
        reasons = reasons_of(self.hardware, idle=True)
        if self._progress.get("printing"):
            self._told = reasons  # the job that is printed tells it, at the latest when it ends
        if reasons == self._told or not self._port.plugged:
            return
        clock, never = self._clock, threading.Event()
        printer = IppConnection(self.uri, clock)
        about = (
            Attribute(Tag.NAME, "requesting-user-name", (self.name,)),
            Attribute(Tag.NAME, "job-name", (STATE_JOB,)),
            Attribute(Tag.MIME_TYPE, "document-format", (self.process.formats.partition(",")[0],)),
        )
        answer = printer.ask(
            Operation.PRINT_JOB, clock.monotonic() + 1.0, never, about=about, document=b"state"
        )
        printer.close()
        # Busy: it will be told after the job that is in the way.
        if isinstance(answer, Response) and answer.successful:
            self._told = reasons


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _drawn(document: Path, sheets: int) -> Image.Image:
    """Sheet number `sheets` of a PDF; copies begin again at the first page."""
    program, counter = shutil.which("pdftoppm"), shutil.which("pdfinfo")
    if program is None or counter is None:
        raise ValueError("poppler-utils is needed to draw a PDF")
    told = subprocess.run([counter, str(document)], capture_output=True, text=True, timeout=10, check=False)
    pages = next((int(line.split()[1]) for line in told.stdout.splitlines() if line.startswith("Pages:")), 1)
    number = str((sheets - 1) % pages + 1)
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        target = Path(folder) / "sheet"
        subprocess.run(
            [
                program,
                "-r",
                str(_DPI),
                "-f",
                number,
                "-l",
                number,
                "-png",
                "-singlefile",
                str(document),
                str(target),
            ],
            timeout=20,
            check=True,
        )
        with Image.open(target.with_suffix(".png")) as image:
            return image.copy()
