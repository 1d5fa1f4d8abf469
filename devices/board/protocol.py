"""Modbus RTU, as far as a board of lights and switches needs it: requests, and the one reply each may have. No port.

Modbus Application Protocol V1.1b3 (6.1, 6.2, 6.5, 6.6, 7) and Modbus over Serial Line V1.02 (2.5.1).  A reply
is taken only when unit, function, length and sum are those of the question: another question's answer is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

MAX_BITS = 2000
"""How many bits one question may ask for (6.1, 6.2)."""
_SUM_BYTES = 2
_EXCEPTION_BYTES = 5
_IS_EXCEPTION = 0x80
_MAX_HEARD_BYTES = 512
"""Twice the longest frame: what does not hold a reply by then is noise."""


class Function(IntEnum):
    """What the board is asked to do."""

    READ_COILS = 0x01
    READ_DISCRETE_INPUTS = 0x02
    WRITE_COIL = 0x05
    WRITE_REGISTER = 0x06


class ExceptionCode(IntEnum):
    """Why a board refuses, as far as it makes a difference here (7)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    ACKNOWLEDGE = 5
    DEVICE_BUSY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question."""

    unit: int
    function: Function
    body: bytes
    count: int = 0
    """How many bits are asked for; 0 for a command, whose reply repeats it."""

    @property
    def frame(self) -> bytes:
        """The bytes on the line."""
        return with_sum(bytes((self.unit, self.function)) + self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The board did it; `bits` in the order of their addresses."""

    bits: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The board answered that it will not."""

    code: int

    @property
    def names_no_such_thing(self) -> bool:
        """Whether the board has no such coil, input or function."""
        return self.code in (
            ExceptionCode.ILLEGAL_FUNCTION,
            ExceptionCode.ILLEGAL_ADDRESS,
            ExceptionCode.ILLEGAL_VALUE,
        )


def read_coils(unit: int, first: int, count: int) -> Request:
    """Which of `count` lights shine, from coil `first` on."""
    return _read(unit, Function.READ_COILS, first, count)


def read_inputs(unit: int, first: int, count: int) -> Request:
    """What `count` inputs feel, from `first` on."""
    return _read(unit, Function.READ_DISCRETE_INPUTS, first, count)


def write_coil(unit: int, coil: int, on: bool) -> Request:
    """Switch one coil; no other is touched."""
    body = coil.to_bytes(2, "big") + (b"\xff\x00" if on else b"\x00\x00")
    return Request(unit=unit, function=Function.WRITE_COIL, body=body)


def write_register(unit: int, register: int, value: int) -> Request:
    """Set one holding register."""
    body = register.to_bytes(2, "big") + value.to_bytes(2, "big")
    return Request(unit=unit, function=Function.WRITE_REGISTER, body=body)


def _read(unit: int, function: Function, first: int, count: int) -> Request:
    return Request(
        unit=unit,
        function=function,
        body=first.to_bytes(2, "big") + count.to_bytes(2, "big"),
        count=count,
    )


class ReplyReader:
    """Finds the reply to one request in what the line brings, noise before and behind it included."""

    def __init__(self, request: Request) -> None:
        self._unit, self._function, self._count = request.unit, request.function, request.count
        self._echo = request.frame
        self._heard = bytearray()

    @property
    def heard_something(self) -> bool:
        """Whether any byte came at all."""
        return bool(self._heard)

    def feed(self, data: bytes) -> Reply | Refusal | None:
        """The reply, when `data` completes it."""
        self._heard += data
        for start in range(len(self._heard) - _EXCEPTION_BYTES + 1):
            found = self._at(bytes(self._heard[start:]))
            if found is not None:
                return found
        if len(self._heard) > _MAX_HEARD_BYTES:
            del self._heard[:-_MAX_HEARD_BYTES]
        return None

    def _at(self, data: bytes) -> Reply | Refusal | None:
        if data[0] != self._unit:
            return None
        if data[1] == self._function | _IS_EXCEPTION and _sum_is_right(data[:_EXCEPTION_BYTES]):
            return Refusal(code=data[2])
        if not self._count:
            return Reply() if data.startswith(self._echo) else None
        size = (self._count + 7) // 8
        frame = data[: 3 + size + _SUM_BYTES]
        if data[1] != self._function or data[2] != size or not _sum_is_right(frame, 3 + size + _SUM_BYTES):
            return None
        bits = (bool(frame[3 + index // 8] >> index % 8 & 1) for index in range(self._count))
        return Reply(bits=tuple(bits))


def with_sum(data: bytes) -> bytes:
    """`data` with its CRC behind it, low byte first."""
    return data + _crc(data).to_bytes(_SUM_BYTES, "little")


def _sum_is_right(frame: bytes, size: int = _EXCEPTION_BYTES) -> bool:
    return len(frame) == size and with_sum(frame[:-_SUM_BYTES]) == frame


def _crc(data: bytes) -> int:
    """CRC-16, polynomial 8005 reflected, from FFFF (Serial Line 2.5.1.2)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
