"""A slip that stops at a byte: what is claimed of it, beside what a picture of the paper shows."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from devices.fault_script import Fault
from devices.slip_printer.driver import EscPosPrinter, Timing
from devices.slip_printer.models import MODELS
from devices.slip_printer.renderer import Renderer
from devices.slip_printer.simulator import Firmware, ReceiptPrinterSimulator
from devices.transport.address import port_at
from kiosk.documents.page import Align, Gap, Page, QrCode, Row, Rule, Size, Text
from kiosk.domain.device_status import DeviceState
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict

ORDINARY = Page(
    blocks=(
        Text(text="收件凭条", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Gap(),
        Row(label="事项", value="城乡居民养老保险待遇申领"),
        Row(label="姓名", value="测*甲"),
        Row(label="收件时间", value="2026-11-22 10:05"),
        Rule(),
        Text(text="4107 2236 0815", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Text(text="材料已收下，还没有开始审批。", align=Align.CENTRE),
        Rule(),
        Text(text="· 5 个工作日内给您答复。"),
        QrCode(data="https://example.cn/r/410722360815"),
        Text(text="扫这个码，或报收件号，都能查进度", align=Align.CENTRE),
    )
)
FAULTS = ("paper_out", "cover_open", "cutter_jam", "unplug", "power_cut", "silence")
_BEYOND = 1_000_000
_TRIES = 5
_MOST_LATE = 10


class Bench:
    """One printer, and one slip that stops again and again."""

    def __init__(self, port: Path, simulator: ReceiptPrinterSimulator, model: str) -> None:
        self.simulator = simulator
        timing = Timing(answer_s=0.2, look_s=0.02, recover_s=1.0, settle_s=0.003)
        quick = replace(MODELS[model], max_speed_mm_s=1e9)
        self.printer = EscPosPrinter(port_at(str(port)), quick, timing=timing)
        self.never = threading.Event()
        self.late = 0
        """How often an answer came too late for a slip that nothing was wrong with."""
        self.printer.open()
        self._print_well()
        self.simulator.arm(Fault(do="paper_out", byte=_BEYOND))
        self._print_well()
        self.bytes = _BEYOND - (simulator._faults.bytes_until_next() or 0)
        """What the printer takes from its buffer for one slip, questions and all."""
        simulator.heal()
        self.reference = picture(simulator.slips[-1])

    def suffer(self, *faults: Fault) -> PrintOutcome:
        """Print through `faults`, put the printer right, and print the next slip, which must stand alone."""
        simulator = self.simulator
        simulator.slips.clear()
        for fault in faults:
            simulator.arm(fault)
        outcome = self.printer.print(ORDINARY, 5, self.never)
        simulator.heal()
        simulator.put(paper="full", cover="closed", cutter="ok", online=True)
        with simulator.lock:
            papers = [*simulator.slips, simulator.paper_so_far]
        whole = any(picture(paper) == self.reference for paper in papers)
        cut = any(picture(paper) == self.reference for paper in papers[:-1])
        assert outcome.verdict is not PrintVerdict.PRINTED or cut, (faults, outcome)
        assert outcome.verdict is not PrintVerdict.FAILED or not whole, (faults, outcome)
        assert self._is_back(), faults
        self._print_well()
        assert picture(simulator.slips[-1]) == self.reference, faults
        return outcome

    def sweep(self, do: str, bytes_: Iterable[int]) -> Counter[str]:
        """Stop it at each of `bytes_`; how often it ended how."""
        endings: Counter[str] = Counter()
        for byte in bytes_:
            outcome = self.suffer(Fault(do=do, byte=byte))
            endings[f"{outcome.verdict} {outcome.fault}"] += 1
        return endings

    def _is_back(self) -> bool:
        """The device process asks again and again; a firmware that is simulated on a busy machine answers late."""
        asked = (self.printer.status, *(self.printer.open for _ in range(_TRIES)))
        return any(ask().state is DeviceState.ONLINE for ask in asked)

    def _print_well(self) -> None:
        outcome = self.printer.print(ORDINARY, 5, self.never)
        while outcome.fault is PrintFault.NO_ANSWER and self.late < _MOST_LATE:
            # A firmware that is simulated on a busy machine answers late, once in a while; always would be ours.
            self.late += 1
            assert self._is_back(), outcome
            outcome = self.printer.print(ORDINARY, 5, self.never)
        assert outcome.verdict is PrintVerdict.PRINTED, outcome


_pictures: dict[bytes, Image.Image] = {}


def picture(stream: bytes) -> Image.Image:
    """The ink on this paper, dot for dot, without the blank before and behind it."""
    if stream not in _pictures:
        if len(_pictures) > 4000:
            _pictures.clear()
        paper = Renderer(scale=1).draw(stream)
        box = paper.getbbox()
        _pictures[stream] = paper.crop(box).copy() if box else Image.new("L", (1, 1))
    return _pictures[stream]


@pytest.fixture
def bench(request: pytest.FixtureRequest, port: Path) -> Iterable[Bench]:
    with ReceiptPrinterSimulator(port, firmware=Firmware(speed_mm_s=None)) as simulator:
        simulator.start()
        bench = Bench(port, simulator, request.param)
        yield bench
        bench.printer.close()


@pytest.mark.fault(72, 76)
@pytest.mark.parametrize("bench", ["generic-80", "epson-tm-l90"], indirect=True)
@pytest.mark.parametrize("do", FAULTS)
def test_a_slip_that_stops_is_never_called_printed_nor_failed_when_it_is_whole(bench: Bench, do: str) -> None:
    endings = bench.sweep(do, range(20, bench.bytes, bench.bytes // 5))
    assert sum(endings.values()) >= 4


@pytest.mark.fault(72, 76, 79)
@pytest.mark.soak
@pytest.mark.parametrize("bench", ["generic-80", "epson-tm-l90"], indirect=True)
@pytest.mark.parametrize("do", FAULTS)
def test_a_slip_stopped_at_each_of_its_bytes(bench: Bench, do: str) -> None:
    endings = bench.sweep(do, range(1, bench.bytes + 1))
    print(do, bench.bytes, dict(endings))
    assert sum(endings.values()) == bench.bytes


def mishaps(dice: random.Random, length: int) -> list[Fault]:
    """One to three things that go wrong in one slip, some of which pass by themselves."""
    faults = []
    for _ in range(dice.randint(1, 3)):
        do = dice.choice((*FAULTS, "garbage", "dribble", "offline"))
        for_s = dice.choice((None, 0.01, 0.1)) if do != "dribble" else 0.1
        junk = bytes(
            dice.choice((0x00, 0x03, 0x12, 0x16, 0x37, 0x22, 0xFF)) for _ in range(dice.randint(1, 8))
        )
        options = (
            {"bytes_hex": junk.hex()} if do == "garbage" else {"gap_s": 0.002} if do == "dribble" else {}
        )
        faults.append(Fault(do=do, byte=dice.randint(1, length), for_s=for_s, options=options))
    return faults


@pytest.mark.parametrize("bench", ["generic-80", "epson-tm-l90"], indirect=True)
@pytest.mark.parametrize("rounds", [12, pytest.param(1500, marks=pytest.mark.soak)])
def test_no_heap_of_mishaps_makes_the_printer_driver_lie(bench: Bench, rounds: int) -> None:
    dice = random.Random(20261122)
    endings = Counter(str(bench.suffer(*mishaps(dice, bench.bytes)).verdict) for _ in range(rounds))
    print(dict(endings))
    assert sum(endings.values()) == rounds
