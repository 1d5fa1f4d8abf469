"""One question: what is asked, what was typed so far, and what is wrong with it."""

from __future__ import annotations

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.catalogue.pack import FieldType
from kiosk.catalogue.rules import NO, YES
from kiosk.sentences import sentence
from ui.navigator import Navigator
from ui.pages.any_page import PageModel
from ui.pages.digit_entry import DigitEntry
from ui.pages.signature_pad import SignaturePad

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_KINDS = {FieldType.TEXT: "text", FieldType.SIGNATURE: "signature"}
_DIGITS = (FieldType.PHONE, FieldType.DIGITS, FieldType.RECEIPT_NUMBER)


@QmlElement
class QuestionModel(PageModel):
    """Holds what is being typed; the session gets it only with 下一步."""

    changed = Signal()
    typed = Signal()

    def __init__(self, navigator: Navigator, parent: QObject | None = None) -> None:
        super().__init__(navigator, parent)
        self._entry = DigitEntry()
        self._text = ""
        self._touched = False
        self._asked = ("", "")
        self.signature_pad = SignaturePad(self)
        self.signature_pad.written.connect(lambda: self.setText(self.signature_pad.text))

    def prepare(self) -> None:
        question = self.session.question
        if question is None:
            return
        asked = (self.session.id, question.key)
        if asked == self._asked:
            # Back from help, or from a page before: what was typed is still there.
            return
        self._asked = asked
        known = self.view.answers.get(question.key, "")
        self._entry = DigitEntry(question.type, question.max_length)
        self._entry.type(known if question.type in _DIGITS else "")
        self._text = known
        self.signature_pad.show(known if question.type is FieldType.SIGNATURE else "")
        self._touched = False

    def forget(self) -> None:
        self._entry, self._text, self._asked = DigitEntry(), "", ("", "")
        self.signature_pad.show("")
        self.typed.emit()

    @Property(SignaturePad, constant=True)
    def pad(self) -> SignaturePad:
        """What is written with a finger, where the question is a signature."""
        return self.signature_pad

    @Property(str, notify=changed)
    def kind(self) -> str:
        """digits, choice, text or signature."""
        question = self.session.question
        if question is None or question.type in _DIGITS:
            return "digits"
        return _KINDS.get(question.type, "choice")

    @Property(str, notify=changed)
    def prompt(self) -> str:
        question = self.session.question
        return question.prompt.in_language(self.language) if question is not None else ""

    @Property(str, notify=changed)
    def label(self) -> str:
        question = self.session.question
        return question.label.in_language(self.language) if question is not None else ""

    @Property(str, notify=changed)
    def purpose(self) -> str:
        question = self.session.question
        return question.purpose.in_language(self.language) if question is not None else ""

    @Property(str, notify=changed)
    def fault(self) -> str:
        fault = self.view.answer_fault
        return sentence(fault, self.language) if fault is not None and not self._touched else ""

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def choices(self) -> list[dict[str, str]]:
        question = self.session.question
        if question is None:
            return []
        if question.type is FieldType.YES_NO:
            words = {YES: "Yes", NO: "No"} if self.language == "en" else {YES: "是", NO: "否"}
            return [{"value": value, "label": label} for value, label in words.items()]
        return [{"value": c.value, "label": c.label.in_language(self.language)} for c in question.choices]

    @Property(str, notify=typed)
    def answer(self) -> str:
        return self._text

    @Property(str, notify=typed)
    def shown(self) -> str:
        return self._entry.shown

    @Property(bool, notify=typed)
    def filled(self) -> bool:
        question = self.session.question
        if question is None:
            return False
        return bool(self._given()) or not question.required

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

    @Slot(str)
    def choose(self, value: str) -> None:
        self._text = value
        self._change()

    @Slot(str)
    def setText(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self._change()

    @Slot()
    def goOn(self) -> None:
        self._touched = False
        self.navigator.carry_out(self.session.answer(self._given()))

    def _given(self) -> str:
        question = self.session.question
        return self._entry.digits if question is not None and question.type in _DIGITS else self._text

    def _change(self) -> None:
        self._touched = True
        self.typed.emit()
        self.changed.emit()
