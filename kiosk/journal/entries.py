"""Recording: the one moment in which a case becomes a promise.

`Entries.record` seals the case and writes one row in one statement, which is one commit with one sync.  That
row is everything the promise needs: an entry that no delivery row names yet is in the outbox, one that no
print job names yet has its slip queued, and one that the audit log has not told yet is told by the log's next
line (`outbox`, `print_jobs`, `audit`).  Only after it has returned may the screen say 收件 and the slip print.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from kiosk.clock import Clock
from kiosk.domain.case import Case, DeliveryState, ParkReason, PlatformState
from kiosk.domain.enrolment import Standing
from kiosk.domain.entry import GENESIS, EntryHeader, EntryKind, RecordedEntry, entry_digest, iso_utc
from kiosk.domain.receipt import Receipt, receipt_number
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import sealing
from kiosk.journal.attachments import Attachments
from kiosk.journal.database import Database, IntegrityError, Row
from kiosk.journal.likeness import Likeness
from kiosk.journal.receipts import RECEIPT_COLUMNS, receipt_of
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
    enrolment: bytes
    """What it was sealed under, as it is stored; another one since then means sealing again."""
    likeness: bytes | None = None
    """Keyed hash of service and person (`kiosk.journal.likeness`); None where nobody was identified."""


ENTRY_COLUMNS = (
    "entry.sequence, entry_id, receipt_number, terminal_number, kind, service_code, pack_version,"
    " recorded_at, boot_id, monotonic_ms, previous_digest, digest, sealed"
)
_KNOWN = f"SELECT {RECEIPT_COLUMNS} FROM entry WHERE entry_id = ?"
_ENROLMENT = "SELECT value FROM setting WHERE key = 'enrolment'"
_TAIL = "SELECT sequence, digest FROM entry ORDER BY sequence DESC LIMIT 1"
_STATUS = (
    f"SELECT {RECEIPT_COLUMNS}, ifnull(state, 'recorded'), ifnull(platform_state, 'unknown'), park_reason,"
    " acknowledged_at FROM entry LEFT JOIN delivery USING (sequence)"
)
_STANDING = "SELECT value FROM setting WHERE key = 'standing'"
_GOOD = Standing.OK.value.encode("ascii")
_INSERT_IF_ENROLLED_SO = (
    f"INSERT INTO entry ({ENTRY_COLUMNS.removeprefix('entry.')}, likeness)"
    " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
    f" WHERE ({_ENROLMENT}) IS ? AND ifnull(({_STANDING}), x'{_GOOD.hex()}') = x'{_GOOD.hex()}'"
)
_MAX_PROBES = 16


class Entries:
    """The `entry` table."""

    def __init__(self, database: Database, clock: Clock, boot: str, attachments: Attachments) -> None:
        self._database, self._clock, self._boot, self._attachments = database, clock, boot, attachments
        self._likeness = Likeness(database)
        # As last seen. Both may be old, because another process writes too; the insert finds that out.
        self._tail: tuple[int, bytes] | None = None
        self._enrolment: bytes | None = None

    def prepare(self, case: Case) -> PreparedCase:
        """Seal a case ahead of `record`, which then only has to write. Raises `JournalError(NOT_ENROLLED)`."""
        return self._sealed(case, case.entry_id, self._enrolment or self._look_up_enrolment())

    def record(self, case: Case | PreparedCase) -> Receipt:
        """Seal and record a case, whole or not at all; the receipt that may now be shown and printed.

        The same case again (double tap, retry after a lost answer) returns the same receipt.  Of a hundred
        million numbers of a terminal two entries may ask for the same one: the later is then recorded under
        an identity derived from its own, so use `Receipt.entry_id`, not `Case.entry_id`, from here on.

        Raises `JournalError`: STOPPED when the platform does not trust this terminal's chain, MISSING_ATTACHMENT
        when the case names one that is not stored, and the disk's own.  After INPUT_OUTPUT nobody knows whether it was recorded: open the journal
        again and record the same case again, which settles it.
        """
        ahead = case if isinstance(case, PreparedCase) else None
        plain = case.case if isinstance(case, PreparedCase) else case
        for candidate in _identities(plain.entry_id):
            if plain.attachments and self.by_id(candidate) is None:
                self._attachments.claim(candidate, plain.attachments)
            receipt = self._record_as(candidate, plain, ahead)
            if receipt is not None:
                return receipt
            ahead = None
        raise RuntimeError("no free receipt number")

    def by_number(self, number: str) -> EntryStatus | None:
        """The entry with this receipt number, or None when it was not recorded here."""
        row = self._database.row(f"{_STATUS} WHERE receipt_number = ?", (number,))
        return _status(row) if row else None

    def by_id(self, entry_id: UUID) -> EntryStatus | None:
        """The entry with this identity (`Receipt.entry_id`), or None."""
        row = self._database.row(f"{_STATUS} WHERE entry_id = ?", (entry_id.bytes,))
        return _status(row) if row else None

    def similar(self, service_code: str, identity_number: str) -> Receipt | None:
        """The newest entry of this person for this service that is not over yet (returned, rejected, concluded).

        The number is hashed under this journal's own key and not kept.
        """
        likeness = self._likeness.of(service_code, identity_number)
        return None if likeness is None else self._likeness.newest(likeness)

    def tail(self) -> tuple[int, bytes]:
        """Sequence and digest of the newest entry; (0, 32 zero bytes) before the first."""
        row = self._database.row(_TAIL)
        return (row[0], row[1]) if row else (0, GENESIS)

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

    def _record_as(self, entry_id: UUID, case: Case, ahead: PreparedCase | None) -> Receipt | None:
        """Record `case` as `entry_id`; None when the number that follows from it is another entry's."""
        prepared = ahead or self._sealed(case, entry_id, self._enrolment or self._look_up_enrolment())
        try:
            while True:
                receipt = self._append(prepared)
                if receipt is not None:
                    return receipt
                self._refuse_when_stopped()
                prepared = self._sealed(case, entry_id, self._look_up_enrolment())
        except IntegrityError:
            # Rare, so found out only here: it is recorded already, or the number is taken.
            row = self._database.row(_KNOWN, (entry_id.bytes,))
            if row is None and self.by_number(prepared.header.receipt_number) is None:
                raise
            return receipt_of(row) if row is not None else None

    def _append(self, prepared: PreparedCase) -> Receipt | None:
        """The one commit; None when the terminal was enrolled anew since the case was sealed, or was stopped."""
        if self._tail is not None:
            self._database.require_in_place()
            # The trigger refuses an entry that does not follow the newest one, so a tail that is old costs
            # another try and never a fork.
            with suppress(IntegrityError):
                return self._insert(prepared, self._tail)
        with self._database.transaction():
            return self._insert(prepared, self.tail())

    def _insert(self, prepared: PreparedCase, tail: tuple[int, bytes]) -> Receipt | None:
        header, sealed = prepared.header, prepared.sealed
        # Stored to the millisecond, so that the receipt says the same today and when it is read again.
        recorded_at = iso_utc(self._clock.now())
        moment = datetime.fromisoformat(recorded_at)
        monotonic_ms = round(self._clock.monotonic() * 1000)
        sequence, previous = tail[0] + 1, tail[1]
        digest = entry_digest(header, sequence, moment, self._boot, monotonic_ms / 1000, sealed, previous)
        receipt = Receipt(
            number=header.receipt_number,
            entry_id=header.entry_id,
            sequence=sequence,
            received_at=moment,
            service_code=header.service_code,
            digest=digest,
        )
        inserted = self._database.run(
            _INSERT_IF_ENROLLED_SO,
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
                prepared.likeness,
                prepared.enrolment,
            ),
        )
        if not inserted:
            return None
        self._tail = sequence, digest
        return receipt

    def _refuse_when_stopped(self) -> None:
        row = self._database.row(_STANDING)
        if row is not None and row[0] != _GOOD:
            raise JournalError(JournalFault.STOPPED, bytes(row[0]).decode("ascii", "replace"))

    def _sealed(self, case: Case, entry_id: UUID, stored: bytes) -> PreparedCase:
        enrolment = decode_enrolment(stored)
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
        number = case.resident.number if case.resident is not None else ""
        likeness = self._likeness.of(case.service_code, number)
        return PreparedCase(case=case, header=header, sealed=sealed, enrolment=stored, likeness=likeness)

    def _look_up_enrolment(self) -> bytes:
        """The enrolment as it is stored now."""
        row = self._database.row(_ENROLMENT)
        if row is None:
            raise JournalError(JournalFault.NOT_ENROLLED)
        stored: bytes = row[0]
        self._enrolment = stored
        return stored


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


def _status(row: Row) -> EntryStatus:
    return EntryStatus(
        receipt=receipt_of(row),
        delivery=DeliveryState(row[6]),
        platform=PlatformState(row[7]),
        park_reason=ParkReason(row[8]) if row[8] else None,
        acknowledged_at=datetime.fromisoformat(row[9]) if row[9] else None,
    )
