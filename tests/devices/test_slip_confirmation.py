"""What counts as the printer's word: printers that give none, give it too soon, or lose the line."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from devices.fault_script import Fault
from devices.slip_printer.driver import EscPosPrinter, Timing
from devices.slip_printer.interpreter import INK, Operation, operations
from devices.slip_printer.job import compose
from devices.slip_printer.models import MODELS, Model
from devices.slip_printer.paper_time import PaperTime
from devices.slip_printer.simulator import Firmware, ReceiptPrinterSimulator
from devices.transport.address import port_at
from devices.transport.far_end import FarEnd
from devices.transport.lp_node import LpNode
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.clock import SystemClock
from kiosk.documents.page import Page, Text
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict

PRINTED = PrintOutcome(verdict=PrintVerdict.PRINTED)
NOT_CONFIRMED = PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER)
SLIP = Page(blocks=tuple(Text(text=f"第 {number} 行 办件回执") for number in range(30)))
"""127 mm of paper."""
SHORT = Page(blocks=(Text(text="办件回执"),))
QUICK = Timing(answer_s=0.1, look_s=0.03, recover_s=0.5, settle_s=0.005)


@contextmanager
def printing(
    link: Path | FarEnd,
    firmware: Firmware,
    model: str | Model = "generic-80",
    timing: Timing = QUICK,
    baud: int | None = None,
) -> Iterator[tuple[EscPosPrinter, ReceiptPrinterSimulator]]:
    with ReceiptPrinterSimulator(link, firmware=firmware, baud=baud) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(link)), model, timing=timing)
        try:
            yield printer, simulator
        finally:
            printer.close()


def ink(stream: bytes) -> list[Operation]:
    return [operation for operation in operations(stream) if operation.kind in INK]


def wanted_ink(page: Page) -> list[Operation]:
    return ink(b"".join(piece.data for piece in compose(page, MODELS["generic-80"])))


# -- answers that come too soon ---------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["generic-80", "epson-tm-l90"])
def test_a_firmware_that_answers_from_its_buffer_is_not_believed(
    port: Path, never: threading.Event, model: str
) -> None:
    with printing(port, Firmware(hasty=True, speed_mm_s=100), model) as (printer, _simulator):
        assert printer.open().detail is DeviceDetail.NONE
        assert printer.print(SLIP, 10, never) == NOT_CONFIRMED
        assert printer.status().detail is DeviceDetail.NO_CONFIRMATION


def test_who_was_once_caught_answering_too_soon_is_not_believed_on_a_short_slip_either(
    port: Path, never: threading.Event
) -> None:
    with printing(port, Firmware(hasty=True, speed_mm_s=100)) as (printer, _simulator):
        printer.open()
        assert printer.print(SLIP, 10, never) == NOT_CONFIRMED
        assert printer.print(SHORT, 10, never) == NOT_CONFIRMED


def test_paper_that_ends_in_a_slip_answered_for_too_soon_is_said(port: Path, never: threading.Event) -> None:
    with printing(port, Firmware(hasty=True, speed_mm_s=100)) as (printer, simulator):
        printer.open()
        assert printer.print(SHORT, 10, never) == PRINTED
        simulator.arm(Fault(do="paper_out", byte=150))
        outcome = printer.print(SLIP, 10, never)
        assert outcome == PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.PAPER_OUT)


@pytest.mark.parametrize("byte", [40, 200, 360, 520])
@pytest.mark.parametrize("do", ["paper_out", "power_cut"])
def test_a_hasty_firmware_is_not_believed_on_its_first_slip_when_that_stops(
    port: Path, never: threading.Event, do: str, byte: int
) -> None:
    with printing(port, Firmware(hasty=True, speed_mm_s=250)) as (printer, simulator):
        printer.open()
        simulator.arm(Fault(do=do, byte=byte))
        assert printer.print(SLIP, 10, never).verdict is not PrintVerdict.PRINTED


def test_the_rest_of_a_slip_that_nobody_confirmed_does_not_come_out_when_paper_is_loaded(
    port: Path, never: threading.Event, eventually: Callable[..., None]
) -> None:
    with printing(port, Firmware(hasty=True, speed_mm_s=60)) as (printer, simulator):
        printer.open()
        assert printer.print(SHORT, 10, never) == PRINTED
        assert printer.print(SLIP, 10, never) == NOT_CONFIRMED
        assert printer.status().usable
        simulator.put(paper="out")  # in the middle of it: this head is slower than anybody thought
        assert len(simulator.slips) == 1
        assert printer.status().usable is False
        eventually(lambda: simulator.state()["buffered"] == 0)
        on_paper = simulator.paper_so_far
        simulator.put(paper="full")
        assert simulator.paper_so_far == on_paper
        assert printer.print(SHORT, 10, never) == NOT_CONFIRMED
        eventually(lambda: ink(simulator.slips[-1]) == wanted_ink(SHORT))


@pytest.mark.parametrize("speed_mm_s", [60, 150, 340])
@pytest.mark.parametrize("ahead_mm", [0, 35])
def test_a_truthful_printer_is_believed_however_slow_it_is(
    port: Path, never: threading.Event, speed_mm_s: float, ahead_mm: float
) -> None:
    firmware = Firmware(speed_mm_s=speed_mm_s, ahead_mm=ahead_mm)
    with printing(port, firmware) as (printer, simulator):
        printer.open()
        started = time.monotonic()
        assert printer.print(SLIP, 15, never) == PRINTED
        assert time.monotonic() - started >= (127 - ahead_mm) / speed_mm_s
        assert [ink(slip) for slip in simulator.slips] == [wanted_ink(SLIP)]


def test_an_answer_is_weighed_against_the_paper_sent_after_any_moment() -> None:
    model = replace(MODELS["generic-80"], max_speed_mm_s=100, answers_ahead_mm=0, dots_per_inch=203)
    paper = PaperTime(model)
    paper.sending(0.0, 800)  # 100 mm, a second of paper
    paper.asked()
    paper.sending(5.0, 800)
    paper.asked()
    paper.answered(5.1)
    after_the_first = paper.too_early
    paper.answered(5.9)  # long after the first 100 mm left, and not a second after the second 100 mm
    assert (after_the_first, paper.too_early) == (False, True)
    assert paper.least_s == pytest.approx(2.0, rel=0.01)


# -- printers that give no word ---------------------------------------------------------------------------


def test_a_printer_that_answers_no_queued_question_prints_and_is_never_believed(
    port: Path, never: threading.Event, eventually: Callable[..., None]
) -> None:
    with printing(port, Firmware(tokens=False)) as (printer, simulator):
        status = printer.open()
        assert (status.state, status.detail) == (DeviceState.ONLINE, DeviceDetail.NO_CONFIRMATION)
        assert status.usable
        for count in (1, 2):
            assert printer.print(SLIP, 15, never) == NOT_CONFIRMED
            eventually(lambda count=count: len(simulator.slips) == count)
        assert [ink(slip) for slip in simulator.slips] == [wanted_ink(SLIP)] * 2


def test_paper_that_ends_early_in_an_unconfirmed_slip_is_a_failed_slip(
    port: Path, never: threading.Event
) -> None:
    long = Page(blocks=tuple(Text(text=f"第 {number} 行 " + "测" * 15) for number in range(120)))
    with printing(port, Firmware(tokens=False)) as (printer, simulator):
        printer.open()
        assert printer.print(SHORT, 15, never) == NOT_CONFIRMED
        simulator.arm(Fault(do="paper_out", byte=500))
        outcome = printer.print(long, 15, never)
        assert outcome == PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.PAPER_OUT)


def test_a_printer_that_finds_its_voice_is_believed_again(port: Path, never: threading.Event) -> None:
    with printing(port, Firmware(tokens=False)) as (printer, simulator):
        assert printer.open().detail is DeviceDetail.NO_CONFIRMATION
        simulator.firmware.tokens = True
        assert printer.print(SLIP, 15, never) == PRINTED
        assert printer.status().detail is DeviceDetail.NONE


def test_a_printer_that_loses_its_voice_is_not_called_ready_to_fail_for_ever(
    port: Path, never: threading.Event
) -> None:
    with printing(port, Firmware()) as (printer, simulator):
        printer.open()
        assert printer.print(SLIP, 15, never) == PRINTED
        simulator.firmware.tokens = False
        assert printer.print(SLIP, 1.0, never).fault is PrintFault.NO_ANSWER
        assert printer.print(SLIP, 15, never) == PrintOutcome(
            verdict=PrintVerdict.FAILED, fault=PrintFault.NO_ANSWER
        )
        assert printer.status().detail is DeviceDetail.NO_CONFIRMATION
        assert printer.print(SLIP, 15, never) == NOT_CONFIRMED


def test_whether_it_confirms_is_tried_when_it_is_well_again(port: Path, never: threading.Event) -> None:
    with printing(port, Firmware(tokens=False)) as (printer, simulator):
        simulator.put(cover="open")
        assert printer.open().detail is DeviceDetail.COVER_OPEN
        simulator.put(cover="closed")
        assert printer.status().detail is DeviceDetail.NO_CONFIRMATION


def test_a_line_that_answers_nothing_prints_where_the_model_says_so(
    port: Path, never: threading.Event, eventually: Callable[..., None]
) -> None:
    with printing(port, Firmware(mute=True), "mute-80") as (printer, simulator):
        status = printer.open()
        assert (status.state, status.detail) == (DeviceState.ONLINE, DeviceDetail.NO_CONFIRMATION)
        assert printer.print(SLIP, 15, never) == NOT_CONFIRMED
        eventually(lambda: [ink(slip) for slip in simulator.slips] == [wanted_ink(SLIP)])
        simulator.unplug()
        assert printer.print(SLIP, 15, never) == PrintOutcome(
            verdict=PrintVerdict.FAILED, fault=PrintFault.NO_PRINTER
        )


def test_an_unconfirmed_slip_is_given_up_when_cancelled(port: Path) -> None:
    cancel = threading.Event()
    with printing(port, Firmware(mute=True, speed_mm_s=20), "mute-80") as (printer, _simulator):
        printer.open()
        threading.Timer(0.15, cancel.set).start()
        started = time.monotonic()
        outcome = printer.print(SLIP, 30, cancel)
        assert outcome.verdict is not PrintVerdict.PRINTED
        assert outcome.fault is PrintFault.CANCELED
        assert time.monotonic() - started < 1.5


# -- lines with habits of their own -------------------------------------------------------------------------


class HangsUpAtEachCut(ReceiptPrinterSimulator):
    """A print server that takes a cut for the end of a job, and the end of a job for the end of the line."""

    def _cut(self) -> None:
        super()._cut()
        assert isinstance(self._port, TcpFarEnd)
        self._port.hang_up()


def test_a_print_server_that_hangs_up_at_each_cut_prints_all_the_same(never: threading.Event) -> None:
    far_end = TcpFarEnd()
    with HangsUpAtEachCut(far_end, firmware=Firmware()) as simulator:
        simulator.start()
        with contextlib.closing(EscPosPrinter(port_at(str(far_end)), timing=QUICK)) as printer:
            for count in (1, 2):
                assert printer.open().state is DeviceState.ONLINE
                outcome = printer.print(SLIP, 15, never)
                assert outcome == PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_PRINTER)
                assert [ink(slip) for slip in simulator.slips] == [wanted_ink(SLIP)] * count


def test_a_printer_that_repeats_that_it_is_ready_is_believed(port: Path, never: threading.Event) -> None:
    ended = threading.Event()
    timing = Timing(answer_s=0.1, look_s=0.03, recover_s=0.5, settle_s=0.05)
    with printing(port, Firmware(), timing=timing) as (printer, simulator):

        def says_xon() -> None:
            while not ended.wait(0.02):
                with simulator.lock:
                    simulator._port.write(b"\x11")

        speaker = threading.Thread(target=says_xon)
        speaker.start()
        try:
            assert printer.open().state is DeviceState.ONLINE
            assert printer.print(SLIP, 15, never) == PRINTED
        finally:
            ended.set()
            speaker.join()


# -- who it is ----------------------------------------------------------------------------------------------


def test_a_printer_that_tells_who_it_is_is_asked_once(port: Path, never: threading.Event) -> None:
    firmware = Firmware(identity=("TM-T88VI", "30.21 ESC/POS", ""))
    with printing(port, firmware, "epson-tm-t88") as (printer, _simulator):
        assert printer.capabilities() == DeviceCapabilities(model="epson-tm-t88")
        assert printer.open().detail is DeviceDetail.NONE
        assert printer.capabilities() == DeviceCapabilities(model="TM-T88VI", firmware="30.21 ESC/POS")
        assert printer.print(SLIP, 15, never) == PRINTED
    with printing(port, firmware, "generic-80") as (printer, _simulator):
        printer.open()
        assert printer.capabilities() == DeviceCapabilities(model="generic-80")


# -- what an earlier process left ---------------------------------------------------------------------------


def test_an_image_that_an_earlier_process_left_half_sent_swallows_nothing(
    port: Path, never: threading.Event, eventually: Callable[..., None]
) -> None:
    with printing(port, Firmware(speed_mm_s=None), replace(MODELS["generic-80"], max_speed_mm_s=1e9)) as (
        printer,
        simulator,
    ):
        half = os.open(port, os.O_RDWR | os.O_NOCTTY)
        os.write(half, "上一张凭条".encode("gb18030") + b"\n\x1d\x76\x30\x00\x48\x00\x0e\x00" + b"\xaa" * 300)
        eventually(lambda: simulator.state()["buffered"] > 200)
        os.close(half)
        # Told to drop its buffer, this printer is already past it: the image's head has been read.
        with simulator.lock:
            simulator._buffer[:] = b"\x1d\x76\x30\x00\x48\x00\x0e\x00" + b"\xaa" * 300
        status = printer.open()
        assert (status.state, status.detail) == (DeviceState.ONLINE, DeviceDetail.NONE)
        assert printer.print(SLIP, 15, never) == PRINTED
        assert ink(simulator.slips[-1]) == wanted_ink(SLIP)


# -- other lines --------------------------------------------------------------------------------


def test_a_usb_printers_node_is_a_line_like_any_other(port: Path, never: threading.Event) -> None:
    with printing(port, Firmware()) as (_unused, simulator):
        printer = EscPosPrinter(LpNode(str(port), SystemClock()), timing=QUICK)
        assert printer.open().state is DeviceState.ONLINE
        assert printer.print(SLIP, 15, never) == PRINTED
        simulator.unplug()
        assert printer.print(SLIP, 15, never).verdict is PrintVerdict.FAILED
        printer.close()


def test_a_slow_line_is_not_taken_for_a_silent_printer(port: Path, never: threading.Event) -> None:
    with printing(port, Firmware(), timing=Timing.at_baud(9600), baud=9600) as (printer, simulator):
        assert printer.open().detail is DeviceDetail.NONE
        assert printer.print(SLIP, 15, never) == PRINTED
        assert ink(simulator.slips[-1]) == wanted_ink(SLIP)


def test_a_network_printer_that_hung_up_while_idle_is_simply_called_again(never: threading.Event) -> None:
    with printing(TcpFarEnd(), Firmware()) as (_unused, simulator):
        printer = EscPosPrinter(port_at(str(simulator._port)), timing=QUICK)
        assert printer.open().state is DeviceState.ONLINE
        assert printer.print(SLIP, 15, never) == PRINTED
        simulator.unplug()
        simulator.plug()
        assert printer.print(SLIP, 15, never) == PRINTED
        simulator.unplug()
        simulator.plug()
        assert printer.status().state is DeviceState.ONLINE
        assert [ink(slip) for slip in simulator.slips] == [wanted_ink(SLIP)] * 2
        printer.close()
        assert printer.status().state is DeviceState.NO_DEVICE  # closed is closed: nothing is called again


def test_a_network_line_lost_in_a_slip_is_unconfirmed_or_failed_and_works_again(
    never: threading.Event,
) -> None:
    with printing(TcpFarEnd(), Firmware()) as (_unused, simulator):
        printer = EscPosPrinter(port_at(str(simulator._port)), timing=QUICK)
        printer.open()
        assert printer.print(SHORT, 15, never) == PRINTED
        simulator.arm(Fault(do="unplug", byte=300))
        outcome = printer.print(SLIP, 15, never)
        assert outcome.verdict is not PrintVerdict.PRINTED
        simulator.plug()
        assert printer.open().state is DeviceState.ONLINE
        assert printer.print(SLIP, 15, never) == PRINTED
        printer.close()


def test_a_socket_that_swallows_everything_is_offline_to_an_ordinary_model_and_unconfirmed_to_a_mute_one(
    never: threading.Event,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        printer = EscPosPrinter(port_at(address), timing=QUICK)
        assert printer.open().state is DeviceState.OFFLINE
        printer.close()
        mute = EscPosPrinter(port_at(address), "mute-80", timing=QUICK)
        assert mute.open().detail is DeviceDetail.NO_CONFIRMATION
        assert mute.print(SLIP, 15, never) == NOT_CONFIRMED
        mute.close()
