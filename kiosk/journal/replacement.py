"""A damaged journal is set aside, never deleted; what can still be read moves to the fresh one.

Carried over, in this order: settings (who the terminal is), then every entry whose row can be read and
whose digest is right, with its delivery, its print jobs as far as they can be read.  Entries keep their
sequence and digest, because the platform may already hold them; where some are lost between, the fresh
journal notes a break in the chain.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.domain.entry import entry_digest
from kiosk.domain.printing import PrintFault, PrintState
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.database import Database, LibraryError, Row
from kiosk.journal.entries import ENTRY_COLUMNS, entry_of
from kiosk.journal.print_jobs import JOBS_PER_ENTRY, PrintKind

_SUFFIXES = ("", "-wal", "-shm")
_DELIVERY_COLUMNS = (
    "sequence, state, attempts, park_reason, park_detail, platform_state, acknowledged_at, acknowledgement"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What happened when a journal had to be replaced; to be shown to the keeper and reported."""

    fault: JournalFault
    detail: str
    set_aside: Path
    """The damaged file's new name; its log lies beside it."""
    salvaged: int
    """Entries carried over."""
    unsent_salvaged: int
    readable: bool
    """Whether the damaged file opened at all. When not, this terminal must be enrolled again."""


@dataclass(frozen=True, slots=True)
class _Salvage:
    entries: int = 0
    unsent: int = 0
    readable: bool = False


def set_aside(file: Path) -> Path:
    """Rename `file` and what belongs to it to the first free `.damaged-<n>`; the new name."""
    number = 1
    while any(file.with_name(f"{file.name}.damaged-{number}{suffix}").exists() for suffix in _SUFFIXES):
        number += 1
    target = file.with_name(f"{file.name}.damaged-{number}")
    # The main file goes last: while it is there under its name, nobody starts a fresh one beside old logs.
    for suffix in reversed(_SUFFIXES):
        with suppress(FileNotFoundError):
            file.with_name(file.name + suffix).rename(target.with_name(target.name + suffix))
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return target


def salvage(damaged: Path, key: bytes, fresh: Database) -> _Salvage:
    """Carry what can be read from `damaged` into `fresh`, in one commit."""
    try:
        source = Database(damaged, key)
    except JournalError:
        return _Salvage()
    try:
        with fresh.transaction():
            _carry_settings(source, fresh)
            return _carry_entries(source, fresh)
    except (JournalError, LibraryError):
        if not fresh.usable:
            raise
        return _Salvage()
    finally:
        source.close()


def _carry_settings(source: Database, fresh: Database) -> None:
    for row in _readable(source, "SELECT key, value FROM setting"):
        fresh.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)


def _carry_entries(source: Database, fresh: Database) -> _Salvage:
    entries = unsent = 0
    last, last_digest = 0, bytes(32)
    for sequence in _sequences(source):
        rows = _readable(source, f"SELECT {ENTRY_COLUMNS} FROM entry WHERE sequence = ?", (sequence,))
        if not rows or not _is_whole(rows[0]):
            continue
        row = rows[0]
        previous = bytes(row[10])
        if sequence != last + 1 or previous != last_digest:
            values = (sequence, previous, sequence - last - 1)
            fresh.run("INSERT INTO chain_break VALUES (?, ?, ?)", values)
        _insert_entry(row, fresh)
        delivered = _carry_delivery(sequence, source, fresh)
        _carry_print_jobs(row, source, fresh)
        entries += 1
        unsent += not delivered
        last, last_digest = sequence, bytes(row[11])
    # The fresh audit log begins with the replacement itself; it does not tell what the damaged one told.
    fresh.run("UPDATE tally SET told = ?", (last,))
    return _Salvage(entries, unsent, readable=True)


def _insert_entry(row: Row, fresh: Database) -> None:
    columns = ENTRY_COLUMNS.replace("entry.", "")
    fresh.run(f"INSERT INTO entry ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _carry_delivery(sequence: int, source: Database, fresh: Database) -> bool:
    """Whether the platform had acknowledged it. What cannot be read is sent again: the platform knows the key."""
    sql = f"SELECT {_DELIVERY_COLUMNS} FROM delivery WHERE sequence = ?"
    rows = _readable(source, sql, (sequence,))
    row = rows[0] if rows else (sequence, "recorded", 1, None, "", "unknown", None, None)
    if row[1] == "leased":
        row = (row[0], "recorded", *row[2:])
    fresh.run(f"INSERT INTO delivery ({_DELIVERY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return bool(row[1] == "acknowledged")


def _carry_print_jobs(entry: Row, source: Database, fresh: Database) -> None:
    """No row means that the slip is queued still; a row that cannot be read, that nobody knows what is on paper."""
    first = entry[0] * JOBS_PER_ENTRY
    sql = "SELECT closed, id, kind, state, attempts, fault, changed_at FROM print_job WHERE closed IN (0, 1) AND id BETWEEN ? AND ?"
    state = PrintState.QUEUED
    try:
        rows = source.rows(sql, (first, first + JOBS_PER_ENTRY - 1))
    except (JournalError, LibraryError):
        rows, state = [], PrintState.UNKNOWN
    for row in rows or [(0, first, PrintKind.SLIP.value, state.value, 0, PrintFault.NONE.value, entry[7])]:
        fresh.run("INSERT INTO print_job VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _sequences(source: Database) -> list[int]:
    """Every sequence that may be there: by the table, else by counting up to the highest one known."""
    rows = _readable(source, "SELECT sequence FROM entry ORDER BY sequence")
    if rows:
        return [row[0] for row in rows]
    for table in ("entry", "delivery"):
        highest = _readable(source, f"SELECT max(sequence) FROM {table}")
        if highest and highest[0][0]:
            return list(range(1, highest[0][0] + 1))
    return []


def _is_whole(row: Row) -> bool:
    entry = entry_of(row)
    return row[12] is None or entry.digest == entry_digest(
        entry.header,
        entry.sequence,
        entry.recorded_at,
        entry.boot_id,
        entry.monotonic_s,
        entry.sealed,
        entry.previous_digest,
    )


def _readable(source: Database, sql: str, parameters: tuple[object, ...] = ()) -> list[Row]:
    try:
        return source.rows(sql, parameters)
    except (JournalError, LibraryError):
        return []
