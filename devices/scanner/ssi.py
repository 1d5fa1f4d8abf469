"""Zebra's Simple Serial Interface: packets, their sums, and what a DECODE_DATA packet holds.

    length · opcode · source · status · data… · sum (2)

The length counts everything but the sum, which is the two's complement of the sum of all bytes before it,
high byte first.  Source: 0 the decoder, 4 the host.  Status bit 0: sent again; bit 1: more packets of the
same code follow.  Newer scanners set further status bits of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DECODER, HOST = 0, 4
REQUEST_REVISION, REPLY_REVISION = 0xA3, 0xA4
PARAM_SEND: Final = 0xC6
ACK, NAK = 0xD0, 0xD1
START_SESSION, STOP_SESSION = 0xE4, 0xE5
DECODE_DATA, EVENT = 0xF3, 0xF6
NAK_RESEND, NAK_DENIED = 1, 6

_FROM_DECODER: Final = bytes((ACK, NAK, DECODE_DATA, EVENT, REPLY_REVISION, PARAM_SEND))
BEGINNING: Final = re.compile(
    rb"[\x04-\xff](?:\Z|[" + re.escape(_FROM_DECODER) + rb"](?:\Z|\x00))", re.DOTALL
)
"""Where a packet of the scanner may begin. No text does: F3 is followed by more than 00 in every encoding."""
_SENT_AGAIN, _MORE_FOLLOWS = 0x01, 0x02
_HEADER_BYTES, _SUM_BYTES = 4, 2

MAX_DATA_BYTES: Final = 255 - _HEADER_BYTES
SYMBOLOGIES: Final = {
    0x01: "code39",
    0x02: "codabar",
    0x03: "code128",
    0x0B: "ean",
    0x11: "pdf417",
    0x1B: "datamatrix",
    0x1C: "qr",
    0x2D: "aztec",
    0xB7: "hanxin",
}
"""The code types of DECODE_DATA, as far as a kiosk meets them."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet from the scanner."""

    opcode: int
    status: int
    data: bytes
    is_sound: bool
    """Whether the sum agrees; nothing else in it counts when it does not."""

    @property
    def sent_again(self) -> bool:
        """Whether the scanner has sent it before and heard no acknowledgement."""
        return bool(self.status & _SENT_AGAIN)

    @property
    def more_follows(self) -> bool:
        """Whether this is not the last packet of its code."""
        return bool(self.status & _MORE_FOLLOWS)


def packet(opcode: int, data: bytes = b"", *, source: int, status: int = 0) -> bytes:
    """A whole packet, its sum included."""
    body = bytes((_HEADER_BYTES + len(data), opcode, source, status)) + data
    return body + check_sum(body)


def check_sum(body: bytes) -> bytes:
    """The two bytes after `body`."""
    return (-sum(body) & 0xFFFF).to_bytes(_SUM_BYTES, "big")


def first_packet(buffer: bytes) -> tuple[Packet, int] | None:
    """The packet at the start of `buffer` and its size; None while bytes of it are missing."""
    size = buffer[0] + _SUM_BYTES
    if len(buffer) < size:
        return None
    body, found = buffer[: size - _SUM_BYTES], buffer[size - _SUM_BYTES : size]
    sound = found == check_sum(body)
    return Packet(body[1], body[3], body[_HEADER_BYTES:], sound), size
