"""What people hold before a scanner, and what becomes of it."""

from __future__ import annotations

from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.code_settings import Alphabet, CodeSettings, IdentityForm
from kiosk.domain.presented_code import (
    CODE_LIFE_S,
    CodeKind,
    PresentedCode,
    UsedCodes,
    classify,
    is_fresh,
)
from kiosk.domain.receipt import qr_text, receipt_number

SETTINGS = CodeSettings(
    identity=(
        IdentityForm(name="service-code", prefix="TESTZW:", min_length=20, max_length=64),
        IdentityForm(name="insurance", min_length=28, max_length=28, alphabet=Alphabet.DIGITS),
    ),
    official_hosts=("example.cn", "gov.example.com"),
)
SERVICE_CODE = "TESTZW:0123456789abcdef"


def kind(text: str, settings: CodeSettings = SETTINGS) -> CodeKind:
    return classify(text, 5.0, settings).kind


def test_a_slip_and_its_number_are_receipts() -> None:
    number = receipt_number("370508", uuid4())
    for text in (qr_text(number), number, f" {number[:4]} {number[4:]} "):
        code = classify(text, 5.0, SETTINGS)
        assert (code.kind, code.receipt_number, code.payload) == (CodeKind.RECEIPT, number, "")


def test_a_slip_with_a_wrong_digit_is_only_text() -> None:
    number = receipt_number("370508", uuid4())
    assert kind(qr_text(number[:-1] + str((int(number[-1]) + 1) % 10))) is CodeKind.TEXT


@pytest.mark.parametrize(
    "text",
    [
        "134567890123456789",
        "100000000000000000",
        "2812345678901234",
        "301234567890123456789012",
        "6212345678901234567",
        "wxp://f2f0abcdef",
        "weixin://wxpay/bizpayurl?pr=abc",
        "https://qr.alipay.com/fkx0000",
        "HTTPS://QR.ALIPAY.COM/fkx0000",
        "https://qr.95516.com/00010000/62000000",
    ],
)
def test_money_is_told_apart(text: str) -> None:
    code = classify(text, 5.0, SETTINGS)
    assert (code.kind, code.payload) == (CodeKind.PAYMENT, "")


def test_a_pay_code_is_never_taken_for_a_receipt() -> None:
    number = next(n for n in (f"28{i:014d}" for i in range(10_000)) if int(n) % 97 == 1)
    assert kind(number) is CodeKind.PAYMENT


def test_a_form_without_a_prefix_never_takes_what_looks_like_money() -> None:
    greedy = CodeSettings(
        identity=(IdentityForm(name="greedy", min_length=8, max_length=64, alphabet=Alphabet.DIGITS),)
    )
    assert kind("134567890123456789", greedy) is CodeKind.PAYMENT
    assert kind("99345678901234567890", greedy) is CodeKind.IDENTITY


@pytest.mark.parametrize(
    "text",
    [
        "TESTZW:short",
        "TESTZW:" + "0" * 80,
        "testzw:0123456789abcdef",
        "TESTZW:0123456789abcd f",
        "9" * 27,
        "９" * 28,
    ],
)
def test_what_only_resembles_an_identity_code_is_none(text: str) -> None:
    assert kind(text) is not CodeKind.IDENTITY


def test_an_identity_code_keeps_its_form_and_shows_nothing_of_itself() -> None:
    code = classify(SERVICE_CODE, 5.0, SETTINGS)
    assert (code.kind, code.form, code.payload) == (CodeKind.IDENTITY, "service-code", SERVICE_CODE)
    assert "0123456789abcdef" not in repr(code)
    assert "0123456789abcdef" not in str(code)


def test_without_settings_nothing_identifies_anybody() -> None:
    assert kind(SERVICE_CODE, CodeSettings()) is CodeKind.TEXT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.cn/door/1", CodeKind.OFFICIAL_LINK),
        ("https://a.gov.example.com./x", CodeKind.OFFICIAL_LINK),
        ("http://EXAMPLE.cn", CodeKind.OFFICIAL_LINK),
        ("https://notexample.cn/door/1", CodeKind.FOREIGN_LINK),
        ("https://example.cn.evil.example/", CodeKind.FOREIGN_LINK),
        ("https://example.cn@evil.example/", CodeKind.FOREIGN_LINK),
        ("https://evil.example\\@example.cn/", CodeKind.FOREIGN_LINK),
        ("https://[::1", CodeKind.FOREIGN_LINK),
        ("https://еxample.cn/", CodeKind.FOREIGN_LINK),
        ("https://", CodeKind.FOREIGN_LINK),
        ("javascript:alert(1)", CodeKind.TEXT),
        ("file:///etc/passwd", CodeKind.TEXT),
        ("LBB1:AAAA", CodeKind.STAFF_BADGE),
        ("你好", CodeKind.TEXT),
        ("", CodeKind.TEXT),
    ],
)
def test_addresses_and_the_rest(text: str, expected: CodeKind) -> None:
    assert kind(text) is expected


@pytest.mark.fault(98)
@given(st.text(max_size=4096))
def test_whatever_is_shown_is_something(text: str) -> None:
    assert isinstance(classify(text, 5.0, SETTINGS), PresentedCode)


@pytest.mark.fault(99)
def test_a_code_of_a_minute_ago_is_not_passed_on() -> None:
    code = classify(SERVICE_CODE, 100.0, SETTINGS)
    assert code.is_fresh(100.0)
    assert code.is_fresh(100.0 + CODE_LIFE_S)
    assert not code.is_fresh(100.1 + CODE_LIFE_S)
    assert not is_fresh(100.0, 99.0)


@pytest.mark.fault(99)
def test_a_code_is_used_once() -> None:
    used, code = UsedCodes(), classify(SERVICE_CODE, 100.0, SETTINGS)
    assert used.use(code, 100.0)
    assert not used.use(classify(SERVICE_CODE, 130.0, SETTINGS), 130.0)
    assert used.use(classify(SERVICE_CODE + "x", 130.0, SETTINGS), 130.0)
    assert used.use(code, 100.0 + 86401)


def test_what_is_remembered_is_bounded_and_tells_nothing() -> None:
    used = UsedCodes()
    for number in range(5000):
        used.use(classify(f"TESTZW:{number:020d}", 1.0, SETTINGS), 1.0)
    assert len(used._used) == 4096
    assert not any(b"TESTZW" in digest or len(digest) != 16 for digest in used._used)
    assert set(used._used).isdisjoint(UsedCodes()._used)


def test_settings_with_a_form_that_is_none_are_refused() -> None:
    for faulty in ({"name": "Bad Name"}, {"name": "a", "min_length": 1}, {"name": "a", "regex": ".*"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"identity": [faulty]}, CodeSettings)
