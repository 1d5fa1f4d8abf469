"""Checking a whole journal: page MACs, the database's own structure, both chains, gaps and counters."""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

import re
from dataclasses import dataclass

from kiosk.domain.entry import GENESIS
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.audit import Audit
from kiosk.journal.database import Database, LibraryError
from kiosk.journal.entries import ENTRY_COLUMNS, entry_of
from kiosk.journal.os_fault import NOT_OF_THE_FILE

_QUICK_TAIL = 256
_MAX_PROBLEMS = 20
_TO_SPARE_BYTES = 1024 * 1024
_NO_MEMORY = re.compile(r"error code=(?:7|3082)\b", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a check found. `ok` is the short answer."""

    quick: bool
    problems: tuple[str, ...]
    """Page MACs, structure, foreign keys, counters: the library's words, at most twenty."""
    entries_checked: int
    chain_broken_at: int | None
    """Sequence of the first entry that does not follow from the one before."""
    gaps: tuple[int, ...]
    """Sequences before which entries are known to be lost (salvaged from a damaged file)."""
    audit_broken_at: int | None
    undone: JournalFault | None = None
    """Why the check could not be made to its end, where that says nothing of the file: no memory, no descriptor, busy."""

    @property
    def ok(self) -> bool:
        """Whether everything that was looked at is as it was written. A known gap is no fault."""
        return not self.problems and self.chain_broken_at is None and self.audit_broken_at is None


def verify(database: Database, audit: Audit, quick: bool) -> Verification:
    """Check the journal. Quick: only the newest entries and audit lines, no walk over every page."""
    problems: list[str] = []
    checked, chain_broken_at, audit_broken_at, undone = 0, None, None, None
    gaps: tuple[int, ...] = ()
    try:
        if not quick:
            problems += _page_problems(database)
        gaps = tuple(row[0] for row in database.rows("SELECT sequence FROM chain_break ORDER BY sequence"))
        checked, chain_broken_at = _walk_chain(database, gaps, quick)
        audit_broken_at = audit.first_fault(_QUICK_TAIL if quick else None)
        if not quick:
            problems += _counter_problems(database) + _attachment_problems(database)
    except (JournalError, LibraryError) as error:
        problems.append(str(error))
        if isinstance(error, JournalError) and error.fault in NOT_OF_THE_FILE:
            undone = error.fault
    return Verification(
        quick=quick,
        problems=tuple(problems[:_MAX_PROBLEMS]),
        entries_checked=checked,
        chain_broken_at=chain_broken_at,
        gaps=gaps,
        audit_broken_at=audit_broken_at,
        undone=undone,
    )


def structure_problems(database: Database, check: str) -> list[str]:
    """What SQLite's own `check` finds. Raises `JournalError(NO_MEMORY)`.

    The check tells an allocation that failed as a page that it "failed to get", often without a code; so what it
    finds counts only while there is memory to spare.
    """
    problems = [str(row[0]) for row in database.rows(check)]
    if problems == ["ok"]:
        return []
    if any(_NO_MEMORY.search(one) for one in problems):
        raise JournalError(JournalFault.NO_MEMORY, problems[0])
    database.row(f"SELECT length(randomblob({_TO_SPARE_BYTES}))")
    return problems


def _page_problems(database: Database) -> list[str]:
    problems = [str(row[0]) for row in database.rows("PRAGMA cipher_integrity_check")]
    if problems and _log_is_folded_in(database):
        problems = [str(row[0]) for row in database.rows("PRAGMA cipher_integrity_check")]
        if problems:
            return problems
    problems = structure_problems(database, "PRAGMA integrity_check(20)")
    problems += [f"foreign key: {row}" for row in database.rows("PRAGMA foreign_key_check")]
    return problems


def _log_is_folded_in(database: Database) -> bool:
    """Fold the whole log into the main file; False when somebody else's reading did not let us.

    The MAC check reads the main file alone.  A power cut while the log was being folded in leaves half
    pages there, of which the log, synced before, holds every whole one: that is no damage.  Where it cannot
    be folded in now, the walk through the structure reads each page in use where it counts, MAC and all.
    """
    row = database.row("PRAGMA wal_checkpoint(FULL)")
    return row is not None and row[0] == 0 and row[1] == row[2]


def _walk_chain(database: Database, gaps: tuple[int, ...], quick: bool) -> tuple[int, int | None]:
    """How many entries were checked, and the sequence of the first that does not fit."""
    newest = database.row("SELECT max(sequence) FROM entry")
    last = int(newest[0] or 0) if newest else 0
    start = max(last - _QUICK_TAIL, 0) + 1 if quick else 1
    before = database.row("SELECT digest FROM entry WHERE sequence = ?", (start - 1,))
    expected_sequence, expected = start, before[0] if before else GENESIS
    checked = 0
    sql = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE sequence >= ? ORDER BY sequence"
    for row in database.stream(sql, (start,)):
        entry = entry_of(row)
        known_gap = entry.sequence in gaps and entry.sequence >= expected_sequence
        follows = entry.sequence == expected_sequence and entry.previous_digest == expected
        # The digest of an entry whose body was dropped cannot be made again; its link still counts.
        whole = row[-1] is None or entry.digest == entry.digest_of_content()
        if not (follows or known_gap) or not whole:
            return checked, entry.sequence
        checked += 1
        expected_sequence, expected = entry.sequence + 1, entry.digest
    return checked, None


def _attachment_problems(database: Database) -> list[str]:
    """Attachments of which a piece is missing. That a piece is as it was written is its page's MAC to tell."""
    rows = database.rows(
        "SELECT id, size_bytes, (SELECT ifnull(sum(length(content)), 0) FROM attachment_chunk"
        " WHERE position BETWEEN id * 65536 AND id * 65536 + 65535) AS stored FROM attachment"
        " WHERE content_kept = 1 AND stored <> size_bytes LIMIT 20"
    )
    return [f"attachment {row[0]} has {row[2]} bytes of {row[1]}" for row in rows]


def _counter_problems(database: Database) -> list[str]:
    row = database.row(
        "SELECT (SELECT count(*) FROM entry),"
        " (SELECT count(*) FROM entry WHERE sequence <= (SELECT ifnull(max(sequence), 0) FROM delivery)),"
        " (SELECT count(*) FROM delivery),"
        " (SELECT ifnull(max(sequence), 0) FROM entry) - missing,"
        " (SELECT count(*) FROM delivery WHERE state = 'acknowledged'), acknowledged,"
        " (SELECT count(*) FROM delivery WHERE state = 'parked'), parked,"
        " (SELECT ifnull(max(sequence), 0) FROM delivery WHERE state = 'acknowledged') > highest_acknowledged"
        " FROM tally"
    )
    if row is None:
        return ["the tally is empty"]
    entries, tried, deliveries, total, acknowledged, told_acknowledged, parked, told_parked, forgot = row
    problems = []
    if entries != total:
        problems.append(f"{entries} entries, {total} by the tally")
    if tried != deliveries:
        problems.append(f"{deliveries} deliveries for {tried} entries")
    if (acknowledged, parked) != (told_acknowledged, told_parked):
        problems.append("the tally of acknowledged or parked entries is wrong")
    if forgot:
        problems.append("an entry above the highest acknowledged one is acknowledged")
    return problems
