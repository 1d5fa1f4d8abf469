"""What the printer tells unasked: paper that runs low, slips that are taken or left, faults at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from devices.fault_script import Fault
from devices.slip_printer.driver import EscPosPrinter, Timing
from devices.slip_printer.models import MODELS
from devices.slip_printer.paper_watch import LEFT_BEHIND_S, PaperWatch
from devices.slip_printer.simulator import Firmware, ReceiptPrinterSimulator
from devices.transport.address import port_at
from kiosk.clock import ManualClock
from kiosk.documents.page import Page, Text
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceState, DeviceStatus, MediaState, SupplyState
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict

SLIP = Page(blocks=tuple(Text(text=f"第 {number} 行") for number in range(20)))


def seen(media: MediaState = MediaState.UNKNOWN, paper: SupplyState = SupplyState.UNKNOWN) -> DeviceStatus:
    return DeviceStatus(state=DeviceState.ONLINE, media=media, paper=paper)


@pytest.mark.fault(83)
def test_a_slip_that_nobody_takes_is_told_once() -> None:
    clock = ManualClock()
    watch = PaperWatch(clock)
    watch.saw(seen(MediaState.NOT_PRESENT))
    watch.saw(seen(MediaState.PRESENT))
    assert watch.take() == [DeviceEvent.MEDIA_PRESENTED]
    clock.advance(LEFT_BEHIND_S - 1)
    watch.saw(seen(MediaState.PRESENT))
    assert watch.take() == []
    for _ in range(3):
        clock.advance(2)
        watch.saw(seen(MediaState.PRESENT))
    assert watch.take() == [DeviceEvent.MEDIA_LEFT_BEHIND]
    watch.saw(seen(MediaState.NOT_PRESENT))
    assert watch.take() == [DeviceEvent.MEDIA_TAKEN]


def test_paper_is_told_when_it_changes_and_not_when_it_is_first_seen() -> None:
    watch = PaperWatch(ManualClock())
    for paper in (SupplyState.FULL, SupplyState.FULL, SupplyState.UNKNOWN, SupplyState.FULL):
        watch.saw(seen(paper=paper))
    assert watch.take() == []
    for paper in (SupplyState.LOW, SupplyState.OUT, SupplyState.OUT, SupplyState.FULL):
        watch.saw(seen(paper=paper))
    assert watch.take() == [DeviceEvent.PAPER_THRESHOLD] * 3


def test_a_slip_that_was_there_when_the_terminal_started_was_not_presented_now() -> None:
    watch = PaperWatch(ManualClock())
    watch.saw(seen(MediaState.PRESENT))
    assert watch.take() == []


@pytest.mark.parametrize(("model", "sensor"), [("kp-628e", "torn"), ("ppu-231", "mouth")])
def test_a_slip_presented_and_taken_is_told_by_models_with_a_sensor(
    port: Path, never: threading.Event, model: str, sensor: str
) -> None:
    with ReceiptPrinterSimulator(port, firmware=Firmware(presenter=sensor)) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model)
        assert printer.open().media is MediaState.NOT_PRESENT
        assert printer.print(SLIP, 10, never).verdict is PrintVerdict.PRINTED
        assert printer.events() == [DeviceEvent.MEDIA_PRESENTED]
        assert printer.status().media is MediaState.PRESENT
        assert printer.events() == []
        simulator.take_paper()
        assert printer.status().media is MediaState.NOT_PRESENT
        assert printer.events() == [DeviceEvent.MEDIA_TAKEN]
        simulator.put(paper="low")
        assert printer.status().paper is SupplyState.LOW
        assert printer.events() == [DeviceEvent.PAPER_THRESHOLD]
        printer.close()


def test_a_model_without_a_sensor_tells_nothing_of_slips(port: Path, never: threading.Event) -> None:
    with ReceiptPrinterSimulator(port) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)))
        printer.open()
        assert printer.print(SLIP, 10, never).verdict is PrintVerdict.PRINTED
        assert printer.status().media is MediaState.UNKNOWN
        assert printer.events() == []
        printer.close()


def test_a_fault_that_the_printer_tells_by_itself_is_noticed_at_once(
    port: Path, never: threading.Event, eventually: Callable[..., None]
) -> None:
    model = replace(MODELS["generic-80"], auto_status=True)
    long = Page(blocks=tuple(Text(text=f"第 {number} 行 " + "测" * 15) for number in range(60)))
    with ReceiptPrinterSimulator(port) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model, timing=Timing(look_s=8.0))
        printer.open()
        assert printer.print(SLIP, 10, never).verdict is PrintVerdict.PRINTED
        simulator.arm(Fault(do="cover_open", byte=600))
        started = time.monotonic()
        outcome = printer.print(long, 20, never)
        assert outcome == PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.COVER_OPEN)
        assert time.monotonic() - started < 4.0
        printer.close()


@pytest.mark.fault(73)
def test_a_cover_that_was_open_for_a_moment_leaves_the_slip_unconfirmed(
    port: Path, never: threading.Event
) -> None:
    model = replace(MODELS["generic-80"], auto_status=True)
    with ReceiptPrinterSimulator(port) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model)
        printer.open()
        assert printer.print(SLIP, 10, never).verdict is PrintVerdict.PRINTED
        simulator.arm(Fault(do="cover_open", byte=150, for_s=0.0))
        assert printer.print(SLIP, 10, never).verdict is PrintVerdict.UNCONFIRMED
        assert printer.print(SLIP, 10, never).verdict is PrintVerdict.PRINTED
        printer.close()
