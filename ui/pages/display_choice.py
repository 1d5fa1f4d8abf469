"""The choice of colours."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtQml import QmlElement

from ui.display import Palette
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class DisplayModel(PageModel):
    """Lies over the page on which it was opened."""

    changed = Signal()

    @Slot(str)
    def choose(self, palette: str) -> None:
        self.navigator.choose_palette(Palette(palette))

    @Slot()
    def toggleElder(self) -> None:
        self.navigator.toggle_elder()

    @Slot()
    def toggleLanguage(self) -> None:
        self.navigator.toggle_language()

    @Slot()
    def close(self) -> None:
        self.navigator.close_over()
