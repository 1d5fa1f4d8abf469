"""Cards of people who do not exist, for demonstrations and tests. Regions 000000, 81…, 82…, 83…, 9…: invented.

11010519491231002X is the sample number of the standard GB 11643 itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devices.id_card.protocol import Verdict

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LAYOUT_FIELDS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "": (
        ("name", 0, 30),
        ("sex", 30, 2),
        ("nation", 32, 4),
        ("birth", 36, 16),
        ("address", 52, 70),
        ("number", 122, 36),
        ("issuer", 158, 30),
        ("valid_from", 188, 16),
        ("valid_until", 204, 16),
    ),
    "I": (
        ("english_name", 0, 120),
        ("sex", 120, 2),
        ("number", 122, 30),
        ("nationality", 152, 6),
        ("name", 158, 30),
        ("valid_from", 188, 16),
        ("valid_until", 204, 16),
        ("birth", 220, 16),
        ("version", 236, 4),
        ("issuer", 240, 8),
    ),
    "Y": (
        ("name", 0, 30),
        ("sex", 30, 2),
        ("renewals", 32, 4),
        ("birth", 36, 16),
        ("number", 122, 36),
        ("valid_from", 188, 16),
        ("valid_until", 204, 16),
        ("nationality", 242, 6),
    ),
}
_LAYOUT_FIELDS["J"] = (
    *(field for field in _LAYOUT_FIELDS[""] if field[0] != "nation"),
    ("pass_number", 220, 18),
    ("issues", 238, 4),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What lies on the plate: its chip, and how the reader takes it."""

    label: str
    text: bytes = b""
    photo: bytes = bytes(1024)
    fingerprint: bytes = bytes(1024)
    additional_address: bytes | None = None
    select_verdict: int = Verdict.OK
    read_verdict: int = Verdict.OK


def with_check_digit(first_17: str) -> str:
    """A citizen number with its check character (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return first_17 + "10X98765432"[total % 11]


def text_block(layout: str, fields: dict[str, str]) -> bytes:
    """The 256 bytes of a chip; `layout` is "" (domestic), "J", "I", "Y" or any other letter."""
    block = bytearray(" ".encode("utf-16-le") * 128)
    places = {
        name: (offset, length) for name, offset, length in _LAYOUT_FIELDS.get(layout, _LAYOUT_FIELDS[""])
    }
    for name, value in fields.items():
        if name == "english_name" and layout == "Y":
            _put(block, 52, 70, value[:35])
            _put(block, 220, 22, value[35:])
            continue
        if name not in places:
            raise ValueError(f"a card of layout {layout!r} has no field {name!r}; it has {', '.join(places)}")
        _put(block, *places[name], value)
    if layout:
        block[248:250] = layout.encode("utf-16-le")
    return bytes(block)


def custom_card(fields: dict[str, Any]) -> Card:
    """A card from the fields of a control message: `layout` and the fields of that layout."""
    plain = {name: str(value) for name, value in fields.items()}
    layout, address = plain.pop("layout", ""), plain.pop("additional_address", "")
    base = dict(_FIELDS) if not layout else {}
    return Card(
        label=plain.get("name", "card"),
        text=text_block(layout, base | plain),
        additional_address=_address(address) if address else None,
    )


def _put(block: bytearray, offset: int, length: int, value: str) -> None:
    data = value.encode("utf-16-le", "surrogatepass")
    if len(data) > length:
        raise ValueError(f"{value!r} is longer than {length} bytes")
    block[offset : offset + len(data)] = data


def _address(value: str) -> bytes:
    block = bytearray(" ".encode("utf-16-le") * 35)
    _put(block, 0, 70, value)
    return bytes(block)


_FIELDS = {
    "name": "测试甲",
    "sex": "2",
    "nation": "01",
    "birth": "19491231",
    "address": "北京市朝阳区测试路1号",
    "number": "11010519491231002X",
    "issuer": "测试公安局",
    "valid_from": "20200101",
    "valid_until": "长期",
}


def _domestic(label: str, **changes: str) -> Card:
    return Card(label=label, text=text_block("", _FIELDS | {"name": label} | changes))


def _invented(name: str, region: str, birth: str, order: str, **fields: str) -> dict[str, str]:
    sex = "1" if int(order[-1]) % 2 else "2"
    number = with_check_digit(region + birth + order)
    return {"name": name, "sex": sex, "birth": birth, "number": number} | fields


def _make() -> dict[str, Card]:
    validity = {"valid_from": "20210601", "valid_until": "20410601"}
    home = {"address": "测试省测试市邻里街道1号", "issuer": "测试市公安局"}
    other = _invented("测试乙", "000000", "19880214", "013", nation="11", **home, **validity)
    rare = _invented("测试𠮷㛃", "000000", "19950607", "022", nation="01", **home, **validity)
    expired = _invented("测试丁", "000000", "19601109", "031", nation="01", **home)
    permit = _invented("测试戊", "810000", "19791005", "041", issues="01", **home, **validity)
    permit["pass_number"] = "H00000000"  # noqa: S105  (通行证号码)
    foreign_2017 = {
        "english_name": "SAMPLE, TESTER ONE",
        "name": "泰斯特",
        "sex": "1",
        "number": "AAA000000000001",
        "nationality": "AAA",
        "birth": "19850312",
        "issuer": "0000",
        "version": "01",
        "valid_from": "20180901",
        "valid_until": "20280831",
    }
    foreign_2023 = _invented(
        "测试己", "911000", "19900818", "052", nationality="AAA", renewals="00", **validity
    ) | {"english_name": "SAMPLE, TESTER WITH A VERY LONG FAMILY NAME"}
    cards = [
        _domestic("测试甲"),
        Card(
            label="测试乙", text=text_block("", other), additional_address=_address("测试省测试市新址路2号")
        ),
        Card(label="测试𠮷㛃", text=text_block("", rare)),
        Card(
            label="测试丁",
            text=text_block("", expired | {"valid_from": "20050101", "valid_until": "20250101"}),
        ),
        Card(label="测试戊", text=text_block("J", permit)),
        Card(label="泰斯特", text=text_block("I", foreign_2017)),
        Card(label="测试己", text=text_block("Y", foreign_2023)),
    ]
    by_name = {card.label: card for card in cards}
    return by_name | {
        "expired": by_name["测试丁"],
        "hmt": by_name["测试戊"],
        "foreign-2017": by_name["泰斯特"],
        "foreign-2023": by_name["测试己"],
        "rare-name": by_name["测试𠮷㛃"],
        "unknown-type": Card(label="unknown-type", text=text_block("Z", dict(_FIELDS))),
        "bank": Card(label="bank", select_verdict=Verdict.CARD_TYPE_UNKNOWN),
        "forged": Card(label="forged", read_verdict=Verdict.SAM_REFUSED_CARD),
    }


PRACTICE_CARDS: dict[str, Card] = _make()
"""By name: the people, and `expired hmt foreign-2017 foreign-2023 rare-name unknown-type bank forged`."""

DEFAULT_CARD = "测试甲"
