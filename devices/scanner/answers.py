"""Tells a scanner's answers to commands from the codes in the same stream of bytes.

What is left over is still to be cut into codes (`devices.scanner.protocol`).  An answer may arrive in
pieces: its beginning is held back until the rest is there, or until it is clear that it never was one.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from devices.scanner import ssi
from devices.scanner import trigger as words
from kiosk.device_settings import Trigger

HOLD_S: Final = 0.15
"""The rest of an answer comes within one byte time; a busy machine looks late."""
_MAX_NEWLAND_BYTES: Final = 128
_MAX_ANSWER_BYTES: Final = 512
"""Longer than any answer."""
_MAX_PACKETED_BYTES: Final = 8192
"""What the packets of one code may hold together; the reader's own limit then names it."""


@dataclass(frozen=True, slots=True)
class Loose:
    """Bytes of codes, not yet cut."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """One code in packets of its own."""

    code: bytes
    symbology: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The scanner's word on a command."""

    done: bool
    echoed: bool = False
    """The command's own text came before it, and was taken for the beginning of a code."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What must be sent back, or the scanner sends its packet again."""

    data: bytes


Piece = Loose | Packed | Reply | Owed


class Separator:
    """Bytes in, pieces out. This one has no answers to look for."""

    @property
    def holding(self) -> bool:
        """Whether the beginning of something is held back."""
        return False

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces that `data` completes, in order."""
        return [Loose(data)] if data else []

    def release(self) -> list[Piece]:
        """What was held back was no answer after all."""
        return []

    def forget(self) -> None:
        """Begin anew."""


class _Searching(Separator, ABC):
    """Looks for something that begins with a certain byte and tells its own length."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def holding(self) -> bool:
        """See `Separator`."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Piece]:
        """See `Separator`."""
        self._held += data
        pieces: list[Piece] = []
        loose = bytearray()
        start = 0
        while start < len(self._held):
            begin = self._beginning(start)
            if begin is None:
                loose += self._held[start:]
                start = len(self._held)
                break
            loose += self._held[start:begin]
            start = begin
            head = bytes(self._held[start : start + _MAX_ANSWER_BYTES])
            if not self._may_begin(head):
                loose.append(self._held[start])
                start += 1
                continue
            taken = self._take(head)
            if taken is None:
                break
            found, size = taken
            if loose:
                pieces.append(Loose(bytes(loose)))
                loose.clear()
            pieces += found
            start += size
        del self._held[:start]
        if loose:
            pieces.append(Loose(bytes(loose)))
        return pieces

    def release(self) -> list[Piece]:
        """See `Separator`."""
        pieces: list[Piece] = []
        while self._held:
            pieces.append(Loose(bytes(self._held[:1])))
            rest = bytes(self._held[1:])
            self._held.clear()
            pieces += self.feed(rest)
        return pieces

    def forget(self) -> None:
        """See `Separator`."""
        self._held.clear()

    @abstractmethod
    def _beginning(self, start: int) -> int | None:
        """Where, from `start` on, something may begin; None: nowhere."""

    @abstractmethod
    def _may_begin(self, head: bytes) -> bool:
        """Whether these bytes may be the beginning."""

    @abstractmethod
    def _take(self, head: bytes) -> tuple[list[Piece], int] | None:
        """The pieces at the start of `head` and how many bytes they are; None: some are missing."""


class _Newland(_Searching):
    """`02 01 30 30 30 30` echo status `3B 03`."""

    def _beginning(self, start: int) -> int | None:
        at = self._held.find(words.NEWLAND_REPLY_HEAD[:1], start)
        return at if at >= 0 else None

    def _may_begin(self, head: bytes) -> bool:
        whole = words.NEWLAND_REPLY_HEAD
        if not head.startswith(whole[: len(head)]):
            return False
        return words.NEWLAND_TAIL in head[:_MAX_NEWLAND_BYTES] or len(head) < _MAX_NEWLAND_BYTES

    def _take(self, head: bytes) -> tuple[list[Piece], int] | None:
        end = head.find(words.NEWLAND_TAIL)
        if end < 0:
            return None
        status = head[len(words.NEWLAND_REPLY_HEAD) : end]
        done = words.ACK in status and words.NAK not in status and words.ENQ not in status
        return [Reply(done)], end + len(words.NEWLAND_TAIL)


class _Gm65(_Searching):
    """`02 00` status, length, data, CRC."""

    def _beginning(self, start: int) -> int | None:
        at = self._held.find(words.GM65_REPLY_HEAD[:1], start)
        return at if at >= 0 else None

    def _may_begin(self, head: bytes) -> bool:
        if not head.startswith(words.GM65_REPLY_HEAD[: len(head)]):
            return False
        size = _gm65_size(head)
        return size is None or len(head) < size or head[size - 2 : size] == words.gm65_crc(head[2 : size - 2])

    def _take(self, head: bytes) -> tuple[list[Piece], int] | None:
        size = _gm65_size(head)
        if size is None or len(head) < size:
            return None
        return [Reply(done=head[2] == 0)], size


def _gm65_size(head: bytes) -> int | None:
    return 6 + head[3] if len(head) > 3 else None


class _Honeywell(_Searching):
    """The command's own text, then ACK, NAK or ENQ before its punctuation."""

    _STATUS: Final = re.compile(rb"[\x05\x06\x15]")

    def _beginning(self, start: int) -> int | None:
        found = self._STATUS.search(self._held, start)
        return found.start() if found else None

    def _may_begin(self, head: bytes) -> bool:
        return True

    def _take(self, head: bytes) -> tuple[list[Piece], int] | None:
        size = 2 if head[1:2] in (b".", b"!", b",", b";") else 1
        return [Reply(done=head[:1] == words.ACK, echoed=True)], size


class _Ssi(_Searching):
    """Packets. Each DECODE_DATA must be acknowledged; one with a wrong sum is asked for again."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = bytearray()
        self._last = b""

    def forget(self) -> None:
        """See `Separator`."""
        super().forget()
        self._parts.clear()
        self._last = b""

    def _beginning(self, start: int) -> int | None:
        found = ssi.BEGINNING.search(self._held, start)
        return found.start() if found else None

    def _may_begin(self, head: bytes) -> bool:
        return True

    def _take(self, head: bytes) -> tuple[list[Piece], int] | None:
        found = ssi.first_packet(head)
        if found is None:
            return None
        packet, size = found
        match packet.opcode:
            case ssi.DECODE_DATA if not packet.is_sound:
                return [Owed(ssi.packet(ssi.NAK, bytes((ssi.NAK_RESEND,)), source=ssi.HOST))], size
            case _ if not packet.is_sound:
                return [], 1
            case ssi.ACK | ssi.NAK:
                return [Reply(done=packet.opcode == ssi.ACK)], size
            case ssi.DECODE_DATA:
                return [Owed(ssi.packet(ssi.ACK, source=ssi.HOST)), *self._decoded(packet)], size
            case _:
                return [], size

    def _decoded(self, packet: ssi.Packet) -> list[Piece]:
        if not packet.data or (packet.sent_again and packet.data == self._last):
            return []  # only our acknowledgement was lost
        self._last = packet.data
        self._parts += packet.data[1:]
        if packet.more_follows and len(self._parts) < _MAX_PACKETED_BYTES:
            return []
        code, self._parts = bytes(self._parts), bytearray()
        return [Packed(code, ssi.SYMBOLOGIES.get(packet.data[0], ""))]


def separator_for(trigger: Trigger) -> Separator:
    """The one for a command language."""
    match trigger:
        case Trigger.NEWLAND:
            return _Newland()
        case Trigger.HONEYWELL:
            return _Honeywell()
        case Trigger.ZEBRA_SSI:
            return _Ssi()
        case Trigger.GM65:
            return _Gm65()
        case _:
            return Separator()
