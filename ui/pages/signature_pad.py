"""A pad to sign on: takes the finger's path from QML and keeps it as strokes with times."""

from __future__ import annotations

import math

from PySide6.QtCore import Property, QElapsedTimer, QObject, QPointF, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.domain.signature import MAX_POINTS, Point, Signature, parse_signature

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_STEP = 4
"""Tenths of a millimetre: a finger that moved less has not moved."""


@QmlElement
class SignaturePad(QObject):
    """The strokes on the pad. Places come in pixels and are kept in tenths of a millimetre."""

    written = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._size = (0, 0)
        self._px_per_mm = 4.0
        self._strokes: list[list[Point]] = []
        self._timer = QElapsedTimer()

    @property
    def text(self) -> str:
        """The answer; empty while nothing is written."""
        if not self._strokes:
            return ""
        return Signature(size=self._size, strokes=tuple(tuple(s) for s in self._strokes)).to_text()

    def show(self, text: str) -> None:
        """Begin with what was written before, or with an empty pad."""
        signature = parse_signature(text) if text else None
        self._strokes = [list(stroke) for stroke in signature.strokes] if signature is not None else []
        self.written.emit()

    @Property("QVariantList", notify=written)  # type: ignore[arg-type]  # the stubs leave out names
    def ink(self) -> list[list[QPointF]]:
        """The strokes in pixels; a dot is a line of nearly no length."""
        scale = self._px_per_mm / 10
        return [
            [QPointF(x * scale, y * scale) for x, y, _ in (stroke if len(stroke) > 1 else stroke * 2)]
            for stroke in self._strokes
        ]

    @Property(bool, notify=written)
    def empty(self) -> bool:
        """Whether nothing is written."""
        return not self._strokes

    @Slot(float, float, float)
    def resize(self, width_px: float, height_px: float, px_per_mm: float) -> None:
        """How large the pad is on this screen."""
        self._px_per_mm = px_per_mm
        self._size = (self._tenths(width_px), self._tenths(height_px))
        self.written.emit()

    @Slot(float, float)
    def touch(self, x_px: float, y_px: float) -> None:
        """The finger comes down."""
        if sum(map(len, self._strokes)) >= MAX_POINTS:
            return
        if not self._strokes:
            self._timer.start()
        elif not self._timer.isValid():  # written before, and gone on with
            self._timer.start()
            self._strokes.clear()
        self._strokes.append([self._point(x_px, y_px)])
        self.written.emit()

    @Slot(float, float)
    def draw(self, x_px: float, y_px: float) -> None:
        """The finger moves."""
        if not self._strokes or sum(map(len, self._strokes)) >= MAX_POINTS:
            return
        point, last = self._point(x_px, y_px), self._strokes[-1][-1]
        if math.hypot(point[0] - last[0], point[1] - last[1]) >= _STEP:
            self._strokes[-1].append(point)
            self.written.emit()

    @Slot()
    def undo(self) -> None:
        """Take the last stroke back."""
        if self._strokes:
            self._strokes.pop()
            self.written.emit()

    @Slot()
    def clear(self) -> None:
        """An empty pad."""
        self._strokes.clear()
        self._timer.invalidate()
        self.written.emit()

    def _point(self, x_px: float, y_px: float) -> Point:
        width, height = self._size
        x, y = self._tenths(x_px), self._tenths(y_px)
        return max(0, min(x, width)), max(0, min(y, height)), self._timer.elapsed()

    def _tenths(self, px: float) -> int:
        return round(px / self._px_per_mm * 10)
