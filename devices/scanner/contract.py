"""What a barcode scanner promises."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from devices.code_text import MAX_CODE_BYTES
from devices.contract import Contract, Evidence, Hands, NotRun, Rig, Stage, Work, require
from devices.scanner.keyboard_player import SIMULATED, KeyboardScannerSimulator
from devices.scanner.simulator import BarcodeScannerSimulator
from kiosk.device_settings import BarcodeScannerSettings, Trigger
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import BarcodeScanner, NotScanned, Scan, ScanFault

_CODE = "https://example.invalid/case/0123456789"
_WAIT_S = 3.0
_TYPED_BYTES = 24 * 4 * len(_CODE)
"""A key goes down and up, and each is reported."""


def _stage(trigger: Trigger) -> Callable[[Path], AbstractContextManager[Stage]]:
    @contextmanager
    def stage(folder: Path) -> Iterator[Stage]:
        link, control = folder / "scanner", folder / "scanner.sock"
        with BarcodeScannerSimulator(link, trigger=trigger) as simulator:
            simulator.start()
            simulator.serve_control(control)
            yield Stage(settings=BarcodeScannerSettings(port=str(link), trigger=trigger), control=control)

    return stage


@contextmanager
def _keyboard(folder: Path) -> Iterator[Stage]:
    link, control = folder / "keyboard", folder / "keyboard.sock"
    with KeyboardScannerSimulator(link) as simulator:
        simulator.start()
        simulator.serve_control(control)
        settings = BarcodeScannerSettings(driver="scanner-keyboard", port=f"{SIMULATED}{link}")
        yield Stage(settings=settings, control=control, wire_bytes=_TYPED_BYTES)


def _types(hands: Hands) -> bool:
    """Whether this scanner types characters instead of sending bytes."""
    return hands.simulated and bool(hands.state().get("types"))


def _lie(outcome: Any, _hands: Hands) -> str:
    wrong = isinstance(outcome, Scan) and outcome.text != _CODE
    return "gave a code that was not shown" if wrong else ""


def _show(hands: Hands) -> None:
    if hands.simulated:
        hands.do("scan", text=_CODE, hold=True)
    else:
        hands.do("scan")


def _listen(driver: BarcodeScanner, timeout_s: float, cancel: threading.Event) -> Scan | NotScanned | None:
    return driver.next_scan(timeout_s, cancel)


CONTRACT: Contract[BarcodeScanner] = Contract(
    device=DeviceClass.BARCODE_SCANNER,
    work=Work(
        prepare=_show,
        run=_listen,
        succeeded=lambda outcome: isinstance(outcome, Scan),
        lie=_lie,
        timeout_s=_WAIT_S,
        wire_bytes=len(_CODE.encode()) + 2,
    ),
    # One that looks by itself, and one that must be told to and answers in packets.
    stages={
        "scanner-serial": _stage(Trigger.NONE),
        "scanner-serial/zebra-ssi": _stage(Trigger.ZEBRA_SSI),
        "scanner-keyboard": _keyboard,
    },
    asked={"scan": ("请让扫描器扫一个码", "Show the scanner a code")},
)


def _text(rig: Rig[BarcodeScanner], driver: BarcodeScanner, data: bytes) -> Scan | NotScanned | None:
    driver.forget()
    rig.hands.do("scan", bytes_hex=data.hex(), hold=True)
    return driver.next_scan(_WAIT_S, threading.Event())


@CONTRACT.check(
    "chinese", "汉字不乱码（UTF-8 和 GB 18030）", "Chinese arrives whole, as UTF-8 and as GB 18030"
)
def _chinese(rig: Rig[BarcodeScanner]) -> Evidence:
    texts = ("广东省深圳市", "社保卡号A12345678", "龘㛃𠮷〇①℃￥", "测试甲")
    with rig.opened() as driver:
        for text in texts:
            for encoding in ("utf-8", "gb18030"):
                if _types(rig.hands):
                    found = _text(rig, driver, text.encode())
                    require(isinstance(found, NotScanned), "typed Chinese is guessed instead of refused")
                    continue
                found = _text(rig, driver, text.encode(encoding))
                require(isinstance(found, Scan) and found.text == text, f"not whole in {encoding}")
    return {"texts": len(texts) * 2}


@CONTRACT.check("undecodable", "解不开的不猜", "What cannot be decoded is not guessed")
def _undecodable(rig: Rig[BarcodeScanner]) -> Evidence:
    if _types(rig.hands):
        raise NotRun("a keyboard types characters, not bytes")
    with rig.opened() as driver:
        found = _text(rig, driver, b"\xff\xfe\x80\x81\xff")
    require(found == NotScanned(fault=ScanFault.UNDECODABLE), f"gave {type(found).__name__}")
    return {}


@CONTRACT.check("too-long", "过长的丢掉", "What is too long is dropped")
def _too_long(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        found = _text(rig, driver, b"x" * (MAX_CODE_BYTES + 1))
    require(found == NotScanned(fault=ScanFault.TOO_LONG), f"gave {type(found).__name__}")
    return {}


@CONTRACT.check("double", "一码扫两次只算一次", "A code sent twice is one code")
def _double(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        driver.forget()
        rig.hands.fault("double")
        rig.hands.do("scan", text=_CODE, hold=True)
        first = driver.next_scan(_WAIT_S, threading.Event())
        second = driver.next_scan(0.5, threading.Event())
    require(isinstance(first, Scan) and second is None, "came twice")
    return {}


@CONTRACT.check("flood", "刷屏一样的码不当真", "A flood is dropped, and quiet ends it")
def _flood(rig: Rig[BarcodeScanner]) -> Evidence:
    found = []
    with rig.opened() as driver:
        driver.forget()
        rig.hands.fault("flood", codes=500)
        while (scan := driver.next_scan(0.5, threading.Event())) is not None:
            found.append(scan)
            require(len(found) <= 60, "passes a flood on")
    return {"passed_on": sum(isinstance(scan, Scan) for scan in found)}


@CONTRACT.check("forgotten", "没人等时扫的码不留", "What was shown before is forgotten")
def _forgotten(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.do("scan", text=_CODE)
        rig.wait(0.2)
        driver.forget()
        found = driver.next_scan(0.5, threading.Event())
    require(found is None, "gave it to the next session")
    return {}
