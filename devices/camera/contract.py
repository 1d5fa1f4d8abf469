"""What a camera that codes are held before promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.camera.simulator import CameraSimulator
from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from kiosk.device_settings import CodeCameraSettings
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState
from kiosk.ports import BarcodeScanner, NotScanned, Scan, ScanFault

_CODE = "https://example.invalid/办件/0123456789"
_WAIT_S = 5.0
_NOTICED_WITHIN_S = 15.0


def _stage(folder: Path) -> AbstractContextManager[Stage]:
    link = folder / "camera"
    return played(CameraSimulator(link), folder, lambda: CodeCameraSettings(port=f"sim:{link}"))


def _show(hands: Hands) -> None:
    hands.do("show", text=_CODE)


def _take_away(hands: Hands) -> None:
    hands.do("clear")


def _look(driver: BarcodeScanner, timeout_s: float, cancel: threading.Event) -> Scan | NotScanned | None:
    driver.forget()  # as a session does before it looks
    return driver.next_scan(timeout_s, cancel)


def _lie(outcome: Any, _hands: Hands) -> str:
    wrong = isinstance(outcome, Scan) and outcome.text != _CODE
    return "gave a code that was not shown" if wrong else ""


CONTRACT: Contract[BarcodeScanner] = Contract(
    device=DeviceClass.CODE_CAMERA,
    work=Work(
        prepare=_show,
        run=_look,
        succeeded=lambda outcome: isinstance(outcome, Scan),
        lie=_lie,
        finish=_take_away,
        timeout_s=_WAIT_S,
    ),
    stages={"camera": _stage},
    asked={
        "show": ("请把一个码放在摄像头前", "Hold a code before the camera"),
        "clear": ("请把码拿开", "Take the code away"),
        "cover": ("请用手遮住镜头", "Cover the lens with a hand"),
        "uncover": ("请把手拿开", "Take the hand away"),
    },
)


def _text(rig: Rig[BarcodeScanner], driver: BarcodeScanner, **shown: Any) -> Scan | NotScanned | None:
    rig.hands.do("show", **shown)
    return _look(driver, _WAIT_S, threading.Event())


@CONTRACT.check(
    "chinese", "汉字不乱码（UTF-8 和 GB 18030）", "Chinese arrives whole, as UTF-8 and as GB 18030"
)
def _chinese(rig: Rig[BarcodeScanner]) -> Evidence:
    texts = ("广东省深圳市", "社保卡号A12345678", "龘㛃𠮷〇①℃￥", "测试甲")
    with rig.opened() as driver:
        for text in texts:
            for encoding in ("utf-8", "gb18030"):
                found = _text(rig, driver, text=text, encoding=encoding)
                require(isinstance(found, Scan) and found.text == text, f"not whole in {encoding}")
    return {"texts": len(texts) * 2}


@CONTRACT.check("bent", "弯折的纸条也能读", "A bent slip is read too")
def _bent(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        found = _text(rig, driver, text=_CODE, bend=0.025)
    require(isinstance(found, Scan) and found.text == _CODE, "a bent code was not read")
    return {"bend": 0.025}


@CONTRACT.check("undecodable", "解不开的不猜", "What cannot be decoded is not guessed")
def _undecodable(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.do("scan", bytes_hex="fffe8081ff")
        found = _look(driver, _WAIT_S, threading.Event())
    require(found == NotScanned(fault=ScanFault.UNDECODABLE), f"gave {type(found).__name__}")
    return {}


@CONTRACT.check("held", "一直举着的码只算一次", "A code that is held up is one code")
def _held(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        first = _text(rig, driver, text=_CODE)
        second = driver.next_scan(3.0, threading.Event())
    require(isinstance(first, Scan) and second is None, "came twice")
    return {}


@CONTRACT.check("covered", "镜头被挡住要说出来", "A covered lens is told, and forgotten when it is free")
def _covered(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.do("cover")
        after_s = _until(rig, driver, DeviceState.USER_ERROR, DeviceDetail.LENS_COVERED)
        rig.hands.do("uncover")
        _until(rig, driver, DeviceState.ONLINE, DeviceDetail.NONE)
    return {"told_after_s": round(after_s, 1)}


@CONTRACT.check("frozen", "画面卡住要说出来", "A frozen picture is told")
def _frozen(rig: Rig[BarcodeScanner]) -> Evidence:
    with rig.opened() as driver:
        rig.hands.fault("freeze")
        after_s = _until(rig, driver, DeviceState.HARDWARE_ERROR, DeviceDetail.PICTURE_FROZEN)
        rig.hands.do("heal")
        rig.open(driver)
    return {"told_after_s": round(after_s, 1)}


def _until(
    rig: Rig[BarcodeScanner], driver: BarcodeScanner, state: DeviceState, detail: DeviceDetail
) -> float:
    started = rig.clock.monotonic()
    while rig.clock.monotonic() - started < _NOTICED_WITHIN_S:
        driver.next_scan(0.3, threading.Event())
        status = driver.status()
        if (status.state, status.detail) == (state, detail):
            break
    else:
        require(False, f"does not say {state}, {detail}")
    return rig.clock.monotonic() - started
