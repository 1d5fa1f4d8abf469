"""A slip as a list of plain blocks, free of any printer's bytes; it travels as JSON between processes."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Align(StrEnum):
    """Where a block stands on the paper."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class Size(StrEnum):
    """Type sizes of a slip: multiples of the printer's own 24-dot type (3 mm at 8 dots a mm)."""

    NORMAL = "normal"
    LARGE = "large"
    """Twice as high and wide: the receipt number, the title."""


class Text(Struct, frozen=True, kw_only=True, tag="text"):
    """One paragraph; the printer breaks it where the paper ends."""

    text: str
    size: Size = Size.NORMAL
    align: Align = Align.LEFT
    bold: bool = False


class Row(Struct, frozen=True, kw_only=True, tag="row"):
    """A label on the left and its value on the right of one line."""

    label: str
    value: str


class Rule(Struct, frozen=True, kw_only=True, tag="rule"):
    """A line across the paper."""


class Gap(Struct, frozen=True, kw_only=True, tag="gap"):
    """Empty paper."""

    height_mm: float = 3.0


class QrCode(Struct, frozen=True, kw_only=True, tag="qr"):
    """A QR code, centred."""

    data: str
    module_mm: float = 0.75


Block = Text | Row | Rule | Gap | QrCode


class Page(Struct, frozen=True, kw_only=True):
    """One slip, cut at its end."""

    blocks: tuple[Block, ...] = ()
