"""The messages about paper: the key that signs slips, and a case that is made known again from its slip."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from kiosk.domain.case import PlatformState
from sync.wire import PublicKey, ReceiptNumber


class SlipKeyRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A terminal tells which key its slips are signed with from now on."""

    public_key: PublicKey


class SlipKeyAnswer(Struct, frozen=True, kw_only=True):
    """The key is known; `key_id` is what slips name it by, in hexadecimal digits."""

    key_id: Annotated[str, Meta(max_length=64)]


class ReclaimRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was scanned from a slip whose case the platform does not know."""

    text: Annotated[str, Meta(min_length=1, max_length=1024)]


class Reclaim(StrEnum):
    """What a slip led to."""

    KNOWN = "known"
    """The case is here, whole; nothing had to be done."""
    RECLAIMED = "reclaimed"
    """Received, by the paper alone: what the resident wrote has not come (yet)."""
    SET_APART = "set_apart"
    """The case came and was set apart for a person to look at."""


class ReclaimAnswer(Struct, frozen=True, kw_only=True):
    """What is known of the case now."""

    receipt_number: ReceiptNumber
    result: Reclaim
    state: PlatformState
    service_code: str
    terminal_number: str
    received_at: str
    agrees: bool = True
    """False: the platform holds another body of this case, or another case at its place in the terminal's chain."""
