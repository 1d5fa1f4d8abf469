"""A chip: its files and records, and how it answers command APDUs (ISO 7816-4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

CONTACT_ATR: Final = bytes.fromhex("3B6E000080318066B08412016E0183009000")
"""T=0; one that vpcd and pcscd take."""
CONTACTLESS_ATR: Final = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
"""PC/SC part 3, 3.1.3.2.3: a storage card of ISO 14443-3 A behind a contactless reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A card's chip."""

    label: str
    atr: bytes = CONTACT_ATR
    """One byte only: a chip that does not answer (the wrong way round)."""
    applications: frozenset[bytes] = frozenset()
    records: dict[tuple[int, int], bytes] = field(default_factory=dict)
    """By file and record number: the record whole, `tag length value`."""
    uid: bytes = b""
    """What a contactless reader says of it."""
    locked: bool = False
    """Gives its records for a PIN only."""


def badge(uid: bytes, label: str = "badge") -> Chip:
    """A contactless badge with a number and nothing else."""
    return Chip(label=label, atr=CONTACTLESS_ATR, uid=uid)


BADGES: Final = {
    chip.label: chip
    for chip in (
        badge(bytes.fromhex("04000000000001"), "badge-assistant"),
        badge(bytes.fromhex("04000000000002"), "badge-site-keeper"),
        badge(bytes.fromhex("04000000000003"), "badge-engineer"),
        badge(bytes.fromhex("00000004"), "badge-unknown"),
    )
}
"""Badges of nobody, by name."""
OTHER_CARDS: Final = {
    "bank": Chip(label="bank", applications=frozenset({b"1PAY.SYS.DDF01"})),
    "mute": Chip(label="mute", atr=b"\xff"),
}
"""What people also put into a slot."""


class Manner(StrEnum):
    """How a card hands out data; depends on the protocol and the reader, and every one is met."""

    PLAIN = "plain"
    FETCH = "61xx"
    """Says how much there is, and waits for GET RESPONSE."""
    RESEND = "6Cxx"
    """Refuses the first question with the right length."""
    BOTH = "6Cxx 61xx"


_GET_UID = bytes.fromhex("FFCA000000")
_OK, _NOT_FOUND, _NO_RECORD = b"\x90\x00", b"\x6a\x82", b"\x6a\x83"
_SECURITY, _NO_INSTRUCTION, _NO_CLASS, _BAD_LENGTH = b"\x69\x82", b"\x6d\x00", b"\x6e\x00", b"\x67\x00"
_NO_FUNCTION = b"\x6a\x81"
_ABOUT_THE_FILE = bytes.fromhex("6F05840373783100")
_SELECT, _READ_RECORD, _GET_RESPONSE = 0xA4, 0xB2, 0xC0


@dataclass
class ChipAtWork:
    """One chip with what it remembers between two commands."""

    chip: Chip
    manner: Manner = Manner.PLAIN
    missing: frozenset[int] = frozenset()
    """Tags whose records it lacks."""
    _application: bool = False
    _file: int = 0
    _waiting: bytes = b""
    _asked: bytes = b""

    def power_up(self) -> None:
        """Forget what was selected."""
        self._application, self._file, self._waiting, self._asked = False, 0, b"", b""

    def answer(self, command: bytes) -> bytes:
        """The response APDU."""
        if command == _GET_UID:
            return self.chip.uid + _OK if self.chip.uid else _NO_FUNCTION
        if len(command) < 4:
            return _BAD_LENGTH
        if command[0] != 0x00:
            return _NO_CLASS
        waiting, self._waiting = self._waiting, b""
        if command[1] == _SELECT:
            return self._select(command)
        if command[1] == _READ_RECORD:
            return self._read_record(command)
        if command[1] == _GET_RESPONSE:
            return waiting + _OK if waiting and command[4:] == bytes([len(waiting)]) else _BAD_LENGTH
        return _NO_INSTRUCTION

    def _select(self, command: bytes) -> bytes:
        name = command[5:]
        if len(command) < 5 or command[4] != len(name):
            return _BAD_LENGTH
        if command[2:4] == b"\x04\x00":
            if name not in self.chip.applications:
                return _NOT_FOUND
            self._application, self._file = True, 0
        elif not self._application or name not in (b"\xef\x05", b"\xef\x06"):
            return _NOT_FOUND
        else:
            self._file = name[1] & 0x0F
        if self.manner in (Manner.FETCH, Manner.BOTH):
            self._waiting = _ABOUT_THE_FILE
            return bytes([0x61, len(_ABOUT_THE_FILE)])
        return _OK

    def _read_record(self, command: bytes) -> bytes:
        if len(command) != 5 or command[3] & 0x07 != 0x04:
            return _BAD_LENGTH
        file = command[3] >> 3 or self._file
        if not self._application or not file:
            return _NOT_FOUND
        if self.chip.locked:
            return _SECURITY
        record = self.chip.records.get((file, command[2]))
        if record is None or record[0] in self.missing:
            return _NO_RECORD
        first = self._asked != command[:4]
        self._asked = command[:4] if first else b""
        if command[4] not in (0, len(record)) or (first and self.manner in (Manner.RESEND, Manner.BOTH)):
            return bytes([0x6C, len(record)])
        if self.manner in (Manner.FETCH, Manner.BOTH):
            self._waiting = record
            return bytes([0x61, len(record)])
        return record + _OK
