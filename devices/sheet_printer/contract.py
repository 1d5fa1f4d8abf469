"""What an A4 printer promises."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from devices.contract import Contract, Evidence, Hands, NotRun, Rig, Stage, Work, require
from devices.sheet_printer.pdf import compose
from devices.sheet_printer.printer_process import missing_programs
from devices.sheet_printer.simulator import SheetPrinterSimulator
from kiosk.device_settings import SheetPrinterSettings
from kiosk.documents.page import Align, Page, QrCode, Row, Size, Text
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintProgress, PrintVerdict, PrintWait
from kiosk.ports import SheetPrinter

_PRINT_S: Final = 12.0
_AFTER_PAPER_S: Final = 40.0
"""A spooler looks in its own time whether its printer has paper again."""
_PAGE: Final = Page(
    blocks=(
        Text(text="设备检测", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Row(label="姓名", value="测试甲"),
        Row(label="生僻字", value="㛃𠮷䶮"),
        QrCode(data="https://example.invalid/0123456789"),
    )
)


@functools.cache
def _document() -> Path:
    """The page as a file: it is set once, so that the checks measure the printer and not the fonts."""
    folder = Path(tempfile.mkdtemp(prefix="linban-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "check.pdf"
    file.write_bytes(compose(_PAGE).pdf)
    return file


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    if missing := missing_programs():
        raise NotRun(f"not installed: {', '.join(missing)}")
    _document()
    control = folder / "sheets.sock"
    with SheetPrinterSimulator() as simulator:
        simulator.put(seconds_a_sheet=0.1)
        simulator.start()
        simulator.serve_control(control)
        yield Stage(settings=SheetPrinterSettings(uri=simulator.uri), control=control)


class _Counted:
    """How many sheets had come out before the command under test."""

    before = 0


def _load(hands: Hands) -> None:
    if hands.simulated:
        hands.do("set", paper="full", cover="closed", jam=False, toner="ok", counts=True)
        _Counted.before = int(hands.state()["sheets"])


def _unnoticed(_progress: PrintProgress) -> None:
    """Nobody looks."""


def _print(
    driver: SheetPrinter,
    timeout_s: float,
    cancel: threading.Event,
    tell: Callable[[PrintProgress], None] = _unnoticed,
) -> PrintOutcome:
    return driver.print(_document(), 1, timeout_s, cancel, tell)


def _lie(outcome: Any, hands: Hands) -> str:
    """Printed means: one more sheet. Failed means: none."""
    if not isinstance(outcome, PrintOutcome):
        return "returned no outcome"
    came_out = int(hands.state()["sheets"]) - _Counted.before
    if outcome.verdict is PrintVerdict.PRINTED and came_out < 1:
        return "says printed, and no sheet came out"
    if outcome.verdict is PrintVerdict.FAILED and came_out > 0:
        return "says failed, and a sheet came out"
    return ""


CONTRACT: Contract[SheetPrinter] = Contract(
    device=DeviceClass.SHEET_PRINTER,
    work=Work(
        prepare=_load,
        run=_print,
        succeeded=lambda outcome: outcome.verdict is PrintVerdict.PRINTED,
        lie=_lie,
        finish=_load,
        timeout_s=_PRINT_S,
    ),
    stages={"ipp": _stage},
    asked={
        "paper_out": ("请把纸盒里的纸取出", "Take the paper out of the tray"),
        "paper_in": ("请在纸盒里装好纸", "Load paper into the tray"),
        "cover_open": ("请打开盖子", "Open the cover"),
        "cover_closed": ("请合上盖子", "Close the cover"),
    },
    # A printer on the network serves whoever asks.
    exclusive=False,
)


def _set(hands: Hands, action: str, **change: Any) -> None:
    if hands.simulated:
        hands.do("set", **change)
    else:
        hands.do(action)


@CONTRACT.check(
    "goes-on", "没纸就等，加纸后接着打", "Out of paper it waits and says so, and goes on when some is loaded"
)
def _goes_on(rig: Rig[SheetPrinter]) -> Evidence:
    waits: list[PrintWait] = []

    def watch(progress: PrintProgress) -> None:
        if progress.waiting is PrintWait.PAPER and PrintWait.PAPER not in waits:
            _set(rig.hands, "paper_in", paper="full")
        waits.append(progress.waiting)

    with rig.opened() as driver:
        _load(rig.hands)
        _set(rig.hands, "paper_out", paper="out")
        outcome = _print(driver, 60.0, threading.Event(), watch)
    require(PrintWait.PAPER in waits, "does not say that it waits for paper")
    require(outcome.verdict is PrintVerdict.PRINTED, f"{outcome.verdict}, {outcome.fault}")
    return {"looks": len(waits)}


@CONTRACT.check(
    "paper-out", "一直没人加纸：说没纸，之后也不补打", "Nobody loads paper: nothing comes out later"
)
def _paper_out(rig: Rig[SheetPrinter]) -> Evidence:
    with rig.opened() as driver:
        _load(rig.hands)
        _set(rig.hands, "paper_out", paper="out")
        outcome = _print(driver, _PRINT_S / 2, threading.Event())
        _set(rig.hands, "paper_in", paper="full")
        after = _print(driver, _AFTER_PAPER_S, threading.Event())
    require(outcome.verdict is not PrintVerdict.PRINTED, "says printed, without paper")
    require(outcome.fault is PrintFault.PAPER_OUT, f"says {outcome.fault}")
    require(after.verdict is PrintVerdict.PRINTED, "does not print after paper was loaded")
    if rig.hands.simulated:
        require(int(rig.hands.state()["sheets"]) == _Counted.before + 1, "the first one came out later")
    return {"outcome": f"{outcome.verdict}, {outcome.fault}"}


@CONTRACT.check("no-proof", "打印机不数张，就不说打好了", "A printer that counts no sheet is not believed")
def _no_proof(rig: Rig[SheetPrinter]) -> Evidence:
    if not rig.hands.simulated:
        raise NotRun("needs a simulator")
    with rig.opened() as driver:
        _load(rig.hands)
        rig.hands.do("set", counts=False)
        outcome = _print(driver, _PRINT_S, threading.Event())
        rig.hands.do("set", counts=True)
    require(outcome.verdict is PrintVerdict.UNCONFIRMED, f"says {outcome.verdict}")
    return {}


@CONTRACT.check("clear", "清空队列，之后一张也不出", "Cleared, the queue prints nothing more")
def _clear(rig: Rig[SheetPrinter]) -> Evidence:
    with rig.opened() as driver:
        driver.clear()
        left = driver.clear()
    require(left == 0, f"{left} jobs are left")
    return {}
