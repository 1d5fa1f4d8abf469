"""The life of every print job: tracked apart from its case, so a printer fault never loses or repeats one.

Every entry has its slip queued from the moment it is recorded. The row that says so is written with the first
change to any job: until then an entry above the highest one here has its one queued job by that alone, so
recording it touches nothing of this table.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kiosk.clock import Clock
from kiosk.domain.entry import iso_utc
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintState, PrintVerdict
from kiosk.journal import likeness
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
_HIGHEST_WRITTEN = (
    "(SELECT max(ifnull((SELECT max(id) FROM print_job WHERE closed = 0), 0),"
    f" ifnull((SELECT max(id) FROM print_job WHERE closed = 1), 0)) / {JOBS_PER_ENTRY})"
)
_UNWRITTEN = (
    f"SELECT sequence * {JOBS_PER_ENTRY} AS id, '{PrintKind.SLIP}' AS kind, 'queued' AS state, 0 AS attempts,"
    f" 'none' AS fault, recorded_at AS changed_at FROM entry WHERE sequence > {_HIGHEST_WRITTEN}"
)
_OF_ENTRY = (
    f"SELECT {_COLUMNS} FROM print_job, (SELECT sequence * {JOBS_PER_ENTRY} AS low FROM entry"
    f" WHERE entry_id = ?1) WHERE closed IN (0, 1) AND id >= low AND id < low + {JOBS_PER_ENTRY}"
    f" UNION ALL {_UNWRITTEN} AND entry_id = ?1 ORDER BY id"
)


class PrintJobs:
    """The `print_job` table."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def for_entry(self, entry_id: UUID) -> tuple[PrintJob, ...]:
        """Every job of an entry (`Receipt.entry_id`), oldest first."""
        return tuple(_job(row) for row in self._database.rows(_OF_ENTRY, (entry_id.bytes,)))

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
            self._write_down_within()
            jobs = self.for_entry(entry_id)
            if not jobs:
                raise KeyError(entry_id)
            if len(jobs) >= JOBS_PER_ENTRY:
                return jobs[-1]
            self._database.run(_INSERT, (jobs[-1].job_id + 1, jobs[-1].kind.value, self._now()))
            return self._get(jobs[-1].job_id + 1)

    def unfinished(self) -> tuple[PrintJob, ...]:
        """Jobs that nobody saw on paper: queued, printing, failed, unknown; oldest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM print_job WHERE closed = 0 UNION ALL {_UNWRITTEN} ORDER BY id"
        )
        return tuple(_job(row) for row in rows)

    def reconcile(self) -> int:
        """After a start: what a crash left `printing` may or may not be on paper; how many there were."""
        with self._database.transaction():
            return self._database.run(
                "UPDATE print_job SET state = 'unknown', changed_at = ? WHERE closed = 0 AND state = 'printing'",
                (self._now(),),
            )

    def write_down(self) -> None:
        """Write the rows of entries that have none yet. Every change does so first; this is for measuring it."""
        with self._database.transaction():
            self._write_down_within()

    def _write_down_within(self) -> None:
        self._database.run(f"INSERT INTO print_job ({_COLUMNS}) {_UNWRITTEN}")
        likeness.write_down_within(self._database)

    def _change(
        self, job_id: int, assignments: str, values: tuple[object, ...] = (), only_if: str = "1"
    ) -> PrintJob:
        with self._database.transaction():
            self._write_down_within()
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
