"""Salvage: everything that a damaged journal and its newest backup still tell, carried into a fresh one.

The damaged file comes first for every row, the backup for what it cannot tell.  Entries keep sequence and digest,
because the platform may already hold them; where some are lost between, the fresh journal notes a break in the
chain.  What cannot be read of a delivery is sent again (the platform knows the entry), what cannot be read of the
inbox is downloaded again, and what cannot be read of a print job counts as unknown.
"""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kiosk.domain.printing import PrintFault, PrintState
from kiosk.errors import JournalError
from kiosk.journal import backup
from kiosk.journal.audit import line_fits
from kiosk.journal.database import Database, LibraryError, Row
from kiosk.journal.entries import ENTRY_COLUMNS, entry_of
from kiosk.journal.os_fault import NOT_OF_THE_FILE
from kiosk.journal.print_jobs import JOBS_PER_ENTRY, PrintKind
from kiosk.journal.settings import SettingKey

_DELIVERY_COLUMNS = (
    "sequence, state, attempts, park_reason, park_detail, platform_state, acknowledged_at, acknowledgement"
)
_AUDIT_COLUMNS = (
    "position, happened_at, boot_id, monotonic_ms, event, subject, detail, previous_digest, digest"
)
_INBOX_COLUMNS = "message_id, receipt_number, platform_state, said_at, words, stored_at"
_ATTACHMENT_COLUMNS = (
    "digest, entry_id, media_type, size_bytes, owner, owner_boot, sent_bytes, token, content_kept"
)
_CHUNKS_EACH = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What was carried over."""

    entries: int = 0
    unsent: int = 0
    from_backup: int = 0
    """Entries that only the backup could tell."""
    attachments_lost: int = 0
    readable: bool = False
    """Whether the damaged file opened at all."""
    enrolled: bool = False
    tail_known: bool = False
    """Whether the newest entry carried over is certainly the newest there was."""


def carry(damaged: Path, key: bytes, backups: Path, fresh: Database) -> Salvage:
    """Carry what can be read into `fresh`, in one commit; nothing at all if the damage makes even that impossible.

    Raises `JournalError` when what is there could not be read for want of memory or descriptors: try again later.
    """
    sources = [
        one for one in (_opened(damaged, key), backup.newest_readable(backups, key)) if one is not None
    ]
    readable = bool(sources) and sources[0].file == damaged
    try:
        with fresh.transaction():
            carried = _Carrier(damaged, sources, fresh).carry(readable)
            _require_that_nothing_was_passed_over(sources)
            return carried
    except (JournalError, LibraryError) as error:
        if not fresh.usable or (isinstance(error, JournalError) and error.fault in NOT_OF_THE_FILE):
            raise
        return Salvage(readable=False)
    finally:
        for source in sources:
            source.close()


def _opened(file: Path, key: bytes) -> Database | None:
    try:
        return Database(file, key)
    except JournalError as error:
        if error.fault in NOT_OF_THE_FILE:
            raise
        return None


def _require_that_nothing_was_passed_over(sources: list[Database]) -> None:
    for source in sources:
        if source.fault in NOT_OF_THE_FILE:
            raise JournalError(source.fault, "while it was being salvaged")


class _Carrier:
    """One salvage: from `sources`, that of `damaged` first if it opened, into `fresh`."""

    def __init__(self, damaged: Path, sources: list[Database], fresh: Database) -> None:
        self._damaged, self._sources, self._fresh = damaged, sources, fresh
        self._of_first_schema = {
            id(one) for one in sources if _readable(one, "PRAGMA user_version") in ([(1,)], [(0,)])
        }

    def carry(self, readable: bool) -> Salvage:
        """Everything, in the order in which one thing needs another."""
        self._settings()
        entries, unsent, from_backup, last = self._entries()
        lost = self._attachments()
        self._inbox()
        self._audit(last)
        self._copy_rows("audit_root", "day, position, digest, signature, confirmed")
        enrolled = self._fresh.row("SELECT 1 FROM setting WHERE key = ?", (SettingKey.ENROLMENT.value,))
        return Salvage(
            entries=entries,
            unsent=unsent,
            from_backup=from_backup,
            attachments_lost=lost,
            readable=readable,
            enrolled=enrolled is not None,
            tail_known=readable and self._newest(self._sources[0]) == last,
        )

    def _settings(self) -> None:
        for source in reversed(self._sources):
            for row in _readable(source, "SELECT key, value FROM setting"):
                self._fresh.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", row)

    def _entries(self) -> tuple[int, int, int, int]:
        """How many, how many of them unsent, how many from the backup, and the last sequence."""
        entries = unsent = from_backup = last = 0
        last_digest = bytes(32)
        first, rest = self._sources[:1], self._sources[1:]
        if self._disagree():
            rest = []
        known = [(source, set(_sequences(source))) for source in first + rest]
        for sequence in sorted(set().union(*(sequences for _, sequences in known))):
            found = next(
                (
                    (row, source)
                    for source, some in known
                    if sequence in some
                    for row in self._entry(source, sequence)
                ),
                None,
            )
            if found is None:
                continue
            row, source = found
            if sequence != last + 1 or row[10] != last_digest:
                values = (sequence, row[10], sequence - last - 1)
                self._fresh.run("INSERT INTO chain_break VALUES (?, ?, ?)", values)
            columns = ENTRY_COLUMNS.removeprefix("entry.")
            marks = ", ".join("?" * len(row))
            self._fresh.run(f"INSERT INTO entry ({columns}, likeness) VALUES ({marks})", row)
            unsent += not self._delivery(sequence)
            self._print_jobs(row)
            entries, from_backup = entries + 1, from_backup + (source.file != self._damaged)
            last, last_digest = sequence, row[11]
        return entries, unsent, from_backup, last

    def _disagree(self) -> bool:
        """Whether the backup is of another chain: made before this journal was begun afresh."""
        if len(self._sources) < 2:
            return False
        sql = "SELECT sequence, digest FROM entry ORDER BY sequence"
        here: dict[int, bytes] = dict(_readable(self._sources[0], sql))
        differing = [row[0] for row in _readable(self._sources[1], sql) if here.get(row[0], row[1]) != row[1]]
        # A row that differs because it is damaged says nothing.
        return any(all(self._entry(source, sequence) for source in self._sources) for sequence in differing)

    def _entry(self, source: Database, sequence: int) -> list[Row]:
        likeness = "NULL" if id(source) in self._of_first_schema else "likeness"
        rows = _readable(
            source, f"SELECT {ENTRY_COLUMNS}, {likeness} FROM entry WHERE sequence = ?", (sequence,)
        )
        return [row for row in rows if _is_whole(row)]

    def _delivery(self, sequence: int) -> bool:
        """Whether the platform had acknowledged it."""
        row: Row = (sequence, "recorded", 1, None, "", "unknown", None, None, None, 0, 1)
        for source in self._sources:
            more = "NULL, 0, 1" if id(source) in self._of_first_schema else "stored_at, resent, body_kept"
            sql = f"SELECT {_DELIVERY_COLUMNS}, {more} FROM delivery WHERE sequence = ?"
            if rows := _readable(source, sql, (sequence,)):
                row = rows[0]
                break
        if row[1] == "leased":
            row = (row[0], "recorded", *row[2:])
        columns = f"{_DELIVERY_COLUMNS}, stored_at, resent, body_kept"
        self._fresh.run(f"INSERT INTO delivery ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return bool(row[1] == "acknowledged")

    def _print_jobs(self, entry: Row) -> None:
        """No row means that the slip is queued still; one that cannot be read, that nobody knows what is on paper."""
        first = entry[0] * JOBS_PER_ENTRY
        sql = (
            "SELECT closed, id, kind, state, attempts, fault, changed_at FROM print_job"
            " WHERE closed IN (0, 1) AND id BETWEEN ? AND ?"
        )
        state, rows = PrintState.UNKNOWN, []
        for source in self._sources:
            try:
                rows, state = source.rows(sql, (first, first + JOBS_PER_ENTRY - 1)), PrintState.QUEUED
                break
            except (JournalError, LibraryError):
                continue
        for row in rows or [
            (0, first, PrintKind.SLIP.value, state.value, 0, PrintFault.NONE.value, entry[7])
        ]:
            self._fresh.run("INSERT INTO print_job VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def _attachments(self) -> int:
        """Carry those that are whole; how many are not."""
        lost: set[bytes] = set()
        for source in self._sources:
            for one, *row in _readable(
                source, f"SELECT id, {_ATTACHMENT_COLUMNS} FROM attachment ORDER BY id"
            ):
                digest, kept = row[0], row[8]
                if self._fresh.row("SELECT 1 FROM attachment WHERE digest = ?", (digest,)):
                    continue
                span = (one * _CHUNKS_EACH, (one + 1) * _CHUNKS_EACH - 1)
                sql = "SELECT content FROM attachment_chunk WHERE position BETWEEN ? AND ? ORDER BY position"
                chunks = [found[0] for found in _readable(source, sql, span)]
                if kept and hashlib.sha256(b"".join(chunks)).digest() != digest:
                    lost.add(digest)
                    continue
                lost.discard(digest)
                self._insert_attachment(row, chunks)
        return len(lost)

    def _insert_attachment(self, row: list[object], chunks: list[bytes]) -> None:
        marks = ", ".join("?" * len(row))
        self._fresh.run(f"INSERT INTO attachment ({_ATTACHMENT_COLUMNS}) VALUES ({marks})", row)
        found = self._fresh.row("SELECT id FROM attachment WHERE digest = ?", (row[0],))
        assert found is not None  # it was put there a line above
        numbered = [(found[0] * _CHUNKS_EACH + number, chunk) for number, chunk in enumerate(chunks)]
        self._fresh.run_many("INSERT INTO attachment_chunk VALUES (?, ?)", numbered)

    def _inbox(self) -> None:
        whole = self._copy_rows("inbox", _INBOX_COLUMNS, "position")
        if not whole:
            self._fresh.run("DELETE FROM setting WHERE key = ?", (SettingKey.INBOX_CURSOR.value,))

    def _copy_rows(self, table: str, columns: str, order: str = "1") -> bool:
        """The rows of a table whose first column is its key; whether the better source told them all."""
        whole = True
        for number, source in enumerate(self._sources):
            try:
                rows = source.rows(f"SELECT {columns} FROM {table} ORDER BY {order}")
            except (JournalError, LibraryError):
                whole = whole and number > 0
                rows = []
            marks = ", ".join("?" * len(columns.split(",")))
            self._fresh.run_many(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", rows)
        return whole

    def _audit(self, last: int) -> None:
        """The log's lines from the first to the first that cannot be read; the fresh log goes on from there."""
        position, previous = 0, bytes(32)
        while True:
            row = next(
                (row for source in self._sources for row in self._line(source, position + 1, previous)), None
            )
            if row is None:
                break
            self._fresh.run("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            position, previous = row[0], row[8]
        told = [
            row[1]
            for source in self._sources[:1]
            for row in _readable(
                source, "SELECT (SELECT ifnull(max(position), 0) FROM audit), told FROM tally"
            )
            if row[0] == position
        ]
        # Where lines are lost, those of entries may be among them: the entries themselves tell that they are here.
        self._fresh.run("UPDATE tally SET told = ?", (min(told[0], last) if told else last,))

    def _line(self, source: Database, position: int, previous: bytes) -> list[Row]:
        rows = _readable(source, f"SELECT {_AUDIT_COLUMNS} FROM audit WHERE position = ?", (position,))
        return [row for row in rows if line_fits(row, position, previous)]

    def _newest(self, source: Database) -> int | None:
        """The highest sequence in the damaged file; None when the end of its table cannot be read."""
        rows = _readable(source, "SELECT ifnull(max(sequence), 0) FROM entry")
        return rows[0][0] if rows else None


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
    return row[12] is None or entry.digest == entry.digest_of_content()


def _readable(source: Database, sql: str, parameters: tuple[object, ...] = ()) -> list[Row]:
    try:
        return source.rows(sql, parameters)
    except (JournalError, LibraryError):
        return []
