"""What a code says of itself: AIM identifiers, ECI, and bytes that are no text."""

from __future__ import annotations

import pytest

from devices.scanner.aim import identify
from devices.scanner.stream import codes_in
from kiosk.device_settings import Suffix
from kiosk.ports import NotScanned, Scan, ScanFault

UNDECODABLE = [NotScanned(fault=ScanFault.UNDECODABLE)]


@pytest.mark.parametrize(
    ("identifier", "symbology"),
    [
        (b"]Q0", "qr"),
        (b"]Q1", "qr"),
        (b"]Q3", "qr"),
        (b"]C0", "code128"),
        (b"]C1", "code128"),
        (b"]E0", "ean"),
        (b"]d1", "datamatrix"),
        (b"]L2", "pdf417"),
        (b"]A0", "code39"),
        (b"]z0", "aztec"),
        (b"]h0", "hanxin"),
    ],
)
def test_the_identifier_becomes_the_symbology(identifier: bytes, symbology: str) -> None:
    assert codes_in(identifier + b"a\\b\r", Suffix.CR) == [Scan(text="a\\b", symbology=symbology)]


@pytest.mark.parametrize("identifier", [b"]Q2", b"]Q4", b"]d4", b"]L1", b"]z3", b"]h1"])
def test_the_modifier_says_that_backslashes_are_doubled(identifier: bytes) -> None:
    assert identify(identifier, False).eci
    found = codes_in(identifier + b"\\000026" + "a\\\\测试".encode() + b"\r", Suffix.CR)
    assert [one.text for one in found if isinstance(one, Scan)] == ["a\\测试"]


@pytest.mark.parametrize(
    ("designator", "encoding"),
    [
        (26, "utf-8"),
        (29, "gb18030"),
        (31, "gbk"),
        (32, "gb18030"),
        (28, "big5"),
        (20, "shift_jis"),
        (25, "utf-16-be"),
    ],
)
def test_chinese_in_the_set_that_the_code_names(designator: int, encoding: str) -> None:
    data = (
        "中文測試".replace("測", "试" if encoding in ("gbk", "gb18030") else "字")
        .replace("试", "字")
        .encode(encoding)
    )
    sent = b"]Q2\\%06d" % designator + data.replace(b"\\", b"\\\\") + b"\r"
    (found,) = codes_in(sent, Suffix.CR)
    assert isinstance(found, Scan)
    assert found.text == data.decode(encoding)


def test_an_announced_set_needs_no_identifier() -> None:
    assert codes_in(b"\\000026" + "证号".encode() + b"\r", Suffix.CR) == [Scan(text="证号")]


def test_two_sets_in_one_code() -> None:
    sent = b"]Q2\\000029" + "证".encode("gb18030") + b"\\000026" + "号".encode() + b"\r"
    assert codes_in(sent, Suffix.CR) == [Scan(text="证号", symbology="qr")]


def test_bytes_that_do_not_fit_their_set_are_no_text() -> None:
    assert codes_in(b"]Q2\\000026" + "证号".encode("gb18030") + b"\r", Suffix.CR) == UNDECODABLE


def test_a_set_that_nobody_knows_is_no_text() -> None:
    assert codes_in(b"]Q2\\000899\x81\x82\r", Suffix.CR) == UNDECODABLE


def test_a_backslash_that_is_no_announcement_stays() -> None:
    assert codes_in(b"C:\\100026x\r", Suffix.CR) == [Scan(text="C:\\100026x")]
    assert codes_in(b"\\999999\r", Suffix.CR) == [Scan(text="\\999999")]


def test_a_character_of_gbk_with_a_backslash_in_it() -> None:
    character = next(
        bytes((lead, 0x5C)) for lead in range(0x81, 0xFE) if bytes((lead, 0x5C)).decode("gbk", "ignore")
    )
    text = character.decode("gbk")
    assert codes_in(b"]Q2\\000029" + character + b"ab\r", Suffix.CR) == [
        Scan(text=text + "ab", symbology="qr")
    ]
    assert codes_in(character + b"000026\r", Suffix.CR) == [Scan(text=text + "000026")]
