"""Readers of codes: a barcode scanner on any line, or a camera that looks for codes."""

from __future__ import annotations

import threading
from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from kiosk.ports.device import DevicePort


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One code, decoded by the scanner. Untrusted input: capped, free of control characters."""

    text: str
    symbology: str = ""
    """AIM identifier's meaning (qr, code128, …) when the scanner sends it."""


class ScanFault(StrEnum):
    """Why a burst of bytes is not a code."""

    UNDECODABLE = "undecodable"
    """No text in the character set that the code names, nor in UTF-8 or GB 18030; or typed by a scanner that could
    not type it faithfully."""
    TOO_LONG = "too_long"
    TOO_FAST = "too_fast"
    """More codes than a hand can show: dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotScanned:
    """Bytes came that are not a code."""

    fault: ScanFault


class BarcodeScanner(DevicePort):
    """Hears codes. A camera that finds codes in its pictures is one of these too."""

    @abstractmethod
    def next_scan(self, timeout_s: float, cancel: threading.Event) -> Scan | NotScanned | None:
        """Wait up to `timeout_s` for one code; None when none came."""

    @abstractmethod
    def forget(self) -> None:
        """Throw away whatever was scanned before now, and the window against double reads."""
