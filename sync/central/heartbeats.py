"""What heartbeats tell: kept for the operators, and answered with what the platform misses."""

from __future__ import annotations

from sync.central.store import Store, note_chain, noted
from sync.wire import HeartbeatRequest, encode


class Heartbeats:
    """Takes heartbeats in."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(
        self,
        terminal_id: str,
        nonce: str,
        message: HeartbeatRequest,
        clock_offset_s: float | None,
        sequence: int,
    ) -> tuple[int, int]:
        """Keep the latest heartbeat; returns the terminal's high water and its newest inbox number.

        A terminal whose newest entry lies before what is stored of it was restored from an old disk: noted.
        """
        with self._store.transaction(terminal_id) as run:
            self._store.use_nonce(run, terminal_id, nonce)
            found = run.execute(
                "update terminal set last_heard_at = ?, version = ?, heartbeat = ?, clock_offset_s = ?"
                " where terminal_id = ? returning high_water",
                (
                    self._store.now(),
                    message.version,
                    encode(message).decode("utf-8"),
                    clock_offset_s,
                    terminal_id,
                ),
            ).fetchone()
            high_water = int(found[0]) if found else 0
            if sequence < high_water and not noted(run, terminal_id, "rollback", sequence + 1, high_water):
                note_chain(run, terminal_id, "rollback", sequence + 1, high_water, self._store.now())
            head = run.execute(
                "select max(number) from inbox where terminal_id = ?", (terminal_id,)
            ).fetchone()
        return high_water, (head[0] if head else None) or 0
