"""A recorded entry as both ends know it: its header in the clear, its sealed body, its place in the chain.

Each entry's digest covers the digest before it, so the platform sees a gap, a fork (a cloned terminal)
and a rollback (a restored disk).  Header and digest hold nothing about a person.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

_encode = msgspec.json.Encoder(order="sorted").encode

GENESIS = bytes(32)
"""What the first entry of a terminal names as its predecessor."""


class EntryKind(StrEnum):
    """What kind of thing was recorded."""

    CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHeader:
    """What is known of an entry without opening it."""

    terminal_number: str
    entry_id: UUID
    """UUIDv7; the idempotency key."""
    kind: EntryKind
    service_code: str
    pack_version: str
    receipt_number: str

    def binding(self) -> bytes:
        """The canonical bytes that the sealed body is bound to (HPKE `info`)."""
        return _canonical(
            {
                "v": 1,
                "terminal": self.terminal_number,
                "id": str(self.entry_id),
                "kind": self.kind.value,
                "service": self.service_code,
                "pack": self.pack_version,
                "receipt": self.receipt_number,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEntry:
    """One entry as it stands in the journal, and as it travels."""

    header: EntryHeader
    sequence: int
    """1, 2, 3, … a terminal; never a gap."""
    recorded_at: datetime
    """The terminal's wall clock, UTC; may be wrong."""
    boot_id: str
    monotonic_s: float
    sealed: bytes
    previous_digest: bytes
    digest: bytes

    def digest_of_content(self) -> bytes:
        """What `digest` is in an entry that nobody altered."""
        return entry_digest(
            self.header,
            self.sequence,
            self.recorded_at,
            self.boot_id,
            self.monotonic_s,
            self.sealed,
            self.previous_digest,
        )


def entry_digest(
    header: EntryHeader,
    sequence: int,
    recorded_at: datetime,
    boot_id: str,
    monotonic_s: float,
    sealed: bytes,
    previous_digest: bytes,
) -> bytes:
    """SHA-256 over everything that must never change, the predecessor's digest included (32 bytes)."""
    content = _canonical(
        {
            "header": header.binding().decode("utf-8"),
            "sequence": sequence,
            "recorded_at": iso_utc(recorded_at),
            "boot": boot_id,
            "monotonic_ms": round(monotonic_s * 1000),
            "sealed": hashlib.sha256(sealed).hexdigest(),
            "previous": previous_digest.hex(),
        }
    )
    return hashlib.sha256(b"linban entry 1\0" + content).digest()


def iso_utc(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: the one form in which a time is stored, signed and sent."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _canonical(value: dict[str, object]) -> bytes:
    return _encode(value)
