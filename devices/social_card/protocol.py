"""What a social-security card says: LD/T 32 records, over ISO 7816-4 commands. Pure: no reader in here.

The application is selected by its name, then records are read by number from EF05 (the card) and EF06 (its
holder); these two files need neither key nor PIN.  An answer is one record, `tag length value`, and the tag
says which field it is: numbers and tags do not run alike.  A record that a card lacks (6A83) is an empty field.

Asked for is what an `IdentityDocument` has a place for.  The number and issuing organisation of the card
itself, the region of birth, and what needs a key (photo, fingerprint) are left on the card.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from devices.transport.apdu import OK, Transmit, ask, read_record, select, tell
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex, is_citizen_number
from kiosk.ports import CardFault

APPLICATION: Final = b"sx1.sh." + "社会保障".encode("gb2312")
_BY_NAME, _CHILD_FILE = 0x0400, 0x0200

VALID_FROM, VALID_UNTIL = 0x05, 0x06
NUMBER, NAME, NAME_CONTINUED, SEX, NATION, BIRTH = 0x08, 0x09, 0x4E, 0x0A, 0x0B, 0x0D


@dataclass(frozen=True, slots=True)
class Record:
    """Where a field stands."""

    file: int
    number: int
    tag: int
    length: int
    """Of the value; the record has two bytes more."""


RECORDS: Final = (
    Record(5, 5, VALID_FROM, 4),
    Record(5, 6, VALID_UNTIL, 4),
    Record(6, 1, NUMBER, 18),
    Record(6, 2, NAME, 30),
    Record(6, 3, NAME_CONTINUED, 20),
    Record(6, 4, SEX, 1),
    Record(6, 5, NATION, 1),
    Record(6, 7, BIRTH, 4),
)
_TAGS: Final = frozenset({*range(0x01, 0x0E), NAME_CONTINUED})
"""All that the two files may hold."""
_LENGTHS: Final = {record.tag: record.length for record in RECORDS}
_NAME_IS_FULL: Final = 27
"""A name that goes on elsewhere leaves no room for another character, which has up to four bytes."""

_NO_SUCH_RECORD: Final = 0x6A83
_NO_SUCH_APPLICATION: Final = frozenset(
    # File not found, function not supported, wrong parameters, no such instruction, no such class, not selectable.
    {0x6A82, 0x6A81, 0x6A86, 0x6A87, 0x6D00, 0x6E00, 0x6999}
)
_NOT_OPEN_TO_US: Final = frozenset(
    # Security status, conditions of use, no current file; a file that this card does not have.
    {0x6982, 0x6985, 0x6986, 0x6A82}
)


class _Unreadable(Exception):
    """A field makes no sense."""


def read_identity(transmit: Transmit, short_file_ids: bool = False) -> IdentityDocument | CardFault:
    """Ask a card for its holder, command by command; what `transmit` raises passes through.

    `short_file_ids` names the file in each READ RECORD instead of selecting it (some cards of the third
    generation).
    """
    word = tell(transmit, select(_BY_NAME, APPLICATION))
    if word in _NO_SUCH_APPLICATION:
        return CardFault.NOT_AN_ID_CARD
    if word != OK:
        return CardFault.UNREADABLE
    answers: list[bytes] = []
    selected = 0
    for record in RECORDS:
        if record.file != selected and not short_file_ids:
            word = tell(transmit, select(_CHILD_FILE, bytes([0xEF, record.file])))
            if word != OK:
                return _fault_of(word)
        selected = record.file
        in_file = record.file if short_file_ids else 0
        response = ask(transmit, read_record(record.number, in_file, record.length + 2))
        if response is None:
            return CardFault.UNREADABLE
        if response.word == OK:
            answers.append(response.data)
        elif response.word != _NO_SUCH_RECORD:
            return _fault_of(response.word)
    return parse_identity(answers)


def wanted_records(records: Mapping[tuple[int, int], bytes]) -> list[bytes]:
    """Of a card's records (by file and number) those that a read asks for."""
    places = [(record.file, record.number) for record in RECORDS]
    return [records[place] for place in places if place in records]


def _fault_of(word: int | None) -> CardFault:
    return CardFault.UNSUPPORTED_DOCUMENT if word in _NOT_OPEN_TO_US else CardFault.UNREADABLE


def parse_record(data: bytes) -> tuple[int, bytes] | None:
    """The tag and the value of one record; None when it is not exactly one."""
    if len(data) < 2 or data[1] > 0x7F or len(data) != data[1] + 2:
        return None
    return data[0], data[2:]


def parse_identity(answers: Iterable[bytes]) -> IdentityDocument | CardFault:
    """The identity in the records that a card answered, in any order; any doubt about a byte is a fault."""
    fields: dict[int, bytes] = {}
    for answer in answers:
        record = parse_record(answer)
        if record is None:
            return CardFault.UNREADABLE
        tag, value = record
        # A field twice, or one that the files do not have: the answers are not in step with the questions.
        if tag in fields or tag not in _TAGS:
            return CardFault.UNREADABLE
        fields[tag] = value
    try:
        return _identity(fields)
    except _Unreadable:
        return CardFault.UNREADABLE


def _identity(fields: dict[int, bytes]) -> IdentityDocument | CardFault:
    number = _text(fields, NUMBER).upper()
    if re.fullmatch(r"[0-9]{17}[0-9X]", number, re.ASCII) is None:
        # Holders without a citizen number have another one here, whose build nobody has told us.
        foreign = re.fullmatch(r"[0-9A-Z]{6,18}", number, re.ASCII) is not None
        return CardFault.UNSUPPORTED_DOCUMENT if foreign else CardFault.UNREADABLE
    if not is_citizen_number(number):
        raise _Unreadable
    valid_from, valid_until = _date(fields, VALID_FROM), _date(fields, VALID_UNTIL)
    if valid_from is None or valid_until is None:
        # Half a validity would be taken for one without end.
        valid_from = valid_until = None
    elif valid_until < valid_from:
        raise _Unreadable
    return IdentityDocument(
        kind=DocumentKind.SOCIAL_SECURITY_CARD,
        name=_name(fields),
        number=number,
        sex=_sex(fields),
        birth=_date(fields, BIRTH) or _day(number[6:14]),
        valid_from=valid_from,
        valid_until=valid_until,
        nation_code=_nation(fields),
    )


def _value(fields: dict[int, bytes], tag: int) -> bytes:
    """A field's bytes without their padding (GB/T-style `an` fields with 00, `cn` fields with F); b"" when empty."""
    value = fields.get(tag, b"")
    if len(value) > _LENGTHS[tag]:
        raise _Unreadable
    return value.rstrip(b"\x00").rstrip(b"\xff").rstrip(b"\x00 ")


def _text(fields: dict[int, bytes], tag: int) -> str:
    try:
        return _value(fields, tag).decode("ascii")
    except UnicodeDecodeError:
        raise _Unreadable from None


def _name(fields: dict[int, bytes]) -> str:
    """The name, with its continuation when it fills its field."""
    first, rest = _value(fields, NAME), _value(fields, NAME_CONTINUED)
    if rest and len(first) < _NAME_IS_FULL:
        raise _Unreadable
    try:
        # GBK is what the standard asks for; GB 18030 is the same with the rarer characters besides.
        name = (first + rest).decode("gb18030").strip()
    except UnicodeDecodeError:
        raise _Unreadable from None
    # Controls, halves of pairs, private and unassigned codes: nothing that stands in a name.
    if not name or any(unicodedata.category(char)[0] == "C" for char in name):
        raise _Unreadable
    return name


def _sex(fields: dict[int, bytes]) -> Sex:
    text = _text(fields, SEX)
    if not text:
        return Sex.UNKNOWN
    try:
        return Sex(text)
    except ValueError:
        raise _Unreadable from None


def _nation(fields: dict[int, bytes]) -> str:
    """The nation's code up to 09; else empty.

    One source says that its two digits are the two halves of the byte; until a second one does, a code is
    taken only where that and a plain number mean the same.
    """
    value = fields.get(NATION, b"")
    if len(value) > 1:
        raise _Unreadable
    return f"{value[0]:02d}" if value and 1 <= value[0] <= 9 else ""


def _date(fields: dict[int, bytes], tag: int) -> date | None:
    """A date in BCD (yyyymmdd); None when the field is absent or blank."""
    value = fields.get(tag, b"")
    if not value.strip(b"\x00") or not value.strip(b"\xff"):
        return None
    if len(value) != _LENGTHS[tag]:
        raise _Unreadable
    return _day(value.hex())


def _day(digits: str) -> date:
    if re.fullmatch(r"[0-9]{8}", digits, re.ASCII) is None:
        raise _Unreadable
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise _Unreadable from None
