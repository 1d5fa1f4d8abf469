"""Retention: what the platform has held long enough leaves this disk; its digest stays in the chain.

Only the platform's clock counts, on both sides of the comparison: when it stored the entry, and what it says the
time is now.  This terminal's own clock is never asked, so a battery that died or a jump of ten years drops nothing.
What was acknowledged before the platform said when counts from the first time that it says what time it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk.domain.entry import iso_utc
from kiosk.journal.attachments import Attachments
from kiosk.journal.audit import Audit, AuditEvent, AuditField
from kiosk.journal.database import Database

_BATCH = 500
"""Rows a commit: a resident must not wait behind a month of them."""
_OLD = (
    "SELECT sequence FROM delivery INDEXED BY delivery_kept WHERE state = 'acknowledged' AND body_kept = 1"
    " AND stored_at < ? ORDER BY stored_at, sequence LIMIT ?"
)
_UNDATED = (
    "SELECT sequence FROM delivery INDEXED BY delivery_kept WHERE state = 'acknowledged' AND body_kept = 1"
    " AND stored_at IS NULL LIMIT ?"
)


class Retention:
    """Drops bodies, attachments and likeness of entries that the platform has held long enough."""

    def __init__(self, database: Database, attachments: Attachments, audit: Audit) -> None:
        self._database, self._attachments, self._audit = database, attachments, audit

    def drop_delivered(self, trusted_now: datetime, days: int) -> int:
        """Drop what the platform stored more than `days` before `trusted_now`; how many entries that was.

        `trusted_now` is the platform's own clock, from an answer that verified.  Attachments that the platform
        does not hold whole stay, whatever became of their entry.
        """
        if days < 1:
            raise ValueError("what the platform may still ask for again is kept for a day at least")
        self._date_the_undated(trusted_now)
        before, dropped = iso_utc(trusted_now - timedelta(days=days)), 0
        while True:
            with self._database.transaction():
                old = [row[0] for row in self._database.rows(_OLD, (before, _BATCH))]
                for sequence in old:
                    self._drop_within(sequence)
                if old:
                    self._audit.append_within(AuditEvent.BODIES_DROPPED, "", {AuditField.COUNT: len(old)})
            dropped += len(old)
            if len(old) < _BATCH:
                return dropped

    def _date_the_undated(self, trusted_now: datetime) -> None:
        while self._database.row(_UNDATED, (1,)) is not None:
            with self._database.transaction():
                rows = self._database.rows(_UNDATED, (_BATCH,))
                stored_at = iso_utc(trusted_now)
                self._database.run_many(
                    "UPDATE delivery SET stored_at = ? WHERE sequence = ?",
                    [(stored_at, row[0]) for row in rows],
                )

    def _drop_within(self, sequence: int) -> None:
        row = self._database.row("SELECT likeness, entry_id FROM entry WHERE sequence = ?", (sequence,))
        assert row is not None  # a foreign key binds every delivery to its entry
        if row[0] is not None:
            self._database.run("DELETE FROM likeness WHERE likeness = ? AND sequence = ?", (row[0], sequence))
        self._database.run("UPDATE entry SET sealed = NULL, likeness = NULL WHERE sequence = ?", (sequence,))
        self._database.run("UPDATE delivery SET body_kept = 0 WHERE sequence = ?", (sequence,))
        self._attachments.drop_delivered_within(row[1])
