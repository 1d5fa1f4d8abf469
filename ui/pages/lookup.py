"""A receipt number, scanned or typed."""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.catalogue.pack import FieldType
from kiosk.flow.availability import LineState, Obstacle
from kiosk.sentences import sentence
from ui.navigator import Navigator
from ui.pages.any_page import PageModel
from ui.pages.digit_entry import DigitEntry

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class LookupModel(PageModel):
    """Holds the digits that are being typed."""

    changed = Signal()
    typed = Signal()

    def __init__(self, navigator: Navigator, parent: QObject | None = None) -> None:
        super().__init__(navigator, parent)
        self._entry = DigitEntry(FieldType.RECEIPT_NUMBER)
        self._touched = False
        navigator.scanRefused.connect(self.refuse_scan)

    def prepare(self) -> None:
        if self.view.asked_number:
            self._entry.clear()
            self._entry.type(self.view.asked_number)
        self._touched = False
        self.typed.emit()

    def forget(self) -> None:
        self._entry.clear()
        self.typed.emit()

    @Property(str, notify=typed)
    def shown(self) -> str:
        return self._entry.shown

    @Property(bool, notify=typed)
    def filled(self) -> bool:
        return bool(self._entry.digits)

    @Property(str, notify=changed)
    def fault(self) -> str:
        view = self.view
        if not self._touched and view.answer_fault is not None:
            return sentence(view.answer_fault, self.language)
        if not self._touched and view.progress_fault is not None:
            return sentence(view.progress_fault, self.language)
        if not self._touched and view.code_refusal is not None:
            return sentence(view.code_refusal, self.language)
        if self.navigator.errands.line.state is LineState.OFFLINE:
            return sentence(Obstacle.NO_LINE, self.language)
        return ""

    @Slot(str)
    def typeText(self, text: str) -> None:
        self._entry.type(text)
        self._change()

    @Slot()
    def erase(self) -> None:
        self._entry.erase()
        self._change()

    @Slot()
    def clear(self) -> None:
        self._entry.clear()
        self._change()

    @Slot()
    def lookUp(self) -> None:
        self._touched = False
        self.navigator.carry_out(self.session.look_up(self._entry.digits))

    def refuse_scan(self) -> None:
        """Something was shown to the scanner: what is said of it counts more than what is being typed."""
        self._touched = False
        self.changed.emit()

    def _change(self) -> None:
        self._touched = True
        self.typed.emit()
        self.changed.emit()
