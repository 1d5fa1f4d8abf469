"""What a code says of itself: the AIM identifier before it, and the character sets announced inside it.

The identifier is `]`, a letter for the symbology and a modifier (ISO/IEC 15424).  Some modifiers say that
the message follows the ECI protocol: `\\nnnnnn` names the character set of what comes after it, and a
backslash that is part of the message is doubled.  Designators: AIM ITS/04-023.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.code_text import text_of

_IDENTIFIER: Final = re.compile(rb"\]([A-Za-z])([0-9A-Za-z])")
_SYMBOLOGIES: Final = {
    b"A": "code39",
    b"C": "code128",
    b"E": "ean",
    b"F": "codabar",
    b"G": "code93",
    b"I": "itf",
    b"L": "pdf417",
    b"Q": "qr",
    b"U": "maxicode",
    b"d": "datamatrix",
    b"e": "databar",
    b"h": "hanxin",
    b"z": "aztec",
}
_WITH_ECI: Final = {b"Q": b"246", b"d": b"456", b"z": b"3459AB", b"L": b"1", b"U": b"23", b"h": b"13"}
"""The modifiers that promise the ECI protocol."""

_DESIGNATOR: Final = re.compile(rb"\\([0-9]{6})")
# A backslash that nobody doubled stands for itself: the second byte of a GBK character may be one.
_PART: Final = re.compile(rb"\\[0-9]{6}|(?:[^\\]|\\\\|\\(?![0-9]{6}))+")
_CHARACTER_SETS: Final = {
    0: "cp437",
    1: "iso8859-1",
    2: "cp437",
    **{number: f"iso8859-{number - 2}" for number in range(3, 19) if number != 14},
    20: "shift_jis",
    21: "cp1250",
    22: "cp1251",
    23: "cp1252",
    24: "cp1256",
    25: "utf-16-be",
    26: "utf-8",
    27: "ascii",
    28: "big5",
    29: "gb18030",  # GB 2312, of which it is a superset
    30: "euc_kr",
    31: "gbk",
    32: "gb18030",
    33: "utf-16-le",
    34: "utf-32-be",
    35: "utf-32-le",
    170: "ascii",
}


@dataclass(frozen=True, slots=True)
class Marked:
    """A code without its identifier."""

    data: bytes
    symbology: str = ""
    eci: bool = False
    """The message follows the ECI protocol."""


def identify(code: bytes, expected: bool) -> Marked:
    """Take the identifier off. Without `expected` only a known one is taken for one: no code of a service begins so."""
    found = _IDENTIFIER.match(code)
    if found is None or not (expected or found[1] in _SYMBOLOGIES):
        return Marked(code, eci=_announces(code))
    data = code[found.end() :]
    promised = found[2] in {bytes((one,)) for one in _WITH_ECI.get(found[1], b"")}
    return Marked(data, _SYMBOLOGIES.get(found[1], ""), promised or _announces(data))


def decode(marked: Marked) -> str | None:
    """The text of the code; None when it is not text in the character set that it names, or in none we know."""
    if not marked.eci:
        return text_of(marked.data)
    text, encoding = "", None
    for part in _PART.findall(marked.data):
        if _DESIGNATOR.fullmatch(part):
            encoding = _CHARACTER_SETS.get(int(part[1:]))
            if encoding is None:
                return None  # a set we do not know: anything shown for it would be invented
            continue
        data = part.replace(b"\\\\", b"\\")
        piece = text_of(data) if encoding is None else _in_set(data, encoding)
        if piece is None:
            return None
        text += piece
    return text


def _announces(data: bytes) -> bool:
    """Whether a message begins with a character set that we know, identifier or not."""
    found = _DESIGNATOR.match(data)
    return found is not None and int(found[1]) in _CHARACTER_SETS


def _in_set(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
