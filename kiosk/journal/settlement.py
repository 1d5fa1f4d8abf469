"""What became of the tries to send: the values that `Outbox.settle` writes down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kiosk.domain.case import ParkReason, PlatformState


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The platform signed that it holds the entry; `token` is the signed acknowledgement as it came."""

    entry_id: UUID
    token: bytes
    platform_state: PlatformState = PlatformState.RECEIVED
    stored_at: datetime | None = None
    """When it was stored, by the platform's clock: what retention counts from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """The platform refused the entry and sending it again will not help."""

    entry_id: UUID
    reason: ParkReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The try came to nothing; free the lease, and leave the entry alone for `retry_in_s`."""

    entry_id: UUID
    retry_in_s: float = 0.0


Settlement = Acknowledged | Parked | Released
