"""The outbox: what still has to reach the platform, handed out under leases that expire.

An entry leaves it only on an acknowledgement that the platform signed.  "Sending" is a lease of this
boot's monotonic clock and never a state that can stick: a lease that expired, or that another boot gave,
is free again.  Settle in batches: each `settle` is one commit, and a process that acknowledges one by one
makes the resident wait.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain
from typing import TypeVar
from uuid import UUID

from kiosk.clock import Clock
from kiosk.domain.case import DeliveryState, PlatformState
from kiosk.domain.entry import RecordedEntry, iso_utc
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.attachments import Attachments
from kiosk.journal.audit import Audit, AuditEvent, AuditField
from kiosk.journal.database import Database, Parameters, Row
from kiosk.journal.entries import ENTRY_COLUMNS, entry_of
from kiosk.journal.process_identity import is_gone, new_owner
from kiosk.journal.queue_view import HIGHEST_TRIED, OutboxItem, QueueSummary, QueueView
from kiosk.journal.settlement import Acknowledged, Parked, Released, Settlement

__all__ = [
    "Acknowledged",
    "LeasedEntry",
    "Outbox",
    "OutboxItem",
    "Parked",
    "QueueSummary",
    "Released",
    "SentAgain",
    "Settlement",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedEntry:
    """An entry to send now."""

    entry: RecordedEntry
    attempts: int
    """This try included: 1 the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAgain:
    """What came of a platform asking for entries that it once had."""

    count: int
    """Acknowledged entries that wait again."""
    gone: int
    """Those whose body was dropped after the platform had held it long enough: they cannot be sent again."""


ResultT = TypeVar("ResultT")
ItemT = TypeVar("ItemT")

_DETAIL_CHARACTERS = 200
_AGAIN_BATCH = 500
_WAITING = (
    "SELECT sequence FROM delivery INDEXED BY delivery_waiting WHERE state = 'recorded'"
    " AND (due_ms <= ? OR due_boot <> ?) ORDER BY sequence LIMIT ?"
)
_EXPIRED = (
    "SELECT sequence FROM delivery INDEXED BY delivery_leased WHERE state = 'leased'"
    " AND (due_ms <= ? OR due_boot <> ?) ORDER BY sequence LIMIT ?"
)
_FRESH = f"SELECT sequence FROM entry WHERE sequence > {HIGHEST_TRIED} ORDER BY sequence LIMIT ?"
_CHUNKS = (10, 25, 100)
"""Rows of one statement; those of fixed length stay prepared, and a place that stays empty costs as much as a row.

One statement and not one a row: between two the interpreter may give another thread its turn, and everybody waits
for the lock meanwhile.
"""
_SIZES = "SELECT sequence, ifnull(length(sealed), 0) FROM entry WHERE sequence IN ({})"
_LEASED = (
    f"SELECT attempts, {ENTRY_COLUMNS} FROM entry JOIN delivery USING (sequence)"
    " WHERE entry.sequence IN ({}) ORDER BY entry.sequence"
)
_SEQUENCES = "SELECT entry_id, sequence FROM entry WHERE entry_id IN ({})"
_LEASE = (
    "INSERT INTO delivery (sequence, state, attempts, lease_owner, due_ms, due_boot)"
    " SELECT value, 'leased', 1, ?2, ?3, ?4 FROM json_each(?1) WHERE true"
    " ON CONFLICT (sequence) DO UPDATE SET state = 'leased',"
    " attempts = attempts + 1, lease_owner = excluded.lease_owner, due_ms = excluded.due_ms,"
    " due_boot = excluded.due_boot"
)
_TRACK_UP_TO = (
    "INSERT INTO delivery (sequence, state) SELECT sequence, 'recorded' FROM entry"
    f" WHERE sequence > {HIGHEST_TRIED} AND sequence <= ?"
)
_ACKNOWLEDGE = (
    "WITH came (sequence, token, at, stored_at, state) AS (VALUES {})"
    " UPDATE delivery SET state = 'acknowledged', acknowledgement = came.token, acknowledged_at = came.at,"
    " stored_at = came.stored_at, lease_owner = NULL, park_reason = NULL, park_detail = '', platform_state ="
    " CASE WHEN platform_state IN ('unknown', 'received') THEN came.state ELSE platform_state END"
    " FROM came WHERE delivery.sequence = came.sequence AND delivery.state <> 'acknowledged'"
)
_NOTHING_CAME = (None,) * 5
_PARK = (
    "UPDATE delivery SET state = 'parked', park_reason = ?, park_detail = ?, lease_owner = NULL"
    " WHERE sequence = ? AND state IN ('recorded', 'leased')"
)
_RELEASE = (
    "UPDATE delivery SET state = 'recorded', lease_owner = NULL, due_ms = ?, due_boot = ?"
    " WHERE sequence = ? AND state = 'leased' AND lease_owner = ?"
)
_HOLDERS = (
    "SELECT DISTINCT lease_owner, due_boot FROM delivery INDEXED BY delivery_leased WHERE state = 'leased'"
)
_FREE = (
    "UPDATE delivery SET state = 'recorded', lease_owner = NULL, due_ms = 0, due_boot = ''"
    " WHERE state = 'leased' AND lease_owner = ?"
)
_FORGOTTEN = (
    "SELECT delivery.sequence, sealed IS NULL, entry_id FROM delivery JOIN entry USING (sequence)"
    " WHERE delivery.sequence BETWEEN ? AND ? AND state = 'acknowledged'"
)
_OPEN = (
    " UNION ALL ".join(
        f"SELECT sequence FROM delivery WHERE state = '{state}' AND sequence <= ?1"
        for state in ("recorded", "leased", "parked")
    )
    + " ORDER BY sequence LIMIT ?2"
)
_SEND_AGAIN = (
    "UPDATE delivery SET state = 'recorded', resent = resent + 1, due_ms = 0, due_boot = ''"
    " WHERE sequence = ? AND state = 'acknowledged'"
)
_UNPARK = (
    "UPDATE delivery SET state = 'recorded', park_reason = NULL, park_detail = '', due_ms = 0, due_boot = ''"
    " WHERE state = 'parked'"
)


class Outbox:
    """The `delivery` table, seen by whoever sends."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        boot: str,
        audit: Audit,
        attachments: Attachments,
        make_room: Callable[[], bool] = lambda: False,
    ) -> None:
        """`make_room` is asked once when the disk is full; True means that trying again may help."""
        self._database, self._clock, self._boot = database, clock, boot
        self._audit, self._attachments, self._make_room = audit, attachments, make_room
        self._owner = new_owner()
        self._view = QueueView(database, clock, boot)

    def lease(self, limit: int, max_bytes: int, lease_s: float) -> list[LeasedEntry]:
        """Entries to send now: those tried before first, then by sequence; at most `limit` and `max_bytes`.

        One entry is handed out even when it alone is larger than `max_bytes`.  An empty outbox costs no write.
        """
        # An empty queue must not hide that the file was replaced under a sender who only reads.
        self._database.require_in_place()
        return self._with_room(lambda: self._lease(limit, max_bytes, lease_s))

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Write what became of the tries, in one commit; how many rows it changed.

        Idempotent: an entry that is acknowledged stays so whatever comes later, one that is not known here
        is passed over, and a lease that somebody else took over meanwhile is not released.
        """
        return self._with_room(lambda: self._settle(settlements)) if settlements else 0

    def _lease(self, limit: int, max_bytes: int, lease_s: float) -> list[LeasedEntry]:
        self._free_leases_of_the_dead()
        # Read before the lock is taken, so that nobody waits while it is: what an entry is never changes.
        sizes: dict[int, int] = {row[0]: row[1] for row in self._in_chunks(_SIZES, self._due(limit))}
        if not sizes:
            return []
        with self._database.transaction():
            due = [sequence for sequence in self._due(limit) if sequence in sizes]
            total = accumulate(sizes[sequence] for sequence in due)
            taken = due[: max(1, sum(size <= max_bytes for size in total))]
            until = self._now_ms() + round(lease_s * 1000)
            self._database.run(_LEASE, (json.dumps(taken), self._owner, until, self._boot))
        # Read once the others can write again: under the lease nobody changes them.
        rows = {row[1]: row for row in self._in_chunks(_LEASED, taken)}
        return [
            LeasedEntry(entry=entry_of(rows[sequence][1:]), attempts=rows[sequence][0]) for sequence in taken
        ]

    def _in_chunks(self, sql: str, values: Sequence[object]) -> Iterator[Row]:
        """The rows of a query with a list in it."""
        for chunk, size in _chunks(values):
            nothing = (None,) * (size - len(chunk))
            yield from self._database.rows(sql.format(", ".join("?" * size)), (*chunk, *nothing))

    def _acknowledge(self, rows: Sequence[Parameters]) -> int:
        """Note what the platform signed; how many were not noted yet."""
        changed = 0
        for chunk, size in _chunks(rows):
            marks = ", ".join(["(?, ?, ?, ?, ?)"] * size)
            values = chain(*chunk, *([_NOTHING_CAME] * (size - len(chunk))))
            changed += self._database.run(_ACKNOWLEDGE.format(marks), tuple(values))
        return changed

    def _settle(self, settlements: Sequence[Settlement]) -> int:
        now = iso_utc(self._clock.now())
        ids = [settlement.entry_id.bytes for settlement in settlements]
        # Before the lock is taken: the place of an entry never changes.
        found = {bytes(entry_id): int(sequence) for entry_id, sequence in self._in_chunks(_SEQUENCES, ids)}
        with self._database.transaction():
            self._track_up_to(max(found.values(), default=0))
            placed = [(found.get(key, 0), one) for key, one in zip(ids, settlements, strict=True)]
            acknowledged = self._acknowledge(
                [_values(place, one, now) for place, one in placed if isinstance(one, Acknowledged)]
            )
            changed = acknowledged
            for place, one in placed:
                if isinstance(one, Parked):
                    changed += self._park(place, one)
                elif isinstance(one, Released):
                    changed += self._release(place, one)
            if acknowledged:
                self._audit.append_within(
                    AuditEvent.ENTRIES_ACKNOWLEDGED, "", {AuditField.COUNT: acknowledged}
                )
        return changed

    def summary(self) -> QueueSummary:
        """The outbox in numbers, at a cost that does not grow with what was delivered."""
        return self._view.summary()

    def listing(self, state: DeliveryState | None = None, limit: int = 200) -> list[OutboxItem]:
        """The oldest entries in `state`, in order; without one, everything that is not acknowledged."""
        return self._view.listing(state, limit)

    def highest_acknowledged(self) -> int:
        """The highest sequence that the platform ever acknowledged; 0 before the first."""
        row = self._database.row("SELECT highest_acknowledged FROM tally")
        return int(row[0]) if row else 0

    def open_until(self, sequence: int, limit: int) -> list[int]:
        """The first `limit` sequences up to `sequence` that wait for the platform's word (again), ascending."""
        return [int(row[0]) for row in self._database.rows(_OPEN, (sequence, limit))]

    def send_again(self, first: int, last: int) -> SentAgain:
        """The platform lost what it had stored from `first` to `last`: what was acknowledged waits again.

        In commits of some hundred rows. What it once signed is kept beside each until it signs anew.
        """
        count = gone = 0
        for low in range(first, min(last, self.highest_acknowledged()) + 1, _AGAIN_BATCH):
            with self._database.transaction():
                some = self._send_again_within(low, min(low + _AGAIN_BATCH - 1, last))
            count, gone = count + some.count, gone + some.gone
        return SentAgain(count=count, gone=gone)

    def retry_parked(self, entry_id: UUID | None = None) -> int:
        """Put one parked entry, or all of them, back in line; how many."""
        one = "" if entry_id is None else " AND sequence = (SELECT sequence FROM entry WHERE entry_id = ?)"
        return self._unpark(one, () if entry_id is None else (entry_id.bytes,), entry_id)

    def retry_set_apart(self) -> int:
        """Put back in line what the platform said it keeps apart for a person; how many.

        For a platform that is not the same memory any more: what it kept apart it may have forgotten.
        """
        return self._unpark(" AND park_reason IN ('quarantined', 'conflict')", ())

    def _unpark(self, which: str, parameters: Parameters, entry_id: UUID | None = None) -> int:
        with self._database.transaction():
            count = self._database.run(_UNPARK + which, parameters)
            if count:
                self._audit.append_within(
                    AuditEvent.PARKED_RETRIED, str(entry_id or ""), {AuditField.COUNT: count}
                )
        return count

    def set_platform_state(self, states: Iterable[tuple[str, PlatformState]]) -> int:
        """Note what the platform says of entries, by receipt number, in one commit; how many it concerned."""
        with self._database.transaction():
            return sum(self.set_platform_state_within(number, state) for number, state in states)

    def set_platform_state_within(self, number: str, state: PlatformState) -> int:
        """As `set_platform_state` for one entry, inside a transaction that the caller holds."""
        sequence = self._tracked("receipt_number", number)
        return self._database.run(
            "UPDATE delivery SET platform_state = ? WHERE sequence = ?", (state.value, sequence)
        )

    def _with_room(self, work: Callable[[], ResultT]) -> ResultT:
        """Sending must go on when the disk is full: what is promised leaves it only this way."""
        try:
            return work()
        except JournalError as error:
            if error.fault is not JournalFault.DISK_FULL or not self._make_room():
                raise
            return work()

    def _send_again_within(self, first: int, last: int) -> SentAgain:
        rows = self._database.rows(_FORGOTTEN, (first, last))
        here = [row for row in rows if not row[1]]
        for sequence, _, entry_id in here:
            self._database.run(_SEND_AGAIN, (sequence,))
            self._attachments.send_again_within(entry_id)
        if rows:
            self._audit.append_within(AuditEvent.SENT_AGAIN, str(first), {AuditField.COUNT: len(here)})
        return SentAgain(count=len(here), gone=len(rows) - len(here))

    def _free_leases_of_the_dead(self) -> None:
        """A sender that was killed holds nothing: what it had leased need not wait for the lease to run out."""
        dead = [
            owner
            for owner, boot in self._database.rows(_HOLDERS)
            if owner != self._owner and boot == self._boot and is_gone(owner)
        ]
        if dead:
            with self._database.transaction():
                self._database.run_many(_FREE, [(owner,) for owner in dead])

    def _due(self, limit: int) -> list[int]:
        now = self._now_ms()
        tried = self._database.rows(_EXPIRED, (now, self._boot, limit))
        tried += self._database.rows(_WAITING, (now, self._boot, limit))
        due = sorted(int(row[0]) for row in tried)[:limit]
        if len(due) < limit:
            due += [int(row[0]) for row in self._database.rows(_FRESH, (limit - len(due),))]
        return due

    def _tracked(self, column: str, value: object) -> int:
        """The sequence of an entry, which has a delivery row from here on; 0 when it is not known here.

        Only what was leased has a row. An acknowledgement that comes another way (on a stick) finds none.
        """
        found = self._database.row(f"SELECT sequence FROM entry WHERE {column} = ?", (value,))
        if found is None:
            return 0
        self._track_up_to(found[0])
        return int(found[0])

    def _track_up_to(self, sequence: int) -> None:
        row = self._database.row(f"SELECT {HIGHEST_TRIED}")
        if row is not None and sequence > row[0]:
            self._database.run(_TRACK_UP_TO, (sequence,))

    def _park(self, sequence: int, settlement: Parked) -> int:
        detail = settlement.detail[:_DETAIL_CHARACTERS]
        changed = self._database.run(_PARK, (settlement.reason.value, detail, sequence))
        if changed:
            self._audit.append_within(
                AuditEvent.ENTRY_PARKED,
                str(settlement.entry_id),
                {AuditField.REASON: settlement.reason.value},
            )
        return changed

    def _release(self, sequence: int, settlement: Released) -> int:
        due = self._now_ms() + round(max(settlement.retry_in_s, 0.0) * 1000)
        return self._database.run(_RELEASE, (due, self._boot, sequence, self._owner))

    def _now_ms(self) -> int:
        return round(self._clock.monotonic() * 1000)


_as_text = lru_cache(maxsize=8)(iso_utc)
"""For the moment at which the platform stored a batch: the same for all of it."""


def _chunks(values: Sequence[ItemT]) -> Iterator[tuple[Sequence[ItemT], int]]:
    """So many at once, and how many the statement for them has places for."""
    for start in range(0, len(values), _CHUNKS[-1]):
        chunk = values[start : start + _CHUNKS[-1]]
        yield chunk, next(size for size in _CHUNKS if size >= len(chunk))


def _values(sequence: int, settlement: Acknowledged, now: str) -> Parameters:
    stored_at = _as_text(settlement.stored_at) if settlement.stored_at is not None else None
    return sequence, settlement.token, now, stored_at, settlement.platform_state.value
