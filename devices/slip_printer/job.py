"""A page as the bytes of one model, in pieces small enough to be followed one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import segno

from devices.slip_printer import protocol
from devices.slip_printer.layout import FeedLine, QrLine, RuleLine, TextLine, lay_out, text_width
from devices.slip_printer.models import Model
from devices.slip_printer.raster import (
    Bitmap,
    NoFont,
    find_font,
    in_repertoire,
    qr_bitmap,
    qr_modules,
    rule_bitmap,
    text_bitmap,
    without_real_time,
)
from kiosk.documents.page import Align, Page

NORMAL_PITCH, LARGE_PITCH = 34, 62
"""Dots from line to line: 24 and 48 dots of type, and air."""
MAX_BAND_BYTES = 1024
"""An image goes in bands of this size, so that a broken transfer can be padded out with as much."""
_MAX_NATIVE_QR_BYTES = 700
_MIN_MODULE_DOTS = 3
_ALIGNS = {Align.LEFT: protocol.LEFT, Align.CENTRE: protocol.CENTRE, Align.RIGHT: protocol.RIGHT}


class Unprintable(Exception):
    """This page cannot be put on this paper."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that belong together, and whether they put ink on the paper."""

    data: bytes
    ink: bool = False


def compose(page: Page, model: Model, font: Path | None = None) -> list[Piece]:
    """The pieces of `page`, without the cut. Raises `Unprintable`."""
    composer = _Composer(model, font)
    for line in lay_out(page, model.columns):
        match line:
            case TextLine():
                composer.text(line)
            case RuleLine():
                composer.rule()
            case FeedLine():
                composer.feed(line.dots)
            case QrLine():
                composer.qr(line)
    return composer.pieces


def opening(model: Model) -> bytes:
    """What every slip begins with, whatever the one before it left behind."""
    return (
        protocol.INIT
        + protocol.QUIET
        + protocol.CHINESE_ON
        + protocol.size(False, model.chinese_size_apart)
        + protocol.line_spacing(NORMAL_PITCH)
    )


def closing(model: Model) -> bytes:
    """Feed and cut."""
    return protocol.align(protocol.LEFT) + protocol.feed_lines(model.feed_before_cut_lines) + model.cut


class _Composer:
    def __init__(self, model: Model, font: Path | None) -> None:
        self.pieces: list[Piece] = [Piece(opening(model))]
        self._model, self._given_font = model, font
        self._large = self._bold = False
        self._align = Align.LEFT

    def text(self, line: TextLine) -> None:
        if not line.text.strip():
            self.feed(LARGE_PITCH if line.large else NORMAL_PITCH)
        elif all(in_repertoire(char) for char in line.text):
            settings = self._settings(line)
            self.pieces.append(Piece(settings + line.text.encode("gb18030") + protocol.LINE_FEED, ink=True))
        else:
            self._drawn_text(line)

    def rule(self) -> None:
        self.feed(8)
        self._image(rule_bitmap(self._model.width_dots), Align.LEFT)
        self.feed(12)

    def feed(self, dots: int) -> None:
        if dots:
            self.pieces.append(Piece(protocol.feed_dots(dots)))

    def qr(self, line: QrLine) -> None:
        try:
            modules = qr_modules(line.data)
        except (segno.DataOverflowError, ValueError) as error:
            raise Unprintable from error
        module_dots = min(line.module_dots, self._model.width_dots // (modules + 8))
        if module_dots < _MIN_MODULE_DOTS:
            raise Unprintable
        data, quiet_zone = line.data.encode("utf-8"), 4 * module_dots
        native = protocol.qr_code(data, module_dots)
        if (
            self._model.native_qr
            and len(data) <= _MAX_NATIVE_QR_BYTES
            and not protocol.has_real_time_sequence(native)
        ):
            self.feed(quiet_zone)
            self.pieces.append(Piece(self._aligned(Align.CENTRE) + native, ink=True))
            self.feed(quiet_zone)
        else:
            self._image(qr_bitmap(line.data, module_dots), Align.CENTRE)

    def _drawn_text(self, line: TextLine) -> None:
        try:
            font = find_font(self._given_font)
        except NoFont as error:
            raise Unprintable from error
        columns = self._model.columns // (2 if line.large else 1)
        text = line.text
        if line.align is Align.RIGHT:
            text = " " * max(columns - text_width(text), 0) + text
        pitch = LARGE_PITCH if line.large else NORMAL_PITCH
        align = Align.CENTRE if line.align is Align.CENTRE else Align.LEFT
        self._image(text_bitmap(text, line.large, line.bold, font, pitch), align)

    def _image(self, bitmap: Bitmap, align: Align) -> None:
        self.feed(bitmap.above)
        rows = MAX_BAND_BYTES // max(bitmap.width_bytes, 1)
        data, band_bytes = without_real_time(bitmap.data), rows * bitmap.width_bytes
        for start in range(0, len(data), band_bytes or 1):
            band = protocol.raster(bitmap.width_bytes, data[start : start + band_bytes])
            self.pieces.append(Piece(self._aligned(align) + band, ink=True))
        self.feed(bitmap.below)

    def _settings(self, line: TextLine) -> bytes:
        settings = self._aligned(line.align)
        if line.large is not self._large:
            self._large = line.large
            settings += protocol.size(line.large, self._model.chinese_size_apart)
            settings += protocol.line_spacing(LARGE_PITCH if line.large else NORMAL_PITCH)
        if line.bold is not self._bold:
            self._bold = line.bold
            settings += protocol.bold(line.bold)
        return settings

    def _aligned(self, align: Align) -> bytes:
        if align is self._align:
            return b""
        self._align = align
        return protocol.align(_ALIGNS[align])
