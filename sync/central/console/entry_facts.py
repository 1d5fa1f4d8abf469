"""Entries that wait for a person: those that the platform keeps apart, and the terminals that have parked some."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sync.central.store import Store
from sync.wire import Result

PAGE = 50
_WAITING = (
    "with waiting as (select terminal_id, entry_id, sequence, receipt_number, service_code, reason, stored_at as at,"
    " times_received from entry where result = 'quarantined' union all"
    " select k.terminal_id, k.entry_id, e.sequence, e.receipt_number, e.service_code, 'conflict', k.received_at, 1"
    " from conflicting_entry k join entry e on e.terminal_id = k.terminal_id and e.entry_id = k.entry_id)"
)
"""Also what came under the identity of a stored entry with another body: it is kept beside it."""


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """One quarantined entry."""

    terminal_id: str
    terminal_number: str
    entry_id: str
    sequence: int
    receipt_number: str
    service_code: str
    reason: str
    stored_at: str
    times_received: int


class EntryLook:
    """Asks for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def quarantined(self, page: int, reason: str = "") -> tuple[list[WaitingEntry], int]:
        """A page, the newest first, and how many there are."""
        with self._store.reading() as run:
            rows = run.execute(
                f"{_WAITING} select w.terminal_id, t.terminal_number, w.entry_id, w.sequence, w.receipt_number,"  # noqa: S608 — our own words
                " w.service_code, w.reason, w.at, w.times_received from waiting w"
                " join terminal t on t.terminal_id = w.terminal_id where (? = '' or w.reason = ?)"
                " order by w.at desc, w.terminal_id, w.sequence limit ? offset ?",
                (reason, reason, PAGE, (page - 1) * PAGE),
            ).fetchall()
            count = run.execute(
                f"{_WAITING} select count(*) from waiting w where (? = '' or w.reason = ?)",  # noqa: S608
                (reason, reason),
            ).fetchone()
        assert count is not None
        return [WaitingEntry(row[0], row[1], bytes(row[2]).hex(), *row[3:]) for row in rows], int(count[0])

    def is_quarantined(self, terminal_id: str, entry_id: UUID) -> bool:
        """Whether it still waits."""
        with self._store.reading() as run:
            row = run.execute(
                "select result from entry where terminal_id = ? and entry_id = ?",
                (terminal_id, entry_id.bytes),
            ).fetchone()
        return row is None or row[0] == Result.QUARANTINED.value

    def undelivered(self) -> list[tuple[str, str, str, int, str]]:
        """Accepted cases that the province did not take: terminal, receipt, failure, tries, when it was given up."""
        with self._store.reading() as run:
            rows = run.execute(
                "select terminal_id, receipt_number, failure, tries, dead_at from forwarding"
                " where dead_at is not null and delivered_at is null order by dead_at desc limit 100"
            ).fetchall()
        return [(row[0], row[1], row[2], int(row[3]), row[4]) for row in rows]

    def parking(self) -> list[tuple[str, str, int]]:
        """Terminals that told of parked entries: id, number, how many."""
        with self._store.reading() as run:
            rows = run.execute(
                "select t.terminal_id, t.terminal_number, h.parked from heartbeat h"
                " join terminal t on t.terminal_id = h.terminal_id where h.parked > 0"
                " order by h.parked desc, t.terminal_number limit 100"
            ).fetchall()
        return [(row[0], row[1], int(row[2])) for row in rows]
