"""`kiosk bench slip`: bytes, processor time and seconds of a slip, beside python-escpos in the same run.

Three questions: what an ordinary slip costs beside the same slip sent as one image; what our images cost beside
python-escpos's `image()` of the same dots; and which characters come out at all.  The seconds are those of
the real driver and a simulated printer, whose wire and paper take their time.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import structs
from PIL import Image, ImageChops

from devices.slip_printer.driver import EscPosPrinter, Timing
from devices.slip_printer.interpreter import Kind, operations
from devices.slip_printer.job import closing, compose
from devices.slip_printer.models import MODELS, Model
from devices.slip_printer.paper_motion import PaperMotion
from devices.slip_printer.renderer import Renderer
from devices.slip_printer.simulator import ReceiptPrinterSimulator
from devices.transport.address import port_at
from kiosk.bench.sample import goal, in_turn, summary
from kiosk.documents.page import Align, Block, Gap, Page, QrCode, Row, Rule, Size, Text
from kiosk.domain.printing import PrintVerdict

_ROUNDS = 15
_BITS_A_BYTE = 10
_MODEL = MODELS["generic-80"]
_AWKWARD = "￥①℃〇㛃𠮷"
_LINES: tuple[Block, ...] = (
    Text(text="办件回执", size=Size.LARGE, align=Align.CENTRE, bold=True),
    Gap(),
    Row(label="事项", value="城乡居民基本养老保险待遇申领"),
    Row(label="姓名", value="测*甲"),
    Row(label="证件号", value="1101**********002X"),
    Row(label="收件时间", value="2026-11-22 10:05"),
    Row(label="地点", value="示例街道政务服务驿站"),
    Rule(),
    Text(text="收件号", align=Align.CENTRE),
    Text(text="4107 2236 0815", size=Size.LARGE, align=Align.CENTRE, bold=True),
    Text(text="材料已收下，还没有开始审批。", align=Align.CENTRE),
    Rule(),
    Text(text="材料清单", bold=True),
    Row(label="居民身份证复印件", value="1 份"),
    Row(label="户口簿复印件", value="1 份"),
    Row(label="待遇申请表", value="2 份"),
    Row(label="工本费", value="￥5.00"),
    Rule(),
    Text(text="接下来", bold=True),
    Text(text="① 街道初审，3 个工作日内给您打电话。"),
    Text(text="② 区社保经办机构复核，15 个工作日。"),
    Text(text="③ 办结后发短信，次月起按月发放。"),
    Text(text="· 有疑问请打 000-00000000，或到窗口当面问。"),
    Text(text="· 请妥善保管本回执，补打时要用到收件号。"),
    Text(text="扫这个码，或报收件号，都能查进度", align=Align.CENTRE),
)
"""Twenty-five lines of text: with a code below, what most residents take home."""


_RARE = "㛃"
_numbers = itertools.count(410722360815)


def run() -> dict[str, Any]:
    """Every figure, each beside its yardstick."""
    return {
        "ordinary": _ordinary(),
        "all_drawn": _all_drawn(MODELS["generic-80-no-qr"]),
        "awkward_characters": _awkward(),
        "seconds": {str(baud): _seconds(baud) for baud in (115200, 9600)},
    }


def _ordinary() -> dict[str, Any]:
    """An ordinary slip as it goes out, beside the same slip as one image."""
    stream = _stream(_slip(), _MODEL)
    whole_image = len(_peer_image(_dots(stream)))
    cpu = in_turn(_ROUNDS, ours=lambda: _timed(lambda: _stream(_slip(), _MODEL)))
    return {
        "bytes": len(stream),
        "bytes_as_one_image": whole_image,
        "ratio": goal(len(stream) / whole_image, 0.05, "× the bytes of a full raster slip"),
        "cpu_ms": summary(cpu["ours"]),
        "wire_s": {str(baud): round(len(stream) * _BITS_A_BYTE / baud, 3) for baud in (115200, 9600)},
    }


def _all_drawn(model: Model) -> dict[str, Any]:
    """A slip of which every line must be drawn, beside python-escpos's image of the same dots."""
    stream = _stream(_slip(rare=True), model)
    picture = _dots(stream)
    peer = _peer_image(picture)
    identical = _same_ink(picture, _dots(peer))
    cpu = in_turn(
        _ROUNDS,
        ours=lambda: _timed(lambda: _stream(_slip(rare=True), model)),
        peer=lambda: _timed(lambda: _peer_image(picture)),
    )
    ours_ms, peer_ms = (statistics.median(cpu[name]) for name in ("ours", "peer"))
    return {
        "bytes": len(stream),
        "python_escpos_bytes": len(peer),
        "bytes_ratio": goal(len(stream) / len(peer), 0.4, "× the bytes of python-escpos image()"),
        "cpu_ms_from_page_to_bytes": summary(cpu["ours"]),
        "python_escpos_cpu_ms_from_ready_image_to_bytes": summary(cpu["peer"]),
        "cpu_ratio": goal(ours_ms / peer_ms, 0.4, "× the processor time of python-escpos image()"),
        "differing_decoded": goal(0 if identical else 1, 0, "pictures of the decoded bytes that differ"),
        "wire_s": {str(baud): round(len(stream) * _BITS_A_BYTE / baud, 3) for baud in (115200, 9600)},
    }


def _awkward() -> dict[str, Any]:
    """Characters that came out as a question mark, or not at all."""
    from escpos.printer import Dummy

    lost, peer_lost = 0, 0
    for char in _AWKWARD:
        stream = _stream(Page(blocks=(Text(text=char),)), _MODEL)
        lost += b"?" in _typed(stream) or _dots(stream).getbbox() is None
        printer = Dummy()
        printer.text(char)
        peer_lost += b"?" in printer.output
    return {
        "characters": _AWKWARD,
        "question_marks": goal(lost, 0, "characters lost"),
        "python_escpos_question_marks": peer_lost,
    }


def _seconds(baud: int) -> dict[str, Any]:
    """From the call to the printer's confirmation, beside what wire and paper take by themselves."""
    stream = _stream(_slip(), _MODEL)
    motion = PaperMotion()
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        link = Path(folder) / "printer"
        with ReceiptPrinterSimulator(link, baud=baud) as simulator:
            simulator.start()
            speed_mm_s = simulator.firmware.speed_mm_s or 0.0
            timing = Timing.at_baud(baud)
            printer = EscPosPrinter(port_at(str(link), baud), _MODEL, timing=timing)
            printer.open()
            try:
                _print(printer)
                taken_s = statistics.median(_print(printer) for _ in range(3))
            finally:
                printer.close()
    wire_s = len(stream) * _BITS_A_BYTE / baud
    paper_s = sum(motion.dots(operation) for operation in operations(stream)) / 8 / speed_mm_s
    return {
        "to_confirmation_s": round(taken_s, 3),
        "wire_s": round(wire_s, 3),
        "paper_s": round(paper_s, 3),
        "paper_speed_mm_s": speed_mm_s,
        "ratio": goal(taken_s / max(wire_s, paper_s), 1.2, "× the longer of wire and paper"),
    }


def _print(printer: EscPosPrinter) -> float:
    started = time.monotonic()
    outcome = printer.print(_slip(), 30, threading.Event())
    if outcome.verdict is not PrintVerdict.PRINTED:
        raise RuntimeError(f"the slip was not printed: {outcome}")
    return time.monotonic() - started


def _slip(rare: bool = False) -> Page:
    """A slip with a number of its own, as each resident's has: nothing of the code can be kept from the last."""
    code = QrCode(data=f"https://example.cn/r/{next(_numbers)}")
    lines = [_with_rare_character(block) for block in _LINES] if rare else _LINES
    return Page(blocks=(*lines, Gap(), code))


def _with_rare_character(block: Block) -> Block:
    match block:
        case Text():
            return structs.replace(block, text=_RARE + block.text[1:])
        case Row():
            return structs.replace(block, label=_RARE + block.label[1:])
        case _:
            return block


def _stream(page: Page, model: Model) -> bytes:
    return b"".join(piece.data for piece in compose(page, model)) + closing(model).data


def _typed(stream: bytes) -> bytes:
    return b"".join(operation.data for operation in operations(stream) if operation.kind is Kind.CHARACTER)


def _dots(stream: bytes) -> Image.Image:
    """The paper after `stream`, white on black, a pixel a dot."""
    return Renderer(_MODEL.width_dots, scale=1).draw(stream)


def _peer_image(dots: Image.Image) -> bytes:
    """What python-escpos makes of a ready picture: black on white, cut at the end."""
    from escpos.printer import Dummy

    printer = Dummy()
    printer.profile.profile_data["media"]["width"]["pixels"] = dots.width
    printer.image(ImageChops.invert(dots), impl="bitImageRaster")
    printer.cut()
    return bytes(printer.output)


def _same_ink(one: Image.Image, other: Image.Image) -> bool:
    """Whether the same dots are black, wherever the paper begins and ends."""
    boxes = one.getbbox(), other.getbbox()
    return None not in boxes and one.crop(boxes[0]).tobytes() == other.crop(boxes[1]).tobytes()


def _timed(work: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000
