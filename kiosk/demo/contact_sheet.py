"""All screens of one visit on one sheet, for a README or a wall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

_CELL_HEIGHT_PX = 720
_GAP_PX = 28
_PAPER = "#E9E6DF"
_EDGE = "#C9C4B8"


def make_sheet(pictures: Sequence[Path], out: Path, columns: int = 6) -> None:
    """Put `pictures` (all of one size, in order) side by side, `columns` a row, and write a PNG to `out`."""
    cells = [_cell(picture) for picture in pictures]
    if not cells:
        return
    width, height = cells[0].size
    rows = -(-len(cells) // columns)
    across = min(columns, len(cells))
    size = (across * (width + _GAP_PX) + _GAP_PX, rows * (height + _GAP_PX) + _GAP_PX)
    sheet = Image.new("RGB", size, _PAPER)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        sheet.paste(cell, (_GAP_PX + column * (width + _GAP_PX), _GAP_PX + row * (height + _GAP_PX)))
    sheet.quantize(128).save(out, optimize=True)


def _cell(picture: Path) -> Image.Image:
    """One picture at the sheet's height, with a thin edge so that paper-white pages stand out."""
    with Image.open(picture) as opened:
        whole = opened.convert("RGB")
    width = round(whole.width * _CELL_HEIGHT_PX / whole.height)
    framed = Image.new("RGB", (width + 2, _CELL_HEIGHT_PX + 2), _EDGE)
    framed.paste(whole.resize((width, _CELL_HEIGHT_PX), Image.Resampling.LANCZOS), (1, 1))
    return framed
