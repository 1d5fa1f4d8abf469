"""What the platform thinks of one entry, apart from what it has stored: pure checks, and opening.

They are two steps, because they differ in cost by twenty: what is outside the seal is checked before a
terminal is answered, what is inside it may be looked at later.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain.entry import EntryHeader
from kiosk.domain.receipt import receipt_number
from kiosk.errors import SealingError
from kiosk.journal.sealing import decode_case, encode_case, open_sealed
from sync.batch import DerivedEntry
from sync.wire import Reason, Result, WireEntry


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one entry."""

    result: Result
    reason: Reason = Reason.NONE
    content: str = ""
    """The opened case as JSON, where it was opened."""


_STORED = Judgement(Result.STORED)


def judge(entry: WireEntry, terminal_number: str, sealing_key: bytes) -> Judgement:
    """Both steps at once."""
    outside = judge_outside(entry, terminal_number)
    if outside.result is not Result.STORED:
        return outside
    content = open_case(entry.to_entry(terminal_number).header, entry.sealed, sealing_key)
    if content is None:
        return Judgement(Result.QUARANTINED, Reason.CANNOT_OPEN)
    return Judgement(Result.STORED, content=content)


def judge_outside(entry: WireEntry, terminal_number: str) -> Judgement:
    """Stored when all is well that can be told without opening it; never raises over what a terminal sent."""
    if isinstance(entry, DerivedEntry):
        return _STORED
    try:
        recorded = entry.to_entry(terminal_number)
    except ValueError:
        return Judgement(Result.REJECTED, Reason.UNKNOWN_KIND)
    if entry.receipt_number != receipt_number(terminal_number, entry.id):
        return Judgement(Result.REJECTED, Reason.RECEIPT_NUMBER)
    if recorded.digest_of_content() != entry.digest:
        return Judgement(Result.QUARANTINED, Reason.DIGEST)
    return _STORED


def open_case(header: EntryHeader, sealed: bytes, sealing_key: bytes) -> str | None:
    """The case as JSON; None when it cannot be opened or is not the one that the header names.

    `sealing_key` is the raw private key.
    """
    try:
        case = decode_case(open_sealed(sealed, header, sealing_key))
    except (SealingError, ValueError):
        return None
    if case.entry_id != header.entry_id or case.service_code != header.service_code:
        return None
    return encode_case(case).decode("utf-8")
