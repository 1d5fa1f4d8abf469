"""The ports: what a driver of each device class promises. This file is the driver author's manual.

**Threads.**  Each device has exactly one thread, named after its class, and every method of its port is
called from that thread only.  A driver may therefore block, as long as it keeps two promises: no call
lasts longer than the `timeout_s` it was given plus one second, and a call returns at once (with a value
that says so) when `cancel` is set.  Drivers start no threads and know no other device.

**Faults.**  A device that is absent, silent, empty, jammed or unplugged is ordinary: say it with a
`DeviceStatus` or an outcome.  Raise only what is a bug.  When the port vanishes under a call, close it,
end the call with an outcome that claims nothing (`unconfirmed`, `CardFault.NO_ANSWER`), and let the
device thread call `open` again with back-off: a driver never loops on its own.

**Truth.**  A driver never reports more than the device said.  Bytes written are not paper printed;
silence is not "paper ok"; a read that stopped one byte early is not an identity.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from kiosk.documents.page import Page
from kiosk.domain.device_status import DeviceCapabilities, DeviceStatus
from kiosk.domain.printing import PrintOutcome
from kiosk.domain.resident import IdentityDocument


class DevicePort(ABC):
    """What every driver has."""

    @abstractmethod
    def open(self) -> DeviceStatus:
        """Open the transport exclusively, initialise the device and say what was found.

        Called again after every loss.  A status other than online or user_error means that the
        transport is closed again and `open` will be called later.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the transport. May be called twice, and on a device that was never opened."""

    @abstractmethod
    def status(self) -> DeviceStatus:
        """Ask the device how it is (at most 1 s). `no_device` or `offline` closes the transport."""

    @abstractmethod
    def capabilities(self) -> DeviceCapabilities:
        """What the device told of itself while opening."""


class CardFault(StrEnum):
    """Why a card on the plate gave no identity. Each is one sentence to the resident."""

    MOVED = "moved"
    """Lifted or shifted while being read: lay it down again."""
    NOT_AN_ID_CARD = "not_an_id_card"
    UNSUPPORTED_DOCUMENT = "unsupported_document"
    """The chip says a document type that nobody has told us how to read."""
    NOT_VERIFIED = "not_verified"
    """The security module and the card did not accept one another; the wording must accuse nobody."""
    UNREADABLE = "unreadable"
    """Read, and what came makes no sense (checksum, lengths, dates)."""
    NO_ANSWER = "no_answer"
    """The reader stopped answering in the middle."""
    READER_FAULT = "reader_fault"
    """The reader itself needs an engineer."""


class NoCard(Struct, frozen=True, kw_only=True, tag="no_card"):
    """Nothing on the plate, or (on readers that cannot tell) the same card as just now."""


class CardRead(Struct, frozen=True, kw_only=True, tag="read"):
    """A whole, checked identity."""

    document: IdentityDocument


class CardNotRead(Struct, frozen=True, kw_only=True, tag="not_read"):
    """A card was there; no identity came of it."""

    fault: CardFault


CardOutcome = NoCard | CardRead | CardNotRead


class IdCardReader(DevicePort):
    """Reads the chip of resident ID cards and their kin."""

    @abstractmethod
    def read(self, timeout_s: float, cancel: threading.Event, on_found: Callable[[], None]) -> CardOutcome:
        """Look for a card once and, if one is there, read it whole.

        Returns `NoCard` quickly (within about 0.3 s) when the plate is empty: the device thread calls
        again.  `on_found` is called, on this thread, when a card has answered and reading it begins.
        All or nothing: any doubt about a byte ends in `CardNotRead`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One code, decoded by the scanner. Untrusted input: capped, free of control characters."""

    text: str
    symbology: str = ""
    """AIM identifier's meaning (qr, code128, …) when the scanner sends it."""


class ScanFault(StrEnum):
    """Why a burst of bytes is not a code."""

    UNDECODABLE = "undecodable"
    """Neither UTF-8 nor GB 18030."""
    TOO_LONG = "too_long"
    TOO_FAST = "too_fast"
    """More codes than a hand can show: dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotScanned:
    """Bytes came that are not a code."""

    fault: ScanFault


class BarcodeScanner(DevicePort):
    """A scanner that sends what it sees over a serial line."""

    @abstractmethod
    def next_scan(self, timeout_s: float, cancel: threading.Event) -> Scan | NotScanned | None:
        """Wait up to `timeout_s` for one code; None when none came."""

    @abstractmethod
    def forget(self) -> None:
        """Throw away whatever was scanned before now, and the window against double reads."""


class SlipPrinter(DevicePort):
    """A receipt printer."""

    @abstractmethod
    def print(self, page: Page, timeout_s: float, cancel: threading.Event) -> PrintOutcome:
        """Print and cut `page`, and say what the printer itself confirmed.

        `printed` only on the printer's own confirmation after the last byte; `failed` only when the
        page certainly is not whole on paper; otherwise `unconfirmed`.
        """
