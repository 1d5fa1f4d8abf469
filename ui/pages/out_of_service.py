"""The terminal cannot work: works itself without journal and devices."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal
from PySide6.QtQml import QmlElement

from kiosk.errors import JournalFault
from ui.pages.any_page import PageModel

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_CODES = {fault: f"J{number:02d}" for number, fault in enumerate(JournalFault, start=1)}


@QmlElement
class OutOfServiceModel(PageModel):
    """A short code that means one thing to whoever is called."""

    changed = Signal()

    @Property(str, notify=changed)
    def code(self) -> str:
        fault = self.navigator.errands.records.fault
        return _CODES[fault] if fault is not None else "J00"
