"""What a session asks the face to do. Values only; the face carries them out and reports back."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain.case import Case
from kiosk.domain.presented_code import PresentedCode
from kiosk.domain.receipt import Receipt


@dataclass(frozen=True, slots=True)
class StartReading:
    """Let the ID-card reader look for a card, for this session."""


@dataclass(frozen=True, slots=True)
class StopReading:
    """No more cards, please."""


@dataclass(frozen=True, slots=True)
class StartScanning:
    """Let the barcode scanner's codes through."""


@dataclass(frozen=True, slots=True)
class StopScanning:
    """Codes mean nothing now."""


@dataclass(frozen=True, slots=True)
class PrepareCase:
    """The summary is being read: seal the case as it stands, so that nobody waits for it at the confirmation.

    Optional: `RecordCase` brings the same case, and records it whether or not it was prepared.
    """

    case: Case


@dataclass(frozen=True, slots=True)
class RecordCase:
    """Write the case to the journal; answer with `Session.recorded` or `Session.record_failed`."""

    case: Case


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """Print the slip of `receipt`; answer with `Session.print_ended`."""

    receipt: Receipt
    attempt: int
    """1 for the first; later ones are marked 补打."""


@dataclass(frozen=True, slots=True)
class NoteSlipTaken:
    """The slip of `receipt` is in somebody's hand: write it into the journal."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class AskProgress:
    """Ask the platform for the state of a case; answer with `progress_answered` or `progress_failed`."""

    receipt_number: str


@dataclass(frozen=True, slots=True)
class AskIdentity:
    """Ask the platform whose code this is; answer with `identity_told` or `identity_not_told` and the same try.

    Now or not at all: it is never kept for later.
    """

    code: PresentedCode
    try_id: str


@dataclass(frozen=True, slots=True)
class Wipe:
    """The session is over: forget everything of it, everywhere."""


Effect = (
    StartReading
    | StopReading
    | StartScanning
    | StopScanning
    | PrepareCase
    | RecordCase
    | PrintSlip
    | NoteSlipTaken
    | AskProgress
    | AskIdentity
    | Wipe
)
