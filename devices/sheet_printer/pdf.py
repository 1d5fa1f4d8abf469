"""A page of blocks as an A4 PDF with real text, and how many sheets it takes.

Type follows what official documents are set in (GB/T 9704: body 16 pt, titles 22 pt), which is large
print as well.  The fonts are subset into the file, so that a printer needs none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import segno
from PIL import Image

from devices.sheet_printer.fonts import find_faces
from devices.sheet_printer.line_break import balanced, break_lines, cleaned
from devices.sheet_printer.pen import BASELINE, Ink, Pen, Picture, Stroke, Type, Weight, Words
from kiosk.documents.page import Align, Block, Gap, Page, QrCode, Row, Rule, Size, Text

WIDTH_MM, HEIGHT_MM = 210.0, 297.0
MAX_SHEETS: Final = 50
"""More is a mistake, not a document for a resident."""
_LEFT_MM: Final = 25.0
_TOP_MM, _BOTTOM_MM = 24.0, 24.0
_TEXT_MM: Final = WIDTH_MM - 2 * _LEFT_MM
_FLOOR_MM: Final = HEIGHT_MM - _BOTTOM_MM
_ROW_PADDING_MM: Final = 2.2
_LABEL_GAP_MM: Final = 8.0
_MAX_LABEL_MM: Final = 60.0
_RULE_MM: Final = 8.0
_BULLET: Final = "· "
_PARAGRAPH_GAP: Final = 0.2
"""Of a line."""
_QR_MM: Final = 34.0
"""A short code is not drawn smaller: it is read from the wall, at arm's length."""
_MIN_MODULE_MM: Final = 0.33
"""Below that no camera across a counter reads it."""
_FOOTER_PT: Final = 10.0
_INK, _SECOND_INK, _HAIRLINE = 0, 90, 170

_Types = Mapping[Size, Type]
_ROOMY: Final[_Types] = {
    Size.NORMAL: Type(points=16.0, pitch_mm=10.0),
    Size.LARGE: Type(points=22.0, pitch_mm=14.0),
}
_DENSE: Final[_Types] = {
    Size.NORMAL: Type(points=14.0, pitch_mm=8.4),
    Size.LARGE: Type(points=20.0, pitch_mm=12.0),
}
"""Still larger than a book's type; taken only where it saves a sheet."""


class Unprintable(Exception):
    """This page cannot be put on A4."""


@dataclass(frozen=True, slots=True)
class Document:
    """A finished PDF. `sheets` is None where nobody could count them."""

    pdf: bytes
    sheets: int | None


def compose(page: Page, font: Path | None = None) -> Document:
    """Set `page`. Raises `Unprintable`, and `devices.sheet_printer.fonts.NoFont`."""
    pen = Pen(find_faces(font))
    sheets = _Setter(pen, _ROOMY).set(page)
    if len(sheets) > 1:
        dense = _Setter(pen, _DENSE).set(page)
        sheets = dense if len(dense) < len(sheets) else sheets
    if len(sheets) > MAX_SHEETS:
        raise Unprintable("sheets")
    if len(sheets) > 1:
        _number_sheets(sheets, pen)
    return Document(pen.write(sheets), len(sheets))


class _Setter:
    """Puts the blocks of one page below one another, on as many sheets as they need."""

    def __init__(self, pen: Pen, types: _Types) -> None:
        self._pen, self._types = pen, types
        self._sheets: list[list[Ink]] = [[]]
        self._y = _TOP_MM

    def set(self, page: Page) -> list[list[Ink]]:
        blocks = page.blocks
        label_mm = 0.0
        for index, block in enumerate(blocks):
            follower = blocks[index + 1] if index + 1 < len(blocks) else None
            match block:
                case Row():
                    if index == 0 or not isinstance(blocks[index - 1], Row):
                        label_mm = self._label_width(blocks[index:])
                    self._row(block, label_mm, hairline=isinstance(follower, Row))
                case Text():
                    self._paragraph(block, last=follower is None)
                case Rule():
                    self._room(_RULE_MM)
                    self._across(self._y + _RULE_MM / 2, 0.35, _INK)
                    self._y += _RULE_MM
                case Gap():
                    self._y += max(0.0, min(block.height_mm, HEIGHT_MM))
                case QrCode():
                    self._qr(block, captioned=isinstance(follower, Text))
        return self._sheets

    def _paragraph(self, block: Text, last: bool) -> None:
        kind = self._types[block.size]
        weight = Weight.BOLD if block.bold else Weight.REGULAR
        width = self._pen.measurer(weight, kind.points)
        fold = break_lines if block.align is Align.LEFT else balanced
        # What begins like an entry of a list goes on under its own words, not under the dot.
        hang = width(_BULLET) if block.align is Align.LEFT and block.text.startswith(_BULLET) else 0.0
        lines = fold(block.text.removeprefix(_BULLET) if hang else block.text, _TEXT_MM - hang, width)
        # A heading goes to the next sheet with what it is the heading of.
        heading = (block.bold or block.size is Size.LARGE) and not last
        beside = self._types[Size.NORMAL].pitch_mm * 2 if heading else 0.0
        self._room(kind.pitch_mm * _kept_together(0, len(lines)) + beside)
        if hang:
            self._line(_BULLET, _LEFT_MM, weight, kind)
        for number, text in enumerate(lines):
            if number:
                self._room(kind.pitch_mm * _kept_together(number, len(lines)))
            spare = _TEXT_MM - hang - width(text)
            left = {Align.LEFT: 0.0, Align.CENTRE: spare / 2, Align.RIGHT: spare}[block.align]
            self._line(text, _LEFT_MM + hang + left, weight, kind)
            self._y += kind.pitch_mm
        if block.align is Align.LEFT and not heading:
            self._y += kind.pitch_mm * _PARAGRAPH_GAP

    def _label_width(self, blocks: tuple[Block, ...]) -> float:
        """The width of the labels of one table: of the rows that follow one another."""
        measure = self._pen.measurer(Weight.REGULAR, self._types[Size.NORMAL].points)
        widest = 0.0
        for block in blocks:
            if not isinstance(block, Row):
                break
            widest = max(widest, measure(cleaned(block.label)))
        return min(widest, _MAX_LABEL_MM)

    def _row(self, block: Row, label_mm: float, hairline: bool) -> None:
        kind = self._types[Size.NORMAL]
        measure = self._pen.measurer(Weight.REGULAR, kind.points)
        labels = break_lines(block.label, label_mm + 0.01, measure)
        value_left = label_mm + _LABEL_GAP_MM
        values = break_lines(block.value, _TEXT_MM - value_left, measure)
        count = max(len(labels), len(values))
        self._room(min(kind.pitch_mm * count + _ROW_PADDING_MM, HEIGHT_MM / 2))
        for number in range(count):
            self._room(kind.pitch_mm)
            if number < len(labels):
                self._line(labels[number], _LEFT_MM, Weight.REGULAR, kind, _SECOND_INK)
            if number < len(values):
                self._line(values[number], _LEFT_MM + value_left, Weight.REGULAR, kind)
            self._y += kind.pitch_mm
        if hairline:
            self._across(self._y + _ROW_PADDING_MM / 2, 0.15, _HAIRLINE)
        self._y += _ROW_PADDING_MM

    def _qr(self, block: QrCode, captioned: bool) -> None:
        try:
            matrix = segno.make(block.data, error="m", micro=False, boost_error=False).matrix
        except (segno.DataOverflowError, ValueError) as error:
            raise Unprintable("qr") from error
        modules = len(matrix) + 8  # with the quiet zone of four on each side
        module_mm = min(max(block.module_mm, _QR_MM / modules), _TEXT_MM / modules)
        if module_mm < _MIN_MODULE_MM:
            raise Unprintable("qr")
        side = module_mm * modules
        self._room(side + (self._types[Size.NORMAL].pitch_mm if captioned else 0))
        image = Image.new("1", (modules, modules), 1)
        for y, row in enumerate(matrix):
            for x, module in enumerate(row):
                if module:
                    image.putpixel((x + 4, y + 4), 0)
        # Eight dots a module: no viewer or printer smears the edges while scaling.
        image = image.resize((modules * 8, modules * 8), Image.Resampling.NEAREST)
        left = (WIDTH_MM - side) / 2
        self._sheets[-1].append(Picture(left_mm=left, top_mm=self._y, side_mm=side, image=image))
        self._y += side

    def _line(self, text: str, left: float, weight: Weight, kind: Type, grey: int = _INK) -> None:
        """One line of text with its top at the present height."""
        baseline = self._y + (kind.pitch_mm - kind.em_mm) / 2 + kind.em_mm * BASELINE
        self._sheets[-1].append(
            Words(left_mm=left, baseline_mm=baseline, text=text, weight=weight, points=kind.points, grey=grey)
        )

    def _across(self, top_mm: float, width_mm: float, grey: int) -> None:
        right = WIDTH_MM - _LEFT_MM
        self._sheets[-1].append(
            Stroke(left_mm=_LEFT_MM, right_mm=right, top_mm=top_mm, width_mm=width_mm, grey=grey)
        )

    def _room(self, height_mm: float) -> None:
        """Go on to the next sheet unless `height_mm` is left, or the sheet is fresh."""
        if self._y + height_mm > _FLOOR_MM:
            if self._sheets[-1]:
                self._sheets.append([])
            if len(self._sheets) > 2 * MAX_SHEETS:
                raise Unprintable("sheets")  # however dense; and the rest is not worth the time
            self._y = _TOP_MM  # a gap alone fills no sheet


def _kept_together(number: int, count: int) -> int:
    """How many lines, from line `number` of `count` on, must stand on one sheet: none stays alone."""
    left = count - number
    if number == 0:
        return min(count, 3 if count == 3 else 2)
    return 2 if left == 2 else 1


def _number_sheets(sheets: list[list[Ink]], pen: Pen) -> None:
    measure = pen.measurer(Weight.REGULAR, _FOOTER_PT)
    for number, sheet in enumerate(sheets, 1):
        text = f"{number} / {len(sheets)}"
        left, baseline = (WIDTH_MM - measure(text)) / 2, HEIGHT_MM - 12.0
        sheet.append(
            Words(
                left_mm=left,
                baseline_mm=baseline,
                text=text,
                weight=Weight.REGULAR,
                points=_FOOTER_PT,
                grey=_SECOND_INK,
            )
        )
