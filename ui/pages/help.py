"""A person's help."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtQml import QmlElement

from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class HelpModel(PageModel):
    """Lies over the page on which help was asked for."""

    changed = Signal()

    @Slot()
    def close(self) -> None:
        self.navigator.close_over()
