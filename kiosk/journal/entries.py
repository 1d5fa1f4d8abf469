"""Recording: the one moment in which a case becomes a promise.

`Entries.record` seals the case and writes entry, print job and audit line in one commit with one sync; an
entry that no delivery row names yet is in the outbox by that alone.  Only after it has returned may the screen say 收件 and the slip print.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from kiosk.clock import Clock
from kiosk.domain.case import Case, DeliveryState, ParkReason, PlatformState
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.entry import GENESIS, EntryHeader, EntryKind, RecordedEntry, entry_digest, iso_utc
from kiosk.domain.receipt import Receipt, receipt_number
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import sealing
from kiosk.journal.audit import Audit, AuditEvent
from kiosk.journal.database import Database, IntegrityError, Row
from kiosk.journal.print_jobs import PrintJobs, PrintKind
from kiosk.journal.settings import decode_enrolment


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStatus:
    """What may be said of an entry to whoever holds its number; nothing personal."""

    receipt: Receipt
    delivery: DeliveryState
    platform: PlatformState
    park_reason: ParkReason | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCase:
    """A case that was sealed ahead, while the resident reads the review page. Nothing is recorded yet."""

    case: Case
    header: EntryHeader
    sealed: bytes
    enrolment: Enrolment
    """What it was sealed under; another one since then means sealing again."""


ENTRY_COLUMNS = (
    "entry.sequence, entry_id, receipt_number, terminal_number, kind, service_code, pack_version,"
    " recorded_at, boot_id, monotonic_ms, previous_digest, digest, sealed"
)
_TAILS = (
    "SELECT e.sequence, e.digest, a.position, a.digest FROM (SELECT 1)"
    " LEFT JOIN (SELECT sequence, digest FROM entry ORDER BY sequence DESC LIMIT 1) AS e"
    " LEFT JOIN (SELECT position, digest FROM audit ORDER BY position DESC LIMIT 1) AS a"
)
_ENROLMENT_AND_RECEIPT = (
    "SELECT (SELECT value FROM setting WHERE key = 'enrolment'),"
    " receipt_number, entry_id, sequence, recorded_at, service_code"
    " FROM (SELECT 1) LEFT JOIN entry ON entry_id = ?"
)
_RECEIPT = "SELECT receipt_number, entry_id, sequence, recorded_at, service_code FROM entry"
_STATUS = (
    "SELECT receipt_number, entry_id, entry.sequence, recorded_at, service_code,"
    " ifnull(state, 'recorded'), ifnull(platform_state, 'unknown'), park_reason, acknowledged_at"
    " FROM entry LEFT JOIN delivery USING (sequence)"
)
_INSERT_ENTRY = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MAX_PROBES = 16


class Entries:
    """The `entry` table."""

    def __init__(
        self, database: Database, clock: Clock, boot: str, audit: Audit, print_jobs: PrintJobs
    ) -> None:
        self._database, self._clock, self._boot = database, clock, boot
        self._audit, self._print_jobs = audit, print_jobs

    def prepare(self, case: Case) -> PreparedCase:
        """Seal a case ahead of `record`, which then only has to write. Raises `JournalError(NOT_ENROLLED)`."""
        known = self._database.row(_ENROLMENT_AND_RECEIPT, (case.entry_id.bytes,))
        if known is None or known[0] is None:
            raise JournalError(JournalFault.NOT_ENROLLED)
        return _sealed(case, case.entry_id, decode_enrolment(known[0]))

    def record(self, case: Case | PreparedCase) -> Receipt:
        """Seal and record a case, whole or not at all; the receipt that may now be shown and printed.

        The same case again (double tap, retry after a lost answer) returns the same receipt.  Of a hundred
        million numbers of a terminal two entries may ask for the same one: the later is then recorded under
        an identity derived from its own, so use `Receipt.entry_id`, not `Case.entry_id`, from here on.

        Raises `JournalError`.  After INPUT_OUTPUT nobody knows whether it was recorded: open the journal
        again and record the same case again, which settles it.
        """
        ahead = case if isinstance(case, PreparedCase) else None
        plain = case.case if isinstance(case, PreparedCase) else case
        for candidate in _identities(plain.entry_id):
            known = self._database.row(_ENROLMENT_AND_RECEIPT, (candidate.bytes,))
            if known is None or known[0] is None:
                raise JournalError(JournalFault.NOT_ENROLLED)
            if known[1] is not None:
                return _receipt(known[1:])
            enrolment = decode_enrolment(known[0])
            if ahead is None or ahead.header.entry_id != candidate or ahead.enrolment != enrolment:
                ahead = _sealed(plain, candidate, enrolment)
            try:
                return self._append(ahead.header, ahead.sealed)
            except IntegrityError:
                # Rare, so found out only here: the other process was faster, or the number is taken.
                receipt = self._receipt_of(candidate)
                if receipt is not None:
                    return receipt
                if self.by_number(ahead.header.receipt_number) is None:
                    raise
        raise RuntimeError("no free receipt number")

    def by_number(self, number: str) -> EntryStatus | None:
        """The entry with this receipt number, or None when it was not recorded here."""
        row = self._database.row(f"{_STATUS} WHERE receipt_number = ?", (number,))
        return _status(row) if row else None

    def by_id(self, entry_id: UUID) -> EntryStatus | None:
        """The entry with this identity (`Receipt.entry_id`), or None."""
        row = self._database.row(f"{_STATUS} WHERE entry_id = ?", (entry_id.bytes,))
        return _status(row) if row else None

    def last(self) -> EntryStatus | None:
        """The newest entry, or None."""
        row = self._database.row(f"{_STATUS} ORDER BY entry.sequence DESC LIMIT 1")
        return _status(row) if row else None

    def count(self) -> int:
        """How many entries there are, without counting them."""
        row = self._database.row("SELECT ifnull((SELECT max(sequence) FROM entry), 0) - missing FROM tally")
        return int(row[0]) if row else 0

    def stream(self, after: int = 0) -> Iterator[RecordedEntry]:
        """Every entry whose body is still here, in order, beginning after sequence `after`."""
        sql = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE sequence > ? AND sealed IS NOT NULL ORDER BY sequence"
        for row in self._database.stream(sql, (after,)):
            yield entry_of(row)

    def _append(self, header: EntryHeader, sealed: bytes) -> Receipt:
        database = self._database
        # Stored to the millisecond, so that the receipt says the same today and when it is read again.
        recorded_at = iso_utc(self._clock.now())
        moment = datetime.fromisoformat(recorded_at)
        monotonic_ms = round(self._clock.monotonic() * 1000)
        with database.transaction():
            tails = database.row(_TAILS)
            assert tails is not None  # it joins onto one row
            sequence, previous = (tails[0] or 0) + 1, tails[1] or GENESIS
            digest = entry_digest(header, sequence, moment, self._boot, monotonic_ms / 1000, sealed, previous)
            database.run(
                _INSERT_ENTRY,
                (
                    sequence,
                    header.entry_id.bytes,
                    header.receipt_number,
                    header.terminal_number,
                    header.kind.value,
                    header.service_code,
                    header.pack_version,
                    recorded_at,
                    self._boot,
                    monotonic_ms,
                    previous,
                    digest,
                    sealed,
                ),
            )
            self._print_jobs.queue_within(sequence, PrintKind.SLIP, recorded_at)
            self._audit.chain_within(
                (tails[2] or 0, tails[3] or GENESIS),
                (recorded_at, monotonic_ms),
                AuditEvent.CASE_RECORDED,
                str(header.entry_id),
            )
        return Receipt(
            number=header.receipt_number,
            entry_id=header.entry_id,
            sequence=sequence,
            received_at=moment,
            service_code=header.service_code,
        )

    def _receipt_of(self, entry_id: UUID) -> Receipt | None:
        row = self._database.row(f"{_RECEIPT} WHERE entry_id = ?", (entry_id.bytes,))
        return _receipt(row) if row else None


def entry_of(row: Row) -> RecordedEntry:
    """The entry in a row of `ENTRY_COLUMNS`."""
    return RecordedEntry(
        header=EntryHeader(
            terminal_number=row[3],
            entry_id=UUID(bytes=row[1]),
            kind=EntryKind(row[4]),
            service_code=row[5],
            pack_version=row[6],
            receipt_number=row[2],
        ),
        sequence=row[0],
        recorded_at=datetime.fromisoformat(row[7]),
        boot_id=row[8],
        monotonic_s=row[9] / 1000,
        sealed=row[12],
        previous_digest=row[10],
        digest=row[11],
    )


def _sealed(case: Case, entry_id: UUID, enrolment: Enrolment) -> PreparedCase:
    header = EntryHeader(
        terminal_number=enrolment.terminal_number,
        entry_id=entry_id,
        kind=EntryKind.CASE,
        service_code=case.service_code,
        pack_version=case.pack_version,
        receipt_number=receipt_number(enrolment.terminal_number, entry_id),
    )
    body = case if entry_id == case.entry_id else replace(case, entry_id=entry_id)
    sealed = sealing.seal(sealing.encode_case(body), header, enrolment.sealing_key)
    return PreparedCase(case=case, header=header, sealed=sealed, enrolment=enrolment)


def _identities(entry_id: UUID) -> Iterator[UUID]:
    """The case's own identity, then others that always follow from it in the same order.

    Because they are derived and not drawn, recording the same case again walks the same way and finds it.
    """
    yield entry_id
    for probe in range(1, _MAX_PROBES):
        digest = hashlib.sha256(b"linban entry identity 1\0" + entry_id.bytes + bytes((probe,))).digest()
        time_part = entry_id.int >> 80 << 80
        random = int.from_bytes(digest[:10], "big")
        low = 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
        yield UUID(int=time_part | low)


def _receipt(row: Row) -> Receipt:
    return Receipt(
        number=row[0],
        entry_id=UUID(bytes=row[1]),
        sequence=row[2],
        received_at=datetime.fromisoformat(row[3]),
        service_code=row[4],
    )


def _status(row: Row) -> EntryStatus:
    return EntryStatus(
        receipt=_receipt(row[:5]),
        delivery=DeliveryState(row[5]),
        platform=PlatformState(row[6]),
        park_reason=ParkReason(row[7]) if row[7] else None,
        acknowledged_at=datetime.fromisoformat(row[8]) if row[8] else None,
    )
