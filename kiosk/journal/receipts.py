"""A receipt as the row of its entry holds it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kiosk.domain.receipt import Receipt
from kiosk.journal.database import Row

RECEIPT_COLUMNS = "receipt_number, entry_id, entry.sequence, recorded_at, service_code, digest"


def receipt_of(row: Row) -> Receipt:
    """The receipt in a row that begins with `RECEIPT_COLUMNS`."""
    return Receipt(
        number=row[0],
        entry_id=UUID(bytes=row[1]),
        sequence=row[2],
        received_at=datetime.fromisoformat(row[3]),
        service_code=row[4],
        digest=row[5],
    )
