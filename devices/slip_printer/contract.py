"""What a receipt printer promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.contract import Contract, Evidence, Hands, NotRun, Rig, Stage, Work, played, require
from devices.slip_printer.simulator import ReceiptPrinterSimulator
from devices.transport.tcp_far_end import TcpFarEnd
from kiosk.device_settings import ReceiptPrinterSettings
from kiosk.documents.page import Align, Page, QrCode, Row, Rule, Size, Text
from kiosk.domain.device_status import DeviceClass
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ports import SlipPrinter

_PRINT_S = 15.0
_PAGE = Page(
    blocks=(
        Text(text="设备检测", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Row(label="姓名", value="测试甲"),
        Row(label="金额", value="￥100.00 ①℃〇"),
        Rule(),
        Text(text="生僻字：㛃𠮷䶮"),
        QrCode(data="https://example.invalid/0123456789"),
    )
)


def _on(line: Path | TcpFarEnd, folder: Path) -> AbstractContextManager[Stage]:
    return played(ReceiptPrinterSimulator(line), folder, lambda: ReceiptPrinterSettings(port=str(line)))


class _Counted:
    """How many slips had come out before the command under test."""

    before = 0


def _load(hands: Hands) -> None:
    if hands.simulated:
        hands.do("set", paper="full", cover="closed", cutter="ok")
        _Counted.before = int(hands.state()["slips"])


def _lie(outcome: Any, hands: Hands) -> str:
    """Printed means: one more whole slip. Failed means: none."""
    if not isinstance(outcome, PrintOutcome):
        return "returned no outcome"
    came_out = int(hands.state()["slips"]) > _Counted.before
    if outcome.verdict is PrintVerdict.PRINTED and not came_out:
        return "says printed, and no slip came out"
    return ""


CONTRACT: Contract[SlipPrinter] = Contract(
    device=DeviceClass.RECEIPT_PRINTER,
    work=Work(
        prepare=_load,
        run=lambda driver, timeout_s, cancel: driver.print(_PAGE, timeout_s, cancel),
        succeeded=lambda outcome: outcome.verdict is PrintVerdict.PRINTED,
        lie=_lie,
        finish=_load,
        timeout_s=_PRINT_S,
        wire_bytes=1200,
    ),
    stages={
        "escpos": lambda folder: _on(folder / "printer", folder),
        "escpos/tcp": lambda folder: _on(TcpFarEnd(), folder),
    },
    asked={
        "paper_out": ("请取出纸卷，合上盖子", "Take the paper roll out and close the cover"),
        "paper_in": ("请装好纸，合上盖子", "Load paper and close the cover"),
        "cover_open": ("请打开盖子", "Open the cover"),
        "cover_closed": ("请合上盖子", "Close the cover"),
    },
)


def _set(hands: Hands, action: str, **change: Any) -> None:
    if hands.simulated:
        hands.do("set", **change)
    else:
        hands.do(action)


@CONTRACT.check("paper-out", "没纸：说没纸，不说打好了", "Without paper it says so, and prints nothing")
def _paper_out(rig: Rig[SlipPrinter]) -> Evidence:
    with rig.opened() as driver:
        _set(rig.hands, "paper_out", paper="out")
        status = driver.status()
        outcome = driver.print(_PAGE, _PRINT_S, threading.Event())
        _set(rig.hands, "paper_in", paper="full")
        after = driver.print(_PAGE, _PRINT_S, threading.Event())
    require(
        outcome == PrintOutcome(verdict=PrintVerdict.FAILED, fault=PrintFault.PAPER_OUT),
        f"{outcome.verdict}, {outcome.fault}",
    )
    require(status.paper == "out", f"its status says {status.paper}")
    require(after.verdict is PrintVerdict.PRINTED, "does not print after paper was loaded")
    return {"outcome": outcome.fault}


@CONTRACT.check("cover-open", "盖子开着：说盖子开着", "With its cover open it says so")
def _cover_open(rig: Rig[SlipPrinter]) -> Evidence:
    with rig.opened() as driver:
        _set(rig.hands, "cover_open", cover="open")
        outcome = driver.print(_PAGE, _PRINT_S, threading.Event())
        _set(rig.hands, "cover_closed", cover="closed")
        after = driver.print(_PAGE, _PRINT_S, threading.Event())
    require(
        outcome.verdict is PrintVerdict.FAILED and outcome.fault is PrintFault.COVER_OPEN, f"{outcome.fault}"
    )
    require(after.verdict is PrintVerdict.PRINTED, "does not print after it was closed")
    return {"outcome": outcome.fault}


@CONTRACT.check(
    "out-in-the-middle", "打到一半没纸：不说打好了", "Paper that ends inside a slip is no printed slip"
)
def _out_in_the_middle(rig: Rig[SlipPrinter]) -> Evidence:
    if not rig.hands.simulated:
        raise NotRun("needs a simulator")
    endings: dict[str, int] = {}
    for byte in range(60, 1100, 130):
        with rig.opened() as driver:
            _load(rig.hands)
            rig.hands.fault("paper_out", at=f"byte {byte}")
            outcome = driver.print(_PAGE, _PRINT_S, threading.Event())
            lie = _lie(outcome, rig.hands)
            require(not lie, lie)
            ending = f"{outcome.verdict} {outcome.fault}"
            endings[ending] = endings.get(ending, 0) + 1
        rig.hands.do("heal")
        _load(rig.hands)
    return dict(endings)
