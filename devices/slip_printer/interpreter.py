"""ESC/POS as a printer reads it: a byte stream cut into operations (for the simulator and the renderer)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an operation does."""

    CHARACTER = "character"
    LINE_FEED = "line_feed"
    INIT = "init"
    ALIGN = "align"
    BOLD = "bold"
    SIZE = "size"
    CHINESE_SIZE = "chinese_size"
    SPACING = "spacing"
    FEED_LINES = "feed_lines"
    FEED_DOTS = "feed_dots"
    RASTER = "raster"
    QR_MODULE = "qr_module"
    QR_STORE = "qr_store"
    QR_PRINT = "qr_print"
    CUT = "cut"
    PAPER_QUERY = "paper_query"
    CONFIRMATION = "confirmation"
    AUTO_STATUS = "auto_status"
    IDENTITY = "identity"
    OTHER = "other"
    """Understood enough to be skipped."""


INK = frozenset({Kind.CHARACTER, Kind.RASTER, Kind.QR_PRINT})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its kind, its argument, and how many bytes it took."""

    kind: Kind
    data: bytes
    length: int


_ONE_ARGUMENT: dict[bytes, Kind] = {
    b"\x1b\x61": Kind.ALIGN,
    b"\x1b\x45": Kind.BOLD,
    b"\x1b\x33": Kind.SPACING,
    b"\x1b\x4a": Kind.FEED_DOTS,
    b"\x1b\x64": Kind.FEED_LINES,
    b"\x1b\x21": Kind.OTHER,
    b"\x1b\x74": Kind.OTHER,
    b"\x1c\x21": Kind.OTHER,
    b"\x1c\x57": Kind.CHINESE_SIZE,
    b"\x1d\x21": Kind.SIZE,
    b"\x1d\x72": Kind.PAPER_QUERY,
    b"\x1d\x61": Kind.AUTO_STATUS,
    b"\x1d\x49": Kind.IDENTITY,
    b"\x10\x04": Kind.OTHER,
    b"\x10\x05": Kind.OTHER,
}
_TWO_ARGUMENTS = frozenset((b"\x1d\x50",))
_NO_ARGUMENT: dict[bytes, Kind] = {
    b"\x1b\x40": Kind.INIT,
    b"\x1b\x32": Kind.OTHER,
    b"\x1b\x69": Kind.CUT,
    b"\x1b\x6d": Kind.CUT,
    b"\x1c\x26": Kind.OTHER,
    b"\x1c\x2e": Kind.OTHER,
}
_PREFIXES = frozenset((0x10, 0x1B, 0x1C, 0x1D))
_CLEAR_BYTES = 10


def next_operation(stream: bytes | bytearray, at: int = 0) -> Operation | None:
    """The operation at `at`; None when its end has not arrived yet."""
    left = len(stream) - at
    if left < 1:
        return None
    first = stream[at]
    if first == 0x0A:
        return Operation(Kind.LINE_FEED, b"", 1)
    if first in _PREFIXES:
        return _command(stream, at, left)
    if first < 0x20 or first in (0x7F, 0x80, 0xFF):
        return Operation(Kind.OTHER, b"", 1)
    if first < 0x80:
        return Operation(Kind.CHARACTER, bytes(stream[at : at + 1]), 1)
    if left < 2:
        return None
    length = 4 if 0x30 <= stream[at + 1] <= 0x39 else 2
    return None if left < length else Operation(Kind.CHARACTER, bytes(stream[at : at + length]), length)


def operations(stream: bytes) -> list[Operation]:
    """All whole operations of a stream."""
    found, at = [], 0
    while (operation := next_operation(stream, at)) is not None:
        found.append(operation)
        at += operation.length
    return found


def _command(stream: bytes | bytearray, at: int, left: int) -> Operation | None:
    if left < 2:
        return None
    head = bytes(stream[at : at + 2])
    if head in _NO_ARGUMENT:
        return Operation(_NO_ARGUMENT[head], b"", 2)
    if head in _ONE_ARGUMENT:
        return None if left < 3 else Operation(_ONE_ARGUMENT[head], bytes(stream[at + 2 : at + 3]), 3)
    if head in _TWO_ARGUMENTS:
        return None if left < 4 else Operation(Kind.OTHER, bytes(stream[at + 2 : at + 4]), 4)
    match head:
        case b"\x1d\x56":
            return _cut(stream, at, left)
        case b"\x1d\x76":
            return _raster(stream, at, left)
        case b"\x1d\x28":
            return _extended(stream, at, left)
        case b"\x10\x14":
            return None if left < _CLEAR_BYTES else Operation(Kind.OTHER, b"", _CLEAR_BYTES)
        case _:
            return Operation(Kind.OTHER, b"", 1)


def _cut(stream: bytes | bytearray, at: int, left: int) -> Operation | None:
    if left < 3:
        return None
    if stream[at + 2] in (0x41, 0x42):
        return None if left < 4 else Operation(Kind.CUT, bytes(stream[at + 3 : at + 4]), 4)
    return Operation(Kind.CUT, b"\0", 3)


def _raster(stream: bytes | bytearray, at: int, left: int) -> Operation | None:
    if left < 8:
        return None
    width = int.from_bytes(stream[at + 4 : at + 6], "little")
    length = 8 + width * int.from_bytes(stream[at + 6 : at + 8], "little")
    return None if left < length else Operation(Kind.RASTER, bytes(stream[at + 4 : at + length]), length)


def _extended(stream: bytes | bytearray, at: int, left: int) -> Operation | None:
    if left < 5:
        return None
    length = 5 + int.from_bytes(stream[at + 3 : at + 5], "little")
    if left < length:
        return None
    data = bytes(stream[at + 5 : at + length])
    function = bytes(stream[at + 2 : at + 3])
    if function == b"H" and data[:2] == b"\x30\x30":
        return Operation(Kind.CONFIRMATION, data[2:], length)
    kinds = {b"\x31\x43": Kind.QR_MODULE, b"\x31\x50": Kind.QR_STORE, b"\x31\x51": Kind.QR_PRINT}
    kind = kinds.get(data[:2], Kind.OTHER) if function == b"k" else Kind.OTHER
    return Operation(kind, data[3:] if kind is Kind.QR_STORE else data[2:], length)
