"""Which driver and which duty serve which settings. A driver's module, and the library behind it, loads when used.

A new class is one `DeviceKind` here; a new driver of a class is one line in its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devices.contract import Contract
from devices.duty import Desk, Duty
from devices.transport.address import port_at
from kiosk.clock import Clock
from kiosk.device_settings import (
    BadgeReaderSettings,
    BarcodeScannerSettings,
    CodeCameraSettings,
    DeviceSettings,
    DocumentCameraSettings,
    FingerprintReaderSettings,
    IdCardReaderSettings,
    IoBoardSettings,
    PowerSupplySettings,
    ReceiptPrinterSettings,
    SheetPrinterSettings,
    SocialCardReaderSettings,
)
from kiosk.domain.device_status import DeviceClass
from kiosk.errors import ConfigError
from kiosk.ports import (
    BadgeReader,
    BarcodeScanner,
    DevicePort,
    DocumentCamera,
    FingerprintReader,
    IdCardReader,
    IoBoard,
    PowerSupply,
    SheetPrinter,
    SlipPrinter,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKind:
    """One device class: its drivers by the name that stands in the settings, and its duty."""

    device: DeviceClass
    # The class's own settings, driver and duty belong together; that they do is proven by the contract suite.
    drivers: dict[str, Callable[[Any, Clock], DevicePort]]
    duty: Callable[[Desk], Duty[Any]]
    contract: Callable[[], Contract[Any]] | None = None
    """What the class promises, for the conformance kit."""


def _sdt(settings: IdCardReaderSettings, clock: Clock) -> IdCardReader:
    from devices.id_card.conversation import Timing
    from devices.id_card.driver import SdtReader

    port = port_at(settings.port, settings.baud, clock, key="devices.id_card_reader.port")
    return SdtReader(port, settings.read_fingerprint, clock, Timing.at_baud(settings.baud))


def _escpos(settings: ReceiptPrinterSettings, clock: Clock) -> SlipPrinter:
    from devices.slip_printer.driver import EscPosPrinter, Timing
    from devices.slip_printer.models import load_models

    models = load_models(settings.model_file)
    if settings.model not in models:
        raise ConfigError("settings", "devices.receipt_printer.model", f"one of {', '.join(sorted(models))}")
    port = port_at(settings.port, settings.baud, clock, key="devices.receipt_printer.port")
    timing = Timing.at_baud(settings.baud)
    return EscPosPrinter(port, models[settings.model], settings.font_file, clock, timing)


def _scanner_serial(settings: BarcodeScannerSettings, clock: Clock) -> BarcodeScanner:
    from devices.scanner.driver import SerialScanner

    port = port_at(settings.port, settings.baud, clock, key="devices.barcode_scanner.port")
    return SerialScanner(port, settings.suffix, settings.aim_identifier, clock, settings.trigger)


def _scanner_keyboard(settings: BarcodeScannerSettings, clock: Clock) -> BarcodeScanner:
    from devices.scanner.evdev_node import EvdevNode
    from devices.scanner.keyboard_driver import KeyboardScanner

    node = EvdevNode(settings.port, clock)
    return KeyboardScanner(node, settings.suffix, settings.aim_identifier, clock)


def _modbus(settings: IoBoardSettings, clock: Clock) -> IoBoard:
    from devices.board.driver import ModbusBoard
    from devices.board.wiring import wiring_of

    port = port_at(settings.port, settings.baud, clock, key="devices.io_board.port")
    return ModbusBoard(port, settings.unit, wiring_of(settings), clock, baud=settings.baud)


def _nut(settings: PowerSupplySettings, clock: Clock) -> PowerSupply:
    from devices.power.driver import NutSupply

    key = "devices.power_supply.address"
    return NutSupply(port_at(f"tcp:{settings.address}", clock=clock, key=key), settings.name, clock)


def _pcsc_social_card(settings: SocialCardReaderSettings, clock: Clock) -> IdCardReader:
    from devices.social_card.driver import SocialCardReader
    from devices.transport.slot_address import slot_called

    return SocialCardReader(slot_called(settings.reader, clock), settings.short_file_ids, clock)


def _pcsc_badge(settings: BadgeReaderSettings, clock: Clock) -> BadgeReader:
    from devices.badge.driver import PcscBadgeReader
    from devices.transport.slot_address import slot_called

    return PcscBadgeReader(slot_called(settings.reader, clock), clock)


def _fingerprint_module(settings: FingerprintReaderSettings, clock: Clock) -> FingerprintReader:
    from devices.fingerprint.driver import FingerprintModule

    port = port_at(settings.port, settings.baud, clock, key="devices.fingerprint_reader.port")
    return FingerprintModule(port, clock)


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


def _code_camera(settings: CodeCameraSettings, clock: Clock) -> BarcodeScanner:
    from devices.camera.driver import CodeCamera

    return CodeCamera(settings, clock)


def _document_camera(settings: DocumentCameraSettings, clock: Clock) -> DocumentCamera:
    from devices.document_camera.driver import PlateCamera

    return PlateCamera(settings, clock)


def _id_card_duty(desk: Desk) -> Duty[Any]:
    from devices.id_card.duty import IdCardDuty

    return IdCardDuty(desk)


def _scanner_duty(desk: Desk) -> Duty[Any]:
    from devices.scanner.duty import ScannerDuty

    return ScannerDuty(desk)


def _slip_printer_duty(desk: Desk) -> Duty[Any]:
    from devices.slip_printer.duty import SlipPrinterDuty

    return SlipPrinterDuty(desk)


def _code_camera_contract() -> Contract[Any]:
    from devices.camera.contract import CONTRACT

    return CONTRACT


def _document_camera_duty(desk: Desk) -> Duty[Any]:
    from devices.document_camera.duty import DocumentCameraDuty

    return DocumentCameraDuty(desk)


def _board_duty(desk: Desk) -> Duty[Any]:
    from devices.board.duty import BoardDuty

    return BoardDuty(desk)


def _id_card_contract() -> Contract[Any]:
    from devices.id_card.contract import CONTRACT

    return CONTRACT


def _scanner_contract() -> Contract[Any]:
    from devices.scanner.contract import CONTRACT

    return CONTRACT


def _slip_printer_contract() -> Contract[Any]:
    from devices.slip_printer.contract import CONTRACT

    return CONTRACT


def _power_duty(desk: Desk) -> Duty[Any]:
    from devices.power.duty import PowerDuty

    return PowerDuty(desk)


def _power_contract() -> Contract[Any]:
    from devices.power.contract import CONTRACT

    return CONTRACT


def _fingerprint_duty(desk: Desk) -> Duty[Any]:
    from devices.fingerprint.duty import FingerprintDuty

    return FingerprintDuty(desk)


def _fingerprint_contract() -> Contract[Any]:
    from devices.fingerprint.contract import CONTRACT

    return CONTRACT


def _board_contract() -> Contract[Any]:
    from devices.board.contract import CONTRACT

    return CONTRACT


def _social_card_contract() -> Contract[Any]:
    from devices.social_card.contract import CONTRACT

    return CONTRACT


def _badge_contract() -> Contract[Any]:
    from devices.badge.contract import CONTRACT

    return CONTRACT


def _badge_duty(desk: Desk) -> Duty[Any]:
    from devices.badge.duty import BadgeDuty

    return BadgeDuty(desk)


KINDS: tuple[DeviceKind, ...] = (
    DeviceKind(
        device=DeviceClass.ID_CARD_READER,
        drivers={"sdt": _sdt},
        duty=_id_card_duty,
        contract=_id_card_contract,
    ),
    DeviceKind(
        device=DeviceClass.SOCIAL_CARD_READER,
        drivers={"pcsc-social-card": _pcsc_social_card},
        duty=_id_card_duty,
        contract=_social_card_contract,
    ),
    DeviceKind(
        device=DeviceClass.BADGE_READER,
        drivers={"pcsc-badge": _pcsc_badge},
        duty=_badge_duty,
        contract=_badge_contract,
    ),
    DeviceKind(
        device=DeviceClass.RECEIPT_PRINTER,
        drivers={"escpos": _escpos},
        duty=_slip_printer_duty,
        contract=_slip_printer_contract,
    ),
    DeviceKind(
        device=DeviceClass.SHEET_PRINTER,
        drivers={"ipp": _ipp},
        duty=_sheet_printer_duty,
    ),
    DeviceKind(
        device=DeviceClass.BARCODE_SCANNER,
        drivers={"scanner-serial": _scanner_serial, "scanner-keyboard": _scanner_keyboard},
        duty=_scanner_duty,
        contract=_scanner_contract,
    ),
    DeviceKind(
        device=DeviceClass.CODE_CAMERA,
        drivers={"camera": _code_camera},
        duty=_scanner_duty,
        contract=_code_camera_contract,
    ),
    DeviceKind(
        device=DeviceClass.DOCUMENT_CAMERA,
        drivers={"camera": _document_camera},
        duty=_document_camera_duty,
    ),
    DeviceKind(
        device=DeviceClass.IO_BOARD,
        drivers={"modbus": _modbus},
        duty=_board_duty,
        contract=_board_contract,
    ),
    DeviceKind(
        device=DeviceClass.POWER_SUPPLY,
        drivers={"nut": _nut},
        duty=_power_duty,
        contract=_power_contract,
    ),
    DeviceKind(
        device=DeviceClass.FINGERPRINT_READER,
        drivers={"fingerprint-module": _fingerprint_module},
        duty=_fingerprint_duty,
        contract=_fingerprint_contract,
    ),
)


def make_driver(kind: DeviceKind, settings: DeviceSettings, clock: Clock) -> DevicePort | None:
    """The driver that the settings name; None when the class is not attached. Raises `ConfigError`."""
    table = getattr(settings, kind.device.value)
    return None if table is None else kind.drivers[table.driver](table, clock)


def configured(settings: DeviceSettings) -> frozenset[DeviceClass]:
    """The device classes that have a settings table."""
    return frozenset(device for device in DeviceClass if getattr(settings, device.value) is not None)
