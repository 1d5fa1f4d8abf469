"""Which driver serves which settings. A driver's module, and the library behind it, loads when it is used."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.clock import Clock
from kiosk.config import BarcodeScannerSettings, DeviceSettings, ReceiptPrinterSettings, SerialReaderSettings
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError
from kiosk.ports import BarcodeScanner, IdCardReader, SlipPrinter


def _sdt_serial(settings: SerialReaderSettings, clock: Clock) -> IdCardReader:
    from devices.id_card.driver import SdtReader

    return SdtReader(settings.port, settings.baud, settings.read_fingerprint, clock)


def _escpos_serial(settings: ReceiptPrinterSettings, clock: Clock) -> SlipPrinter:
    from devices.slip_printer.driver import EscPosPrinter
    from devices.slip_printer.models import MODELS

    if settings.model not in MODELS:
        raise ConfigError("settings", "devices.receipt_printer.model", f"one of {', '.join(sorted(MODELS))}")
    return EscPosPrinter(settings.port, settings.baud, settings.model, settings.font_file, clock)


def _scanner_serial(settings: BarcodeScannerSettings, clock: Clock) -> BarcodeScanner:
    from devices.scanner.driver import SerialScanner

    return SerialScanner(settings.port, settings.baud, settings.suffix, settings.aim_identifier, clock)


ID_CARD_READERS: dict[str, Callable[[SerialReaderSettings, Clock], IdCardReader]] = {
    "sdt-serial": _sdt_serial
}
RECEIPT_PRINTERS: dict[str, Callable[[ReceiptPrinterSettings, Clock], SlipPrinter]] = {
    "escpos-serial": _escpos_serial
}
BARCODE_SCANNERS: dict[str, Callable[[BarcodeScannerSettings, Clock], BarcodeScanner]] = {
    "scanner-serial": _scanner_serial
}


def configured(settings: DeviceSettings) -> frozenset[DeviceClass]:
    """The device classes that have a settings table."""
    return frozenset(device for device in DeviceClass if getattr(settings, device.value) is not None)
