"""Cards of people who do not exist, badges of nobody, and a bank card: chips for demonstrations and tests.

11010519491231002X is the sample number of the standard GB 11643 itself; region 000000 is nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from devices.chip_card.chip import BADGES, OTHER_CARDS, Chip
from devices.social_card.protocol import (
    APPLICATION,
    BIRTH,
    NAME,
    NAME_CONTINUED,
    NATION,
    NUMBER,
    SEX,
    VALID_FROM,
    VALID_UNTIL,
)
from kiosk.domain.resident import is_citizen_number

_PLACES: Final = {
    VALID_FROM: (5, 5),
    VALID_UNTIL: (5, 6),
    NUMBER: (6, 1),
    NAME: (6, 2),
    NAME_CONTINUED: (6, 3),
    SEX: (6, 4),
    NATION: (6, 5),
    BIRTH: (6, 7),
}
_OTHER_RECORDS: Final = {
    (5, 1): bytes.fromhex("0110000000D156000005991101450FFFFFFF"),
    (5, 3): b"\x03\x043.00",
    (5, 7): b"\x07\x09A00000000",
    (6, 6): bytes.fromhex("0C03000000"),
}


def social_card(fields: dict[str, str]) -> Chip:
    """A social-security card from `name number sex nation birth valid_from valid_until`. Raises `ValueError`."""
    name = fields.get("name", "").encode("gb18030")
    parts = {
        NUMBER: _filled(fields.get("number", "").encode("ascii"), 18),
        NAME: _filled(name[:30], 30),
        NAME_CONTINUED: _filled(name[30:], 20),
        SEX: _filled(fields.get("sex", "").encode("ascii"), 1),
        NATION: bytes.fromhex(fields.get("nation", "00")),
        BIRTH: bytes.fromhex(fields.get("birth", "00000000")),
        VALID_FROM: bytes.fromhex(fields.get("valid_from", "00000000")),
        VALID_UNTIL: bytes.fromhex(fields.get("valid_until", "00000000")),
    }
    records = {_PLACES[tag]: bytes([tag, len(value)]) + value for tag, value in parts.items()}
    return Chip(
        label=fields.get("name", "card"),
        applications=frozenset({APPLICATION}),
        records=_OTHER_RECORDS | records,
    )


def _filled(value: bytes, length: int) -> bytes:
    if len(value) > length:
        raise ValueError(f"{value!r} is longer than {length} bytes")
    return value.ljust(length, b"\0")


def custom_card(fields: dict[str, Any]) -> Chip:
    """A card from the fields of a control message; what is not named is as on the default card."""
    return social_card(_FIELDS | {name: str(value) for name, value in fields.items()})


def _invented(name: str, birth: str, order: str, nation: str = "01") -> dict[str, str]:
    first = "000000" + birth + order
    number = next(first + last for last in "0123456789X" if is_citizen_number(first + last))
    sex = "1" if int(order[-1]) % 2 else "2"
    return _FIELDS | {"name": name, "number": number, "sex": sex, "birth": birth, "nation": nation}


_FIELDS: Final = {
    "name": "测试甲",
    "number": "11010519491231002X",
    "sex": "2",
    "nation": "01",
    "birth": "19491231",
    "valid_from": "20200101",
    "valid_until": "20400101",
}


def _make() -> dict[str, Chip]:
    sample = social_card(_FIELDS)
    no_record_but_two = {place: sample.records[place] for place in ((6, 1), (6, 2))}
    long_name = social_card(_invented("测试买买提·阿卜杜热合曼·吐尔逊江", "19880214", "013", "05"))
    rare_name = social_card(_invented("测试𠮷㛃", "19950607", "022"))
    expired = social_card(_invented("测试丁", "19601109", "031") | {"valid_until": "20250101"})
    foreign = social_card(_FIELDS | {"number": "AAA000000000001"})
    return (
        {
            "测试甲": sample,
            "long-name": replace(long_name, label="long-name"),
            "rare-name": replace(rare_name, label="rare-name"),
            "expired": replace(expired, label="expired"),
            "bare": replace(sample, label="bare", records=no_record_but_two),
            "foreign": replace(foreign, label="foreign"),
            "wrong-number": replace(
                social_card(_FIELDS | {"number": "110105194912310021"}), label="wrong-number"
            ),
            "locked": replace(sample, label="locked", locked=True),
        }
        | OTHER_CARDS
        | BADGES
    )


PRACTICE_CARDS: dict[str, Chip] = _make()
"""By name."""

DEFAULT_CARD: Final = "测试甲"
