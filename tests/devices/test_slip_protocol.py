"""ESC/POS bytes, answers and lines of paper, without a printer."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.slip_printer import protocol
from devices.slip_printer.interpreter import Kind, next_operation, operations
from devices.slip_printer.job import Unprintable, closing, compose, opening
from devices.slip_printer.layout import char_width, lay_out, text_width, wrap
from devices.slip_printer.models import MODELS
from devices.slip_printer.protocol import (
    Answer,
    AnswerReader,
    AutoStatus,
    Confirmation,
    Identity,
    Noise,
    PaperToken,
    RealTimeByte,
    StateBuilder,
    StatusMasks,
)
from devices.slip_printer.raster import without_real_time
from devices.slip_printer.renderer import render
from devices.slip_printer.repertoire import in_repertoire
from kiosk.documents.page import Align, Block, Gap, Page, QrCode, Row, Rule, Size, Text

GENERIC = MODELS["generic-80"]


def test_the_published_header_comes_out_byte_for_byte() -> None:
    built = (
        protocol.INIT
        + protocol.CHINESE_ON
        + protocol.align(protocol.CENTRE)
        + protocol.size(True, chinese_apart=True)
        + "办件回执".encode("gb18030")
        + protocol.LINE_FEED
    )
    assert built == bytes.fromhex("1B40 1C26 1B6101 1D2111 1C5701 B0ECBCFEBBD8D6B4 0A")
    assert protocol.feed_lines(4) + bytes.fromhex(GENERIC.cut) == bytes.fromhex("1B6404 1D564200")


def test_the_published_qr_code_comes_out_byte_for_byte() -> None:
    assert protocol.qr_code(b"https://a.cn/1", 6) == bytes.fromhex(
        "1D286B040031413200 1D286B0300314306 1D286B0300314531"
        "1D286B1100315030 68747470733A2F2F612E636E2F31 1D286B0300315130"
    )


def test_the_published_images_come_out_byte_for_byte() -> None:
    assert protocol.raster(2, b"\xff\x00\x0f\xf0") == bytes.fromhex("1D763000 02000200 FF00 0FF0")
    assert protocol.raster(72, bytes(72 * 24))[:8] == bytes.fromhex("1D76300048001800")
    assert protocol.raster(48, bytes(48 * 24))[:8] == bytes.fromhex("1D76300030001800")


def test_the_published_questions_come_out_byte_for_byte() -> None:
    assert protocol.confirmation_query(b"0042") == bytes.fromhex("1D284806003030 30303432")
    assert bytes.fromhex("1D7201") == protocol.PAPER_QUERY
    assert protocol.real_time_query(4) == bytes.fromhex("100404")


def test_the_published_answers_are_told_apart() -> None:
    stream = bytes.fromhex("12 1A 32 7E 00 03 37223030343200 11 13 16")
    assert AnswerReader().feed(stream) == [
        RealTimeByte(0x12),
        RealTimeByte(0x1A),
        RealTimeByte(0x32),
        RealTimeByte(0x7E),
        PaperToken(0),
        PaperToken(3),
        Confirmation(b"0042"),
        RealTimeByte(0x16),
    ]


def test_automatic_status_is_not_taken_for_paper_tokens() -> None:
    assert AnswerReader().feed(bytes.fromhex("1C 00 03 00 12")) == [
        AutoStatus(bytes.fromhex("1C000300")),
        RealTimeByte(0x12),
    ]


def test_flow_control_in_the_middle_of_an_answer_is_no_part_of_it() -> None:
    assert AnswerReader().feed(bytes.fromhex("13 37 11 22 3030 13 3432 11 00 14 13 000000 12")) == [
        Confirmation(b"0042"),
        AutoStatus(bytes.fromhex("14000000")),
        RealTimeByte(0x12),
    ]


def test_what_a_printer_tells_of_itself_is_no_noise_and_noise_is_no_identity() -> None:
    assert AnswerReader().feed(b"\x5fTM-T88VI\x00\x12") == [Identity("TM-T88VI"), RealTimeByte(0x12)]
    assert AnswerReader().feed(b"\x5f\x00\x12") == [Noise(0x5F), PaperToken(0), RealTimeByte(0x12)]
    assert RealTimeByte(0x12) in AnswerReader().feed(b"\x5fTM\x12")
    assert Noise(0x5F) in AnswerReader().feed(b"\x5f" + b"A" * 80)


def test_half_an_automatic_status_does_not_hold_back_the_answer_behind_it() -> None:
    assert RealTimeByte(0x12) in AnswerReader().feed(bytes.fromhex("14 00 12"))


@pytest.mark.parametrize("junk", [b"\xff", b"\x80", b"\x93", b"\x42\xff"])
def test_junk_is_noise_or_nothing_but_never_a_real_time_answer(junk: bytes) -> None:
    answers = AnswerReader().feed(junk)
    assert not any(isinstance(answer, (RealTimeByte, Confirmation)) for answer in answers)
    assert any(isinstance(answer, Noise) for answer in answers)


@pytest.mark.fault(78)
@given(st.binary(max_size=200), st.lists(st.integers(1, 9), min_size=1, max_size=9))
@settings(max_examples=150, deadline=None)
def test_answers_are_the_same_however_they_are_split(stream: bytes, sizes: list[int]) -> None:
    whole = AnswerReader()
    expected = whole.feed(stream)
    split, got, at, turn = AnswerReader(), list[Answer](), 0, 0
    while at < len(stream):
        got += split.feed(stream[at : at + sizes[turn % len(sizes)]])
        at, turn = at + sizes[turn % len(sizes)], turn + 1
    assert got == expected


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ((0x12, 0x12, 0x12, 0x12), set()),
        ((0x16, 0x12, 0x12, 0x12), set()),
        ((0x1A, 0x32, 0x12, 0x7E), {"offline", "paper_out", "paper_low"}),
        ((0x12, 0x12, 0x12, 0x1E), {"paper_low"}),
        ((0x1A, 0x16, 0x12, 0x12), {"offline", "cover_open"}),
        ((0x1A, 0x52, 0x1A, 0x12), {"offline", "in_error", "cutter_error"}),
        ((0x12, 0x52, 0x12, 0x12), {"in_error"}),
    ],
)
def test_the_published_states_are_understood(values: tuple[int, ...], seen: set[str]) -> None:
    builder = StateBuilder()
    for number, value in enumerate(values, start=1):
        builder.add(number, value)
    state = builder.state
    assert {name for name in type(state).__slots__ if getattr(state, name) is True} == seen
    assert state.clean == (seen <= {"paper_low"})


def test_a_model_that_tells_whether_the_slip_was_taken_is_asked_by_its_own_bits() -> None:
    model = MODELS["kp-628e"]
    assert AnswerReader(model.real_time_mask).feed(b"\x92") == [RealTimeByte(0x92)]
    builder = StateBuilder(StatusMasks(not_taken=0x80))
    builder.add(1, 0x92)
    assert builder.state.taken is False
    assert builder.state.clean


def test_characters_outside_two_byte_gbk_are_drawn() -> None:
    assert all(in_repertoire(char) for char in "办件回执：￥5①℃〇abc镕")
    assert not any(in_repertoire(char) for char in "㐀𠮷㛃䶮€\ue000\ufe0f")


@pytest.mark.parametrize("columns", [16, 24, 32, 48])
@given(text=st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_no_line_is_wider_than_the_paper_and_no_character_is_lost(columns: int, text: str) -> None:
    lines = wrap(text, columns)
    assert all(text_width(line) <= columns for line in lines)
    kept = "".join("".join(lines).split())
    expected = "".join("".join(char if unicodedata.category(char) != "Cc" else " " for char in text).split())
    assert kept == expected


def test_a_line_does_not_begin_with_a_full_stop() -> None:
    assert wrap("一二三四五六七八。九", 16) == ["一二三四五六七", "八。九"]
    assert wrap("call 12345 now", 10) == ["call 12345", "now"]
    assert char_width("a") == 1
    assert char_width("“") == 2


@given(label=st.text(max_size=30), value=st.text(max_size=90))
@settings(max_examples=100, deadline=None)
def test_a_row_fits_whatever_stands_in_it(label: str, value: str) -> None:
    for line in lay_out(Page(blocks=(Row(label=label, value=value),)), 32):
        assert text_width(getattr(line, "text", "")) <= 32


BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(
        Text,
        text=st.text(max_size=40),
        size=st.sampled_from(Size),
        align=st.sampled_from(Align),
        bold=st.booleans(),
    ),
    st.builds(Row, label=st.text(max_size=12), value=st.text(max_size=30)),
    st.just(Rule()),
    st.builds(Gap, height_mm=st.floats(0, 50)),
    st.builds(QrCode, data=st.text(min_size=1, max_size=60)),
)


@given(
    page=st.builds(Page, blocks=st.lists(BLOCKS, max_size=5).map(tuple)),
    model=st.sampled_from(sorted(MODELS)),
)
@settings(max_examples=60, deadline=None)
def test_no_page_makes_a_printer_execute_something(page: Page, model: str) -> None:
    pieces = compose(page, MODELS[model])
    stream = b"".join(piece.data for piece in pieces) + closing(MODELS[model]).data
    assert not protocol.has_real_time_sequence(stream)
    assert sum(operation.length for operation in operations(stream)) == len(stream)
    assert all(operation.kind is not Kind.PAPER_QUERY for operation in operations(stream))
    assert all(len(piece.data) <= 1100 for piece in pieces)


@given(
    st.binary(max_size=300).map(
        lambda data: data.replace(b"\x20", b"\x10\x04").replace(b"\x21", b"\x10\x14\x10\x05")
    )
)
@settings(max_examples=150, deadline=None)
def test_real_time_sequences_in_an_image_are_altered_by_a_dot(data: bytes) -> None:
    altered = without_real_time(data)
    assert not protocol.has_real_time_sequence(altered)
    assert all(
        before == after or (before, after) == (0x10, 0x30)
        for before, after in zip(data, altered, strict=True)
    )


def test_a_code_too_large_for_the_paper_is_unprintable() -> None:
    with pytest.raises(Unprintable):
        compose(Page(blocks=(QrCode(data="x" * 2200),)), MODELS["generic-58"])
    with pytest.raises(Unprintable):
        compose(Page(blocks=(QrCode(data="x" * 4000),)), GENERIC)


@given(st.binary(max_size=400))
@settings(max_examples=40, deadline=None)
def test_any_bytes_are_interpreted_and_drawn(stream: bytes) -> None:
    at = 0
    while (operation := next_operation(stream, at)) is not None:
        assert operation.length > 0
        at += operation.length
    if len(stream) < 120:
        render(stream, scale=1)


def test_every_slip_begins_from_a_known_state() -> None:
    assert opening(GENERIC).startswith(protocol.INIT)
    assert compose(Page(), GENERIC)[0].data == opening(GENERIC)


def _lines(*blocks: Block, columns: int = 32) -> list[str]:
    return [getattr(line, "text", "") for line in lay_out(Page(blocks=blocks), columns)]


def test_what_goes_on_after_a_bullet_stands_under_its_own_text() -> None:
    assert _lines(Text(text="· 办结前会给您打电话，材料不齐时请您补交。")) == [
        "· 办结前会给您打电话，材料不齐",
        "   时请您补交。",
    ]


@given(marker=st.sampled_from(["· ", "①", "12.　", "3、"]), text=st.text(max_size=60))
@settings(max_examples=80, deadline=None)
def test_a_list_fits_its_paper_and_carries_no_control_characters(marker: str, text: str) -> None:
    for line in _lines(Text(text=marker + text), columns=24):
        assert text_width(line) <= 24
        assert not any(unicodedata.category(char) == "Cc" for char in line)


def test_two_lines_in_the_middle_break_where_the_sentence_does() -> None:
    text = Text(text="材料已收下，还没有开始审批。", align=Align.CENTRE)
    assert _lines(text, columns=24) == ["材料已收下，", "还没有开始审批。"]
    assert _lines(Text(text="Call 12345.678 or 87654.321", align=Align.CENTRE), columns=20) == [
        "Call 12345.678",
        "or 87654.321",
    ]


def test_a_value_too_long_for_its_line_goes_on_at_the_right_and_leaves_no_single_character() -> None:
    assert _lines(Row(label="事项", value="城乡居民基本养老保险待遇申领")) == [
        "事项              城乡居民基本养",
        "                  老保险待遇申领",
    ]
