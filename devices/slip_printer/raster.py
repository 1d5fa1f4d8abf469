"""Dots for what a printer has no type for: rare characters, rules, QR codes on models without them."""

from __future__ import annotations

import functools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFont

from devices.slip_printer.layout import char_width
from devices.slip_printer.protocol import REAL_TIME_SEQUENCES

CELL_DOTS = 24
COLUMN_DOTS = 12
_BASELINE = 0.88
"""Of the em square: where the CJK fonts of the Noto family put it."""
_THRESHOLD = 90
"""Of 255: thin strokes of small type stay whole, as on the printer's own."""
_OVERHANG_DOTS = 4
_KNOWN_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
)
_FACES = ("Noto Sans Mono CJK SC", "Noto Sans CJK SC")


class NoFont(Exception):
    """There is no font on this machine to draw Chinese with."""


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Rows of `width_bytes`, one bit a dot, the highest on the left, 1 is black; with blank rows around."""

    width_bytes: int
    data: bytes
    above: int = 0
    below: int = 0

    @property
    def rows(self) -> int:
        """Rows with ink (and blank ones between)."""
        return len(self.data) // self.width_bytes if self.width_bytes else 0


def find_font(given: Path | None = None) -> Path:
    """The font to draw with. Raises `NoFont`."""
    candidates = [given] if given else [Path(name) for name in _KNOWN_FONTS]
    for path in candidates:
        if path.is_file():
            return path
    if given is None and (program := shutil.which("fc-match")):
        try:
            answer = subprocess.run(
                [program, "-f", "%{file}", "Noto Sans CJK SC:lang=zh-cn"],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
            raise NoFont("fc-match") from error
        if answer.returncode == 0 and Path(answer.stdout).is_file():
            return Path(answer.stdout)
    raise NoFont(str(given or "Noto Sans CJK SC"))


@functools.lru_cache(maxsize=16)
def load_face(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """The simplified-Chinese face of a font collection (half-width Latin first), or its only face.

    Raises `NoFont` for a file that is no font.
    """
    try:
        first = ImageFont.truetype(str(path), size)
    except OSError as error:
        raise NoFont(str(path)) from error
    faces: dict[str, ImageFont.FreeTypeFont] = {}
    for index in range(16):
        try:
            face = ImageFont.truetype(str(path), size, index=index)
        except OSError:
            break
        faces.setdefault(str(face.getname()[0]), face)
    return next((faces[name] for name in _FACES if name in faces), first)


def draw_char(
    draw: ImageDraw.ImageDraw, x: int, y: int, char: str, face: ImageFont.FreeTypeFont, fill: int
) -> None:
    """One character in the square whose top left corner is (x, y); without a glyph, a box with its code."""
    size = int(face.size)
    if _has_glyph(face, char[0]):
        draw.text((x, y + round(size * _BASELINE)), char, font=face, fill=fill, anchor="ls")
        return
    draw.rectangle((x + 1, y + 1, x + size - 2, y + size - 2), outline=fill)
    digits = f"{ord(char[0]):06X}"
    small = load_face(Path(str(face.path)), max(size * 2 // 5, 8))
    for row, part in enumerate((digits[:3], digits[3:])):
        draw.text((x + size // 2, y + size // 4 + row * size // 2), part, font=small, fill=fill, anchor="mm")


def _has_glyph(face: ImageFont.FreeTypeFont, char: str) -> bool:
    if char.isspace():
        return True
    return bytes(face.getmask(char)) != _missing(face)


@functools.lru_cache(maxsize=16)
def _missing(face: ImageFont.FreeTypeFont) -> bytes:
    return bytes(face.getmask("\U0010fffe"))


def clusters(text: str) -> list[str]:
    """Characters with what is drawn onto them."""
    parts: list[str] = []
    for char in text:
        if parts and char_width(char) == 0:
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def text_bitmap(text: str, large: bool, bold: bool, font: Path, pitch: int) -> Bitmap:
    """A line of text as dots, cropped to its ink; `pitch` is the height it takes on the paper."""
    column = COLUMN_DOTS * (2 if large else 1)
    parts = clusters(text)
    width = sum(char_width(part[0]) for part in parts) * column
    image = Image.new("1", (max(width, 8), pitch))
    x = 0
    for part in parts:
        if not part.isspace():
            glyph = _glyph(part, column * 2, bold, font)
            image.paste(1, (x - _OVERHANG_DOTS, 0), glyph)
        x += char_width(part[0]) * column
    return _cropped(image)


@functools.lru_cache(maxsize=2048)
def _glyph(part: str, size: int, bold: bool, font: Path) -> Image.Image:
    """One character as dots, with room beside it for what stands out of its square."""
    image = Image.new("L", (size + 2 * _OVERHANG_DOTS, size + _OVERHANG_DOTS))
    draw, face = ImageDraw.Draw(image), load_face(font, size)
    draw_char(draw, _OVERHANG_DOTS, 0, part, face, 255)
    if bold:
        draw_char(draw, _OVERHANG_DOTS + 1, 0, part, face, 255)
    return image.point(lambda value: 255 if value >= _THRESHOLD else 0).convert("1")


def qr_bitmap(data: str, module_dots: int) -> Bitmap:
    """A QR code; its quiet zone of four modules is blank paper above and below it. Raises `ValueError`."""
    modules = _qr_image(data)
    dots = modules.width * module_dots
    packed = _packed(modules.resize((dots, dots), Image.Resampling.NEAREST))
    return Bitmap(packed.width_bytes, packed.data, above=4 * module_dots, below=4 * module_dots)


def qr_modules(data: str) -> int:
    """Modules along one side, without the quiet zone. Raises `ValueError` when no code holds so much."""
    return _qr_image(data).width


@functools.lru_cache(maxsize=2)
def _qr_image(data: str) -> Image.Image:
    """Error correction M, a pixel a module, white on black."""
    try:
        code = zxingcpp.create_barcode(data, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    except RuntimeError as error:  # characters that are in no character set
        raise ValueError("not a text") from error
    modules: Any = code.to_image(scale=1, add_quiet_zones=False)
    image = Image.frombytes("L", (modules.shape[1], modules.shape[0]), bytes(memoryview(modules)))
    return ImageChops.invert(image)


def rule_bitmap(width_dots: int) -> Bitmap:
    """A thin line across the paper."""
    return Bitmap(width_dots // 8, b"\xff" * (width_dots // 8) * 2)


def without_real_time(data: bytes) -> bytes:
    """`data` with one dot more wherever a printer could take it for a real-time command.

    10 becomes 30: the added dot touches the one that was there, so nobody sees it.
    """
    altered = bytearray(data)
    for sequence in REAL_TIME_SEQUENCES:
        start = altered.find(sequence)
        while start >= 0:
            altered[start] = 0x30
            start = altered.find(sequence, start + 1)
    return bytes(altered)


def _cropped(image: Image.Image) -> Bitmap:
    box = image.getbbox()
    if box is None:
        return Bitmap(0, b"", above=image.height)
    packed = _packed(image.crop((0, box[1], box[2], box[3])))
    return Bitmap(packed.width_bytes, packed.data, above=box[1], below=image.height - box[3])


def _packed(image: Image.Image) -> Bitmap:
    return Bitmap((image.width + 7) // 8, image.convert("1").tobytes())
