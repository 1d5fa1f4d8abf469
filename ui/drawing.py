"""Icons and illustrations for QML: one SVG a drawing, coloured by the theme that asks.

A drawing is coloured here as text and painted by Qt itself from a file of the run folder.  An image
provider would do the same from memory, but needs QtQuick's Python half before the first page is painted:
a tenth of the whole start.  Works with the software renderer, which has no shader to tint with.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import ClassVar, Self

from PySide6.QtCore import QObject, Slot
from PySide6.QtQml import QmlElement, QmlSingleton, QQmlEngine

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

ICONS = Path(__file__).resolve().parent.parent / "assets" / "icons"
ILLUSTRATIONS = ICONS / "illustrations"
FALLBACK = "file-text"
"""Shown for an icon that a service pack names and this version does not have."""


@QmlElement
@QmlSingleton
class Drawings(QObject):
    """Tells QML where a coloured drawing lies; it is written there when it is first asked for."""

    _in_use: ClassVar[Drawings | None] = None

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._written: dict[str, str] = {}

    def show(self) -> Self:
        """Become the one that QML asks."""
        Drawings._in_use = self
        QQmlEngine.setObjectOwnership(self, QQmlEngine.ObjectOwnership.CppOwnership)
        return self

    @staticmethod
    def create(_engine: QQmlEngine) -> Drawings:
        """Called by the QML engine for its singleton."""
        assert Drawings._in_use is not None
        return Drawings._in_use

    @Slot(str, str, result=str)
    def icon(self, name: str, colour: str) -> str:
        """One stroke icon in one colour (#RRGGBB)."""
        return self._written.get(name + colour) or self._write_icon(name, colour)

    @Slot(str, str, result=str)
    def illustration(self, name: str, colours: str) -> str:
        """An illustration; its `#c0`, `#c1`, … stand for these colours (RRGGBB/RRGGBB/…)."""
        return self._written.get(name + colours) or self._write_illustration(name, colours)

    def _write_icon(self, name: str, colour: str) -> str:
        file = ICONS / f"{name}.svg"
        svg = (file if file.is_file() else ICONS / f"{FALLBACK}.svg").read_text(encoding="utf-8")
        return self._write(name, colour, svg.replace("currentColor", colour))

    def _write_illustration(self, name: str, colours: str) -> str:
        svg = (ILLUSTRATIONS / f"{name}.svg").read_text(encoding="utf-8")
        for number, colour in enumerate(colours.split("/")):
            svg = svg.replace(f'"#c{number}"', f'"#{colour}"')
        return self._write(name, colours, svg)

    def _write(self, name: str, colours: str, svg: str) -> str:
        # The checksum of what is in it: a file of an earlier version of the face is never taken for this one's.
        file = self._folder / f"{Path(name).name}-{zlib.crc32(svg.encode()):08x}.svg"
        if not file.exists():
            file.write_text(svg, encoding="utf-8")
        address = file.as_uri()
        self._written[name + colours] = address
        return address
