"""The drivers of fingerprint readers, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from devices.transport.address import port_at
from kiosk.clock import Clock
from kiosk.device_settings import FingerprintReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import FingerprintReader


def _fingerprint_module(settings: FingerprintReaderSettings, clock: Clock) -> FingerprintReader:
    from devices.fingerprint.driver import FingerprintModule

    port = port_at(settings.port, settings.baud, clock, key="devices.fingerprint_reader.port")
    return FingerprintModule(port, clock)


def _fingerprint_duty(desk: Desk) -> Duty[Any]:
    from devices.fingerprint.duty import FingerprintDuty

    return FingerprintDuty(desk)


def _fingerprint_contract() -> Contract[Any]:
    from devices.fingerprint.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.FINGERPRINT_READER,
    drivers={"fingerprint-module": _fingerprint_module},
    duty=_fingerprint_duty,
    contract=_fingerprint_contract,
)
