"""Everything once more, before it is submitted."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.catalogue.pack import Field, FieldType
from kiosk.catalogue.rules import YES
from kiosk.domain.receipt import in_fours
from kiosk.domain.resident import mask_name, mask_number
from kiosk.flow.journey import ReviewRemark
from kiosk.sentences import sentence
from ui.pages.any_page import PageModel
from ui.pages.digit_entry import grouped

QML_IMPORT_NAME = "KioskUi"
QML_IMPORT_MAJOR_VERSION = 1

_WORDS = {"zh_CN": ("姓名", "证件号", "是", "否"), "en": ("Name", "ID number", "Yes", "No")}
_RECEIVED = {"zh_CN": "收件", "en": "Received"}
_SIGNED = {"zh_CN": ("已签名", "没有签名"), "en": ("Signed", "Not signed")}


@QmlElement
class ReviewModel(PageModel):
    """One row for each thing that will be sent."""

    changed = Signal()

    @Property("QVariantList", notify=changed)  # type: ignore[arg-type]  # the stubs leave out names
    def rows(self) -> list[dict[str, str]]:
        name, number, *_ = _WORDS[self.language]
        resident, pack = self.view.resident, self.view.pack
        rows = []
        if resident is not None:
            rows.append({"key": "", "label": name, "value": mask_name(resident.name)})
            rows.append({"key": "", "label": number, "value": mask_number(resident.number)})
        for field in pack.fields if pack is not None else ():
            label = field.label.in_language(self.language)
            rows.append({"key": field.key, "label": label, "value": self._answer(field)})
        return rows

    @Property(str, notify=changed)
    def fault(self) -> str:
        fault = self.view.record_fault
        return sentence(fault, self.language) if fault is not None else ""

    @Property(str, notify=changed)
    def remark(self) -> str:
        if self.view.earlier is None or self.view.record_fault is not None:
            return ""
        return sentence(ReviewRemark.HANDED_IN_BEFORE, self.language)

    @Property(str, notify=changed)
    def remarkNote(self) -> str:
        earlier = self.view.earlier
        if earlier is None or self.view.record_fault is not None:
            return ""
        day = earlier.received_at.astimezone()
        when = f"{day:%Y-%m-%d}" if self.language == "en" else f"{day.year}年{day.month}月{day.day}日"
        return f"{_RECEIVED[self.language]} {when}  {in_fours(earlier.number)}"

    @Property(bool, notify=changed)
    def canLookUp(self) -> bool:
        return (
            self.view.earlier is not None
            and self.view.record_fault is None
            and self.navigator.errands.line.up
        )

    @Slot()
    def lookUp(self) -> None:
        self.navigator.carry_out(self.session.look_up_earlier())

    @Slot(str)
    def edit(self, key: str) -> None:
        self.navigator.carry_out(self.session.edit(key))

    @Slot()
    def confirm(self) -> None:
        self.navigator.carry_out(self.session.confirm())

    def _answer(self, field: Field) -> str:
        answer = self.view.answers.get(field.key, "")
        match field.type:
            case FieldType.CHOICE:
                labels = {c.value: c.label.in_language(self.language) for c in field.choices}
                return labels.get(answer, answer)
            case FieldType.YES_NO:
                *_, yes, no = _WORDS[self.language]
                return yes if answer == YES else no
            case FieldType.TEXT:
                return answer
            case FieldType.SIGNATURE:
                signed, not_signed = _SIGNED[self.language]
                return signed if answer else not_signed
            case _:
                return grouped(field.type, answer)
