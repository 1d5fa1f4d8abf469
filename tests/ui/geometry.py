"""What a ruler finds on a page: texts that do not fit, targets that are too small or too close."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtQuick import QQuickItem

from ui.gallery.exhibition import Exhibition
from ui.remote.eye import Element, visible_elements, visible_items

_ROUNDING_PX = 1.5


@dataclass(frozen=True)
class Page:
    """The visible things of one page, measured."""

    texts: list[QQuickItem]
    targets: list[Element]
    elements: list[Element]
    px_per_mm: float
    bounds: QRectF

    def clipped_texts(self) -> Iterator[str]:
        """Texts wider or higher than the place they have, cut off, or out of the window."""
        for item in self.texts:
            text = str(item.property("text"))
            if item.property("truncated"):
                yield f"cut off: {text}"
            if item.property("paintedWidth") > item.width() + _ROUNDING_PX:
                yield f"too wide: {text}"
            if not self.bounds.contains(scene_rect(item)):
                yield f"outside: {text}"

    def overlapping_texts(self) -> Iterator[str]:
        """Texts that lie over other texts."""
        rects = [(str(i.property("text")), painted_rect(i)) for i in self.texts]
        for n, (text, rect) in enumerate(rects):
            for other, other_rect in rects[n + 1 :]:
                shared = rect.intersected(other_rect)
                if shared.width() > _ROUNDING_PX and shared.height() > self.px_per_mm:
                    yield f"{text!r} over {other!r}"

    def small_targets(self, least_mm: float) -> Iterator[str]:
        """Controls smaller than that either way."""
        for element in self.targets:
            width, height = element.rect[2] / self.px_per_mm, element.rect[3] / self.px_per_mm
            if min(width, height) < least_mm - 0.3:
                yield f"{element.name}: {width:.1f} × {height:.1f} mm"

    def close_targets(self, least_mm: float) -> Iterator[str]:
        """Controls nearer to each other than that."""
        for n, one in enumerate(self.targets):
            for other in self.targets[n + 1 :]:
                gap = _gap(one, other) / self.px_per_mm
                if gap < least_mm - 0.3:
                    yield f"{one.name} | {other.name}: {gap:.1f} mm"

    def covered_targets(self) -> Iterator[str]:
        """Texts that belong to no control and lie over one."""
        for item in self.texts:
            text = str(item.property("text"))
            rect = painted_rect(item)
            for element in self.targets:
                target = QRectF(*element.rect)
                shared = rect.intersected(target)
                over = shared.width() > _ROUNDING_PX and shared.height() > self.px_per_mm
                if over and not target.adjusted(-2, -2, 2, 2).contains(rect):
                    yield f"{text!r} over {element.name!r}"

    def near_edge(self, least_mm: float) -> Iterator[str]:
        """Controls nearer to the bezel than that."""
        margin = (least_mm - 0.3) * self.px_per_mm
        inner = self.bounds.adjusted(margin, 0, -margin, -margin)
        for element in self.targets:
            if not inner.contains(QRectF(*element.rect)):
                yield element.name


def measure(exhibition: Exhibition) -> Page:
    """The page that is shown now."""
    window = exhibition.face.window
    elements = visible_elements(window)
    texts = [
        item
        for item in visible_items(window.contentItem())
        if item.inherits("QQuickText") and str(item.property("text")) and item.opacity() > 0
    ]
    return Page(
        texts=texts,
        targets=[e for e in elements if e.pressable],
        elements=elements,
        px_per_mm=float(exhibition.face.display.property("pxPerMm")),
        bounds=QRectF(-1, -1, window.width() + 2, window.height() + 2),
    )


def scene_rect(item: QQuickItem) -> QRectF:
    """Where an item is in the window."""
    return item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))


def painted_rect(item: QQuickItem) -> QRectF:
    """Where a text is painted: its lines, without the air above the first and below the last."""
    rect = item.boundingRect()
    lines = max(int(item.property("lineCount")), 1)
    air = rect.height() / lines * 0.16
    return item.mapRectToScene(rect.adjusted(0, air, 0, -air))


def _gap(one: Element, other: Element) -> float:
    x1, y1, w1, h1 = one.rect
    x2, y2, w2, h2 = other.rect
    across = max(x2 - (x1 + w1), x1 - (x2 + w2), 0)
    down = max(y2 - (y1 + h1), y1 - (y2 + h2), 0)
    return float(max(across, down) if across == 0 or down == 0 else (across**2 + down**2) ** 0.5)
