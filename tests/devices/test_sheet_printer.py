"""The A4 driver against a real ippeveprinter: `printed` only when the printer itself finished it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp

from devices.fault_script import Fault
from devices.sheet_printer.driver import IppPrinter
from devices.sheet_printer.pdf import compose
from devices.sheet_printer.print_job import Timing
from devices.sheet_printer.simulator import SheetPrinterSimulator
from kiosk.documents.page import Page, QrCode
from kiosk.domain.device_status import DeviceDetail, DeviceState, MediaState, SupplyState
from kiosk.domain.printing import PrintFault, PrintProgress, PrintVerdict, PrintWait
from tests.devices.print_world import (
    ONE_SHEET,
    PRINTED,
    BadServer,
    Watcher,
    a_driver,
    a_printer,
    failed,
    needs_printer,
    never,
    unconfirmed,
    unnoticed,
)

pytestmark = needs_printer

SHORT = Timing(lost_s=1.5, standstill_s=0.3, give_up_s=1.5)


@pytest.fixture(scope="module")
def two_sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Composed once: fonts are slow."""
    from tests.devices.print_world import TWO_SHEETS

    file = tmp_path_factory.mktemp("pdf") / "two.pdf"
    file.write_bytes(compose(TWO_SHEETS).pdf)
    return file


def waits(progress: PrintProgress) -> bool:
    return progress.waiting is not PrintWait.NOTHING


def begun(progress: PrintProgress) -> bool:
    return bool(progress.sheets)


def test_a_page_is_printed_and_can_be_read_on_the_sheet() -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        assert driver.capabilities().model == "Linban A4 simulator"
        assert driver.print(ONE_SHEET, 1, 20, never(), unnoticed) == PRINTED
        assert simulator.sheets == 1
        assert zxingcpp.read_barcodes(simulator.last_sheet())[0].text == "LB1:410722360815"
        assert driver.clear() == 0


def test_copies_of_a_file_are_counted_sheet_by_sheet(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        watcher = Watcher(waits, lambda: None)
        assert driver.print(two_sheets, 3, 20, never(), watcher) == PRINTED
        assert simulator.sheets == 6
        counts = [progress.sheets for progress in watcher.seen if progress.sheets is not None]
        assert counts == sorted(counts)


@pytest.mark.parametrize("formats", ["image/jpeg,image/pwg-raster", "image/urf"])
def test_a_printer_without_pdf_gets_dots(formats: str, two_sheets: Path) -> None:
    with a_printer(formats=formats) as simulator, a_driver(simulator.uri) as driver:
        assert driver.print(two_sheets, 1, 30, never(), unnoticed) == PRINTED
        assert simulator.sheets == 2
        document = simulator.last_document()
        assert document is not None
        assert document.suffix != ".pdf"


def test_a_printer_that_takes_nothing_we_have_is_not_offered(two_sheets: Path) -> None:
    with a_printer(formats="image/jpeg") as simulator, a_driver(simulator.uri) as driver:
        assert driver.open().detail is DeviceDetail.WRONG_DEVICE
        assert driver.print(two_sheets, 1, 20, never(), unnoticed) == failed(PrintFault.NO_PRINTER)


@pytest.mark.parametrize(
    ("bad", "good", "wait"),
    [
        ({"paper": "out"}, {"paper": "full"}, PrintWait.PAPER),
        ({"cover": "open"}, {"cover": "closed"}, PrintWait.CLOSING),
        ({"jam": True}, {"jam": False}, PrintWait.CLEARING),
        ({"toner": "out"}, {"toner": "ok"}, PrintWait.TONER),
    ],
    ids=["paper", "cover", "jam", "toner"],
)
def test_it_waits_for_a_hand_and_goes_on(
    two_sheets: Path, bad: dict[str, object], good: dict[str, object], wait: PrintWait
) -> None:
    with a_printer() as simulator, a_driver(simulator.uri, timing=SHORT) as driver:
        simulator.put(**bad)
        watcher = Watcher(lambda progress: progress.waiting is wait, lambda: simulator.put(**good))
        assert driver.print(two_sheets, 1, 30, never(), watcher) == PRINTED
        assert wait in [progress.waiting for progress in watcher.seen]
        assert simulator.sheets == 2


@pytest.mark.fault(72)
def test_paper_that_runs_out_in_the_middle_is_waited_for(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri, timing=SHORT) as driver:
        simulator.put(seconds_a_sheet=0.6)
        take_out = Watcher(begun, lambda: simulator.put(paper="out"))
        bring = Watcher(waits, lambda: simulator.put(paper="full"))

        def watch(progress: PrintProgress) -> None:
            take_out(progress)
            bring(progress)

        assert driver.print(two_sheets, 1, 30, never(), watch) == PRINTED
        assert PrintProgress(sheets=1, waiting=PrintWait.PAPER) in bring.seen


def test_nobody_brings_paper(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri, timing=SHORT) as driver:
        simulator.put(paper="out")
        started = time.monotonic()
        assert driver.print(two_sheets, 1, 4, never(), unnoticed) == failed(PrintFault.PAPER_OUT)
        assert time.monotonic() - started < 5
        simulator.put(paper="full")
        assert driver.print(two_sheets, 1, 20, never(), unnoticed) == PRINTED
        assert simulator.sheets == 2  # the one that was given up never came out


def test_the_printer_gives_up(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        simulator.put(abort=True)
        assert driver.print(two_sheets, 1, 20, never(), unnoticed) == failed(PrintFault.HARDWARE_ERROR)
        assert simulator.sheets == 0


def test_a_printer_that_completes_without_counting_proves_nothing(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        simulator.put(counts=False)
        assert driver.print(two_sheets, 1, 20, never(), unnoticed) == unconfirmed(PrintFault.NO_ANSWER)


def test_power_cut_in_the_middle_and_it_stays_off(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri, timing=SHORT) as driver:
        simulator.put(seconds_a_sheet=0.6)
        watcher = Watcher(begun, simulator.unplug)
        assert driver.print(two_sheets, 1, 20, never(), watcher) == unconfirmed(PrintFault.NO_ANSWER)
        assert watcher.seen[-1].waiting is PrintWait.ANSWER
        assert driver.status().state is DeviceState.OFFLINE
        assert driver.print(two_sheets, 1, 5, never(), unnoticed) == failed(PrintFault.NO_PRINTER)
        simulator.plug()
        assert driver.open().state is DeviceState.ONLINE
        assert driver.print(two_sheets, 1, 20, never(), unnoticed) == PRINTED


@pytest.mark.fault(79)
def test_switched_off_and_on_it_has_forgotten_the_job(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        simulator.put(seconds_a_sheet=0.6)

        def off_and_on() -> None:
            simulator.unplug()
            simulator.plug()

        assert driver.print(two_sheets, 1, 20, never(), Watcher(begun, off_and_on)) == unconfirmed(
            PrintFault.NO_ANSWER
        )


@pytest.mark.slow
def test_a_job_of_somebody_else_under_the_same_number_is_not_ours(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        simulator.put(seconds_a_sheet=0.6)

        def off_on_and_another() -> None:
            simulator.unplug()
            simulator.plug()
            with a_driver(simulator.uri) as other:
                assert other.print(two_sheets, 1, 20, never(), unnoticed) == PRINTED

        assert driver.print(two_sheets, 1, 20, never(), Watcher(begun, off_on_and_another)) == unconfirmed(
            PrintFault.NO_ANSWER
        )


@pytest.mark.slow
def test_a_printer_that_hangs_for_a_while_is_waited_for(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        simulator.put(seconds_a_sheet=0.4)

        def hang() -> None:
            simulator.arm(Fault(do="silence", for_s=1.5))

        assert driver.print(two_sheets, 1, 20, never(), Watcher(begun, hang)) == PRINTED


def test_the_resident_walks_away_before_a_sheet_is_out(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri, timing=SHORT) as driver:
        simulator.put(paper="out")
        cancel, canceled_at = threading.Event(), [0.0]

        def leave() -> None:
            canceled_at[0] = time.monotonic()
            cancel.set()

        outcome = driver.print(two_sheets, 1, 20, cancel, Watcher(waits, leave))
        assert time.monotonic() - canceled_at[0] < 1.5
        assert outcome in (failed(PrintFault.CANCELED), unconfirmed(PrintFault.CANCELED))
        simulator.put(paper="full")
        assert driver.print(two_sheets, 1, 20, never(), unnoticed) == PRINTED
        assert simulator.sheets == 2


def test_canceled_after_one_of_many_sheets(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        simulator.put(seconds_a_sheet=0.5)
        cancel = threading.Event()
        outcome = driver.print(two_sheets, 5, 20, cancel, Watcher(begun, cancel.set))
        assert outcome.fault is PrintFault.CANCELED
        assert outcome.verdict is not PrintVerdict.PRINTED
        assert simulator.sheets < 10


def test_canceled_before_it_began(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        cancel = threading.Event()
        cancel.set()
        assert driver.print(two_sheets, 1, 20, cancel, unnoticed) == failed(PrintFault.CANCELED)
        assert simulator.sheets == 0


def test_a_page_that_cannot_be_set_is_unprintable(tmp_path: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        too_full = Page(blocks=(QrCode(data="很" * 3000),))
        assert driver.print(too_full, 1, 20, never(), unnoticed) == failed(PrintFault.UNPRINTABLE)
        assert driver.print(ONE_SHEET, 0, 20, never(), unnoticed) == failed(PrintFault.UNPRINTABLE)
        assert driver.print(tmp_path / "x.pdf", 1, 20, never(), unnoticed) == failed(PrintFault.UNPRINTABLE)


def test_what_an_earlier_process_left_at_the_printer_is_canceled_and_no_other_job(two_sheets: Path) -> None:
    with a_printer() as simulator, a_driver(simulator.uri, timing=SHORT) as driver:
        simulator.put(paper="out")
        gone = threading.Event()

        def forget() -> None:
            # As if the process had died: nobody cancels.
            driver._printer.cancel = lambda *_, **__: False  # type: ignore[method-assign]
            gone.set()

        driver.print(two_sheets, 1, 20, gone, Watcher(waits, forget))
        with a_driver(simulator.uri) as after:
            simulator.put(paper="full")
            assert after.print(two_sheets, 1, 20, never(), unnoticed) == PRINTED
        assert simulator.sheets == 2


def test_how_the_printer_is_stands_in_its_status(eventually: Callable[..., None]) -> None:
    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        assert driver.status().paper is SupplyState.FULL
        simulator.put(paper="low", toner="low")
        eventually(lambda: driver.status().paper is SupplyState.LOW)
        assert driver.status().detail is DeviceDetail.TONER_LOW
        simulator.put(paper="out", toner="ok")
        eventually(lambda: driver.status().paper is SupplyState.OUT)
        assert not driver.status().usable
        simulator.put(paper="full", cover="open")
        eventually(lambda: driver.status().detail is DeviceDetail.COVER_OPEN)
        simulator.put(cover="closed", jam=True)
        eventually(lambda: driver.status().media is MediaState.JAMMED)
        simulator.heal()
        eventually(lambda: driver.status().state is DeviceState.ONLINE)
        simulator.arm(Fault(do="silence"))
        eventually(lambda: driver.status().state is DeviceState.OFFLINE)
        started = time.monotonic()
        assert driver.status().state is DeviceState.OFFLINE
        assert time.monotonic() - started < 1.3
        simulator.heal()
        eventually(lambda: driver.open().state is DeviceState.ONLINE)


@pytest.mark.fault(81)
def test_something_else_answers_at_that_address() -> None:
    from tests.devices.print_world import http

    with BadServer(lambda line, _request: line.sendall(http(b"<html/>", kind="text/html"))) as server:
        driver = IppPrinter(server.uri)
        status = driver.open()
        assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.WRONG_DEVICE)
        assert driver.print(ONE_SHEET, 1, 5, never(), unnoticed) == failed(PrintFault.NO_PRINTER)
        driver.close()


def test_the_printer_shows_what_it_did_to_hands_on_its_control_socket(
    tmp_path: Path, two_sheets: Path
) -> None:
    from kiosk.ipc import IpcClient

    with a_printer() as simulator, a_driver(simulator.uri) as driver:
        simulator.serve_control(tmp_path / "control.sock")
        with IpcClient(tmp_path / "control.sock") as hands:
            hands.call("set", seconds_a_sheet=0.0)
            assert driver.print(two_sheets, 1, 20, never(), unnoticed) == PRINTED
            told = hands.call("last_sheet", png=str(tmp_path / "a.png"))
            assert told == {"sheets": 2, "format": "pdf"}
            assert hands.call("state")["sheets"] == 2
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_simulators_leave_nothing_running_and_no_files() -> None:
    simulator: SheetPrinterSimulator
    with a_printer() as simulator:
        folder = simulator.process.folder
        assert folder.is_dir()
    assert not folder.exists()
    assert not simulator.process.plugged


def test_without_the_programs_that_play_it_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from click.testing import CliRunner

    from devices.sheet_printer import printer_process
    from devices.simulate import simulate

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(printer_process, "_PLACES", str(tmp_path))
    told = CliRunner().invoke(simulate, ["sheet-printer", "--listen", "127.0.0.1:8631"])
    assert told.exit_code == 1
    assert "ippeveprinter" in told.output
    assert "Traceback" not in told.output


def test_a_port_that_is_taken_is_not_taken_for_its_own() -> None:
    with a_printer() as simulator, SheetPrinterSimulator(simulator.process.port) as second:
        with pytest.raises(OSError, match="another program"):
            second.start()
