"""Papers to lay under a simulated document camera: forms, copies, cards and slips of people who do not exist."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]

PX_PER_MM = 8
"""How finely papers are drawn; a little finer than the camera sees them."""

_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
)
_INK = (38, 36, 40)
_RULE = (70, 70, 74)
_RED = (196, 40, 44)

Colour = tuple[int, int, int]


class PaperKind(StrEnum):
    """What can be laid down."""

    FORM = "form"
    """A4 with a table."""
    NOTICE = "notice"
    """A4 with lines of text and a red seal."""
    ID_COPY = "id_copy"
    """A4 with both sides of an identity card on it."""
    ID_CARD = "id_card"
    REGISTER_PAGE = "register_page"
    """A page of a household register, 143 × 105 mm."""
    NOTE = "note"
    """A5."""
    RECEIPT = "receipt"
    BLANK = "blank"
    """A4 with hardly anything on it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """A paper as drawn."""

    pixels: Pixels
    """Height × width × 3, blue green red."""
    width_mm: float
    height_mm: float
    corner_mm: float = 0.0
    """Radius of its corners."""


@lru_cache(maxsize=1)
def font_file() -> Path:
    """A font that has Chinese. Raises `FileNotFoundError` with what to install."""
    candidates = [*_FONTS]
    if program := shutil.which("fc-match"):
        found = subprocess.run(
            [program, "-f", "%{file}", "Noto Sans CJK SC:lang=zh-cn"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        candidates.append(found.stdout.strip())
    for name in candidates:
        if name and Path(name).is_file():
            return Path(name)
    raise FileNotFoundError("no Chinese font: install fonts-noto-cjk")


@lru_cache(maxsize=64)
def _font(height_mm: float) -> ImageFont.FreeTypeFont:
    # Face 2 of Noto's collection is simplified Chinese; other files hold one face only.
    file, size = font_file(), round(height_mm * PX_PER_MM)
    try:
        return ImageFont.truetype(str(file), size, index=2)
    except OSError:
        return ImageFont.truetype(str(file), size)


class _Desk:
    """Draws in millimetres."""

    def __init__(self, width_mm: float, height_mm: float, ground: Colour) -> None:
        self.width_mm, self.height_mm = width_mm, height_mm
        size = round(width_mm * PX_PER_MM), round(height_mm * PX_PER_MM)
        self.image = Image.new("RGB", size, ground)
        self._draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, height_mm: float = 3.7, ink: Colour = _INK) -> None:
        self._draw.text((x * PX_PER_MM, y * PX_PER_MM), text, fill=ink, font=_font(height_mm))

    def rule(self, x: float, y: float, x2: float, y2: float, ink: Colour = _RULE) -> None:
        box = [value * PX_PER_MM for value in (x, y, x2, y2)]
        self._draw.line(box, fill=ink, width=2)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        box = [value * PX_PER_MM for value in (x, y, x + width, y + height)]
        self._draw.rectangle(box, fill=fill)

    def seal(self, x: float, y: float, radius: float) -> None:
        box = [value * PX_PER_MM for value in (x - radius, y - radius, x + radius, y + radius)]
        self._draw.ellipse(box, outline=_RED, width=round(radius / 10 * PX_PER_MM))
        self.text(x - 6, y - 2, "测试专用", 3.0, _RED)

    def sheet(self, corner_mm: float = 0.0) -> Sheet:
        pixels = np.ascontiguousarray(np.asarray(self.image)[:, :, ::-1])
        return Sheet(pixels=pixels, width_mm=self.width_mm, height_mm=self.height_mm, corner_mm=corner_mm)


_SENTENCES = (
    "兹证明测试甲系本社区居民，现居住于测试市测试区示例路一号。",
    "上述情况属实，仅供办理测试事项使用，不作其他用途。",
    "申请人应当如实填写各项内容，并对材料的真实性负责。",
    "经办窗口收到材料后出具回执，办结后以短信告知结果。",
    "联系电话：000-00000000　　经办人：测试乙",
    "受理编号 410722360815　日期 2026 年 11 月 22 日",
    "附件：居民身份证复印件一份，户口簿首页及本人页复印件各一份。",
)
_FIELDS = (
    ("姓名", "测试甲"),
    ("性别", "女"),
    ("民族", "汉"),
    ("出生日期", "1949年12月31日"),
    ("公民身份号码", "11010519491231002X"),
    ("住址", "测试市测试区示例路1号"),
    ("联系电话", "000-00000000"),
    ("申请事项", "老年优待证"),
)


def _white(dice: random.Random) -> Colour:
    level = dice.randint(236, 250)
    return level, level, level - dice.randint(0, 8)


def _form(dice: random.Random) -> Sheet:
    desk = _Desk(210, 297, _white(dice))
    desk.text(62, 20, "便民服务事项申请表", 8)
    top, row_mm, rows = 42.0, dice.choice((11.0, 14.0)), dice.randint(9, 16)
    for row in range(rows + 1):
        desk.rule(20, top + row * row_mm, 190, top + row * row_mm)
    for x in (20, 52, 105, 137, 190):
        desk.rule(x, top, x, top + rows * row_mm)
    for row in range(rows):
        for x in (22, 107):
            label, value = dice.choice(_FIELDS)
            desk.text(x, top + row * row_mm + 3, label, 3.7)
            if dice.random() < 0.7:
                desk.text(x + 32, top + row * row_mm + 3, value, 3.7)
    desk.text(22, 280, "本表一式两份", 2.6)
    return desk.sheet()


def _notice(dice: random.Random) -> Sheet:
    desk = _Desk(210, 297, _white(dice))
    desk.text(82, 24, "居住证明", 9)
    height = dice.choice((3.7, 4.2, 5.0))
    for line in range(dice.randint(8, 24)):
        if dice.random() < 0.9:
            desk.text(
                25 + (8 if line % 5 == 0 else 0), 48 + line * height * 2, dice.choice(_SENTENCES)[:36], height
            )
    desk.seal(150, 240, 19)
    return desk.sheet()


def _face_of_card(desk: _Desk, x: float, y: float, grey: bool) -> None:
    """The side of an identity card that has the name, its upper left corner at (x, y)."""
    ink = (60, 60, 60) if grey else (50, 60, 80)
    for row, (label, value) in enumerate(_FIELDS[:4]):
        desk.text(x + 5, y + 6 + row * 7, f"{label}　{value}", 2.8, ink)
    desk.text(x + 5, y + 34, f"住址　{_FIELDS[5][1]}", 2.8, ink)
    desk.text(x + 5, y + 46, f"公民身份号码 {_FIELDS[4][1]}", 3.2, ink)
    desk.box(x + 57, y + 8, 22, 29, (224, 224, 224) if grey else (228, 234, 240))
    desk.box(x + 63, y + 13, 10, 12, (150, 150, 150) if grey else (184, 160, 142))
    desk.box(x + 60, y + 27, 16, 10, (84, 84, 84) if grey else (70, 76, 96))


def _id_copy(dice: random.Random) -> Sheet:
    desk = _Desk(210, 297, _white(dice))
    for y in (60, 160):
        level = dice.randint(196, 226)
        desk.box(62, y, 85.6, 54, (level, level, level))
        _face_of_card(desk, 62, y, grey=True)
    desk.text(50, 250, "此复印件仅供办理测试事项使用", 5)
    return desk.sheet()


def _id_card(dice: random.Random) -> Sheet:
    desk = _Desk(85.6, 53.98, (206 + dice.randint(-8, 10), 222, 228))
    for stripe in range(12):
        desk.rule(0, 4 + stripe * 4.3, 85.6, 2 + stripe * 4.6, (192, 208, 222))
    _face_of_card(desk, 0, 0, grey=False)
    return desk.sheet(corner_mm=3.18)


def _register_page(dice: random.Random) -> Sheet:
    desk = _Desk(143, 105, (232, 226 + dice.randint(-4, 6), 212))
    for stripe in range(26):
        desk.rule(3, 4 + stripe * 4, 140, 4 + stripe * 4, (214, 214, 200))
    desk.text(48, 6, "常住人口登记卡", 5)
    for row in range(11):
        desk.rule(8, 16 + row * 8, 135, 16 + row * 8)
    for x in (8, 32, 72, 96, 135):
        desk.rule(x, 16, x, 96)
    for row in range(10):
        for x in (9, 73):
            label, value = dice.choice(_FIELDS)
            desk.text(x, 18 + row * 8, label, 2.8)
            desk.text(x + 24, 18 + row * 8, value[:14], 2.8)
    if dice.random() < 0.6:
        desk.seal(112, 78, 14)
    return desk.sheet()


def _note(dice: random.Random) -> Sheet:
    desk = _Desk(148, 210, _white(dice))
    desk.text(46, 14, "材料收件清单", 7)
    for line in range(dice.randint(6, 14)):
        desk.text(16, 34 + line * 11, f"{line + 1}. {dice.choice(_SENTENCES)[:24]}", 4.0)
    return desk.sheet()


def _receipt(dice: random.Random) -> Sheet:
    length = dice.randint(110, 190)
    desk = _Desk(80, length, _white(dice))
    desk.text(24, 6, "办件回执", 8)
    for line in range((length - 30) // 8):
        desk.text(5, 20 + line * 8, dice.choice(_SENTENCES)[:17], 3.4)
    return desk.sheet()


def _blank(dice: random.Random) -> Sheet:
    desk = _Desk(210, 297, _white(dice))
    desk.text(95, 285, "第 2 页", 3.0)
    return desk.sheet()


_DRAW: dict[PaperKind, Callable[[random.Random], Sheet]] = {
    PaperKind.FORM: _form,
    PaperKind.NOTICE: _notice,
    PaperKind.ID_COPY: _id_copy,
    PaperKind.ID_CARD: _id_card,
    PaperKind.REGISTER_PAGE: _register_page,
    PaperKind.NOTE: _note,
    PaperKind.RECEIPT: _receipt,
    PaperKind.BLANK: _blank,
}


def draw_paper(kind: PaperKind, seed: int = 0) -> Sheet:
    """One paper of this kind; another seed writes other things on it."""
    return _DRAW[kind](random.Random(seed))  # noqa: S311 (a picture, not a secret)


def paper_of_text(text: str) -> Sheet:
    """An A4 sheet with these lines on it."""
    desk = _Desk(210, 297, (246, 246, 244))
    for row, line in enumerate(text.splitlines()[:30]):
        desk.text(20, 24 + row * 8.5, line[:40], 4.2)
    return desk.sheet()


def paper_of_picture(pixels: Pixels, width_mm: float = 210.0) -> Sheet:
    """A sheet with this picture on the whole of it."""
    height_mm = width_mm * pixels.shape[0] / pixels.shape[1]
    return Sheet(pixels=pixels, width_mm=width_mm, height_mm=height_mm)
