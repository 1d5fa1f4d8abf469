"""Readers of identity: the plate for ID cards, the slot for social-security cards, the badge of the staff."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from kiosk.domain.resident import IdentityDocument
from kiosk.ports.device import DevicePort


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

    def forget(self) -> None:
        """Another session begins: a card that was read and still lies there is read anew at the next `read`.

        Within one session a card is read once for each placing.  Readers that find a card anew every time
        have nothing to forget.
        """


class BadgeRead(Struct, frozen=True, kw_only=True):
    """A staff badge was shown: what it says, not yet who that is or what they may do."""

    token: str
    """The badge's own number, hexadecimal capitals; a secret of the site, never logged."""


class BadgeReader(DevicePort):
    """Notices staff badges."""

    @abstractmethod
    def read(self, timeout_s: float, cancel: threading.Event) -> BadgeRead | None:
        """Wait up to `timeout_s` for a badge; None when none was shown. Once for each showing."""


class FingerprintFault(StrEnum):
    """Why no fingerprint was taken. Each is one sentence to the resident."""

    NO_FINGER = "no_finger"
    BAD_IMAGE = "bad_image"
    """Too dry, too wet, too small a part: try again."""
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"


class FingerprintTaken(Struct, frozen=True, kw_only=True):
    """A template, in memory only: it is compared and forgotten, never stored, logged or sent. Whoever takes it wipes it."""

    template: bytearray
    quality: int | None = None
    """0 to 100; None where the module does not tell (most do not)."""

    def wipe(self) -> None:
        """Overwrite the template with zeros."""
        self.template[:] = bytes(len(self.template))

    def __repr__(self) -> str:
        return f"FingerprintTaken({len(self.template)} bytes)"


class FingerprintReader(DevicePort):
    """Takes one fingerprint when asked."""

    @abstractmethod
    def take(self, timeout_s: float, cancel: threading.Event) -> FingerprintTaken | FingerprintFault:
        """Wait for a finger and take its template."""

    @abstractmethod
    def matches(self, first: bytes | bytearray, second: bytes | bytearray) -> bool | None:
        """Whether two templates are of one finger (at most 4 s); None when the device cannot tell."""
