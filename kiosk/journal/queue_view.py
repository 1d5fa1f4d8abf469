"""The outbox to look at: in numbers, and as a list for staff. Nothing here writes."""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kiosk.clock import Clock
from kiosk.domain.case import DeliveryState, ParkReason, PlatformState
from kiosk.journal.database import Database, Row

HIGHEST_TRIED = "(SELECT ifnull(max(sequence), 0) FROM delivery)"
"""The entries above this sequence were never handed to a sender and have no delivery row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSummary:
    """The outbox in numbers."""

    pending: int
    """Neither acknowledged nor parked, and not under a running lease."""
    leased: int
    parked: int
    acknowledged: int
    oldest_unsent_s: float | None
    """Age of the oldest entry that is pending or leased; None when there is none."""
    last_acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One line of a listing for staff; nothing personal."""

    sequence: int
    entry_id: UUID
    receipt_number: str
    service_code: str
    recorded_at: datetime
    delivery: DeliveryState
    attempts: int
    platform: PlatformState
    park_reason: ParkReason | None
    park_detail: str


_UNDELIVERED = (DeliveryState.LEASED, DeliveryState.RECORDED, DeliveryState.PARKED)
_SUMMARY = f"""
SELECT ifnull((SELECT max(sequence) FROM entry), 0) - missing, acknowledged, parked,
       (SELECT count(*) FROM delivery INDEXED BY delivery_leased
        WHERE state = 'leased' AND due_ms > ? AND due_boot = ?),
       last_acknowledged_at,
       (SELECT min(first) FROM (
          SELECT min(sequence) AS first FROM delivery INDEXED BY delivery_waiting WHERE state = 'recorded'
          UNION ALL SELECT min(sequence) FROM delivery INDEXED BY delivery_leased WHERE state = 'leased'
          UNION ALL SELECT min(sequence) FROM entry WHERE sequence > {HIGHEST_TRIED}))
FROM tally
"""
_LISTED = (
    "entry.sequence, entry_id, receipt_number, service_code, recorded_at, ifnull(state, 'recorded'),"
    " ifnull(attempts, 0), ifnull(platform_state, 'unknown'), park_reason, ifnull(park_detail, '')"
)
_LISTING = (
    f"SELECT {_LISTED} FROM delivery JOIN entry USING (sequence) WHERE state = ?"
    " ORDER BY delivery.sequence LIMIT ?"
)
_LISTING_FRESH = (
    f"SELECT {_LISTED} FROM entry LEFT JOIN delivery USING (sequence) WHERE entry.sequence > {HIGHEST_TRIED}"
    " ORDER BY entry.sequence LIMIT ?"
)


class QueueView:
    """Reads entries and deliveries side by side."""

    def __init__(self, database: Database, clock: Clock, boot: str) -> None:
        self._database, self._clock, self._boot = database, clock, boot

    def summary(self) -> QueueSummary:
        """The outbox in numbers, at a cost that does not grow with what was delivered."""
        row = self._database.row(_SUMMARY, (round(self._clock.monotonic() * 1000), self._boot))
        assert row is not None  # the schema put the one row of the tally there
        total, acknowledged, parked, leased, last, oldest = row
        return QueueSummary(
            pending=total - acknowledged - parked - leased,
            leased=leased,
            parked=parked,
            acknowledged=acknowledged,
            oldest_unsent_s=None if oldest is None else self._age_s(oldest),
            last_acknowledged_at=datetime.fromisoformat(last) if last else None,
        )

    def listing(self, state: DeliveryState | None = None, limit: int = 200) -> list[OutboxItem]:
        """The oldest entries in `state`, in order; without one, everything that is not acknowledged."""
        wanted = _UNDELIVERED if state is None else (state,)
        found: list[OutboxItem] = []
        for one in wanted:
            found += [_item(row) for row in self._database.rows(_LISTING, (one.value, limit))]
        if DeliveryState.RECORDED in wanted:
            found += [_item(row) for row in self._database.rows(_LISTING_FRESH, (limit,))]
        return sorted(found, key=lambda item: item.sequence)[:limit]

    def _age_s(self, sequence: int) -> float:
        row = self._database.row(
            "SELECT recorded_at, boot_id, monotonic_ms FROM entry WHERE sequence = ?", (sequence,)
        )
        assert row is not None
        if row[1] == self._boot:
            return max(self._clock.monotonic() - int(row[2]) / 1000, 0.0)
        # Another boot: only the wall clock spans it, and that one may have been set back.
        return max((self._clock.now() - datetime.fromisoformat(row[0])).total_seconds(), 0.0)


def _item(row: Row) -> OutboxItem:
    return OutboxItem(
        sequence=row[0],
        entry_id=UUID(bytes=row[1]),
        receipt_number=row[2],
        service_code=row[3],
        recorded_at=datetime.fromisoformat(row[4]),
        delivery=DeliveryState(row[5]),
        attempts=row[6],
        platform=PlatformState(row[7]),
        park_reason=ParkReason(row[8]) if row[8] else None,
        park_detail=row[9],
    )
