"""What the platform has to say to a terminal, numbered in order; written under the terminal's lock."""

from __future__ import annotations

from datetime import datetime

from kiosk.domain.case import PlatformState
from sync.central.engine import Cursor
from sync.central.successors import heir


def put_message(
    run: Cursor,
    terminal_id: str,
    kind: str,
    entry_id: bytes,
    receipt_number: str,
    state: PlatformState,
    now: str,
    words: str = "",
) -> None:
    """Add a message for the terminal; `run` must hold it (`Store.transaction(terminal_id)`). `words` are for the resident.

    One whose place another terminal took is not there any more: the other one hears it.
    """
    terminal_id = heir(run, terminal_id)
    run.execute(
        "insert into inbox (terminal_id, number, kind, entry_id, receipt_number, state, at, words)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            terminal_id,
            _next_number(run, terminal_id),
            kind,
            entry_id,
            receipt_number,
            state.value,
            now,
            words,
        ),
    )


def _next_number(run: Cursor, terminal_id: str) -> int:
    """Above every number that the terminal may have heard.

    What was said after a backup was made is not here any more once it was put back, and was heard: with the same
    numbers again, something else would be passed over.  So an epoch's numbers begin at the time of its beginning.
    """
    last = run.execute("select max(number) from inbox where terminal_id = ?", (terminal_id,)).fetchone()
    begun = run.execute("select max(begun_at) from epoch").fetchone()
    floor = round(datetime.fromisoformat(begun[0]).timestamp() * 1000) if begun and begun[0] else 0
    return max(int(last[0] or 0) if last else 0, floor) + 1
