"""A page as the bytes of one model, in pieces small enough to be followed one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devices.slip_printer import protocol
from devices.slip_printer.layout import FeedLine, QrLine, RuleLine, TextLine, lay_out, text_width
from devices.slip_printer.models import ChineseSize, Model
from devices.slip_printer.raster import (
    CELL_DOTS,
    COLUMN_DOTS,
    Bitmap,
    NoFont,
    find_font,
    qr_bitmap,
    qr_modules,
    rule_bitmap,
    text_bitmap,
    without_real_time,
)
from devices.slip_printer.repertoire import in_repertoire
from kiosk.documents.page import Align, Page

_MAX_NATIVE_QR_BYTES = 700
_MIN_MODULE_DOTS = 3
MAX_LENGTH_MM = 2000.0
"""A longer one is a mistake, not a slip; nobody waits for it, and it takes the paper of a hundred others."""
_MAX_SAYABLE_UNITS = 255
"""An argument of GS P is one byte."""
_ALIGNS = {Align.LEFT: protocol.LEFT, Align.CENTRE: protocol.CENTRE, Align.RIGHT: protocol.RIGHT}


class Unprintable(Exception):
    """This page cannot be put on this paper."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that belong together, whether they put ink on the paper, and how far they move it at least."""

    data: bytes
    ink: bool = False
    dots: int = 0


def compose(page: Page, model: Model, font: Path | None = None) -> list[Piece]:
    """The pieces of `page`, without the cut. Raises `Unprintable`."""
    composer = _Composer(model, font)
    for line in lay_out(page, model.columns, model.dots_per_mm):
        match line:
            case TextLine():
                composer.text(line)
            case RuleLine():
                composer.rule()
            case FeedLine():
                composer.feed(line.dots)
            case QrLine():
                composer.qr(line)
    if sum(piece.dots for piece in composer.pieces) > MAX_LENGTH_MM * model.dots_per_mm:
        raise Unprintable
    return composer.pieces


def opening(model: Model) -> bytes:
    """What every slip begins with, whatever the one before it left behind."""
    parts = [protocol.INIT, protocol.TELL_FAULTS if model.auto_status else protocol.QUIET]
    if model.chinese_mode:
        parts.append(protocol.CHINESE_ON)
    if model.code_page is not None:
        parts.append(protocol.code_page(model.code_page))
    if model.says_units and model.dots_per_inch <= _MAX_SAYABLE_UNITS:
        parts.append(protocol.units(model.dots_per_inch))
    parts += [_size(False, model), protocol.line_spacing(model.pitch_dots), bytes.fromhex(model.setup)]
    return b"".join(parts)


def closing(model: Model) -> Piece:
    """Feed and cut."""
    feed = protocol.align(protocol.LEFT) + protocol.feed_lines(model.feed_before_cut_lines)
    return Piece(feed + bytes.fromhex(model.cut), dots=model.feed_before_cut_lines * CELL_DOTS)


def _size(large: bool, model: Model) -> bytes:
    return protocol.size(large, chinese_apart=model.chinese_size is ChineseSize.OWN)


def chunks(pieces: list[Piece], chunk_bytes: int) -> Iterator[Piece]:
    """The pieces joined, as far as they stay within `chunk_bytes`.

    Two are under way at most: when paper runs out early in a slip its end has not left yet, so that it is
    certainly not whole and may be printed again.
    """
    data, dots = b"", 0
    for piece in pieces:
        if data and len(data) + len(piece.data) > chunk_bytes:
            yield Piece(data, dots=dots)
            data, dots = b"", 0
        data, dots = data + piece.data, dots + piece.dots
    if data:
        yield Piece(data, dots=dots)


def bytes_before_last_ink(pieces: list[Piece]) -> int:
    """As long as no byte beyond these has left, the slip is certainly not whole on paper."""
    last = max((number for number, piece in enumerate(pieces) if piece.ink), default=0)
    return sum(len(piece.data) for piece in pieces[:last])


class _Composer:
    def __init__(self, model: Model, font: Path | None) -> None:
        self.pieces: list[Piece] = [Piece(opening(model))]
        self._model, self._given_font = model, font
        self._large = self._bold = False
        self._align = Align.LEFT

    def text(self, line: TextLine) -> None:
        if not line.text.strip():
            self.feed(self._pitch(line.large))
        elif self._can_type(line):
            data = self._settings(line) + line.text.encode("gb18030") + protocol.LINE_FEED
            # Not the pitch: a printer that counts it in another unit still moves the height of its type.
            self.pieces.append(Piece(data, ink=True, dots=CELL_DOTS * (2 if line.large else 1)))
        else:
            self._drawn_text(line)

    def _can_type(self, line: TextLine) -> bool:
        if line.large and self._model.chinese_size is ChineseSize.DRAWN and not line.text.isascii():
            return False
        return all(in_repertoire(char, self._model.repertoire) for char in line.text)

    def _pitch(self, large: bool) -> int:
        return self._model.large_pitch_dots if large else self._model.pitch_dots

    def rule(self) -> None:
        self.feed(8)
        self._image(rule_bitmap(self._model.columns * COLUMN_DOTS), Align.LEFT)
        self.feed(12)

    def feed(self, dots: int) -> None:
        if dots:
            least = dots if self._model.says_units else dots // 2
            self.pieces.append(Piece(protocol.feed_dots(dots), dots=least))

    def qr(self, line: QrLine) -> None:
        try:
            modules = qr_modules(line.data)
        except ValueError as error:
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
            command = self._aligned(Align.CENTRE) + native
            self.pieces.append(Piece(command, ink=True, dots=modules * module_dots))
            self.feed(quiet_zone)
        else:
            self._image(qr_bitmap(line.data, module_dots), Align.CENTRE)

    def _drawn_text(self, line: TextLine) -> None:
        columns = self._model.columns // (2 if line.large else 1)
        text = line.text
        if line.align is Align.RIGHT:
            text = " " * max(columns - text_width(text), 0) + text
        align = Align.CENTRE if line.align is Align.CENTRE else Align.LEFT
        try:
            font = find_font(self._given_font)
            drawn = text_bitmap(text, line.large, line.bold, font, self._pitch(line.large))
        except NoFont as error:
            raise Unprintable from error
        self._image(drawn, align)

    def _image(self, bitmap: Bitmap, align: Align) -> None:
        self.feed(bitmap.above)
        width, data = bitmap.width_bytes, without_real_time(bitmap.data)
        # In bands: a transfer that broke off can be padded out with as many bytes as one has.
        band_bytes = max(self._model.band_bytes // max(width, 1), 1) * width
        for start in range(0, len(data), band_bytes or 1):
            band = data[start : start + band_bytes]
            command = self._aligned(align) + protocol.raster(width, band)
            self.pieces.append(Piece(command, ink=True, dots=len(band) // width))
        self.feed(bitmap.below)

    def _settings(self, line: TextLine) -> bytes:
        settings = self._aligned(line.align)
        if line.large is not self._large:
            self._large = line.large
            settings += _size(line.large, self._model) + protocol.line_spacing(self._pitch(line.large))
        if line.bold is not self._bold:
            self._bold = line.bold
            settings += protocol.bold(line.bold)
        return settings

    def _aligned(self, align: Align) -> bytes:
        if align is self._align:
            return b""
        self._align = align
        return protocol.align(_ALIGNS[align])
