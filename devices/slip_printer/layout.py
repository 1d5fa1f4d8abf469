"""A page as lines that fit one paper width, still free of any printer's bytes.

Widths are counted in columns of 12 dots: a narrow character takes one, a wide one two.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

from kiosk.documents.page import Align, Gap, Page, QrCode, Row, Rule, Size, Text

_NO_LINE_START = frozenset("，。、；：！？）》」』】〉”’…—,.;:!?)]}%")
_NO_LINE_END = frozenset("（《「『【〈“‘([{￥$")
_DOTS_A_MM = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One printed line of text."""

    text: str
    large: bool = False
    bold: bool = False
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """Empty paper."""

    dots: int


@dataclass(frozen=True, slots=True)
class QrLine:
    """A QR code, centred."""

    data: str
    module_dots: int


_MARKER = re.compile(r"(?:[·•●○]|[①-⑳]|[0-9]{1,2}[.、．])[ 　]*")
_SENTENCE_MARKS = frozenset("，。；：！？,;.!?")
_PAIR = 2
_INDENTS_A_LINE = 6
"""On paper so narrow that an indent is more of the line than this, nothing is indented."""
_LEAST_GAP = 2
"""Columns between a label and its value."""

Line = TextLine | RuleLine | FeedLine | QrLine


def lay_out(page: Page, columns: int, dots_per_mm: float = _DOTS_A_MM) -> list[Line]:
    """The lines of `page` on paper that is `columns` narrow characters wide."""
    lines: list[Line] = []
    for block in page.blocks:
        match block:
            case Text():
                lines += _paragraph(block, columns)
            case Row():
                lines += [TextLine(text=text) for text in _row(block, columns)]
            case Rule():
                lines.append(RuleLine())
            case Gap():
                lines.append(FeedLine(max(0, min(round(block.height_mm * dots_per_mm), 2000))))
            case QrCode():
                lines.append(QrLine(block.data, max(2, min(round(block.module_mm * dots_per_mm), 16))))
    return lines


@functools.lru_cache(maxsize=8192)
def char_width(char: str) -> int:
    """Columns of one character; 0 for what is drawn onto the one before it (variation selectors, accents)."""
    if char.isascii():
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    # Ambiguous ones (“ ” · ×) are two-byte characters to a Chinese printer, and two-byte is full width.
    return 1 if unicodedata.east_asian_width(char) == "H" else 2


def text_width(text: str) -> int:
    """Columns of a string."""
    return sum(char_width(char) for char in text)


def wrap(text: str, columns: int) -> list[str]:
    """Break `text` into lines of at most `columns`; words whole, no line beginning with ，or 。"""
    return [line for part in _clean(text).split("\n") for line in _wrap_one(part, columns)]


def _clean(text: str) -> str:
    """Without control characters: a page is data, it must not carry printer commands."""
    return "".join(
        char if char == "\n" or unicodedata.category(char) != "Cc" else " "
        for char in text.replace("\r\n", "\n")
    )


def _wrap_one(text: str, columns: int) -> list[str]:
    lines, line, width = [], "", 0
    for token in _tokens(text):
        token_width = text_width(token)
        if width + token_width <= columns:
            line, width = line + token, width + token_width
            continue
        if line.strip():
            lines.append(line.rstrip())
        if token.isspace():
            line, width = "", 0
            continue
        *full, line = _chop(token, columns)
        lines += full
        width = text_width(line)
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _tokens(text: str) -> list[str]:
    """Pieces that stay together: words, and a wide character with the marks that cling to it."""
    tokens: list[str] = []
    for char in text:
        last = tokens[-1] if tokens else ""
        clings = bool(last) and not last.isspace() and (char in _NO_LINE_START or last[-1] in _NO_LINE_END)
        in_word = bool(last) and char_width(char) == 1 and not char.isspace() and _is_word(last)
        if last and not last.isspace() and (clings or in_word or char_width(char) == 0):
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens


def _is_word(token: str) -> bool:
    return char_width(token[-1]) == 1 and not token[-1].isspace()


def _chop(token: str, columns: int) -> list[str]:
    """A token longer than a line, cut hard."""
    pieces, piece, width = [], "", 0
    for char in token:
        if piece and width + char_width(char) > columns:
            pieces.append(piece)
            piece, width = "", 0
        piece, width = piece + char, width + char_width(char)
    return [*pieces, piece]


def _paragraph(block: Text, columns: int) -> list[Line]:
    large = block.size is Size.LARGE
    room = columns // 2 if large else columns
    lines = _hanging(block.text, room) if block.align is Align.LEFT else _balanced(block.text, room)
    return [TextLine(text=text, large=large, bold=block.bold, align=block.align) for text in lines]


def _hanging(text: str, columns: int) -> list[str]:
    """Wrapped; what goes on after a bullet or a number stands under its own text."""
    marker = _MARKER.match(text)
    if marker is None or text_width(marker[0]) * _INDENTS_A_LINE > columns:
        return wrap(text, columns)
    indent = " " * text_width(marker[0])
    first, *rest = wrap(text[marker.end() :], columns - len(indent))
    return [marker[0] + first, *(indent + line for line in rest)]


def _balanced(text: str, columns: int) -> list[str]:
    """As few lines as `wrap` makes, of nearly one length: no single character alone in the middle.

    Two lines break where the sentence does, if that leaves neither of them short.
    """
    lines = wrap(text, columns)
    if len(lines) == _PAIR and "\n" not in text and (pair := _sentence_break(_clean(text), columns)):
        return pair
    for narrower in range(columns - 1, columns // 2, -1):
        tighter = wrap(text, narrower)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return lines


def _sentence_break(text: str, columns: int) -> list[str]:
    """The two halves of `text` at a mark of punctuation, the most even ones; empty when there are none."""
    best, best_width = list[str](), columns + 1
    for at, char in enumerate(text[:-1], start=1):
        # A mark inside a number or an address ends nothing.
        if char not in _SENTENCE_MARKS or (char.isascii() and not text[at].isspace()):
            continue
        halves = [text[:at].strip(), text[at:].strip()]
        shorter, longer = sorted(map(text_width, halves))
        if longer < best_width and shorter * 2 >= longer:
            best, best_width = halves, longer
    return best


def _row(block: Row, columns: int) -> list[str]:
    """Label left, value right; a value that is too long goes on under itself, beside the label."""
    label, value = _clean(block.label).replace("\n", " "), _clean(block.value)
    gap = columns - text_width(label) - text_width(value)
    if gap >= _LEAST_GAP and "\n" not in value:
        return [label + " " * gap + value]
    indent = text_width(label) + _LEAST_GAP
    if indent > columns // 2:
        return [*wrap(label, columns), *_right(_balanced(value, columns - _LEAST_GAP), columns)]
    first, *rest = _right(_balanced(value, columns - indent), columns - text_width(label))
    return [label + first, *(" " * text_width(label) + line for line in rest)]


def _right(lines: list[str], columns: int) -> list[str]:
    return [" " * (columns - text_width(line)) + line for line in lines]
