"""The moment in which the case is written down: nothing to show but that, nothing to press."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtQml import QmlElement

from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class RecordingModel(PageModel):
    """Nothing."""

    changed = Signal()
