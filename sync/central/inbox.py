"""What the platform has to say to a terminal, numbered in order; written under the terminal's lock."""

from __future__ import annotations

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
        " select ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ? from inbox where terminal_id = ?",
        (terminal_id, kind, entry_id, receipt_number, state.value, now, words, terminal_id),
    )
