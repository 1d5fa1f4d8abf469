"""A page on A4: real text, counted sheets, codes that can be read, and nothing that falls off the paper."""

from __future__ import annotations

import functools
import logging
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from devices.sheet_printer.fonts import Face, NoFont, find_faces
from devices.sheet_printer.line_break import balanced, break_lines
from devices.sheet_printer.pdf import Document, Unprintable, compose
from devices.sheet_printer.pdf_file import load
from devices.sheet_printer.pen import POINT_MM
from devices.sheet_printer.raster import PWG, URF, rasterize
from devices.sheet_printer.raster_reader import NotRaster, count_pages, read_pages
from kiosk.documents.page import Align, Gap, Page, QrCode, Row, Rule, Size, Text
from tests.devices.print_world import ONE_SHEET, TWO_SHEETS

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is missing")
DOTS = """STARTFONT 2.1
FONT -misc-dots-medium-r-normal--10-100-72-72-c-60-iso10646-1
SIZE 10 72 72
FONTBOUNDINGBOX 6 10 0 -2
STARTPROPERTIES 3
PIXEL_SIZE 10
FONT_ASCENT 8
FONT_DESCENT 2
ENDPROPERTIES
CHARS 1
STARTCHAR A
ENCODING 65
SWIDTH 480 0
DWIDTH 6 0
BBX 6 1 0 0
BITMAP
FC
ENDCHAR
ENDFONT
"""
NUMBER = "4107 2236 0815"
RECEIPT = Page(
    blocks=(
        Text(text="收件凭条", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Gap(),
        Row(label="事项", value="城乡居民基本养老保险待遇申领（首次申请）与资格认证"),
        Row(label="姓名", value="测𠮷㛃"),
        Rule(),
        Text(text=NUMBER, size=Size.LARGE, align=Align.CENTRE, bold=True),
        Rule(),
        Text(text="接下来", bold=True),
        Text(text="· 五个工作日内，街道会审核您的材料；如果要补正，会打电话到您留下的号码。"),
        Text(text="· Results are sent by text message; you may also ask at window 3."),
        QrCode(data="LB1:410722360815"),
        Text(text="扫这个码，或报收件号，都能查进度", align=Align.CENTRE),
    )
)
LONG = Page(
    blocks=tuple(
        Text(text=f"第{number}条", bold=True)
        if number % 4 == 0
        else Text(text="申请人应当如实提交材料。" * 15)
        for number in range(28)
    )
)


@functools.cache
def composed(name: str) -> Document:
    """Each page is set once: loading the fonts is most of the work."""
    return compose({"receipt": RECEIPT, "long": LONG, "one": ONE_SHEET, "two": TWO_SHEETS}[name])


def drawn(pdf: bytes, folder: Path, dpi: int = 100) -> list[Image.Image]:
    file = folder / "page.pdf"
    file.write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", "-png", str(file), str(folder / "page")], check=True)
    return [Image.open(name).convert("L") for name in sorted(folder.glob("page-*.png"))]


def text_of(pdf: bytes) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()


@needs_poppler
def test_a_receipt_is_one_sheet_of_real_text_in_embedded_fonts() -> None:
    document = composed("receipt")
    assert document.sheets == 1
    text = text_of(document.pdf)
    for words in ("收件凭条", "姓名", "测𠮷㛃", NUMBER, "扫这个码，或报收件号，都能查进度"):
        assert words in text
    fonts = subprocess.run(
        ["pdffonts", "-"], input=document.pdf, capture_output=True, check=True
    ).stdout.decode()
    for row in fonts.splitlines()[2:]:
        assert "NotoSansCJKSC" in row
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]  # embedded, subset, searchable
    assert len(document.pdf) < 100_000


@needs_poppler
def test_the_code_on_the_sheet_is_read(tmp_path: Path) -> None:
    (image,) = drawn(composed("receipt").pdf, tmp_path)
    found = zxingcpp.read_barcodes(image)
    assert [code.text for code in found] == ["LB1:410722360815"]
    corners = found[0].position
    assert (corners.top_right.x - corners.top_left.x) / 100 * 25.4 > 20


@needs_poppler
@pytest.mark.parametrize("name", ["receipt", pytest.param("long", marks=pytest.mark.slow), "one"])
def test_no_ink_falls_into_the_margins(name: str, tmp_path: Path) -> None:
    for image in drawn(composed(name).pdf, tmp_path):
        dark = np.asarray(image) < 200
        columns, rows = np.flatnonzero(dark.any(axis=0)), np.flatnonzero(dark.any(axis=1))
        mm = 25.4 / 100
        assert columns[0] * mm >= 24
        assert columns[-1] * mm <= 210 - 23
        assert rows[0] * mm >= 20
        assert rows[-1] * mm <= 297 - 10


@needs_poppler
def test_a_long_text_goes_on_over_numbered_sheets_and_no_heading_stays_behind() -> None:
    document = composed("long")
    assert document.sheets is not None
    assert document.sheets > 2
    sheets = text_of(document.pdf).split("\f")[:-1]
    assert len(sheets) == document.sheets
    for number, sheet in enumerate(sheets, 1):
        lines = [line.strip() for line in sheet.splitlines() if line.strip()]
        assert lines[-1].replace(" ", "") == f"{number}/{document.sheets}"
        assert not lines[-2].startswith("第")
    whole = "".join(sheets)
    assert whole.count("第") == 7
    assert sum(whole.count(char) for char in "诚如") == 21 * 15


@needs_poppler
def test_a_character_without_a_glyph_is_a_box_with_its_code(tmp_path: Path) -> None:
    document = compose(Page(blocks=(Row(label="姓名", value="测\U0003ffff\U000e0101"),)))
    text = text_of(document.pdf)
    assert "03F" in text.replace(" ", "")
    assert "FFF" in text.replace(" ", "")
    (image,) = drawn(document.pdf, tmp_path)
    assert (np.asarray(image) < 200).sum() > 100


def test_control_characters_do_not_reach_the_paper() -> None:
    assert compose(Page(blocks=(Text(text="a\x00\x1b(%!PS\r\nb\ud800"),))).sheets == 1


def test_an_empty_page_is_one_empty_sheet() -> None:
    assert compose(Page()).sheets == 1
    assert compose(Page(blocks=(Gap(height_mm=1e9), Text(text=""), Row(label="", value="")))).sheets in (1, 2)


def test_a_gap_as_long_as_the_sheet_pushes_nothing_off_the_paper(tmp_path: Path) -> None:
    document = compose(Page(blocks=(Gap(height_mm=297), Text(text="看得见"))))
    (image,) = drawn(document.pdf, tmp_path)
    assert document.sheets == 1
    assert np.asarray(image).min() < 100


def test_no_word_of_a_page_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    compose(Page(blocks=(Text(text="测试甲 11010519491231002X \U0001f600"),)))
    assert [record.getMessage() for record in caplog.records] == []


def test_a_code_too_full_for_the_paper_is_unprintable() -> None:
    with pytest.raises(Unprintable):
        compose(Page(blocks=(QrCode(data="很" * 3000),)))


def test_without_a_font_nothing_is_pretended(tmp_path: Path) -> None:
    with pytest.raises(NoFont):
        find_faces(tmp_path / "none.ttf")
    (tmp_path / "broken-Regular.ttc").write_bytes(b"ttcf and nothing more")
    with pytest.raises(NoFont):
        find_faces(tmp_path / "broken-Regular.ttc")


def test_a_font_of_dots_is_no_font_for_a_sheet(tmp_path: Path) -> None:
    """The library that draws reads it, the one that packs fonts into pages does not."""
    file = tmp_path / "dots.bdf"
    file.write_text(DOTS)
    with pytest.raises(NoFont):
        compose(ONE_SHEET, file)


def test_the_face_with_simplified_forms_is_taken_and_its_bold_one() -> None:
    faces = find_faces()
    assert isinstance(faces.regular, Face)
    assert faces.bold.path.name == faces.regular.path.name.replace("Regular", "Bold")


def wide(text: str) -> float:
    return sum(1.0 if char.isascii() else 2.0 for char in text)


def test_no_line_begins_with_a_stop_or_ends_with_an_opening_bracket() -> None:
    lines = break_lines("材料齐全，符合规定（见第三条）。马上受到，" * 6, 20, wide)
    assert all(wide(line) <= 20 for line in lines)
    assert not any(line[0] in "，。）" or line[-1] in "（" for line in lines)
    assert "".join(lines) == "材料齐全，符合规定（见第三条）。马上受到，" * 6


def test_words_stay_whole_unless_they_are_longer_than_a_line() -> None:
    assert break_lines("ask at window three", 8, wide) == ["ask at", "window", "three"]
    assert break_lines("a" * 20, 8, wide) == ["a" * 8, "a" * 8, "a" * 4]
    assert break_lines("", 8, wide) == [""]


def test_a_centred_text_leaves_no_lone_character() -> None:
    assert [len(line) for line in balanced("字" * 11, 20, wide)] == [6, 5]


def test_type_is_as_large_as_official_documents() -> None:
    assert pytest.approx(5.64, abs=0.01) == 16 * POINT_MM


# -- files ------------------------------------------------------------------------------------------------


@needs_poppler
def test_the_sheets_of_a_file_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(composed("two").pdf)
    assert load(file).sheets == 2


@pytest.mark.parametrize("data", [b"", b"<html>", b"%PDF-1.7\nnothing more", b"%PDF-1.4\n" + bytes(5000)])
def test_what_is_no_pdf_is_unprintable(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(data)
    with pytest.raises(Unprintable):
        load(file)
    with pytest.raises(Unprintable):
        load(tmp_path / "not-there.pdf")


def test_without_a_counter_the_number_of_sheets_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(composed("one").pdf)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert load(file).sheets is None


# -- dots -------------------------------------------------------------------------------------------------


@needs_poppler
@pytest.mark.parametrize("kind", [PWG, URF])
def test_a_raster_is_read_back_dot_for_dot(kind: str, tmp_path: Path) -> None:
    pdf = composed("two").pdf
    raster = rasterize(pdf, kind, 100)
    assert raster.sheets == 2
    pages = list(read_pages(raster.data))
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf)
    size = ["-scale-to-x", str(pages[0].width), "-scale-to-y", str(pages[0].height)]
    subprocess.run(["pdftoppm", "-gray", "-r", "100", *size, str(file), str(tmp_path / "p")], check=True)
    for page, name in zip(pages, sorted(tmp_path.glob("p-*.pgm")), strict=True):
        with Image.open(name) as wanted:
            assert page.tobytes() == wanted.tobytes()
    assert zxingcpp.read_barcodes(pages[0])[0].text == "LB1:410722360815"
    assert len(raster.data) < 400_000


@needs_poppler
def test_a_raster_that_breaks_off_is_said_to() -> None:
    raster = rasterize(composed("one").pdf, PWG, 100)
    with pytest.raises(NotRaster):
        list(read_pages(raster.data[:-40]))
    assert count_pages(raster.data) == 1
    assert count_pages(b"%PDF-") == 0


@pytest.mark.slow
@needs_poppler
@pytest.mark.skipif(not Path("/usr/lib/cups/filter/rastertopdf").exists(), reason="cups-filters is missing")
def test_the_print_system_reads_the_same_raster(tmp_path: Path) -> None:
    """Its reader is another one than ours: two mistakes would have to agree."""
    file = tmp_path / "a.pwg"
    file.write_bytes(rasterize(composed("receipt").pdf, PWG, 300).data)
    environment = {
        "CONTENT_TYPE": "image/pwg-raster",
        "FINAL_CONTENT_TYPE": "application/pdf",
        "PATH": "/usr/bin:/bin",
    }
    command = ["/usr/lib/cups/filter/rastertopdf", "1", "linban", "a", "1", "", str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert done.stdout.startswith(b"%PDF-"), done.stderr.decode()[-500:]
    (image,) = drawn(done.stdout, tmp_path)
    assert [code.text for code in zxingcpp.read_barcodes(image)] == ["LB1:410722360815"]
