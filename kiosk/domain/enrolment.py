"""What a terminal is told when it is enrolled: who it is, and which keys the platform speaks with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The platform's answer to an enrolment code. Without it a terminal must not receive cases."""

    terminal_id: str
    terminal_number: str
    """Six digits; the beginning of every receipt number made here."""
    region_code: str
    sealing_key: bytes
    """X25519 public key, 32 bytes raw: cases are sealed to it."""
    signing_key: bytes
    """Ed25519 public key, 32 bytes raw: the platform's acknowledgements and answers verify with it."""


class Standing(StrEnum):
    """What the platform thinks of this terminal's chain of entries. Anything but OK stops new receipts here."""

    OK = "ok"
    ROLLED_BACK = "rolled_back"
    """The platform holds entries that this journal does not know: an old disk was put back."""
    CLONED = "cloned"
    """Another entry stands at a place of this chain: two terminals use one identity."""
    SUSPENDED = "suspended"
    """An operator stopped it, or another terminal took its place."""
    KEY_LOST = "key_lost"
    """Found here and not by the platform: the key that this terminal speaks with is gone, or is another one."""
