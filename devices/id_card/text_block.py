"""The 256-byte text block of the chip: UTF-16LE fields at fixed places, padded with spaces.

Layouts: domestic card (GA/T 490), J (residence permit for Hong Kong, Macao and Taiwan residents),
I and Y (foreigner's permanent residence card, 2017 and 2023).  The letter stands at byte 248.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex, is_citizen_number
from kiosk.ports import CardFault

_WITHOUT_END = "长期"


class _Unreadable(Exception):
    """A field makes no sense."""


def parse_identity(text: bytes) -> IdentityDocument | CardFault:
    """The identity in `text` (256 bytes), or why there is none."""
    layout = _LAYOUTS.get(text[248:250])
    if layout is None:
        return CardFault.UNSUPPORTED_DOCUMENT
    try:
        return layout(text)
    except _Unreadable:
        return CardFault.UNREADABLE


def parse_address(data: bytes) -> str | None:
    """The newest additional address (70 bytes after the verdict); None when it makes no sense."""
    try:
        return _field(data, 0, len(data)) if len(data) == 70 else None
    except _Unreadable:
        return None


def with_address(document: IdentityDocument, address: str) -> IdentityDocument:
    """`document` with the address that was added to the card last."""
    return replace(document, address=address) if address else document


def _domestic(text: bytes) -> IdentityDocument:
    return IdentityDocument(
        kind=DocumentKind.RESIDENT_ID_CARD,
        name=_needed(text, 0, 30),
        sex=_sex(text, 30),
        nation_code=_field(text, 32, 4),
        birth=_date(text, 36),
        address=_field(text, 52, 70),
        number=_citizen_number(text),
        issuer=_field(text, 158, 30),
        valid_from=_date(text, 188),
        valid_until=_last_day(text, 188, 204),
    )


def _hmt_permit(text: bytes) -> IdentityDocument:
    return IdentityDocument(
        kind=DocumentKind.HMT_RESIDENCE_PERMIT,
        name=_needed(text, 0, 30),
        sex=_sex(text, 30),
        birth=_date(text, 36),
        address=_field(text, 52, 70),
        number=_citizen_number(text),
        issuer=_field(text, 158, 30),
        valid_from=_date(text, 188),
        valid_until=_last_day(text, 188, 204),
        pass_number=_field(text, 220, 18),
    )


def _foreigner_2017(text: bytes) -> IdentityDocument:
    english = _field(text, 0, 120)
    number = _field(text, 122, 30)
    if not re.fullmatch(r"[A-Z]{3}[0-9]{12}", number, re.ASCII):
        raise _Unreadable
    return IdentityDocument(
        kind=DocumentKind.FOREIGN_PERMANENT_2017,
        name=_one_of(_field(text, 158, 30), english),
        english_name=english,
        sex=_sex(text, 120),
        number=number,
        nationality=_nationality(text, 152),
        birth=_date(text, 220),
        valid_from=_date(text, 188),
        valid_until=_last_day(text, 188, 204),
        issuer=_field(text, 240, 8),
    )


def _foreigner_2023(text: bytes) -> IdentityDocument:
    # One English name in two places: the second begins at its 36th character.
    english = (_raw(text, 52, 70) + _raw(text, 220, 22)).strip()
    number = _citizen_number(text)
    if not number.startswith("9"):
        raise _Unreadable
    return IdentityDocument(
        kind=DocumentKind.FOREIGN_PERMANENT_2023,
        name=_one_of(_field(text, 0, 30), english),
        english_name=english,
        sex=_sex(text, 30),
        number=number,
        nationality=_nationality(text, 242),
        birth=_date(text, 36),
        valid_from=_date(text, 188),
        valid_until=_last_day(text, 188, 204),
    )


_LAYOUTS: dict[bytes, Callable[[bytes], IdentityDocument]] = {
    b" \0": _domestic,
    b"\0\0": _domestic,
    b"J\0": _hmt_permit,
    b"I\0": _foreigner_2017,
    b"Y\0": _foreigner_2023,
}


def _raw(text: bytes, offset: int, length: int) -> str:
    """A field with its padding; illegal UTF-16, control characters and non-characters are refused."""
    try:
        value = text[offset : offset + length].decode("utf-16-le")
    except UnicodeDecodeError:
        raise _Unreadable from None
    # Some issuing systems padded with NUL instead of spaces.
    value = value.rstrip("\0 ").ljust(length // 2)
    if any(unicodedata.category(char) == "Cc" or _is_noncharacter(char) for char in value):
        raise _Unreadable
    return value


def _field(text: bytes, offset: int, length: int) -> str:
    return _raw(text, offset, length).strip()


def _needed(text: bytes, offset: int, length: int) -> str:
    return _one_of(_field(text, offset, length))


def _one_of(*candidates: str) -> str:
    for value in candidates:
        if value:
            return value
    raise _Unreadable


def _is_noncharacter(char: str) -> bool:
    code = ord(char)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _sex(text: bytes, offset: int) -> Sex:
    try:
        return Sex(_field(text, offset, 2))
    except ValueError:
        raise _Unreadable from None


def _date(text: bytes, offset: int) -> date:
    value = _field(text, offset, 16)
    if not re.fullmatch(r"[0-9]{8}", value, re.ASCII):
        raise _Unreadable
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        raise _Unreadable from None


def _last_day(text: bytes, first_offset: int, offset: int) -> date | None:
    if _field(text, offset, 16) == _WITHOUT_END:
        return None
    last = _date(text, offset)
    if last < _date(text, first_offset):
        raise _Unreadable
    return last


def _citizen_number(text: bytes) -> str:
    number = _field(text, 122, 36).upper()
    if not is_citizen_number(number):
        raise _Unreadable
    return number


def _nationality(text: bytes, offset: int) -> str:
    value = _field(text, offset, 6)
    if not re.fullmatch(r"[A-Z]{3}", value, re.ASCII):
        raise _Unreadable
    return value
