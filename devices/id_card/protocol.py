"""SDT frames of the SAM module: bytes ↔ values, without a port and without a clock.

    host → reader   AA AA AA 96 69 | LenHi LenLo | CMD Para | Data… | CHK
    reader → host   AA AA AA 96 69 | LenHi LenLo | SW1 SW2 SW3 | Data… | CHK

Len counts everything after itself, CHK included; CHK is the XOR of everything from Len up to itself.
SW1 SW2 are the card's own status, forwarded; SW3 is the reader's verdict and the one to judge by.
Source: the published descriptions of the SAM interface, agreed by eight independent code bases.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import reduce

PREAMBLE = bytes.fromhex("AAAAAA9669")
_SYNC = PREAMBLE[1:]
"""The first AA is often lost on a line that has just been opened."""
_MIN_LENGTH, _MAX_LENGTH = 4, 0x1000

TEXT_BYTES = 256
ADDRESS_BYTES = 70
_ADDRESSES = 4
"""How many additional addresses a chip has room for."""
_TIMED_OUT = bytes.fromhex("0005050505")
"""What one vendor's readers send after the preamble in place of an answer; shorter than the length it names."""


class Command(Enum):
    """CMD and Para of the commands in use."""

    RESET = bytes.fromhex("10FF")
    SAM_STATUS = bytes.fromhex("11FF")
    SAM_ID = bytes.fromhex("12FF")
    FIND = bytes.fromhex("2001")
    SELECT = bytes.fromhex("2002")
    READ = bytes.fromhex("3001")
    READ_WITH_FINGERPRINT = bytes.fromhex("3010")
    READ_ADDITIONAL_ADDRESS = bytes.fromhex("3003")


class Verdict(IntEnum):
    """SW3, the reader's own verdict (six sources)."""

    OK = 0x90
    FOUND = 0x9F
    NO_SUCH_ITEM = 0x91
    NO_CARD = 0x80
    SELECT_FAILED = 0x81
    BAD_CHECKSUM = 0x10
    BAD_LENGTH = 0x11
    BAD_COMMAND = 0x21
    NOT_AUTHORISED = 0x23
    UNKNOWN_ERROR = 0x24
    CARD_REFUSED_SAM = 0x31
    SAM_REFUSED_CARD = 0x32
    VERIFICATION_FAILED = 0x33
    FINGERPRINT_VERIFICATION_FAILED = 0x37
    BAD_INFORMATION_LENGTH = 0x3F
    CARD_TYPE_UNKNOWN = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    SAM_NOT_LICENSED = 0x66


@dataclass(frozen=True, slots=True)
class Reply:
    """What a reader answered: the card's status, the reader's verdict, and the data after it."""

    card_status: int
    verdict: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class CardData:
    """The three blocks of one read."""

    text: bytes
    photo: bytes
    fingerprint: bytes


def frame(body: bytes) -> bytes:
    """`body` with preamble, length and checksum."""
    counted = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + counted + bytes([checksum(counted)])


def command_frame(command: Command) -> bytes:
    """The bytes to send for `command`."""
    return frame(command.value)


def reply_frame(verdict: int, data: bytes = b"", card_status: int = 0) -> bytes:
    """The bytes a reader sends (used by the simulator and by tests)."""
    return frame(card_status.to_bytes(2, "big") + bytes([verdict]) + data)


def checksum(counted: bytes) -> int:
    """XOR from the length up to the byte before the checksum."""
    return reduce(lambda left, right: left ^ right, counted, 0)


class FrameReader:
    """Finds frames in a noisy stream; on any doubt it drops one byte and looks again."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame (or of noise that looks like the start of one)."""
        return len(self._buffer)

    @property
    def begun(self) -> bool:
        """Whether what is pending begins like a frame."""
        return self._buffer.startswith(_SYNC)

    def clear(self) -> None:
        """Forget everything."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies (between length and checksum) of all frames that `data` completes."""
        self._buffer += data
        bodies: list[bytes] = []
        while True:
            start = self._buffer.find(_SYNC)
            if start < 0:
                # Keep what may be the beginning of a preamble.
                del self._buffer[: max(len(self._buffer) - len(_SYNC) + 1, 0)]
                return bodies
            if start:
                del self._buffer[:start]
            if len(self._buffer) < len(_SYNC) + 2:
                return bodies
            if self._buffer.startswith(_TIMED_OUT, len(_SYNC)):
                del self._buffer[: len(_SYNC) + len(_TIMED_OUT)]
                continue
            body = _whole_body(self._buffer, 0)
            if body is None:
                return bodies
            if body is _BROKEN:
                del self._buffer[0]
                continue
            del self._buffer[: len(_SYNC) + 2 + len(body) + 1]
            bodies.append(body)

    def rescan(self) -> list[bytes]:
        """Look for whole frames *behind* an unfinished one, when its rest does not come.

        A frame that broke off (a card lifted, a plug that slipped) is followed by the next answer; it
        would otherwise swallow that answer as its own rest.  Nothing is lost when there is none.
        """
        start = self._buffer.find(_SYNC, 1)
        while start >= 0:
            body = _whole_body(self._buffer, start)
            if body is not None and body is not _BROKEN:
                del self._buffer[:start]
                return self.feed(b"")
            start = self._buffer.find(_SYNC, start + 1)
        return []


_BROKEN = b""
"""Stands for a frame whose length or checksum is impossible (a true body has at least three bytes)."""


def _whole_body(buffer: bytearray, start: int) -> bytes | None:
    """The body of the frame whose preamble is at `start`; None if unfinished, `_BROKEN` if wrong."""
    at = start + len(_SYNC)
    if len(buffer) < at + 2:
        return None
    length = int.from_bytes(buffer[at : at + 2], "big")
    if not _MIN_LENGTH <= length <= _MAX_LENGTH:
        return _BROKEN
    end = at + 2 + length
    if len(buffer) < end:
        return None
    if checksum(bytes(buffer[at : end - 1])) != buffer[end - 1]:
        return _BROKEN
    return bytes(buffer[at + 2 : end - 1])


def parse_reply(body: bytes) -> Reply:
    """A reader's answer; `body` has at least three bytes (`FrameReader` sees to it)."""
    return Reply(int.from_bytes(body[:2], "big"), body[2], body[3:])


def can_answer(command: Command, reply: Reply) -> bool:
    """Whether `reply` has the shape of an answer to `command`.

    Answers do not name their question; one that comes late (from before a cancel, from an earlier
    session's card) must not be taken for the answer to the next.
    """
    size, verdict = len(reply.data), reply.verdict
    if verdict not in (Verdict.OK, Verdict.FOUND):
        return size == 0
    if command is Command.FIND:
        return verdict == Verdict.FOUND and size < ADDRESS_BYTES
    if verdict != Verdict.OK:
        return False
    if command is Command.SAM_ID:
        return size == 16
    if command in (Command.SAM_STATUS, Command.RESET):
        return size == 0
    if command is Command.SELECT:
        return size < 16
    if command is Command.READ_ADDITIONAL_ADDRESS:
        # Nothing, or the whole file of four, is what some readers send of cards that have no such address.
        return size in (ADDRESS_BYTES, 0, _ADDRESSES * ADDRESS_BYTES)
    return size > TEXT_BYTES


def parse_card_data(data: bytes, with_fingerprint: bool) -> CardData | None:
    """Cut the answer to a read by the lengths it carries; None when they do not add up.

    `30 01` carries two 16-bit lengths (text, photo), `30 10` a third (fingerprint); 1295, 2321, 1809
    and 1297 bytes are the frames seen in the field.
    """
    count = 3 if with_fingerprint else 2
    lengths = [int.from_bytes(data[2 * i : 2 * i + 2], "big") for i in range(count)]
    if len(data) != 2 * count + sum(lengths) or lengths[0] != TEXT_BYTES:
        return None
    rest = data[2 * count :]
    text, photo = lengths[0], lengths[1]
    return CardData(rest[:text], rest[text : text + photo], rest[text + photo :])


def format_sam_id(data: bytes) -> str:
    """The SAM's serial number as it is printed on its label: 05.01-20100720-0001036050-0288634305."""
    if len(data) != 16:
        return ""
    numbers = [int.from_bytes(data[start:end], "little") for start, end in _SAM_ID_PARTS]
    return "{:02d}.{:02d}-{:d}-{:010d}-{:010d}".format(*numbers)


_SAM_ID_PARTS = ((0, 2), (2, 4), (4, 8), (8, 12), (12, 16))
