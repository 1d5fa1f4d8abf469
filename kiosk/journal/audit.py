"""The audit log: what happened on this terminal, chained so that nothing can be taken out unseen.

It holds nothing about a person: a subject and every value are short ASCII words from closed lists or
our own identifiers, and anything that looks like a citizen number or a mobile number is refused.

That a case was recorded is told by its entry, which has a chain and triggers of its own. Its line here is
written, with the entry's own time, just before the log's next line: the order is what it was, and the
resident does not wait for a second table.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from kiosk.clock import Clock
from kiosk.domain.entry import GENESIS, iso_utc
from kiosk.domain.resident import is_citizen_number
from kiosk.journal import likeness
from kiosk.journal.database import Database, Row


class AuditEvent(StrEnum):
    """Everything that is worth a line."""

    JOURNAL_CREATED = "journal_created"
    JOURNAL_REPLACED = "journal_replaced"
    FOREIGN_LOG = "foreign_log"
    """The log of another file lay beside the journal, where its own should have been: it was set aside."""
    PROGRAM_STARTED = "program_started"
    PROGRAM_STOPPED = "program_stopped"
    ENROLLED = "enrolled"
    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    CASE_RECORDED = "case_recorded"
    ENTRIES_ACKNOWLEDGED = "entries_acknowledged"
    ENTRY_PARKED = "entry_parked"
    PARKED_RETRIED = "parked_retried"
    SENT_AGAIN = "sent_again"
    """The platform had lost what it once stored."""
    BODIES_DROPPED = "bodies_dropped"
    """The platform has held them long enough."""
    STANDING_CHANGED = "standing_changed"
    RESERVE_RELEASED = "reserve_released"
    """The disk was full: the room kept back for sending was given free."""
    PRINT_RECONCILED = "print_reconciled"
    SLIP_REPRINTED = "slip_reprinted"
    DEVICE_FAULT = "device_fault"
    DEVICE_RECOVERED = "device_recovered"
    LINE_LOST = "line_lost"
    LINE_BACK = "line_back"
    CATALOGUE_CHANGED = "catalogue_changed"
    KEEPER_ENTERED = "keeper_entered"


class AuditField(StrEnum):
    """What a line may say beyond its event and subject."""

    REASON = "reason"
    COUNT = "count"
    SERVICE = "service"
    DEVICE = "device"
    VERSION = "version"
    FILE = "file"
    STANDING = "standing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line of the log."""

    position: int
    happened_at: datetime
    event: AuditEvent
    subject: str
    detail: tuple[tuple[AuditField, str], ...]


_WORD = re.compile(r"[A-Za-z0-9_.:/+-]{0,64}", re.ASCII)
_MOBILE = re.compile(r"(?<![0-9A-Fa-f])1[3-9][0-9]{9}(?![0-9A-Fa-f])", re.ASCII)
_TAIL = "SELECT position, digest FROM audit ORDER BY position DESC LIMIT 1"
_UNTOLD = (
    "SELECT recorded_at, boot_id, monotonic_ms, entry_id, sequence FROM entry"
    " WHERE sequence > (SELECT told FROM tally) ORDER BY sequence"
)
_INSERT = "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NO_DETAIL = "{}"
_COLUMNS = "position, happened_at, boot_id, monotonic_ms, event, subject, detail, previous_digest, digest"
_RECENT = f"""
SELECT * FROM (
  SELECT (SELECT ifnull(max(position), 0) FROM audit) + sequence - told, recorded_at, boot_id, monotonic_ms,
         '{AuditEvent.CASE_RECORDED}', entry_id, '{_NO_DETAIL}', NULL, NULL
  FROM tally, entry WHERE sequence > told ORDER BY sequence DESC LIMIT ?1)
UNION ALL
SELECT * FROM (SELECT {_COLUMNS} FROM audit ORDER BY position DESC LIMIT ?1)
ORDER BY 1 DESC LIMIT ?1
"""
_encode = msgspec.json.Encoder(order="sorted").encode


class Audit:
    """The `audit` table."""

    def __init__(self, database: Database, clock: Clock, boot: str) -> None:
        self._database, self._clock, self._boot = database, clock, boot

    def append(
        self, event: AuditEvent, subject: str = "", detail: Mapping[AuditField, str | int] | None = None
    ) -> None:
        """Add one line, durably. Raises ValueError when a value is not one that a log may hold."""
        with self._database.transaction():
            self.append_within(event, subject, detail)

    def append_within(
        self, event: AuditEvent, subject: str = "", detail: Mapping[AuditField, str | int] | None = None
    ) -> None:
        """As `append`, inside a transaction that the caller holds."""
        words = {field.value: _impersonal(str(value)) for field, value in (detail or {}).items()}
        subject = _impersonal(subject)
        last = self._tell_entries_within()
        line = (
            last[0] + 1,
            iso_utc(self._clock.now()),
            self._boot,
            round(self._clock.monotonic() * 1000),
            event.value,
            subject,
            _encode(words).decode("ascii") if words else _NO_DETAIL,
        )
        self._chain_within(line, last[1])

    def tell_entries(self) -> None:
        """Write the lines of entries that have none yet. Every other line does so first; this is for measuring it."""
        with self._database.transaction():
            self._tell_entries_within()

    def recent(self, limit: int = 100) -> list[AuditRecord]:
        """The newest lines, newest first; those of entries included that are not written yet."""
        rows = self._database.rows(_RECENT, (limit,))
        return [_record(row) for row in rows]

    def _tell_entries_within(self) -> Row:
        """Write the line of every entry that has none yet; the last line's position and digest."""
        last = self._database.row(_TAIL) or (0, GENESIS)
        untold = self._database.rows(_UNTOLD)
        for happened_at, boot, monotonic_ms, entry_id, _ in untold:
            subject = str(UUID(bytes=entry_id))
            line = (
                last[0] + 1,
                happened_at,
                boot,
                monotonic_ms,
                AuditEvent.CASE_RECORDED.value,
                subject,
                _NO_DETAIL,
            )
            last = line[0], self._chain_within(line, last[1])
        if untold:
            self._database.run("UPDATE tally SET told = ?", (untold[-1][4],))
            likeness.write_down_within(self._database)
        return last

    def _chain_within(self, line: Row, previous: bytes) -> bytes:
        """Insert `line` (every column but the digests); its digest."""
        digest = _digest(line, previous)
        self._database.run(_INSERT, (*line, previous, digest))
        return digest

    def first_fault(self, last_only: int | None = None) -> int | None:
        """The position of the first line that does not fit the chain, or None; the newest lines only if asked."""
        tail = self._database.row(_TAIL)
        newest = int(tail[0]) if tail else 0
        start = 1 if last_only is None else max(newest - last_only, 0) + 1
        before = self._database.row("SELECT digest FROM audit WHERE position = ?", (start - 1,))
        expected_position, expected = start, bytes(before[0]) if before else GENESIS
        sql = f"SELECT {_COLUMNS} FROM audit WHERE position >= ? ORDER BY position"
        for row in self._database.stream(sql, (start,)):
            if not line_fits(row, expected_position, expected):
                return expected_position
            expected_position, expected = expected_position + 1, row[-1]
        return None


def _impersonal(text: str) -> str:
    if not _WORD.fullmatch(text) or is_citizen_number(text) or _MOBILE.search(text):
        raise ValueError("an audit line holds only short words from closed lists and our own identifiers")
    return text


def line_fits(row: Row, position: int, previous: bytes) -> bool:
    """Whether a whole row of the log is the line at `position`, as it was written after the digest `previous`."""
    return bool(row[0] == position and row[-2] == previous and row[-1] == _digest(tuple(row[:-2]), previous))


def _digest(line: Row, previous: bytes) -> bytes:
    return hashlib.sha256(b"linban audit 1\0" + previous + _encode(line)).digest()


def _record(row: Row) -> AuditRecord:
    words = msgspec.json.decode(row[6], type=dict[AuditField, str])
    return AuditRecord(
        position=row[0],
        happened_at=datetime.fromisoformat(row[1]),
        event=AuditEvent(row[4]),
        subject=row[5] if isinstance(row[5], str) else str(UUID(bytes=row[5])),
        detail=tuple(sorted(words.items())),
    )
