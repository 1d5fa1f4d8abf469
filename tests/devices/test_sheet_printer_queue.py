"""The A4 driver through a private cupsd: what CUPS says of each mishap is seen, and never believed alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.sheet_printer.destination import Destination
from devices.sheet_printer.driver import IppPrinter
from devices.sheet_printer.ipp import JobState
from devices.sheet_printer.pdf import compose
from devices.sheet_printer.print_job import Timing
from devices.sheet_printer.report import JobReport, PrinterReport
from devices.sheet_printer.simulator import SheetPrinterSimulator
from kiosk.clock import SystemClock
from kiosk.domain.device_status import DeviceState
from kiosk.domain.printing import PrintFault, PrintProgress, PrintVerdict, PrintWait
from tests.devices.print_world import (
    PRINTED,
    SILENT_POLICY,
    STRICT_POLICY,
    TWO_SHEETS,
    PrivateCups,
    Watcher,
    a_driver,
    a_printer,
    a_queue,
    failed,
    needs_printer,
    never,
    unconfirmed,
    unnoticed,
)

pytestmark = [
    needs_printer,
    pytest.mark.skipif(not Path("/usr/sbin/cupsd").exists(), reason="cupsd is not installed"),
]
CLOCK = SystemClock()
SHORT = Timing(lost_s=2.0, standstill_s=0.3, give_up_s=2.0, grace_s=1.0)


@pytest.fixture(scope="module")
def two_sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pdf") / "two.pdf"
    file.write_bytes(compose(TWO_SHEETS).pdf)
    return file


@pytest.fixture
def printer() -> Iterator[SheetPrinterSimulator]:
    with a_printer() as simulator:
        yield simulator


@pytest.fixture
def cups(printer: SheetPrinterSimulator) -> Iterator[PrivateCups]:
    with a_queue(printer) as queue:
        yield queue


@pytest.fixture
def driver(printer: SheetPrinterSimulator, cups: PrivateCups) -> Iterator[IppPrinter]:
    with a_driver(printer.uri, cups.uri, timing=SHORT) as opened:
        yield opened


def begun(progress: PrintProgress) -> bool:
    return bool(progress.sheets)


def waits(progress: PrintProgress) -> bool:
    return progress.waiting is PrintWait.PAPER


class QueueWatch:
    """What CUPS itself said of a job, while ours went on."""

    def __init__(self, cups: PrivateCups) -> None:
        self._queue = Destination(cups.uri, CLOCK)
        self.jobs: list[JobReport] = []
        self.reports: list[PrinterReport] = []

    def __call__(self, _progress: PrintProgress) -> None:
        report = self._queue.describe(CLOCK.monotonic() + 2, never())
        if isinstance(report, PrinterReport):
            self.reports.append(report)
        for which in ("not-completed", "completed"):
            jobs = self._queue.jobs(which, CLOCK.monotonic() + 2, never())
            if isinstance(jobs, list):
                self.jobs += jobs

    def close(self) -> None:
        self._queue.close()


def test_printed_by_the_printers_word_and_nothing_stays_in_the_spool(
    printer: SheetPrinterSimulator,
    cups: PrivateCups,
    driver: IppPrinter,
    two_sheets: Path,
    eventually: Callable[..., None],
) -> None:
    in_the_spool: list[str] = []
    printer.put(seconds_a_sheet=0.3)

    def look(_progress: PrintProgress) -> None:
        in_the_spool.extend(cups.documents())

    assert driver.print(two_sheets, 1, 30, never(), look) == PRINTED
    assert printer.sheets == 2
    # This cupsd is told to keep documents: while it printed one lay there, and now none does.
    assert any(name.startswith("d") for name in in_the_spool)
    assert not [name for name in cups.documents() if name.startswith("d")]

    def wiped() -> bool:
        assert driver.status().state in (DeviceState.ONLINE, DeviceState.BUSY)
        return not cups.documents()

    eventually(wiped, timeout_s=20)


@pytest.mark.slow
def test_out_of_paper_cups_says_processing_and_we_wait(
    printer: SheetPrinterSimulator, cups: PrivateCups, driver: IppPrinter, two_sheets: Path
) -> None:
    printer.put(paper="out")
    queue = QueueWatch(cups)
    bring = Watcher(waits, lambda: printer.put(paper="full"))

    def watch(progress: PrintProgress) -> None:
        queue(progress)
        bring(progress)

    assert driver.print(two_sheets, 1, 30, never(), watch) == PRINTED
    queue.close()
    assert {job.state for job in queue.jobs} <= {JobState.PENDING, JobState.PROCESSING, JobState.COMPLETED}
    assert printer.sheets == 2


def test_the_printer_aborts_cups_says_canceled_and_we_say_failed(
    printer: SheetPrinterSimulator, driver: IppPrinter, two_sheets: Path
) -> None:
    printer.put(abort=True)
    assert driver.print(two_sheets, 1, 30, never(), unnoticed) == failed(PrintFault.HARDWARE_ERROR)
    assert printer.sheets == 0


def test_the_printer_dies_cups_says_nothing_and_we_say_unconfirmed(
    printer: SheetPrinterSimulator, driver: IppPrinter, two_sheets: Path
) -> None:
    printer.put(seconds_a_sheet=0.6)
    watcher = Watcher(begun, printer.unplug)
    assert driver.print(two_sheets, 1, 30, never(), watcher) == unconfirmed(PrintFault.NO_ANSWER)


@pytest.mark.fault(79)
def test_switched_off_and_on_cups_says_completed_and_we_say_unconfirmed(
    printer: SheetPrinterSimulator, cups: PrivateCups, driver: IppPrinter, two_sheets: Path
) -> None:
    printer.put(seconds_a_sheet=0.6)

    def off_and_on() -> None:
        printer.unplug()
        printer.plug()

    watcher = Watcher(begun, off_and_on)
    assert driver.print(two_sheets, 1, 30, never(), watcher) == unconfirmed(PrintFault.NO_ANSWER)


def test_cups_alone_calls_a_job_completed_that_the_printer_has_forgotten(
    printer: SheetPrinterSimulator, cups: PrivateCups, two_sheets: Path, eventually: Callable[..., None]
) -> None:
    """The reason for all this: without us, CUPS says `completed` of a job that died in a power cut."""
    # Long enough that no sheet comes out between the look and the cut, however busy this machine is.
    printer.put(seconds_a_sheet=20)
    cups.admin("lp", "-U", "linban", "-d", "A4", "-t", "by-hand", str(two_sheets))
    eventually(lambda: printer.state()["printing"], timeout_s=20)
    printer.unplug()
    printer.plug()
    queue = Destination(cups.uri, CLOCK)

    def said() -> bool:
        job = queue.find("by-hand", CLOCK.monotonic() + 2, never())
        return isinstance(job, JobReport) and job.state == JobState.COMPLETED

    eventually(said, timeout_s=60)
    queue.close()
    assert printer.sheets == 0


@pytest.mark.slow
def test_nobody_brings_paper_and_nothing_comes_out_later(
    printer: SheetPrinterSimulator, cups: PrivateCups, driver: IppPrinter, two_sheets: Path
) -> None:
    printer.put(paper="out")
    outcome = driver.print(two_sheets, 1, 6, never(), unnoticed)
    assert outcome.fault is PrintFault.PAPER_OUT
    assert outcome.verdict is PrintVerdict.FAILED
    assert not [name for name in cups.documents() if name.startswith("d")]
    printer.put(paper="full")
    assert driver.print(two_sheets, 1, 30, never(), unnoticed) == PRINTED
    assert printer.sheets == 2


@pytest.mark.fault(80)
def test_a_queue_that_was_stopped_goes_on_when_the_printer_is_well(
    printer: SheetPrinterSimulator, cups: PrivateCups, driver: IppPrinter, two_sheets: Path
) -> None:
    cups.admin("cupsdisable", "A4")
    assert driver.status().state is DeviceState.ONLINE
    assert driver.print(two_sheets, 1, 30, never(), unnoticed) == PRINTED
    stopped = Watcher(lambda _: True, lambda: None)
    cups.admin("cupsdisable", "A4")
    assert driver.print(two_sheets, 1, 30, never(), stopped) == PRINTED
    assert printer.sheets == 4


@pytest.mark.fault(80)
def test_what_an_earlier_session_left_in_the_queue_is_wiped_at_opening(
    printer: SheetPrinterSimulator, cups: PrivateCups, two_sheets: Path, eventually: Callable[..., None]
) -> None:
    cups.admin("cupsdisable", "A4")
    for number in range(2):
        cups.admin("lp", "-U", "linban", "-d", "A4", "-t", f"left-{number}", str(two_sheets))
    assert len([name for name in cups.documents() if name.startswith("d")]) == 2
    fresh = IppPrinter(printer.uri, cups.uri, timing=SHORT)
    assert fresh.open().usable  # busy, while the printer still tells how it is
    eventually(lambda: not cups.documents(), timeout_s=20)
    cups.admin("lp", "-U", "linban", "-d", "A4", "-t", "left-again", "-H", "hold", str(two_sheets))
    assert fresh.clear() == 1
    assert fresh.clear() == 0
    fresh.close()
    assert printer.sheets == 0


@pytest.mark.parametrize("policy", [STRICT_POLICY, SILENT_POLICY], ids=["strict", "silent"])
def test_without_rights_on_the_queue_our_own_jobs_are_wiped_all_the_same(
    policy: str, printer: SheetPrinterSimulator, two_sheets: Path
) -> None:
    with a_queue(printer, policy=policy) as strict, a_driver(printer.uri, strict.uri) as driver:
        assert not Destination(strict.uri, CLOCK).purge(CLOCK.monotonic() + 2, never())
        assert driver.print(two_sheets, 1, 30, never(), unnoticed) == PRINTED
        assert not [name for name in strict.documents() if name.startswith("d")]
        driver.status()
        # It writes down what it knows of its jobs about a second later, or when it ends in order.
        strict.stop(in_order=True)
        assert not strict.documents()


def test_canceled_while_it_waits_in_the_queue(
    printer: SheetPrinterSimulator, cups: PrivateCups, driver: IppPrinter, two_sheets: Path
) -> None:
    printer.put(paper="out")
    cancel = threading.Event()
    outcome = driver.print(two_sheets, 1, 30, cancel, Watcher(waits, cancel.set))
    assert outcome.fault is PrintFault.CANCELED
    assert outcome.verdict is not PrintVerdict.PRINTED
    assert not [name for name in cups.documents() if name.startswith("d")]


@pytest.mark.fault(80)
def test_the_local_service_is_down(
    printer: SheetPrinterSimulator, cups: PrivateCups, driver: IppPrinter, two_sheets: Path
) -> None:
    cups._daemon.kill()
    cups._daemon.wait()
    assert driver.print(two_sheets, 1, 10, never(), unnoticed) == failed(PrintFault.OFFLINE)
    assert driver.status().state is DeviceState.OFFLINE
    assert driver.open().state is DeviceState.OFFLINE
    assert printer.sheets == 0
