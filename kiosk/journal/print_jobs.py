"""The life of every print job: tracked apart from its case, so a printer fault never loses or repeats one."""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kiosk.clock import Clock
from kiosk.domain.entry import iso_utc
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintState, PrintVerdict
from kiosk.journal.database import Database, Row

JOBS_PER_ENTRY = 100
"""A job's id is its entry's sequence times this, plus its ordinal."""


class PrintKind(StrEnum):
    """What is printed."""

    SLIP = "slip"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintJob:
    """One job as the journal has it."""

    job_id: int
    entry_sequence: int
    kind: PrintKind
    state: PrintState
    attempts: int
    fault: PrintFault
    changed_at: datetime


_STATE_AFTER = {
    PrintVerdict.PRINTED: PrintState.PRINTED,
    PrintVerdict.FAILED: PrintState.FAILED,
    PrintVerdict.UNCONFIRMED: PrintState.UNKNOWN,
}
_CLOSED = frozenset({PrintState.PRINTED, PrintState.TAKEN})
"""Paper that was seen, by the printer or by the person."""

_COLUMNS = "id, kind, state, attempts, fault, changed_at"
_INSERT = "INSERT INTO print_job (id, kind, state, changed_at) VALUES (?, ?, 'queued', ?)"


class PrintJobs:
    """The `print_job` table."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def for_entry(self, entry_id: UUID) -> tuple[PrintJob, ...]:
        """Every job of an entry (`Receipt.entry_id`), oldest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM print_job, (SELECT sequence * {JOBS_PER_ENTRY} AS low FROM entry"
            f" WHERE entry_id = ?) WHERE closed IN (0, 1) AND id >= low AND id < low + {JOBS_PER_ENTRY}"
            " ORDER BY id",
            (entry_id.bytes,),
        )
        return tuple(_job(row) for row in rows)

    def start(self, job_id: int) -> PrintJob:
        """Note, durably and before the first byte goes out, that a try begins. Raises KeyError."""
        return self._change(job_id, "closed = 0, state = 'printing', attempts = attempts + 1, fault = 'none'")

    def finish(self, job_id: int, outcome: PrintOutcome | PrintState) -> PrintJob:
        """Note how a try ended. Paper that was taken stays taken. Raises KeyError."""
        if isinstance(outcome, PrintState):
            state, fault = outcome, PrintFault.NONE
        else:
            state, fault = _STATE_AFTER[outcome.verdict], outcome.fault
        return self._change(
            job_id,
            "closed = ?, state = ?, fault = ?",
            (state in _CLOSED, state.value, fault.value),
            "state <> 'taken'",
        )

    def taken(self, job_id: int) -> PrintJob:
        """Note that the paper was taken. Raises KeyError."""
        return self._change(job_id, "closed = 1, state = 'taken'")

    def again(self, entry_id: UUID) -> PrintJob:
        """Queue another job of the same kind for an entry: a reprint. Raises KeyError."""
        with self._database.transaction():
            jobs = self.for_entry(entry_id)
            if not jobs:
                raise KeyError(entry_id)
            if len(jobs) >= JOBS_PER_ENTRY:
                return jobs[-1]
            self._database.run(_INSERT, (jobs[-1].job_id + 1, jobs[-1].kind.value, self._now()))
            return self._get(jobs[-1].job_id + 1)

    def unfinished(self) -> tuple[PrintJob, ...]:
        """Jobs that nobody saw on paper: queued, printing, failed, unknown; oldest first."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM print_job WHERE closed = 0 ORDER BY id")
        return tuple(_job(row) for row in rows)

    def reconcile(self) -> int:
        """After a start: what a crash left `printing` may or may not be on paper; how many there were."""
        with self._database.transaction():
            return self._database.run(
                "UPDATE print_job SET state = 'unknown', changed_at = ? WHERE closed = 0 AND state = 'printing'",
                (self._now(),),
            )

    def queue_within(self, sequence: int, kind: PrintKind, changed_at: str) -> None:
        """The first job of a new entry, inside the transaction that records it."""
        self._database.run(_INSERT, (sequence * JOBS_PER_ENTRY, kind.value, changed_at))

    def _change(
        self, job_id: int, assignments: str, values: tuple[object, ...] = (), only_if: str = "1"
    ) -> PrintJob:
        with self._database.transaction():
            self._database.run(
                f"UPDATE print_job SET {assignments}, changed_at = ? WHERE closed IN (0, 1) AND id = ? AND {only_if}",
                (*values, self._now(), job_id),
            )
            return self._get(job_id)

    def _get(self, job_id: int) -> PrintJob:
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM print_job WHERE closed IN (0, 1) AND id = ?", (job_id,)
        )
        if row is None:
            raise KeyError(job_id)
        return _job(row)

    def _now(self) -> str:
        return iso_utc(self._clock.now())


def _job(row: Row) -> PrintJob:
    return PrintJob(
        job_id=row[0],
        entry_sequence=row[0] // JOBS_PER_ENTRY,
        kind=PrintKind(row[1]),
        state=PrintState(row[2]),
        attempts=row[3],
        fault=PrintFault(row[4]),
        changed_at=datetime.fromisoformat(row[5]),
    )
