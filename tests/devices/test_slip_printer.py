"""The printer driver against a printer on a pty: `printed` only when it is on paper."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image

from devices.fault_script import Fault
from devices.slip_printer.driver import EscPosPrinter, Timing
from devices.slip_printer.interpreter import INK, Operation, operations
from devices.slip_printer.job import Unprintable, compose
from devices.slip_printer.models import MODELS, Confirms, Model
from devices.slip_printer.paper_motion import PaperMotion
from devices.slip_printer.protocol import PaperToken
from devices.slip_printer.renderer import render
from devices.slip_printer.simulator import Firmware, ReceiptPrinterSimulator
from devices.transport.address import port_at
from kiosk.documents.page import Align, Gap, Page, QrCode, Row, Rule, Size, Text
from kiosk.domain.device_status import DeviceDetail, DeviceState, MediaState, SupplyState
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict

PRINTED = PrintOutcome(verdict=PrintVerdict.PRINTED)
NOT_CONFIRMED = PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER)
SLIP = Page(
    blocks=(
        Text(text="办件回执", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Text(text="4107 2236 0815", size=Size.LARGE, align=Align.CENTRE),
        Rule(),
        Row(label="姓名", value="测𠮷㛃"),
        Row(label="状态", value="已收件"),
        QrCode(data="https://example.cn/r/410722360815"),
        Gap(),
        Text(text="请妥善保管。" * 20),
    )
)


def failed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.FAILED, fault=fault)


def ink(stream: bytes) -> list[Operation]:
    return [operation for operation in operations(stream) if operation.kind in INK]


def wanted_ink(model: str | EscPosPrinter, page: Page = SLIP) -> list[Operation]:
    name = model if isinstance(model, str) else model._model.name
    return ink(b"".join(piece.data for piece in compose(page, MODELS[name])))


def quick(name: str) -> Model:
    """A model whose paper may move at any speed: for simulators that print at once."""
    return replace(MODELS[name], max_speed_mm_s=1e9)


@pytest.fixture
def printer_sim(port: Path) -> Iterator[ReceiptPrinterSimulator]:
    with ReceiptPrinterSimulator(port, firmware=Firmware(speed_mm_s=None)) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture(params=["generic-80", "epson-tm-t88"])
def printer(
    request: pytest.FixtureRequest, port: Path, printer_sim: ReceiptPrinterSimulator
) -> Iterator[EscPosPrinter]:
    driver = EscPosPrinter(port_at(str(port)), quick(request.param), timing=Timing(settle_s=0.01))
    driver.open()
    yield driver
    driver.close()


def put_right(simulator: ReceiptPrinterSimulator) -> None:
    simulator.heal()
    simulator.put(paper="full", cover="closed", cutter="ok", online=True)


def test_a_slip_is_printed_whole_and_cut(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    assert printer.print(SLIP, 10, never) == PRINTED
    assert [ink(slip) for slip in printer_sim.slips] == [wanted_ink(printer)]


def test_many_slips_follow_one_another_unmixed(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    assert [printer.print(SLIP, 10, never) for _ in range(10)] == [PRINTED] * 10
    assert [ink(slip) for slip in printer_sim.slips] == [wanted_ink(printer)] * 10


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_prints(
    port: Path, never: threading.Event, eventually: Callable[..., None], model: str
) -> None:
    with ReceiptPrinterSimulator(port, width_dots=MODELS[model].width_dots) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model=model)
        assert printer.open().state is DeviceState.ONLINE
        unproven = MODELS[model].confirms is Confirms.NONE
        assert printer.print(SLIP, 10, never) == (NOT_CONFIRMED if unproven else PRINTED)
        eventually(lambda: [ink(slip) for slip in simulator.slips] == [wanted_ink(model)])
        printer.close()


@pytest.mark.fault(71, 73, 75)
@pytest.mark.parametrize(
    ("change", "fault", "state", "detail"),
    [
        ({"paper": "out"}, PrintFault.PAPER_OUT, DeviceState.ONLINE, DeviceDetail.NONE),
        ({"cover": "open"}, PrintFault.COVER_OPEN, DeviceState.USER_ERROR, DeviceDetail.COVER_OPEN),
        ({"cutter": "jam"}, PrintFault.CUTTER_ERROR, DeviceState.HARDWARE_ERROR, DeviceDetail.CUTTER_ERROR),
        ({"online": False}, PrintFault.OFFLINE, DeviceState.USER_ERROR, DeviceDetail.NONE),
    ],
)
def test_a_printer_that_cannot_is_found_out_before_the_first_byte(
    printer: EscPosPrinter,
    printer_sim: ReceiptPrinterSimulator,
    never: threading.Event,
    change: dict[str, object],
    fault: PrintFault,
    state: DeviceState,
    detail: DeviceDetail,
) -> None:
    printer_sim.put(**change)
    assert printer.print(SLIP, 10, never) == failed(fault)
    assert printer_sim.state()["buffered"] == 0 or printer_sim.slips == []
    status = printer.status()
    assert (status.state, status.detail) == (state, detail)
    assert status.usable is False
    put_right(printer_sim)
    assert printer.print(SLIP, 10, never) == PRINTED
    assert [ink(slip) for slip in printer_sim.slips] == [wanted_ink(printer)]


@pytest.mark.fault(74)
def test_low_paper_is_said_and_printed_on(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    printer_sim.put(paper="low")
    assert printer.status().paper is SupplyState.LOW
    assert printer.print(SLIP, 10, never) == PRINTED


@pytest.mark.fault(72)
def test_paper_that_runs_out_early_is_failed_and_late_is_unconfirmed(
    port: Path, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    printer = EscPosPrinter(
        port_at(str(port)), quick("generic-80"), timing=Timing(look_s=0.02, settle_s=0.01)
    )
    printer.open()
    assert printer.print(SLIP, 5, never) == PRINTED
    long = Page(blocks=tuple(Text(text=f"第 {n} 行 " + "测" * 15) for n in range(300)))
    printer_sim.arm(Fault(do="paper_out", byte=500))
    assert printer.print(long, 5, never) == failed(PrintFault.PAPER_OUT)
    put_right(printer_sim)
    assert printer.print(SLIP, 5, never) == PRINTED
    printer_sim.arm(Fault(do="paper_out", byte=600))
    assert printer.print(SLIP, 5, never).verdict in (PrintVerdict.UNCONFIRMED, PrintVerdict.FAILED)
    printer.close()


def test_half_a_slip_does_not_come_out_when_paper_is_loaded(
    printer: EscPosPrinter,
    printer_sim: ReceiptPrinterSimulator,
    never: threading.Event,
    eventually: Callable[..., None],
) -> None:
    assert printer.print(SLIP, 5, never) == PRINTED
    printer_sim.arm(Fault(do="paper_out", byte=300))
    assert printer.print(SLIP, 5, never).verdict is not PrintVerdict.PRINTED
    eventually(lambda: printer_sim.state()["buffered"] == 0)
    on_paper = printer_sim.paper_so_far
    put_right(printer_sim)
    assert printer_sim.paper_so_far == on_paper
    assert printer_sim.state()["buffered"] == 0


def test_the_buffer_is_never_filled_so_that_questions_get_through(
    port: Path, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    printer = EscPosPrinter(
        port_at(str(port)), quick("generic-80"), timing=Timing(look_s=0.02, settle_s=0.01)
    )
    printer.open()
    long = Page(blocks=tuple(Text(text="㐀" * 24) for _ in range(40)))
    printer_sim.arm(Fault(do="offline", byte=3000))
    assert printer.print(long, 10, never).fault is PrintFault.OFFLINE
    assert printer_sim.state()["buffered"] < 4096
    printer.close()


def test_a_slip_longer_than_every_buffer_is_printed_whole(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    long = Page(blocks=tuple(Text(text=f"第{n}行" + "㐀测" * 10) for n in range(60)))
    assert printer.print(long, 20, never) == PRINTED
    assert ink(printer_sim.slips[-1]) == wanted_ink(printer, long)


def test_a_cancelled_slip_says_so(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    cancel = threading.Event()
    cancel.set()
    assert printer.print(SLIP, 5, cancel) == failed(PrintFault.CANCELED)
    assert printer.print(SLIP, 5, never) == PRINTED
    assert [ink(slip) for slip in printer_sim.slips] == [wanted_ink(printer)]


@pytest.mark.fault(77)
def test_a_printer_that_says_nothing_is_offline_not_well(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    printer_sim.arm(Fault(do="silence"))
    assert printer.print(SLIP, 5, never) == failed(PrintFault.OFFLINE)
    assert printer.status().state is DeviceState.OFFLINE


@pytest.mark.fault(77)
@pytest.mark.parametrize("junk", ["00", "ff", "0000", "12", "1200", "372230303031"])
def test_noise_while_printing_never_makes_a_slip_printed_that_is_not(
    port: Path, never: threading.Event, junk: str
) -> None:
    printer = EscPosPrinter(
        port_at(str(port)), quick("generic-80"), timing=Timing(answer_s=0.05, look_s=0.02, settle_s=0.01)
    )
    with ReceiptPrinterSimulator(port) as simulator:
        simulator.start()
        printer.open()
        assert printer.print(SLIP, 5, never) == PRINTED
        simulator.arm(Fault(do="silence", byte=300))
        simulator.arm(Fault(do="garbage", byte=301, options={"bytes_hex": junk}))
        assert printer.print(SLIP, 5, never).verdict is not PrintVerdict.PRINTED
        printer.close()


def test_a_printer_without_marks_is_not_believed_by_a_model_that_needs_them(
    port: Path, never: threading.Event
) -> None:
    with ReceiptPrinterSimulator(port, firmware=Firmware(marks=False)) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model="epson-tm-t88", timing=Timing(look_s=0.05))
        printer.open()
        outcome = printer.print(SLIP, 1.0, never)
        assert outcome == PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.NO_ANSWER)
        printer.close()


def test_automatic_status_in_between_disturbs_nothing(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    printer_sim.arm(Fault(do="garbage", byte=200, options={"bytes_hex": "10000000"}))
    assert printer.print(SLIP, 5, never) == PRINTED


@pytest.mark.parametrize("model", ["generic-80", "epson-tm-t88"])
def test_paper_that_ended_by_the_printers_queued_word_is_not_a_printed_slip(
    port: Path, never: threading.Event, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """The queued answer says "end" where the real-time one, asked a moment later, does not."""
    with ReceiptPrinterSimulator(port) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model=model)
        printer.open()
        monkeypatch.setattr(PaperToken, "paper_end", True)
        outcome = printer.print(SLIP, 5, never)
        assert outcome == PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=PrintFault.PAPER_OUT)
        printer.close()


def test_whether_the_slip_was_taken_is_told_by_models_that_can(port: Path, never: threading.Event) -> None:
    with ReceiptPrinterSimulator(port, firmware=Firmware(presenter="torn")) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model="kp-628e")
        assert printer.open().media is MediaState.NOT_PRESENT
        assert printer.print(SLIP, 5, never) == PRINTED
        assert printer.status().media is MediaState.PRESENT
        simulator.take_paper()
        assert printer.status().media is MediaState.NOT_PRESENT
        printer.close()


def test_a_printer_that_comes_back_is_used_again(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    printer_sim.unplug()
    assert printer.print(SLIP, 5, never) == failed(PrintFault.NO_PRINTER)
    assert printer.status().state is DeviceState.NO_DEVICE
    assert printer.open().state is DeviceState.NO_DEVICE
    printer_sim.plug()
    assert printer.open().state is DeviceState.ONLINE
    assert printer.print(SLIP, 5, never) == PRINTED


def test_a_font_that_is_not_there_makes_a_rare_name_unprintable_and_nothing_else(
    port: Path, printer_sim: ReceiptPrinterSimulator, never: threading.Event, tmp_path: Path
) -> None:
    printer = EscPosPrinter(port_at(str(port)), font_file=tmp_path / "no-font.ttf")
    printer.open()
    assert printer.print(SLIP, 5, never) == failed(PrintFault.UNPRINTABLE)
    assert printer.print(Page(blocks=(Text(text="办件回执"),)), 5, never) == PRINTED
    printer.close()


def test_a_file_that_is_no_font_makes_a_rare_name_unprintable(tmp_path: Path) -> None:
    file = tmp_path / "broken.ttf"
    file.write_bytes(b"not a font")
    with pytest.raises(Unprintable):
        compose(SLIP, MODELS["generic-80"], file)


def test_a_slip_of_metres_is_a_mistake_and_takes_no_paper() -> None:
    for blocks in ((Text(text="\n" * 5000),), (Gap(height_mm=1e9),) * 20, (Text(text="字" * 60_000),)):
        with pytest.raises(Unprintable):
            compose(Page(blocks=blocks), MODELS["generic-58"])


@pytest.mark.parametrize("model", ["generic-80", "generic-80-no-qr", "tear-off-58"])
def test_the_code_on_the_picture_of_the_slip_can_be_read(
    port: Path, never: threading.Event, model: str
) -> None:
    width = MODELS[model].width_dots
    with ReceiptPrinterSimulator(port, width_dots=width) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)), model=model)
        printer.open()
        assert printer.print(SLIP, 5, never) == PRINTED
        picture = render(simulator.slips[-1], width)
        found = zxingcpp.read_barcodes(picture)
        assert [code.text for code in found] == ["https://example.cn/r/410722360815"]
        printer.close()


def test_a_rare_name_is_on_the_paper_as_dots(
    printer: EscPosPrinter, printer_sim: ReceiptPrinterSimulator, never: threading.Event
) -> None:
    page = Page(blocks=(Row(label="姓名", value="测𠮷㛃"),))
    assert printer.print(page, 5, never) == PRINTED
    picture = (
        render(printer_sim.slips[-1], scale=1).convert("L").point(lambda value: 255 if value < 90 else 0)
    )
    box = picture.getbbox()
    assert isinstance(picture, Image.Image)
    assert box is not None
    assert box[2] - box[0] > 500  # from the label on the left to the name on the right


def test_a_slip_takes_no_longer_than_its_bytes_and_its_paper(port: Path, never: threading.Event) -> None:
    with ReceiptPrinterSimulator(port, baud=115200) as simulator:
        simulator.start()
        printer = EscPosPrinter(port_at(str(port)))
        printer.open()
        printer.print(SLIP, 5, never)
        tries_s = []
        for _ in range(3):  # the best: others are at work on this machine too
            started = time.monotonic()
            assert printer.print(SLIP, 5, never) == PRINTED
            tries_s.append(time.monotonic() - started)
        slip, motion = simulator.slips[-1], PaperMotion()
        printer.close()
    wire_s = len(slip) * 10 / 115200
    paper_s = sum(motion.dots(operation) for operation in operations(slip)) / 8 / 250
    assert min(tries_s) <= 1.2 * max(wire_s, paper_s) + 0.05


def test_the_printer_simulator_keeps_its_state_over_reopening(
    port: Path, printer_sim: ReceiptPrinterSimulator, never: threading.Event, eventually: Callable[..., None]
) -> None:
    for count in (1, 2, 3):
        printer = EscPosPrinter(port_at(str(port)), quick("generic-80"))
        printer.open()
        assert printer.print(SLIP, 5, never) == PRINTED
        printer.close()
        eventually(lambda count=count: printer_sim.state()["slips"] == count)
