"""A case: what a resident asks for, as it will be sealed and sent. And the honest words for its state."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kiosk.domain.attachment import Attachment
from kiosk.domain.resident import IdentityDocument
from kiosk.domain.trust import Proof


class PlatformState(StrEnum):
    """What the central platform has said of a case. Only the platform's own words get here."""

    UNKNOWN = "unknown"
    """核实中: the platform has not said yet, or its answer was lost."""
    RECEIVED = "received"
    """收件: the platform has it stored."""
    ACCEPTED = "accepted"
    """受理."""
    RETURNED = "returned"
    """退回: something must be mended."""
    REJECTED = "rejected"
    CONCLUDED = "concluded"
    """办结."""


class DeliveryState(StrEnum):
    """Where an entry stands on its way out of this terminal."""

    RECORDED = "recorded"
    LEASED = "leased"
    """A sender holds it until the lease expires; never a state that can stick."""
    ACKNOWLEDGED = "acknowledged"
    """The platform signed that it is stored."""
    PARKED = "parked"
    """The platform refused it for a reason that sending again will not mend; a person must look."""


class ParkReason(StrEnum):
    """Why an entry was set aside so that it blocks nothing."""

    REJECTED = "rejected"
    """The platform will not take it (unknown service, wrong shape)."""
    QUARANTINED = "quarantined"
    """The platform kept it apart: it could not be opened or does not fit the chain."""
    CONFLICT = "conflict"
    """The platform has another body under this key: tampering or a bug; frozen."""
    TOO_MANY_TRIES = "too_many_tries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as the resident confirmed it. Exists unsealed only in memory, until it is recorded."""

    entry_id: UUID
    """UUIDv7, made before the first write and sent with every try: the idempotency key."""
    service_code: str
    pack_version: str
    started_at: datetime
    answers: dict[str, str]
    resident: IdentityDocument | None = None
    proofs: frozenset[Proof] = field(default_factory=frozenset)
    language: str = "zh_CN"
    attachments: tuple[Attachment, ...] = ()
    """What was handed in with it, in the order it was handed in; stored before the case is recorded."""


def new_entry_id() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 random bits.

    The time only keeps the index short; order is by the journal's sequence, never by this.
    """
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    random = int.from_bytes(os.urandom(10), "big")
    value = (
        milliseconds << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    )
    return UUID(int=value)
