"""Where a paragraph breaks: words whole, and no line that begins with ，or ends with （."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Measure = Callable[[str], float]
"""The width of a piece of text."""

_NO_LINE_START = frozenset("，。、；：！？）》」』】〉”’…—·%％,.;:!?)]}")
_NO_LINE_END = frozenset("（《「『【〈“‘([{￥¥$#")


def break_lines(text: str, width: float, measure: Measure) -> list[str]:
    """The lines of `text`, each at most `width` wide; at least one."""
    return [line for part in cleaned(text).split("\n") for line in _break_one(part, width, measure)]


def balanced(text: str, width: float, measure: Measure) -> list[str]:
    """As few lines as `break_lines` makes, of nearly one length: no lone character in the middle of a page."""
    lines = break_lines(text, width, measure)
    if len(lines) == 1:
        return lines
    for tenth in range(19, 9, -1):
        tighter = break_lines(text, width * tenth / 20, measure)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return lines


def cleaned(text: str) -> str:
    """Without control characters, and without what only steers the direction of writing."""
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs") else " "
        for char in text.replace("\r\n", "\n")
    )


def _break_one(text: str, width: float, measure: Measure) -> list[str]:
    lines: list[str] = []
    line, used = "", 0.0
    for token in _tokens(text):
        size = measure(token)
        if used + size <= width:
            line, used = line + token, used + size
            continue
        if line.strip():
            lines.append(line.rstrip())
        if token.isspace():
            line, used = "", 0.0
            continue
        *full, line = _chop(token, width, measure)
        lines += full
        used = measure(line)
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _tokens(text: str) -> list[str]:
    """Pieces that stay together: words, and a wide character with the marks that cling to it."""
    tokens: list[str] = []
    for char in text:
        last = tokens[-1] if tokens else ""
        joins = bool(last) and not last.isspace()
        clings = joins and (char in _NO_LINE_START or last[-1] in _NO_LINE_END or _is_mark(char))
        in_word = joins and _is_narrow(char) and not char.isspace() and _is_narrow(last[-1])
        if clings or in_word:
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens


def _is_narrow(char: str) -> bool:
    return unicodedata.east_asian_width(char) not in ("W", "F", "A")


def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me", "Cf")


def _chop(token: str, width: float, measure: Measure) -> list[str]:
    """A token longer than a line, cut hard."""
    pieces: list[str] = []
    piece, used = "", 0.0
    for char in token:
        size = measure(char)
        if piece and used + size > width:
            pieces.append(piece)
            piece, used = "", 0.0
        piece, used = piece + char, used + size
    return [*pieces, piece]
