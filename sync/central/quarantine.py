"""Entries that are kept apart for a person: listed, judged again, or let through by an operator's word."""

# ruff: noqa: S608 — statements are put together from our own words only; what comes from outside is a parameter

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kiosk.domain.case import PlatformState
from sync.central.engine import Cursor
from sync.central.inbox import put_message
from sync.central.intake import judge_outside
from sync.central.opener import Opener
from sync.central.store import Store
from sync.wire import Reason, Result, WireEntry

_COLUMNS = (
    "e.entry_id, e.sequence, e.kind, e.service_code, e.pack_version, e.receipt_number, e.recorded_at, e.boot_id,"
    " e.monotonic_ms, e.sealed, e.previous_digest, e.digest"
)


@dataclass(frozen=True, slots=True)
class QuarantinedEntry:
    """One entry that waits for a person."""

    terminal_id: str
    entry_id: UUID
    sequence: int
    service_code: str
    receipt_number: str
    reason: Reason
    stored_at: str


class Quarantine:
    """What operators do with quarantined entries. Who did it and why is kept by whoever calls."""

    def __init__(self, store: Store, opener: Opener) -> None:
        self._store, self._opener = store, opener

    def listing(self, terminal_id: str | None = None, limit: int = 200) -> list[QuarantinedEntry]:
        """Those of one terminal or of all, the newest first; entries in conflict with a stored one included."""
        only = "" if terminal_id is None else " and terminal_id = ?"
        values = () if terminal_id is None else (terminal_id,)
        with self._store.reading() as run:
            rows = run.execute(
                "select terminal_id, entry_id, sequence, service_code, receipt_number, reason, stored_at from entry"
                f" where result = 'quarantined'{only} order by stored_at desc limit ?",
                (*values, limit),
            ).fetchall()
            rows += run.execute(
                "select k.terminal_id, k.entry_id, e.sequence, e.service_code, e.receipt_number, 'conflict',"
                " k.received_at from conflicting_entry k join entry e"
                "  on e.terminal_id = k.terminal_id and e.entry_id = k.entry_id"
                f" where 1 = 1{only.replace('terminal_id', 'k.terminal_id')} order by k.received_at desc limit ?",
                (*values, limit),
            ).fetchall()
        found = [
            QuarantinedEntry(
                row[0], UUID(bytes=bytes(row[1])), row[2], row[3], row[4], Reason(row[5]), row[6]
            )
            for row in rows
        ]
        return sorted(found, key=lambda entry: entry.stored_at, reverse=True)[:limit]

    def requeue(self, terminal_id: str, entry_id: UUID) -> bool:
        """Judge it again, as if it had come now: after a key was put back, or a fault of ours was mended.

        False: it is not here, or what is outside its seal is still wrong, or it stands where another one stands.
        """
        return self._let_through(terminal_id, entry_id, judged=True)

    def release(self, terminal_id: str, entry_id: UUID) -> bool:
        """An operator's word that it counts although its place or its digest is doubtful; it must still open."""
        return self._let_through(terminal_id, entry_id, judged=False)

    def _let_through(self, terminal_id: str, entry_id: UUID, judged: bool) -> bool:
        with self._store.transaction(terminal_id) as run:
            row = run.execute(
                f"select t.terminal_number, {_COLUMNS} from entry e join terminal t on t.terminal_id = e.terminal_id"
                " where e.terminal_id = ? and e.entry_id = ? and e.result = 'quarantined'",
                (terminal_id, entry_id.bytes),
            ).fetchone()
            if row is None:
                return False
            entry = _entry(row[1:])
            if judged and not (
                judge_outside(entry, row[0]).result is Result.STORED
                and not _place_taken(run, terminal_id, entry)
            ):
                return False
            run.execute(
                "update entry set result = 'stored', reason = '' where terminal_id = ? and entry_id = ?",
                (terminal_id, entry_id.bytes),
            )
            run.execute(
                "insert into opening values (?, ?) on conflict do nothing", (terminal_id, entry_id.bytes)
            )
            put_message(
                run,
                terminal_id,
                "entry_released",
                entry_id.bytes,
                entry.receipt_number,
                PlatformState.RECEIVED,
                self._store.now(),
            )
        self._opener.wake()
        return True


def _place_taken(run: Cursor, terminal_id: str, entry: WireEntry) -> bool:
    """Whether another entry counts at its place, or a neighbour that counts does not join it."""
    rows = run.execute(
        "select sequence, digest, previous_digest from entry where terminal_id = ? and sequence between ? and ?"
        " and entry_id <> ? and reason not in ('fork', 'digest')",
        (terminal_id, entry.sequence - 1, entry.sequence + 1, entry.id.bytes),
    ).fetchall()
    for sequence, digest, previous_digest in rows:
        if sequence < entry.sequence:
            taken = bytes(digest) != entry.previous_digest
        else:
            taken = sequence == entry.sequence or bytes(previous_digest) != entry.digest
        if taken:
            return True
    return False


def _entry(row: tuple[object, ...]) -> WireEntry:
    names = (
        "id sequence kind service_code pack_version receipt_number recorded_at boot_id monotonic_ms sealed"
        " previous_digest digest"
    ).split()
    values = dict(zip(names, row, strict=True))
    values["id"] = UUID(bytes=bytes(row[0]))  # type: ignore[call-overload]
    values["recorded_at"] = datetime.fromisoformat(str(row[6]))
    return WireEntry(**values)  # type: ignore[arg-type]
