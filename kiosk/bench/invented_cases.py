"""Cases of invented residents, as the packs would make them: to train the dictionary and to measure with.

Two vocabularies are kept apart, so that what is measured is not what was trained on: `TRAINING` names other
people, places and words than `MEASURING`.  Nobody in either exists: region codes and names of places are
made up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from kiosk.catalogue.pack import Field, FieldType, Pack, ServiceKind
from kiosk.domain.attachment import Attachment
from kiosk.domain.case import Case
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.domain.trust import Proof

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What invented residents are put together from."""

    surnames: str
    given: str
    places: Sequence[str]
    """The stems of counties, towns, villages and streets."""
    remarks: Sequence[str]
    """What people write where they may write what they like."""


TRAINING = Vocabulary(
    surnames="王张陈赵周徐朱郭林高郑谢许曹彭萧蔡丁叶余杜汪金陆崔谭石白江",
    given="秀英桂兰建国志强玉梅春花永福海燕红霞文华伟军丽芳德明淑珍俊杰",
    places=("青石", "云溪", "白杨", "南湾", "柳河", "长坪", "石桥", "新安", "东岭", "大塘", "红旗", "金盆"),
    remarks=(
        "住址未变，本人到场办理。",
        "材料已核对，请尽快办理。",
        "由子女陪同，行动不便。",
        "上月已提交过一次，没有结果。",
        "身份证地址和现住址不一致。",
    ),
)
MEASURING = Vocabulary(
    surnames="李刘杨黄吴孙胡马何罗梁宋唐韩冯于董程袁邓傅沈曾吕苏卢蒋贾魏",
    given="凤琴素云国庆庆生爱民小平月娥翠英立新大海宝山佳怡梓涵浩然思远",
    places=("碧水", "松林", "荷塘", "清泉", "向阳", "平原", "古城", "桃源", "双龙", "太平", "凤凰", "望江"),
    remarks=(
        "需要邮寄到家，请提前打电话联系。",
        "银行卡丢失，换了新卡，旧卡已注销。",
        "户口已经迁到本村，手续齐全。",
        "家里有八十岁老人，希望上门核实。",
        "去年搬家，电话也换了，请按新号码联系。",
    ),
)

_COMMON_QUESTIONS = ("relation", "household", "contact", "contact_phone", "present_address", "note")
"""What forms at such a counter ask besides a pack's own fields."""


def invented_cases(packs: Sequence[Pack], words: Vocabulary, seed: int) -> Iterator[Case]:
    """Cases without end, always the same ones for the same `seed`."""
    draw = random.Random(seed)  # noqa: S311 - the same ones each time is the point
    offered = [pack for pack in packs if pack.kind is ServiceKind.CASE]
    started_at = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    while True:
        started_at += timedelta(microseconds=draw.randrange(30_000_000, 1_800_000_000))
        yield _case(draw.choice(offered), words, draw, started_at)


def _case(pack: Pack, words: Vocabulary, draw: random.Random, started_at: datetime) -> Case:
    answers = {field.key: _answer(field, words, draw) for field in pack.fields}
    for question in _COMMON_QUESTIONS:
        if draw.random() < 0.85:
            answers.setdefault(question, _common_answer(question, words, draw))
    return Case(
        entry_id=_entry_id(draw, started_at),
        service_code=pack.code,
        pack_version=pack.revision,
        started_at=started_at,
        answers=answers,
        resident=_resident(words, draw),
        proofs=frozenset({Proof.CHIP_READ}),
        language="en" if draw.random() < 0.03 else "zh_CN",
        attachments=_attachments(draw),
    )


def _answer(field: Field, words: Vocabulary, draw: random.Random) -> str:
    match field.type:
        case FieldType.CHOICE:
            return draw.choice(field.choices).value
        case FieldType.YES_NO:
            return draw.choice(("yes", "no"))
        case FieldType.PHONE:
            return _phone(draw)
        case FieldType.DIGITS | FieldType.RECEIPT_NUMBER:
            return "".join(draw.choices("0123456789", k=16))
        case FieldType.TEXT:
            return draw.choice(words.remarks)[: field.max_length]
        case _:
            return field.example


def _common_answer(question: str, words: Vocabulary, draw: random.Random) -> str:
    match question:
        case "relation":
            return draw.choice(("self", "spouse", "child", "parent", "other"))
        case "household":
            return draw.choice(("same", "moved", "alone"))
        case "contact":
            return _name(words, draw)
        case "contact_phone":
            return _phone(draw)
        case "present_address":
            return _address(words, draw)
        case _:
            return draw.choice(words.remarks) + draw.choice(words.remarks)


def _resident(words: Vocabulary, draw: random.Random) -> IdentityDocument:
    birth = date(1936, 1, 1) + timedelta(days=draw.randrange(365 * 60))
    issued = date(2010, 1, 1) + timedelta(days=draw.randrange(365 * 15))
    body = f"000{draw.randrange(1000):03d}{birth:%Y%m%d}{draw.randrange(1000):03d}"
    check = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    social = draw.random() < 0.2
    return IdentityDocument(
        kind=DocumentKind.SOCIAL_SECURITY_CARD if social else DocumentKind.RESIDENT_ID_CARD,
        name=_name(words, draw),
        number=body + _CHECK_DIGITS[check],
        sex=Sex.MALE if int(body[16]) % 2 else Sex.FEMALE,
        birth=birth,
        valid_from=issued,
        valid_until=None if draw.random() < 0.5 else issued.replace(year=issued.year + 20, day=1),
        nation_code="01" if draw.random() < 0.9 else f"{draw.randrange(2, 57):02d}",
        address="" if social else _address(words, draw),
        issuer="" if social else f"{draw.choice(words.places)}县公安局",
        has_photo=draw.random() < 0.9,
    )


def _name(words: Vocabulary, draw: random.Random) -> str:
    return draw.choice(words.surnames) + "".join(draw.choices(words.given, k=draw.choice((1, 2, 2, 2))))


def _phone(draw: random.Random) -> str:
    return f"1{draw.choice('3578')}{draw.randrange(10**9):09d}"


def _address(words: Vocabulary, draw: random.Random) -> str:
    county, town, village = draw.sample(list(words.places), 3)
    group, house = draw.choice(_NUMERALS), draw.randrange(1, 300)
    if draw.random() < 0.4:
        return f"{county}县{town}街道{village}路{house}号{draw.randrange(1, 20)}号楼{draw.randrange(101, 2400)}室"
    return f"{county}县{town}镇{village}村{group}组{house}号"


def _entry_id(draw: random.Random, moment: datetime) -> UUID:
    """A UUIDv7 (RFC 9562) of that moment."""
    value = round(moment.timestamp() * 1000) << 80 | draw.getrandbits(80)
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0b10 << 62)


def _attachments(draw: random.Random) -> tuple[Attachment, ...]:
    if draw.random() < 0.3:
        return ()
    size_bytes = draw.randrange(20_000, 900_000)
    return (Attachment(digest=draw.randbytes(32), media_type="image/jpeg", size_bytes=size_bytes),)
