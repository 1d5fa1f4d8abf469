"""What the platform thinks of one entry before it looks at what it has stored: pure checks and opening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from kiosk.domain.entry import RecordedEntry, entry_digest
from kiosk.domain.receipt import receipt_number
from kiosk.errors import SealingError
from kiosk.journal.sealing import decode_case, encode_case, open_sealed
from sync.wire import Reason, Result, WireEntry


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one entry, and the case when it could be opened."""

    result: Result
    reason: Reason = Reason.NONE
    content: str = ""
    """The opened case as JSON."""


def judge(entry: WireEntry, terminal_number: str, sealing_key: bytes) -> Judgement:
    """Stored when all is well; never raises over what a terminal sent. `sealing_key` is the raw private key."""
    try:
        recorded = entry.to_entry(terminal_number)
    except ValueError:
        return Judgement(Result.REJECTED, Reason.UNKNOWN_KIND)
    if entry.receipt_number != receipt_number(terminal_number, entry.id):
        return Judgement(Result.REJECTED, Reason.RECEIPT_NUMBER)
    if _digest(recorded) != entry.digest:
        return Judgement(Result.QUARANTINED, Reason.DIGEST)
    try:
        case = decode_case(open_sealed(entry.sealed, recorded.header, sealing_key))
    except (SealingError, ValueError):
        return Judgement(Result.QUARANTINED, Reason.CANNOT_OPEN)
    if case.entry_id != entry.id or case.service_code != entry.service_code:
        return Judgement(Result.QUARANTINED, Reason.CANNOT_OPEN)
    return Judgement(Result.STORED, content=encode_case(case).decode("utf-8"))


def _digest(entry: RecordedEntry) -> bytes:
    return entry_digest(
        entry.header,
        entry.sequence,
        entry.recorded_at.astimezone(UTC),
        entry.boot_id,
        entry.monotonic_s,
        entry.sealed,
        entry.previous_digest,
    )
