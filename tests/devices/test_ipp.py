"""IPP on the wire: the bytes of the standard, and no input that raises."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.sheet_printer.ipp import (
    MAX_DEPTH,
    MAX_VALUES,
    Attribute,
    Flaw,
    Malformed,
    Operation,
    Range,
    Resolution,
    Response,
    Tag,
    decode,
    encode,
)

HEAD = bytes.fromhex("0200 0000 00000007")


def item(tag: int, name: str, value: bytes) -> bytes:
    raw = name.encode()
    return bytes((tag,)) + len(raw).to_bytes(2, "big") + raw + len(value).to_bytes(2, "big") + value


def decoded(*parts: bytes, end: bytes = b"\x03") -> Response:
    answer = decode(HEAD + b"".join(parts) + end)
    assert isinstance(answer, Response), answer
    return answer


def test_a_question_is_spelled_as_the_standard_spells_it() -> None:
    asked = encode(
        Operation.GET_PRINTER_ATTRIBUTES,
        1,
        "ipp://localhost:8631/ipp/print",
        about=[Attribute(Tag.KEYWORD, "requested-attributes", ("printer-state", "printer-state-reasons"))],
    )
    assert asked.hex() == (
        "0200000b00000001"
        "01"
        "470012617474726962757465732d6368617273657400057574662d38"
        "48001b617474726962757465732d6e61747572616c2d6c616e67756167650002656e"
        "45000b7072696e7465722d757269001e6970703a2f2f6c6f63616c686f73743a383633312f6970702f7072696e74"
        "4400147265717565737465642d61747472696275746573000d7072696e7465722d7374617465"
        "44000000157072696e7465722d73746174652d726561736f6e73"
        "03"
    )
    assert len(asked) == 182


def test_an_answer_of_every_kind_of_value_is_read() -> None:
    answer = decoded(
        b"\x04",
        item(0x21, "copies", (3).to_bytes(4, "big")),
        item(0x21, "less", (-2).to_bytes(4, "big", signed=True)),
        item(0x22, "accepting", b"\x01"),
        item(0x23, "printer-state", (5).to_bytes(4, "big")),
        item(0x32, "dpi", (300).to_bytes(4, "big") + (600).to_bytes(4, "big") + b"\x03"),
        item(0x33, "range", (1).to_bytes(4, "big") + (999).to_bytes(4, "big")),
        item(0x44, "reasons", b"media-empty-error"),
        item(0x44, "", b"toner-low"),
        item(0x42, "name", "测试".encode()),
        item(0x35, "text", b"\x00\x02zh" + b"\x00\x06" + "没纸".encode()),
        item(0x13, "nothing", b""),
        item(0x31, "date", bytes(11)),
        item(0x7F, "of-the-future", b"?"),
    )
    group = answer.first(Tag.PRINTER_GROUP)
    assert group.number("copies") == 3
    assert group.number("less") == -2
    assert group.flag("accepting") is True
    assert group.number("accepting") is None
    assert group.attributes["dpi"] == (Resolution(300, 600, 3),)
    assert group.attributes["range"] == (Range(1, 999),)
    assert group.texts("reasons") == ("media-empty-error", "toner-low")
    assert group.text("name") == "测试"
    assert group.text("text") == "没纸"
    for empty in ("nothing", "date", "of-the-future", "not-there"):
        assert not group.attributes.get(empty)


def test_collections_are_passed_over_and_what_follows_is_read() -> None:
    inner = item(0x4A, "", b"x-dimension") + item(0x21, "", bytes(4))
    nested = item(0x4A, "", b"media-size") + item(0x34, "", b"") + inner + item(0x37, "", b"")
    collection = item(0x34, "media-col-ready", b"") + nested + item(0x37, "", b"")
    another = item(0x34, "", b"") + inner + item(0x37, "", b"")
    answer = decoded(b"\x04", collection, another, item(0x23, "printer-state", (3).to_bytes(4, "big")))
    assert answer.first(Tag.PRINTER_GROUP).number("printer-state") == 3
    assert answer.first(Tag.PRINTER_GROUP).attributes["media-col-ready"] == ()


def test_jobs_come_one_group_each() -> None:
    jobs = [b"\x02" + item(0x21, "job-id", number.to_bytes(4, "big")) for number in (4, 9)]
    assert [job.number("job-id") for job in decoded(*jobs).of(Tag.JOB_GROUP)] == [4, 9]


def test_the_same_name_twice_keeps_the_first() -> None:
    twice = (
        item(0x44, "a", b"one"),
        item(0x44, "b", b"x"),
        item(0x44, "a", b"two"),
        item(0x44, "", b"three"),
    )
    assert decoded(b"\x04", *twice).first(Tag.PRINTER_GROUP).texts("a") == ("one",)


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (b"", Flaw.TRUNCATED),
        (b"<html>nothing here</html>", Flaw.NOT_IPP),
        (HEAD, Flaw.TRUNCATED),
        (HEAD + b"\x04" + item(0x23, "printer-state", b"\x00\x03") + b"\x03", Flaw.BAD_VALUE),
        (HEAD + b"\x04" + item(0x22, "accepting", b"") + b"\x03", Flaw.BAD_VALUE),
        (HEAD + b"\x04" + item(0x44, "", b"of nothing") + b"\x03", Flaw.BAD_VALUE),
        (HEAD + b"\x04" + item(0x35, "text", b"\x00\x09zh") + b"\x03", Flaw.BAD_VALUE),
        (HEAD + b"\x04" + item(0x34, "endless", b""), Flaw.TRUNCATED),
        (HEAD + b"\x04" + item(0x34, "open", b"") + b"\x03", Flaw.BAD_VALUE),
        (HEAD + b"\x04" + item(0x34, "deep", b"") * (MAX_DEPTH + 2) + b"\x03", Flaw.TOO_MUCH),
        (HEAD + b"\x04" + item(0x44, "a", b"b") + item(0x44, "", b"c") * MAX_VALUES + b"\x03", Flaw.TOO_MUCH),
        (HEAD + b"\x02" * 2001 + b"\x03", Flaw.TOO_MUCH),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(data: bytes, flaw: Flaw) -> None:
    assert decode(data) == Malformed(flaw)


WHOLE = (
    HEAD
    + b"\x01"
    + item(0x47, "attributes-charset", b"utf-8")
    + b"\x04"
    + item(0x34, "media-col-ready", b"")
    + item(0x4A, "", b"x")
    + item(0x21, "", bytes(4))
    + item(0x37, "", b"")
    + item(0x44, "reasons", b"none")
    + item(0x32, "dpi", bytes(9))
    + item(0x36, "name", b"\x00\x02zh\x00\x03abc")
    + b"\x03"
)


def test_cut_at_every_byte_it_is_never_taken_for_whole() -> None:
    assert isinstance(decode(WHOLE), Response)
    for end in range(len(WHOLE)):
        assert decode(WHOLE[:end]) == Malformed(Flaw.TRUNCATED)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(decode(HEAD + data), Response | Malformed)


def test_no_spoiled_answer_raises() -> None:
    dice = random.Random(20261122)
    for _ in range(20_000):
        spoiled = bytearray(WHOLE)
        for _ in range(dice.randrange(1, 6)):
            spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
        assert isinstance(decode(bytes(spoiled)), Response | Malformed)
