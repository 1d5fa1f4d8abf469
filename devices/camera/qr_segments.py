"""Which parts a QR code is made of, read from its modules (ISO/IEC 18004:2015, 7.4 to 7.7; GB/T 18284 for hanzi).

A decoder hands over bytes; whether two of them were one kanji, one hanzi or two plain bytes, and whether the
code names its character set, stands in the mode indicators.  Modules are taken as they were sampled.  A
damaged module may make nonsense of them; then the parts do not add up to the bytes and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from segno import consts

Modules = NDArray[np.bool_]

_LEVELS = {"L": 1, "M": 0, "Q": 3, "H": 2}
"""As format information writes them (7.9.1)."""


class Mode(StrEnum):
    """What a part holds."""

    PLAIN = "plain"
    """Bytes, digits or capital letters."""
    KANJI = "kanji"
    HANZI = "hanzi"


@dataclass(frozen=True, slots=True)
class Part:
    """A run of the decoded bytes."""

    mode: Mode
    data: bytes
    charset: int | None = None
    """The extended channel interpretation that it stands under; None: the code names none."""


def parts(modules: Modules, mask: int, level: str, data: bytes) -> list[Part] | None:
    """`data` cut where the code itself cuts it; None when the modules do not tell."""
    side = len(modules)
    if modules.shape != (side, side) or side % 4 != 1 or not 21 <= side <= 177 or level not in _LEVELS:
        return None
    version = (side - 17) // 4
    try:
        cut = _cut(_Bits(_data_codewords(modules ^ _mask(mask, side), version, level)), version, data)
    except (EOFError, KeyError):
        return None
    return cut


class _Bits:
    """A bit stream, most significant first. Raises `EOFError` at its end."""

    def __init__(self, data: bytes) -> None:
        self._value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self.left:
            raise EOFError
        self.left -= count
        return (self._value >> self.left) & ((1 << count) - 1)


_NUMERIC, _ALPHANUMERIC, _APPEND, _BYTE, _FNC1, _ECI, _KANJI, _FNC1_SECOND, _HANZI = (
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    13,
)
# Bits of the character count for versions 1-9, 10-26, 27-40 (table 3).
_COUNT_BITS = {
    _NUMERIC: (10, 12, 14),
    _ALPHANUMERIC: (9, 11, 13),
    _BYTE: (8, 16, 16),
    _KANJI: (8, 10, 12),
    _HANZI: (8, 10, 12),
}


def _cut(bits: _Bits, version: int, data: bytes) -> list[Part] | None:
    size = 0 if version < 10 else 1 if version < 27 else 2
    found: list[Part] = []
    charset: int | None = None
    taken = 0
    while bits.left >= 4 and (mode := bits.take(4)):
        if mode == _ECI:
            charset = _charset(bits)
        elif mode == _APPEND:
            bits.take(16)
        elif mode == _FNC1_SECOND:
            bits.take(8)
        elif mode != _FNC1:
            if mode == _HANZI:
                bits.take(4)  # the subset: GB 2312 is the only one
            count = bits.take(_COUNT_BITS[mode][size])
            _skip(bits, mode, count)
            length = 2 * count if mode in (_KANJI, _HANZI) else count
            kind = {_KANJI: Mode.KANJI, _HANZI: Mode.HANZI}.get(mode, Mode.PLAIN)
            found.append(Part(kind, data[taken : taken + length], charset))
            taken += length
    return found if taken == len(data) else None


def _charset(bits: _Bits) -> int:
    """7.4.2.2: one, two or three bytes, told apart by their first bits."""
    first = bits.take(8)
    if first < 0x80:
        return first
    if first < 0xC0:
        return (first & 0x3F) << 8 | bits.take(8)
    return (first & 0x1F) << 16 | bits.take(16)


def _skip(bits: _Bits, mode: int, count: int) -> None:
    if mode == _NUMERIC:
        bits.take(10 * (count // 3) + (0, 4, 7)[count % 3])
    elif mode == _ALPHANUMERIC:
        bits.take(11 * (count // 2) + 6 * (count % 2))
    else:
        bits.take((8 if mode == _BYTE else 13) * count)


def _data_codewords(modules: Modules, version: int, level: str) -> bytes:
    """Out of the interleaved blocks (7.6), without correcting anything."""
    table: Any = consts.ECC
    sizes = [each.num_data for each in table[version][_LEVELS[level]] for _ in range(each.num_blocks)]
    stream = np.packbits([modules[row, column] for row, column in _path(version)]).tobytes()
    blocks: list[bytearray] = [bytearray() for _ in sizes]
    place = 0
    for index in range(max(sizes)):
        for block, size in zip(blocks, sizes, strict=True):
            if index < size:
                block.append(stream[place])
                place += 1
    return b"".join(blocks)


def _path(version: int) -> Iterator[tuple[int, int]]:
    """The data modules in the order of their bits (7.7.3): two columns wide, up and down, from the right."""
    side = 17 + 4 * version
    used = _function_modules(version)
    upward = True
    for right in range(side - 1, 0, -2):
        if right <= 6:
            right -= 1  # the column of the timing line is left out
        rows = range(side - 1, -1, -1) if upward else range(side)
        for row in rows:
            for column in (right, right - 1):
                if not used[row, column]:
                    yield row, column
        upward = not upward


def _function_modules(version: int) -> Modules:
    side = 17 + 4 * version
    used = np.zeros((side, side), np.bool_)
    used[:9, :9] = used[:9, -8:] = used[-8:, :9] = True
    used[6, :] = used[:, 6] = True
    if version >= 7:
        used[:6, -11:-8] = used[-11:-8, :6] = True
    if version >= 2:
        places: Any = consts.ALIGNMENT_POS[version - 2]
        first, last = places[0], places[-1]
        for row in places:
            for column in places:
                if (row, column) not in ((first, first), (first, last), (last, first)):
                    used[row - 2 : row + 3, column - 2 : column + 3] = True
    return used


def _mask(pattern: int, side: int) -> Modules:
    """Table 10."""
    i, j = np.indices((side, side))
    product = i * j
    values: list[NDArray[np.intp]] = [
        (i + j) % 2,
        i % 2,
        j % 3,
        (i + j) % 3,
        (i // 2 + j // 3) % 2,
        product % 2 + product % 3,
        (product % 2 + product % 3) % 2,
        ((i + j) % 2 + product % 3) % 2,
    ]
    masked: Modules = values[pattern] == 0
    return masked
