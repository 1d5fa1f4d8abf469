"""The drivers of document cameras, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from kiosk.clock import Clock
from kiosk.device_settings import DocumentCameraSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import DocumentCamera


def _document_camera(settings: DocumentCameraSettings, clock: Clock) -> DocumentCamera:
    from devices.document_camera.driver import PlateCamera

    return PlateCamera(settings, clock)


def _document_camera_duty(desk: Desk) -> Duty[Any]:
    from devices.document_camera.duty import DocumentCameraDuty

    return DocumentCameraDuty(desk)


def _document_camera_contract() -> Contract[Any]:
    from devices.document_camera.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.DOCUMENT_CAMERA,
    drivers={"document-camera": _document_camera},
    duty=_document_camera_duty,
    contract=_document_camera_contract,
)
