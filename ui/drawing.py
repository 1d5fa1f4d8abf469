"""Draws icons and illustrations for QML: one SVG a drawing, coloured by the theme that asks.

The colours travel in the address (`image://icon/search/0b5c7a`), so that a drawing works in every theme,
also with the software renderer, which has no shader to tint with.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtQuick import QQuickImageProvider
from PySide6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parent.parent / "assets" / "icons"
ILLUSTRATIONS = ICONS / "illustrations"
FALLBACK = "file-text"
"""Shown for an icon that a service pack names and this version does not have."""


class IconProvider(QQuickImageProvider):
    """`image://icon/NAME/RRGGBB`: one stroke icon in one colour."""

    def __init__(self) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)

    def requestImage(self, id: str, size: QSize, requested: QSize) -> QImage:  # noqa: A002 - Qt's name
        name, _, colour = id.partition("/")
        svg = _read(ICONS, name if (ICONS / f"{name}.svg").is_file() else FALLBACK)
        return _paint(svg.replace("currentColor", f"#{colour}"), requested)


class IllustrationProvider(QQuickImageProvider):
    """`image://illustration/NAME/RRGGBB/RRGGBB…`: `#c0`, `#c1`, … in the SVG stand for these colours."""

    def __init__(self) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)

    def requestImage(self, id: str, size: QSize, requested: QSize) -> QImage:  # noqa: A002 - Qt's name
        name, *colours = id.split("/")
        svg = _read(ILLUSTRATIONS, name)
        for number, colour in enumerate(colours):
            svg = svg.replace(f'"#c{number}"', f'"#{colour}"')
        return _paint(svg, requested)


@lru_cache(maxsize=64)
def _read(folder: Path, name: str) -> str:
    return (folder / f"{name}.svg").read_text(encoding="utf-8")


def _paint(svg: str, requested: QSize) -> QImage:
    """The drawing, as large as fits into what was asked for, its proportions kept.

    Does without the `Qt` namespace (and so without `QImage.fill`, which looks into it): its enumerations take
    Python longer to make than the whole attract page takes to draw.
    """
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    size = renderer.defaultSize()
    if requested.isEmpty():
        # Asked for before the page has been laid out; it is asked for again afterwards.
        size = QSize(1, 1)
    else:
        scale = min(requested.width() / size.width(), requested.height() / size.height())
        size = QSize(max(1, round(size.width() * scale)), max(1, round(size.height() * scale)))
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    memoryview(image.bits())[:] = bytes(image.sizeInBytes())
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    return image
