"""A terminal without a journal: its key, and a chain of real sealed entries, made as fast as they can be sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain.entry import GENESIS, RecordedEntry
from sync.central.exchange import Platform
from sync.central.store import Terminal
from sync.heartbeat_wire import HeartbeatRequest
from sync.wire import WireEntry, to_wire
from tests.invented_entries import next_entry, redigested

_START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@dataclass
class SimulatedTerminal:
    """An enrolled terminal; `entries` is its chain."""

    known: Terminal
    key: Ed25519PrivateKey
    sealing_key: bytes
    boot_id: str = "boot-1"
    entries: list[RecordedEntry] = field(default_factory=list)
    nonces: int = 0

    @property
    def terminal_id(self) -> str:
        return self.known.terminal_id

    def record(self, count: int = 1, **changes: Any) -> list[WireEntry]:
        """Make more entries; `changes` alter the last before its digest is made."""
        made = []
        for _ in range(count):
            entry = next_entry(
                self.known.terminal_number,
                self.entries[-1] if self.entries else None,
                self.sealing_key,
                self.boot_id,
            )
            self.entries.append(redigested(entry, **changes))
            made.append(to_wire(self.entries[-1]))
        return made

    def wire(self) -> list[WireEntry]:
        return [to_wire(entry) for entry in self.entries]

    def nonce(self) -> str:
        self.nonces += 1
        return f"{self.terminal_id}-{self.nonces}"

    def heartbeat(self, **changes: Any) -> HeartbeatRequest:
        """How it is: in good health, with everything acknowledged."""
        tail = self.entries[-1] if self.entries else None
        said: dict[str, Any] = {
            "version": "0.1.0",
            "pending": 0,
            "parked": 0,
            "uptime_s": 2000.0 + self.nonces,  # later with each request
            "boot_id": self.boot_id,
            "tail_sequence": tail.sequence if tail else 0,
            "tail_digest": tail.digest if tail else GENESIS,
            "acknowledged_sequence": tail.sequence if tail else 0,
            "disk_free_bytes": 10_000_000_000,
        }
        return HeartbeatRequest(**{**said, **changes})


def enrolled(platform: Platform, name: str = "one") -> SimulatedTerminal:
    """A new terminal of this platform."""
    key = Ed25519PrivateKey.generate()
    code = f"code-{name}"
    platform.store.add_enrolment_code(code, timedelta(hours=1))
    known = platform.store.enrol(code, key.public_key().public_bytes_raw(), platform.region_code, "0.1.0")
    return SimulatedTerminal(known, key, platform.keys.sealing.public_key().public_bytes_raw())
