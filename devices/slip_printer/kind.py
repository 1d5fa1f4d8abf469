"""The drivers of receipt printers, their duty and their contract; each is imported when it is used."""

from __future__ import annotations

from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.kind import DeviceKind
from devices.transport.address import port_at
from kiosk.clock import Clock
from kiosk.device_settings import ReceiptPrinterSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError
from kiosk.ports import SlipPrinter


def _escpos(settings: ReceiptPrinterSettings, clock: Clock) -> SlipPrinter:
    from devices.slip_printer.driver import EscPosPrinter, Timing
    from devices.slip_printer.models import load_models

    models = load_models(settings.model_file)
    if settings.model not in models:
        raise ConfigError("settings", "devices.receipt_printer.model", f"one of {', '.join(sorted(models))}")
    port = port_at(settings.port, settings.baud, clock, key="devices.receipt_printer.port")
    timing = Timing.at_baud(settings.baud)
    return EscPosPrinter(port, models[settings.model], settings.font_file, clock, timing)


def _slip_printer_duty(desk: Desk) -> Duty[Any]:
    from devices.slip_printer.duty import SlipPrinterDuty

    return SlipPrinterDuty(desk)


def _slip_printer_contract() -> Contract[Any]:
    from devices.slip_printer.contract import CONTRACT

    return CONTRACT


KIND = DeviceKind(
    device=DeviceClass.RECEIPT_PRINTER,
    drivers={"escpos": _escpos},
    duty=_slip_printer_duty,
    contract=_slip_printer_contract,
)
