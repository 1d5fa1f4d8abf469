"""The drivers of A4 printers, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from kiosk.clock import Clock
from kiosk.device_settings import SheetPrinterSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError
from kiosk.ports import SheetPrinter


def _ipp(settings: SheetPrinterSettings, clock: Clock) -> SheetPrinter:
    from devices.sheet_printer.driver import IppPrinter

    try:
        return IppPrinter(
            settings.uri, settings.spooler_uri, settings.certificate_sha256, settings.font_file, clock
        )
    except ValueError as error:
        raise ConfigError("settings", "devices.sheet_printer.uri", "ipp://ADDRESS[:PORT]/PATH") from error


def _sheet_printer_duty(desk: Desk) -> Duty[Any]:
    from devices.sheet_printer.duty import SheetPrinterDuty

    return SheetPrinterDuty(desk)


def _sheet_printer_contract() -> Contract[Any]:
    from devices.sheet_printer.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.SHEET_PRINTER,
    drivers={"ipp": _ipp},
    duty=_sheet_printer_duty,
    contract=_sheet_printer_contract,
)
