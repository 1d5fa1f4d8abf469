"""The ladder: what is read, what is never read wrong, and what it may cost."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.camera import scene
from devices.camera.code_bytes import text_of
from devices.camera.decoder import CodeReader
from devices.camera.engines import Symbol, Zxing
from devices.camera.qr_segments import Mode, Part, parts
from devices.camera.unbend import likeness, portrait, straightened
from devices.transport.frame_source import Pixels

LINK = "https://example.cn/r/410722360815"
EMPTY = scene.counter()
SENSOR = scene.Sensor(EMPTY.shape)


def read(grey: Pixels, *, settled: bool = True) -> list[str | None]:
    return [reading.text for reading in CodeReader().look(grey, settled=settled).readings]


def by_zxing_alone(grey: Pixels) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(grey)]


# -- pictures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn_deg", [0, 45, 90, 200])
def test_a_code_held_any_way_round(turn_deg: float) -> None:
    held = scene.shown(EMPTY, scene.code_picture(LINK.encode()), turn_deg=turn_deg)
    assert read(SENSOR.take(held), settled=False) == [LINK]


@pytest.mark.parametrize("bend", [0.02, 0.03])
def test_a_bent_slip_that_the_decoder_alone_cannot_read(bend: float) -> None:
    frame = SENSOR.take(scene.shown(EMPTY, scene.code_picture(LINK.encode()), bend=bend))
    assert by_zxing_alone(frame) == []
    look = CodeReader().look(frame, settled=False)
    assert [reading.text for reading in look.readings] == [LINK]
    assert look.readings[0].rung.startswith("straightened")


def test_a_small_code_in_noise_is_read_all_the_same() -> None:
    random = np.random.default_rng(2)
    picture = scene.shown(EMPTY, scene.code_picture(b"1234567890"), width_px=160)
    noisy = np.clip(picture + random.normal(0, 55, picture.shape), 0, 255).astype(np.uint8)
    assert by_zxing_alone(noisy) == []
    assert read(noisy) == ["1234567890"]


@pytest.mark.fault(100)
def test_two_codes_in_one_picture_are_two_readings() -> None:
    both = scene.shown(EMPTY, scene.code_picture(b"left"), at=(0.25, 0.5), width_px=250)
    both = scene.shown(both, scene.code_picture(b"right"), at=(0.75, 0.5), width_px=250)
    assert sorted(str(text) for text in read(SENSOR.take(both))) == ["left", "right"]


def test_only_what_is_wanted_is_read() -> None:
    code = zxingcpp.create_barcode("123456789012", zxingcpp.BarcodeFormat.Code128)
    bars = np.array(zxingcpp.write_barcode_to_image(code, scale=3))
    held = scene.shown(EMPTY, bars, turn_deg=0, width_px=600)
    assert read(held) == []
    look = CodeReader(("qr", "code128")).look(held, settled=False)
    assert [(each.text, each.symbology) for each in look.readings] == [("123456789012", "code128")]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_read_where_nothing_is(seed: int) -> None:
    random = np.random.default_rng(seed)
    static = random.integers(0, 256, (360, 640), np.uint8)
    blocks = np.kron(random.integers(0, 2, (45, 80), np.uint8) * np.uint8(255), np.ones((8, 8), np.uint8))
    for frame in (SENSOR.take(scene.counter(100 + seed)), static, blocks):
        assert read(frame) == []


@pytest.mark.fault(100)
def test_half_a_code_is_no_reading() -> None:
    held = scene.shown(EMPTY, scene.code_picture(LINK.encode()), turn_deg=0)
    held[:, 640:] = 200
    assert read(held) == []


def test_a_look_keeps_to_its_budget() -> None:
    random = np.random.default_rng(3)
    hopeless = np.kron(random.integers(0, 2, (90, 160), np.uint8) * np.uint8(255), np.ones((8, 8), np.uint8))
    reader = CodeReader(located_budget_s=0.05, settled_budget_s=0.1)
    started = time.thread_time()
    reader.look(hopeless, settled=True)
    # One rung that has begun is finished: the dearest takes about 0.05 s on this size.
    assert time.thread_time() - started < 0.3


def test_an_empty_moving_counter_costs_hardly_more_than_one_look_a_frame() -> None:
    """Counted on a clock that the looks themselves move: exact on any machine."""
    spent = 0.0

    def clock() -> float:
        return spent

    class Engine(Zxing):
        def read(self, image: Pixels, *, histogram: bool = False) -> tuple[list[Symbol], list[Any]]:
            nonlocal spent
            spent += 0.002
            return [], []

    reader = CodeReader(clock=clock)
    reader._zxing = Engine(("qr",))
    reader._zbar = None
    frame = scene.counter(5, 320, 240)
    for _ in range(1000):
        reader.look(frame, settled=False)
    assert 1000 * 0.002 < spent <= 1000 * 0.002 * 1.09


def test_modules_of_a_flat_code_come_out_as_they_went_in() -> None:
    code = segno.make(LINK, micro=False, error="m")
    dark = np.array([list(row) for row in code.matrix], np.bool_)
    side, picture = len(dark), scene.code_picture(LINK.encode(), module_px=6, error="m", boost_error=False)
    corners = np.array([(24, 24), (24 + 6 * side, 24), (24 + 6 * side, 24 + 6 * side), (24, 24 + 6 * side)])
    first = next(iter(straightened(picture, corners.astype(np.float32), side)))
    assert likeness(first) == 1.0
    assert (first == dark).mean() == 1.0 or by_zxing_alone(portrait(first)) == [LINK]


# -- texts -------------------------------------------------------------------------------------------------

PLACES = "广东省深圳市南山区测试路１号㛃𠮷"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (PLACES, {"encoding": "utf-8", "mode": "byte"}),
        (PLACES, {"encoding": "utf-8", "eci": True}),
        (PLACES, {"encoding": "gb18030", "mode": "byte"}),
        (PLACES, {"encoding": "gb18030", "eci": True}),
        ("姓名：测试甲，证号：11010519491231002X", {"encoding": "gbk", "mode": "byte"}),
        ("北京市朝阳区", {"mode": "hanzi", "version": 4, "error": "m"}),
        ("点茗日本語", {"mode": "kanji"}),
        ("Grüße", {"encoding": "latin-1", "eci": True}),
        ("测试", {"encoding": "gb18030", "mode": "byte", "version": 15}),
    ],
)
def test_chinese_is_exact_however_it_was_encoded(text: str, options: dict[str, Any]) -> None:
    assert read(scene.code_picture(text, module_px=4, **options)) == [text]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("中文".encode(), "中文"),
        ("中文".encode("gb18030"), "中文"),
        ("Привет".encode(), "Привет"),
        ("Café".encode(), "Café"),
        ("سالام".encode(), "سالام"),
        ("ﾃﾞｻﾞｲﾝQR".encode("cp932"), "ﾃﾞｻﾞｲﾝQR"),
        ("Google モバイル".encode("cp932"), "Google モバイル"),
        ("Zürich, Université".encode("latin-1"), "Zürich, Université"),
        ("Straße".encode("latin-1"), "Straße"),
        ("25°C ± 2×3".encode(), "25°C ± 2×3"),
        ("譅讙筛".encode("gb18030"), "譅讙筛"),  # valid UTF-8 of three scripts
        ("/鎔a".encode("gbk"), "/鎔a"),
        (b"Ab\xd6", None),
        (b"\xff\xfe\xff", None),
        (b"\x80", None),
    ],
)
def test_bytes_that_say_nothing_of_themselves(data: bytes, text: str | None) -> None:
    assert text_of(data) == text


def test_two_hanzi_that_are_utf8_by_accident_are_hanzi() -> None:
    data = "模一".encode("gb18030")
    assert data.decode("utf-8") == "ģһ"
    assert text_of(data) == "模一"


def test_a_named_character_set_is_obeyed_and_a_broken_one_is_no_text() -> None:
    assert text_of(b"\xb2\xe2", [Part(Mode.PLAIN, b"\xb2\xe2", 29)]) == "测"
    assert text_of(b"\xb2\xe2", [Part(Mode.PLAIN, b"\xb2\xe2", 26)]) is None
    assert text_of(b"\xb2\xe2", [Part(Mode.PLAIN, b"\xb2\xe2", 99999)]) is None
    # Latin-1 is named by programs that mean nothing by it.
    assert text_of("测".encode(), [Part(Mode.PLAIN, "测".encode(), 3)]) == "测"


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=3, max_size=20))
@settings(max_examples=300, deadline=None)
def test_hanzi_in_utf8_are_never_taken_for_anything_else(text: str) -> None:
    assert text_of(text.encode()) == text


@given(st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_there_is_a_text_or_none(data: bytes) -> None:
    text = text_of(data)
    assert text is None or "\ufffd" not in text or b"\xef\xbf\xbd" in data or b"\x84\x31\xa4\x37" in data


@pytest.mark.parametrize("version", [1, 2, 7, 10, 27, 40])
@pytest.mark.parametrize("error", ["l", "m", "q", "h"])
def test_the_parts_of_a_code_are_read_from_its_modules(version: int, error: str) -> None:
    code = segno.make("漢字", mode="kanji", version=version, error=error, boost_error=False)
    dark = np.array([list(row) for row in code.matrix], np.bool_)
    data = "漢字".encode("shift_jis")
    assert parts(dark, code.mask, error.upper(), data) == [Part(Mode.KANJI, data, None)]


def test_parts_that_do_not_add_up_are_not_told() -> None:
    code = segno.make("漢字", mode="kanji", micro=False)
    dark = np.array([list(row) for row in code.matrix], np.bool_)
    assert parts(dark, code.mask, str(code.error), b"other") is None
    assert parts(dark[:-1], code.mask, str(code.error), b"") is None
    assert parts(~dark, code.mask, str(code.error), "漢字".encode("shift_jis")) is None
