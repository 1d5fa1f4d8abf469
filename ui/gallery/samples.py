"""Services for the gallery: the terminal's own packs, and invented ones that use every kind of question."""

from __future__ import annotations

from pathlib import Path

from kiosk.catalogue.loader import Catalogue, load_catalogue
from kiosk.catalogue.pack import (
    Block,
    Choice,
    Facts,
    Field,
    FieldType,
    LocalText,
    OfflineAbility,
    Pack,
    ServiceKind,
)
from kiosk.domain.trust import Rung


def _words(chinese: str, english: str) -> LocalText:
    return LocalText(zh_CN=chinese, en=english)


_SAMPLES = (
    (
        "old-age-allowance",
        "高龄津贴申请",
        "Old-age allowance",
        "wallet",
        "带身份证、银行卡 · 约 6 分钟",
        "Bring your ID card and bank card · 6 minutes",
    ),
    (
        "remote-treatment",
        "异地就医备案",
        "Treatment in another city",
        "stethoscope",
        "带身份证 · 约 4 分钟",
        "Bring your ID card · 4 minutes",
    ),
    (
        "insured-certificate",
        "参保证明打印",
        "Proof of insurance",
        "file-text",
        "带身份证 · 约 2 分钟",
        "Bring your ID card · 2 minutes",
    ),
    (
        "residence-permit",
        "居住登记",
        "Register your residence",
        "house",
        "带身份证 · 约 5 分钟",
        "Bring your ID card · 5 minutes",
    ),
    (
        "family-doctor",
        "家庭医生签约",
        "Choose a family doctor",
        "users",
        "带身份证 · 约 3 分钟",
        "Bring your ID card · 3 minutes",
    ),
)
"""Code, names, icon, and what to bring, in both languages."""


def sample_catalogue(packs_dir: Path) -> Catalogue:
    """The terminal's own packs, and invented ones that use every kind of question."""
    packs = dict(load_catalogue(packs_dir).packs)
    facts = packs["pension-certification"].facts if "pension-certification" in packs else _facts()
    for code, chinese, english, icon, note, note_en in _SAMPLES:
        packs[code] = Pack(
            code=code,
            version="1.0.0",
            kind=ServiceKind.CASE,
            block=Block.HANDLE,
            icon=icon,
            name=_words(chinese, english),
            plain_name=_words(chinese, english),
            summary=_words(note, note_en),
            facts=facts,
            rung=Rung.DOCUMENT,
            offline=OfflineAbility.RECEIVE,
            frequent=code != "family-doctor",
            fields=_questions(),
            next_steps=(_words("3 个工作日内给结果", "You will have an answer within 3 working days"),),
        )
    return Catalogue(packs)


def _facts() -> Facts:
    words = _words("示例", "Sample")
    return Facts(who=words, bring=words, how_long=words, cost=words, collect=words)


def _questions() -> tuple[Field, ...]:
    banks = (
        ("bank_a", "农商银行", "Rural Commercial Bank"),
        ("bank_b", "邮储银行", "Postal Savings Bank"),
        ("bank_c", "其他银行", "Another bank"),
    )
    return (
        Field(
            key="bank",
            type=FieldType.CHOICE,
            prompt=_words("钱打到哪家银行？", "Which bank shall we pay to?"),
            label=_words("开户银行", "Bank"),
            purpose=_words("津贴每月打到这张卡上", "The allowance is paid there every month"),
            choices=tuple(Choice(value=v, label=_words(zh, en)) for v, zh, en in banks),
        ),
        Field(
            key="alone",
            type=FieldType.YES_NO,
            prompt=_words("您是一个人住吗？", "Do you live alone?"),
            label=_words("独居", "Living alone"),
            purpose=_words("独居的，社区会常来看看", "If so, somebody will look in on you"),
        ),
        Field(
            key="address",
            type=FieldType.TEXT,
            prompt=_words("您现在住在哪里？", "Where do you live?"),
            label=_words("住址", "Address"),
            purpose=_words("用来寄送证件", "Papers are sent there"),
        ),
        Field(
            key="signature",
            type=FieldType.SIGNATURE,
            prompt=_words("请签上您的名字", "Please sign your name"),
            label=_words("签名", "Signature"),
            purpose=_words("表示以上都是您自己说的", "It says that all of this is your own word"),
        ),
    )
