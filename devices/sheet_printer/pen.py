"""Writes a PDF: measures type, and puts text, lines and pictures where they are told to stand."""

from __future__ import annotations

import logging
import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fontTools.ttLib import TTLibError  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.errors import FPDFException
from fpdf.fonts import TTFFont
from PIL import Image

from devices.sheet_printer.fonts import Faces, NoFont
from devices.sheet_printer.line_break import Measure

POINT_MM: Final = 25.4 / 72
BASELINE: Final = 0.88
"""Of the em square: where the CJK fonts of the Noto family put it."""
_BOX_TYPE: Final = 0.36
"""Size of the code in the box that stands for a character without a glyph, in ems."""

for _library in ("fontTools", "fpdf"):
    # They log which characters a page has while they pack its fonts: names and numbers of residents.
    logging.getLogger(_library).setLevel(logging.CRITICAL)


class Weight(StrEnum):
    """A face of the font."""

    REGULAR = "regular"
    BOLD = "bold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """One size of type: points, and millimetres from line to line."""

    points: float
    pitch_mm: float

    @property
    def em_mm(self) -> float:
        """The side of a wide character."""
        return self.points * POINT_MM


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Text on one line. Greys run from 0, black, to 255."""

    left_mm: float
    baseline_mm: float
    text: str
    weight: Weight
    points: float
    grey: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line across the sheet."""

    left_mm: float
    right_mm: float
    top_mm: float
    width_mm: float
    grey: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A square picture."""

    left_mm: float
    top_mm: float
    side_mm: float
    image: Image.Image


Ink = Words | Stroke | Picture


class Pen:
    """One PDF. Each face is loaded when it is first measured or used: that takes a fifth of a second."""

    def __init__(self, faces: Faces) -> None:
        self._pdf = FPDF(format="A4", unit="mm")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margins(0, 0, 0)
        self._pdf.set_creator("Linban")
        self._faces = faces
        self._widths: dict[tuple[Weight, float, str], float] = {}

    def measurer(self, weight: Weight, points: float) -> Measure:
        """Tells how many millimetres a text takes."""

        def measure(text: str) -> float:
            return sum(self._char_width(weight, points, char) for char in text)

        return measure

    def write(self, sheets: Iterable[Iterable[Ink]]) -> bytes:
        """The PDF with this ink on its sheets; a pen writes one."""
        for sheet in sheets:
            self._pdf.add_page()
            for ink in sheet:
                match ink:
                    case Words():
                        self._words(ink)
                    case Stroke():
                        self._pdf.set_draw_color(ink.grey)
                        self._pdf.set_line_width(ink.width_mm)
                        self._pdf.line(ink.left_mm, ink.top_mm, ink.right_mm, ink.top_mm)
                    case Picture():
                        side = ink.side_mm
                        self._pdf.image(ink.image, x=ink.left_mm, y=ink.top_mm, w=side, h=side)
        return bytes(self._pdf.output())

    def _words(self, words: Words) -> None:
        """What the font lacks is drawn as a box with its code, as on a slip."""
        measure = self.measurer(words.weight, words.points)
        left, run = words.left_mm, ""
        for char in words.text:
            if self._has_glyph(words.weight, char):
                run += char
                continue
            left = self._run(words, run, left)
            run = ""
            if not _invisible(char):
                self._box(char, left, words)
                left += measure(char)
        self._run(words, run, left)

    def _run(self, words: Words, run: str, left: float) -> float:
        if not run:
            return left
        self._pdf.set_font(words.weight, size=words.points)
        self._pdf.set_text_color(words.grey)
        self._pdf.text(left, words.baseline_mm, run)
        return left + self.measurer(words.weight, words.points)(run)

    def _box(self, char: str, left: float, words: Words) -> None:
        em = words.points * POINT_MM
        top = words.baseline_mm - em * BASELINE
        self._pdf.set_draw_color(words.grey)
        self._pdf.set_line_width(0.2)
        self._pdf.rect(left + em * 0.05, top + em * 0.05, em * 0.9, em * 0.9)
        code, points = f"{ord(char):06X}", words.points * _BOX_TYPE
        measure = self.measurer(Weight.REGULAR, points)
        self._pdf.set_font(Weight.REGULAR, size=points)
        for number, part in enumerate((code[:3], code[3:])):
            self._pdf.text(left + (em - measure(part)) / 2, top + em * (0.42 + 0.38 * number), part)

    def _char_width(self, weight: Weight, points: float, char: str) -> float:
        key = (weight, points, char)
        if key not in self._widths:
            self._widths[key] = self._measured(weight, points, char)
        return self._widths[key]

    def _measured(self, weight: Weight, points: float, char: str) -> float:
        if self._has_glyph(weight, char):
            self._pdf.set_font(weight, size=points)
            return self._pdf.get_string_width(char)
        return 0.0 if _invisible(char) else points * POINT_MM

    def _has_glyph(self, weight: Weight, char: str) -> bool:
        if weight not in self._pdf.fonts:
            face = self._faces.bold if weight is Weight.BOLD else self._faces.regular
            try:
                self._pdf.add_font(weight, "", face.path, collection_font_number=face.index)
            except (TTLibError, FPDFException, OSError, ValueError, LookupError, struct.error) as error:
                raise NoFont(str(face.path)) from error
        font = self._pdf.fonts[weight]
        return isinstance(font, TTFFont) and ord(char) in font.cmap


def _invisible(char: str) -> bool:
    """Variation selectors, joiners: without a glyph of their own they leave nothing on paper."""
    return unicodedata.category(char) in ("Mn", "Me", "Cf")
