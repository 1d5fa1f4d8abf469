"""Head-room: how many days of queue the disk still takes, and what must stop before it is full.

Attachments stop first, then new cases, and what is left then is kept for sending and settling what was promised.
Every figure here costs the same at a million entries: the pace comes from the newest few hundred.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.journal.database import Database
from kiosk.journal.reserve import SHARE

_PACE_ENTRIES = 1_000
_SIZE_ENTRIES = 100
_ROW_BYTES = 1_100
"""Of everything but the sealed body: header, indexes, delivery with its signature, print job, audit lines."""
_DAY_S = 86_400.0
_LEAST_SPAN_S = _DAY_S
"""A morning's rush is not the pace of a day."""
_LONGEST_SPAN_S = 400 * _DAY_S
"""A longer one is a clock that jumped."""
_NEWEST = "SELECT sequence, recorded_at, boot_id, monotonic_ms FROM entry ORDER BY sequence DESC LIMIT 1"
_BEFORE = "SELECT sequence, recorded_at, boot_id, monotonic_ms FROM entry WHERE sequence >= ? ORDER BY sequence LIMIT 1"
_SIZE = (
    "SELECT count(*), ifnull(sum(length(sealed)), 0) + ifnull(sum((SELECT sum(size_bytes) FROM attachment"
    " WHERE attachment.entry_id = newest.entry_id)), 0)"
    " FROM (SELECT entry_id, sealed FROM entry ORDER BY sequence DESC LIMIT ?) AS newest"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRoom:
    """What the disk still takes."""

    days_left: float | None
    """Days until new cases must be refused if nothing were sent from now on; None: no pace is known yet."""
    attachments_allowed: bool
    cases_allowed: bool


def measure(database: Database, free_bytes: int, reserve_bytes: int, reserve_held: bool) -> HeadRoom:
    """Judge `free_bytes` of disk, of which `reserve_bytes` are to be kept back."""
    last_bytes = reserve_bytes // 2
    # A reserve that was given free (or not made yet) has to be made again before anything new is taken in.
    missing_bytes = 0 if reserve_held else reserve_bytes // SHARE
    room_bytes = free_bytes + _reusable_bytes(database) - missing_bytes
    bytes_a_day = _bytes_a_day(database)
    log_fits = free_bytes >= reserve_bytes // 8
    cases = log_fits and room_bytes >= last_bytes
    return HeadRoom(
        days_left=None if bytes_a_day is None else max(room_bytes - last_bytes, 0) / bytes_a_day,
        attachments_allowed=cases and room_bytes >= reserve_bytes,
        cases_allowed=cases,
    )


def _reusable_bytes(database: Database) -> int:
    """Pages that dropped bodies left inside the file."""
    pages, size = database.row("PRAGMA freelist_count"), database.row("PRAGMA page_size")
    return int(pages[0]) * int(size[0]) if pages and size else 0


def _bytes_a_day(database: Database) -> float | None:
    newest = database.row(_NEWEST)
    first = database.row(_BEFORE, (newest[0] - _PACE_ENTRIES,)) if newest else None
    size = database.row(_SIZE, (_SIZE_ENTRIES,))
    if newest is None or first is None or size is None or newest[0] == first[0]:
        return None
    if newest[2] == first[2]:
        span_s = (newest[3] - first[3]) / 1000
    else:
        # Only the wall clock spans boots, and it may have been wrong at either end.
        span_s = (datetime.fromisoformat(newest[1]) - datetime.fromisoformat(first[1])).total_seconds()
        if not 0 <= span_s <= _LONGEST_SPAN_S:
            return None
    entries_a_day: float = (newest[0] - first[0]) / max(span_s, _LEAST_SPAN_S) * _DAY_S
    bytes_each = float(size[1]) / int(size[0]) + _ROW_BYTES
    return max(entries_a_day * bytes_each, 1.0)
