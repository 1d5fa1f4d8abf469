"""The number of a contactless badge: GET DATA of PC/SC part 3 (3.2.2.1.3), answered by the reader itself."""

from __future__ import annotations

from typing import Final

from devices.transport.apdu import OK, Transmit, ask

GET_UID: Final = bytes.fromhex("FFCA000000")
_UID_BYTES: Final = (4, 7, 8, 10)
"""ISO 14443-3 A single, double and triple size (B: 4); ISO 15693: 8."""


def read_uid(transmit: Transmit) -> bytes | None:
    """The badge's number; None when this is no contactless card. What `transmit` raises passes through."""
    response = ask(transmit, GET_UID)
    if response is None or response.word != OK or len(response.data) not in _UID_BYTES:
        return None
    # All zeros or all ones is what some readers say of a card they could not tell.
    return response.data if response.data.strip(b"\x00") and response.data.strip(b"\xff") else None
