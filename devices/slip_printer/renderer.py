"""What a printer would have put on paper, as a picture: bytes in, PNG out.

Text and QR codes are drawn `scale` times finer than the printer's dots, images dot for dot.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import segno
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from devices.slip_printer.interpreter import Kind, Operation, operations
from devices.slip_printer.raster import CELL_DOTS, NoFont, draw_char, find_font, load_face

_DEFAULT_SPACING = 34
_MARGIN_DOTS = 32
"""80 mm paper is 640 dots wide, the head 576."""
_PAPER, _INK, _AROUND = (252, 251, 247), (38, 36, 40), (226, 228, 231)
_QR_DEFAULT_MODULE = 3
_CUT_FEED_DOTS = 24


@dataclass(slots=True)
class _Pen:
    """The printer's settings while it reads."""

    large: bool = False
    bold: bool = False
    align: int = 0
    spacing: int = _DEFAULT_SPACING
    module: int = _QR_DEFAULT_MODULE
    stored: bytes = b""
    line: list[tuple[str, bool, bool]] = field(default_factory=list)


class Renderer:
    """Draws one roll of paper from the top."""

    def __init__(self, width_dots: int = 576, scale: int = 2, font: Path | None = None) -> None:
        self._width, self._scale = width_dots, scale
        try:
            self._font: Path | None = find_font(font)
        except NoFont:
            self._font = None
        self._bold = _bold_of(self._font)
        self._paper = Image.new("L", (width_dots * scale, 400 * scale), 0)
        self._y = 0
        self._pen = _Pen()

    def draw(self, stream: bytes) -> Image.Image:
        """The paper after `stream`, ink white on black, `scale` pixels a dot."""
        for operation in operations(stream):
            self._execute(operation)
        self._flush_line()
        return self._paper.crop((0, 0, self._paper.width, max(self._y, 8) * self._scale))

    def _execute(self, operation: Operation) -> None:
        pen, data = self._pen, operation.data
        match operation.kind:
            case Kind.CHARACTER:
                pen.line.append((data.decode("gb18030", "replace"), pen.large, pen.bold))
            case Kind.LINE_FEED:
                self._line_feed()
            case Kind.INIT:
                self._flush_line()
                self._pen = _Pen()
            case Kind.ALIGN:
                pen.align = data[0] % 0x30
            case Kind.BOLD:
                pen.bold = bool(data[0] & 1)
            case Kind.SIZE:
                pen.large = data[0] == 0x11
            case Kind.SPACING:
                pen.spacing = data[0]
            case Kind.FEED_DOTS:
                self._flush_line()
                self._feed(data[0])
            case Kind.FEED_LINES:
                self._flush_line()
                self._feed(data[0] * pen.spacing)
            case Kind.RASTER:
                self._raster(data)
            case Kind.QR_MODULE:
                pen.module = data[0]
            case Kind.QR_STORE:
                pen.stored = data
            case Kind.QR_PRINT:
                self._qr()
            case Kind.CUT:
                self._flush_line()
                self._feed(_CUT_FEED_DOTS)
            case _:
                pass

    def _feed(self, dots: int) -> None:
        self._y += dots
        self._unroll(200)

    def _unroll(self, dots: int) -> None:
        """Have paper for at least `dots` more."""
        missing = (self._y + dots) * self._scale - self._paper.height
        if missing > 0:
            longer = Image.new("L", (self._paper.width, self._paper.height + missing + 800), 0)
            longer.paste(self._paper)
            self._paper = longer

    def _line_feed(self) -> None:
        height = 2 * CELL_DOTS if any(large for _, large, _ in self._pen.line) else CELL_DOTS
        self._flush_line(feed=max(self._pen.spacing, height))

    def _flush_line(self, feed: int | None = None) -> None:
        line, self._pen.line = self._pen.line, []
        if line:
            widths = [_cell(char) * (2 if large else 1) for char, large, _ in line]
            x = self._start(sum(widths))
            base = max(2 * CELL_DOTS if large else CELL_DOTS for _, large, _ in line)
            for (char, large, bold), width in zip(line, widths, strict=True):
                if x + width > self._width:
                    self._feed(max(self._pen.spacing, base))
                    x = 0
                size = CELL_DOTS * (2 if large else 1)
                self._character(char, x, self._y + base - size, size, bold)
                x += width
            feed = max(feed or 0, base)
        self._feed(feed or 0)

    def _start(self, width: int) -> int:
        return (0, max(self._width - width, 0) // 2, max(self._width - width, 0))[min(self._pen.align, 2)]

    def _character(self, char: str, x: int, y: int, size: int, bold: bool) -> None:
        font = self._bold if bold and self._bold else self._font
        if font is None:
            return
        draw, scale = ImageDraw.Draw(self._paper), self._scale
        draw_char(draw, x * scale, y * scale, char, load_face(font, size * scale), 255)

    def _raster(self, data: bytes) -> None:
        width = int.from_bytes(data[:2], "little") * 8
        height = int.from_bytes(data[2:4], "little")
        self._flush_line()
        if width and height:
            dots = Image.frombytes("1", (width, height), data[4:]).convert("L")
            self._paste(
                dots.resize((width * self._scale, height * self._scale), Image.Resampling.NEAREST), width
            )
        self._feed(height)

    def _qr(self) -> None:
        self._flush_line()
        if not self._pen.stored:
            return
        matrix = segno.make(self._pen.stored, error="m", micro=False, boost_error=False).matrix
        side = len(matrix)
        code = Image.new("L", (side, side), 0)
        code.putdata([255 if module else 0 for row in matrix for module in row])
        dots = side * self._pen.module
        self._paste(code.resize((dots * self._scale,) * 2, Image.Resampling.NEAREST), dots)
        self._feed(dots)

    def _paste(self, image: Image.Image, width_dots: int) -> None:
        self._unroll(image.height // self._scale + 8)
        at = (self._start(width_dots) * self._scale, self._y * self._scale)
        area = (*at, at[0] + image.width, at[1] + image.height)
        self._paper.paste(ImageChops.lighter(self._paper.crop(area), image), area[:2])


def _cell(char: str) -> int:
    return CELL_DOTS // 2 if char.isascii() else CELL_DOTS


def _bold_of(font: Path | None) -> Path | None:
    if font is None:
        return None
    bold = font.with_name(font.name.replace("-Regular", "-Bold"))
    return bold if bold.is_file() else font


def render(stream: bytes, width_dots: int = 576, scale: int = 2, font: Path | None = None) -> Image.Image:
    """One slip as a picture of paper: warm white, torn at both ends, a little shadow under it."""
    ink = Renderer(width_dots, scale, font).draw(stream)
    margin, edge = _MARGIN_DOTS * scale, 10 * scale
    size = (ink.width + 2 * margin, ink.height + 2 * margin + 2 * edge)
    paper = Image.new("RGB", size, _PAPER)
    paper.paste(Image.new("RGB", ink.size, _INK), (margin, margin + edge), ink)
    shape = _torn_shape(size, edge)
    around = 24 * scale
    picture = Image.new("RGB", (size[0] + 2 * around, size[1] + 2 * around), _AROUND)
    shadow = Image.new("L", picture.size, 0)
    shadow.paste(shape.point(lambda value: value // 3), (around, around + 5 * scale))
    shadow = shadow.filter(ImageFilter.GaussianBlur(6 * scale))
    picture.paste(Image.new("RGB", picture.size, (70, 74, 82)), (0, 0), shadow)
    picture.paste(paper, (around, around), shape)
    return picture


def _torn_shape(size: tuple[int, int], edge: int) -> Image.Image:
    """The outline of the paper: teeth of the tear-off bar at both ends, each a little different."""
    width, height = size
    dice = random.Random(7)  # noqa: S311  (the same slip always looks the same)
    tooth = edge * 0.9
    count = int(width / tooth)
    top, bottom = [], []
    for number in range(count + 1):
        x = width * number / count
        depth = edge * (0.75 + 0.25 * dice.random()) if number % 2 else edge * 0.15 * dice.random()
        top.append((x, edge - depth))
        bottom.append((x, height - edge + depth))
    shape = Image.new("L", size, 0)
    ImageDraw.Draw(shape).polygon([*top, *reversed(bottom)], fill=255)
    return shape
