"""Simulated devices on real ptys, and the proof that a test leaves nothing behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devices.id_card.conversation import Timing
from devices.id_card.driver import SdtReader
from devices.id_card.simulator import IdCardReaderSimulator
from devices.scanner.driver import SerialScanner
from devices.scanner.simulator import BarcodeScannerSimulator
from devices.slip_printer.driver import EscPosPrinter
from devices.slip_printer.simulator import ReceiptPrinterSimulator
from devices.transport.address import port_at
from tests.devices.pcsc_world import pcsc, pcsc_world, simulated_slot, slot_world  # noqa: F401  (fixtures)
from tests.devices.stage_hands import far_end, usb_sam  # noqa: F401  (fixtures)


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left: list[threading.Thread] = []
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
        if not left:
            return
        left[0].join(timeout=0.1)
    raise AssertionError(f"threads left: {[thread.name for thread in left]}")


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "port"


@pytest.fixture
def sam(port: Path) -> Iterator[IdCardReaderSimulator]:
    with IdCardReaderSimulator(port) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def reader(port: Path, sam: IdCardReaderSimulator) -> Iterator[SdtReader]:
    # The steps that end in silence would take seconds each; the sequence is the same.
    timing = Timing(ask_s=0.15, find_s=0.15, select_s=0.2, read_s=0.4, address_s=0.3, gap_s=0.03)
    driver = SdtReader(port_at(str(port)), timing=timing)
    driver.open()
    yield driver
    driver.close()


@pytest.fixture
def printer_sim(port: Path) -> Iterator[ReceiptPrinterSimulator]:
    with ReceiptPrinterSimulator(port) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture(params=["generic-80", "epson-tm-t88"])
def printer(
    request: pytest.FixtureRequest, port: Path, printer_sim: ReceiptPrinterSimulator
) -> Iterator[EscPosPrinter]:
    driver = EscPosPrinter(port_at(str(port)), model=request.param)
    driver.open()
    yield driver
    driver.close()


@pytest.fixture
def scanner_sim(port: Path) -> Iterator[BarcodeScannerSimulator]:
    with BarcodeScannerSimulator(port) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def scanner(port: Path, scanner_sim: BarcodeScannerSimulator) -> Iterator[SerialScanner]:
    driver = SerialScanner(port_at(str(port)))
    driver.open()
    yield driver
    driver.close()


@pytest.fixture
def never() -> threading.Event:
    """A cancel that does not come."""
    return threading.Event()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until something is true, by looking often."""

    def wait(condition: Callable[[], Any], timeout_s: float = 3.0) -> None:
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "it did not come true"
            pause.wait(0.01)

    return wait
