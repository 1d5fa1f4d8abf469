"""The drivers of barcode scanners, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from devices.transport.address import port_at
from kiosk.clock import Clock
from kiosk.device_settings import BarcodeScannerSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.ports import BarcodeScanner


def _scanner_serial(settings: BarcodeScannerSettings, clock: Clock) -> BarcodeScanner:
    from devices.scanner.driver import SerialScanner

    port = port_at(settings.port, settings.baud, clock, key="devices.barcode_scanner.port")
    return SerialScanner(port, settings.suffix, settings.aim_identifier, clock, settings.trigger)


def _scanner_keyboard(settings: BarcodeScannerSettings, clock: Clock) -> BarcodeScanner:
    from devices.scanner.evdev_node import EvdevNode
    from devices.scanner.keyboard_driver import KeyboardScanner
    from devices.scanner.keyboard_player import SIMULATED, control

    if settings.port.startswith(SIMULATED):
        node = EvdevNode(settings.port.removeprefix(SIMULATED), clock, control)
    else:
        node = EvdevNode(settings.port, clock)
    return KeyboardScanner(node, settings.suffix, settings.aim_identifier, clock)


def _scanner_duty(desk: Desk) -> Duty[Any]:
    from devices.scanning_duty import ScannerDuty

    return ScannerDuty(desk)


def _scanner_contract() -> Contract[Any]:
    from devices.scanner.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.BARCODE_SCANNER,
    drivers={"scanner-serial": _scanner_serial, "scanner-keyboard": _scanner_keyboard},
    duty=_scanner_duty,
    contract=_scanner_contract,
)
