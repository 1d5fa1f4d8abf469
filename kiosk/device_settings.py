"""[devices.*]: the settings of what is attached; one table a device class.

A `port` is an address: a path (`/dev/serial/by-path/…`, `/dev/usb/lp0`), `tcp:HOST:PORT`,
`usb:VID:PID` or `usb:VID:PID@BUS-PATH`, `hid:VID:PID` (hexadecimal, as `lsusb` prints them).
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

Baud = Annotated[int, Meta(ge=1200, le=921600, description="a serial speed; without meaning on USB and TCP")]
_PORT = "its port: /dev/serial/by-path/…, usb:VID:PID, hid:VID:PID or tcp:HOST:PORT"
Port = Annotated[str, Meta(min_length=1, description=_PORT)]
_PCSC_READER = "the PC/SC name of the reader, or the beginning of it; empty: the first one; or sim:SOCKET for a simulated one"


class IdCardReaderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.id_card_reader]: a SAM reader for resident ID cards."""

    driver: Annotated[str, Meta(pattern=r"^(sdt|x-.+)$", description="sdt, or a vendor's x-…")] = "sdt"
    port: Port
    baud: Baud = 115200
    read_fingerprint: Annotated[
        bool, Meta(description="ask for the fingerprint block too (never stored)")
    ] = False


class SocialCardReaderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.social_card_reader]: a PC/SC reader for social-security cards."""

    driver: Annotated[
        str, Meta(pattern=r"^(pcsc-social-card|x-.+)$", description="pcsc-social-card, or a vendor's x-…")
    ] = "pcsc-social-card"
    reader: Annotated[str, Meta(description=_PCSC_READER)] = ""
    short_file_ids: Annotated[
        bool, Meta(description="read records by short file identifier (some cards of the third generation)")
    ] = False


class BadgeReaderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.badge_reader]: a PC/SC reader for the badges of the staff."""

    driver: Annotated[
        str, Meta(pattern=r"^(pcsc-badge|x-.+)$", description="pcsc-badge, or a vendor's x-…")
    ] = "pcsc-badge"
    reader: Annotated[str, Meta(description=_PCSC_READER)] = ""


class ReceiptPrinterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.receipt_printer]: an ESC/POS printer for slips."""

    driver: Annotated[str, Meta(pattern=r"^(escpos|x-.+)$", description="escpos, or a vendor's x-…")] = (
        "escpos"
    )
    port: Port
    baud: Baud = 115200
    model: Annotated[
        str, Meta(min_length=1, description="a model of the printer table (generic-80, generic-58, …)")
    ] = "generic-80"
    model_file: Annotated[
        Path | None,
        Meta(description="TOML file with models of this site's own, in the form of the shipped table"),
    ] = None
    font_file: Annotated[
        Path | None, Meta(description="font for characters that the printer lacks; found if absent")
    ] = None


class Suffix(StrEnum):
    """What a scanner sends after a code."""

    CR = "cr"
    LF = "lf"
    CRLF = "crlf"
    NONE = "none"
    """Nothing: silence ends the code."""
    ANY = "any"


class Trigger(StrEnum):
    """Which command language a scanner is told to look with."""

    NONE = "none"
    """It looks by itself, always."""
    NEWLAND = "newland"
    HONEYWELL = "honeywell"
    ZEBRA_SSI = "zebra-ssi"
    GM65 = "gm65"


class BarcodeScannerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.barcode_scanner]: a barcode scanner, on a serial line or (grabbed) as a keyboard."""

    driver: Annotated[
        str,
        Meta(
            pattern=r"^(scanner-(serial|keyboard)|x-.+)$",
            description="scanner-serial or scanner-keyboard, or a vendor's x-…",
        ),
    ] = "scanner-serial"
    port: Annotated[
        str, Meta(min_length=1, description="its port, by path; for a keyboard /dev/input/by-id/…-event-kbd")
    ]
    baud: Baud = 9600
    suffix: Annotated[Suffix, Meta(description="cr, lf, crlf, none, or any")] = Suffix.ANY
    aim_identifier: Annotated[
        bool, Meta(description="the scanner sends an AIM identifier before each code")
    ] = False
    trigger: Annotated[
        Trigger, Meta(description="commands that make it look: none, newland, honeywell, zebra-ssi, gm65")
    ] = Trigger.NONE


class CodeCameraSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.code_camera]: a camera that looks for codes."""

    driver: Annotated[str, Meta(pattern=r"^(camera|x-.+)$", description="camera, or a vendor's x-…")] = (
        "camera"
    )
    port: Annotated[
        str,
        Meta(min_length=1, description="/dev/v4l/by-path/…-video-index0, or sim:SOCKET for a simulated one"),
    ]
    width_px: Annotated[int, Meta(ge=320, le=3840, description="width of its pictures")] = 1280
    height_px: Annotated[int, Meta(ge=240, le=2160, description="height of its pictures")] = 720
    symbologies: Annotated[
        tuple[str, ...], Meta(description="what to look for: qr, code128, ean13, datamatrix, pdf417")
    ] = ("qr",)


class DocumentCameraSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.document_camera]: a camera above the plate for papers (高拍仪)."""

    driver: Annotated[
        str, Meta(pattern=r"^(document-camera|x-.+)$", description="document-camera, or a vendor's x-…")
    ] = "document-camera"
    port: Annotated[
        str,
        Meta(min_length=1, description="/dev/v4l/by-path/…-video-index0, or sim:SOCKET for a simulated one"),
    ]
    width_px: Annotated[int, Meta(ge=640, le=8192, description="width of its pictures")] = 2592
    height_px: Annotated[int, Meta(ge=480, le=8192, description="height of its pictures")] = 1944
    plate_width_mm: Annotated[
        float, Meta(ge=0, le=1000, description="how much of the plate its pictures show across; 0: unknown")
    ] = 0.0


class SheetPrinterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.sheet_printer]: an A4 printer that speaks IPP, alone or behind the local print service."""

    driver: Annotated[str, Meta(pattern=r"^(ipp|x-.+)$", description="ipp, or a vendor's x-…")] = "ipp"
    uri: Annotated[
        str, Meta(pattern=r"^ipps?://.+", description="the printer itself: ipp://ADDRESS/ipp/print")
    ]
    spooler_uri: Annotated[
        str,
        Meta(
            pattern=r"^(ipps?://.+)?$",
            description="a queue of the local print service to send through: ipp://localhost/printers/A4; empty: none",
        ),
    ] = ""
    certificate_sha256: Annotated[
        str,
        Meta(
            pattern=r"^(([0-9A-Fa-f]{2}:?){32})?$",
            description="for ipps: the fingerprint of the printer's own certificate; empty: an authority that the system knows vouches for it",
        ),
    ] = ""
    font_file: Annotated[Path | None, Meta(description="font for the pages; found if absent")] = None


class IoBoardSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.io_board]: lights and switches behind Modbus RTU."""

    driver: Annotated[str, Meta(pattern=r"^(modbus|x-.+)$", description="modbus, or a vendor's x-…")] = (
        "modbus"
    )
    port: Annotated[
        str,
        Meta(
            min_length=1, description="its serial port, by path, or tcp:HOST:PORT of a converter (RTU frames)"
        ),
    ]
    baud: Baud = 9600
    unit: Annotated[int, Meta(ge=1, le=247, description="its Modbus address")] = 1
    lights: Annotated[
        dict[str, int], Meta(description="light → coil, counted from 0: id_card_reader, receipt_printer, …")
    ] = {}
    inputs: Annotated[
        dict[str, int], Meta(description="help_button, door_open, presence → discrete input, counted from 0")
    ] = {}
    inverted: Annotated[
        tuple[str, ...], Meta(description="inputs whose contact opens when it happens (most door switches)")
    ] = ()
    watchdog_register: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(
            description="holding register that makes the board put its lights off when nobody speaks; absent: it has none"
        ),
    ] = None
    watchdog_value: Annotated[
        int, Meta(ge=0, le=65535, description="what to write there, in the board's own unit: about 2 s")
    ] = 0


class PowerSupplySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.power_supply]: an uninterruptible power supply behind NUT (Network UPS Tools)."""

    driver: Annotated[str, Meta(pattern=r"^(nut|x-.+)$", description="nut, or a vendor's x-…")] = "nut"
    address: Annotated[str, Meta(min_length=1, description="HOST:PORT of upsd")] = "127.0.0.1:3493"
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]+$", description="its name in ups.conf")] = "kiosk"


class FingerprintReaderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices.fingerprint_reader]: a fingerprint module on a serial line (templates are never stored)."""

    driver: Annotated[
        str, Meta(pattern=r"^(fingerprint-module|x-.+)$", description="fingerprint-module, or a vendor's x-…")
    ] = "fingerprint-module"
    port: Annotated[str, Meta(min_length=1, description="its serial port, by path")]
    baud: Baud = 57600


class DeviceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[devices]: what is attached. A class without a table is not there."""

    id_card_reader: Annotated[IdCardReaderSettings | None, Meta(description="table")] = None
    social_card_reader: Annotated[SocialCardReaderSettings | None, Meta(description="table")] = None
    badge_reader: Annotated[BadgeReaderSettings | None, Meta(description="table")] = None
    receipt_printer: Annotated[ReceiptPrinterSettings | None, Meta(description="table")] = None
    sheet_printer: Annotated[SheetPrinterSettings | None, Meta(description="table")] = None
    barcode_scanner: Annotated[BarcodeScannerSettings | None, Meta(description="table")] = None
    code_camera: Annotated[CodeCameraSettings | None, Meta(description="table")] = None
    document_camera: Annotated[DocumentCameraSettings | None, Meta(description="table")] = None
    io_board: Annotated[IoBoardSettings | None, Meta(description="table")] = None
    power_supply: Annotated[PowerSupplySettings | None, Meta(description="table")] = None
    fingerprint_reader: Annotated[FingerprintReaderSettings | None, Meta(description="table")] = None
