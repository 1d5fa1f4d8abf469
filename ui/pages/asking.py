"""The platform is being asked."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal
from PySide6.QtQml import QmlElement

from kiosk.domain.receipt import in_fours
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class AskingModel(PageModel):
    """Which number is asked for."""

    changed = Signal()

    @Property(str, notify=changed)
    def number(self) -> str:
        return in_fours(self.view.asked_number)
