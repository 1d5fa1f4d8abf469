"""Every outcome of every port as exactly one completion code of CEN XFS4IoT."""

from __future__ import annotations

from typing import Any

from kiosk.domain.device_status import CompletionCode
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from kiosk.ports.document_camera import CaptureRemark, NotCaptured, PageCaptured, Preview
from kiosk.ports.identity import (
    BadgeRead,
    CardFault,
    CardNotRead,
    CardRead,
    FingerprintFault,
    FingerprintTaken,
    NoCard,
)
from kiosk.ports.power import PowerReading, PowerSource
from kiosk.ports.scanning import NotScanned, Scan

_CARD = {
    CardFault.MOVED: CompletionCode.COMMAND_ERROR,
    CardFault.NOT_AN_ID_CARD: CompletionCode.UNSUPPORTED_DATA,
    CardFault.UNSUPPORTED_DOCUMENT: CompletionCode.UNSUPPORTED_DATA,
    CardFault.NOT_VERIFIED: CompletionCode.COMMAND_ERROR,
    CardFault.UNREADABLE: CompletionCode.COMMAND_ERROR,
    CardFault.NO_ANSWER: CompletionCode.TIMED_OUT,
    CardFault.READER_FAULT: CompletionCode.HARDWARE_ERROR,
}
_FINGERPRINT = {
    FingerprintFault.NO_FINGER: CompletionCode.TIMED_OUT,
    FingerprintFault.BAD_IMAGE: CompletionCode.COMMAND_ERROR,
    FingerprintFault.NO_ANSWER: CompletionCode.TIMED_OUT,
    FingerprintFault.CANCELED: CompletionCode.CANCELED,
}
_PRINT = {
    PrintFault.NONE: CompletionCode.COMMAND_ERROR,
    PrintFault.PAPER_OUT: CompletionCode.DEVICE_NOT_READY,
    PrintFault.PAPER_JAMMED: CompletionCode.HARDWARE_ERROR,
    PrintFault.COVER_OPEN: CompletionCode.DEVICE_NOT_READY,
    PrintFault.CUTTER_ERROR: CompletionCode.HARDWARE_ERROR,
    PrintFault.HEAD_TOO_HOT: CompletionCode.DEVICE_NOT_READY,
    PrintFault.OFFLINE: CompletionCode.DEVICE_NOT_READY,
    PrintFault.NO_PRINTER: CompletionCode.HARDWARE_ERROR,
    PrintFault.NO_ANSWER: CompletionCode.TIMED_OUT,
    PrintFault.CANCELED: CompletionCode.CANCELED,
    PrintFault.UNPRINTABLE: CompletionCode.UNSUPPORTED_DATA,
    PrintFault.HARDWARE_ERROR: CompletionCode.HARDWARE_ERROR,
    PrintFault.TONER_EMPTY: CompletionCode.DEVICE_NOT_READY,
    PrintFault.OUTPUT_FULL: CompletionCode.DEVICE_NOT_READY,
}
_CAPTURE = {
    CaptureRemark.NO_CAMERA: CompletionCode.HARDWARE_ERROR,
    CaptureRemark.CANCELED: CompletionCode.CANCELED,
}


def completion_of(outcome: Any) -> CompletionCode:
    """How the command behind `outcome` ended. Raises `TypeError` for what no port returns."""
    match outcome:
        case CompletionCode():
            return outcome
        case PrintOutcome():
            printed = outcome.verdict is PrintVerdict.PRINTED
            return (
                CompletionCode.SUCCESS if printed else _PRINT.get(outcome.fault, CompletionCode.COMMAND_ERROR)
            )
        case CardRead() | BadgeRead() | Scan() | FingerprintTaken() | PageCaptured() | Preview():
            return CompletionCode.SUCCESS
        case CardNotRead():
            return _CARD[outcome.fault]
        case NotScanned():
            return CompletionCode.UNSUPPORTED_DATA
        case FingerprintFault():
            return _FINGERPRINT[outcome]
        case NotCaptured():
            return _CAPTURE.get(outcome.remark, CompletionCode.COMMAND_ERROR)
        case PowerReading():
            unknown = outcome.source is PowerSource.UNKNOWN
            return CompletionCode.TIMED_OUT if unknown else CompletionCode.SUCCESS
        case NoCard() | None:
            return CompletionCode.TIMED_OUT
    raise TypeError(f"no port returns a {type(outcome).__name__}")
