"""The ports: what a driver of each device class promises. Begin with `kiosk.ports.device`, the author's manual."""

from kiosk.ports.board import BoardReading, FlashRate, Input, IoBoard, LightPosition
from kiosk.ports.device import DevicePort
from kiosk.ports.document_camera import CaptureRemark, DocumentCamera, NotCaptured, PageCaptured, Preview
from kiosk.ports.identity import (
    BadgeRead,
    BadgeReader,
    CardFault,
    CardNotRead,
    CardOutcome,
    CardRead,
    FingerprintFault,
    FingerprintReader,
    FingerprintTaken,
    IdCardReader,
    NoCard,
)
from kiosk.ports.power import PowerReading, PowerSource, PowerSupply
from kiosk.ports.printing import SheetPrinter, SlipPrinter
from kiosk.ports.scanning import BarcodeScanner, NotScanned, Scan, ScanFault

__all__ = [
    "BadgeRead",
    "BadgeReader",
    "BarcodeScanner",
    "BoardReading",
    "CaptureRemark",
    "CardFault",
    "CardNotRead",
    "CardOutcome",
    "CardRead",
    "DevicePort",
    "DocumentCamera",
    "FingerprintFault",
    "FingerprintReader",
    "FingerprintTaken",
    "FlashRate",
    "IdCardReader",
    "Input",
    "IoBoard",
    "LightPosition",
    "NoCard",
    "NotCaptured",
    "NotScanned",
    "PageCaptured",
    "PowerReading",
    "PowerSource",
    "PowerSupply",
    "Preview",
    "Scan",
    "ScanFault",
    "SheetPrinter",
    "SlipPrinter",
]
