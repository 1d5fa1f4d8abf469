"""The command languages that make a scanner look, as data.

Newland: "unified commands" of the NLS guides.  Honeywell: trigger and menu commands of the serial
programming chapters; its trigger is never answered, so a question about the trigger mode stands in for the
proof that somebody is there.  Zebra: `devices.scanner.ssi`.  GM65 modules: register 0002, CRC-16/XMODEM
over everything after `7E 00` (replies: after `02 00`).
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Final

from devices.scanner import ssi
from kiosk.device_settings import Trigger

NEWLAND_HEAD: Final = b"\x7e\x010000"
NEWLAND_REPLY_HEAD: Final = b"\x02\x010000"
NEWLAND_TAIL: Final = b";\x03"
GM65_HEAD: Final = b"\x7e\x00"
GM65_REPLY_HEAD: Final = b"\x02\x00"
HONEYWELL_MENU: Final = b"\x16M\r"
ACK, NAK, ENQ = b"\x06", b"\x15", b"\x05"
"""Done; value out of range; not supported. The same three in Newland's and Honeywell's answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What is sent to one family of scanners."""

    start: bytes
    """Look for a code now."""
    stop: bytes
    probe: bytes
    """A harmless command that is always answered: the proof that the scanner is there and understands."""
    start_is_answered: bool = True


def newland_command(tag: bytes) -> bytes:
    """A temporary setting (`#`), forgotten when the scanner loses power."""
    return NEWLAND_HEAD + b"#" + tag + NEWLAND_TAIL


def newland_reply(tag: bytes, status: bytes) -> bytes:
    """What the scanner says to it."""
    return NEWLAND_REPLY_HEAD + b"#" + tag + status + NEWLAND_TAIL


def gm65_command(register: int, value: int) -> bytes:
    """Write one byte to a register."""
    body = bytes((0x08, 0x01)) + register.to_bytes(2, "big") + bytes((value,))
    return GM65_HEAD + body + gm65_crc(body)


def gm65_reply(data: bytes = b"\x00", status: int = 0) -> bytes:
    """What the module says to it; `status` 0 is done."""
    body = bytes((status, len(data))) + data
    return GM65_REPLY_HEAD + body + gm65_crc(body)


def gm65_crc(body: bytes) -> bytes:
    """CRC-16/XMODEM, high byte first."""
    return binascii.crc_hqx(body, 0).to_bytes(2, "big")


_GM65_TRIGGER: Final = 0x0002

LANGUAGES: Final[dict[Trigger, Language]] = {
    Trigger.NEWLAND: Language(
        start=newland_command(b"SCNTRG1"),
        stop=newland_command(b"SCNTRG0"),
        probe=newland_command(b"SCNTRG0"),
    ),
    Trigger.HONEYWELL: Language(
        start=b"\x16T\r",
        stop=b"\x16U\r",
        probe=HONEYWELL_MENU + b"TRGMOD?.",
        start_is_answered=False,
    ),
    Trigger.ZEBRA_SSI: Language(
        start=ssi.packet(ssi.START_SESSION, source=ssi.HOST),
        stop=ssi.packet(ssi.STOP_SESSION, source=ssi.HOST),
        probe=ssi.packet(ssi.STOP_SESSION, source=ssi.HOST),
    ),
    Trigger.GM65: Language(
        start=gm65_command(_GM65_TRIGGER, 1),
        stop=gm65_command(_GM65_TRIGGER, 0),
        probe=gm65_command(_GM65_TRIGGER, 0),
    ),
}
