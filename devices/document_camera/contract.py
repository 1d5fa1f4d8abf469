"""What a document camera promises."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from devices.contract import Contract, Evidence, Hands, Rig, Stage, Work, played, require
from devices.document_camera.simulator import DocumentCameraSimulator
from kiosk.device_settings import DocumentCameraSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import CaptureRemark, DocumentCamera, NotCaptured, PageCaptured

_CAPTURE_S = 8.0


def _stage(folder: Path) -> AbstractContextManager[Stage]:
    link = folder / "camera"
    return played(DocumentCameraSimulator(link), folder, lambda: DocumentCameraSettings(port=f"sim:{link}"))


def _lay(hands: Hands) -> None:
    hands.do("take_away")
    hands.do("place", kind="form")


def _take_away(hands: Hands) -> None:
    hands.do("take_away")


def _lie(outcome: Any, hands: Hands) -> str:
    took = isinstance(outcome, PageCaptured)
    return "took a page from an empty plate" if took and not hands.state()["sheets"] else ""


CONTRACT: Contract[DocumentCamera] = Contract(
    device=DeviceClass.DOCUMENT_CAMERA,
    work=Work(
        prepare=_lay,
        run=lambda driver, timeout_s, cancel: driver.capture(timeout_s, cancel),
        succeeded=lambda outcome: isinstance(outcome, PageCaptured),
        lie=_lie,
        finish=_take_away,
        timeout_s=_CAPTURE_S,
    ),
    stages={"document-camera": _stage},
    asked={
        "place": ("请把一张写了字的 A4 纸平放在台面上", "Lay a printed sheet of A4 flat on the plate"),
        "take_away": ("请把纸拿走", "Take the paper away"),
        "glare": ("请让灯光在纸上反光", "Let a lamp glare on the paper"),
    },
)


def _capture(driver: DocumentCamera) -> PageCaptured | NotCaptured:
    return driver.capture(_CAPTURE_S, threading.Event())


@CONTRACT.check("empty-plate", "台面空着：说没有纸", "An empty plate is called empty")
def _empty(rig: Rig[DocumentCamera]) -> Evidence:
    with rig.opened() as driver:
        _take_away(rig.hands)
        outcome = driver.capture(2.0, threading.Event())
    require(outcome == NotCaptured(remark=CaptureRemark.NO_PAGE), f"gave {outcome}"[:60])
    return {}


@CONTRACT.check("glare", "反光：说有反光，人可以照样拍", "Glare is told, and may be accepted")
def _glare(rig: Rig[DocumentCamera]) -> Evidence:
    with rig.opened() as driver:
        _lay(rig.hands)
        rig.hands.do("glare")
        refused = driver.capture(3.0, threading.Event())
        accepted = driver.capture(_CAPTURE_S, threading.Event(), frozenset({CaptureRemark.GLARE}))
        if rig.hands.simulated:
            rig.hands.do("glare", on=False)
    require(refused == NotCaptured(remark=CaptureRemark.GLARE), "does not say that there is glare")
    require(isinstance(accepted, PageCaptured), "cannot be taken all the same")
    return {}


@CONTRACT.check("upright", "拍下的纸是正的、够大", "The page comes out straight, and large enough to read")
def _upright(rig: Rig[DocumentCamera]) -> Evidence:
    with rig.opened() as driver:
        _lay(rig.hands)
        page = _capture(driver)
    require(isinstance(page, PageCaptured), "was not taken")
    assert isinstance(page, PageCaptured)
    longer, shorter = max(page.width_px, page.height_px), min(page.width_px, page.height_px)
    require(abs(longer / shorter - 297 / 210) < 0.03, f"is not A4: {page.width_px} × {page.height_px}")
    require(longer >= 1000, f"only {longer} px long")
    return {"width_px": page.width_px, "height_px": page.height_px, "bytes": len(page.jpeg)}


@CONTRACT.check("preview", "预览又小又快", "Previews are small, and come at once")
def _preview(rig: Rig[DocumentCamera]) -> Evidence:
    with rig.opened() as driver:
        _lay(rig.hands)
        shown, seconds = rig.timed(lambda: driver.preview(3.0, threading.Event()))
    require(shown is not None and len(shown.jpeg) <= 60_000, "is too large for the socket")
    return {"seconds": round(seconds, 2), "bytes": len(shown.jpeg)}
