"""What is missing of a terminal's chain: noted when it was jumped over, told to the terminal, closed when it came."""

from __future__ import annotations

from sync.central.engine import Cursor

_LOOKED_AT = 5000
"""Stored entries that one look at a gap reads: a heartbeat must stay cheap over a gap of a year."""


def close_gaps(run: Cursor, terminal_id: str, now: str) -> None:
    """Close every gap whose entries have all come since."""
    run.execute(
        "update chain_note set closed_at = ? where terminal_id = ? and kind = 'gap' and closed_at is null"
        " and (select count(distinct sequence) from entry where entry.terminal_id = chain_note.terminal_id"
        "      and entry.sequence between coalesce(missing_from, first_sequence) and last_sequence)"
        "     = last_sequence - coalesce(missing_from, first_sequence) + 1",
        (now, terminal_id),
    )


def missing_ranges(run: Cursor, terminal_id: str, most: int) -> list[tuple[int, int]]:
    """First and last of what is missing below the high water, at most `most` ranges, the lowest first.

    A gap that is filled from its beginning is looked at from where it still misses something.
    """
    notes = run.execute(
        "select number, coalesce(missing_from, first_sequence), last_sequence from chain_note"
        " where terminal_id = ? and kind = 'gap' and closed_at is null order by first_sequence limit ?",
        (terminal_id, most),
    ).fetchall()
    found: list[tuple[int, int]] = []
    for number, first, last in notes:
        if len(found) >= most:
            break
        here = _holes(run, terminal_id, first, last)
        if here and here[0][0] > first:
            moved = "update chain_note set missing_from = ? where terminal_id = ? and number = ?"
            run.execute(moved, (here[0][0], terminal_id, number))
        found += here
    return found[:most]


def _holes(run: Cursor, terminal_id: str, first: int, last: int) -> list[tuple[int, int]]:
    """What is missing between `first` and `last`, as far as one look reaches."""
    rows = run.execute(
        "select distinct sequence from entry where terminal_id = ? and sequence between ? and ?"
        " order by sequence limit ?",
        (terminal_id, first, last, _LOOKED_AT),
    ).fetchall()
    holes, due = [], first
    for (sequence,) in rows:
        if sequence > due:
            holes.append((due, sequence - 1))
        due = sequence + 1
    if due <= last:
        # Also after a look that ended early: from there on it is told as missing, and duplicates do no harm.
        holes.append((due, last))
    return holes
