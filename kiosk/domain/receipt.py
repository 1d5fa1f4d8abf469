"""The receipt number: sixteen digits that belong to exactly one entry of one terminal.

    3705 08 | 12 4416 09 | 73        terminal number (6) · derived from the entry (8) · check (2)

The middle is derived from the entry's identity, so paper and record can never disagree, and it cannot
be guessed by counting up from one's own slip.  The last two digits are ISO/IEC 7064 MOD 97-10, which
finds every single wrong digit and every swapped pair that a person may type.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

SLIP_PREFIX = "LINBAN:R"
"""How the code of every slip begins; what follows says its form."""
_PLAIN = SLIP_PREFIX + "1:"
SIGNED_PREFIX = SLIP_PREFIX + "2:"
"""The receipt number, a colon, and the terminal's signed word (`kiosk.documents.signed_receipt`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the terminal promised: this case was received here, at this time, under this number."""

    number: str
    entry_id: UUID
    sequence: int
    received_at: datetime
    service_code: str
    digest: bytes = b""
    """The entry's own digest: what a signed slip vouches for."""


def receipt_number(terminal_number: str, entry_id: UUID) -> str:
    """The number of the entry `entry_id` of the terminal with the six-digit `terminal_number`."""
    if not (len(terminal_number) == 6 and terminal_number.isascii() and terminal_number.isdigit()):
        raise ValueError(f"a terminal number has six digits, not {terminal_number!r}")
    digest = hashlib.sha256(b"linban receipt number 1\0" + entry_id.bytes).digest()
    body = terminal_number + f"{int.from_bytes(digest[:8], 'big') % 10**8:08d}"
    return body + f"{98 - int(body) * 100 % 97:02d}"


def is_receipt_number(text: str) -> bool:
    """Whether `text` (digits only) has the length and the check digits of a receipt number."""
    return bool(re.fullmatch(r"[0-9]{16}", text, re.ASCII)) and int(text) % 97 == 1


def in_fours(digits: str) -> str:
    """Digits in groups of four, as every screen and slip shows them."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def qr_text(number: str) -> str:
    """What the QR code of a slip holds when there is no signature."""
    return _PLAIN + number


def number_from_scan(text: str) -> str | None:
    """The receipt number that a scanned code names, or None when it names none.

    For looking up: whether a signature holds is only the platform's to say.
    """
    candidate = text.strip()
    if candidate.startswith(SIGNED_PREFIX):
        candidate = candidate[len(SIGNED_PREFIX) :].partition(":")[0]
    elif candidate.startswith(_PLAIN):
        candidate = candidate[len(_PLAIN) :]
    candidate = candidate.replace(" ", "")
    return candidate if is_receipt_number(candidate) else None
