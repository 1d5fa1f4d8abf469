"""The mechanics of a simulated A4 printer: takes a document, puts it on sheets, stops when something is wrong.

`ippeveprinter` runs it as its print command, once for each job: `python -m devices.sheet_printer.print_engine
FOLDER FILE`.  What the hardware is like at the moment stands in FOLDER/hardware.json and may change at
any time; what was printed is left in FOLDER/printed.  The lines on its standard error are those of
ippeveprinter(8): STATE, ATTR and ERROR.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from devices.sheet_printer.connection import IppConnection
from devices.sheet_printer.ipp import Attribute, Operation, Response, Tag
from devices.sheet_printer.raster_reader import count_pages
from kiosk.clock import Clock, SystemClock

STATE_JOB: Final = "simulator-state"
"""A job of this name carries no document: it only lets an idle printer tell how it is."""
HARDWARE, PROGRESS, PRINTED = "hardware.json", "progress.json", "printed"
_LOOK_S: Final = 0.05
_ASK_EVERY: Final = 4
"""Looks between two questions whether the job was canceled."""

_STOPS: Final = {
    ("paper", "out"): "media-empty,media-needed",
    ("cover", "open"): "cover-open",
    ("jam", True): "media-jam",
    ("toner", "out"): "toner-empty",
}
"""What ippeveprinter can tell of these; it knows no full output tray."""
_REMARKS: Final = {("paper", "low"): "media-low", ("toner", "low"): "toner-low"}


def reasons_of(hardware: dict[str, Any], idle: bool) -> str:
    """The printer-state-reasons of this hardware, as a STATE line has them.

    An idle printer without paper says media-needed alone: with media-empty, ippeveprinter would hold the
    next job back by itself, before it starts its command, and nobody could load paper.
    """
    words = [word for (key, value), word in (_STOPS | _REMARKS).items() if hardware.get(key) == value]
    return ",".join(words).replace("media-empty,", "" if idle else "media-empty,") or "none"


class _Engine:
    def __init__(self, folder: Path, document: Path, clock: Clock) -> None:
        self._folder, self._document, self._clock = folder, document, clock
        self._never = threading.Event()
        self._told: str | None = None
        self._looks = 0
        self._job = int(os.environ.get("IPP_JOB_ID", "0"))
        self._printer = IppConnection(
            os.environ.get("IPP_JOB_PRINTER_URI", "ipp://127.0.0.1/ipp/print"), clock
        )

    def run(self) -> int:
        """Print; the exit status decides whether the job ends as completed or aborted."""
        hardware = self._hardware()
        if os.environ.get("IPP_JOB_NAME") == STATE_JOB:
            self._tell_state(hardware, idle=True)
            return 0
        copies = int(os.environ.get("IPP_COPIES", "1"))
        pages = _pages(self._document)
        total, done = pages * copies, 0
        printed = self._keep()
        self._progress(printed, 0, printing=True)
        while done < total:
            ended = self._one_sheet()
            if ended is not None:
                self._tell_state(self._hardware(), idle=True)
                self._progress(printed, done, printing=False)
                return ended
            done += 1
            self._progress(printed, done, printing=True)
            if self._hardware().get("counts", True):
                _say(f"ATTR: job-impressions-completed={done}")
        self._tell_state(self._hardware(), idle=True)
        self._progress(printed, done, printing=False)
        return 0

    def _one_sheet(self) -> int | None:
        """Feed and print one; an exit status when the job ended instead."""
        left_s = float(self._hardware().get("seconds_a_sheet", 0.5))
        while True:
            hardware = self._hardware()
            self._tell_state(hardware, idle=False)
            if hardware.get("abort"):
                _say("ERROR: The simulated printer gave up.")
                return 1
            if self._canceled():
                return 0
            stopped = any(hardware.get(key) == value for key, value in _STOPS)
            if not stopped and left_s <= 0:
                return None
            left_s -= 0 if stopped else _LOOK_S
            self._clock.wait(self._never, _LOOK_S)

    def _canceled(self) -> bool:
        """Whether somebody asked the printer to stop; ippeveprinter lets its command find out by itself."""
        self._looks += 1
        if self._looks % _ASK_EVERY:
            return False
        about = (
            Attribute(Tag.INTEGER, "job-id", (self._job,)),
            Attribute(Tag.KEYWORD, "requested-attributes", ("job-state", "job-state-reasons")),
        )
        answer = self._printer.ask(
            Operation.GET_JOB_ATTRIBUTES, self._clock.monotonic() + 1.0, self._never, about=about
        )
        if not isinstance(answer, Response):
            return False
        return "processing-to-stop-point" in answer.first(Tag.JOB_GROUP).texts("job-state-reasons")

    def _keep(self) -> Path:
        """A copy of the document, as the paper that comes out of it."""
        folder = self._folder / PRINTED
        folder.mkdir(exist_ok=True)
        target = folder / f"{self._clock.now().timestamp():.3f}-{self._job}{self._document.suffix}"
        shutil.copyfile(self._document, target)
        return target

    def _progress(self, printed: Path, sheets: int, printing: bool) -> None:
        write_json(
            self._folder / PROGRESS,
            {"job": self._job, "document": printed.name, "sheets": sheets, "printing": printing},
        )

    def _tell_state(self, hardware: dict[str, Any], idle: bool) -> None:
        reasons = reasons_of(hardware, idle)
        if reasons != self._told:
            self._told = reasons
            _say(f"STATE: {reasons}")

    def _hardware(self) -> dict[str, Any]:
        return read_json(self._folder / HARDWARE)


def read_json(path: Path) -> dict[str, Any]:
    """A small file that the other process replaces as a whole; empty while it is not there."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace the file as a whole."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(value), encoding="utf-8")
    fresh.replace(path)


def _pages(document: Path) -> int:
    data = document.read_bytes()
    if not data.startswith(b"%PDF-"):
        return max(count_pages(data), 1)
    if program := shutil.which("pdfinfo"):
        answer = subprocess.run([program, str(document)], capture_output=True, timeout=10, check=False)
        if found := re.search(rb"^Pages:\s+([0-9]+)", answer.stdout, re.MULTILINE):
            return int(found[1])
    return max(len(re.findall(rb"/Type\s*/Page\b", data)), 1)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(_Engine(Path(sys.argv[1]), Path(sys.argv[2]), SystemClock()).run())
