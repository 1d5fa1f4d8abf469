"""What a session asks of the A4 printer: each job once, and only files of ours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devices.duty import Desk
from devices.sheet_printer.duty import PRINT_TIMEOUT_S, PrinterBusy, SheetPrinterDuty
from kiosk.clock import SystemClock
from kiosk.documents.page import Page
from kiosk.domain.device_status import DeviceCapabilities, DeviceClass, DeviceState, DeviceStatus
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintProgress, PrintWait
from kiosk.ports import SheetPrinter
from tests.devices.print_world import ONE_SHEET, PRINTED, a_driver, a_printer, failed, needs_printer


class Notebook(SheetPrinter):
    """Writes down what it is asked to print."""

    def __init__(self) -> None:
        self.asked: list[tuple[Page | Path, int]] = []
        self.cleared = 0
        self.outcome = PRINTED

    def open(self) -> DeviceStatus:
        return self.status()

    def close(self) -> None: ...

    def status(self) -> DeviceStatus:
        return DeviceStatus(state=DeviceState.ONLINE)

    def capabilities(self) -> DeviceCapabilities:
        return DeviceCapabilities()

    def print(
        self,
        document: Page | Path,
        copies: int,
        timeout_s: float,
        cancel: threading.Event,
        on_progress: Callable[[PrintProgress], None],
    ) -> PrintOutcome:
        assert timeout_s == PRINT_TIMEOUT_S
        assert not cancel.is_set()
        self.asked.append((document, copies))
        for sheets in (0, 0, 1):
            on_progress(PrintProgress(sheets=sheets, waiting=PrintWait.NOTHING))
        return self.outcome

    def clear(self) -> int:
        self.cleared += 1
        return 0


class Stand:
    def __init__(self, run_dir: Path, attached: bool = True) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.busy = 0
        self.duty = SheetPrinterDuty(
            Desk(
                device=DeviceClass.SHEET_PRINTER,
                attached=attached,
                notify=lambda method, params: self.told.append((method, params)),
                tell_busy=self._tell_busy,
                clock=SystemClock(),
                run_dir=run_dir,
            )
        )

    def call(self, method: str, **params: Any) -> Any:
        return self.duty.methods()[f"sheet_printer.{method}"](params)

    def outcomes(self) -> list[tuple[str, PrintOutcome]]:
        return [
            (params["job"], params["outcome"]) for method, params in self.told if method.endswith("outcome")
        ]

    def _tell_busy(self) -> None:
        self.busy += 1


PAGE = msgspec.to_builtins(ONE_SHEET)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_a_job_is_printed_once_and_told_as_often_as_it_is_asked_for(stand: Stand) -> None:
    printer = Notebook()
    stand.call("print", job="a", page=PAGE, copies=2)
    stand.call("print", job="a", page=PAGE)
    assert stand.duty.wanted(True)
    assert stand.duty.step(printer) < 0
    assert not stand.duty.wanted(True)
    stand.call("print", job="a", page=PAGE)
    assert not stand.duty.wanted(True)
    assert printer.asked == [(ONE_SHEET, 2)]
    assert stand.outcomes() == [("a", PRINTED)] * 2


def test_progress_is_told_when_it_differs_and_keeps_the_thread_alive(stand: Stand) -> None:
    stand.call("print", job="a", page=PAGE)
    stand.duty.step(Notebook())
    told = [params["progress"].sheets for method, params in stand.told if method.endswith("progress")]
    assert told == [0, 1]
    assert stand.busy == 4


def test_another_job_meanwhile_is_refused(stand: Stand) -> None:
    stand.call("print", job="a", page=PAGE)
    with pytest.raises(PrinterBusy):
        stand.call("print", job="b", page=PAGE)


def test_canceled_before_it_began(stand: Stand) -> None:
    printer = Notebook()
    stand.call("print", job="a", page=PAGE)
    stand.call("cancel", job="b")
    stand.call("cancel", job="a")
    stand.duty.step(printer)
    assert not printer.asked
    assert stand.outcomes() == [("a", failed(PrintFault.CANCELED))]


def test_without_a_printer_the_answer_comes_at_once(tmp_path: Path) -> None:
    stand = Stand(tmp_path, attached=False)
    stand.call("print", job="a", page=PAGE)
    assert stand.outcomes() == [("a", failed(PrintFault.NO_PRINTER))]


def test_the_queue_is_cleared_only_when_asked_and_after_the_job(stand: Stand) -> None:
    printer = Notebook()
    stand.call("clear")
    assert stand.duty.wanted(True)
    assert not stand.duty.wanted(False)
    stand.call("print", job="a", page=PAGE)
    stand.duty.step(printer)
    assert printer.cleared == 0
    assert stand.duty.wanted(True)
    stand.duty.step(printer)
    assert printer.cleared == 1
    assert not stand.duty.wanted(True)


def test_a_file_is_taken_from_the_run_directory_and_nowhere_else(tmp_path: Path) -> None:
    run_dir, outside = tmp_path / "run", tmp_path / "outside.pdf"
    run_dir.mkdir()
    for file in (run_dir / "a.pdf", outside):
        file.write_bytes(b"%PDF-")
    (run_dir / "link.pdf").symlink_to(outside)
    (run_dir / "folder.pdf").mkdir()
    stand, printer = Stand(run_dir), Notebook()
    for name in ("../outside.pdf", str(outside), "link.pdf", "none.pdf", "folder.pdf", "", 7, "a.pdf\0"):
        with pytest.raises(ValueError):
            stand.call("print", job="x", pdf_file=name)
    stand.call("print", job="a", pdf_file="a.pdf")
    stand.duty.step(printer)
    assert printer.asked == [(run_dir.resolve() / "a.pdf", 1)]


@pytest.mark.parametrize("copies", [0, -1, 21, 1.5, True, "2", None])
def test_impossible_copies_are_refused(stand: Stand, copies: Any) -> None:
    with pytest.raises(ValueError):
        stand.call("print", job="a", page=PAGE, copies=copies)
    assert not stand.duty.wanted(True)


@pytest.mark.parametrize("page", [None, 7, {"blocks": [{"type": "virus"}]}])
def test_a_page_that_is_none_is_refused(stand: Stand, page: Any) -> None:
    with pytest.raises((msgspec.ValidationError, ValueError)):
        stand.call("print", job="a", page=page)


@needs_printer
def test_with_a_real_printer_the_whole_way(stand: Stand) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        stand.call("print", job="a", page=PAGE)
        stand.duty.step(driver)
        assert stand.outcomes() == [("a", PRINTED)]
        assert simulator.sheets == 1
