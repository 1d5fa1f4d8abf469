"""The drivers of cameras that look for codes, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from kiosk.clock import Clock
from kiosk.device_settings import CodeCameraSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import BarcodeScanner


def _code_camera(settings: CodeCameraSettings, clock: Clock) -> BarcodeScanner:
    from devices.camera.driver import CodeCamera

    return CodeCamera(settings, clock)


def _scanner_duty(desk: Desk) -> Duty[Any]:
    from devices.scanning_duty import ScannerDuty

    return ScannerDuty(desk)


def _code_camera_contract() -> Contract[Any]:
    from devices.camera.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.CODE_CAMERA,
    drivers={"camera": _code_camera},
    duty=_scanner_duty,
    contract=_code_camera_contract,
)
