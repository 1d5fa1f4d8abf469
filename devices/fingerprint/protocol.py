"""The packets of the FPM, AS608 and ZFM family of fingerprint modules. No port.

The family's "user manual": start EF 01, address, identifier, length, content, and a sum over all but start and
address; numbers are big-endian.  A packet whose sum is wrong is no packet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

_START = b"\xef\x01"
_ADDRESS = b"\xff\xff\xff\xff"
"""The address that every module leaves the factory with; one module a line."""
_HEAD_BYTES = len(_START) + len(_ADDRESS) + 3
_SUM_BYTES = 2
_MAX_CONTENT_BYTES = 256
_PARAMETER_BYTES = 17
PACKET_BYTES = {0: 32, 1: 64, 2: 128, 3: 256}
"""System parameter "data package size"."""
MAX_TEMPLATE_BYTES = 4096
"""Modules of the family use 256 to 1536."""


class Kind(IntEnum):
    """What a packet is."""

    COMMAND = 0x01
    DATA = 0x02
    ACKNOWLEDGE = 0x07
    LAST_DATA = 0x08


class Command(IntEnum):
    """What the module is asked to do, as far as it is asked here: nothing that stores."""

    GET_IMAGE = 0x01
    MAKE_TEMPLATE = 0x02
    MATCH = 0x03
    SEND_TEMPLATE = 0x08
    TAKE_TEMPLATE = 0x09
    READ_PARAMETERS = 0x0F
    VERIFY_PASSWORD = 0x13


class Code(IntEnum):
    """How a command ended, as far as it makes a difference."""

    OK = 0x00
    PACKET_ERROR = 0x01
    NO_FINGER = 0x02
    IMAGE_FAILED = 0x03
    IMAGE_MESSY = 0x06
    IMAGE_POOR = 0x07
    NO_MATCH = 0x08
    WRONG_PASSWORD = 0x13
    NO_IMAGE = 0x15


BAD_IMAGES = frozenset({Code.IMAGE_FAILED, Code.IMAGE_MESSY, Code.IMAGE_POOR, Code.NO_IMAGE})


@dataclass(frozen=True, slots=True, repr=False)
class Packet:
    """One packet. Its content may be part of a template: it is never shown, and wiped after use."""

    kind: int
    content: bytearray

    def wipe(self) -> None:
        """Overwrite the content with zeros."""
        self.content[:] = bytes(len(self.content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a module says of itself."""

    system: int
    capacity: int
    packet_bytes: int


def packet(kind: Kind, content: bytes | bytearray) -> bytes:
    """The bytes of one packet."""
    head = bytes((kind,)) + (len(content) + _SUM_BYTES).to_bytes(2, "big")
    total = sum(head) + sum(content)
    return _START + _ADDRESS + head + bytes(content) + (total & 0xFFFF).to_bytes(_SUM_BYTES, "big")


def command(code: Command, *arguments: int) -> bytes:
    """The bytes of a command."""
    return packet(Kind.COMMAND, bytes((code, *arguments)))


def verify_password(password: int = 0) -> bytes:
    """The bytes that open a module; 0 is what they leave the factory with."""
    return command(Command.VERIFY_PASSWORD, *password.to_bytes(4, "big"))


def data_packets(data: bytes | bytearray, packet_bytes: int) -> Iterable[bytes]:
    """A template as the packets that carry it."""
    for start in range(0, len(data), packet_bytes):
        last = start + packet_bytes >= len(data)
        yield packet(Kind.LAST_DATA if last else Kind.DATA, data[start : start + packet_bytes])


def parameters_of(content: bytes | bytearray) -> Parameters | None:
    """What an acknowledgement of `READ_PARAMETERS` says; None if it is that of another command.

    Acknowledgements do not name their command: this one alone is known by its length.
    """
    if len(content) != _PARAMETER_BYTES or content[0] != Code.OK:
        return None
    words = [int.from_bytes(content[at : at + 2], "big") for at in range(1, _PARAMETER_BYTES, 2)]
    return Parameters(system=words[1], capacity=words[2], packet_bytes=PACKET_BYTES.get(words[6], 32))


class PacketReader:
    """Cuts a byte stream into packets; what lies between them is noise."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.noise_bytes = 0
        """How many bytes have belonged to no packet so far, those of spoiled ones included."""

    def forget(self) -> None:
        """Wipe what is waiting for its end."""
        self._buffer[:] = bytes(len(self._buffer))
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that `data` completes."""
        self._buffer += data
        found: list[Packet] = []
        while (start := self._buffer.find(_START)) >= 0:
            self._drop(start, noise=True)
            if len(self._buffer) < _HEAD_BYTES:
                return found
            size = int.from_bytes(self._buffer[_HEAD_BYTES - 2 : _HEAD_BYTES], "big")
            whole = _HEAD_BYTES + size
            if not self._may_begin(size):
                self._drop(len(_START), noise=True)
            elif len(self._buffer) < whole:
                return found
            elif self._sum_is_right(whole):
                content = self._buffer[_HEAD_BYTES : whole - _SUM_BYTES]
                found.append(Packet(self._buffer[6], content))
                self._drop(whole)
            else:
                self._drop(len(_START), noise=True)
        # A start may be cut in two.
        self._drop(len(self._buffer) - (1 if self._buffer.endswith(_START[:1]) else 0), noise=True)
        return found

    def _may_begin(self, size: int) -> bool:
        return (
            self._buffer[2:6] == _ADDRESS
            and self._buffer[6] in (Kind.COMMAND, Kind.DATA, Kind.ACKNOWLEDGE, Kind.LAST_DATA)
            and _SUM_BYTES < size <= _MAX_CONTENT_BYTES + _SUM_BYTES
        )

    def _sum_is_right(self, whole: int) -> bool:
        told = int.from_bytes(self._buffer[whole - _SUM_BYTES : whole], "big")
        return sum(self._buffer[6 : whole - _SUM_BYTES]) & 0xFFFF == told

    def _drop(self, count: int, noise: bool = False) -> None:
        self.noise_bytes += count if noise else 0
        self._buffer[:count] = bytes(count)
        del self._buffer[:count]
