"""Likeness: "was the same thing handed in by the same person already?", without keeping who anybody is.

What is kept is a keyed hash of service and identity number.  The key is this journal's own, so nobody can try
numbers without the journal's key; and service and person are hashed together, so two entries do not tell that
they are one person's.  It goes when the sealed body goes.
"""

from __future__ import annotations

import hmac

from kiosk.domain.receipt import Receipt
from kiosk.journal.database import Database
from kiosk.journal.receipts import RECEIPT_COLUMNS, receipt_of
from kiosk.journal.settings import SettingKey

_BYTES = 16
_KEY = f"SELECT value FROM setting WHERE key = '{SettingKey.LIKENESS_KEY}'"  # noqa: S608  a constant of ours
_WRITE_DOWN = (
    "INSERT INTO likeness SELECT likeness, sequence FROM entry"
    " WHERE sequence > (SELECT likened FROM tally) AND likeness IS NOT NULL"
)
_NOTE = (
    "UPDATE tally SET likened = (SELECT max(sequence) FROM entry)"
    " WHERE likened < (SELECT max(sequence) FROM entry)"
)
_SIMILAR = f"""
SELECT {RECEIPT_COLUMNS}
FROM (SELECT sequence FROM likeness WHERE likeness = ?1
      UNION ALL SELECT sequence FROM entry WHERE sequence > (SELECT likened FROM tally) AND likeness = ?1)
     JOIN entry USING (sequence) LEFT JOIN delivery USING (sequence)
WHERE ifnull(platform_state, 'unknown') NOT IN ('returned', 'rejected', 'concluded')
ORDER BY entry.sequence DESC LIMIT 1
"""  # noqa: S608  constants of ours


class Likeness:
    """The keyed hashes of one journal."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key: bytes | None = None

    def of(self, service_code: str, identity_number: str) -> bytes | None:
        """The hash, or None where nobody is known to compare (or this journal lost its key)."""
        if not identity_number:
            return None
        if self._key is None:
            row = self._database.row(_KEY)
            self._key = row[0] if row else None
        if self._key is None:
            return None
        content = f"{service_code}\0{identity_number.upper()}".encode()
        return hmac.digest(self._key, content, "sha256")[:_BYTES]

    def newest(self, likeness: bytes) -> Receipt | None:
        """The newest entry of this likeness that is not over (returned, rejected, concluded)."""
        row = self._database.row(_SIMILAR, (likeness,))
        return receipt_of(row) if row else None


def write_down_within(database: Database) -> None:
    """Put the entries that have none yet into the `likeness` table, inside a transaction that the caller holds."""
    database.run(_WRITE_DOWN)
    database.run(_NOTE)
